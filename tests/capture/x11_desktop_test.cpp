// SPDX-License-Identifier: GPL-3.0-or-later
#include "capture/x11/x11_desktop.h"

#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>
#include <xcb/xcb.h>
#include <xcb/xtest.h>
#include <xkbcommon/xkbcommon-keysyms.h>

#include <atomic>
#include <csignal>
#include <cstring>
#include <thread>

#include "capture/x11/connection.h"
#include "capture/x11/input_devices.h"
#include "capture/x11/server_repeat.h"
#include "capture/x11/session_kind.h"
#include "capture/x11/xcb_xkb.h"
#include "tests/capture/support.h"

using namespace beside;
using namespace beside::capture;
using namespace beside::capture_test;
using ports::InjectOutcome;
using session::ConsentMachine;

namespace {

struct Rig {
  explicit Rig(const char* layout = "us", const std::vector<std::string>& extra = {}) : server(extra) {
    REQUIRE(server.ok());
    REQUIRE(server.run({"setxkbmap", layout}));
    typist = Child({TYPIST_WINDOW}, {"DISPLAY=" + server.display()});
    REQUIRE(typist.line(8000) == "ready");
    auto made = make_x11_desktop(server.display(), gate, own, layouts);
    REQUIRE(made);
    desktop = std::move(*made);
    REQUIRE(desktop->start({[this] { ++stops; }, [this] { ++touches; }, [this](Error) { lost = true; },
                            [this](const DesktopLayout& l) { told_width = l.width; }}));
    ConsentMachine::set(*gate, Right::Control | Rights(Right::Point));
    auto opened = Connection::open(server.display());
    REQUIRE(opened);
    person = std::move(*opened);
  }
  ~Rig() { desktop->stop(); }
  InputEvent event(InputKind kind) const {
    InputEvent e;
    e.kind = kind;
    e.layout_generation = layouts->current().generation;
    return e;
  }
  InputEvent key(InputKind kind, std::uint16_t hid, std::uint32_t keysym, const char* text = "", std::uint16_t mods = 0) const {
    auto e = event(kind);
    e.hid_usage = hid;
    e.keysym = keysym;
    e.modifiers = mods;
    std::memcpy(e.text.data(), text, std::strlen(text));
    return e;
  }
  InjectOutcome tap(std::uint16_t hid, std::uint32_t keysym, const char* text, std::uint16_t mods = 0) {
    const auto outcome = desktop->inject(key(InputKind::KeyDown, hid, keysym, text, mods));
    desktop->inject(key(InputKind::KeyUp, hid, keysym, text, mods));
    return outcome;
  }
  InputEvent pointer(InputKind kind, int x, int y, std::uint8_t button = 0) const {
    auto e = event(kind);
    e.x = static_cast<std::uint16_t>((x * 65536 + 32768) / 800);
    e.y = static_cast<std::uint16_t>((y * 65536 + 32768) / 600);
    e.button = button;
    return e;
  }
  // The next character that reached the customer's program; keys that make none are passed over.
  std::string typed() {
    while (auto line = typist.line(1500)) {
      if (line->rfind("key ", 0) != 0) continue;
      const auto a = line->find(' ', 4), b = line->find(' ', a + 1);
      const auto text = line->substr(a + 1, b - a - 1);
      if (text != "-") return text;
    }
    return "(nothing)";
  }
  void person_fakes(std::uint8_t type, std::uint8_t detail) {
    xcb_test_fake_input(person->xcb(), type, detail, XCB_CURRENT_TIME, XCB_NONE, 0, 0, 0);
    person->sync();
  }
  bool is_down(int keycode) {
    Reply<xcb_query_keymap_reply_t> keys(xcb_query_keymap_reply(person->xcb(), xcb_query_keymap(person->xcb()), nullptr));
    return keys && (keys->keys[keycode / 8] >> (keycode % 8) & 1) != 0;
  }
  // Keyboards of the server's that repeat: all of them, or all but XTEST's and what stands for them all.
  int repeating() const {
    int n = 0;
    for (std::uint16_t device = 2; device < 16; ++device) {
      Reply<xcb_xkb_get_controls_reply_t> controls(xcb_xkb_get_controls_reply(person->xcb(), xcb_xkb_get_controls(person->xcb(), device), nullptr));
      n += controls && (controls->enabledControls & XCB_XKB_BOOL_CTRL_REPEAT_KEYS) != 0 ? 1 : 0;
    }
    return n;
  }
  template <typename Test>
  bool soon(Test test) {
    const auto until = local_now() + 3s;
    while (!test())
      if (local_now() > until) return false;
      else person->sync();
    return true;
  }

