// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "engine/base/input_event.h"

struct xkb_keymap;

namespace beside::capture {

// Real modifiers of the customer's keyboard (the eight of the X protocol: Shift 1, Lock 2, Control 4, Mod1 8 ...).
struct KeyboardState {
  std::uint32_t base = 0;     // held keys, ours and the customer's
  std::uint32_t ours = 0;     // the part of base that only keys injected by us hold
  std::uint32_t latched = 0, locked = 0;
  std::uint32_t group = 0;    // the active layout
};

// What to do so that one key press means what the operator meant.
struct KeyPlan {
  enum class Kind : std::uint8_t {
    Swallow,      // nothing to inject: a dead key, AltGr, a lock of the operator's own keyboard
    Press,        // press `keycode` after the changes below
    Spare,        // no key has it: put `keysym` on a spare keycode and press that, after the changes below
    Unsupported,
  };
  Kind kind = Kind::Unsupported;
  std::uint32_t keycode = 0;
  std::uint32_t keysym = 0;          // Spare
  std::uint32_t press_mods = 0;      // to be held while the key goes down
  std::uint32_t release_mods = 0;    // of ours, to be let go of meanwhile
  std::uint32_t toggle_locks = 0;    // locked modifiers to be turned over meanwhile
  std::uint32_t group = 0;           // to be active meanwhile
  bool modifier = false;             // the key is itself a modifier
};

// Which key of the customer's layout to press: the rule of the keyboard model.
//
// Control, Alt or Super held (AltGr is not Alt): a shortcut. The key that bears the operator's Latin letter, else the key
// at the same place. Otherwise the TEXT counts: the key, level and layout that make the character, with exactly the modifiers
// needed; the active layout is preferred. A character that no key makes goes on a spare keycode. Keys without text
// (arrows, function keys) go by keysym, else by place. Dead keys of the customer's are never used to compose.
// No X connection in here: the keymap may come from a server or from rules. Thread: one.
class KeyboardModel {
 public:
  // Takes a reference to the keymap. Keycodes in `not_ours` (bound as spares) are not looked at.
  explicit KeyboardModel(xkb_keymap* keymap, const std::vector<std::uint32_t>& not_ours = {});
  ~KeyboardModel();
  KeyboardModel(const KeyboardModel&) = delete;
  KeyboardModel& operator=(const KeyboardModel&) = delete;

  KeyPlan plan(const InputEvent& down, const KeyboardState& state) const;
  KeyPlan plan_character(char32_t character, const KeyboardState& state) const;
  std::vector<std::uint32_t> spare_keycodes() const { return spares_; }
  bool is_escape(std::uint32_t keycode) const;
  // A key that holds this one real modifier (Shift, Control, Alt, Super, or the one of the third level); 0 when there is none.
  std::uint32_t key_for_modifier(std::uint32_t real_mask) const;
  // Real modifiers that a key holds while it is down.
  std::uint32_t modifiers_of(std::uint32_t keycode) const;
  std::uint32_t symbol_at(std::uint32_t keycode) const;  // first level of the first layout; 0 = none

 private:
  struct Hit {
    std::uint32_t keycode = 0, layout = 0;
  };
  KeyPlan plan_symbol(const std::vector<Hit>& hits, std::uint32_t keysym, char32_t character,
                      const KeyboardState& state) const;
  KeyPlan plan_shortcut(const InputEvent& down, const KeyboardState& state) const;
  KeyPlan press(std::uint32_t keycode, std::uint32_t group) const;
  KeyPlan with_held(KeyPlan plan, std::uint16_t modifiers, const KeyboardState& state) const;
  KeyPlan by_place(std::uint16_t hid, const KeyboardState& state) const;
  const std::vector<Hit>& hits_of(std::uint32_t keysym) const;

  xkb_keymap* keymap_;
  std::unordered_map<std::uint32_t, std::vector<Hit>> by_keysym_;
  std::unordered_map<char32_t, std::vector<Hit>> by_character_;  // keypad last
  std::unordered_map<std::uint32_t, std::uint32_t> modifiers_;
  std::vector<std::uint32_t> spares_;
  struct HeldKey {
    std::uint16_t modifier = 0;        // of an InputEvent
    std::uint32_t real_mask = 0, keycode = 0;
  };
  std::vector<HeldKey> held_keys_;     // for Shift, Control, Alt and Super, where a key makes exactly that
  std::uint32_t shift_key_ = 0, level3_key_ = 0, level3_mask_ = 0, num_mask_ = 0;
};

// The first code point of UTF-8 and how many bytes it took; 0 bytes when `text` is empty or not UTF-8.
struct CodePoint {
  char32_t value = 0;
  std::size_t bytes = 0;
};
CodePoint first_code_point(std::string_view text);

}  // namespace beside::capture
