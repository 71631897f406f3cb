// SPDX-License-Identifier: GPL-3.0-or-later
#include "capture/x11/hidden_areas.h"

#include <doctest/doctest.h>
#include <xcb/xcb.h>

#include <atomic>
#include <cstring>
#include <thread>

#include "capture/x11/hatch.h"
#include "capture/x11/place_frames.h"
#include "capture/x11/x11_desktop.h"
#include "capture/x11/x11_source.h"
#include "tests/capture/support.h"

using namespace beside;
using namespace beside::capture;
using namespace beside::capture_test;
using session::ConsentMachine;

namespace {

constexpr std::uint32_t kSecret = 0xe01bd0, kPublic = 0x20c040;

// A program of the customer's with plain windows.
struct Person {
  explicit Person(const std::string& display) {
    auto opened = Connection::open(display);
    REQUIRE(opened);
    x = std::move(*opened);
  }
  xcb_window_t window(const Rect& at, std::uint32_t colour, bool managed = true) {
    const xcb_window_t id = xcb_generate_id(x->xcb());
    const std::uint32_t values[] = {colour, managed ? 0u : 1u};
    xcb_create_window(x->xcb(), XCB_COPY_FROM_PARENT, id, x->root(), static_cast<std::int16_t>(at.x), static_cast<std::int16_t>(at.y),
                      static_cast<std::uint16_t>(at.width), static_cast<std::uint16_t>(at.height), 0, XCB_WINDOW_CLASS_INPUT_OUTPUT,
                      XCB_COPY_FROM_PARENT, XCB_CW_BACK_PIXEL | XCB_CW_OVERRIDE_REDIRECT, values);
    return id;
  }
  void show(xcb_window_t id) {
    xcb_map_window(x->xcb(), id);
    x->sync();
  }
  void hide(xcb_window_t id) {
    xcb_unmap_window(x->xcb(), id);
    x->sync();
  }
  void move(xcb_window_t id, int to_x, int to_y) {
    const std::int32_t at[] = {to_x, to_y};
    xcb_configure_window(x->xcb(), id, XCB_CONFIG_WINDOW_X | XCB_CONFIG_WINDOW_Y, at);
    x->flush();
  }
  void transient(xcb_window_t id, xcb_window_t leader) {
    xcb_change_property(x->xcb(), XCB_PROP_MODE_REPLACE, id, XCB_ATOM_WM_TRANSIENT_FOR, XCB_ATOM_WINDOW, 32, 1, &leader);
  }
  std::unique_ptr<Connection> x;
};

struct Rig {
  Rig() : server() {
    REQUIRE(server.ok());
    ConsentMachine::set(*gate, Right::See | Rights(Right::Control));
    auto made = make_x11_source(server.display(), gate, own, layouts);
    REQUIRE(made);
    source = std::move(*made);
  }
  std::optional<ports::Frame> frame(nanoseconds within = 3s) {
    auto got = source->next(local_now() + within);
    REQUIRE(got);
    return std::move(*got);
  }
  // The picture once nothing has changed for a while.
  std::optional<ports::Frame> settled() {
    std::optional<ports::Frame> last;
    source->request_full();
    while (auto next = frame(700ms)) last = std::move(next);
    return last;
  }
  XServer server;
  std::shared_ptr<ports::RightsGate> gate = std::make_shared<ports::RightsGate>();
  std::shared_ptr<ports::OwnWindows> own = std::make_shared<ports::OwnWindows>();
  std::shared_ptr<LayoutBook> layouts = std::make_shared<LayoutBook>();
  std::unique_ptr<ports::FrameSource> source;
};

ports::Grant see() { return ConsentMachine::grant(Right::See); }

std::uint32_t pixel(const ports::Frame& f, int x, int y) {
  const std::uint8_t* p = f.pixels->row(y) + std::ptrdiff_t{4} * x;
  return static_cast<std::uint32_t>(p[2]) << 16 | static_cast<std::uint32_t>(p[1]) << 8 | p[0];
}

int count(const ports::Frame& f, std::uint32_t colour) {
  int found = 0;
  for (int y = 0; y < f.pixels->height; ++y)
    for (int x = 0; x < f.pixels->width; ++x) found += pixel(f, x, y) == colour ? 1 : 0;
  return found;
}

HiddenParts windows(std::vector<std::uint32_t> ids) {
  HiddenParts parts;
  parts.windows = std::move(ids);
  return parts;
}

}  // namespace