  XServer server;
  Child typist;
  std::shared_ptr<ports::RightsGate> gate = std::make_shared<ports::RightsGate>();
  std::shared_ptr<ports::OwnWindows> own = std::make_shared<ports::OwnWindows>();
  std::shared_ptr<LayoutBook> layouts = std::make_shared<LayoutBook>();
  std::unique_ptr<ports::Desktop> desktop;
  std::unique_ptr<Connection> person;
  std::atomic<int> stops{0}, touches{0};
  std::atomic<bool> lost{false};
  std::atomic<int> told_width{0};   // of the layout
};

}  // namespace

TEST_CASE("a German operator's characters arrive on US, French, German and Russian keyboards") {
  BS_NEEDS_XVFB();
  for (const char* layout : {"us", "fr", "de", "ru", "us,ru"}) {
    Rig rig(layout);
    std::uint16_t hid = 4;
    for (const char* c : {"@", "{", "}", "é", "ß", "€", "ä", "Z", "y", "/", "\\", "é", "~", "ж"}) {
      CAPTURE(std::string(layout));
      CAPTURE(std::string(c));
      CHECK(rig.tap(hid++, 0, c, modifier::kAltGr) == InjectOutcome::Done);
      CHECK(rig.typed() == c);
    }
    auto text = rig.event(InputKind::Text);
    std::memcpy(text.text.data(), "ñ", 2);
    CHECK(rig.desktop->inject(text) == InjectOutcome::Done);
    CHECK(rig.typed() == "ñ");
    CHECK(rig.touches == 0);  // none of it was taken for the customer's
  }
}

TEST_CASE("a Shift that is held comes back after a character that must not have it") {
  BS_NEEDS_XVFB();
  Rig rig("us");
  rig.desktop->inject(rig.key(InputKind::KeyDown, 0xe1, XKB_KEY_Shift_L, "", modifier::kShift));
  CHECK(rig.tap(0x24, '/', "/", modifier::kShift) == InjectOutcome::Done);
  CHECK(rig.typed() == "/");
  CHECK(rig.tap(0x04, 'A', "A", modifier::kShift) == InjectOutcome::Done);
  CHECK(rig.typed() == "A");
  CHECK(rig.is_down(50));
  rig.desktop->inject(rig.key(InputKind::KeyUp, 0xe1, XKB_KEY_Shift_L));
  CHECK(rig.soon([&] { return !rig.is_down(50); }));   // letting go is not waited for
}

// A release that comes late must not type: the server would repeat after 0.66 s.
TEST_CASE("a key that is held types once for each time it goes down, and afterwards the server repeats as before") {
  BS_NEEDS_XVFB();
  Rig rig;
  const auto down = rig.key(InputKind::KeyDown, 14, XKB_KEY_k, "k");
  const int all = rig.repeating();
  REQUIRE(all >= 3);
  REQUIRE(rig.desktop->inject(down) == InjectOutcome::Done);
  CHECK(rig.typed() == "k");
  CHECK(rig.typed() == "(nothing)");   // in a second and a half
  CHECK(rig.repeating() == all - 2);
  CHECK(rig.desktop->inject(down) == InjectOutcome::Done);
  CHECK(rig.typed() == "k");
  rig.desktop->inject(rig.key(InputKind::KeyUp, 14, XKB_KEY_k));
  rig.desktop->release_all();
  REQUIRE(rig.desktop->inject(rig.event(InputKind::ReleaseAll)) == InjectOutcome::Done);   // both are through
  CHECK(rig.repeating() == all);
  rig.person_fakes(XCB_KEY_PRESS, 45);
  for (int i = 0; i < 3; ++i) CHECK(rig.typed() == "k");
  rig.person_fakes(XCB_KEY_RELEASE, 45);
}

