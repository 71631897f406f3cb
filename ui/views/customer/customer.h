// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "engine/session/command.h"
#include "engine/session/snapshot.h"
#include "ui/kit/widgets.h"
#include "ui/views/shared/chat_box.h"

// The customer's screens. Each draws the snapshot, keeps what is being typed or ticked in its state and returns what
// the person did. Nothing here grants anything: DecideAsk goes to engine/session, which decides.
namespace beside::views {

// A window that can be hidden, as the program that assembles found it.
struct WindowChoice {
  std::uint32_t id = 0;
  std::string title;
};

struct CustomerState {
  // address entry, start
  std::string address, code;
  bool took_prefill = false;
  std::uint64_t code_cleared_for = 0; // notice that said that the code is dead
  bool code_letters = false;  // what was typed last is no digit
  bool code_slip = false;  // the check digit says that a digit is wrong; nothing was sent
  // consent
  std::uint32_t ask_id = 0;
  Rights ticked;
  std::uint32_t monitor_id = 0;
  LocalTime ask_shown{};
  int called_me = 0;  // 0 not answered, 1 I called them, 2 they called me
  // panel
  ChatState chat;
  bool chat_open = false;
  bool words_open = false;
  std::size_t chat_seen = 0;
  bool confirm_stop = false;
  // what is hidden
  bool hide_open = false;
  std::vector<WindowChoice> windows;  // kept fresh by the program while CustomerWishes::list_windows
  bool choosing_window = false;       // that one only may be seen is wanted, and which one not yet said
  bool drawing_area = false;          // the person draws one on the screen now
  // end
  std::string saved_as;  // where the program put the transcript; empty: not saved
  bool not_saved = false;   // it could not be
  Rights rights_seen;                // of the ask: whose rows have been in view
  bool receipt_copied = false;
  // whole
  bool larger_text = false;
  float keep_free_below = 0;  // pixels as drawn, for the on-screen keyboard
  bool kiosk = false;         // the panel's parts as a kiosk shows them
  std::uint64_t dismissed_notice = 0;
  session::CustomerStage last_stage = session::CustomerStage::NeedAddress;
  bool fresh = true;
};

// Whether the ten digits agree with their check digit (PROTOCOL 2, Damm).
bool code_adds_up(std::string_view digits);

// What the shell must do for the view beside the commands: things that are not the session's.
struct CustomerWishes {
  bool save_transcript = false;  // ask for a place and write transcript_text()
  bool copy_receipt = false;     // put EndView::receipt_hex on the clipboard
  bool open_journal_folder = false;
  bool list_windows = false;     // keep CustomerState::windows fresh
  bool draw_area = false;        // let the person draw a rectangle on his screen; then a HideParts with it
  float panel_width = 0, panel_height = 0;  // scale 1; non-zero in the live stage: the size the window should have
};

std::vector<session::CustomerCommand> draw_customer(kit::Ui& ui, const session::CustomerSnapshot& snapshot,
                                                    CustomerState& state, CustomerWishes* wishes = nullptr);

// One screen each (one file each); draw_customer chooses. They append to `out`.
using CustomerOut = std::vector<session::CustomerCommand>;
void draw_address(kit::Ui&, const session::CustomerSnapshot&, CustomerState&, CustomerOut& out);
void draw_start(kit::Ui&, const session::CustomerSnapshot&, CustomerState&, CustomerOut& out);
void draw_connecting(kit::Ui&, const session::CustomerSnapshot&, CustomerState&, CustomerOut& out);
void draw_consent(kit::Ui&, const session::CustomerSnapshot&, CustomerState&, CustomerOut& out);
void draw_hide(kit::Ui&, const session::CustomerSnapshot&, CustomerState&, CustomerOut& out, CustomerWishes&);
// "Hide parts of the screen", or how many are hidden: the label of what opens that page.
std::string hidden_text(const HiddenParts& hidden);
void draw_panel(kit::Ui&, const session::CustomerSnapshot&, CustomerState&, CustomerOut& out, CustomerWishes&);
void draw_end(kit::Ui&, const session::CustomerSnapshot&, CustomerState&, CustomerOut& out, CustomerWishes&);

}  // namespace beside::views
