// SPDX-License-Identifier: GPL-3.0-or-later
#include <doctest/doctest.h>

#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>

#include <imgui.h>

#include "tests/ui/kit_screen.h"
#include "ui/kit/widgets.h"

using namespace beside;
using namespace beside::test;

TEST_CASE("text that does not fit is recorded as cut, wrapped text is not") {
  Screen screen(200, 300, 1.0f);
  screen.settle([](kit::Ui& ui) {
    kit::begin_screen(ui, "s");
    kit::text(ui, "wrapped", "many short words that wrap well");
    kit::text(ui, "cut", "Donaudampfschifffahrtsgesellschaftskapitaenswitwe");
    kit::end_screen(ui);
  });
  CHECK_FALSE(screen.map().find("wrapped")->cut);
  CHECK(screen.map().find("cut")->cut);
}

TEST_CASE("a button is pressed by mouse, Return and Space, and a disabled one by nothing") {
  Screen screen(300, 300, 1.0f);
  int pressed = 0, dead = 0;
  const auto draw = [&](kit::Ui& ui) {
    kit::begin_screen(ui, "s");
    pressed += kit::button(ui, "one", "One") ? 1 : 0;
    dead += kit::button(ui, "two", "Two", {.enabled = false}) ? 1 : 0;
    kit::end_screen(ui);
  };
  screen.settle(draw);
  screen.click("one", draw);
  CHECK(pressed == 1);
  screen.click("two", draw);
  screen.press(kTab, draw);
  CHECK(screen.ui().focused_id() == "one");
  screen.press(kEnter, draw);
  screen.press(kSpaceKey, draw);
  CHECK(pressed == 3);
  CHECK(dead == 0);
  CHECK_FALSE(screen.map().find("two")->enabled);
}

TEST_CASE("a dialog keeps the keyboard, Escape closes it and the focus comes back") {
  Screen screen(500, 400, 1.0f);
  bool open = false;
  const auto draw = [&](kit::Ui& ui) {
    kit::begin_screen(ui, "s");
    if (kit::button(ui, "open", "Open")) open = true;
    kit::button(ui, "behind", "Behind");
    if (kit::begin_dialog(ui, "d", "Heading", open)) {
      kit::button(ui, "d.yes", "Yes");
      kit::button(ui, "d.no", "No");
      kit::end_dialog(ui);
    }
    kit::end_screen(ui);
  };
  screen.settle(draw);
  screen.click("open", draw);
  screen.settle(draw);
  CHECK(screen.ui().focused_id() == "d.yes");
  screen.press(kTab, draw);
  screen.press(kTab, draw);
  CHECK(screen.ui().focused_id() == "d.yes");
  screen.press(kEscape, draw);
  screen.settle(draw);
  CHECK_FALSE(open);
  CHECK(screen.ui().focused_id() == "open");
}

TEST_CASE("a glyph that the atlas lacks is added between frames") {
  Screen screen(300, 200, 1.0f);
  std::string words = "plain";
  const auto draw = [&](kit::Ui& ui) {
    kit::begin_screen(ui, "s");
    kit::text(ui, "t", words);
    kit::end_screen(ui);
  };
  screen.settle(draw);
  CHECK_FALSE(screen.ui().fonts().waiting());
  words = "\u0416\u0434";  // Cyrillic: Inter has it
  screen.frame(draw);
  CHECK(screen.ui().fonts().waiting());
  CHECK(screen.ui().fonts().update());
  CHECK(screen.ui().fonts().get(kit::Face::Text, kit::Size::Body)->FindGlyphNoFallback(0x0416) != nullptr);
}

TEST_CASE("broken UTF-8 becomes replacement characters and never more than its bytes") {
  for (const std::string_view bad : {"\xc3", "\xe2\x82", "\xf0\x9f", "\xff\xfe", "\xc0\x80", "\xed\xa0\x80"}) {
    std::size_t at = 0;
    while (at < bad.size()) CHECK(kit::next_code_point(bad, at) == 0xfffd);
    CHECK(at == bad.size());
  }
  std::size_t at = 0;
  CHECK(kit::next_code_point("\xf0\x9f\x98\x80", at) == 0x1f600);
}

TEST_CASE("the widget map is written whole, with screen coordinates and quoted text") {
  const std::string path =
      (std::filesystem::temp_directory_path() / ("beside-map-" + std::to_string(getpid()))).string();
  kit::WidgetMap map(path);
  map.set_origin(100, 50);
  map.add({.label = "a.b", .role = kit::Role::Button, .rect = {1, 2, 3, 4}, .checked = true, .text = "say \"hi\"\n"});
  map.end_frame();
  std::ifstream file(path);
  const std::string text((std::istreambuf_iterator<char>(file)), {});
  CHECK(text.find("\"rect\":[101,52,3,4]") != std::string::npos);
  CHECK(text.find("\"checked\":true") != std::string::npos);
  CHECK(text.find("say \\\"hi\\\"\\u000a") != std::string::npos);
  CHECK_FALSE(std::filesystem::exists(path + ".part"));
  std::filesystem::remove(path);
}