// XTEST's keyboard stayed without repeats for good: whoever came next took it for the customer's wish.
TEST_CASE("what a program that was killed in mid-key held is let go at the next start and repeats again, what the customer took away stays away") {
  BS_NEEDS_XVFB();
  Rig rig;
  const auto start_again = [&] {
    rig.desktop->stop();
    REQUIRE(rig.desktop->start({[] {}, [] {}, [](Error) {}, {}}));
  };
  const int all = rig.repeating();
  const pid_t killed = fork();
  REQUIRE(killed >= 0);
  if (killed == 0) {
    auto opened = Connection::open(rig.server.display());
    if (!opened) _exit(1);
    ServerRepeat repeat(**opened);
    if (!repeat.off()) _exit(1);
    xcb_test_fake_input((*opened)->xcb(), XCB_KEY_PRESS, 50, XCB_CURRENT_TIME, XCB_NONE, 0, 0, 0);   // Shift
    xcb_test_fake_input((*opened)->xcb(), XCB_BUTTON_PRESS, 1, XCB_CURRENT_TIME, XCB_NONE, 0, 0, 0);
    (*opened)->sync();
    raise(SIGKILL);
  }
  int status = 0;
  REQUIRE(waitpid(killed, &status, 0) == killed);
  REQUIRE(WIFSIGNALED(status));
  const auto buttons = [&] {
    Reply<xcb_query_pointer_reply_t> pointer(xcb_query_pointer_reply(rig.person->xcb(), xcb_query_pointer(rig.person->xcb(), rig.person->root()), nullptr));
    return pointer ? pointer->mask & XCB_BUTTON_MASK_1 : -1;
  };
  CHECK(rig.repeating() == all - 2);
  CHECK(rig.is_down(50));
  CHECK(buttons() != 0);
  start_again();
  CHECK(rig.repeating() == all);
  CHECK_FALSE(rig.is_down(50));
  CHECK(buttons() == 0);
  rig.person_fakes(XCB_KEY_PRESS, 45);
  for (int i = 0; i < 3; ++i) CHECK(rig.typed() == "k");
  rig.person_fakes(XCB_KEY_RELEASE, 45);

  REQUIRE(rig.server.run({"xset", "r", "off"}));
  REQUIRE(rig.repeating() == 0);
  start_again();
  CHECK(rig.repeating() == 0);
}

TEST_CASE("a mouse button that a program was killed with is let go at the next start, also where it typed nothing") {
  BS_NEEDS_XVFB();
  Rig rig;
  for (const std::uint8_t button : {1, 3, 9}) {
    CAPTURE(button);
    const pid_t killed = fork();
    REQUIRE(killed >= 0);
    if (killed == 0) {
      auto opened = Connection::open(rig.server.display());
      if (!opened) _exit(1);
      xcb_test_fake_input((*opened)->xcb(), XCB_BUTTON_PRESS, button, XCB_CURRENT_TIME, XCB_NONE, 0, 0, 0);
      (*opened)->sync();
      raise(SIGKILL);
    }
    int status = 0;
    REQUIRE(waitpid(killed, &status, 0) == killed);
    REQUIRE(WIFSIGNALED(status));
    const auto held = [&] {
      std::size_t n = 0;
      for (const InputDevice& each : input_devices(*rig.person)) n += each.xtest ? each.buttons.size() : 0;
      return n;
    };
    CHECK(held() == 1);
    rig.desktop->stop();
    REQUIRE(rig.desktop->start({[] {}, [] {}, [](Error) {}, {}}));
    CHECK(rig.soon([&] { return held() == 0; }));
  }
}

