// SPDX-License-Identifier: GPL-3.0-or-later
#include <doctest/doctest.h>

#include <imgui.h>

#include "tests/ui/customer_samples.h"
#include "tests/ui/kit_screen.h"
#include "ui/kit/catalogue.h"

using namespace beside;
using namespace beside::test;

namespace {

struct Played {
  explicit Played(const std::string& name, int width = 480, int height = 1200) : screen(width, height, 1.0f) {
    for (Sample& s : customer_samples())
      if (s.name == name) sample = s;
    draw = [this](kit::Ui& ui) {
      for (auto& c : views::draw_customer(ui, sample.snapshot, sample.state, &wishes)) commands.push_back(c);
      saw_save = saw_save || wishes.save_transcript;
    };
    screen.settle(draw, 4);
    commands.clear();
  }
  template <typename T>
  const T* last() const {
    return commands.empty() ? nullptr : std::get_if<T>(&commands.back());
  }
  Screen screen;
  Sample sample;
  views::CustomerWishes wishes;
  bool saw_save = false;
  Screen::Draw draw;
  std::vector<session::CustomerCommand> commands;
};

}  // namespace

TEST_CASE("a code is grouped while it is typed, and Return sends it") {
  Played p("start");
  p.screen.type("482913507", p.draw);
  CHECK(p.sample.state.code == "482913507");
  p.screen.press(kEnter, p.draw);
  CHECK(p.commands.empty());  // nine digits are no code
  // Find the check digit as a person would be given it: exactly one of ten adds up.
  int good = 0;
  for (char c = '0'; c <= '9'; ++c) good += views::code_adds_up(std::string("482913507") + c) ? 1 : 0;
  CHECK(good == 1);
  for (char c = '0'; c <= '9'; ++c)
    if (views::code_adds_up(std::string("482913507") + c)) p.screen.type(std::string(1, c), p.draw);
  p.screen.press(kEnter, p.draw);
  REQUIRE(p.last<session::EnterCode>() != nullptr);
  CHECK(p.last<session::EnterCode>()->code == p.sample.state.code);
}

TEST_CASE("a slip of one digit is caught before anything is sent") {
  Played p("start");
  std::string code = "482913507";
  for (char c = '0'; c <= '9'; ++c)
    if (views::code_adds_up(code + c)) {
      code += c;
      break;
    }
  for (std::size_t i = 0; i < code.size(); ++i)
    for (char c = '0'; c <= '9'; ++c) {
      std::string slip = code;
      if (slip[i] == c) continue;
      slip[i] = c;
      CHECK_FALSE(views::code_adds_up(slip));
    }
  code[3] = code[3] == '1' ? '2' : '1';
  p.sample.state.code = code;
  p.screen.settle(p.draw);
  REQUIRE(p.screen.click("start.connect", p.draw));
  CHECK(p.commands.empty());
  CHECK(p.screen.map().find("start.slip.title") != nullptr);
}

// "482a" showed 482 and nothing else: the letter went without a word.
TEST_CASE("a letter in the code is told of at once, until the next digit") {
  Played p("start");
  const auto told = [&] { return p.screen.map().find("start.code.error") != nullptr; };
  p.screen.type("482 ", p.draw);
  p.screen.settle(p.draw);
  CHECK_FALSE(told());
  p.screen.type("a", p.draw);
  p.screen.settle(p.draw);
  CHECK(told());
  CHECK(p.sample.state.code == "482");
  p.screen.type("9", p.draw);
  p.screen.settle(p.draw);
  CHECK_FALSE(told());
  CHECK(p.sample.state.code == "4829");
}

TEST_CASE("a pasted code may have spaces, hyphens, or be a link") {
  CHECK(kit::code_digits("482 913 5074") == "4829135074");
  CHECK(kit::code_digits("482-913-5074\n") == "4829135074");
  CHECK(kit::code_digits("beside://help.example:443/4829135074#pin=99AA") == "4829135074");
  CHECK(kit::code_digits("beside://help.example:443") == "");
  CHECK(kit::code_digits("48291350745555") == "4829135074");
  CHECK(kit::grouped_code("4829135074") == "482 913 5074");
  CHECK(kit::grouped_code("4829") == "482 9");
}

TEST_CASE("a prefilled code waits for a click") {
  Played p("start_prefilled");
  CHECK(p.sample.state.code == "4829135074");
  CHECK(p.commands.empty());
}

