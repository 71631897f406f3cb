// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/e2e/check_words.h"

#include "engine/base/result.h"
#include "engine/e2e/word_lists.h"

namespace beside::e2e {

std::span<const std::string_view, kWordCount> word_list(std::string_view language) {
  const std::string_view two = language.substr(0, 2);
  if (two == "de") return kWordsDe;
  if (two == "it") return kWordsIt;
  return kWordsEn;
}

std::array<std::string, 4> check_words_of(ByteSpan digest, std::string_view language) {
  BS_ASSERT(digest.size() >= 6);
  std::uint64_t bits = 0;
  for (std::size_t i = 0; i < 6; ++i) bits = bits << 8 | digest[i];
  const auto words = word_list(language);
  std::array<std::string, 4> out;
  for (std::size_t i = 0; i < out.size(); ++i) out[i] = words[(bits >> (37 - 11 * i)) & 0x7FF];
  return out;
}

}  // namespace beside::e2e
