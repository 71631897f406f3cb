// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "engine/session/command.h"
#include "engine/session/snapshot.h"
#include "ui/kit/widgets.h"
#include "ui/views/shared/chat_box.h"
#include "ui/views/shared/notices.h"
#include "ui/views/shared/remote_area.h"

// The operator's screens: functions of a snapshot and of what is being typed, returning what the operator did.
namespace beside::views {

// One line of a past session's journal.
struct PastLine {
  std::int64_t at_unix_ms = 0;
  std::string kind;                   // the journal's word: "granted"
  Rights rights;
  std::string text;
};

// What the program lends the views; all called on main while drawing.
struct OperatorHost {
  std::function<RemoteViewState(const RemoteView&)> draw_remote;
  std::function<void(const std::string&)> copy;      // to the clipboard
  std::function<void(const std::string&)> open_path; // a folder, in the desktop's file manager; may be empty
  std::function<std::vector<PastLine>(const std::string& file)> read_past;  // a journal's lines; may be empty
};

struct SessionUi {
  ChatState chat;
  RemoteFit fit = RemoteFit::Fitted;
  bool pointing = false;              // point instead of control, where both are granted
  bool grab_system_keys = false;
  bool keys_back = false;             // the picture had the keyboard when the line took control away: it gets it back with it
  bool words_open = false;
  bool picture_hovered = false;       // in this frame
  bool picture_entered = false;       // it was in the frame before
  double picture_watched_s = -1;      // when the session was told of a movement over it, on ImGui's clock
  std::uint64_t chat_seen = 0;
  std::vector<Rect> on_picture;       // cards that lie on the picture, as drawn in the frame before; window pixels
  LocalTime kept_since{};             // it has nothing more to say since then; LocalTime{}: it has
  std::uint32_t refused_events = 0;   // of which the status bar told, and from when on
  LocalTime refused_since{};
  LocalTime waiting_since{};          // for the first picture; LocalTime{}: it is there
};

struct OperatorState {
  // before the console
  std::string address, login, password, invitation, display_name, new_password, repeat_password;
  bool redeeming = false, change_address = false;
  std::string first_field;            // what got the keyboard when the page came up
  // console
  std::uint32_t selected = 0;         // local_id; 0 = none
  std::map<std::uint32_t, SessionUi> sessions;
  std::size_t known_sessions = 0;     // to bring a new one into view
  bool history_open = false, ladder_open = false, details_hidden = false;
  bool narrow = false, details_over = false;   // a narrow window shows the details only when asked to, in the list's place
  bool ladder_watched = false;        // the session knows that somebody looks at it
  bool ask_open = false;
  Rights ask_rights;
  std::string ask_reason;
  bool palette_open = false;
  std::string palette_query;
  int palette_at = 0;
  bool remote_focused = false;        // as of the last frame
  bool leave_remote = false;          // set by a chord, for the next frame
  std::string chords;                 // pressed since the last frame
  bool confirm_end = false;
  // Leaving ends sessions, so it is asked about while there are any: what is being asked, and whether the box is open.
  enum class Leaving : std::uint8_t { Quit, SignOut } leaving = Leaving::Quit;
  bool confirm_leaving = false;
  std::uint32_t copied_for = 0;       // whose code was copied last, for the mark beside the button
  std::string history_query;
  std::string history_file;           // the journal that is looked at; empty: the list
  std::vector<PastLine> history_lines;
  float notice_height = 0;            // of the band over the middle, as drawn in the frame before
};

using OperatorOut = std::vector<session::OperatorCommand>;

inline void toggle_details(OperatorState& state) {
  bool& what = state.narrow ? state.details_over : state.details_hidden;
  what = !what;
}

// Sessions in which somebody is at the other end.
std::size_t live_sessions(const session::OperatorSnapshot& snapshot);
// Quits or signs out at once without such a session, otherwise asks first. Asked again while it asks: does it.
void leave(const session::OperatorSnapshot& snapshot, OperatorState& state, OperatorOut& out, OperatorState::Leaving how);

OperatorOut draw_operator(kit::Ui& ui, const session::OperatorSnapshot& snapshot, OperatorState& state, const OperatorHost& host);
// A chord that the shell kept while the remote view has the focus (ShellEvents::local_chord): Ctrl+Alt+Shift takes the place of
// nothing or Ctrl before the console's other keys, and with 'L' it leaves the picture. Done with the next frame.
void operator_chord(OperatorState& state, char key);
// As the keys are called in the person's language: "Ctrl+Shift+C" is "Strg+Umschalt+C". While the picture has the keyboard a
// function key takes Ctrl+Alt+Shift.
std::string keys_text(const OperatorState& state, std::string_view keys);

// ---- one screen or part each ----
void draw_operator_address(kit::Ui&, const session::OperatorSnapshot&, OperatorState&, OperatorOut&);
void draw_sign_in(kit::Ui&, const session::OperatorSnapshot&, OperatorState&, OperatorOut&);
void draw_redeem(kit::Ui&, const session::OperatorSnapshot&, OperatorState&, OperatorOut&);
void draw_console(kit::Ui&, const session::OperatorSnapshot&, OperatorState&, const OperatorHost&, OperatorOut&);

struct Area {
  float x = 0, y = 0, width = 0, height = 0;   // window pixels
};
void draw_session_list(kit::Ui&, const Area&, const session::OperatorSnapshot&, OperatorState&, const OperatorHost&, OperatorOut&);
void draw_waiting(kit::Ui&, const Area&, const session::SessionView&, OperatorState&, const OperatorHost&, OperatorOut&);
void draw_ended(kit::Ui&, const Area&, const session::SessionView&, OperatorState&, const OperatorHost&, OperatorOut&);
void draw_remote_pane(kit::Ui&, const Area&, const session::SessionView&, OperatorState&, const OperatorHost&, OperatorOut&);
Rect draw_kept(kit::Ui&, const Area&, const session::SessionView&, SessionUi&, OperatorOut&);   // where it lies; empty: nowhere
void draw_customer_column(kit::Ui&, const Area&, const session::SessionView&, OperatorState&, OperatorOut&);
void draw_status_bar(kit::Ui&, const Area&, const session::OperatorSnapshot&, const session::SessionView*, OperatorState&);
void draw_history(kit::Ui&, const Area&, const session::OperatorSnapshot&, OperatorState&, const OperatorHost&);
void draw_past_session(kit::Ui&, const Area&, const session::OperatorSnapshot&, OperatorState&, const OperatorHost&);
Rect draw_ladder(kit::Ui&, const Area&, const session::SessionView&);   // where it lies
void draw_ask_dialog(kit::Ui&, const session::SessionView&, OperatorState&, OperatorOut&);

// ---- every action, for the palette, the menus and the keys ----
struct Action {
  std::string id;        // "new_session": the widget is "palette.new_session"
  std::string label, keys;
  std::function<void(OperatorState&, OperatorOut&)> run;
};
std::vector<Action> operator_actions(const session::OperatorSnapshot&, const OperatorState&, const OperatorHost&);
void draw_palette(kit::Ui&, const session::OperatorSnapshot&, OperatorState&, const OperatorHost&, OperatorOut&);
// How well `query` fits `label`: letters in order, without regard to case; higher is better, -1 = not at all. Word starts and
// runs count more.
int fuzzy_score(std::string_view query, std::string_view label);

// Presses the keys in order and releases them in reverse: "Ctrl+Alt+Del".
struct Chord {
  const char* id;
  const char* label;                    // catalogue key
  std::vector<std::uint16_t> usages;    // USB HID, page 7
  std::vector<std::uint32_t> keysyms;
};
const std::vector<Chord>& chords();
void send_chord(const session::SessionView&, const Chord&, OperatorOut&);

// ---- small parts ----
// The operator's: lower, with a cross at the right, so that it takes little of the picture's room.
bool draw_operator_notice(kit::Ui& ui, std::string_view id, const session::Notice& notice);
const session::SessionView* find_session(const session::OperatorSnapshot&, std::uint32_t id);
std::string session_title(const session::SessionView&);
// The notice tells of a code that died by something else than a wrong try.
bool died_otherwise(const session::SessionView&);
// Nothing is heard of the customer: where a person depends on the line that is known within half a second.
bool line_silent(const session::SessionView&);
std::string session_state_text(const session::SessionView&);
kit::Tone session_tone(const session::SessionView&);
std::string veil_text(const session::SessionView&);          // why the picture is not current, in words; empty: it is

}  // namespace beside::views
