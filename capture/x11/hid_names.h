// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>

namespace beside::capture {

// The XKB name of a key's place ("AD01") for a USB HID usage of page 7 (HID Usage Tables 1.4, section 10); nullptr when
// unknown. Names instead of numbers, because a place's keycode depends on the X server's driver (evdev, xfree86).
const char* xkb_name_of_hid(std::uint16_t usage);
// The lower-case Latin letter or digit that a US keyboard has at this place; 0 when there is none.
char latin_of_hid(std::uint16_t usage);

}  // namespace beside::capture
