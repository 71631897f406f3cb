// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <array>
#include <string_view>

namespace beside::e2e {

// Defined in a source that embed_words.cmake writes from assets/words; a list of any other length does not compile.
extern const std::array<std::string_view, 2048> kWordsEn, kWordsDe, kWordsIt;

}  // namespace beside::e2e