TEST_CASE("the consent grants what is left ticked, carries the time of the click, and has no focus by itself") {
  Played p("consent");
  CHECK(p.screen.ui().focused_id().empty());
  p.screen.press(kEnter, p.draw);
  p.screen.press(kSpaceKey, p.draw);
  CHECK(p.commands.empty());
  REQUIRE(p.screen.click("consent.right.control", p.draw));
  REQUIRE(p.screen.click("consent.monitor.2", p.draw));
  const std::int64_t before = to_us(p.screen.clock().now());
  REQUIRE(p.screen.click("consent.allow", p.draw));
  const auto* d = p.last<session::DecideAsk>();
  REQUIRE(d != nullptr);
  CHECK(d->ask_id == 1);
  CHECK(d->granted == (Right::See | Right::Point));
  CHECK(d->monitor_id == 2);
  CHECK(d->from_click_at_us > before);
  CHECK(d->from_click_at_us <= to_us(p.screen.clock().now()));
}

// In a low window at scale 2 the rights lay below the edge, and one click allowed what nobody had seen.
TEST_CASE("Allow waits until every right that is asked for has been in view") {
  Played low("consent", 380, 300);
  REQUIRE(low.screen.map().find("consent.allow") != nullptr);
  CHECK_FALSE(low.screen.map().find("consent.allow")->enabled);
  CHECK(low.screen.map().find("consent.not_now")->enabled);
  CHECK(low.screen.map().find("consent.more") != nullptr);
  // Tab brings each row into view.
  for (int i = 0; i < 12; ++i) low.screen.press(kTab, low.draw);
  low.screen.settle(low.draw);
  REQUIRE(low.screen.map().find("consent.allow") != nullptr);
  CHECK(low.screen.map().find("consent.allow")->enabled);
  CHECK(low.screen.map().find("consent.more") == nullptr);
}

TEST_CASE("Allow is there at once where all that is asked for is in view") {
  Played high("consent");
  CHECK(high.screen.map().find("consent.allow")->enabled);
  CHECK(high.screen.map().find("consent.more") == nullptr);
}

TEST_CASE("Not now grants nothing") {
  Played p("consent");
  REQUIRE(p.screen.click("consent.not_now", p.draw));
  REQUIRE(p.last<session::DecideAsk>() != nullptr);
  CHECK(p.last<session::DecideAsk>()->granted.empty());
  const kit::Widget* no = p.screen.map().find("consent.not_now");
  const kit::Widget* yes = p.screen.map().find("consent.allow");
  CHECK(no->rect.width == yes->rect.width);
  CHECK(no->rect.height == yes->rect.height);
}

TEST_CASE("unticking See unticks what needs it, and a right that is not built is not shown") {
  Played p("consent");
  p.sample.snapshot.ask->rights = p.sample.snapshot.ask->rights | Right::Camera;
  p.screen.settle(p.draw);
  CHECK(p.screen.map().find("consent.right.camera") == nullptr);
  REQUIRE(p.screen.click("consent.right.see", p.draw));
  CHECK(p.sample.state.ticked.empty());
  CHECK_FALSE(p.screen.map().find("consent.allow")->enabled);
}

TEST_CASE("each right can be taken back on the panel, and Stop stops") {
  Played p("panel");
  REQUIRE(p.screen.click("panel.right.control.revoke", p.draw));
  REQUIRE(p.last<session::RevokeRight>() != nullptr);
  CHECK(p.last<session::RevokeRight>()->rights == Rights(Right::Control));
  REQUIRE(p.screen.click("panel.stop", p.draw));
  CHECK(p.last<session::StopSession>() != nullptr);
}

// Moving the mouse to "Take back" pauses control; the longer words for that pushed the button away from under the click.
TEST_CASE("no state of a right moves the button that takes it back") {
  for (const char* language : {"en", "de", "it"}) {
    kit::set_language(language);
    Played p("panel", 380, 900);
    p.screen.settle(p.draw);
    const auto place = p.screen.map().find("panel.right.control.revoke")->rect;
    for (int state = 0; state < 4; ++state) {
      p.sample.snapshot.control_paused_by_me = state == 1;
      p.sample.snapshot.in_use = state == 2 ? Right::See | Right::Control : Rights();
      p.sample.snapshot.paused = state == 3 ? p.sample.snapshot.granted : Rights();
      p.screen.settle(p.draw);
      CHECK(p.screen.map().find("panel.right.control.revoke")->rect.y == place.y);
    }
  }
  kit::set_language("en");
}

