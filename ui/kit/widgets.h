// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ui/kit/icons.h"
#include "ui/kit/ui.h"

// The widgets. `id` is the stable English name in the widget map ("consent.allow"), unique in the window; labels are
// translated text from the caller. Widths in pixels as drawn (use ui.px()): 0 = as wide as the content, kFill = what is
// left. Everything is laid out from the ImGui cursor downwards; place things side by side with row() or columns().
namespace beside::kit {

constexpr float kFill = -1.0f;

// ---- text ----
enum class Tone : std::uint8_t { Normal, Muted, Accent, Warning, OnAccent, OnWarning, OnStage };
enum class Align : std::uint8_t { Left, Centre, Right };
struct TextStyle {
  Face face = Face::Text;
  Size size = Size::Body;
  Tone tone = Tone::Normal;
  Align align = Align::Left;
};
// Wrapped at the width that is left; never cut. id may be empty: not in the map.
void text(Ui& ui, std::string_view id, std::string_view words, TextStyle style = {});
void heading(Ui& ui, std::string_view id, std::string_view words, Align align = Align::Left);  // Huge, strong
void title(Ui& ui, std::string_view id, std::string_view words, Align align = Align::Left);    // Large, strong
void muted(Ui& ui, std::string_view id, std::string_view words, Align align = Align::Left);    // Small
// One line that ends in "..." where it does not fit; the whole is its tooltip.
void elided(Ui& ui, std::string_view id, std::string_view words, float width, TextStyle style = {});
// Width and height of words as drawn; wrap 0: one line.
struct Extent {
  float width = 0, height = 0;
};
Extent measure_text(Ui& ui, std::string_view words, TextStyle style = {}, float wrap = 0);
// Draws at a place without moving the cursor; wrapped at `width` when > 0.
void text_at(Ui& ui, float x, float y, std::string_view words, TextStyle style, float width = 0);

// ---- things to press ----
// Plain: no ground until hovered. Alarm: quiet, its words and border in the warning colour.
enum class ButtonKind : std::uint8_t { Quiet, Primary, Danger, Plain, Alarm };
struct ButtonOptions {
  ButtonKind kind = ButtonKind::Quiet;
  const char* icon = icon::kNone;
  bool enabled = true;
  float width = 0;
  float height = 0;  // 0: the target height; grows when the label wraps
  Size size = Size::Body;
  bool selected = false;  // drawn as chosen (tabs, filters)
  std::string_view tip = {};
  bool tight = false;  // no room at the sides: keys of a keyboard
};
bool button(Ui& ui, std::string_view id, std::string_view label, ButtonOptions options = {});
// Square; `tip` names it for people and is its tooltip.
bool icon_button(Ui& ui, std::string_view id, const char* icon, std::string_view tip, ButtonOptions options = {});
bool link(Ui& ui, std::string_view id, std::string_view label);
// `detail` is smaller text under the label; both wrap.
bool check(Ui& ui, std::string_view id, std::string_view label, bool& on, std::string_view detail = {},
           bool enabled = true);
bool toggle(Ui& ui, std::string_view id, std::string_view label, bool& on, std::string_view detail = {},
            bool enabled = true);
// One of several: true when this one was chosen now.
bool radio(Ui& ui, std::string_view id, std::string_view label, bool chosen, std::string_view detail = {},
           bool enabled = true);
// A drop-down; true when `chosen` changed.
bool select(Ui& ui, std::string_view id, std::string_view label, std::span<const std::string> choices, int& chosen,
            float width = kFill);

// ---- fields ----
struct FieldOptions {
  std::string_view label = {};  // above the field
  std::string_view hint = {};   // inside while empty
  std::string_view error = {};  // below, in the warning colour
  bool password = false, enabled = true, mono = false;
  float width = kFill;
  std::size_t max_bytes = 1024;
  int lines = 1;  // more: Return makes a line, Ctrl+Return submits
};
struct FieldResult {
  bool changed = false, submitted = false;
  bool refused = false;  // code_field: a letter or sign was typed or pasted that no code has, and the code is not whole
};
FieldResult text_field(Ui& ui, std::string_view id, std::string& value, FieldOptions options = {});
// The session code: digits only, large, grouped as 482 913 5074 while typing; takes a paste with or without spaces or
// hyphens, and a beside:// link (its code part). `digits` holds digits alone, 10 at most.
FieldResult code_field(Ui& ui, std::string_view id, std::string& digits, FieldOptions options = {});
// "4829135074" -> "482 913 5074"; incomplete codes are grouped from the left in the same way.
std::string grouped_code(std::string_view digits);
// The digits of what was typed or pasted; for a link, those of its code.
std::string code_digits(std::string_view typed);

// ---- grounds and marks ----
struct CardOptions {
  Tone tone = Tone::Normal;  // Accent and Warning: tinted, with a bar at the left
  float width = kFill;
  bool flat = false;  // no border
};
// The card grows with its content. Pairs with end_card().
void begin_card(Ui& ui, std::string_view id, CardOptions options = {});
void end_card(Ui& ui);
void badge(Ui& ui, std::string_view id, std::string_view words, Tone tone = Tone::Normal,
           const char* icon = icon::kNone);
// A person or company without a picture: initials on a colour taken from the name. size in pixels as drawn.
void avatar(Ui& ui, std::string_view id, std::string_view name, float size);
void icon_text(Ui& ui, std::string_view id, const char* icon, std::string_view words, TextStyle style = {});
// A dot that is filled and ringed while something is being done right now, hollow otherwise.
void live_mark(Ui& ui, std::string_view id, bool live);
// Diagonal lines over a rectangle of window pixels: "this part is not shared", "not visible to the operator".
void hatch(Ui& ui, float x, float y, float width, float height, Tone tone = Tone::Muted);
void separator(Ui& ui);
void space(Ui& ui, float at_scale_1 = measure::kTight);
// A bar 0..1; negative: unknown length, drawn as a still pattern with reduced motion.
void progress_bar(Ui& ui, std::string_view id, float part, float width = kFill);
// Three dots that move while waiting (still with reduced motion). Costs frames only while drawn.
void waiting_dots(Ui& ui, std::string_view id);
// "9 min", "under 1 min"; asks for a frame when it changes, by the minute.
void countdown(Ui& ui, std::string_view id, LocalTime until, TextStyle style = {});

// ---- lists ----
struct RowOptions {
  bool selected = false, enabled = true;
  float height = 0;  // 0: the target height
};
// A full-width row that can be chosen; draw what it shows over it in `content`, whose cursor starts inside the padding.
bool list_row(Ui& ui, std::string_view id, RowOptions options, const std::function<void(float width)>& content);

// ---- regions ----
// The whole window or a part of it, without decoration; the ground colour. Pairs with end_screen().
struct ScreenOptions {
  float x = 0, y = 0, width = 0, height = 0;  // 0: the whole display
  float padding = measure::kWide;             // at scale 1
  Tone tone = Tone::Normal;
  bool surface = false;  // surface colour instead of ground
};
void begin_screen(Ui& ui, std::string_view id, ScreenOptions options = {});
void end_screen(Ui& ui);
// A part that scrolls when its content is higher; height 0: what is left, negative: what is left less that much.
void begin_scroll(Ui& ui, std::string_view id, float height = 0, float width = 0);
void end_scroll(Ui& ui);
// Keeps the content at most this wide (scale 1); centred, or at the left.
void begin_column(Ui& ui, float max_width, Align align = Align::Centre);
void end_column(Ui& ui);
// What is drawn in between lies on the rest: cut to this rectangle, and the screen does not scroll for what does not fit.
void begin_overlay(Ui& ui, float x, float y, float width, float height);
void end_overlay(Ui& ui);
// Side by side: next to the last widget; gap at scale 1.
void beside(Ui& ui, float gap = measure::kTight);
// The same, or on a line of its own where a button with an icon and these words would not fit.
void beside_or_below(Ui& ui, std::string_view words, float gap = measure::kTight);
float width_left(Ui& ui);
float height_left(Ui& ui);

// ---- popups ----
void open_popup(Ui& ui, std::string_view id);
// A menu or small panel at the last widget; true while open, then end_popup().
bool begin_popup(Ui& ui, std::string_view id);
void end_popup(Ui& ui);
void close_popup(Ui& ui);
bool menu_item(Ui& ui, std::string_view id, std::string_view label, const char* icon = icon::kNone, bool enabled = true,
               bool chosen = false, std::string_view keys = {});
// A dialog in the middle over a veil, with a heading; true while `open`. Escape sets open to false.
bool begin_dialog(Ui& ui, std::string_view id, std::string_view heading_words, bool& open, float width_at_1 = 420);
void end_dialog(Ui& ui);
void tooltip(Ui& ui, std::string_view words);  // for the last widget, after 400 ms

// ---- chat ----
struct Bubble {
  bool mine = false, system = false, pending = false;
  std::string_view text;
  std::string time;  // by the minute, already put into words
};
// Bubbles, newest at the bottom, which stays in view unless the person scrolled up. `typing`: a line of text, or empty.
void chat_transcript(Ui& ui, std::string_view id, std::span<const Bubble> bubbles, std::string_view typing,
                     float height);

}  // namespace beside::kit