TEST_CASE("hidden places and monitors are hatched, with words, and seen again when they are no longer hidden") {
  BS_NEEDS_XVFB();
  Rig rig;
  Person person(rig.server.display());
  person.show(person.window({0, 0, 800, 600}, kSecret));
  HatchLabel label{8, 4, std::vector<std::uint8_t>(32, 255)};
  rig.own->set_hatch_label(label);
  HiddenParts parts;
  parts.areas = {{100, 50, 300, 200}, {700, 500, 500, 500}};
  rig.own->hide(parts);
  REQUIRE(rig.source->start(see(), 0));
  auto frame = rig.frame();
  REQUIRE(frame);
  CHECK(count(*frame, kSecret) == 800 * 600 - 300 * 200 - 100 * 100);
  CHECK(pixel(*frame, 99, 50) == kSecret);
  CHECK(pixel(*frame, 400, 249) == kSecret);
  int words = 0;
  for (int y = 50; y < 250; ++y)
    for (int x = 100; x < 400; ++x) {
      const std::uint32_t p = pixel(*frame, x, y);
      REQUIRE((p == hatch_colour(x, y) || p == 0xffffff));
      words += p == 0xffffff ? 1 : 0;
    }
  CHECK(words > 32 * 40);
  REQUIRE(rig.source->layout());
  parts = {};
  parts.monitors = {rig.source->layout()->monitors.at(0).name};
  rig.own->hide(parts);
  frame = rig.settled();
  REQUIRE(frame);
  CHECK(count(*frame, kSecret) == 0);
  rig.own->hide({});
  frame = rig.settled();
  REQUIRE(frame);
  CHECK(count(*frame, kSecret) == 800 * 600);
}

