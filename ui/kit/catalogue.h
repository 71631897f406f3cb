// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "engine/base/result.h"

// The text catalogue. Keys are short English names ("start.code_label"), the words are in
// assets/locale/<language>/*.po, compiled by msgfmt at build time and embedded, so that they work under any locale, "C"
// too. Arguments fill {0}, {1}...
//
// Process-wide and for the main thread only: one program speaks one language at a time.
namespace beside::kit {

// A compiled catalogue (.mo, GNU gettext manual 10.3) read in place; bytes must live as long.
class MoFile {
 public:
  static Result<MoFile> parse(std::span<const std::byte> bytes);
  // Null data() when absent. form: index among the plural forms.
  std::string_view find(std::string_view key, std::size_t form = 0) const;
  // Which plural form n takes, from the header's Plural-Forms; 0 when it has none.
  std::size_t form_of(std::uint64_t n) const;
  std::size_t size() const { return count_; }
  std::string_view key(std::size_t index) const;

 private:
  std::uint32_t word(std::size_t offset) const;
  std::string_view text(std::size_t table, std::size_t index) const;
  std::span<const std::byte> bytes_;
  std::size_t count_ = 0, keys_ = 0, texts_ = 0;
  bool swapped_ = false;
  std::string plural_;
};

// Languages built in: "en", "de", "it"; those added by file follow.
std::vector<std::string> languages();
// The language's own word for itself ("Deutsch").
std::string language_name(std::string_view language);
// From --language (may be empty), then LANGUAGE, LC_ALL, LC_MESSAGES, LANG; "en" when none of them names one that we
// have.
std::string choose_language(std::string_view asked);
// False when there is no such language; nothing changes then.
bool set_language(std::string_view language);
const std::string& language();
// Adds a language from a .mo file, e.g. one that an organisation supplies.
Result<void> add_language(const std::string& language, const std::string& mo_path);

namespace detail {
std::string translate(std::string_view key, std::span<const std::string> args);
std::string translate_plural(std::string_view key, std::uint64_t n, std::span<const std::string> args);
inline std::string as_text(std::string_view s) {
  return std::string(s);
}
inline std::string as_text(const std::string& s) {
  return s;
}
inline std::string as_text(const char* s) {
  return s;
}
template <typename T>
requires std::is_integral_v<T> std::string as_text(T v) {
  return std::to_string(v);
}
}  // namespace detail

// The words for a key; English when the language lacks it, the key itself when nobody has it (a test forbids that).
template <typename... Args>
std::string tr(std::string_view key, const Args&... args) {
  const std::vector<std::string> list{detail::as_text(args)...};
  return detail::translate(key, list);
}
// With a number: {0} is n, further arguments follow from {1}.
template <typename... Args>
std::string trn(std::string_view key, std::uint64_t n, const Args&... args) {
  const std::vector<std::string> list{std::to_string(n), detail::as_text(args)...};
  return detail::translate_plural(key, n, list);
}
// True when the current language has words of its own for the key.
bool translated(std::string_view key);

}  // namespace beside::kit