TEST_CASE("Ctrl+C is Ctrl+C on AZERTY and with a Cyrillic layout active") {
  BS_NEEDS_XVFB();
  for (const char* layout : {"fr", "ru,us"}) {
    Rig rig(layout);
    rig.desktop->inject(rig.key(InputKind::KeyDown, 0xe0, XKB_KEY_Control_L, "", modifier::kControl));
    CHECK(rig.tap(0x06, 'c', "\x03", modifier::kControl) == InjectOutcome::Done);
    rig.desktop->inject(rig.key(InputKind::KeyUp, 0xe0, XKB_KEY_Control_L));
    std::string last;
    while (auto line = rig.typist.line(1000)) {
      last = *line;
      if (last.rfind("key 99 ", 0) == 0) break;
    }
    CAPTURE(layout);
    CHECK(last == "key 99 c 4");
  }
}

TEST_CASE("clicks land where they were aimed, and not without the right or for an old layout") {
  BS_NEEDS_XVFB();
  Rig rig;
  CHECK(rig.desktop->inject(rig.pointer(InputKind::ButtonDown, 321, 123, 1)) == InjectOutcome::Done);
  CHECK(rig.typist.line(3000) == "button 1 321 123");
  CHECK(rig.desktop->inject(rig.pointer(InputKind::ButtonUp, 330, 130, 1)) == InjectOutcome::Done);
  CHECK(rig.typist.line(3000) == "buttonup 1 330 130");
  auto wheel = rig.pointer(InputKind::Wheel, 10, 10);
  wheel.dy = 120;
  CHECK(rig.desktop->inject(wheel) == InjectOutcome::Done);
  CHECK(rig.typist.line(3000) == "button 4 10 10");
  auto old = rig.pointer(InputKind::PointerMove, 1, 1);
  --old.layout_generation;
  CHECK(rig.desktop->inject(old) == InjectOutcome::StaleLayout);
  ConsentMachine::set(*rig.gate, Right::See);
  CHECK(rig.desktop->inject(rig.pointer(InputKind::PointerMove, 1, 1)) == InjectOutcome::NoRight);
  CHECK(rig.tap(0x04, 'a', "a") == InjectOutcome::NoRight);
  CHECK(rig.touches == 0);
}

TEST_CASE("nothing reaches our own windows: not a click, not the end of a drag, not a key") {
  BS_NEEDS_XVFB();
  Rig rig;
  rig.own->set({{400, 300, 100, 100}});
  CHECK(rig.desktop->inject(rig.pointer(InputKind::ButtonDown, 450, 350, 1)) == InjectOutcome::OwnWindow);
  CHECK(rig.desktop->inject(rig.pointer(InputKind::PointerMove, 450, 350)) == InjectOutcome::OwnWindow);
  CHECK(rig.desktop->inject(rig.pointer(InputKind::ButtonDown, 390, 350, 1)) == InjectOutcome::Done);
  CHECK(rig.typist.line(3000) == "button 1 390 350");
  CHECK(rig.desktop->inject(rig.pointer(InputKind::ButtonUp, 450, 350, 1)) == InjectOutcome::OwnWindow);
  CHECK(rig.typist.line(3000) == "buttonup 1 390 350");  // let go of, but outside
  rig.own->set({});
  rig.own->set_focused(true);
  CHECK(rig.tap(0x04, 'a', "a") == InjectOutcome::OwnWindow);
  rig.own->set_focused(false);
  // A window of this very process that the shell never mentioned.
  const xcb_window_t window = xcb_generate_id(rig.person->xcb());
  const std::uint32_t override_redirect = 1;
  xcb_create_window(rig.person->xcb(), XCB_COPY_FROM_PARENT, window, rig.person->root(), 0, 0, 50, 50, 0,
                    XCB_WINDOW_CLASS_INPUT_OUTPUT, XCB_COPY_FROM_PARENT, XCB_CW_OVERRIDE_REDIRECT, &override_redirect);
  xcb_map_window(rig.person->xcb(), window);
  rig.person->sync();
  CHECK(rig.desktop->inject(rig.pointer(InputKind::ButtonDown, 20, 20, 1)) == InjectOutcome::OwnWindow);
  xcb_set_input_focus(rig.person->xcb(), XCB_INPUT_FOCUS_PARENT, window, XCB_CURRENT_TIME);
  rig.person->sync();
  CHECK(rig.tap(0x04, 'a', "a") == InjectOutcome::OwnWindow);
  CHECK(rig.desktop->refused_on_own_windows() == 6);
}

