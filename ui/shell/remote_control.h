// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string_view>
#include <vector>

#include "engine/base/clock.h"
#include "engine/base/input_event.h"
#include "ui/shell/remote_view.h"
#include "ui/shell/keyboard_reader.h"

namespace beside::shell {

// Turns what the operator does over the remote picture into InputEvents.
//  1. Keys go out only while the area has the focus and the view's input is Control.
//  2. Whatever was pressed is released: by its own release, or by one ReleaseAll when focus, right or view go.
//  3. Ctrl+Alt+Shift and a key stays here; the customer's machine is told to let go first.
//  4. Dead keys and Compose sequences go out as their text alone.
//  5. A press goes out at once where the last frame had nothing of ours under the pointer; a pointer that has jumped since
//     waits for the frame that tells.
// Thread: main. No I/O.
class RemoteControl {
 public:
  using Emit = std::function<void(std::uint32_t session, const InputEvent&)>;
  using Chord = std::function<void(char key)>;
  RemoteControl(Emit emit, Chord chord) : emit_(std::move(emit)), chord_(std::move(chord)) {}

  // Once per frame: the area that takes input, or none.
  void set_view(const std::optional<RemoteView>& view, const RemotePlacement& placement);
  bool focused() const { return focused_; }
  bool wants_grab() const { return focused_ && view_ && view_->grab_system_keys; }
  bool over_picture(float x, float y) const { return view_ && view_->hovered && placement_.contains(x, y) && !view_->is_covered(x, y); }

  // True: the key is the customer's or a local chord, and nobody else's.
  bool key(std::uint32_t keycode, const KeyReading& reading, bool down);
  // An input method committed text without a key. True: taken.
  bool text(char32_t code_point);
  void pointer(float x, float y);
  // True: taken by the customer.
  bool button(int button, bool down);   // 1 left, 2 middle, 3 right, 8 back, 9 forward
  bool wheel(int dx, int dy);           // 1/120 notches, positive = right and up
  // Sends the newest pointer position; call it after each batch of window events.
  void flush();
  // The mark goes at the customer's 3 s after it was last heard of: while the pointer rests on the picture it is sent again. When to
  // call again; kNever: no mark, or a pointer that was left lying there.
  static constexpr auto kMarkAgain = 1s;
  static constexpr auto kMarkRests = 60s;
  LocalTime keep_mark(LocalTime now);
  void window_focus_lost();

 private:
  InputEvent at_pointer(InputKind kind) const;
  void let_go();
  void send_text(std::string_view utf8);
  void press(int button);
  void decide_pressed();
  struct Pressed {             // where no frame has yet told what lies there
    int button = 0;
    float x = 0, y = 0;
    bool released = false;
    int frames = 0;            // that have come since
  };
  Emit emit_;
  Chord chord_;
  std::optional<RemoteView> view_;
  RemotePlacement placement_;
  bool focused_ = false;
  bool move_pending_ = false, mark_shown_ = false, mark_fresh_ = false;
  LocalTime mark_again_{}, mark_until_{};
  float x_ = -1, y_ = -1;
  std::uint16_t modifiers_ = 0;
  std::map<std::uint32_t, InputEvent> held_;   // by key code: as it went down
  std::map<std::uint32_t, bool> swallowed_;    // pressed but not sent: its release is not sent either
  std::vector<Pressed> pressed_;
  std::uint32_t buttons_ = 0;                  // bit per button held at the customer's
};

}  // namespace beside::shell
