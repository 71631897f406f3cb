// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>

#include "engine/base/result.h"

namespace beside::shell {

// One key as the operator's layout reads it.
struct KeyReading {
  std::uint16_t hid_usage = 0;
  std::uint32_t keysym = 0;
  std::array<char, 8> text{};        // what the key alone produces; empty for dead keys and control characters
  std::uint16_t modifiers = 0;       // while the event happens, the key's own change not yet in it
  bool is_modifier = false;
  enum class Compose : std::uint8_t {
    None,         // an ordinary key
    Composing,    // part of a sequence (a dead key): nothing goes out yet
    Composed,     // the sequence is complete: `composed` is its text
    Cancelled,    // the sequence led nowhere and is dropped; this key is dropped with it
  } compose = Compose::None;
  std::string composed;              // UTF-8
};

// Keeps the state of the keyboard layout from the key events it is given, in their order, and follows layout changes
// that the server announces. Thread: main.
class KeyboardReader {
 public:
  // On the X server's keymap.
  static Result<std::unique_ptr<KeyboardReader>> create();
  // On a keymap of these names, without a server (tests). `locale` names the Compose table.
  static Result<std::unique_ptr<KeyboardReader>> create_for_layout(const std::string& layout, const std::string& variant,
                                                                   const std::string& locale);
  virtual ~KeyboardReader() = default;
  virtual KeyReading press(std::uint32_t x_keycode) = 0;
  virtual KeyReading release(std::uint32_t x_keycode) = 0;
  // The window got the focus: forget held keys and half sequences, take locks and layout from the server.
  virtual void resync() = 0;
};

}  // namespace beside::shell
