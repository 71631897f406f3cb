// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/bench/screen/text_page.h"

#include <fontconfig/fontconfig.h>
#include <ft2build.h>
#include FT_FREETYPE_H
#include FT_LCD_FILTER_H

#include <cmath>
#include <cstdio>
#include <map>
#include <vector>

namespace beside::bench {
namespace {

std::string find_font(const std::string& family) {
  FcPattern* wanted = FcPatternCreate();
  FcPatternAddString(wanted, FC_FAMILY, reinterpret_cast<const FcChar8*>(family.c_str()));
  FcConfigSubstitute(nullptr, wanted, FcMatchPattern);
  FcDefaultSubstitute(wanted);
  FcResult result = FcResultNoMatch;
  FcPattern* found = FcFontMatch(nullptr, wanted, &result);
  FcChar8* file = nullptr;
  std::string path;
  if (found != nullptr && FcPatternGetString(found, FC_FILE, 0, &file) == FcResultMatch) path = reinterpret_cast<const char*>(file);
  if (found != nullptr) FcPatternDestroy(found);
  FcPatternDestroy(wanted);
  return path;
}

struct Glyph {
  int left = 0, top = 0, width = 0, rows = 0, advance = 0;
  std::vector<std::uint8_t> cover;   // three per pixel
};

class Painter {
 public:
  Painter(ports::PixelBuffer& page, FT_Face face, const PageStyle& style) : page_(page), face_(face), style_(style) {}
  int draw(char c, int x, int baseline, std::uint32_t ink) {
    const Glyph& g = glyph(c);
    for (int row = 0; row < g.rows; ++row) {
      for (int column = 0; column < g.width; ++column) {
        const int px = x + g.left + column, py = baseline - g.top + row;
        if (px < 0 || py < 0 || px >= page_.width || py >= page_.height) continue;
        std::uint8_t* to = page_.row(py) + 4 * px;
        const std::uint8_t* cover = &g.cover[static_cast<std::size_t>(3 * (row * g.width + column))];
        for (int i = 0; i < 3; ++i) {   // B, G, R
          const int colour = static_cast<int>(ink >> (8 * i) & 255), amount = cover[2 - i];
          to[i] = static_cast<std::uint8_t>(to[i] + (colour - to[i]) * amount / 255);
        }
      }
    }
    return g.advance;
  }

 private:
  const Glyph& glyph(char c) {
    const auto known = glyphs_.find(c);
    if (known != glyphs_.end()) return known->second;
    Glyph& g = glyphs_[c];
    if (FT_Load_Char(face_, static_cast<unsigned char>(c), style_.sub_pixel ? FT_LOAD_TARGET_LCD : FT_LOAD_TARGET_LIGHT) != 0) return g;
    FT_Render_Glyph(face_->glyph, style_.sub_pixel ? FT_RENDER_MODE_LCD : FT_RENDER_MODE_NORMAL);
    const FT_Bitmap& b = face_->glyph->bitmap;
    g.left = face_->glyph->bitmap_left;
    g.top = face_->glyph->bitmap_top;
    g.advance = static_cast<int>(face_->glyph->advance.x >> 6);
    g.rows = static_cast<int>(b.rows);
    g.width = static_cast<int>(b.width) / (style_.sub_pixel ? 3 : 1);
    for (int row = 0; row < g.rows; ++row) {
      for (int i = 0; i < 3 * g.width; ++i) g.cover.push_back(b.buffer[row * b.pitch + (style_.sub_pixel ? i : i / 3)]);
    }
    return g;
  }
  ports::PixelBuffer& page_;
  FT_Face face_;
  const PageStyle& style_;
  std::map<char, Glyph> glyphs_;
};

}  // namespace

std::unique_ptr<ports::PixelBuffer> draw_page(int width, int height, const std::string& text, const PageStyle& style) {
  constexpr std::uint32_t inks[] = {0xd4d4d4, 0x569cd6, 0xce9178, 0x6a9955, 0xdcdcaa, 0xc586c0, 0x4ec9b0};
  FT_Library library = nullptr;
  FT_Face face = nullptr;
  const std::string path = find_font(style.font);
  if (FT_Init_FreeType(&library) != 0 || path.empty() || FT_New_Face(library, path.c_str(), 0, &face) != 0) {
    std::fprintf(stderr, "no font %s\n", style.font.c_str());
    return nullptr;
  }
  FT_Library_SetLcdFilter(library, FT_LCD_FILTER_DEFAULT);
  FT_Set_Pixel_Sizes(face, 0, static_cast<FT_UInt>(style.size_px));
  auto page = ports::make_pixel_buffer(width, height);
  for (int y = 0; y < height; ++y)
    for (int x = 0; x < width; ++x)
      for (int i = 0; i < 3; ++i) page->row(y)[4 * x + i] = style.coloured ? 0x1e : 0xff;
  Painter painter(*page, face, style);
  const int line_px = style.size_px * 3 / 2;
  std::size_t at = 0;
  for (int skip = 0; skip < style.first_line; ++skip) {
    at = text.find('\n', at);
    at = at == std::string::npos ? 0 : at + 1;
  }
  for (int baseline = style.margin_px + line_px; baseline < height; baseline += line_px) {
    int x = style.margin_px;
    std::uint32_t word = 0;
    for (;; ++at) {
      if (at >= text.size()) at = 0;
      if (text[at] == '\n') break;
      word = text[at] == ' ' ? 0 : word * 31 + static_cast<unsigned char>(text[at]);
      x += painter.draw(text[at], x, baseline, style.coloured ? inks[static_cast<unsigned char>(text[at]) < 'a' ? 1 : (at / 7) % 7] : 0x101010);
      if (x > width) {
        at = text.find('\n', at);
        if (at == std::string::npos) at = 0;
        break;
      }
    }
    ++at;
  }
  FT_Done_Face(face);
  FT_Done_FreeType(library);
  return page;
}

std::unique_ptr<ports::PixelBuffer> draw_photo(int width, int height, std::uint32_t seed) {
  auto photo = ports::make_pixel_buffer(width, height);
  std::uint32_t state = seed * 2654435761u + 1;
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      const double hill = 60 * std::sin(x * 0.011 + seed) + 50 * std::cos(y * 0.017 + x * 0.004) + 20 * std::sin((x + y) * 0.09);
      state = state * 1664525u + 1013904223u;
      const int noise = static_cast<int>(state >> 29) + static_cast<int>(state >> 26 & 3) - 5;
      for (int i = 0; i < 3; ++i)
        photo->row(y)[4 * x + i] = static_cast<std::uint8_t>(std::min(255.0, std::max(0.0, 128 + hill * (1 - 0.2 * i) + noise + static_cast<int>(state >> (20 + i) & 3))));
    }
  }
  return photo;
}

}  // namespace beside::bench
