// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/shell/remote_control.h"

#include <algorithm>
#include <cctype>
#include <utility>

namespace beside::shell {
namespace {

constexpr std::uint16_t kLocalChord = modifier::kControl | modifier::kAlt | modifier::kShift;
// X keysyms (X11/keysymdef.h): only these few are named here.
constexpr std::uint32_t kSymF1 = 0xffbe, kSymF12 = 0xffc9, kSymEscape = 0xff1b;

// Letters and digits as they are (upper case), F1 to F12 as 'a' to 'l', Escape as 'L' (leave); 0 for the rest.
char chord_key(std::uint32_t keysym) {
  if (keysym < 0x80 && std::isalnum(static_cast<int>(keysym)) != 0) return static_cast<char>(std::toupper(static_cast<int>(keysym)));
  if (keysym >= kSymF1 && keysym <= kSymF12) return static_cast<char>('a' + (keysym - kSymF1));
  if (keysym == kSymEscape) return 'L';
  return 0;
}

std::size_t code_point_length(unsigned char first) {
  return first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
}

}  // namespace

void RemoteControl::set_view(const std::optional<RemoteView>& view, const RemotePlacement& placement) {
  const bool same = view && view_ && view->session == view_->session && view->input == view_->input;
  if (!same) {
    let_go();
    pressed_.clear();
  }
  const bool uncovered = same && view->hovered && !view_->hovered;
  // The customer's end drops a mark for another layout or monitor than it has now.
  const bool elsewhere = same && (view->layout_generation != view_->layout_generation || view->monitor_id != view_->monitor_id);
  const bool may_point = !same && view && view->hovered && view->input == RemoteInput::Point;   // a mark, though the pointer rests
  if (view_ && mark_shown_ && (!view || view->input != RemoteInput::Point || view->session != view_->session)) {
    emit_(view_->session, at_pointer(InputKind::PointHide));
    mark_shown_ = false;
  }
  view_ = view;
  placement_ = placement;
  const bool may_focus = view_ && view_->input == RemoteInput::Control;
  if (!may_focus || view_->release_focus) {
    if (focused_) let_go();
    focused_ = false;
  } else if (view_->take_focus) {
    focused_ = true;
  }
  if ((may_point || (uncovered && view_->input != RemoteInput::None)) && placement_.contains(x_, y_)) move_pending_ = true;
  if (elsewhere && mark_shown_) {
    if (over_picture(x_, y_)) {
      move_pending_ = true;
    } else {
      emit_(view_->session, at_pointer(InputKind::PointHide));
      mark_shown_ = false;
    }
  }
  decide_pressed();
}

// A press that came before a frame could tell what lies under it is the customer's if the frame that took it says so.
void RemoteControl::decide_pressed() {
  constexpr int kMostFrames = 3;
  std::uint32_t clicked = view_ ? view_->clicked : 0;
  for (std::size_t i = 0; i < pressed_.size();) {
    Pressed& p = pressed_[i];
    const bool taken = (clicked & (1U << p.button)) != 0;
    if (!taken && ++p.frames < kMostFrames) {
      ++i;
      continue;
    }
    clicked &= ~(taken ? 1U << p.button : 0U);   // a frame takes one press of each
    if (taken && over_picture(p.x, p.y)) {
      const float x = std::exchange(x_, p.x), y = std::exchange(y_, p.y);
      move_pending_ = true;
      press(p.button);
      if (p.released) button(p.button, false);
      move_pending_ = x != x_ || y != y_;
      x_ = x;
      y_ = y;
    }
    pressed_.erase(pressed_.begin() + static_cast<std::ptrdiff_t>(i));
  }
}

void RemoteControl::let_go() {
  if (view_ && (!held_.empty() || buttons_ != 0)) {
    InputEvent event;
    event.kind = InputKind::ReleaseAll;
    event.layout_generation = view_->layout_generation;
    event.monitor_id = view_->monitor_id;
    emit_(view_->session, event);
  }
  for (const auto& [code, sent] : held_) swallowed_[code] = true;
  held_.clear();
  buttons_ = 0;
  move_pending_ = false;
}

InputEvent RemoteControl::at_pointer(InputKind kind) const {
  InputEvent event;
  event.kind = kind;
  event.modifiers = modifiers_;
  event.layout_generation = view_->layout_generation;
  event.monitor_id = view_->monitor_id;
  event.x = placement_.normalised_x(x_);
  event.y = placement_.normalised_y(y_);
  return event;
}

void RemoteControl::send_text(std::string_view utf8) {
  for (std::size_t at = 0; at < utf8.size();) {
    const std::size_t length = std::min(code_point_length(static_cast<unsigned char>(utf8[at])), utf8.size() - at);
    InputEvent event;
    event.kind = InputKind::Text;
    event.layout_generation = view_->layout_generation;
    event.monitor_id = view_->monitor_id;
    std::copy_n(utf8.begin() + static_cast<std::ptrdiff_t>(at), length, event.text.begin());
    emit_(view_->session, event);
    at += length;
  }
}

bool RemoteControl::key(std::uint32_t keycode, const KeyReading& reading, bool down) {
  modifiers_ = reading.modifiers;
  if (!down) {
    const auto sent = held_.find(keycode);
    if (sent == held_.end()) {
      swallowed_.erase(keycode);
      return focused_;
    }
    InputEvent event = sent->second;
    event.kind = InputKind::KeyUp;
    event.modifiers = reading.modifiers;
    event.text = {};
    held_.erase(sent);
    if (view_) emit_(view_->session, event);
    return true;
  }
  if (!focused_ || !view_) return false;
  if (held_.contains(keycode) || swallowed_.contains(keycode)) return true;   // repeats are the customer's server's matter
  if ((reading.modifiers & kLocalChord) == kLocalChord && !reading.is_modifier) {
    let_go();
    swallowed_[keycode] = true;
    if (const char name = chord_key(reading.keysym); name != 0 && chord_) chord_(name);
    return true;
  }
  if (reading.compose != KeyReading::Compose::None) {
    swallowed_[keycode] = true;
    if (reading.compose == KeyReading::Compose::Composed) {
      flush();
      send_text(reading.composed);
    }
    return true;
  }
  flush();
  InputEvent event;
  event.kind = InputKind::KeyDown;
  event.modifiers = reading.modifiers;
  event.layout_generation = view_->layout_generation;
  event.monitor_id = view_->monitor_id;
  event.hid_usage = reading.hid_usage;
  event.keysym = reading.keysym;
  event.text = reading.text;
  held_[keycode] = event;
  emit_(view_->session, event);
  return true;
}

bool RemoteControl::text(char32_t c) {
  if (!focused_ || !view_) return false;
  char utf8[5] = {};
  if (c < 0x80) {
    utf8[0] = static_cast<char>(c);
  } else if (c < 0x800) {
    utf8[0] = static_cast<char>(0xc0 | (c >> 6));
    utf8[1] = static_cast<char>(0x80 | (c & 0x3f));
  } else if (c < 0x10000) {
    utf8[0] = static_cast<char>(0xe0 | (c >> 12));
    utf8[1] = static_cast<char>(0x80 | ((c >> 6) & 0x3f));
    utf8[2] = static_cast<char>(0x80 | (c & 0x3f));
  } else {
    utf8[0] = static_cast<char>(0xf0 | (c >> 18));
    utf8[1] = static_cast<char>(0x80 | ((c >> 12) & 0x3f));
    utf8[2] = static_cast<char>(0x80 | ((c >> 6) & 0x3f));
    utf8[3] = static_cast<char>(0x80 | (c & 0x3f));
  }
  flush();
  send_text(utf8);
  return true;
}

void RemoteControl::pointer(float x, float y) {
  x_ = x;
  y_ = y;
  if (!view_ || view_->input == RemoteInput::None) return;
  if (view_->input == RemoteInput::Point) {
    if (over_picture(x, y)) {
      move_pending_ = true;
    } else if (mark_shown_) {
      emit_(view_->session, at_pointer(InputKind::PointHide));
      mark_shown_ = move_pending_ = false;
    }
    return;
  }
  // A drag that leaves the picture goes on along its edge.
  if (over_picture(x, y) || buttons_ != 0) move_pending_ = true;
}

void RemoteControl::flush() {
  if (!move_pending_ || !view_) return;
  move_pending_ = false;
  const bool point = view_->input == RemoteInput::Point;
  mark_shown_ = mark_fresh_ = point;
  emit_(view_->session, at_pointer(point ? InputKind::PointMark : InputKind::PointerMove));
}

LocalTime RemoteControl::keep_mark(LocalTime now) {
  if (!mark_shown_) return kNever;
  if (std::exchange(mark_fresh_, false)) {
    mark_again_ = now + kMarkAgain;
    mark_until_ = now + kMarkRests;
  }
  if (now >= mark_again_ && mark_again_ <= mark_until_) {
    emit_(view_->session, at_pointer(InputKind::PointMark));
    mark_again_ = now + kMarkAgain;
  }
  return mark_again_ <= mark_until_ ? mark_again_ : kNever;
}

bool RemoteControl::button(int button, bool down) {
  // A press beside the picture ends typing into it at once, not with the next frame: the key that follows may come first,
  // and what is meant for the operator's own chat must not go to the customer's machine.
  if (down && focused_ && view_ &&
      (x_ < view_->x || y_ < view_->y || x_ >= view_->x + view_->width || y_ >= view_->y + view_->height)) {
    let_go();
    focused_ = false;
  }
  if (!view_ || view_->input != RemoteInput::Control || button < 1 || button > 9) return false;
  const std::uint32_t bit = 1U << button;
  if (down && (!over_picture(x_, y_) || !pressed_.empty())) {
    constexpr std::size_t kMost = 16;
    if (placement_.contains(x_, y_) && pressed_.size() < kMost) pressed_.push_back({button, x_, y_});
    return false;
  }
  if (down) {
    press(button);
    return true;
  }
  if ((buttons_ & bit) == 0) {
    for (Pressed& p : pressed_) p.released = p.released || p.button == button;
    return false;
  }
  flush();
  InputEvent event = at_pointer(InputKind::ButtonUp);
  event.button = static_cast<std::uint8_t>(button);
  buttons_ &= ~bit;
  emit_(view_->session, event);
  return true;
}

void RemoteControl::press(int button) {
  focused_ = true;   // the key that follows may come before the next frame
  flush();
  InputEvent event = at_pointer(InputKind::ButtonDown);
  event.button = static_cast<std::uint8_t>(button);
  buttons_ |= 1U << button;
  emit_(view_->session, event);
}

bool RemoteControl::wheel(int dx, int dy) {
  if (!view_ || view_->input != RemoteInput::Control || !over_picture(x_, y_)) return false;
  flush();
  InputEvent event = at_pointer(InputKind::Wheel);
  event.dx = static_cast<std::int16_t>(std::clamp(dx, -32767, 32767));
  event.dy = static_cast<std::int16_t>(std::clamp(dy, -32767, 32767));
  emit_(view_->session, event);
  return true;
}

void RemoteControl::window_focus_lost() {
  let_go();
  swallowed_.clear();
  focused_ = false;
  if (view_ && mark_shown_) {
    emit_(view_->session, at_pointer(InputKind::PointHide));
    mark_shown_ = false;
  }
}

}  // namespace beside::shell
