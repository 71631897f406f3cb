// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <string>
#include <vector>

#include "engine/session/command.h"
#include "engine/session/snapshot.h"
#include "ui/kit/widgets.h"
#include "ui/views/customer/customer.h"

// The kiosk's screens: privacy screen, code entry with an on-screen keyboard, consent and panel at the edge. What the
// signed file says is the program's matter; it arrives here as KioskSettings.
namespace beside::views {

struct KioskSettings {
  std::string company;                 // name on the privacy screen
  std::string department;              // empty: none named
  std::string home_language = "en";    // after a reset
  std::vector<std::string> languages;  // offered, in this order; empty: all that there are
};

enum class KioskPage : std::uint8_t { Idle, Code };

struct KioskState {
  KioskPage page = KioskPage::Idle;
  CustomerState customer;
  LocalTime last_touch{};         // 0: not yet known
  bool ended = false;             // a session, whose end is still shown
  bool keyboard_letters = false;  // the text layout of the on-screen keyboard
  bool keyboard_shift = false;
  bool keyboard_open = false;  // in the panel's chat
};

constexpr seconds kKioskReset{60};  // without a touch, outside a session

struct KioskWishes {
  bool full_screen = true;  // false: shrink to the panel at the edge
  float panel_width = 0;    // scale 1, when not full screen
};

std::vector<session::CustomerCommand> draw_kiosk(kit::Ui& ui, const session::CustomerSnapshot& snapshot,
                                                 const KioskSettings& settings, KioskState& state,
                                                 KioskWishes* wishes = nullptr);

// The on-screen keyboard; presses edit `text`. digits: a number pad only. True when "Done" was pressed.
bool draw_keyboard(kit::Ui& ui, std::string_view prefix, KioskState& state, std::string& text, bool digits,
                   std::size_t max_bytes);

}  // namespace beside::views
