// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/kit/catalogue.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <deque>

#include "ui/kit/plural.h"

namespace beside::kit {

// Made by scripts/cmake/EmbedFile.cmake from the compiled catalogues.
extern const unsigned char kCatalogue_en[];
extern const std::size_t kCatalogue_en_size;
extern const unsigned char kCatalogue_de[];
extern const std::size_t kCatalogue_de_size;
extern const unsigned char kCatalogue_it[];
extern const std::size_t kCatalogue_it_size;

namespace {

constexpr std::uint32_t kMagic = 0x950412de;
constexpr std::size_t kMoLimit = 8u << 20;  // bytes; a catalogue of ours is below 100 KiB

struct Language {
  std::string code;
  MoFile file;
  std::vector<std::byte> owned;  // when read from a file
};

struct Catalogue {
  std::deque<Language> all;  // a deque: MoFile points into `owned`, which must not move
  const Language* current = nullptr;
  const Language* english = nullptr;

  Catalogue() {
    embed("en", kCatalogue_en, kCatalogue_en_size);
    embed("de", kCatalogue_de, kCatalogue_de_size);
    embed("it", kCatalogue_it, kCatalogue_it_size);
    english = current = &all.front();
  }
  void embed(const char* code, const unsigned char* bytes, std::size_t size) {
    auto file = MoFile::parse(std::as_bytes(std::span(bytes, size)));
    BS_ASSERT(file.has_value());
    all.push_back({code, *file, {}});
  }
  const Language* find(std::string_view code) const {
    for (const Language& l : all)
      if (l.code == code) return &l;
    return nullptr;
  }
};

Catalogue& catalogue() {
  static Catalogue c;
  return c;
}

std::string filled(std::string_view pattern, std::span<const std::string> args) {
  std::string out;
  out.reserve(pattern.size() + 16);
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    if (pattern[i] == '{' && i + 2 < pattern.size() && pattern[i + 2] == '}' && pattern[i + 1] >= '0' &&
        pattern[i + 1] <= '9') {
      const auto index = static_cast<std::size_t>(pattern[i + 1] - '0');
      if (index < args.size()) out += args[index];
      i += 2;
    } else {
      out += pattern[i];
    }
  }
  return out;
}

// "de_AT.UTF-8@euro" -> "de_AT"
std::string_view without_codeset(std::string_view locale) {
  return locale.substr(0, locale.find_first_of(".@"));
}

}  // namespace

std::uint32_t MoFile::word(std::size_t offset) const {
  std::uint32_t v = 0;
  for (std::size_t i = 0; i < 4; ++i) {
    const auto b = std::to_integer<std::uint32_t>(bytes_[offset + i]);
    v |= b << (swapped_ ? (24 - 8 * i) : 8 * i);
  }
  return v;
}

std::string_view MoFile::text(std::size_t table, std::size_t index) const {
  const std::size_t length = word(table + 8 * index), offset = word(table + 8 * index + 4);
  return {reinterpret_cast<const char*>(bytes_.data()) + offset, length};
}

Result<MoFile> MoFile::parse(std::span<const std::byte> bytes) {
  const auto bad = [](const char* why) { return fail(ErrorKind::Environment, "ui/kit/catalogue: .mo", why); };
  if (bytes.size() < 28 || bytes.size() > kMoLimit) return bad("size");
  MoFile mo;
  mo.bytes_ = bytes;
  if (mo.word(0) != kMagic) {
    mo.swapped_ = true;
    if (mo.word(0) != kMagic) return bad("not a compiled catalogue");
  }
  if ((mo.word(4) >> 16) > 1) return bad("revision");
  mo.count_ = mo.word(8);
  mo.keys_ = mo.word(12);
  mo.texts_ = mo.word(16);
  for (const std::size_t table : {mo.keys_, mo.texts_}) {
    if (mo.count_ > bytes.size() / 8 || table > bytes.size() - mo.count_ * 8) return bad("table outside the file");
    for (std::size_t i = 0; i < mo.count_; ++i) {
      const std::size_t length = mo.word(table + 8 * i), offset = mo.word(table + 8 * i + 4);
      if (offset > bytes.size() || length > bytes.size() - offset) return bad("text outside the file");
    }
  }
  const std::string_view header = mo.find("");
  const std::size_t at = header.find("plural=");
  if (at != std::string_view::npos) {
    const std::string_view rest = header.substr(at + 7);
    mo.plural_ = std::string(rest.substr(0, rest.find_first_of(";\n")));
  }
  return mo;
}