TEST_CASE("the customer's own input pauses control and takes the operator's hands off") {
  BS_NEEDS_XVFB();
  Rig rig;
  CHECK(rig.desktop->inject(rig.key(InputKind::KeyDown, 0xe1, XKB_KEY_Shift_L)) == InjectOutcome::Done);
  CHECK(rig.is_down(50));
  // XTEST by another program: not what we injected, so it is a person as far as we can know.
  xcb_test_fake_input(rig.person->xcb(), XCB_MOTION_NOTIFY, 0, XCB_CURRENT_TIME, rig.person->root(), 5, 5, 0);
  rig.person->sync();
  CHECK(rig.soon([&] { return rig.touches > 0; }));
  CHECK(rig.tap(0x04, 'a', "a") == InjectOutcome::PausedByCustomer);
  CHECK(rig.soon([&] { return !rig.is_down(50); }));
  CHECK(rig.desktop->last_customer_input() > rig.desktop->last_injection());
}

TEST_CASE("a shortcut whose Ctrl the customer's hand let go of arrives with it, and nothing stays down") {
  BS_NEEDS_XVFB();
  Rig rig;
  rig.desktop->inject(rig.key(InputKind::KeyDown, 0xe0, XKB_KEY_Control_L, "", modifier::kControl));
  CHECK(rig.is_down(37));
  rig.person->sync();
  xcb_test_fake_input(rig.person->xcb(), XCB_MOTION_NOTIFY, 0, XCB_CURRENT_TIME, rig.person->root(), 30, 40, 0);
  rig.person->sync();
  REQUIRE(rig.soon([&] { return !rig.is_down(37); }));
  std::this_thread::sleep_for(1100ms);
  CHECK(rig.tap(0x06, 'c', "\x03", modifier::kControl) == InjectOutcome::Done);
  std::string last;
  while (auto line = rig.typist.line(1000)) {
    last = *line;
    if (last.rfind("key 99 ", 0) == 0) break;
  }
  CHECK(last == "key 99 c 4");
  CHECK(rig.soon([&] { return !rig.is_down(37) && !rig.is_down(54); }));
  rig.desktop->inject(rig.key(InputKind::KeyUp, 0xe0, XKB_KEY_Control_L));
  CHECK(rig.tap(0x06, 'c', "c") == InjectOutcome::Done);
  CHECK(rig.typed() == "c");
}

TEST_CASE("Esc Esc Esc stops, whoever injected Escs does not") {
  BS_NEEDS_XVFB();
  Rig rig;
  for (int i = 0; i < 4; ++i) rig.tap(0x29, XKB_KEY_Escape, "\x1b");
  CHECK(rig.stops == 0);
  CHECK(rig.touches == 0);
  CHECK(rig.soon([&] { return !rig.is_down(9); }));   // the person's come from the same device here: one that is down cannot go down
  for (int i = 0; i < 3; ++i) {
    rig.person_fakes(XCB_KEY_PRESS, 9);
    rig.person_fakes(XCB_KEY_RELEASE, 9);
  }
  CHECK(rig.soon([&] { return rig.stops == 1; }));
}

TEST_CASE("what is held is let go of at release, at stop and when the right goes") {
  BS_NEEDS_XVFB();
  Rig rig;
  const auto hold = [&] { return rig.desktop->inject(rig.key(InputKind::KeyDown, 0xe0, XKB_KEY_Control_L)) == InjectOutcome::Done && rig.is_down(37); };
  CHECK(hold());
  rig.desktop->release_all();
  CHECK(rig.soon([&] { return !rig.is_down(37); }));
  CHECK(hold());
  ConsentMachine::set(*rig.gate, Rights());
  CHECK(rig.soon([&] { return !rig.is_down(37); }));
  ConsentMachine::set(*rig.gate, Right::Control);
  CHECK(hold());
  CHECK(rig.tap(0x05, 0, "ß") == InjectOutcome::Done);
  rig.desktop->stop();
  CHECK_FALSE(rig.is_down(37));
  rig.desktop->stop();
}

