// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace beside {

enum class InputKind : std::uint8_t {
  PointerMove = 1,   // control: move the customer's pointer; point: move the operator's mark
  ButtonDown = 2,
  ButtonUp = 3,
  Wheel = 4,         // dx, dy in 1/120 notches, positive = right and up (away from the person)
  KeyDown = 5,
  KeyUp = 6,
  Text = 7,          // composed text or an input method's commit, no physical key
  ReleaseAll = 8,    // the operator's window lost focus: let go of everything
  PointMark = 9,     // pointing without control: show the operator's mark at x, y
  PointHide = 10,
};

// Modifiers as the operator's keyboard has them while the event happens.
namespace modifier {
constexpr std::uint16_t kShift = 1, kControl = 2, kAlt = 4, kSuper = 8, kAltGr = 16, kCapsLock = 32, kNumLock = 64;
}

// One event of the operator's. Positions are u16-normalised within the monitor named: 0 = left edge of the first pixel,
// 65535 = right edge of the last; the customer's side alone converts to root pixels.
// A key carries all three readings of itself (physical key, keysym, text); the customer's side chooses
// (capture/x11/keyboard.h).
struct InputEvent {
  InputKind kind = InputKind::PointerMove;
  std::uint8_t button = 0;         // 1 left, 2 middle, 3 right, 8 back, 9 forward
  std::uint16_t modifiers = 0;
  std::uint32_t layout_generation = 0;
  std::uint32_t monitor_id = 0;
  std::uint16_t x = 0, y = 0;
  std::int16_t dx = 0, dy = 0;
  std::uint16_t hid_usage = 0;     // USB HID usage of page 7 (keyboard); 0 = unknown
  std::uint32_t keysym = 0;        // X keysym on the operator's layout; 0 = none
  std::array<char, 8> text{};      // UTF-8 that the key produced, zero-padded; empty = none (at most one code point here)
  bool operator==(const InputEvent&) const = default;
  std::string_view text_view() const {
    std::size_t n = 0;
    while (n < text.size() && text[n] != 0) ++n;
    return {text.data(), n};
  }
};

}  // namespace beside
