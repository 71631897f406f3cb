// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <string_view>

#include "engine/base/hidden_parts.h"
#include "ui/kit/fonts.h"

namespace beside::kit {

// One line of words as pixels, from the current atlas; glyphs that are not in it yet are asked for and left out now, and
// `complete` is false. Thread: main, with the ImGui context of `fonts`.
struct WordPicture {
  HatchLabel label;
  bool complete = true;
};
WordPicture draw_words(Fonts& fonts, Face face, Size size, std::string_view words);

}  // namespace beside::kit