TEST_CASE("a frame shows its owner where a hidden place lies: in no picture, above other windows, below ours, and clicks go through") {
  BS_NEEDS_XVFB();
  Rig rig;
  Person person(rig.server.display());
  person.show(person.window({0, 0, 800, 600}, kSecret));
  const auto ours = person.window({350, 200, 100, 100}, kPublic, false);
  person.show(ours);
  rig.own->set_native_ids({ours});
  const Rect place{100, 50, 300, 200};
  HiddenParts parts;
  parts.areas = {place};
  rig.own->hide(parts);
  const auto at = [&](int x, int y) {
    Reply<xcb_get_image_reply_t> got(xcb_get_image_reply(
        person.x->xcb(), xcb_get_image(person.x->xcb(), XCB_IMAGE_FORMAT_Z_PIXMAP, person.x->root(), static_cast<std::int16_t>(x), static_cast<std::int16_t>(y), 1, 1, ~0u), nullptr));
    REQUIRE(got);
    std::uint32_t value = 0;
    std::memcpy(&value, xcb_get_image_data(got.get()), 4);
    return value & 0xffffff;
  };
  const auto soon = [&](auto&& holds) {
    for (const LocalTime until = local_now() + 5s; local_now() < until; std::this_thread::sleep_for(10ms))
      if (holds()) return true;
    return false;
  };
  const auto striped = [&](int x, int y) {
    const std::uint32_t p = at(x, y);
    return p == 0xd0342c || p == 0xffffff;
  };
  auto made = PlaceFrames::create(rig.server.display(), *rig.own);
  REQUIRE(made);
  (*made)->show({place});
  REQUIRE(soon([&] { return striped(100, 50); }));
  for (const auto& [x, y] : {std::pair{399, 50}, {100, 249}, {250, 53}, {103, 150}}) CHECK(striped(x, y));
  for (const auto& [x, y] : {std::pair{99, 50}, {100, 49}, {400, 100}, {104, 54}, {250, 150}}) CHECK(at(x, y) == kSecret);
  CHECK(at(399, 210) == kPublic);

  person.show(person.window({90, 40, 120, 60}, kPublic));
  const std::uint32_t top[] = {XCB_STACK_MODE_ABOVE};   // as the panel does that is covered
  xcb_configure_window(person.x->xcb(), ours, XCB_CONFIG_WINDOW_STACK_MODE, top);
  CHECK(soon([&] { return striped(110, 50); }));
  CHECK(at(399, 210) == kPublic);
  CHECK(at(150, 70) == kPublic);

  Reply<xcb_translate_coordinates_reply_t> hit(xcb_translate_coordinates_reply(
      person.x->xcb(), xcb_translate_coordinates(person.x->xcb(), person.x->root(), person.x->root(), 250, 248), nullptr));
  REQUIRE(hit);
  Reply<xcb_get_window_attributes_reply_t> its(xcb_get_window_attributes_reply(person.x->xcb(), xcb_get_window_attributes(person.x->xcb(), hit->child), nullptr));
  REQUIRE(its);
  CHECK(its->override_redirect == 0);

  REQUIRE(rig.source->start(see(), 0));
  const auto frame = rig.frame();
  REQUIRE(frame);
  CHECK(count(*frame, 0xd0342c) == 0);
  CHECK(pixel(*frame, 300, 50) == hatch_colour(300, 50));
  CHECK(pixel(*frame, 300, 49) == kSecret);

  (*made)->show({});
  CHECK(soon([&] { return at(300, 50) == kSecret && at(250, 249) == kSecret; }));
  (*made)->show({place, {500, 500, 6, 3}});
  CHECK(soon([&] { return striped(300, 50) && striped(505, 502); }));
  made->reset();
  CHECK(soon([&] { return at(300, 50) == kSecret && at(502, 501) == kSecret; }));
}

TEST_CASE("a hidden window is never in a picture, however it moves, grows, comes and goes") {
  BS_NEEDS_XVFB();
  Rig rig;
  Person person(rig.server.display());
  person.show(person.window({0, 0, 800, 600}, kPublic));
  const xcb_window_t secret = person.window({50, 50, 200, 120}, kSecret);
  person.show(secret);
  rig.own->hide(windows({secret}));
  REQUIRE(rig.source->start(see(), 0));
  std::atomic<bool> done{false};
  std::thread mover([&] {
    for (int i = 0; !done; ++i) {
      person.move(secret, 17 * i % 700 - 60, 11 * i % 560 - 30);
      if (i % 7 == 0) person.hide(secret);
      if (i % 7 == 2) person.show(secret);
      if (i % 5 == 0) {
        const std::uint32_t size[] = {static_cast<std::uint32_t>(80 + i % 300), static_cast<std::uint32_t>(60 + i % 200)};
        xcb_configure_window(person.x->xcb(), secret, XCB_CONFIG_WINDOW_WIDTH | XCB_CONFIG_WINDOW_HEIGHT, size);
      }
      person.x->sync();
    }
  });
  int frames = 0;
  std::int64_t leaked = 0;
  for (int turn = 0; frames < 120; ++turn) {
    // As a viewer that has nothing would. By turns, not by frames: where all that moves is hatched nothing else makes a picture.
    if (turn % 2 == 0) rig.source->request_full();
    if (auto frame = rig.frame(50ms)) {
      ++frames;
      leaked += count(*frame, kSecret);
    }
  }
  done = true;
  mover.join();
  CHECK(leaked == 0);
  person.show(secret);
  person.move(secret, 300, 200);
  person.x->sync();
  auto frame = rig.settled();
  REQUIRE(frame);
  CHECK(count(*frame, kSecret) == 0);
  CHECK(pixel(*frame, 310, 210) == hatch_colour(310, 210));
  CHECK(pixel(*frame, 290, 190) == kPublic);   // where it was before is seen again
}