// In the frame in which the page of hidden parts was left nobody named a height, and a window of none ended the program.
TEST_CASE("the panel asks for a height in every frame of a session") {
  for (const char* name : {"panel", "panel_chat", "consent", "hide"}) {
    Played p(name);
    const auto wished = [&] {
      views::CustomerWishes wishes;
      p.screen.settle([&](kit::Ui& ui) { (void)views::draw_customer(ui, p.sample.snapshot, p.sample.state, &wishes); CHECK(wishes.panel_height >= 200); }, 1);
    };
    wished();
    p.sample.state.hide_open = !p.sample.state.hide_open;
    wished();
    (void)p.screen.click("hide.done", [&](kit::Ui& ui) {
      views::CustomerWishes wishes;
      (void)views::draw_customer(ui, p.sample.snapshot, p.sample.state, &wishes);
      CHECK(wishes.panel_height >= 200);
    });
    p.sample.state.chat_open = !p.sample.state.chat_open;
    wished();
  }
}

TEST_CASE("what the way of the picture means is told in her words, not in the operator's") {
  for (const char* language : {"en", "de", "it"}) {
    kit::set_language(language);
    for (const session::RungReason reason : {session::RungReason::UdpBlocked, session::RungReason::UdpNotTriedByPolicy, session::RungReason::StillTrying, session::RungReason::ProxyOnly}) {
      Played p("panel", 380, 900);
      p.sample.snapshot.media.rung = p.sample.snapshot.media.peer_rung = session::Rung::Tls;
      p.sample.snapshot.media.reason = p.sample.snapshot.media.peer_reason = reason;
      p.screen.settle(p.draw);
      for (const char* line : {"panel.rung", "panel.peer_rung"}) {
        REQUIRE(p.screen.map().find(line) != nullptr);
        const std::string words = p.screen.map().find(line)->text;
        CHECK(words.size() > 20);
        CHECK(words.find("TLS") == std::string::npos);
        CHECK(words.find("panel.") == std::string::npos);
      }
    }
  }
  kit::set_language("en");
}

TEST_CASE("the live mark shows what is being done now") {
  Played p("panel");
  CHECK(p.screen.map().find("panel.right.see.live")->checked == true);
  CHECK(p.screen.map().find("panel.right.control.live")->checked == false);
}

TEST_CASE("chat tells that somebody types, sends with Return, and keeps the field ready") {
  Played p("panel_chat");
  REQUIRE(p.screen.click("chat.field", p.draw));
  p.screen.type("One moment", p.draw);
  REQUIRE(p.last<session::CustomerTyping>() != nullptr);
  CHECK(p.last<session::CustomerTyping>()->typing);
  p.screen.press(kEnter, p.draw);
  bool said = false;
  for (const auto& c : p.commands)
    if (const auto* say = std::get_if<session::SayToOperator>(&c)) said = say->text == "One moment";
  CHECK(said);
  REQUIRE(p.last<session::CustomerTyping>() != nullptr);
  CHECK_FALSE(p.last<session::CustomerTyping>()->typing);
  CHECK(p.sample.state.chat.draft.empty());
  p.screen.type("again", p.draw);
  CHECK(p.sample.state.chat.draft == "again");
}

TEST_CASE("typing rests after four seconds without a key") {
  Played p("panel_chat");
  p.screen.click("chat.field", p.draw);
  p.screen.type("Hm", p.draw);
  p.screen.advance(5s);
  p.screen.settle(p.draw, 1);
  REQUIRE(p.last<session::CustomerTyping>() != nullptr);
  CHECK_FALSE(p.last<session::CustomerTyping>()->typing);
}

TEST_CASE("the check words can be confirmed or denied") {
  Played p("panel_words");
  REQUIRE(p.screen.click("words.differ", p.draw));
  REQUIRE(p.last<session::ConfirmWords>() != nullptr);
  CHECK_FALSE(p.last<session::ConfirmWords>()->same);
  REQUIRE(p.screen.click("words.same", p.draw));
  CHECK(p.last<session::ConfirmWords>()->same);
}

TEST_CASE("the end page saves the chat and closes the program") {
  Played p("end");
  REQUIRE(p.screen.click("end.save", p.draw));
  CHECK(p.saw_save);
  REQUIRE(p.screen.click("end.quit", p.draw));
  CHECK(p.last<session::Quit>() != nullptr);
}

