// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/app/kiosk_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <optional>
#include <toml++/toml.h>

#include "engine/crypto/random.h"

namespace fs = std::filesystem;

namespace beside::app {
namespace {

constexpr const char* kWhere = "kiosk file";
constexpr std::size_t kLargest = 64u << 10;          // bytes, of any of the files
constexpr std::string_view kContext = "beside-kiosk-file-1\n";   // signed in front of the file, so that no other signature fits
constexpr std::size_t kSeedBytes = 32;

auto bad(const std::string& why) { return fail(ErrorKind::Environment, kWhere, why); }
auto distrust(const std::string& why) { return fail(ErrorKind::Refused, kWhere, why); }

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return fd_; }

 private:
  int fd_;
};

enum class Owner : std::uint8_t { Root, RootOrSelf };

// Nobody but the owner may change the file: what was read through the descriptor is what was looked at.
Result<void> check_guarded(const struct stat& is, const fs::path& path, Owner owner) {
  if ((is.st_mode & (S_IWGRP | S_IWOTH)) != 0)
    return distrust(path.string() + " can be changed by anybody: only its owner may have the right to write it (chmod go-w)");
  const bool trusted = is.st_uid == 0 || (owner == Owner::RootOrSelf && is.st_uid == geteuid());
  if (!trusted) return distrust(path.string() + " does not belong to root");
  return {};
}

Result<std::string> read_guarded(const fs::path& path, Owner owner) {
  std::error_code ec;
  const fs::path folder = fs::absolute(path, ec).parent_path();
  struct stat is{};
  if (stat(folder.c_str(), &is) != 0) return bad(folder.string() + ": " + std::strerror(errno));
  // A sticky folder lets others add files, but not replace this one.
  if ((is.st_mode & S_IWOTH) != 0 && (is.st_mode & S_ISVTX) == 0)
    return distrust("the folder " + folder.string() + " can be changed by anybody (chmod o-w)");
  const Descriptor fd(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (fd.get() < 0) return bad(path.string() + ": " + std::strerror(errno));
  if (fstat(fd.get(), &is) != 0 || !S_ISREG(is.st_mode)) return bad(path.string() + " is not a file");
  if (auto guarded = check_guarded(is, path, owner); !guarded) return fail(guarded);
  std::string out;
  std::array<char, 4096> piece{};
  for (ssize_t got = 0; (got = read(fd.get(), piece.data(), piece.size())) > 0;) {
    out.append(piece.data(), static_cast<std::size_t>(got));
    if (out.size() > kLargest) return bad(path.string() + " is larger than 64 KiB");
  }
  return out;
}

Result<void> write_new(const fs::path& path, std::string_view text, mode_t mode, bool replace) {
  const int flags = O_WRONLY | O_CREAT | O_CLOEXEC | (replace ? O_TRUNC : O_EXCL);
  const Descriptor fd(open(path.c_str(), flags, mode));
  if (fd.get() < 0)
    return fail(errno == EEXIST ? ErrorKind::Refused : ErrorKind::Environment, kWhere, path.string() + ": " + std::strerror(errno));
  if (fchmod(fd.get(), mode) != 0 || write(fd.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size()) || fsync(fd.get()) != 0)
    return bad(path.string() + ": " + std::strerror(errno));
  return {};
}

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n";
  while (!text.empty() && kSpace.find(text.front()) != std::string_view::npos) text.remove_prefix(1);
  while (!text.empty() && kSpace.find(text.back()) != std::string_view::npos) text.remove_suffix(1);
  return text;
}

// Keys and signatures are one line of base64url.
std::optional<Bytes> decoded(std::string_view text, std::size_t bytes) {
  auto raw = from_base64url(trimmed(text));
  if (!raw || raw->size() != bytes) return std::nullopt;
  return Bytes(raw->begin(), raw->end());
}

std::string signed_text(std::string_view text) { return std::string(kContext).append(text); }

// ---- reading the table ----

