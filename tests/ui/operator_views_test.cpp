// SPDX-License-Identifier: GPL-3.0-or-later
#include <doctest/doctest.h>
#include <imgui.h>
#include <imgui_internal.h>

#include <set>
#include <utility>

#include "tests/ui/operator_samples.h"
#include "ui/kit/catalogue.h"
#include "ui/views/operator/operator.h"

namespace beside::views {
namespace {

// A screen without a window: an ImGui context, frames by hand, clicks by widget name.
struct Stage {
  ImGuiContext* context = ImGui::CreateContext();
  std::unique_ptr<kit::Ui> ui;
  OperatorState state;
  OperatorHost host;
  std::vector<RemoteView> drawn;
  std::string copied;
  bool picture_has_keys = false;
  session::OperatorSnapshot snapshot;
  ManualClock clock;

  explicit Stage(float width = 1280, float height = 800, float scale = 1) {
    ImGuiIO& io = ImGui::GetIO();
    io.DisplaySize = {width, height};
    for (int i = 0; i < ImGuiKey_COUNT; ++i) io.KeyMap[i] = -1;
    io.KeyMap[ImGuiKey_Tab] = 258;
    io.KeyMap[ImGuiKey_Enter] = 257;
    io.KeyMap[ImGuiKey_Escape] = 256;
    io.KeyMap[ImGuiKey_Backspace] = 259;
    io.KeyMap[ImGuiKey_Space] = 32;
    auto made = kit::Ui::create(kit::ThemeName::Light, scale);
    REQUIRE(made);
    ui = std::move(*made);
    host.draw_remote = [this](const RemoteView& view) {
      drawn.push_back(view);
      RemoteViewState s;
      s.has_picture = true;
      s.picture_width = 1920;
      s.picture_height = 1080;
      s.focused = view.take_focus || (picture_has_keys && !view.release_focus);
      s.shown_x = view.x;
      s.shown_y = view.y;
      s.shown_width = view.width;
      s.shown_height = view.height;
      return s;
    };
    host.copy = [this](const std::string& text) { copied = text; };
  }
  ~Stage() {
    ui.reset();
    ImGui::DestroyContext(context);
  }
  void use(const char* name) {
    for (auto& sample : samples::operator_samples(clock.now())) {
      if (sample.name == name) {
        snapshot = sample.snapshot;
        return;
      }
    }
    FAIL("no sample ", name);
  }
  OperatorOut frame() {
    if (ui->fonts().update()) CHECK(ImGui::GetIO().Fonts->IsBuilt());
    ImGui::GetIO().DeltaTime = 1.0F / 60;
    clock.advance(16ms);
    drawn.clear();
    ImGui::NewFrame();
    ui->begin_frame(clock.now(), clock.unix_ms());
    OperatorOut out = draw_operator(*ui, snapshot, state, host);
    ui->end_frame();
    ImGui::Render();
    return out;
  }
  void settle() {
    for (int i = 0; i < 4; ++i) (void)frame();
  }
  OperatorOut click(const char* label) {
    const kit::Widget* w = ui->map().find(label);
    REQUIRE_MESSAGE(w != nullptr, label);
    ImGuiIO& io = ImGui::GetIO();
    io.MousePos = {static_cast<float>(w->rect.x) + static_cast<float>(w->rect.width) / 2, static_cast<float>(w->rect.y) + static_cast<float>(w->rect.height) / 2};
    OperatorOut all = frame();
    const auto add = [&](OperatorOut more) { all.insert(all.end(), more.begin(), more.end()); };
    io.MouseDown[0] = true;
    add(frame());
    io.MouseDown[0] = false;
    add(frame());
    add(frame());
    return all;
  }
  OperatorOut key(int code, bool ctrl = false) {
    ImGuiIO& io = ImGui::GetIO();
    io.KeyCtrl = ctrl;
    io.KeysDown[code] = true;
    OperatorOut all = frame();
    io.KeysDown[code] = false;
    io.KeyCtrl = false;
    OperatorOut more = frame();
    all.insert(all.end(), more.begin(), more.end());
    return all;
  }
  void type(const char* text) {
    ImGui::GetIO().AddInputCharactersUTF8(text);
    (void)frame();
  }
};

template <typename T>
const T* find(const OperatorOut& out) {
  for (const auto& command : out) {
    if (const T* hit = std::get_if<T>(&command)) return hit;
  }
  return nullptr;
}

}  // namespace

TEST_CASE("Every state draws at every size and language without cut words") {
  const struct {
    float width, height, scale;
  } sizes[] = {{1280, 800, 1}, {1920, 1080, 1}, {2560, 1600, 2}, {900, 600, 1}};
  for (const char* language : {"en", "de", "it"}) {
    REQUIRE(kit::set_language(language));
    for (const auto& size : sizes) {
      Stage stage(size.width, size.height, size.scale);
      for (const auto& sample : samples::operator_samples(stage.clock.now())) {
        stage.state = {};
        stage.snapshot = sample.snapshot;
        stage.settle();
        CHECK_MESSAGE(stage.ui->map().widgets().size() > 4, sample.name);
        for (const kit::Widget& w : stage.ui->map().widgets()) {
          // Names of people, paths and codes may end in dots; our own words may not.
          const bool button = w.role == kit::Role::Button || w.role == kit::Role::Check;
          const bool ours = button || w.label.starts_with("rights.");
          CHECK_MESSAGE(!(w.cut && ours), language, " ", size.width, " ", sample.name, ": ", w.label, " ", w.text);
          if (button) {
            const bool inside = w.rect.x >= 0 && w.rect.right() <= static_cast<int>(size.width) + 1;
            CHECK_MESSAGE(inside, language, " ", size.width, " ", sample.name, ": ", w.label, " reaches out");
          }
        }
      }
    }
  }
  REQUIRE(kit::set_language("en"));
}

TEST_CASE("The names of the rights stand whole beside what can be done about them, in every language") {
  for (const char* language : {"en", "de", "it"}) {
    REQUIRE(kit::set_language(language));
    Stage stage;
    for (const char* sample : {"live_talk", "live_asked", "live_control"}) {
      stage.use(sample);
      stage.settle();
      for (const char* right : {"rights.see", "rights.point", "rights.control"}) {
        const kit::Widget* w = stage.ui->map().find(right);
        REQUIRE(w != nullptr);
        const kit::Extent whole = kit::measure_text(*stage.ui, w->text, {}, static_cast<float>(w->rect.width + 1));
        CHECK_MESSAGE(whole.height <= static_cast<float>(w->rect.height + 1), language, " ", sample, " ", w->text);
      }
    }
  }
  REQUIRE(kit::set_language("en"));
}

TEST_CASE("In a pane of any width nothing in its head lies on something else, and ending is always at hand") {
  for (const char* language : {"en", "de", "it"}) {
    REQUIRE(kit::set_language(language));
    for (const float width : {320.0F, 360.0F, 420.0F, 520.0F, 640.0F, 760.0F, 960.0F, 1280.0F}) {
      Stage stage(width, 240);
      for (const char* sample : {"live_talk", "live_see", "live_control", "live_hidden"}) {
        stage.use(sample);
        stage.state.details_hidden = true;
        stage.settle();
        std::vector<const kit::Widget*> head;
        for (const char* label : {"pane.name", "pane.right_see", "pane.right_point", "pane.right_control", "pane.hidden", "pane.talk_only", "pane.minutes", "pane.latency", "pane.details", "pane.end"}) {
          if (const kit::Widget* w = stage.ui->map().find(label)) head.push_back(w);
        }
        REQUIRE(stage.ui->map().find("pane.end") != nullptr);
        for (std::size_t i = 0; i < head.size(); ++i) {
          CHECK_MESSAGE(head[i]->rect.right() <= static_cast<int>(width), std::string(sample), " ", head[i]->label);
          for (std::size_t j = i + 1; j < head.size(); ++j) CHECK_MESSAGE(head[i]->rect.clipped_to(head[j]->rect).empty(), std::string(language), " ", width, " ", std::string(sample), ": ", head[i]->label, " and ", head[j]->label);
        }
      }
    }
  }
  REQUIRE(kit::set_language("en"));
}

TEST_CASE("The code page shows and copies the code and the new one after a wrong try") {
  Stage stage;
  stage.use("wrong_try");
  stage.settle();
  REQUIRE(stage.ui->map().find("code.value") != nullptr);
  CHECK(stage.ui->map().find("code.value")->text == "482 913 5074");
  CHECK(stage.ui->map().find("code.wrong_try_title") != nullptr);
  (void)stage.click("code.copy");
  CHECK(stage.copied == "482 913 5074");
}

TEST_CASE("Of a code that somebody in between killed, the code page says so, and does not speak of a wrong try") {
  Stage stage;
  stage.use("code_tampered");
  stage.settle();
  CHECK(stage.ui->map().find("code.wrong_try_title") == nullptr);
  REQUIRE(stage.ui->map().find("code.notice.title") != nullptr);
  CHECK(stage.ui->map().find("code.notice.title")->text == "Somebody may be in between");
  CHECK(stage.ui->map().find("session.3.state")->text == "Somebody may be in between");
  CHECK(find<session::DismissNotice>(stage.click("code.notice.dismiss")) != nullptr);
}

TEST_CASE("Signing in sends login and password once and forgets the password") {
  Stage stage;
  stage.use("sign_in");
  stage.state.login = "anna";
  stage.state.password = "Secret1!";
  stage.settle();
  const OperatorOut out = stage.click("sign_in.go");
  const auto* sent = find<session::SignIn>(out);
  REQUIRE(sent != nullptr);
  CHECK(sent->login == "anna");
  CHECK(sent->password == "Secret1!");
  CHECK(stage.state.password.empty());
}

TEST_CASE("An invitation is redeemed only with a password that meets every rule") {
  Stage stage;
  stage.use("redeem");
  stage.state.invitation = "abc";
  stage.state.display_name = "Anna";
  stage.state.new_password = stage.state.repeat_password = "weakpass";
  stage.settle();
  CHECK_FALSE(stage.ui->map().find("redeem.go")->enabled);
  stage.state.new_password = stage.state.repeat_password = "Strong-1x";
  stage.settle();
  CHECK(stage.ui->map().find("redeem.go")->enabled);
  CHECK(find<session::Redeem>(stage.click("redeem.go")) != nullptr);
}

TEST_CASE("A password being typed again is wrong only where it differs, and the button stays where it is until then") {
  Stage stage;
  stage.use("redeem");
  stage.state.invitation = "abc";
  stage.state.display_name = "Anna";
  stage.state.new_password = "Strong-1x";
  stage.settle();
  const auto place = stage.ui->map().find("redeem.go")->rect;
  for (const char* half : {"S", "Strong", "Strong-1x"}) {
    stage.state.repeat_password = half;
    stage.settle();
    CHECK(stage.ui->map().find("redeem.repeat.error") == nullptr);
    CHECK(stage.ui->map().find("redeem.go")->rect.y == place.y);
  }
  for (const char* other : {"s", "Strong_", "Strong-1xx"}) {
    stage.state.repeat_password = other;
    stage.settle();
    CHECK(stage.ui->map().find("redeem.repeat.error") != nullptr);
    CHECK_FALSE(stage.ui->map().find("redeem.go")->enabled);
  }
}

TEST_CASE("Leaving asks first while a customer is at the other end, and does it when it is meant") {
  Stage stage;
  stage.use("live_talk");
  stage.settle();
  OperatorOut out;
  leave(stage.snapshot, stage.state, out, OperatorState::Leaving::Quit);
  CHECK(out.empty());
  stage.settle();
  CHECK(stage.ui->map().find("leave.what") != nullptr);
  CHECK(find<session::Quit>(stage.click("leave.stay")) == nullptr);
  stage.settle();
  CHECK(stage.ui->map().find("leave.what") == nullptr);
  leave(stage.snapshot, stage.state, out, OperatorState::Leaving::Quit);
  stage.settle();
  CHECK(find<session::Quit>(stage.click("leave.do")) != nullptr);
  // Asked once more while it asks, as by closing the window again: it is meant.
  leave(stage.snapshot, stage.state, out, OperatorState::Leaving::Quit);
  leave(stage.snapshot, stage.state, out, OperatorState::Leaving::Quit);
  CHECK(find<session::Quit>(out) != nullptr);
  // Nobody there: nothing to ask.
  stage.snapshot.sessions.clear();
  out.clear();
  leave(stage.snapshot, stage.state, out, OperatorState::Leaving::SignOut);
  CHECK(find<session::SignOut>(out) != nullptr);
}

TEST_CASE("In a narrow window the details come in the list's place when they are asked for") {
  Stage stage;
  stage.use("live_talk");
  ImGui::GetIO().DisplaySize = {900, 600};
  stage.settle();
  CHECK(stage.ui->map().find("chat.field") == nullptr);
  CHECK(stage.state.narrow);
  (void)stage.click("pane.details");
  stage.settle();
  REQUIRE(stage.ui->map().find("chat.field") != nullptr);
  CHECK(stage.ui->map().find("chat.field")->rect.right() <= 900);
  (void)stage.click("pane.details");
  stage.settle();
  CHECK(stage.ui->map().find("chat.field") == nullptr);
}

TEST_CASE("Asking needs a right and carries the reason") {
  Stage stage;
  stage.use("live_talk");
  stage.settle();
  (void)stage.click("pane.ask_control");
  stage.settle();
  REQUIRE(stage.state.ask_open);
  stage.state.ask_reason = "  ";
  stage.settle();
  CHECK_FALSE(stage.ui->map().find("ask.send")->enabled);
  const auto told = [&] { return stage.ui->map().find("ask.reason.error") != nullptr; };
  stage.state.ask_reason = std::string(198, 'a');
  stage.settle();
  CHECK(told());   // more would not reach the customer
  stage.state.ask_reason = "printer";
  stage.settle();
  CHECK_FALSE(told());
  const OperatorOut out = stage.click("ask.send");
  const auto* sent = find<session::AskRights>(out);
  REQUIRE(sent != nullptr);
  CHECK(sent->rights == (Right::See | Right::Control));
  CHECK(sent->reason == "printer");
  CHECK(sent->session == 1);
}

TEST_CASE("Rights decide what the picture takes as input") {
  const struct {
    const char* sample;
    RemoteInput input;
  } table[] = {{"live_see", RemoteInput::None}, {"live_control", RemoteInput::Control}, {"panel_hidden", RemoteInput::None}, {"recovering", RemoteInput::None}};
  for (const auto& row : table) {
    Stage stage;
    stage.use(row.sample);
    stage.settle();
    bool seen = false;
    for (const RemoteView& view : stage.drawn) {
      if (view.thumbnail) continue;
      seen = true;
      CHECK_MESSAGE(view.input == row.input, row.sample);
    }
    CHECK_MESSAGE(seen, row.sample);
  }
}

TEST_CASE("A stale picture is veiled and says why in words") {
  for (const char* name : {"stale", "panel_hidden", "recovering"}) {
    Stage stage;
    stage.use(name);
    stage.settle();
    REQUIRE_MESSAGE(stage.ui->map().find("pane.veil") != nullptr, name);
    CHECK_MESSAGE(stage.ui->map().find("pane.veil")->text.size() > 10, name);
  }
}

// During a hole the bar said "Fast path" and the list "You control" for three seconds more than the picture was veiled.
TEST_CASE("The status bar and the list say that the line is silent from the moment on at which the picture is veiled for it") {
  for (const char* name : {"silent", "recovering"}) {
    Stage stage;
    stage.use(name);
    stage.settle();
    REQUIRE_MESSAGE(stage.ui->map().find("pane.veil") != nullptr, name);
    REQUIRE_MESSAGE(stage.ui->map().find("status.line") != nullptr, name);
    CHECK(stage.ui->map().find("status.line")->text.find("reconnecting") != std::string::npos);
    CHECK(stage.ui->map().find("status.rung") == nullptr);
    CHECK(stage.ui->map().find("status.rtt") == nullptr);
    const std::string state = session_state_text(stage.snapshot.sessions.back());
    CHECK(state.find("reconnecting") != std::string::npos);
  }
}

TEST_CASE("The operator sees which way the customer's media takes where it is not the usual one") {
  Stage stage;
  stage.use("live_control");
  stage.settle();
  CHECK(stage.ui->map().find("status.peer_rung") == nullptr);
  stage.use("customer_on_tls");
  stage.settle();
  REQUIRE(stage.ui->map().find("status.peer_rung") != nullptr);
  const std::string words = stage.ui->map().find("status.peer_rung")->text;
  CHECK(words.find("TLS") != std::string::npos);
  CHECK(words.find("that network blocks UDP") != std::string::npos);
  (void)stage.click("tool.ladder");
  stage.settle();
  REQUIRE(stage.ui->map().find("ladder.failed_ways") != nullptr);
  CHECK(stage.ui->map().find("ladder.failed_ways")->text == "Ways out that failed here: to the relay: proxy not understood \u00d7 3 (of 4 tries)");
  stage.snapshot.sessions.back().media.failed_ways = "control: timeout 1 of 1 tries; udp: no_answer 2, of_later_versions 3 of 5 tries";
  for (const auto& [language, said] : {std::pair{"de", "zum Relay: dauerte zu lange \u00d7 1 (bei 1 Versuch); UDP: keine Antwort \u00d7 2, of_later_versions \u00d7 3 (bei 5 Versuchen)"},
                                        std::pair{"it", "verso il relay: troppo lenta \u00d7 1 (su 1 tentativo); UDP: nessuna risposta \u00d7 2, of_later_versions \u00d7 3 (su 5 tentativi)"}}) {
    REQUIRE(kit::set_language(language));
    stage.settle();
    CHECK(stage.ui->map().find("ladder.failed_ways")->text.ends_with(said));
  }
  REQUIRE(kit::set_language("en"));
}

TEST_CASE("What a narrow line gives up is said beside the way that the picture takes, and nothing where it gives up nothing") {
  Stage stage;
  stage.use("live_control");
  stage.settle();
  CHECK(stage.ui->map().find("status.quality") == nullptr);
  stage.use("narrow");
  stage.settle();
  REQUIRE(stage.ui->map().find("status.quality") != nullptr);
  const std::string words = stage.ui->map().find("status.quality")->text;
  CHECK(words.find('8') != std::string::npos);
  CHECK(words.find("half size") != std::string::npos);
  (void)stage.click("tool.ladder");
  stage.settle();
  REQUIRE(stage.ui->map().find("ladder.path") != nullptr);
  CHECK(stage.ui->map().find("ladder.path")->text.find("1452") != std::string::npos);
}

TEST_CASE("A pointer that moves over the picture asks for its veil to come early, one that rests there asks for nothing") {
  Stage stage;
  stage.use("live_see");
  stage.settle();
  const auto frames = [&](int count) {
    int told = 0;
    for (int i = 0; i < count; ++i) {
      for (const auto& command : stage.frame()) told += std::holds_alternative<session::WatchPicture>(command) ? 1 : 0;
    }
    return told;
  };
  REQUIRE(stage.ui->map().find("remote") != nullptr);
  const Rect at = stage.ui->map().find("remote")->rect;
  const auto point_at = [&](int x, int y) {
    ImGui::GetIO().MousePos = {static_cast<float>(x), static_cast<float>(y)};
    return frames(2);
  };
  const int x = at.x + at.width / 2, y = at.y + at.height / 2;
  CHECK(point_at(x, y) == 1);
  CHECK(frames(120) == 0);
  CHECK(point_at(x + 3, y) == 1);
  int told = 0;
  for (int i = 0; i < 60; ++i) told += point_at(x + i, y);      // two seconds of moving: told some times a second, not each frame
  CHECK(told >= 4);
  CHECK(told <= 10);
  CHECK(point_at(1, 1) == 0);
  CHECK(frames(120) == 0);
}

TEST_CASE("What is told of a kept picture leaves the remote picture where it is, takes the pointer and goes by itself, but not while it asks") {
  using State = session::SessionView::Kept::State;
  Stage stage;
  stage.use("live_control");
  stage.settle();
  const Rect before = stage.ui->map().find("remote")->rect;
  stage.use("live_kept");
  stage.settle();
  CHECK(stage.ui->map().find("remote")->rect == before);
  const auto forgotten = [&](seconds time) {
    bool seen = false;
    for (const LocalTime until = stage.clock.now() + time; stage.clock.now() < until; stage.clock.advance(200ms)) seen = seen || find<session::ForgetScreenshot>(stage.frame()) != nullptr;
    return seen;
  };
  const Rect words = stage.ui->map().find("kept.words")->rect;
  ImGui::GetIO().MousePos = {static_cast<float>(words.x + 2), static_cast<float>(words.y + 2)};
  stage.settle();
  CHECK_FALSE(stage.drawn.back().hovered);
  CHECK(stage.drawn.back().is_covered(static_cast<float>(words.x + 2), static_cast<float>(words.y + 2)));
  CHECK_FALSE(forgotten(20s));   // it is being read
  ImGui::GetIO().MousePos = {1, 1};
  CHECK_FALSE(forgotten(7s));
  CHECK(stage.ui->wants().next() <= stage.clock.now() + 2s);
  CHECK(forgotten(2s));
  for (const State asks : {State::NotExact, State::Waiting, State::Failed}) {
    stage.snapshot.sessions.back().kept.state = asks;
    CHECK_FALSE(forgotten(20s));
  }
  CHECK(find<session::ForgetScreenshot>(stage.click("kept.close")) != nullptr);
  stage.use("live_control");
  stage.settle();
  CHECK(stage.drawn.back().covered.empty());
}

// A notice came while somebody typed: the picture shrank and went down under his hand. A click on the ladder went to the customer.
TEST_CASE("A notice and the ladder lie on the picture, which stays where it is, and take the pointer; they do not lie on each other") {
  for (const float width : {320.0F, 700.0F, 1280.0F, 1700.0F}) {
    Stage stage(width, width > 320 ? 800 : 400);
    stage.use("live_control");
    stage.settle();
    const Rect before = stage.ui->map().find("remote")->rect;
    stage.use("keys_dropped");
    stage.snapshot.sessions.back().kept.state = session::SessionView::Kept::State::Failed;
    stage.state.ladder_open = true;
    stage.settle();
    CHECK(stage.ui->map().find("remote")->rect == before);
    for (const char* label : {"pane.notice.title", "kept.words", "ladder.title"}) {
      const Rect words = stage.ui->map().find(label)->rect;
      ImGui::GetIO().MousePos = {static_cast<float>(words.x + 2), static_cast<float>(words.y + 2)};
      stage.settle();
      CHECK_FALSE(stage.drawn.back().hovered);
    }
    const std::vector<Rect>& cards = stage.drawn.back().covered;
    REQUIRE(cards.size() == 3);
    for (std::size_t i = 0; i < 3; ++i) CHECK_MESSAGE(cards[i].clipped_to(cards[(i + 1) % 3]).empty(), width, " ", i);
    const ImGuiWindow* pane = ImGui::FindWindowByName("pane");
    REQUIRE(pane != nullptr);
    CHECK_FALSE(pane->ScrollbarY);
    ImGui::GetIO().MousePos = {static_cast<float>(before.x + before.width / 2), static_cast<float>(before.bottom() - 20)};
    stage.settle();
    CHECK((stage.drawn.back().hovered || width < 1280));   // there the cards are as high as the picture
    CHECK(find<session::DismissNotice>(stage.click("pane.notice.dismiss")) != nullptr);
  }
}

// At 320 the last two buttons lay beyond the edge.
TEST_CASE("In a pane of any width all of the toolbar is within it, what does not fit in a menu") {
  for (const char* language : {"en", "de", "it"}) {
    REQUIRE(kit::set_language(language));
    for (const float width : {320.0F, 420.0F, 640.0F, 760.0F, 1280.0F}) {
      Stage stage(width, 400);
      stage.use("live_control");
      auto& s = stage.snapshot.sessions.back();
      s.granted = kBuiltRights;
      s.layout.monitors = {{1, {0, 0, 1920, 1080}, "one", true}, {2, {1920, 0, 1920, 1080}, "two", false}};
      for (const Rights asked : {Rights(), Rights(Right::Point)}) {
        s.asked = asked;
        stage.state.details_hidden = true;
        stage.settle();
        for (const kit::Widget& w : stage.ui->map().widgets())
          if (w.label.starts_with("tool.")) CHECK_MESSAGE(w.rect.right() <= static_cast<int>(width), std::string(language), " ", width, ": ", w.label);
        if (!asked.empty()) CHECK(find<session::WithdrawAsk>(stage.click("tool.withdraw")) != nullptr);
        if (stage.ui->map().find("tool.more") == nullptr) continue;
        (void)stage.click("tool.more");
        stage.settle();
        (void)stage.click("tool.more_ladder");
        CHECK(std::exchange(stage.state.ladder_open, false));
      }
      CHECK((stage.ui->map().find("tool.more") != nullptr) == (width < 400));
    }
  }
  REQUIRE(kit::set_language("en"));
}

TEST_CASE("Who rests on the picture's size in the status bar reads what the red dots on the picture mean") {
  Stage stage;
  stage.use("live_see");
  stage.settle();
  const auto tip = [] {
    const ImGuiWindow* window = ImGui::FindWindowByName("##Tooltip_00");
    return window != nullptr && window->Active;
  };
  const Rect at = stage.ui->map().find("status.size")->rect;
  ImGui::GetIO().MousePos = {static_cast<float>(at.x + 4), static_cast<float>(at.y + 4)};
  stage.settle();
  CHECK_FALSE(tip());
  stage.clock.advance(500ms);
  stage.settle();
  CHECK(tip());
}

TEST_CASE("Refused actions are told of for ten seconds after the last") {
  Stage stage;
  stage.use("control_paused");
  stage.settle();
  const auto told = [&] { return stage.ui->map().find("status.refused") != nullptr; };
  CHECK(told());
  stage.clock.advance(9s);
  stage.snapshot.sessions.back().refused_events += 1;
  stage.settle();
  stage.clock.advance(9s);
  stage.settle();
  CHECK(told());
  CHECK(stage.ui->wants().next() <= stage.clock.now() + 1s);
  stage.clock.advance(1s);
  stage.settle();
  CHECK_FALSE(told());
}

TEST_CASE("A request can be withdrawn in one place, with and without a picture") {
  for (const bool see : {false, true}) {
    Stage stage;
    stage.use("live_asked");
    auto& s = stage.snapshot.sessions.back();
    if (see) {
      s.granted = Rights(Right::See);
      s.asked = Rights(Right::Control);
    }
    stage.settle();
    CHECK((stage.ui->map().find("tool.withdraw") != nullptr) == see);
    CHECK((stage.ui->map().find("pane.withdraw") != nullptr) != see);
    CHECK(find<session::WithdrawAsk>(stage.click(see ? "tool.withdraw" : "pane.withdraw")) != nullptr);
  }
}

TEST_CASE("Opening the ladder asks for its figures and closing it ends that") {
  Stage stage;
  stage.use("live_control");
  stage.settle();
  const auto watched = [](const OperatorOut& out) {
    std::vector<bool> all;
    for (const auto& command : out) {
      if (const auto* watch = std::get_if<session::WatchLadder>(&command)) all.push_back(watch->on);
    }
    return all;
  };
  CHECK(watched(stage.click("tool.ladder")) == std::vector<bool>{true});
  CHECK(watched(stage.frame()).empty());
  for (const char* row : {"ladder.captured", "ladder.decided", "ladder.encoded", "ladder.sent", "ladder.received", "ladder.decoded", "ladder.shown"}) {
    REQUIRE_MESSAGE(stage.ui->map().find(row) != nullptr, row);
  }
  CHECK(stage.ui->map().find("ladder.shown")->text == "31 ms / 52 ms");
  CHECK(stage.ui->map().find("ladder.capture")->text == "X11 :0, MIT-SHM fd, XDamage; changes: CPU (0.49 ms, pass 7.39 ms)");
  CHECK(watched(stage.click("tool.ladder")) == std::vector<bool>{false});
}

TEST_CASE("Without the right to see there is no ladder over what asks for it") {
  Stage stage;
  stage.use("live_control");
  stage.state.ladder_open = true;
  stage.settle();
  REQUIRE(stage.ui->map().find("ladder.title") != nullptr);
  for (auto& session : stage.snapshot.sessions) session.granted = Rights();
  stage.settle();
  CHECK(stage.ui->map().find("ladder.title") == nullptr);
}

TEST_CASE("The ladder speaks the person's language, and no step's name reaches into its bar") {
  REQUIRE(kit::set_language("de"));
  Stage stage;
  stage.use("live_control");
  stage.snapshot.sessions.back().media.encoder = "exact tiles, H.264";
  stage.state.ladder_open = true;
  stage.settle();
  CHECK(stage.ui->map().find("ladder.capture")->text == "X11 :0, MIT-SHM fd, XDamage; Änderungen: CPU (0.49 ms, Durchgang 7.39 ms)");
  CHECK(stage.ui->map().find("ladder.encoder")->text == "Kodiert als: genaue Kacheln, H.264");
  CHECK_FALSE(stage.ui->map().find("ladder.captured.name")->cut);
  REQUIRE(kit::set_language("en"));
}

TEST_CASE("While the picture has the keyboard the console's keys are the customer's, but for Ctrl, Alt and Shift together") {
  constexpr int kF9 = 298;
  Stage stage;
  stage.use("live_control");
  stage.settle();
  CHECK(keys_text(stage.state, "F9") == "F9");
  CHECK(keys_text(stage.state, "Ctrl+Shift+C") == "Ctrl+Shift+C");
  CHECK(find<session::TakeScreenshot>(stage.key(kF9)) != nullptr);

  stage.picture_has_keys = true;
  stage.settle();
  REQUIRE(stage.state.remote_focused);
  CHECK(find<session::TakeScreenshot>(stage.key(kF9)) == nullptr);
  CHECK(keys_text(stage.state, "F9") == "Ctrl+Alt+Shift+F9");
  CHECK(keys_text(stage.state, "Ctrl+D") == "Ctrl+Alt+Shift+D");

  operator_chord(stage.state, 'i');
  CHECK(find<session::TakeScreenshot>(stage.frame()) != nullptr);
  CHECK(find<session::TakeScreenshot>(stage.frame()) == nullptr);
  CHECK(stage.state.remote_focused);
  operator_chord(stage.state, 'l');
  (void)stage.frame();
  CHECK(stage.state.ladder_open);
  // What opens something to type into takes the keyboard with it.
  operator_chord(stage.state, 'K');
  bool released = false;
  for (int i = 0; i < 3; ++i) {
    stage.drawn.clear();
    (void)stage.frame();
    for (const RemoteView& view : stage.drawn) released = released || view.release_focus;
  }
  CHECK(released);
  CHECK(stage.state.palette_open);
}

TEST_CASE("The picture gets the keyboard back when the line comes back, unless something else was chosen meanwhile") {
  for (const bool elsewhere : {false, true}) {
    Stage stage;
    stage.use("live_control");
    stage.settle();
    (void)stage.click("remote");
    stage.picture_has_keys = true;
    stage.settle();
    REQUIRE(stage.state.remote_focused);
    const auto asked = [&] {
      stage.drawn.clear();
      (void)stage.frame();
      return std::any_of(stage.drawn.begin(), stage.drawn.end(), [](const RemoteView& view) { return !view.thumbnail && view.take_focus; });
    };
    stage.snapshot.sessions.back().stage = session::SessionStage::Recovering;
    stage.picture_has_keys = false;
    CHECK_FALSE(asked());
    stage.settle();
    if (elsewhere) (void)stage.click("chat.field");
    stage.snapshot.sessions.back().stage = session::SessionStage::Live;
    CHECK(asked() != elsewhere);
    CHECK_FALSE(asked());   // once
  }
}

TEST_CASE("The palette finds an action by a few letters and runs it on Return") {
  Stage stage;
  stage.use("live_talk");
  stage.settle();
  (void)stage.key('K', true);
  stage.settle();
  REQUIRE(stage.state.palette_open);
  stage.type("newses");
  stage.settle();
  CHECK(stage.state.palette_query == "newses");
  OperatorOut out = stage.key(257);
  CHECK(find<session::NewSession>(out) != nullptr);
  CHECK_FALSE(stage.state.palette_open);
}

TEST_CASE("Letters in order score, word starts score more, strangers do not fit") {
  CHECK(fuzzy_score("ns", "New session") > fuzzy_score("es", "New session"));
  CHECK(fuzzy_score("xq", "New session") == -1);
  CHECK(fuzzy_score("", "New session") <= 0);
  CHECK(fuzzy_score("end", "End the session") > fuzzy_score("end", "Go to: Brendan"));
}

TEST_CASE("Every action of every state has words and runs without a mistake") {
  Stage stage;
  for (const auto& sample : samples::operator_samples(stage.clock.now())) {
    stage.state = {};
    stage.state.selected = sample.snapshot.sessions.empty() ? 0 : sample.snapshot.sessions.back().local_id;
    std::set<std::string> ids;
    for (const Action& action : operator_actions(sample.snapshot, stage.state, stage.host)) {
      CHECK_MESSAGE(ids.insert(action.id).second, sample.name, " ", action.id);
      CHECK(action.label.find("op.") == std::string::npos);
      OperatorState copy = stage.state;
      OperatorOut out;
      action.run(copy, out);
    }
  }
}

TEST_CASE("A chord presses in order and releases in reverse") {
  session::SessionView s;
  s.local_id = 5;
  OperatorOut out;
  send_chord(s, chords().front(), out);
  REQUIRE(out.size() == 6);
  const auto& last = std::get<session::SendInput>(out.back());
  CHECK(last.session == 5);
  CHECK(last.event.kind == InputKind::KeyUp);
  CHECK(last.event.hid_usage == 0xe0);
  CHECK(std::get<session::SendInput>(out[2]).event.modifiers == (modifier::kControl | modifier::kAlt));
}

TEST_CASE("Ending asks first") {
  Stage stage;
  stage.use("live_control");
  stage.settle();
  OperatorOut out = stage.click("pane.end");
  CHECK(find<session::EndSession>(out) == nullptr);
  stage.settle();
  out = stage.click("end.do");
  REQUIRE(find<session::EndSession>(out) != nullptr);
  CHECK(find<session::EndSession>(out)->session == 1);
}

// A session that ended while "Ask" was open made its end page appear under the dialog, and ImGui 1.86 asserted.
TEST_CASE("A screen may appear while a dialog is open") {
  Stage stage;
  stage.use("live_talk");
  stage.settle();
  (void)stage.click("pane.ask_see");
  stage.settle();
  stage.use("ended");
  stage.settle();
  CHECK(stage.ui->map().find("ended.heading") != nullptr);
}

TEST_CASE("A session in the list comes into view when it is chosen") {
  Stage stage;
  stage.use("live_control");
  stage.settle();
  CHECK(stage.state.selected == 1);
  (void)stage.click("session.3");
  CHECK(stage.state.selected == 3);
  stage.settle();
  CHECK(stage.ui->map().find("code.value") != nullptr);
}

}  // namespace beside::views