TEST_CASE("dialogs and menus of a hidden window are hidden with it; other programs' windows and what covers it are not") {
  BS_NEEDS_XVFB();
  Rig rig;
  Person person(rig.server.display()), other(rig.server.display());
  const xcb_window_t secret = person.window({50, 50, 200, 100}, kSecret);
  const xcb_window_t dialog = person.window({300, 50, 200, 100}, kSecret);
  const xcb_window_t deeper = person.window({550, 50, 200, 100}, kSecret);
  const xcb_window_t menu = person.window({50, 300, 200, 100}, kSecret, false);
  const xcb_window_t sibling = person.window({300, 300, 200, 100}, kPublic);
  const xcb_window_t foreign = other.window({550, 300, 200, 100}, kPublic, false);
  person.transient(dialog, secret);
  person.transient(deeper, dialog);
  for (const xcb_window_t w : {secret, dialog, deeper, menu, sibling}) person.show(w);
  other.show(foreign);
  other.show(other.window({100, 100, 50, 150}, kPublic));   // upon the secret one
  rig.own->hide(windows({secret}));
  REQUIRE(rig.source->start(see(), 0));
  auto frame = rig.frame();
  REQUIRE(frame);
  CHECK(count(*frame, kSecret) == 0);
  CHECK(count(*frame, kPublic) == 2 * 200 * 100 + 50 * 150);
}

TEST_CASE("where one window only may be seen, all but it, its dialogs and menus is hatched, and what others lay upon it") {
  BS_NEEDS_XVFB();
  Rig rig;
  Person person(rig.server.display()), other(rig.server.display());
  other.show(other.window({0, 0, 800, 600}, kSecret));
  const xcb_window_t one = person.window({50, 50, 200, 100}, kPublic);
  const xcb_window_t dialog = person.window({300, 50, 200, 100}, kPublic);
  const xcb_window_t menu = person.window({50, 300, 200, 100}, kPublic, false);
  const xcb_window_t sibling = person.window({300, 300, 200, 100}, kSecret);
  person.transient(dialog, one);
  for (const xcb_window_t w : {one, dialog, menu, sibling}) person.show(w);
  const xcb_window_t over = other.window({100, 100, 50, 150}, kSecret);
  other.show(over);
  other.show(other.window({60, 310, 20, 20}, kSecret, false));   // a menu of somebody else's
  HiddenParts parts;
  parts.only_window = one;
  rig.own->hide(parts);
  REQUIRE(rig.source->start(see(), 0));
  auto frame = rig.frame();
  REQUIRE(frame);
  CHECK(count(*frame, kSecret) == 0);
  CHECK(count(*frame, kPublic) == 3 * 200 * 100 - 50 * 50 - 20 * 20);
  CHECK(pixel(*frame, 700, 500) == hatch_colour(700, 500));
  // What lay upon it goes: it is seen again. Its own place is that of something else: that is not seen.
  other.hide(over);
  person.move(one, 500, 400);
  person.x->sync();
  frame = rig.settled();
  REQUIRE(frame);
  CHECK(count(*frame, kSecret) == 0);
  CHECK(count(*frame, kPublic) == 3 * 200 * 100 - 20 * 20);
  CHECK(pixel(*frame, 60, 60) == hatch_colour(60, 60));
}