Result<std::string> word(const toml::node& node, const std::string& name, std::size_t most) {
  const auto value = node.value<std::string>();
  if (!node.is_string() || !value) return bad(name + ": words in quotes are needed");
  if (value->size() > most || !is_utf8(*value)) return bad(name + ": too long, or not UTF-8");
  if (std::any_of(value->begin(), value->end(), [](char c) { return static_cast<unsigned char>(c) < 0x20; }))
    return bad(name + ": control characters are not allowed");
  return *value;
}

Result<std::vector<std::string>> words(const toml::node& node, const std::string& name, std::size_t most, std::size_t longest) {
  const toml::array* list = node.as_array();
  if (list == nullptr || list->size() > most) return bad(name + ": a list of at most " + std::to_string(most) + " is needed");
  std::vector<std::string> out;
  for (const toml::node& entry : *list) {
    auto text = word(entry, name, longest);
    if (!text) return fail(text);
    if (text->empty()) return bad(name + ": empty words are not allowed");
    out.push_back(std::move(*text));
  }
  return out;
}

Result<void> read_application(const toml::node& node, KioskFile& out) {
  const toml::table* table = node.as_table();
  if (table == nullptr) return bad("application: [application] with command or window is needed");
  for (const auto& [key, value] : *table) {
    const std::string name = "application." + std::string(key.str());
    if (name == "application.command") {
      auto list = words(value, name, 64, 4096);
      if (!list) return fail(list);
      out.command = std::move(*list);
      if (out.command.empty() || out.command.front().front() != '/')
        return bad(name + ": the whole path of the program and its arguments are needed, as in [\"/usr/bin/firefox-esr\", \"--kiosk\"]");
    } else if (name == "application.window") {
      auto text = word(value, name, 128);
      if (!text) return fail(text);
      if (text->empty()) return bad(name + ": the WM_CLASS of the application's window is needed");
      out.window = std::move(*text);
    } else {
      return bad("unknown entry \"" + name + "\"");
    }
  }
  return {};
}

Result<void> read_entry(std::string_view key, const toml::node& node, KioskFile& out, std::string& relay, std::string& pin) {
  const std::string name(key);
  if (name == "application") return read_application(node, out);
  if (name == "departments" || name == "languages") {
    auto list = words(node, name, 32, 64);
    if (!list) return fail(list);
    (name == "departments" ? out.departments : out.languages) = std::move(*list);
    return {};
  }
  if (name == "scale") {
    const auto value = node.value<double>();
    if (!value || *value < 0.5 || *value > 4) return bad("scale: a number from 0.5 to 4 is needed");
    out.scale = static_cast<float>(*value);
    return {};
  }
  auto text = word(node, name, 512);
  if (!text) return fail(text);
  if (name == "entry") {
    if (*text == "code") out.entry = KioskEntry::Code;
    else if (*text == "call") out.entry = KioskEntry::Call;
    else if (*text == "both") out.entry = KioskEntry::Both;
    else return bad("entry: \"code\", \"call\" or \"both\" is needed");
  } else if (name == "name") {
    out.settings.company = *text;
  } else if (name == "relay") {
    relay = *text;
  } else if (name == "pin") {
    pin = *text;
  } else if (name == "paths") {
    if (*text != "best" && *text != "tls") return bad("paths: \"best\" or \"tls\" is needed");
    out.settings.tls_only = *text == "tls";
  } else if (name == "proxy") {
    out.settings.proxy = *text;
  } else if (name == "extra_ca") {
    out.settings.extra_ca_file = *text;
  } else if (name == "theme") {
    if (*text != "light" && *text != "dark" && *text != "contrast") return bad("theme: \"light\", \"dark\" or \"contrast\" is needed");
    out.theme = *text;
  } else {
    return bad("unknown entry \"" + name + "\"");
  }
  return {};
}