TEST_CASE("a layout that changes is told while nothing is grabbed") {
  BS_NEEDS_XVFB();
  if (!have_program("xrandr")) {
    MESSAGE("skipped: no xrandr on this machine");
    return;
  }
  Rig rig;
  REQUIRE(rig.server.run({"xrandr", "--newmode", "small", "40", "640", "680", "700", "800", "480", "481", "485", "500"}));
  REQUIRE(rig.server.run({"xrandr", "--addmode", "screen", "small"}));
  CHECK(rig.told_width == 0);
  REQUIRE(rig.server.run({"xrandr", "--output", "screen", "--mode", "small"}));
  CHECK(rig.soon([&] { return rig.told_width == 640; }));
  CHECK(rig.layouts->current().width == 640);
}

TEST_CASE("the mark shows, lets clicks through and hides") {
  BS_NEEDS_XVFB();
  Rig rig;
  CHECK(rig.desktop->inject(rig.pointer(InputKind::PointMark, 200, 200)) == InjectOutcome::Done);
  const auto children = [&] {
    Reply<xcb_query_tree_reply_t> tree(xcb_query_tree_reply(rig.person->xcb(), xcb_query_tree(rig.person->xcb(), rig.person->root()), nullptr));
    const auto* windows = xcb_query_tree_children(tree.get());
    Reply<xcb_get_window_attributes_reply_t> top(xcb_get_window_attributes_reply(
        rig.person->xcb(), xcb_get_window_attributes(rig.person->xcb(), windows[tree->children_len - 1]), nullptr));
    return std::pair{int{tree->children_len}, top->map_state == XCB_MAP_STATE_VIEWABLE};
  };
  CHECK(children() == std::pair{2, true});
  CHECK(rig.desktop->inject(rig.pointer(InputKind::ButtonDown, 202, 205, 1)) == InjectOutcome::Done);
  CHECK(rig.typist.line(3000) == "button 1 202 205");
  CHECK(rig.desktop->inject(rig.event(InputKind::PointHide)) == InjectOutcome::Done);
  CHECK(rig.soon([&] { return children() == std::pair{2, false}; }));
  ConsentMachine::set(*rig.gate, Rights());
  CHECK(rig.desktop->inject(rig.pointer(InputKind::PointMark, 200, 200)) == InjectOutcome::NoRight);
}

TEST_CASE("without XTEST the error says what that means") {
  BS_NEEDS_XVFB();
  XServer server({"-extension", "XTEST"});
  REQUIRE(server.ok());
  auto gate = std::make_shared<ports::RightsGate>();
  auto own = std::make_shared<ports::OwnWindows>();
  auto layouts = std::make_shared<LayoutBook>();
  auto made = make_x11_desktop(server.display(), gate, own, layouts);
  REQUIRE_FALSE(made);
  CHECK(made.error().kind == ErrorKind::Environment);
  CHECK(made.error().detail.find("XTEST") != std::string::npos);
  const auto probed = probe_x11(server.display());
  REQUIRE(probed);
  CHECK_FALSE(probed->can_control());
  X11DesktopOptions watch;
  watch.watch_only_ok = true;
  auto watching = make_x11_desktop(server.display(), gate, own, layouts, watch);
  REQUIRE(watching);
  CHECK((*watching)->start({}));
  ConsentMachine::set(*gate, Right::Control);
  CHECK((*watching)->inject({}) == InjectOutcome::Unsupported);
}

TEST_CASE("a display that goes away is told once, and nothing is injected after") {
  BS_NEEDS_XVFB();
  Rig rig;
  rig.server.kill();
  const auto until = local_now() + 3s;
  while (!rig.lost && local_now() < until) std::this_thread::yield();
  CHECK(rig.lost);
  CHECK(rig.desktop->inject(rig.pointer(InputKind::PointerMove, 1, 1)) == InjectOutcome::Unsupported);
}