TEST_CASE("while one window only may be seen nothing else ever is, and nothing at all once it is closed, whoever gets its number") {
  BS_NEEDS_XVFB();
  Rig rig;
  Person other(rig.server.display());
  auto person = std::make_unique<Person>(rig.server.display());
  other.show(other.window({0, 0, 800, 600}, kSecret));
  const xcb_window_t flier = other.window({20, 20, 160, 90}, kSecret);
  const xcb_window_t one = person->window({50, 50, 300, 220}, kPublic);
  person->show(one);
  HiddenParts parts;
  parts.only_window = one;
  rig.own->hide(parts);
  REQUIRE(rig.source->start(see(), 0));
  std::atomic<bool> done{false};
  std::thread mover([&] {
    const std::uint32_t above = XCB_STACK_MODE_ABOVE;
    for (int i = 0; !done; ++i) {
      other.move(flier, 17 * i % 700 - 60, 11 * i % 560 - 30);
      if (i % 7 == 0) other.hide(flier);
      if (i % 7 == 2) other.show(flier);
      if (i % 11 == 0) xcb_configure_window(other.x->xcb(), flier, XCB_CONFIG_WINDOW_STACK_MODE, &above);
      other.x->sync();
      if (i % 3 == 0) person->move(one, 13 * i % 600 - 40, 7 * i % 460 - 30);
      if (i % 13 == 0) {
        const std::uint32_t size[] = {static_cast<std::uint32_t>(200 + i % 300), static_cast<std::uint32_t>(160 + i % 200)};
        xcb_configure_window(person->x->xcb(), one, XCB_CONFIG_WINDOW_WIDTH | XCB_CONFIG_WINDOW_HEIGHT, size);
      }
      person->x->sync();
    }
  });
  int frames = 0;
  std::int64_t leaked = 0;
  for (int turn = 0; turn < 60; ++turn) {
    if (turn % 3 == 0) rig.source->request_full();   // where all is hatched nothing else makes a picture
    if (auto frame = rig.frame(50ms)) {
      ++frames;
      leaked += count(*frame, kSecret);
    }
  }
  CHECK(frames >= 20);
  done = true;
  mover.join();
  CHECK(leaked == 0);
  other.hide(flier);
  auto frame = rig.settled();
  REQUIRE(frame);
  CHECK(count(*frame, kPublic) > 0);
  person.reset();
  frame = rig.settled();
  REQUIRE(frame);
  CHECK(count(*frame, kPublic) == 0);
  CHECK(count(*frame, kSecret) == 0);
  Person heir(rig.server.display());      // the server hands out the same numbers again
  const xcb_window_t same = heir.window({50, 50, 300, 220}, kSecret);
  REQUIRE(same == one);
  heir.show(same);
  frame = rig.settled();
  REQUIRE(frame);
  CHECK(count(*frame, kSecret) == 0);
}

TEST_CASE("with a compositor, a window that lets what is beneath shine through is seen where it says that it is opaque") {
  BS_NEEDS_XVFB();
  Rig rig;
  Person person(rig.server.display()), compositor(rig.server.display());
  const auto atom = [&](std::string_view name) {
    Reply<xcb_intern_atom_reply_t> reply(xcb_intern_atom_reply(
        person.x->xcb(), xcb_intern_atom(person.x->xcb(), 0, static_cast<std::uint16_t>(name.size()), name.data()), nullptr));
    REQUIRE(reply);
    return reply->atom;
  };
  person.show(person.window({0, 0, 800, 600}, kSecret));
  const xcb_window_t one = person.window({100, 100, 200, 100}, kPublic);
  const std::uint32_t opacity = 0x80000000u;
  xcb_change_property(person.x->xcb(), XCB_PROP_MODE_REPLACE, one, atom("_NET_WM_WINDOW_OPACITY"), XCB_ATOM_CARDINAL, 32, 1, &opacity);
  person.show(one);
  HiddenParts parts;
  parts.only_window = one;
  rig.own->hide(parts);
  REQUIRE(rig.source->start(see(), 0));
  auto frame = rig.settled();
  REQUIRE(frame);
  CHECK(count(*frame, kPublic) == 200 * 100);    // nobody blends
  const xcb_window_t owner = compositor.window({0, 0, 1, 1}, 0);
  xcb_set_selection_owner(compositor.x->xcb(), owner, atom("_NET_WM_CM_S0"), XCB_CURRENT_TIME);
  compositor.x->sync();
  frame = rig.settled();
  REQUIRE(frame);
  CHECK(count(*frame, kPublic) == 0);
  xcb_delete_property(person.x->xcb(), one, atom("_NET_WM_WINDOW_OPACITY"));
  person.x->sync();
  frame = rig.settled();
  REQUIRE(frame);
  CHECK(count(*frame, kPublic) == 200 * 100 - 4 * 16 * 16);   // its corners may be round
  CHECK(count(*frame, kSecret) == 0);
}

