// SPDX-License-Identifier: GPL-3.0-or-later
#include <doctest/doctest.h>
#include <imgui.h>

#define GLFW_INCLUDE_NONE
#include <GLFW/glfw3.h>

#include <string>
#include <vector>

#include "ui/shell/hid_keys.h"
#include "ui/shell/input_queue.h"
#include "ui/shell/remote_control.h"
#include "ui/shell/window_visibility.h"

namespace beside::shell {
namespace {

// X key codes (evdev code + 8) of the keys used here.
constexpr std::uint32_t kShiftKey = 50, kQ = 24, kA = 38, kC = 54, kCtrl = 37, kAlt = 64, kAltGr = 108, kAcute = 21, kE = 26, kL = 46, kMinusKey = 20;

struct Recorder {
  std::vector<InputEvent> events;
  std::string chords;
  RemoteControl control{[this](std::uint32_t, const InputEvent& e) { events.push_back(e); }, [this](char c) { chords += c; }};
  void show(RemoteInput input, bool take_focus = true) { frame(input, take_focus, true, 0); }
  // One frame, which found our own things under the pointer or not, and took these presses.
  void hover(bool hovered, std::uint32_t clicked) { frame(RemoteInput::Control, hovered && (clicked & 2U) != 0, hovered, clicked); }
  void frame(RemoteInput input, bool take_focus, bool hovered, std::uint32_t clicked) {
    RemoteView view;
    view.session = 7;
    view.x = 100;
    view.y = 50;
    view.width = 800;
    view.height = 600;
    view.fit = RemoteFit::OneToOne;
    view.input = input;
    view.hovered = hovered;
    view.clicked = clicked;
    view.take_focus = take_focus;
    view.layout_generation = generation;
    view.monitor_id = 2;
    control.set_view(view, RemotePlacement::place(view, width, 600, 0, 0));
  }
  std::uint32_t generation = 3;
  int width = 800;
  void type(KeyboardReader& keyboard, std::uint32_t code) {
    control.key(code, keyboard.press(code), true);
    control.key(code, keyboard.release(code), false);
  }
  std::string texts() const {
    std::string all;
    for (const auto& e : events) {
      if (e.kind == InputKind::KeyDown || e.kind == InputKind::Text) all += std::string(e.text_view());
    }
    return all;
  }
};

std::unique_ptr<KeyboardReader> german() {
  auto made = KeyboardReader::create_for_layout("de", "", "en_US.UTF-8");
  REQUIRE(made);
  return std::move(*made);
}

}  // namespace

TEST_CASE("HID usages and evdev codes map onto each other without loss") {
  int known = 0;
  for (std::uint32_t code = 0; code < 256; ++code) {
    const auto usage = hid_from_evdev(code);
    if (usage == 0) continue;
    ++known;
    CHECK(evdev_from_hid(usage) == code);
  }
  CHECK(known > 120);
  CHECK(hid_from_evdev(30) == hid::kA);
  CHECK(hid_from_evdev(1) == hid::kEscape);
  CHECK(hid_from_evdev(100) == hid::kRightAlt);
  CHECK(hid_from_evdev(9999) == 0);
  CHECK(evdev_from_hid(9999) == 0);
}

TEST_CASE("A German keyboard's characters arrive with position, keysym and text") {
  auto keyboard = german();
  Recorder r;
  r.show(RemoteInput::Control);
  r.control.key(kAltGr, keyboard->press(kAltGr), true);
  r.type(*keyboard, kQ);
  r.control.key(kAltGr, keyboard->release(kAltGr), false);
  r.type(*keyboard, kMinusKey);
  CHECK(r.texts() == "@ß");
  const InputEvent& at = r.events[1];
  CHECK(at.hid_usage == 0x14);
  CHECK(at.keysym == 0x40);
  CHECK((at.modifiers & modifier::kAltGr) != 0);
  CHECK(at.layout_generation == 3);
  CHECK(at.monitor_id == 2);
}

TEST_CASE("A shortcut carries no control character as text") {
  auto keyboard = german();
  Recorder r;
  r.show(RemoteInput::Control);
  r.control.key(kCtrl, keyboard->press(kCtrl), true);
  r.type(*keyboard, kC);
  REQUIRE(r.events.size() == 3);
  CHECK(r.events[1].text_view().empty());
  CHECK(r.events[1].keysym == 'c');
  CHECK((r.events[1].modifiers & modifier::kControl) != 0);
}

TEST_CASE("Dead keys go out as the composed text alone") {
  auto keyboard = german();
  Recorder r;
  r.show(RemoteInput::Control);
  r.type(*keyboard, kAcute);
  CHECK(r.events.empty());
  r.type(*keyboard, kE);
  REQUIRE(r.events.size() == 1);
  CHECK(r.events[0].kind == InputKind::Text);
  CHECK(r.events[0].text_view() == "é");
}

TEST_CASE("Held keys are let go once when the window loses the focus and their releases stay here") {
  auto keyboard = german();
  Recorder r;
  r.show(RemoteInput::Control);
  r.control.key(kShiftKey, keyboard->press(kShiftKey), true);
  r.control.key(kA, keyboard->press(kA), true);
  r.control.window_focus_lost();
  REQUIRE(r.events.size() == 3);
  CHECK(r.events[2].kind == InputKind::ReleaseAll);
  CHECK_FALSE(r.control.focused());
  r.control.key(kA, keyboard->release(kA), false);
  CHECK(r.events.size() == 3);
}

TEST_CASE("Auto-repeat of a held key sends nothing further") {
  auto keyboard = german();
  Recorder r;
  r.show(RemoteInput::Control);
  const KeyReading a = keyboard->press(kA);
  CHECK(r.control.key(kA, a, true));
  CHECK(r.control.key(kA, a, true));
  CHECK(r.events.size() == 1);
}

TEST_CASE("Ctrl, Alt and Shift with a letter stay local and the customer's machine lets go first") {
  auto keyboard = german();
  Recorder r;
  r.show(RemoteInput::Control);
  for (const std::uint32_t code : {kCtrl, kAlt, kShiftKey}) r.control.key(code, keyboard->press(code), true);
  const auto before = r.events.size();
  r.type(*keyboard, kL);
  CHECK(r.chords == "L");
  REQUIRE(r.events.size() == before + 1);
  CHECK(r.events.back().kind == InputKind::ReleaseAll);
}

TEST_CASE("Ctrl, Alt and Shift with a function key name it to the window, without them it is the customer's") {
  constexpr std::uint32_t kF9 = 75;
  auto keyboard = german();
  Recorder r;
  r.show(RemoteInput::Control);
  r.type(*keyboard, kF9);
  CHECK(r.chords.empty());
  REQUIRE(r.events.size() == 2);
  for (const std::uint32_t code : {kCtrl, kAlt, kShiftKey}) r.control.key(code, keyboard->press(code), true);
  r.type(*keyboard, kF9);
  CHECK(r.chords == "i");
}

TEST_CASE("Losing the right to control lets go and takes the focus away") {
  auto keyboard = german();
  Recorder r;
  r.show(RemoteInput::Control);
  r.control.key(kA, keyboard->press(kA), true);
  r.show(RemoteInput::None);
  CHECK(r.events.back().kind == InputKind::ReleaseAll);
  CHECK_FALSE(r.control.focused());
  CHECK_FALSE(r.control.key(kE, keyboard->press(kE), true));
}

TEST_CASE("Pointer moves are sent once a batch, buttons at their place, drags end where they end") {
  Recorder r;
  r.show(RemoteInput::Control);
  r.control.pointer(150, 80);
  r.control.pointer(499.5F, 349.5F);
  r.control.flush();
  REQUIRE(r.events.size() == 1);
  CHECK(r.events[0].kind == InputKind::PointerMove);
  CHECK(r.events[0].x == 32768);
  CHECK(r.events[0].y == 32768);
  CHECK(r.control.button(1, true));
  r.control.pointer(2000, 349.5F);   // outside: clamped, since the button is held
  CHECK(r.control.button(1, false));
  CHECK(r.events.back().kind == InputKind::ButtonUp);
  CHECK(r.events.back().x == 65535);
  CHECK_FALSE(r.control.button(1, true));   // outside: ours
  CHECK_FALSE(r.control.wheel(0, 120));
}

TEST_CASE("A press beside the picture ends typing into it before the next frame") {
  auto keyboard = german();
  Recorder r;
  r.show(RemoteInput::Control);
  REQUIRE(r.control.focused());
  r.control.pointer(-5, 10);
  CHECK_FALSE(r.control.button(1, true));
  CHECK_FALSE(r.control.focused());
  r.type(*keyboard, kQ);
  CHECK(r.texts().empty());
}

TEST_CASE("Pointing shows a mark over the picture and hides it outside") {
  Recorder r;
  r.show(RemoteInput::Point);
  r.control.pointer(300, 200);
  r.control.flush();
  r.control.pointer(10, 10);
  r.control.flush();
  REQUIRE(r.events.size() == 2);
  CHECK(r.events[0].kind == InputKind::PointMark);
  CHECK(r.events[1].kind == InputKind::PointHide);
  CHECK_FALSE(r.control.button(1, true));
}

TEST_CASE("A pointer that rests over the picture shows its mark when pointing becomes possible") {
  Recorder r;
  r.show(RemoteInput::None);
  r.control.pointer(300, 200);
  r.control.flush();
  CHECK(r.events.empty());
  r.frame(RemoteInput::Point, false, false, 0);   // something of ours lies there
  r.control.flush();
  CHECK(r.events.empty());
  r.show(RemoteInput::None);
  r.show(RemoteInput::Point);
  r.control.flush();
  REQUIRE(r.events.size() == 1);
  CHECK(r.events[0].kind == InputKind::PointMark);
  r.show(RemoteInput::Point);
  r.control.flush();
  CHECK(r.events.size() == 1);   // once
}

// An operator who rested his pointer on what he spoke of had the customer look for a mark that had gone after three seconds.
TEST_CASE("The mark of a pointer that rests is sent again while it points, but not of one that was left lying there") {
  Recorder r;
  r.show(RemoteInput::Point);
  LocalTime now = LocalTime{} + 100s;
  CHECK(r.control.keep_mark(now) == kNever);
  r.control.pointer(300, 200);
  r.control.flush();
  REQUIRE(r.events.size() == 1);
  CHECK(r.control.keep_mark(now) == now + RemoteControl::kMarkAgain);
  CHECK(r.events.size() == 1);
  const LocalTime since = now;
  for (LocalTime at = now; at != kNever; at = r.control.keep_mark(now)) now = at;
  CHECK(r.events.size() == 61);
  CHECK(now == since + RemoteControl::kMarkRests);
  CHECK(r.events.back().kind == InputKind::PointMark);
  CHECK(r.events.back().x == r.events.front().x);
  r.control.pointer(310, 200);
  r.control.flush();
  CHECK(r.control.keep_mark(now) == now + RemoteControl::kMarkAgain);
  r.control.pointer(10, 10);
  CHECK(r.events.back().kind == InputKind::PointHide);
  CHECK(r.control.keep_mark(now + 5s) == kNever);
}

// The customer's end drops a mark for a layout that it no longer has: after a change of the screen nothing was shown until the next move.
TEST_CASE("A mark that is shown is sent for the new layout at once, and goes where the pointer is no longer over the picture") {
  Recorder r;
  r.show(RemoteInput::Point);
  r.control.pointer(300, 200);
  r.control.flush();
  r.generation = 4;
  r.show(RemoteInput::Point);
  r.control.flush();
  REQUIRE(r.events.size() == 2);
  CHECK(r.events[1].kind == InputKind::PointMark);
  CHECK(r.events[1].layout_generation == 4);
  r.generation = 5;
  r.width = 100;
  r.show(RemoteInput::Point);
  r.control.flush();
  REQUIRE(r.events.size() == 3);
  CHECK(r.events[2].kind == InputKind::PointHide);
}

TEST_CASE("A press after a jump goes out when the frame that took it says that nothing of ours lay there") {
  Recorder b;
  b.show(RemoteInput::Control, false);
  b.hover(false, 0);
  b.control.pointer(300, 200);
  CHECK(!b.control.button(1, true));
  b.control.button(1, false);
  b.control.flush();
  CHECK(b.events.empty());
  SUBCASE("nothing lay there") {
    b.hover(true, 1U << 1);
    REQUIRE(b.events.size() == 3);
    CHECK(b.events[0].kind == InputKind::PointerMove);
    CHECK(b.events[1].kind == InputKind::ButtonDown);
    CHECK(b.events[2].kind == InputKind::ButtonUp);
    CHECK(b.events[0].x == b.events[1].x);
    CHECK(b.control.focused());
  }
  SUBCASE("it is pressed where it was, though the pointer has gone on") {
    b.control.pointer(500, 400);
    b.hover(true, 1U << 1);
    b.control.flush();
    REQUIRE(b.events.size() == 4);
    CHECK(b.events[1].x < b.events[3].x);
    CHECK(b.events[3].kind == InputKind::PointerMove);
  }
  SUBCASE("a menu of ours lay there, and closed with it") {
    b.hover(false, 1U << 1);
    b.hover(true, 0);
    b.control.flush();
    REQUIRE(b.events.size() == 1);   // where the pointer is, now that it can be told
    CHECK(b.events[0].kind == InputKind::PointerMove);
  }
  SUBCASE("no frame took it") {
    for (int i = 0; i < 4; ++i) b.hover(false, 0);
    b.hover(true, 1U << 1);
    for (const InputEvent& e : b.events) CHECK(e.kind == InputKind::PointerMove);
  }
  SUBCASE("the right went away") {
    b.show(RemoteInput::None, false);
    b.hover(true, 1U << 1);
    CHECK(b.events.empty());
  }
}

TEST_CASE("A fitted picture is centred and maps its corners to the ends of the range") {
  RemoteView view;
  view.x = 10;
  view.y = 20;
  view.width = 960;
  view.height = 960;
  const auto at = RemotePlacement::place(view, 1920, 1080, 0, 0);
  CHECK(at.scale == doctest::Approx(0.5));
  CHECK(at.x == 10);
  CHECK(at.y == 230);
  CHECK(at.width == 960);
  CHECK(at.height == 540);
  CHECK(at.normalised_x(9) == 0);
  CHECK(at.normalised_x(10 + 960) == 65535);
  CHECK(at.normalised_y(230 + 269.5F) == 32768);
}

TEST_CASE("A slightly smaller picture keeps its size, a much smaller one grows") {
  RemoteView view;
  view.width = 1200;
  view.height = 900;
  CHECK(RemotePlacement::place(view, 1000, 750, 0, 0).scale == 1.0F);
  CHECK(RemotePlacement::place(view, 600, 450, 0, 0).scale == doctest::Approx(2.0));
}

TEST_CASE("1:1 scrolls no further than the picture's edge") {
  RemoteView view;
  view.width = 800;
  view.height = 600;
  view.fit = RemoteFit::OneToOne;
  const auto end = RemotePlacement::place(view, 1920, 1080, 99999, 99999);
  CHECK(end.x == -1120);
  CHECK(end.y == -480);
  CHECK(end.normalised_x(799.5F) == 65535);
  CHECK(RemotePlacement::max_scroll(800, 1920) == 1120);
  CHECK(RemotePlacement::max_scroll(800, 640) == 0);
  CHECK(edge_push(5, 0, 800, 28) == -1);
  CHECK(edge_push(400, 0, 800, 28) == 0);
  CHECK(edge_push(790, 0, 800, 28) == 1);
  CHECK(edge_push(900, 0, 800, 28) == 0);
}

TEST_CASE("A panel is visible while three quarters of it show") {
  const std::vector<Rect> monitors{{0, 0, 1000, 800}, {0, 0, 1000, 800}};
  const Rect own{100, 100, 200, 100};
  CHECK(counts_as_visible(own, monitors, {}));
  CHECK(visible_pixels(own, monitors, {}) == 20000);
  CHECK(counts_as_visible(own, monitors, {{100, 100, 40, 100}}));
  CHECK_FALSE(counts_as_visible(own, monitors, {{100, 100, 60, 100}}));
  CHECK_FALSE(counts_as_visible(own, monitors, {{100, 100, 30, 100}, {270, 100, 30, 100}}));
  CHECK_FALSE(counts_as_visible({900, 100, 200, 100}, monitors, {}));
  CHECK_FALSE(counts_as_visible({0, 0, 0, 0}, monitors, {}));
}

TEST_CASE("A key pressed and released in one batch is seen by ImGui, and a word after a Tab waits") {
  ImGui::CreateContext();
  ImGuiIO& io = ImGui::GetIO();
  io.IniFilename = nullptr;   // no file beside the test
  InputQueue queue;
  queue.character('a');
  queue.key(GLFW_KEY_TAB, true);
  queue.key(GLFW_KEY_TAB, false);
  queue.character('b');
  CHECK(queue.apply(io));
  CHECK(io.InputQueueCharacters.Size == 1);
  CHECK_FALSE(io.KeysDown[GLFW_KEY_TAB]);
  io.InputQueueCharacters.resize(0);
  CHECK(queue.apply(io));
  CHECK(io.KeysDown[GLFW_KEY_TAB]);
  CHECK(io.InputQueueCharacters.Size == 0);
  CHECK_FALSE(queue.apply(io));
  CHECK_FALSE(io.KeysDown[GLFW_KEY_TAB]);
  CHECK(io.InputQueueCharacters.Size == 1);
  ImGui::DestroyContext();
}

TEST_CASE("Ctrl pressed and let go around a key in one batch is a chord, and takes no letter typed beside it") {
  ImGui::CreateContext();
  ImGuiIO& io = ImGui::GetIO();
  io.IniFilename = nullptr;   // no file beside the test
  InputQueue queue;
  queue.key(GLFW_KEY_B, true);
  queue.character('b');
  queue.key(GLFW_KEY_B, false);
  queue.key(GLFW_KEY_LEFT_CONTROL, true);
  queue.key(GLFW_KEY_A, true);
  queue.key(GLFW_KEY_A, false);
  queue.key(GLFW_KEY_LEFT_CONTROL, false);
  queue.key(GLFW_KEY_C, true);
  queue.character('c');
  queue.key(GLFW_KEY_C, false);
  int chords = 0;
  std::string typed;
  for (bool more = true; more;) {
    more = queue.apply(io);
    if (io.KeyCtrl && io.KeysDown[GLFW_KEY_A]) ++chords;
    CHECK_FALSE((io.KeyCtrl && io.InputQueueCharacters.Size > 0));
    for (const ImWchar c : io.InputQueueCharacters) typed += static_cast<char>(c);
    io.InputQueueCharacters.resize(0);
  }
  CHECK(chords == 1);
  CHECK(typed == "bc");
  CHECK_FALSE(io.KeyCtrl);
  ImGui::DestroyContext();
}

TEST_CASE("Two clicks at two places in one batch reach their places") {
  ImGui::CreateContext();
  ImGuiIO& io = ImGui::GetIO();
  io.IniFilename = nullptr;   // no file beside the test
  InputQueue queue;
  queue.move(10, 10);
  queue.button(0, true);
  queue.button(0, false);
  queue.move(50, 50);
  queue.button(0, true);
  CHECK(queue.apply(io));
  CHECK(io.MouseDown[0]);
  CHECK(io.MousePos.x == 10);
  CHECK(queue.apply(io));
  CHECK_FALSE(io.MouseDown[0]);
  CHECK(io.MousePos.x == 10);
  CHECK_FALSE(queue.apply(io));
  CHECK(io.MouseDown[0]);
  CHECK(io.MousePos.x == 50);
  ImGui::DestroyContext();
}

}  // namespace beside::shell
