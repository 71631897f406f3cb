// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <span>

// Colours and measures of every screen. The tables are plain numbers so that a test can check the contrast of each pair
// that is drawn on each other; nothing here needs an ImGui context except apply().
namespace beside::kit {

enum class ThemeName : std::uint8_t { Light, Dark, HighContrast };

// sRGB, 0xRRGGBB.
struct Colour {
  std::uint32_t rgb = 0;
  constexpr bool operator==(const Colour&) const = default;
};

struct Theme {
  ThemeName name = ThemeName::Light;
  Colour ground;   // the window
  Colour surface;  // cards, fields, menus
  Colour raised;   // hovered rows, quiet buttons
  Colour pressed;  // quiet buttons held down, selected rows
  Colour line;     // borders and separators
  Colour text;
  Colour muted;   // secondary text; still 4.5:1 on ground, surface and raised
  Colour accent;  // the one accent: primary buttons, focus, links
  Colour accent_hover;
  Colour on_accent;  // text on accent
  Colour warning;    // the one warning colour: danger, stop
  Colour warning_hover;
  Colour on_warning;
  Colour accent_soft;   // tinted ground of selected things and own chat bubbles
  Colour warning_soft;  // tinted ground of notices
  Colour veil;          // behind dialogs; drawn with alpha
  Colour stage;         // around a remote picture: dark in every theme
  Colour on_stage;      // text on it
};

// Measures at scale 1, in pixels. Everything on screen is these times the scale.
namespace measure {
constexpr float kGrid = 4, kTight = 8, kGap = 12, kWide = 16, kSection = 24, kRounding = 6;
constexpr float kTarget = 32, kCustomerTarget = 44, kKioskTarget = 64;
constexpr float kSmall = 13, kBody = 15, kLarge = 18, kHuge = 28;
}  // namespace measure

const Theme& theme(ThemeName name);

// WCAG 2.1 contrast ratio, 1..21.
double contrast(Colour a, Colour b);

struct ColourPair {
  const char* what;
  Colour front, back;
};
// Every pair of text and ground that the widgets draw.
std::span<const ColourPair> drawn_pairs(ThemeName name);

// Puts the whole ImGui style on the theme's colours (no ImGui default is left) and measures; needs an ImGui context.
void apply(const Theme& theme, float scale);

// As ImGui packs colours (IM_COL32). alpha 0..1.
std::uint32_t packed(Colour colour, float alpha = 1.0f);
// Between a and b; t 0..1.
Colour mixed(Colour a, Colour b, float t);

}  // namespace beside::kit
