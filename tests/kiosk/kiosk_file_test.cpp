// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/app/kiosk_file.h"

#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <sstream>

using namespace beside;
using namespace beside::app;
namespace fs = std::filesystem;

namespace {

const std::string kGood = R"(entry = "code"
name = "Example Bank"
departments = ["Help desk", "Cards"]
relay = "beside://relay.example.com:443"
pin = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"
languages = ["de", "en"]
theme = "dark"
scale = 1.5
[application]
command = ["/usr/bin/till", "--full"]
window = "Till"
)";

std::string without(const std::string& line_start) {
  std::string out;
  std::istringstream lines(kGood);
  for (std::string line; std::getline(lines, line);)
    if (!line.starts_with(line_start)) out += line + "\n";
  return out;
}

std::string why(const std::string& text) {
  auto parsed = parse_kiosk_file(text);
  return parsed ? "accepted" : parsed.error().detail;
}

bool says(const std::string& text, const std::string& part) { return why(text).find(part) != std::string::npos; }

struct Folder {
  Folder() {
    char name[] = "/tmp/beside-kiosk-XXXXXX";
    path = mkdtemp(name);
    REQUIRE(make_kiosk_key(path / "key"));
    put(kGood);
    REQUIRE(sign_kiosk_file(file(), path / "key"));
  }
  ~Folder() { fs::remove_all(path); }
  fs::path file() const { return path / "kiosk.toml"; }
  fs::path key() const { return path / "key.pub"; }
  void put(const std::string& text) const {
    std::ofstream(file()) << text;
    chmod(file().c_str(), 0644);
  }
  std::string fault() const {
    auto loaded = load_kiosk_file(file(), key());
    return loaded ? "accepted" : loaded.error().detail;
  }
  bool refused(const std::string& part) const {
    auto loaded = load_kiosk_file(file(), key());
    return !loaded && loaded.error().kind == ErrorKind::Refused && loaded.error().detail.find(part) != std::string::npos;
  }
  fs::path path;
};

}  // namespace

TEST_CASE("a signed kiosk file is taken and says what it says") {
  Folder f;
  auto loaded = load_kiosk_file(f.file(), f.key());
  REQUIRE(loaded);
  CHECK(loaded->entry == KioskEntry::Code);
  CHECK(loaded->settings.company == "Example Bank");
  CHECK(loaded->settings.relay->host == "relay.example.com");
  CHECK(loaded->settings.relay->pin.has_value());
  CHECK(loaded->departments == std::vector<std::string>{"Help desk", "Cards"});
  CHECK(loaded->languages == std::vector<std::string>{"de", "en"});
  CHECK(loaded->theme == "dark");
  CHECK(loaded->scale == doctest::Approx(1.5));
  CHECK(loaded->command == std::vector<std::string>{"/usr/bin/till", "--full"});
  CHECK(loaded->window == "Till");
}

TEST_CASE("a kiosk file with one changed byte is refused") {
  Folder f;
  for (std::size_t at = 0; at < kGood.size(); at += 17) {
    std::string text = kGood;
    text[at] = static_cast<char>(text[at] ^ 1);
    f.put(text);
    CAPTURE(at);
    CHECK(f.refused("changed after it was signed"));
  }
  f.put(kGood + "\n");
  CHECK(f.refused("changed after it was signed"));
  f.put(kGood);
  CHECK(f.fault() == "accepted");
}

TEST_CASE("a kiosk file that is not signed, or signed with another key, is refused") {
  Folder f;
  SUBCASE("no signature") {
    fs::remove(f.file().string() + ".sig");
    CHECK(f.refused("is not signed"));
  }
  SUBCASE("no signature in the signature's file") {
    std::ofstream(f.file().string() + ".sig") << "yes\n";
    CHECK(f.refused("is not a signature"));
  }
  SUBCASE("another key") {
    REQUIRE(make_kiosk_key(f.path / "other"));
    REQUIRE(sign_kiosk_file(f.file(), f.path / "other"));
    CHECK(f.refused("signed with another key"));
  }
  SUBCASE("no key to check with") {
    fs::remove(f.key());
    CHECK_FALSE(load_kiosk_file(f.file(), f.key()));
  }
  SUBCASE("a key that is none") {
    std::ofstream(f.key()) << "AAAA\n";
    CHECK(f.fault().find("is not a public key") != std::string::npos);
  }
}

