// SPDX-License-Identifier: GPL-3.0-or-later
#include <doctest/doctest.h>

#include "tests/ui/customer_samples.h"
#include "tests/ui/kit_screen.h"
#include "ui/kit/catalogue.h"

using namespace beside;
using namespace beside::test;

namespace {

struct Played {
  explicit Played(const std::string& name) : screen(1280, 1024, 1.0f) {
    for (KioskSample& s : kiosk_samples())
      if (s.name == name) sample = s;
    sample.state.last_touch = LocalTime{};
    draw = [this](kit::Ui& ui) {
      for (auto& c : views::draw_kiosk(ui, sample.snapshot, kiosk_settings(), sample.state, &wishes))
        commands.push_back(c);
    };
    screen.settle(draw, 4);
    commands.clear();
  }
  ~Played() { kit::set_language("en"); }
  Screen screen;
  KioskSample sample;
  views::KioskWishes wishes;
  Screen::Draw draw;
  std::vector<session::CustomerCommand> commands;
};

}  // namespace

TEST_CASE("a code can be entered at the kiosk by touch alone") {
  Played p("kiosk_idle");
  REQUIRE(p.screen.click("kiosk.begin", p.draw));
  CHECK(p.sample.state.page == views::KioskPage::Code);
  std::string code = "482913507";
  for (char c = '0'; c <= '9'; ++c)
    if (views::code_adds_up(code + c)) {
      code += c;
      break;
    }
  for (const char c : code) REQUIRE(p.screen.click(std::string("kiosk.pad.") + c, p.draw));
  CHECK(p.sample.state.customer.code == code);
  REQUIRE(p.screen.click("kiosk.pad.done", p.draw));
  REQUIRE(p.commands.size() == 1);
  REQUIRE(std::get_if<session::EnterCode>(&p.commands[0]) != nullptr);
  CHECK(std::get<session::EnterCode>(p.commands[0]).code == code);
}

TEST_CASE("after 60 s without a touch nothing of the person before is left") {
  Played p("kiosk_code");
  CHECK(kit::set_language("de"));
  p.screen.settle(p.draw, 2);
  CHECK(p.screen.ui().wants().next() <= p.sample.state.last_touch + views::kKioskReset);
  p.screen.advance(59s);
  p.screen.settle(p.draw, 1);
  CHECK(p.sample.state.page == views::KioskPage::Code);
  p.screen.advance(2s);
  p.screen.settle(p.draw, 2);
  CHECK(p.sample.state.page == views::KioskPage::Idle);
  CHECK(p.sample.state.customer.code.empty());
  CHECK(kit::language() == "en");
}

TEST_CASE("after Back to start nothing of the person before is left") {
  Played p("kiosk_panel");
  p.sample.state.customer.chat.draft = "my secret";
  p.sample.state.customer.chat_open = true;
  p.sample.state.customer.ask_id = 7;
  p.sample.snapshot.stage = session::CustomerStage::Ended;
  p.screen.settle(p.draw, 2);
  REQUIRE(p.screen.click("end.back", p.draw));
  p.sample.snapshot.stage = session::CustomerStage::Start;
  p.screen.settle(p.draw, 2);
  CHECK(p.sample.state.customer.chat.draft.empty());
  CHECK_FALSE(p.sample.state.customer.chat_open);
  CHECK(p.sample.state.customer.ask_id == 0);
  CHECK(p.sample.state.customer.kiosk);
}

TEST_CASE("a session is never reset, and the panel stands at the edge") {
  Played p("kiosk_panel");
  CHECK_FALSE(p.wishes.full_screen);
  p.screen.advance(std::chrono::minutes(5));
  p.screen.settle(p.draw, 2);
  CHECK(p.commands.empty());
  CHECK(p.screen.map().find("panel.stop") != nullptr);
}

TEST_CASE("the language is chosen by touch") {
  Played p("kiosk_idle");
  REQUIRE(p.screen.click("kiosk.language.it", p.draw));
  CHECK(kit::language() == "it");
  CHECK(p.screen.map().find("kiosk.begin")->text == "Inserisci un codice");
}

TEST_CASE("the on-screen keyboard writes into the chat, with capitals for one letter") {
  Played p("kiosk_chat");
  REQUIRE(p.screen.click("kiosk.keys.shift", p.draw));
  REQUIRE(p.screen.click("kiosk.keys.k1_0", p.draw));
  REQUIRE(p.screen.click("kiosk.keys.k1_0", p.draw));
  CHECK(p.sample.state.customer.chat.draft == "Qq");
  REQUIRE(p.screen.click("kiosk.keys.back", p.draw));
  CHECK(p.sample.state.customer.chat.draft == "Q");
  REQUIRE(p.screen.click("kiosk.keys.done", p.draw));
  bool said = false;
  for (const auto& c : p.commands)
    if (const auto* say = std::get_if<session::SayToOperator>(&c)) said = say->text == "Q";
  CHECK(said);
}