TEST_CASE("events that nobody waits for are applied in their order") {
  BS_NEEDS_XVFB();
  Rig rig;
  std::atomic<int> done{0};
  const std::string word = "thequickbrownfoxjumpsoverthelazydog";
  for (const char c : word) {
    const char text[2] = {c, 0};
    const auto hid = static_cast<std::uint16_t>(4 + c - 'a');
    for (const auto kind : {InputKind::KeyDown, InputKind::KeyUp})
      rig.desktop->inject_later(rig.key(kind, hid, static_cast<std::uint32_t>(c), kind == InputKind::KeyDown ? text : ""), [&](InjectOutcome o) { done += o == InjectOutcome::Done ? 1 : 0; });
  }
  std::string typed;
  while (typed.size() < word.size()) {
    const auto next = rig.typed();
    REQUIRE(!next.empty());
    typed += next;
  }
  CHECK(typed == word);
  // One that is waited for comes behind all of them.
  CHECK(rig.desktop->inject(rig.pointer(InputKind::PointerMove, 5, 5)) == InjectOutcome::Done);
  CHECK(done == static_cast<int>(2 * word.size()));
}

TEST_CASE("a display that hangs holds nobody up, and what waited too long is never typed") {
  BS_NEEDS_XVFB();
  Rig rig;
  // A key that is down before, so that there is something to let go.
  REQUIRE(rig.desktop->inject(rig.key(InputKind::KeyDown, 0xe0, XKB_KEY_Control_L, "", modifier::kControl)) == InjectOutcome::Done);
  REQUIRE(rig.is_down(37));
  rig.server.freeze(true);
  std::atomic<int> told{0}, done{0};
  const auto count = [&](InjectOutcome o) {
    ++told;
    done += o == InjectOutcome::Done ? 1 : 0;
  };
  const LocalTime began = local_now();
  // The first one reaches the server's socket and hangs there; the others wait behind it.
  for (int i = 0; i < 20; ++i) rig.desktop->inject_later(rig.key(InputKind::KeyDown, static_cast<std::uint16_t>(4 + i), XKB_KEY_a, "a"), count);
  rig.desktop->inject_later(rig.key(InputKind::KeyUp, 0xe0, XKB_KEY_Control_L), count);
  CHECK(local_now() - began < 200ms);   // twenty events that wait a second each would be twenty seconds
  while (local_now() - began < 3300ms) usleep(20'000);
  rig.server.freeze(false);
  while (told < 21) usleep(5'000);
  CHECK(done <= 2);                     // the one that had begun, and the release
  CHECK(done >= 1);
  CHECK_FALSE(rig.is_down(37));
  CHECK(rig.desktop->inject(rig.event(InputKind::ReleaseAll)) == InjectOutcome::Done);
  for (int keycode = 8; keycode < 255; ++keycode) CHECK_FALSE(rig.is_down(keycode));
}

TEST_CASE("more events than there is room for end with every key let go") {
  BS_NEEDS_XVFB();
  Rig rig;
  REQUIRE(rig.desktop->inject(rig.key(InputKind::KeyDown, 0xe0, XKB_KEY_Control_L, "", modifier::kControl)) == InjectOutcome::Done);
  rig.server.freeze(true);
  std::atomic<int> told{0}, full{0};
  for (int i = 0; i < 400; ++i)
    rig.desktop->inject_later(rig.pointer(InputKind::PointerMove, i % 800, 5), [&](InjectOutcome o) { ++told, full += o == InjectOutcome::Unsupported ? 1 : 0; });
  rig.desktop->inject_later(rig.key(InputKind::KeyUp, 0xe0, XKB_KEY_Control_L), [&](InjectOutcome o) { ++told, full += o == InjectOutcome::Unsupported ? 1 : 0; });
  CHECK(full >= 400 - 256 - 2);
  rig.server.freeze(false);
  while (told < 401) usleep(5'000);
  CHECK_FALSE(rig.is_down(37));   // though its release found no room
}
