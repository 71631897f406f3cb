// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/wire/input_cells.h"

#include <doctest/doctest.h>

#include "tests/support/vectors.h"

using namespace beside;
using namespace beside::wire;

TEST_CASE("the cell vectors parse and are built byte for byte") {
  for (const std::string name : {"wire_cell_keys", "wire_cell_pointer"}) {
    const Bytes bytes = test::read_vector(name);
    const auto cell = parse_input_cell(bytes);
    REQUIRE(cell);
    CHECK(cell->events.size() == 2);
    const Cell again = build_input_cell(*cell);
    CHECK(Bytes(again.begin(), again.end()) == bytes);
  }
  const auto keys = parse_input_cell(test::read_vector("wire_cell_keys"));
  CHECK(keys->holding);
  CHECK(keys->events[0].kind == InputKind::KeyDown);
  CHECK(keys->events[0].text_view() == "A");
  CHECK(dump_input_cell(*keys) == "input first=5 ack=0 holding: kind5 kind6");
  const auto pointer = parse_input_cell(test::read_vector("wire_cell_pointer"));
  CHECK(pointer->first.value == 0xffffffff);
  CHECK(pointer->events[1].dx == -120);
  const Bytes spot = test::read_vector("wire_cell_cursor");
  const auto cursor = parse_cursor_cell(spot);
  REQUIRE(cursor);
  CHECK(cursor->spot == CursorSpot{1919, -1, true, 9});
  const Cell again = build_cursor_cell(*cursor);
  CHECK(Bytes(again.begin(), again.end()) == spot);
}

TEST_CASE("each kind of event survives and takes the bytes it says") {
  for (int kind = 1; kind <= 10; ++kind) {
    InputEvent e;
    e.kind = static_cast<InputKind>(kind);
    const bool place = kind <= 4 || kind == 9, key = kind >= 5 && kind <= 7;
    if (place) e.monitor_id = 16, e.layout_generation = 70000, e.x = 1, e.y = 65535;
    if (place || key) e.modifiers = modifier::kAltGr;
    if (kind == 2 || kind == 3) e.button = 9;
    if (kind == 4) e.dx = -32768, e.dy = 120;
    if (key) e.hid_usage = 4, e.keysym = 0x20ac, e.text = {'\xe2', '\x82', '\xac'};
    InputCell cell;
    cell.first = EventNo{1};
    const std::size_t count = kCellRoom / encoded_size(e);
    cell.events.assign(count, e);
    const auto again = parse_input_cell(build_input_cell(cell));
    CAPTURE(kind);
    REQUIRE(again);
    CHECK(again->events == cell.events);
  }
}

TEST_CASE("cells that say what cannot be are refused") {
  Bytes good = test::read_vector("wire_cell_keys");
  const auto with = [&](std::size_t at, std::uint8_t value) {
    Bytes bad = good;
    bad[at] = value;
    return parse_input_cell(bad).has_value();
  };
  CHECK(with(0, 0x11));
  CHECK_FALSE(with(0, 0x12));
  CHECK_FALSE(with(1, 3));     // a third event of kind 0
  CHECK_FALSE(with(1, 53));
  CHECK_FALSE(with(3, 2));     // unknown flag
  CHECK_FALSE(with(12, 11));   // unknown kind
  CHECK_FALSE(with(21, 9));    // text longer than eight bytes
  CHECK_FALSE(with(22, 0xff)); // not UTF-8
  CHECK_FALSE(with(63, 1));    // rest not zero
  good.push_back(0);
  CHECK_FALSE(parse_input_cell(good));
  CHECK_FALSE(parse_cursor_cell(Bytes(64, 0)));
}
