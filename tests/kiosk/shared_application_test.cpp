// SPDX-License-Identifier: GPL-3.0-or-later
// "Shares only that application": what the customer's process lets out of an X server with several programs on it.
#include <doctest/doctest.h>
#include <xcb/xcb.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <thread>

#include "capture/x11/application_windows.h"
#include "capture/x11/connection.h"
#include "capture/x11/hatch.h"
#include "capture/x11/kiosk_desk.h"
#include "capture/x11/top_levels.h"
#include "capture/x11/x11_desktop.h"
#include "capture/x11/x11_source.h"
#include "tests/capture/support.h"

using namespace beside;
using namespace beside::capture;
using namespace beside::capture_test;
using ports::InjectOutcome;
using session::ConsentMachine;

namespace {

constexpr std::uint32_t kShared = 0x2060a0, kSecret = 0xd02020;

struct Rig {
  Rig() {
    REQUIRE(server.ok());
    ConsentMachine::set(*gate, Right::See | Rights(Right::Control));
    auto opened = Connection::open(server.display());
    REQUIRE(opened);
    x = std::move(*opened);
  }
  ~Rig() {
    if (desktop) desktop->stop();
  }
  Child window(const char* name, Rect at, std::uint32_t colour, bool override_redirect = false) {
    char hex[8];
    std::snprintf(hex, sizeof hex, "%06x", colour);
    std::vector<std::string> words{KIOSK_WINDOW, name, std::to_string(at.x), std::to_string(at.y), std::to_string(at.width),
                                   std::to_string(at.height), hex};
    if (override_redirect) words.emplace_back("override");
    Child child(words, {"DISPLAY=" + server.display()});
    const auto first = child.line(8000).value_or("");
    REQUIRE(first.starts_with("ready "));
    sessions[name] = std::stoll(first.substr(6));
    x->sync();
    return child;
  }
  void share_class(const char* name) { own->share_only({0, name}); }
  void start_source() {
    auto made = make_x11_source(server.display(), gate, own, layouts);
    REQUIRE(made);
    source = std::move(*made);
    REQUIRE(source->start(ConsentMachine::grant(Right::See), 0));
  }
  ports::Frame full() {
    source->request_full();
    auto got = source->next(local_now() + 5s);
    REQUIRE(got);
    REQUIRE(got->has_value());
    return std::move(**got);
  }
  static std::uint32_t at(const ports::Frame& f, int px, int py) {
    const std::uint8_t* p = f.pixels->row(py) + std::ptrdiff_t{4} * px;
    return static_cast<std::uint32_t>(p[2]) << 16 | static_cast<std::uint32_t>(p[1]) << 8 | p[0];
  }
  static int pixels_of(const ports::Frame& f, std::uint32_t colour) {
    int count = 0;
    for (int py = 0; py < f.area.height; ++py)
      for (int px = 0; px < f.area.width; ++px) count += at(f, px, py) == colour ? 1 : 0;
    return count;
  }
  void start_desktop() {
    auto made = make_x11_desktop(server.display(), gate, own, layouts);
    REQUIRE(made);
    desktop = std::move(*made);
    REQUIRE(desktop->start({[] {}, [] {}, [](Error) {}, {}}));
  }
  InjectOutcome pointer(InputKind kind, int px, int py, std::uint8_t button = 0) {
    InputEvent e;
    e.kind = kind;
    e.layout_generation = layouts->current().generation;
    e.x = static_cast<std::uint16_t>((px * 65536 + 32768) / 800);
    e.y = static_cast<std::uint16_t>((py * 65536 + 32768) / 600);
    e.button = button;
    return desktop->inject(e);
  }
  InjectOutcome key_a() {
    InputEvent e;
    e.kind = InputKind::KeyDown;
    e.layout_generation = layouts->current().generation;
    e.hid_usage = 4;
    e.keysym = 'a';
    e.text[0] = 'a';
    const auto outcome = desktop->inject(e);
    e.kind = InputKind::KeyUp;
    desktop->inject(e);
    return outcome;
  }
  xcb_window_t top_of_colour(Rect area) {
    for (const auto& top : ApplicationWindows(*x, own).top_levels())
      if (top.viewable && top.area == area) return top.id;
    return XCB_NONE;
  }
  void focus(xcb_window_t window) {
    xcb_set_input_focus(x->xcb(), XCB_INPUT_FOCUS_POINTER_ROOT, window, XCB_CURRENT_TIME);
    x->sync();
  }