TEST_CASE("what is hidden is closed to the operator's pointer and keys") {
  BS_NEEDS_XVFB();
  Rig rig;
  Child program({TYPIST_WINDOW}, {"DISPLAY=" + rig.server.display()});   // our own windows are closed to them anyhow
  REQUIRE(program.line(8000) == "ready");
  auto opened = Connection::open(rig.server.display());
  REQUIRE(opened);
  xcb_connection_t* x = (*opened)->xcb();
  Reply<xcb_query_tree_reply_t> tree(xcb_query_tree_reply(x, xcb_query_tree(x, (*opened)->root()), nullptr));
  REQUIRE(tree);
  REQUIRE(xcb_query_tree_children_length(tree.get()) == 1);
  const xcb_window_t window = *xcb_query_tree_children(tree.get());
  Reply<xcb_get_geometry_reply_t> place(xcb_get_geometry_reply(x, xcb_get_geometry(x, window), nullptr));
  REQUIRE(place);
  auto made = make_x11_desktop(rig.server.display(), rig.gate, rig.own, rig.layouts);
  REQUIRE(made);
  REQUIRE((*made)->start({[] {}, [] {}, [](Error) {}, {}}));
  const auto press = [&] {
    InputEvent e;
    e.kind = InputKind::ButtonDown;
    e.layout_generation = rig.layouts->current().generation;
    e.x = static_cast<std::uint16_t>(((place->x + place->width / 2) * 65536 + 32768) / 800);
    e.y = static_cast<std::uint16_t>(((place->y + place->height / 2) * 65536 + 32768) / 600);
    e.button = 1;
    const auto outcome = (*made)->inject(e);
    e.kind = InputKind::ButtonUp;
    (*made)->inject(e);
    return outcome;
  };
  InputEvent key;
  key.kind = InputKind::KeyDown;
  key.hid_usage = 0x04;
  key.keysym = 'a';
  const auto tap = [&] {
    key.kind = InputKind::KeyDown;
    const auto outcome = (*made)->inject(key);
    key.kind = InputKind::KeyUp;
    (*made)->inject(key);
    return outcome;
  };
  xcb_set_input_focus(x, XCB_INPUT_FOCUS_PARENT, window, XCB_CURRENT_TIME);
  (*opened)->sync();
  CHECK(press() == ports::InjectOutcome::Done);
  CHECK(tap() == ports::InjectOutcome::Done);
  rig.own->hide(windows({window}));
  CHECK(press() == ports::InjectOutcome::OwnWindow);
  CHECK(tap() == ports::InjectOutcome::OwnWindow);
  rig.own->hide(windows({}));
  CHECK(tap() == ports::InjectOutcome::Done);
  HiddenParts one;
  one.only_window = window;
  rig.own->hide(one);
  const LocalTime give_up = local_now() + 5s;   // what was hidden until then stays closed for kLinger
  while (press() != ports::InjectOutcome::Done && local_now() < give_up) std::this_thread::sleep_for(20ms);
  CHECK(press() == ports::InjectOutcome::Done);
  CHECK(tap() == ports::InjectOutcome::Done);
  one.only_window = window + 1;
  rig.own->hide(one);
  CHECK(press() == ports::InjectOutcome::OwnWindow);
  CHECK(tap() == ports::InjectOutcome::OwnWindow);
  (*made)->stop();
}