std::string_view MoFile::key(std::size_t index) const {
  if (index >= count_) return {};
  const std::string_view whole = text(keys_, index);
  return whole.substr(0, whole.find('\0'));
}

// msgfmt sorts the keys.
std::string_view MoFile::find(std::string_view wanted, std::size_t form) const {
  std::size_t low = 0, high = count_;
  while (low < high) {
    const std::size_t middle = low + (high - low) / 2;
    if (key(middle) < wanted)
      low = middle + 1;
    else
      high = middle;
  }
  if (low >= count_ || key(low) != wanted) return {};
  std::string_view all = text(texts_, low);
  for (; form > 0; --form) {
    const std::size_t end = all.find('\0');
    if (end == std::string_view::npos) break;
    all.remove_prefix(end + 1);
  }
  return all.substr(0, all.find('\0'));
}

std::size_t MoFile::form_of(std::uint64_t n) const {
  return plural_.empty() ? 0 : plural_form(plural_, n);
}

std::vector<std::string> languages() {
  std::vector<std::string> out;
  for (const Language& l : catalogue().all) out.push_back(l.code);
  return out;
}

std::string language_name(std::string_view code) {
  const Language* l = catalogue().find(code);
  const std::string_view name = l != nullptr ? l->file.find("language.own_name") : std::string_view{};
  return std::string(name.empty() ? code : name);
}

std::string choose_language(std::string_view asked) {
  std::vector<std::string> wishes;
  if (!asked.empty()) wishes.emplace_back(asked);
  if (const char* list = std::getenv("LANGUAGE"); list != nullptr && *list != 0) {
    std::string_view rest = list;
    while (!rest.empty()) {
      const std::size_t colon = rest.find(':');
      wishes.emplace_back(rest.substr(0, colon));
      rest.remove_prefix(colon == std::string_view::npos ? rest.size() : colon + 1);
    }
  }
  for (const char* name : {"LC_ALL", "LC_MESSAGES", "LANG"})
    if (const char* value = std::getenv(name); value != nullptr && *value != 0) {
      wishes.emplace_back(value);
      break;  // POSIX: the first that is set decides
    }
  for (const std::string& wish : wishes) {
    const std::string_view full = without_codeset(wish);
    if (catalogue().find(full) != nullptr) return std::string(full);
    const std::string_view base = full.substr(0, full.find_first_of("_-"));
    if (catalogue().find(base) != nullptr) return std::string(base);
  }
  return "en";
}

bool set_language(std::string_view code) {
  const Language* l = catalogue().find(code);
  if (l == nullptr) return false;
  catalogue().current = l;
  return true;
}

const std::string& language() {
  return catalogue().current->code;
}

Result<void> add_language(const std::string& code, const std::string& mo_path) {
  std::vector<std::byte> bytes;
  if (std::FILE* file = std::fopen(mo_path.c_str(), "rb")) {
    std::array<std::byte, 16384> block;
    for (std::size_t n; (n = std::fread(block.data(), 1, block.size(), file)) > 0 && bytes.size() <= kMoLimit;)
      bytes.insert(bytes.end(), block.begin(), block.begin() + static_cast<std::ptrdiff_t>(n));
    std::fclose(file);
  } else {
    return fail(ErrorKind::Environment, "ui/kit/catalogue: open", "the language file cannot be read");
  }
  auto file = MoFile::parse(bytes);
  if (!file) return fail(file);
  // Moving the vector keeps its block, so the MoFile's span stays valid.
  catalogue().all.push_back({code, *file, std::move(bytes)});
  return {};
}

bool translated(std::string_view key) {
  return !catalogue().current->file.find(key).empty();
}

namespace detail {

std::string translate(std::string_view key, std::span<const std::string> args) {
  std::string_view words = catalogue().current->file.find(key);
  if (words.empty()) words = catalogue().english->file.find(key);
  return filled(words.empty() ? key : words, args);
}

std::string translate_plural(std::string_view key, std::uint64_t n, std::span<const std::string> args) {
  for (const Language* l : {catalogue().current, catalogue().english}) {
    const std::string_view words = l->file.find(key, l->file.form_of(n));
    if (!words.empty()) return filled(words, args);
  }
  return filled(key, args);
}

}  // namespace detail
}  // namespace beside::kit
