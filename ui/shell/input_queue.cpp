// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/shell/input_queue.h"

#define GLFW_INCLUDE_NONE
#include <GLFW/glfw3.h>
#include <imgui.h>

#include <algorithm>
#include <cfloat>
#include <iterator>
#include <vector>

namespace beside::shell {
namespace {

constexpr std::size_t kMost = 4096;   // a stuck program must not hoard a day's typing

bool is_modifier(int key) { return key >= GLFW_KEY_LEFT_SHIFT && key <= GLFW_KEY_RIGHT_SUPER; }
// What makes a chord of a key; shift does not: its text comes as other characters.
bool is_chord(int key) {
  return key == GLFW_KEY_LEFT_CONTROL || key == GLFW_KEY_RIGHT_CONTROL || key == GLFW_KEY_LEFT_ALT || key == GLFW_KEY_LEFT_SUPER ||
         key == GLFW_KEY_RIGHT_SUPER;
}
bool is_special(int key) { return key >= 256 && !is_modifier(key); }
bool writes_only(int key, const ImGuiIO& io) {
  for (const int held : {GLFW_KEY_LEFT_CONTROL, GLFW_KEY_RIGHT_CONTROL, GLFW_KEY_LEFT_ALT, GLFW_KEY_LEFT_SUPER, GLFW_KEY_RIGHT_SUPER}) {
    if (io.KeysDown[held]) return false;   // a shortcut must be seen
  }
  return key < 256 && key != GLFW_KEY_SPACE;   // the space bar presses buttons
}

}  // namespace

void InputQueue::move(float x, float y) {
  if (!events_.empty() && events_.back().kind == Event::Kind::Move) events_.pop_back();
  if (events_.size() < kMost) events_.push_back({Event::Kind::Move, 0, false, x, y});
}
void InputQueue::button(int index, bool down) {
  if (index >= 0 && index < 5 && events_.size() < kMost) events_.push_back({Event::Kind::Button, index, down, 0, 0});
}
void InputQueue::wheel(float dx, float dy) {
  if (events_.size() < kMost) events_.push_back({Event::Kind::Wheel, 0, false, dx, dy});
}
void InputQueue::key(int glfw_key, bool down) {
  if (glfw_key >= 0 && glfw_key < 512 && events_.size() < kMost) events_.push_back({Event::Kind::Key, glfw_key, down, 0, 0});
}
void InputQueue::character(char32_t code_point) {
  if (events_.size() < kMost) events_.push_back({Event::Kind::Character, static_cast<int>(code_point), false, 0, 0});
}

bool InputQueue::apply(ImGuiIO& io) {
  if (release_keys_) {
    std::fill(std::begin(io.KeysDown), std::end(io.KeysDown), false);
    release_keys_ = false;
  }
  std::vector<int> keys;
  bool button = false, typed = false, special = false, wheel = false;
  unsigned touched_buttons = 0;
  for (; !events_.empty(); events_.pop_front()) {
    const Event& e = events_.front();
    bool wait = false;
    switch (e.kind) {
      case Event::Kind::Move:
        wait = button || wheel;
        if (!wait) {
          x_ = e.x;
          y_ = e.y;
          has_position_ = true;
        }
        break;
      case Event::Kind::Button:
        wait = typed || special || (touched_buttons & (1U << e.code)) != 0;
        if (!wait) {
          buttons_[e.code] = e.down;
          touched_buttons |= 1U << e.code;
          button = true;
        }
        break;
      case Event::Kind::Wheel:
        io.MouseWheelH += e.x;
        io.MouseWheel += e.y;
        wheel = true;
        break;
      case Event::Kind::Key:
        // A key that only writes may go down and up within one frame, its text comes as a character: on a slow machine a
        // frame for each press and each release would let typing fall behind.
        // ImGui knows of Ctrl only whether it is down in this frame: pressed and let go around a key, both in one frame, it
        // would not have been there, and held for a letter typed before it, that letter would be lost.
        wait = button || (is_chord(e.code) && (typed || !keys.empty())) || (!writes_only(e.code, io) && std::find(keys.begin(), keys.end(), e.code) != keys.end()) ||
               (e.down && is_special(e.code) && (typed || special));
        if (!wait) {
          io.KeysDown[e.code] = e.down;
          keys.push_back(e.code);
          special = special || (e.down && is_special(e.code));
        }
        break;
      case Event::Kind::Character:
        wait = button || special;
        if (!wait) {
          io.AddInputCharacter(static_cast<unsigned>(e.code));
          typed = true;
        }
        break;
    }
    if (wait) break;
  }
  if (has_position_) io.MousePos = ImVec2(x_, y_);
  std::copy(std::begin(buttons_), std::end(buttons_), std::begin(io.MouseDown));
  io.KeyCtrl = io.KeysDown[GLFW_KEY_LEFT_CONTROL] || io.KeysDown[GLFW_KEY_RIGHT_CONTROL];
  io.KeyShift = io.KeysDown[GLFW_KEY_LEFT_SHIFT] || io.KeysDown[GLFW_KEY_RIGHT_SHIFT];
  io.KeyAlt = io.KeysDown[GLFW_KEY_LEFT_ALT] || io.KeysDown[GLFW_KEY_RIGHT_ALT];
  io.KeySuper = io.KeysDown[GLFW_KEY_LEFT_SUPER] || io.KeysDown[GLFW_KEY_RIGHT_SUPER];
  return !events_.empty();
}

}  // namespace beside::shell