  XServer server;
  std::map<std::string, std::int64_t> sessions;   // of each window's program
  std::shared_ptr<ports::RightsGate> gate = std::make_shared<ports::RightsGate>();
  std::shared_ptr<ports::OwnWindows> own = std::make_shared<ports::OwnWindows>();
  std::shared_ptr<LayoutBook> layouts = std::make_shared<LayoutBook>();
  std::unique_ptr<Connection> x;
  std::unique_ptr<ports::FrameSource> source;
  std::unique_ptr<ports::Desktop> desktop;
};

}  // namespace

TEST_CASE("what covers nothing leaves the whole, what covers all leaves nothing") {
  const Rect whole{0, 0, 100, 80};
  CHECK(uncovered(whole, {}) == std::vector<Rect>{whole});
  CHECK(uncovered(whole, {{-10, -10, 200, 200}}).empty());
  std::int64_t area = 0;
  for (const Rect& r : uncovered(whole, {{10, 10, 20, 20}, {20, 20, 20, 20}})) {
    CHECK(r.clipped_to(whole) == r);
    area += std::int64_t{r.width} * r.height;
  }
  CHECK(area == 100 * 80 - (400 + 400 - 100));
}

TEST_CASE("only the application's pixels leave, also where a foreign window lies over it") {
  BS_NEEDS_XVFB();
  Rig rig;
  auto app = rig.window("till", {100, 100, 300, 200}, kShared);
  auto other = rig.window("mail", {350, 50, 300, 120}, kSecret);
  rig.share_class("till");
  rig.start_source();
  auto frame = rig.full();
  CHECK(Rig::pixels_of(frame, kSecret) == 0);
  // All of the application but for the corner under the other window.
  CHECK(Rig::pixels_of(frame, kShared) == 300 * 200 - 50 * 70);
  CHECK(Rig::at(frame, 110, 110) == kShared);
  CHECK(Rig::at(frame, 360, 120) == hatch_colour(360, 120));
  CHECK(Rig::at(frame, 5, 5) == hatch_colour(5, 5));  // the root
}

TEST_CASE("a window that appears later is never seen, and the application's own new windows are") {
  BS_NEEDS_XVFB();
  Rig rig;
  auto app = rig.window("till", {100, 100, 300, 200}, kShared);
  rig.share_class("till");
  rig.start_source();
  CHECK(Rig::pixels_of(rig.full(), kShared) == 300 * 200);
  auto menu = rig.window("notice", {150, 150, 100, 50}, kSecret, true);
  CHECK(Rig::pixels_of(rig.full(), kSecret) == 0);
  auto second = rig.window("till", {500, 400, 50, 50}, kShared);
  CHECK(Rig::pixels_of(rig.full(), kShared) == 300 * 200 - 100 * 50 + 50 * 50);
}

TEST_CASE("an application is known by the process session of its command, and by nothing that a window says") {
  BS_NEEDS_XVFB();
  Rig rig;
  auto app = rig.window("till", {100, 100, 300, 200}, kShared);
  rig.start_source();
  SUBCASE("the session that the application leads") {
    rig.own->share_only({rig.sessions.at("till"), {}});
    CHECK(Rig::pixels_of(rig.full(), kShared) == 300 * 200);
  }
  SUBCASE("another session") {
    rig.own->share_only({1, {}});
    CHECK(Rig::pixels_of(rig.full(), kShared) == 0);
  }
  SUBCASE("no application yet: nothing at all leaves") {
    rig.own->share_only({});
    auto frame = rig.full();
    CHECK(Rig::pixels_of(frame, kShared) == 0);
    CHECK(Rig::at(frame, 5, 5) == hatch_colour(5, 5));
  }
  SUBCASE("a class that none has") {
    rig.share_class("nothing");
    CHECK(Rig::pixels_of(rig.full(), kShared) == 0);
  }
}

TEST_CASE("the pointer is refused everywhere but on the application") {
  BS_NEEDS_XVFB();
  Rig rig;
  auto app = rig.window("till", {100, 100, 300, 200}, kShared);
  auto other = rig.window("mail", {350, 50, 300, 120}, kSecret);
  rig.share_class("till");
  rig.start_desktop();
  CHECK(rig.pointer(InputKind::PointerMove, 200, 200) == InjectOutcome::Done);
  CHECK(rig.pointer(InputKind::ButtonDown, 200, 200, 1) == InjectOutcome::Done);
  CHECK(rig.pointer(InputKind::ButtonUp, 200, 200, 1) == InjectOutcome::Done);
  CHECK(app.line(3000) == "click");
  for (const auto& [px, py] : {std::pair{500, 100}, {360, 120}, {5, 5}, {700, 500}}) {
    CHECK(rig.pointer(InputKind::PointerMove, px, py) == InjectOutcome::OwnWindow);
    CHECK(rig.pointer(InputKind::ButtonDown, px, py, 1) == InjectOutcome::OwnWindow);
  }
  CHECK_FALSE(other.line(300));
  CHECK(rig.desktop->refused_on_own_windows() == 8);
}

