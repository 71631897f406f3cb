// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <deque>

struct ImGuiIO;

namespace beside::shell {

// Feeds window events to ImGui in an order and portion that it can tell apart: ImGui 1.86 sees only the state at the
// start of a frame, so that a key pressed and released, or a word, a Tab and another word, within one frame would be
// lost or land in the wrong field. What must not share a frame waits for the next one. Thread: main.
class InputQueue {
 public:
  void move(float x, float y);
  void button(int index, bool down);      // 0 left, 1 right, 2 middle, as ImGui counts
  void wheel(float dx, float dy);
  void key(int glfw_key, bool down);
  void character(char32_t code_point);
  // The window lost the keyboard: everything held counts as released.
  void release_keys() { release_keys_ = true; }
  // Before ImGui::NewFrame(). True: events are left for another frame.
  bool apply(ImGuiIO& io);

 private:
  struct Event {
    enum class Kind : std::uint8_t { Move, Button, Wheel, Key, Character } kind;
    int code = 0;
    bool down = false;
    float x = 0, y = 0;
  };
  std::deque<Event> events_;
  float x_ = -1, y_ = -1;
  bool has_position_ = false, release_keys_ = false;
  bool buttons_[5] = {};
};

}  // namespace beside::shell
