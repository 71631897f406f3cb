// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <imgui.h>
#include <imgui_internal.h>

#include <deque>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "ui/kit/widgets.h"

// What the widget files share; not for views.
namespace beside::kit {

struct Ui::Layout {
  struct Region {
    float left = 0, right = 0, bottom = 0;
  };
  struct Card {
    ImDrawListSplitter splitter;
    ImVec2 begin{};
    float width = 0;
    float pad = 0;
    CardOptions options;
    std::string id;
  };
  std::vector<Region> regions;
  std::vector<ImVec2> overlays;   // how far the screen reached before each
  std::deque<Card> cards;  // a deque: a splitter must not move
  std::size_t open_cards = 0;
  std::map<std::string, float, std::less<>> seen;          // heights and scroll positions from the frame before, by id
  std::map<std::string, std::string, std::less<>> edited;  // what each field returned last, to see changes from outside
  ImRect last{};                                           // the last widget drawn
  std::string last_id;
  std::map<std::string, LocalTime, std::less<>> began;  // movements and hover times
};

ImFont* font_of(Ui& ui, const TextStyle& style);
Colour colour_of(Ui& ui, Tone tone);
std::uint32_t ink(Ui& ui, Tone tone);

// Lines of words wrapped at width (<= 0: only at newlines). broken: a word was longer than a line.
struct Lines {
  std::vector<std::string_view> lines;
  float width = 0, height = 0;
  bool broken = false;
};
Lines wrap_lines(Ui& ui, std::string_view words, const TextStyle& style, float width);
void draw_lines(Ui& ui, ImVec2 at, const Lines& lines, const TextStyle& style, float width, std::uint32_t colour);
std::string with_ellipsis(Ui& ui, std::string_view words, const TextStyle& style, float width, bool& shortened);

// Takes room at the cursor; the rectangle in window pixels.
ImRect place(Ui& ui, ImVec2 size);
void record(Ui& ui, std::string_view id, Role role, const ImRect& rect, std::string_view words, bool cut = false,
            bool enabled = true, std::optional<bool> checked = std::nullopt, bool tab_stop = false);

// The behaviour of everything that can be pressed: mouse, focus, keys, map.
struct Press {
  bool pressed = false, hovered = false, held = false, focused = false;
};
Press press(Ui& ui, std::string_view id, Role role, const ImRect& rect, std::string_view words, bool enabled, bool cut,
            std::optional<bool> checked = std::nullopt);
void focus_ring(Ui& ui, const ImRect& rect, bool on);
void scroll_to_focus(Ui& ui, std::string_view id, const ImRect& rect);
ImGuiID imgui_id(std::string_view id);

}  // namespace beside::kit
