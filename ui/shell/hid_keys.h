// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>

namespace beside::shell {

// USB HID usage of page 7 for an evdev key code (linux/input-event-codes.h; an X key code less 8 under the evdev rules);
// 0 where there is none. Source: USB HID Usage Tables 1.21, section 10, and the kernel's hid_keyboard table turned round.
std::uint16_t hid_from_evdev(std::uint32_t evdev_code);
std::uint32_t evdev_from_hid(std::uint16_t usage);   // 0: none

// Usages that views send as chords.
namespace hid {
constexpr std::uint16_t kA = 0x04, kEnter = 0x28, kEscape = 0x29, kTab = 0x2b, kDelete = 0x4c, kF1 = 0x3a, kF4 = 0x3d;
constexpr std::uint16_t kLeftControl = 0xe0, kLeftShift = 0xe1, kLeftAlt = 0xe2, kLeftSuper = 0xe3, kRightControl = 0xe4,
                        kRightShift = 0xe5, kRightAlt = 0xe6, kRightSuper = 0xe7;
}  // namespace hid

}  // namespace beside::shell