TEST_CASE("what others may write is not trusted") {
  Folder f;
  const fs::path signature = f.file().string() + ".sig";
  const fs::path guarded[] = {f.file(), signature, f.key()};
  for (const fs::path& path : guarded)
    for (const mode_t mode : {0646u, 0664u, 0666u}) {
      chmod(path.c_str(), mode);
      CAPTURE(path.string());
      CHECK(f.refused("can be changed by anybody"));
      chmod(path.c_str(), 0644);
    }
  chmod(f.path.c_str(), 0777);
  CHECK(f.refused("the folder"));
  chmod(f.path.c_str(), 0700);
  CHECK(f.fault() == "accepted");
  if (geteuid() == 0) {
    CHECK(chown(f.key().c_str(), 12345, 12345) == 0);
    CHECK(f.refused("does not belong to root"));
  } else {
    MESSAGE("skipped: a key of somebody else's; only root can make one");
  }
}

TEST_CASE("what is no plain small file is refused") {
  Folder f;
  SUBCASE("a folder") {
    fs::remove(f.file());
    fs::create_directory(f.file());
    CHECK(f.fault().find("is not a file") != std::string::npos);
  }
  SUBCASE("a pipe, which would hang whoever reads it") {
    fs::remove(f.file());
    REQUIRE(mkfifo(f.file().c_str(), 0644) == 0);
    CHECK(f.fault().find("is not a file") != std::string::npos);
  }
  SUBCASE("larger than any kiosk file") {
    f.put(kGood + std::string(70000, '#'));
    CHECK(f.fault().find("larger than 64 KiB") != std::string::npos);
  }
}

TEST_CASE("entries that are unknown, missing or nonsense are named") {
  CHECK(why(kGood) == "accepted");
  CHECK(says("operator = true\n" + kGood, "operator"));
  CHECK(says("colour = \"red\"\n" + kGood, "unknown entry \"colour\""));
  CHECK(says(kGood + "grant = \"see\"\n", "unknown entry \"application.grant\""));
  CHECK(says(without("entry"), "entry is missing"));
  CHECK(says(without("name"), "name is missing"));
  CHECK(says(without("relay"), "relay is missing"));
  CHECK(says(without("pin"), "pin is missing"));
  CHECK(says(without("command").substr(0, without("command").find("window =")), "application is missing"));
  CHECK(why(without("command")) == "accepted");
  CHECK(why(without("window")) == "accepted");
  CHECK(says(without("entry") + "", "entry"));
  CHECK(says("entry = \"phone\"\n" + without("entry"), "\"code\", \"call\" or \"both\""));
  CHECK(says("entry = 3\n" + without("entry"), "words in quotes"));
  CHECK(says("scale = 40\n" + without("scale"), "0.5 to 4"));
  CHECK(says("theme = \"pink\"\n" + without("theme"), "theme"));
  CHECK(says("pin = \"short\"\n" + without("pin"), "43 characters"));
  CHECK(says("relay = \"beside://a#pin=" + std::string(42, 'B') + "A\"\n" + without("relay"), "two different keys"));
  CHECK(says("relay = \"http://x\"\n" + without("relay"), "relay:"));
  CHECK(says("name = \"a\\nb\"\n" + without("name"), "control characters"));
  CHECK(says("languages = \"en\"\n" + without("languages"), "languages: a list"));
  CHECK(says(without("command") + "command = [\"till\"]\n", "the whole path"));
  CHECK(says(without("command") + "command = []\n", "the whole path"));
  CHECK(says(kGood + "command = [\n", "line"));
  CHECK(says(std::string("\0\xff\xfe", 3), "line"));
}

TEST_CASE("call and both are words of the file, whatever this version can do with them") {
  CHECK(parse_kiosk_file("entry = \"call\"\n" + without("entry"))->entry == KioskEntry::Call);
  CHECK(parse_kiosk_file("entry = \"both\"\n" + without("entry"))->entry == KioskEntry::Both);
}

TEST_CASE("making a key never overwrites one, and keeps the secret half for its owner") {
  Folder f;
  CHECK_FALSE(make_kiosk_key(f.path / "key"));
  struct stat is{};
  REQUIRE(stat((f.path / "key").c_str(), &is) == 0);
  CHECK((is.st_mode & 0777) == 0600);
  CHECK(f.fault() == "accepted");
}

TEST_CASE("a file that makes no sense is not signed") {
  Folder f;
  f.put("entry = \"code\"\n");
  CHECK_FALSE(sign_kiosk_file(f.file(), f.path / "key"));
}
