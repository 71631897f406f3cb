// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/wire/input_cells.h"

#include <fmt/core.h>

#include <algorithm>

namespace beside::wire {
namespace {

constexpr std::uint8_t kInput = 0x11, kCursor = 0x12;
constexpr std::uint16_t kHolding = 1;
constexpr std::int32_t kSpotLimit = 32768;  // X11 coordinates are 16 bits

void put_place(ByteWriter& w, const InputEvent& e) {
  w.u16(e.modifiers);
  w.u8(static_cast<std::uint8_t>(e.monitor_id));
  w.u32(e.layout_generation);
  w.u16(e.x);
  w.u16(e.y);
}
void read_place(ByteReader& in, InputEvent& e) {
  e.modifiers = in.u16();
  e.monitor_id = in.u8();
  e.layout_generation = in.u32();
  e.x = in.u16();
  e.y = in.u16();
}

void put_event(ByteWriter& w, const InputEvent& e) {
  w.u8(static_cast<std::uint8_t>(e.kind));
  switch (e.kind) {
    case InputKind::PointerMove:
    case InputKind::PointMark: put_place(w, e); break;
    case InputKind::ButtonDown:
    case InputKind::ButtonUp:
      put_place(w, e);
      w.u8(e.button);
      break;
    case InputKind::Wheel:
      put_place(w, e);
      w.u16(static_cast<std::uint16_t>(e.dx));
      w.u16(static_cast<std::uint16_t>(e.dy));
      break;
    case InputKind::KeyDown:
    case InputKind::KeyUp:
    case InputKind::Text:
      w.u16(e.modifiers);
      w.u16(e.hid_usage);
      w.u32(e.keysym);
      w.u8(static_cast<std::uint8_t>(e.text_view().size()));
      w.bytes(as_bytes(e.text_view()));
      break;
    case InputKind::ReleaseAll:
    case InputKind::PointHide: break;
  }
}

Result<InputEvent> read_event(ByteReader& in) {
  InputEvent e;
  const std::uint8_t kind = in.u8();
  BS_PEER_CHECK(kind >= 1 && kind <= 10, "wire/input: kind of event");
  e.kind = static_cast<InputKind>(kind);
  switch (e.kind) {
    case InputKind::PointerMove:
    case InputKind::PointMark: read_place(in, e); break;
    case InputKind::ButtonDown:
    case InputKind::ButtonUp:
      read_place(in, e);
      e.button = in.u8();
      BS_PEER_CHECK(e.button >= 1 && e.button <= 9, "wire/input: button");
      break;
    case InputKind::Wheel:
      read_place(in, e);
      e.dx = static_cast<std::int16_t>(in.u16());
      e.dy = static_cast<std::int16_t>(in.u16());
      break;
    case InputKind::KeyDown:
    case InputKind::KeyUp:
    case InputKind::Text: {
      e.modifiers = in.u16();
      e.hid_usage = in.u16();
      e.keysym = in.u32();
      const std::size_t size = in.u8();
      BS_PEER_CHECK(size <= e.text.size(), "wire/input: text length");
      const ByteSpan text = in.bytes(size);
      BS_PEER_CHECK(is_utf8(as_text(text)) && std::find(text.begin(), text.end(), 0) == text.end(), "wire/input: text");
      std::copy(text.begin(), text.end(), e.text.begin());
      break;
    }
    case InputKind::ReleaseAll:
    case InputKind::PointHide: break;
  }
  BS_PEER_CHECK(e.monitor_id <= 16, "wire/input: monitor");
  BS_PEER_CHECK(!in.failed(), "wire/input: event length");
  return e;
}

Cell to_cell(const Bytes& bytes) {
  BS_ASSERT(bytes.size() <= kCellBytes);
  Cell cell{};
  std::copy(bytes.begin(), bytes.end(), cell.begin());
  return cell;
}

bool all_zero(ByteSpan rest) {
  return std::all_of(rest.begin(), rest.end(), [](std::uint8_t b) { return b == 0; });
}

}  // namespace

std::size_t encoded_size(const InputEvent& event) {
  switch (event.kind) {
    case InputKind::PointerMove:
    case InputKind::PointMark: return 12;
    case InputKind::ButtonDown:
    case InputKind::ButtonUp: return 13;
    case InputKind::Wheel: return 16;
    case InputKind::KeyDown:
    case InputKind::KeyUp:
    case InputKind::Text: return 10 + event.text_view().size();
    case InputKind::ReleaseAll:
    case InputKind::PointHide: return 1;
  }
  return 1;
}

Cell build_input_cell(const InputCell& cell) {
  Bytes out;
  out.reserve(kCellBytes);
  ByteWriter w(out);
  w.u8(kInput);
  w.u8(static_cast<std::uint8_t>(cell.events.size()));
  w.u16(cell.holding ? kHolding : std::uint16_t{0});
  w.u32(cell.first.value);
  w.u32(cell.ack.value);
  for (const InputEvent& event : cell.events) put_event(w, event);
  return to_cell(out);
}

Cell build_cursor_cell(const CursorCell& cell) {
  Bytes out;
  out.reserve(kCellBytes);
  ByteWriter w(out);
  w.u8(kCursor);
  w.u8(cell.has_spot ? 1 : 0);
  w.u16(0);
  w.u32(cell.number.value);
  w.u32(cell.ack.value);
  if (cell.has_spot) {
    w.u8(cell.spot.visible ? 1 : 0);
    w.u32(cell.spot.shape_serial);
    w.u32(static_cast<std::uint32_t>(std::clamp(cell.spot.x, -kSpotLimit, kSpotLimit - 1)));
    w.u32(static_cast<std::uint32_t>(std::clamp(cell.spot.y, -kSpotLimit, kSpotLimit - 1)));
  }
  return to_cell(out);
}

Result<InputCell> parse_input_cell(ByteSpan payload) {
  BS_PEER_CHECK(payload.size() == kCellBytes, "wire/input: cell size");
  ByteReader in(payload);
  BS_PEER_CHECK(in.u8() == kInput, "wire/input: kind of cell");
  const std::size_t count = in.u8();
  BS_PEER_CHECK(count <= kCellRoom, "wire/input: count");
  InputCell cell;
  const std::uint16_t flags = in.u16();
  BS_PEER_CHECK((flags & ~kHolding) == 0, "wire/input: flags");
  cell.holding = (flags & kHolding) != 0;
  cell.first = EventNo{in.u32()};
  cell.ack = EventNo{in.u32()};
  cell.events.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    auto event = read_event(in);
    if (!event) return fail(event);
    cell.events.push_back(*event);
  }
  BS_PEER_CHECK(all_zero(in.rest()), "wire/input: rest is not zero");
  return cell;
}

