// SPDX-License-Identifier: GPL-3.0-or-later
#include <doctest/doctest.h>

#include "tests/ui/customer_samples.h"
#include "tests/ui/kit_screen.h"
#include "ui/kit/catalogue.h"

using namespace beside;
using namespace beside::test;

namespace {

struct Shape {
  int width, height;
  float scale;
};
constexpr Shape kShapes[] = {{380, 600, 1.0f}, {1280, 800, 1.0f}, {760, 1200, 2.0f}, {570, 900, 1.5f}};

void check_screen(Screen& screen, float target) {
  for (const kit::Widget& w : screen.map().widgets()) {
    CAPTURE(w.label);
    CAPTURE(w.text);
    CHECK_FALSE(w.cut);
    const bool pressable = w.tab_stop && w.role != kit::Role::Field;
    if (pressable) CHECK(static_cast<float>(w.rect.height) >= target - 1);
  }
}

}  // namespace

TEST_CASE("every customer screen fits at every size, scale and language, with targets of 44 px and nothing cut") {
  for (const Shape& shape : kShapes) {
    Screen screen(shape.width, shape.height, shape.scale);
    for (const char* language : {"en", "de", "it"}) {
      kit::set_language(language);
      for (Sample& s : customer_samples()) {
        const auto draw = [&](kit::Ui& ui) { (void)views::draw_customer(ui, s.snapshot, s.state); };
        screen.settle(draw, 3);
        CAPTURE(shape.width);
        CAPTURE(shape.scale);
        CAPTURE(language);
        CAPTURE(s.name);
        CHECK(screen.map().widgets().size() > 3);
        check_screen(screen, 44 * shape.scale);
      }
    }
  }
  kit::set_language("en");
}

TEST_CASE("every kiosk screen fits at 1280 by 1024 and 1920 by 1080 with targets of 64 px") {
  for (const Shape& shape : {Shape{1280, 1024, 1.0f}, Shape{1920, 1080, 1.0f}}) {
    Screen screen(shape.width, shape.height, shape.scale);
    for (const char* language : {"en", "de", "it"})
      for (KioskSample& s : kiosk_samples()) {
        auto settings = kiosk_settings();
        settings.home_language = language;
        kit::set_language(language);
        const auto draw = [&](kit::Ui& ui) { (void)views::draw_kiosk(ui, s.snapshot, settings, s.state); };
        screen.settle(draw, 3);
        CAPTURE(language);
        CAPTURE(s.name);
        check_screen(screen, 64 * shape.scale);
      }
  }
  kit::set_language("en");
}

TEST_CASE("Stop and both answers of the consent are in view at the smallest size") {
  for (const char* language : {"en", "de", "it"}) {
    kit::set_language(language);
    Screen screen(380, 600, 1.0f);
    for (Sample& s : customer_samples()) {
      if (s.snapshot.stage != session::CustomerStage::Live) continue;
      const auto draw = [&](kit::Ui& ui) { (void)views::draw_customer(ui, s.snapshot, s.state); };
      screen.settle(draw, 3);
      CAPTURE(s.name);
      const std::vector<std::string> wanted =
          s.snapshot.ask ? std::vector<std::string>{"consent.allow", "consent.not_now", "consent.fraud"}
                         : std::vector<std::string>{"panel.stop"};
      for (const std::string& label : wanted) {
        const kit::Widget* w = screen.map().find(label);
        REQUIRE(w != nullptr);
        CHECK_FALSE(w->hidden);
        CHECK(w->rect.bottom() <= 600);
      }
    }
  }
  kit::set_language("en");
}

TEST_CASE("Tab walks every customer screen in reading order") {
  Screen screen(520, 1400, 1.0f);
  for (Sample& s : customer_samples()) {
    const auto draw = [&](kit::Ui& ui) { (void)views::draw_customer(ui, s.snapshot, s.state); };
    screen.settle(draw, 4);
    const kit::Widget* before = nullptr;
    CAPTURE(s.name);
    for (const kit::Widget& w : screen.map().widgets()) {
      if (!w.tab_stop) continue;
      if (before != nullptr) {
        CAPTURE(before->label);
        CAPTURE(w.label);
        const bool below = w.rect.y >= before->rect.bottom() - 4;
        const bool right = w.rect.x >= before->rect.right() - 4 && w.rect.bottom() > before->rect.y;
        CHECK((below || right));
      }
      before = &w;
    }
  }
}

TEST_CASE("an idle panel asks for its next frame only when its minutes change") {
  Screen screen(380, 600, 1.0f);
  for (Sample& s : customer_samples()) {
    if (s.name != "panel") continue;
    s.snapshot.started_at = screen.clock().now();
    const auto draw = [&](kit::Ui& ui) { (void)views::draw_customer(ui, s.snapshot, s.state); };
    screen.settle(draw, 5);
    CHECK(screen.ui().wants().next() == s.snapshot.started_at + 60s);
  }
}
