// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "engine/base/bytes.h"
#include "engine/base/ids.h"
#include "engine/base/input_event.h"
#include "engine/base/result.h"

namespace beside::wire {

// One RTP payload of kPayloadInput or kPayloadCursor: always 64 bytes, so that a length tells no key. Big-endian.
//
//   0     kind: 0x11 input cell, 0x12 cursor cell
//   1     number of events in it (input: 0..52; cursor: 0 or 1)
//   2..3  flags: 1 = the sender holds keys or buttons down
//   4..7  number of the first event; of the next one to come when there is none
//   8..11 acknowledgement: the next number expected of the other direction, 0 = nothing received yet
//   12..  events one after the other; zero to the end
//
// Event of an input cell: kind u8 (InputKind), then
//   PointerMove, PointMark   modifiers u16, monitor u8, layout generation u32, x u16, y u16              (12 bytes)
//   ButtonDown, ButtonUp     the same, button u8                                                         (13)
//   Wheel                    the same as a move, dx i16, dy i16                                          (16)
//   KeyDown, KeyUp, Text     modifiers u16, HID usage u16, keysym u32, text length u8 (0..8), text     (10..18)
//   ReleaseAll, PointHide    nothing                                                                      (1)
// What an event's kind does not name is not carried and reads as zero. Event of a cursor cell: see CursorSpot.
constexpr std::size_t kCellBytes = 64;
constexpr std::size_t kCellRoom = 52;  // for events
using Cell = std::array<std::uint8_t, kCellBytes>;

struct InputCell {
  EventNo first;                   // number of events[0]
  EventNo ack;                     // cursor events: next number expected; 0 = none
  bool holding = false;
  std::vector<InputEvent> events;
};

// Where the customer's cursor is: flags u8 (1 visible), shape serial u32, monitor-independent root pixels x i32, y i32.
struct CursorSpot {
  std::int32_t x = 0, y = 0;       // -32768..32767
  bool visible = true;
  std::uint32_t shape_serial = 0;  // of session.proto's CursorShape
  bool operator==(const CursorSpot&) const = default;
};
struct CursorCell {
  EventNo number;
  EventNo ack;                     // input events: next number expected; 0 = none
  bool has_spot = false;
  CursorSpot spot;
};

// Bytes that an event takes in a cell.
std::size_t encoded_size(const InputEvent& event);
// The events must fit (BS_ASSERT): sum of encoded_size <= kCellRoom.
Cell build_input_cell(const InputCell& cell);
Cell build_cursor_cell(const CursorCell& cell);
// Errors: PeerFault (length, kind, count, an unknown event, text that is not UTF-8, or rest that is not zero).
Result<InputCell> parse_input_cell(ByteSpan payload);
Result<CursorCell> parse_cursor_cell(ByteSpan payload);
// Numbers and kinds only; never a key or text.
std::string dump_input_cell(const InputCell& cell);

}  // namespace beside::wire