Result<CursorCell> parse_cursor_cell(ByteSpan payload) {
  BS_PEER_CHECK(payload.size() == kCellBytes, "wire/cursor: cell size");
  ByteReader in(payload);
  BS_PEER_CHECK(in.u8() == kCursor, "wire/cursor: kind of cell");
  const std::uint8_t count = in.u8();
  BS_PEER_CHECK(count <= 1 && in.u16() == 0, "wire/cursor: count or flags");
  CursorCell cell;
  cell.number = EventNo{in.u32()};
  cell.ack = EventNo{in.u32()};
  cell.has_spot = count == 1;
  if (cell.has_spot) {
    const std::uint8_t flags = in.u8();
    BS_PEER_CHECK(flags <= 1, "wire/cursor: flags");
    cell.spot.visible = flags == 1;
    cell.spot.shape_serial = in.u32();
    cell.spot.x = static_cast<std::int32_t>(in.u32());
    cell.spot.y = static_cast<std::int32_t>(in.u32());
    BS_PEER_CHECK(cell.spot.x >= -kSpotLimit && cell.spot.x < kSpotLimit && cell.spot.y >= -kSpotLimit && cell.spot.y < kSpotLimit,
                  "wire/cursor: place");
  }
  BS_PEER_CHECK(all_zero(in.rest()), "wire/cursor: rest is not zero");
  return cell;
}

std::string dump_input_cell(const InputCell& cell) {
  std::string out = fmt::format("input first={} ack={}{}:", cell.first.value, cell.ack.value, cell.holding ? " holding" : "");
  for (const InputEvent& event : cell.events) out += fmt::format(" kind{}", static_cast<int>(event.kind));
  return out;
}

}  // namespace beside::wire