Result<void> complete(KioskFile& out, bool has_entry, const std::string& relay, const std::string& pin) {
  if (!has_entry) return bad("entry is missing");
  if (out.settings.company.empty()) return bad("name is missing: what the company is called on the screen");
  if (relay.empty()) return bad("relay is missing");
  auto address = wire::parse_relay_address(relay);
  if (!address) return bad("relay: " + address.error().detail);
  if (!pin.empty()) {
    const auto raw = decoded(pin, 32);
    if (!raw) return bad("pin: 43 characters of base64url are needed");
    const bool another = address->pin && !std::equal(raw->begin(), raw->end(), address->pin->begin());
    if (another) return bad("relay and pin name two different keys");
    address->pin.emplace();
    std::copy(raw->begin(), raw->end(), address->pin->begin());
  }
  // A certificate of a public authority is not enough here: nobody would be there to notice.
  if (!address->pin) return bad("pin is missing: a kiosk goes to one relay only");
  out.settings.relay = *address;
  if (out.command.empty() && out.window.empty()) return bad("application is missing: its command or its window must be named");
  if (out.languages.empty()) out.languages = {"en"};
  return {};
}

}  // namespace

Result<KioskFile> parse_kiosk_file(std::string_view text) {
  KioskFile out;
  std::string relay, pin;
  bool has_entry = false;
  try {
    const toml::table table = toml::parse(text);
    for (const auto& [key, node] : table) {
      has_entry = has_entry || key.str() == "entry";
      if (auto read = read_entry(key.str(), node, out, relay, pin); !read) return fail(read);
    }
  } catch (const toml::parse_error& e) {
    return bad(std::string(e.description()) + " in line " + std::to_string(e.source().begin.line));
  }
  if (auto whole = complete(out, has_entry, relay, pin); !whole) return fail(whole);
  return out;
}

Result<KioskFile> load_kiosk_file(const fs::path& file, const fs::path& key) {
  auto key_text = read_guarded(key, key == kKioskKey ? Owner::Root : Owner::RootOrSelf);
  if (!key_text) return fail(key_text);
  auto text = read_guarded(file, Owner::RootOrSelf);
  if (!text) return fail(text);
  auto signature_text = read_guarded(file.string() + ".sig", Owner::RootOrSelf);
  if (!signature_text) {
    if (signature_text.error().kind == ErrorKind::Environment) return distrust(file.string() + " is not signed: " + signature_text.error().detail);
    return fail(signature_text);
  }
  const auto verify = decoded(*key_text, crypto::VerifyKey{}.size());
  if (!verify) return bad(key.string() + " is not a public key");
  const auto signature = decoded(*signature_text, crypto::Signature{}.size());
  if (!signature) return distrust(file.string() + ".sig is not a signature");
  crypto::VerifyKey verify_key{};
  std::copy(verify->begin(), verify->end(), verify_key.begin());
  if (!crypto::verify_signature(verify_key, as_bytes(signed_text(*text)), *signature))
    return distrust(file.string() + " was changed after it was signed, or was signed with another key");
  auto parsed = parse_kiosk_file(*text);
  if (!parsed) return bad(file.string() + ": " + parsed.error().detail);
  parsed->settings.from = file;
  return parsed;
}

Result<void> make_kiosk_key(const fs::path& secret) {
  const fs::path open_half = secret.string() + ".pub";
  std::error_code ec;
  if (fs::exists(open_half, ec)) return distrust(open_half.string() + " exists already");
  Secret<kSeedBytes> seed;
  crypto::random_bytes(seed.fill());
  const crypto::SigningKey key = crypto::signing_key_from_seed(seed);
  if (auto done = write_new(secret, to_base64url(seed.reveal()) + "\n", 0600, false); !done) return done;
  return write_new(open_half, to_base64url(key.verify) + "\n", 0644, false);
}

Result<void> sign_kiosk_file(const fs::path& file, const fs::path& secret) {
  auto text = read_guarded(file, Owner::RootOrSelf);
  if (!text) return fail(text);
  if (auto parsed = parse_kiosk_file(*text); !parsed) return bad(file.string() + ": " + parsed.error().detail);
  auto secret_text = read_guarded(secret, Owner::RootOrSelf);
  if (!secret_text) return fail(secret_text);
  auto raw = decoded(*secret_text, kSeedBytes);
  if (!raw) return bad(secret.string() + " is not a secret key");
  Secret<kSeedBytes> seed;
  std::copy(raw->begin(), raw->end(), seed.fill().begin());
  const auto signature = crypto::sign(crypto::signing_key_from_seed(seed), as_bytes(signed_text(*text)));
  return write_new(file.string() + ".sig", to_base64url(signature) + "\n", 0644, true);
}

}  // namespace beside::app
