// SPDX-License-Identifier: GPL-3.0-or-later
#include "capture/x11/hid_names.h"

#include <array>

namespace beside::capture {
namespace {

// Usages 0x04 (A) to 0x65 (Application), in order.
constexpr std::array<const char*, 0x66 - 0x04> kNames = {
    "AC01", "AB05", "AB03", "AC03", "AD03", "AC04", "AC05", "AC06", "AD08", "AC07",  // a-j
    "AC08", "AC09", "AB07", "AB06", "AD09", "AD10", "AD01", "AD04", "AC02", "AD05",  // k-t
    "AD07", "AB04", "AD02", "AB02", "AD06", "AB01",                                  // u-z
    "AE01", "AE02", "AE03", "AE04", "AE05", "AE06", "AE07", "AE08", "AE09", "AE10",  // 1-0
    "RTRN", "ESC", "BKSP", "TAB", "SPCE", "AE11", "AE12", "AD11", "AD12", "BKSL",    // 28-31
    "BKSL", "AC10", "AC11", "TLDE", "AB08", "AB09", "AB10", "CAPS",                  // 32-39
    "FK01", "FK02", "FK03", "FK04", "FK05", "FK06", "FK07", "FK08", "FK09", "FK10", "FK11", "FK12",
    "PRSC", "SCLK", "PAUS", "INS",  "HOME", "PGUP", "DELE", "END",  "PGDN",          // 46-4e
    "RGHT", "LEFT", "DOWN", "UP",                                                    // 4f-52
    "NMLK", "KPDV", "KPMU", "KPSU", "KPAD", "KPEN",                                  // 53-58
    "KP1",  "KP2",  "KP3",  "KP4",  "KP5",  "KP6",  "KP7",  "KP8",  "KP9",  "KP0", "KPDL",
    "LSGT", "COMP"};
constexpr std::array<const char*, 8> kModifiers = {"LCTL", "LFSH", "LALT", "LWIN", "RCTL", "RTSH", "RALT", "RWIN"};

}  // namespace

const char* xkb_name_of_hid(std::uint16_t usage) {
  if (usage >= 0x04 && usage < 0x66) return kNames[usage - 0x04u];
  if (usage >= 0xe0 && usage <= 0xe7) return kModifiers[usage - 0xe0u];
  switch (usage) {
    case 0x67: return "KPEQ";
    case 0x68: return "FK13";
    case 0x69: return "FK14";
    case 0x6a: return "FK15";
    case 0x87: return "AB11";
    case 0x88: return "HKTG";
    case 0x89: return "AE13";
    case 0x8a: return "HENK";
    case 0x8b: return "MUHE";
    case 0x90: return "HNGL";
    case 0x91: return "HJCV";
    default: return nullptr;
  }
}

char latin_of_hid(std::uint16_t usage) {
  if (usage >= 0x04 && usage <= 0x1d) return static_cast<char>('a' + (usage - 0x04));
  if (usage >= 0x1e && usage <= 0x26) return static_cast<char>('1' + (usage - 0x1e));
  return usage == 0x27 ? '0' : '\0';
}

}  // namespace beside::capture
