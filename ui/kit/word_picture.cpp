// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/kit/word_picture.h"

#include <imgui.h>

#include <algorithm>
#include <cmath>

namespace beside::kit {

WordPicture draw_words(Fonts& fonts, Face face, Size size, std::string_view words) {
  WordPicture out;
  fonts.need(words);
  const ImFont* font = fonts.get(face, size);
  unsigned char* atlas = nullptr;
  int atlas_width = 0, atlas_height = 0;
  ImGui::GetIO().Fonts->GetTexDataAsAlpha8(&atlas, &atlas_width, &atlas_height);
  if (font == nullptr || atlas == nullptr) return {{}, false};
  float advance = 0;
  for (std::size_t at = 0; at < words.size();) {
    const auto glyph = static_cast<ImWchar>(next_code_point(words, at));
    out.complete = out.complete && font->FindGlyphNoFallback(glyph) != nullptr;
    advance += font->GetCharAdvance(glyph);
  }
  HatchLabel& label = out.label;
  label.width = static_cast<int>(std::ceil(advance)) + 2;
  label.height = static_cast<int>(std::ceil(font->FontSize)) + 2;
  label.coverage.assign(static_cast<std::size_t>(label.width) * static_cast<std::size_t>(label.height), 0);
  float pen = 1;
  for (std::size_t at = 0; at < words.size();) {
    const ImFontGlyph* glyph = font->FindGlyph(static_cast<ImWchar>(next_code_point(words, at)));
    if (glyph == nullptr) continue;
    const int from_x = static_cast<int>(std::lround(glyph->U0 * static_cast<float>(atlas_width))), from_y = static_cast<int>(std::lround(glyph->V0 * static_cast<float>(atlas_height)));
    const int width = static_cast<int>(std::lround(glyph->X1 - glyph->X0)), height = static_cast<int>(std::lround(glyph->Y1 - glyph->Y0));
    const int to_x = static_cast<int>(std::lround(pen + glyph->X0)), to_y = static_cast<int>(std::lround(glyph->Y0)) + 1;
    for (int y = 0; y < height; ++y) {
      for (int x = 0; x < width; ++x) {
        const int px = to_x + x, py = to_y + y, ax = from_x + x, ay = from_y + y;
        if (px < 0 || py < 0 || px >= label.width || py >= label.height || ax >= atlas_width || ay >= atlas_height) continue;
        auto& pixel = label.coverage[static_cast<std::size_t>(py) * static_cast<std::size_t>(label.width) + static_cast<std::size_t>(px)];
        pixel = std::max(pixel, atlas[static_cast<std::size_t>(ay) * static_cast<std::size_t>(atlas_width) + static_cast<std::size_t>(ax)]);
      }
    }
    pen += glyph->AdvanceX;
  }
  return out;
}

}  // namespace beside::kit