TEST_CASE("a keyboard alone reaches Stop") {
  Played p("panel");
  for (int i = 0; i < 20 && p.screen.ui().focused_id() != "panel.stop"; ++i) p.screen.press(kTab, p.draw);
  CHECK(p.screen.ui().focused_id() == "panel.stop");
  p.screen.press(kEnter, p.draw);
  CHECK(p.last<session::StopSession>() != nullptr);
  p.screen.press(kTab, p.draw, true);
  CHECK(p.screen.ui().focused_id() == "panel.hide");
  p.screen.press(kTab, p.draw, true);
  CHECK(p.screen.ui().focused_id() == "panel.text_size");
}

TEST_CASE("the text of the panel can be made larger") {
  Played p("panel");
  const int before = p.screen.map().find("panel.minutes")->rect.height;
  REQUIRE(p.screen.click("panel.text_size", p.draw));
  CHECK(p.screen.map().find("panel.minutes")->rect.height > before);
}

TEST_CASE("Escape or Cancel leaves the connecting screen") {
  Played p("connecting");
  p.screen.press(kEscape, p.draw);
  CHECK(p.last<session::CancelConnecting>() != nullptr);
  p.commands.clear();
  REQUIRE(p.screen.click("connecting.cancel", p.draw));
  CHECK(p.last<session::CancelConnecting>() != nullptr);
}

TEST_CASE("the address screen sends what was typed") {
  Played p("address");
  p.screen.type("beside://help.example:443", p.draw);
  REQUIRE(p.screen.click("address.go", p.draw));
  REQUIRE(p.last<session::SetAddress>() != nullptr);
  CHECK(p.last<session::SetAddress>()->address == "beside://help.example:443");
}

TEST_CASE("what is hidden is chosen by title, each tick is an order for all that is hidden, and windows that are gone are forgotten") {
  Played p("hide");
  REQUIRE(p.screen.click("hide.window.54525955", p.draw));   // 0x3400003
  REQUIRE(p.last<session::HideParts>() != nullptr);
  HiddenParts all = p.sample.snapshot.hidden;
  all.windows.push_back(0x3400003);
  CHECK(p.last<session::HideParts>()->parts == all);
  REQUIRE(p.screen.click("hide.monitor.2", p.draw));
  CHECK(p.last<session::HideParts>()->parts.monitors.empty());
  REQUIRE(p.screen.click("hide.area.0", p.draw));
  CHECK(p.last<session::HideParts>()->parts.areas.empty());
  p.sample.snapshot.hidden.windows.push_back(0x7700001);
  REQUIRE(p.screen.click("hide.window.54525955", p.draw));
  CHECK(p.last<session::HideParts>()->parts.windows == std::vector<std::uint32_t>{0x2c00007, 0x3400003});
  CHECK(p.screen.map().find("panel.stop") != nullptr);
  REQUIRE(p.screen.click("hide.done", p.draw));
  CHECK_FALSE(p.sample.state.hide_open);
}

TEST_CASE("one window only may be seen: nothing changes until one is chosen, and all may be seen again") {
  Played p("hide");
  REQUIRE(p.screen.click("hide.one", p.draw));
  CHECK(p.last<session::HideParts>() == nullptr);
  CHECK(p.screen.map().find("hide.none_yet") != nullptr);
  CHECK(p.screen.map().find("hide.monitor.2") == nullptr);
  REQUIRE(p.screen.click("hide.only.54525955", p.draw));
  REQUIRE(p.last<session::HideParts>() != nullptr);
  HiddenParts all = p.sample.snapshot.hidden;
  all.only_window = 0x3400003;
  CHECK(p.last<session::HideParts>()->parts == all);
  p.sample.snapshot.hidden = all;
  p.screen.settle(p.draw, 2);
  CHECK(p.screen.map().find("hide.none_yet") == nullptr);
  CHECK(p.screen.map().find("hide.closed") == nullptr);
  p.sample.state.windows.pop_back();   // it is closed
  p.screen.settle(p.draw, 2);
  CHECK(p.screen.map().find("hide.closed") != nullptr);
  REQUIRE(p.screen.click("hide.done", p.draw));
  CHECK(p.screen.map().find("panel.hide")->text.find("one window") != std::string::npos);
  REQUIRE(p.screen.click("panel.hide", p.draw));
  REQUIRE(p.screen.click("hide.everything", p.draw));
  CHECK(p.last<session::HideParts>()->parts.only_window == 0);
}

TEST_CASE("a new question of the operator is not kept waiting behind the page on hidden parts") {
  Played p("hide");
  p.sample.snapshot.ask = session::AskView{7, Rights(Right::Control), "to type"};
  p.screen.settle(p.draw, 4);
  CHECK(p.screen.map().find("consent.allow") != nullptr);
  CHECK(p.screen.map().find("hide.done") == nullptr);
}