TEST_CASE("keys go only while the application has the keyboard") {
  BS_NEEDS_XVFB();
  Rig rig;
  const Rect at_app{100, 100, 300, 200}, at_other{450, 50, 300, 120};
  auto app = rig.window("till", at_app, kShared);
  auto other = rig.window("mail", at_other, kSecret);
  rig.share_class("till");
  rig.start_desktop();
  rig.focus(rig.top_of_colour(at_other));
  CHECK(rig.key_a() == InjectOutcome::OwnWindow);
  CHECK_FALSE(other.line(300));
  rig.focus(rig.top_of_colour(at_app));
  CHECK(rig.key_a() == InjectOutcome::Done);
  CHECK(app.line(3000).value_or("").starts_with("key"));
  // Focus that follows the pointer: where the pointer is decides.
  rig.focus(XCB_INPUT_FOCUS_POINTER_ROOT);
  CHECK(rig.pointer(InputKind::PointerMove, 200, 200) == InjectOutcome::Done);
  CHECK(rig.key_a() == InjectOutcome::Done);
  xcb_warp_pointer(rig.x->xcb(), XCB_NONE, rig.x->root(), 0, 0, 0, 0, 500, 100);
  rig.x->sync();
  CHECK(rig.key_a() != InjectOutcome::Done);
  rig.focus(rig.x->root());
  CHECK(rig.key_a() != InjectOutcome::Done);
  CHECK_FALSE(other.line(300));
}

TEST_CASE("the application's windows never lie above the kiosk's, not even while they come") {
  BS_NEEDS_XVFB();
  Rig rig;
  rig.share_class("app");
  const std::uint32_t look = XCB_EVENT_MASK_SUBSTRUCTURE_NOTIFY;
  xcb_change_window_attributes(rig.x->xcb(), rig.x->root(), XCB_CW_EVENT_MASK, &look);
  rig.x->sync();
  auto desk = make_kiosk_desk(rig.server.display(), rig.own, {});
  REQUIRE(desk);
  (*desk)->open({500, 0, 300, 600}, {0, 0, 500, 600});   // side by side, or the programs would have nothing to draw and say nothing
  auto person = Connection::open(rig.server.display());
  REQUIRE(person);
  const xcb_window_t ours = xcb_generate_id((*person)->xcb());
  xcb_create_window((*person)->xcb(), XCB_COPY_FROM_PARENT, ours, (*person)->root(), 0, 0, 800, 600, 0, XCB_WINDOW_CLASS_INPUT_OUTPUT, XCB_COPY_FROM_PARENT, 0, nullptr);
  // It lies above ours from its making on, as it was made later, and is there first.
  Child early = rig.window("app", {0, 0, 300, 200}, kShared);
  xcb_map_window((*person)->xcb(), ours);
  (*person)->sync();

  // The order as the server tells of each step, lowest first, and who is in view.
  std::vector<xcb_window_t> order{ours};
  std::map<xcb_window_t, bool> shown;
  int wrong = 0, came = 0;
  const auto watch = [&](auto&& done) {
    for (const LocalTime until = local_now() + 5s; local_now() < until && !done(); std::this_thread::sleep_for(1ms))
      while (const auto event = rig.x->poll_event()) {
        const int type = event->response_type & 0x7f;
        if (type == XCB_CREATE_NOTIFY) {
          const auto id = reinterpret_cast<const xcb_create_notify_event_t*>(event.get())->window;
          std::erase(order, id);
          order.push_back(id);
        } else if (type == XCB_CONFIGURE_NOTIFY) {
          const auto* e = reinterpret_cast<const xcb_configure_notify_event_t*>(event.get());
          std::erase(order, e->window);
          const auto below = std::find(order.begin(), order.end(), e->above_sibling);
          order.insert(below == order.end() ? order.begin() : below + 1, e->window);
        } else if (type == XCB_MAP_NOTIFY) {
          const auto id = reinterpret_cast<const xcb_map_notify_event_t*>(event.get())->window;
          shown[id] = true;
          came += id != ours ? 1 : 0;
        }
        if (!shown[ours]) continue;
        const auto top = std::find_if(order.rbegin(), order.rend(), [&](xcb_window_t w) { return shown[w]; });
        wrong += *top != ours ? 1 : 0;
      }
    return done();
  };
  REQUIRE(watch([&] { return shown[ours] && came == 1; }));
  Child late = rig.window("app", {100, 100, 300, 200}, kShared);
  REQUIRE(watch([&] { return came == 2; }));
  (void)watch([&, until = local_now() + 300ms] { return local_now() >= until; });
  CHECK(wrong == 0);
}
