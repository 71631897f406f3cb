// SPDX-License-Identifier: GPL-3.0-or-later
#include "capture/x11/keyboard.h"

#include <xkbcommon/xkbcommon-keysyms.h>
#include <xkbcommon/xkbcommon.h>

#include <algorithm>
#include <bit>
#include <climits>

#include "capture/x11/hid_names.h"

namespace beside::capture {
namespace {

constexpr std::uint32_t kShift = 1, kLock = 2, kRealMods = 0xff;

bool is_keypad(std::uint32_t keysym) { return keysym >= XKB_KEY_KP_Space && keysym <= XKB_KEY_KP_Equal; }
bool is_dead(std::uint32_t keysym) { return keysym >= 0xfe50 && keysym <= 0xfe93; }
// These change only what the operator's own keyboard makes of the next key; their effect arrives as text.
bool is_operators_own(std::uint32_t keysym) {
  switch (keysym) {
    case XKB_KEY_ISO_Level3_Shift:
    case XKB_KEY_ISO_Level3_Latch:
    case XKB_KEY_ISO_Level3_Lock:
    case XKB_KEY_ISO_Level5_Shift:
    case XKB_KEY_ISO_Level5_Latch:
    case XKB_KEY_ISO_Level5_Lock:
    case XKB_KEY_Mode_switch:
    case XKB_KEY_ISO_Next_Group:
    case XKB_KEY_ISO_Prev_Group:
    case XKB_KEY_ISO_First_Group:
    case XKB_KEY_ISO_Last_Group:
    case XKB_KEY_Caps_Lock:
    case XKB_KEY_Shift_Lock:
    case XKB_KEY_Num_Lock:
    case XKB_KEY_Multi_key: return true;
    default: return is_dead(keysym);
  }
}

// Frees on every way out.
struct State {
  explicit State(xkb_keymap* keymap) : state(xkb_state_new(keymap)) {}
  ~State() { xkb_state_unref(state); }
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  xkb_state* state;
};

}  // namespace

CodePoint first_code_point(std::string_view text) {
  if (text.empty()) return {};
  const auto at = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = at(0);
  if (lead < 0x80) return {lead, 1};
  const std::size_t length = lead >= 0xf0 && lead < 0xf5 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (lead < 0xc2 || lead >= 0xf5 || text.size() < length) return {};
  char32_t value = lead & (0xffu >> (length + 1));
  for (std::size_t i = 1; i < length; ++i) {
    if ((at(i) & 0xc0) != 0x80) return {};
    value = value << 6 | (at(i) & 0x3fu);
  }
  const bool overlong = (length == 3 && value < 0x800) || (length == 4 && value < 0x10000);
  if (overlong || value > 0x10ffff || (value >= 0xd800 && value < 0xe000)) return {};
  return {value, length};
}

KeyboardModel::KeyboardModel(xkb_keymap* keymap, const std::vector<std::uint32_t>& not_ours)
    : keymap_(xkb_keymap_ref(keymap)) {
  const auto first = std::max<xkb_keycode_t>(8, xkb_keymap_min_keycode(keymap));
  const auto last = std::min<xkb_keycode_t>(255, xkb_keymap_max_keycode(keymap));
  for (xkb_keycode_t key = first; key <= last; ++key) {
    if (std::find(not_ours.begin(), not_ours.end(), key) != not_ours.end()) continue;
    bool any = false;
    for (xkb_layout_index_t layout = 0; layout < xkb_keymap_num_layouts_for_key(keymap, key); ++layout)
      for (xkb_level_index_t level = 0; level < xkb_keymap_num_levels_for_key(keymap, key, layout); ++level) {
        const xkb_keysym_t* symbols = nullptr;
        if (xkb_keymap_key_get_syms_by_level(keymap, key, layout, level, &symbols) != 1) continue;
        if (symbols[0] == XKB_KEY_NoSymbol) continue;
        any = true;
        by_keysym_[symbols[0]].push_back({key, layout});
        const char32_t character = xkb_keysym_to_utf32(symbols[0]);
        if (character >= 0x20 && character != 0x7f) {
          auto& hits = by_character_[character];
          const Hit hit{key, layout};
          if (is_keypad(symbols[0]))
            hits.push_back(hit);
          else
            hits.insert(std::find_if(hits.begin(), hits.end(),
                                     [&](const Hit& h) { return is_keypad(symbol_at(h.keycode)); }),
                        hit);
        }
      }
    if (!any) {
      spares_.push_back(key);
      continue;
    }
    State pressed(keymap);
    xkb_state_update_key(pressed.state, key, XKB_KEY_DOWN);
    if (const auto mask = xkb_state_serialize_mods(pressed.state, XKB_STATE_MODS_DEPRESSED) & kRealMods; mask != 0)
      modifiers_[key] = mask;
  }
  const auto key_with = [&](std::uint32_t keysym, std::uint32_t mask) -> std::uint32_t {
    for (const Hit& hit : hits_of(keysym))
      if (mask == 0 ? modifiers_of(hit.keycode) != 0 : modifiers_of(hit.keycode) == mask)
        if (symbol_at(hit.keycode) == keysym) return hit.keycode;
    return 0;
  };
  shift_key_ = key_with(XKB_KEY_Shift_L, kShift);
  if (shift_key_ == 0) shift_key_ = key_with(XKB_KEY_Shift_R, kShift);
  level3_key_ = key_with(XKB_KEY_ISO_Level3_Shift, 0);
  level3_mask_ = modifiers_of(level3_key_);
  if (std::popcount(level3_mask_) != 1) level3_key_ = level3_mask_ = 0;
  for (const auto& [modifier, left, right] : {std::tuple{modifier::kShift, XKB_KEY_Shift_L, XKB_KEY_Shift_R}, {modifier::kControl, XKB_KEY_Control_L, XKB_KEY_Control_R},
                                              {modifier::kAlt, XKB_KEY_Alt_L, XKB_KEY_Alt_R}, {modifier::kSuper, XKB_KEY_Super_L, XKB_KEY_Super_R}})
    for (const auto keysym : {left, right})
      if (const auto key = key_with(static_cast<std::uint32_t>(keysym), 0); key != 0 && std::popcount(modifiers_of(key)) == 1) {
        held_keys_.push_back({modifier, modifiers_of(key), key});
        break;
      }
  for (const Hit& hit : hits_of(XKB_KEY_Num_Lock)) {
    State pressed(keymap);
    xkb_state_update_key(pressed.state, hit.keycode, XKB_KEY_DOWN);
    num_mask_ |= xkb_state_serialize_mods(pressed.state, XKB_STATE_MODS_LOCKED) & kRealMods;
  }
}

KeyboardModel::~KeyboardModel() { xkb_keymap_unref(keymap_); }

const std::vector<KeyboardModel::Hit>& KeyboardModel::hits_of(std::uint32_t keysym) const {
  static const std::vector<Hit> kNone;
  const auto found = by_keysym_.find(keysym);
  return found == by_keysym_.end() ? kNone : found->second;
}

std::uint32_t KeyboardModel::modifiers_of(std::uint32_t keycode) const {
  const auto found = modifiers_.find(keycode);
  return found == modifiers_.end() ? 0 : found->second;
}

std::uint32_t KeyboardModel::symbol_at(std::uint32_t keycode) const {
  const xkb_keysym_t* symbols = nullptr;
  return xkb_keymap_key_get_syms_by_level(keymap_, keycode, 0, 0, &symbols) == 1 ? symbols[0] : 0;
}

std::uint32_t KeyboardModel::key_for_modifier(std::uint32_t real_mask) const {
  if (real_mask == kShift) return shift_key_;
  for (const HeldKey& each : held_keys_)
    if (each.real_mask == real_mask) return each.keycode;
  return real_mask != 0 && real_mask == level3_mask_ ? level3_key_ : 0;
}

bool KeyboardModel::is_escape(std::uint32_t keycode) const {
  const auto& hits = hits_of(XKB_KEY_Escape);
  return std::any_of(hits.begin(), hits.end(), [&](const Hit& h) { return h.keycode == keycode; });
}

KeyPlan KeyboardModel::press(std::uint32_t keycode, std::uint32_t group) const {
  KeyPlan plan;
  plan.kind = KeyPlan::Kind::Press;
  plan.keycode = keycode;
  plan.group = group;
  plan.modifier = modifiers_of(keycode) != 0;
  return plan;
}

// What the operator holds may be up here: let go of for the customer's hand, in a gap of the line, or refused when it went down. Ctrl+A must
// not arrive as "a" then.
KeyPlan KeyboardModel::with_held(KeyPlan plan, std::uint16_t modifiers, const KeyboardState& state) const {
  if (plan.kind == KeyPlan::Kind::Swallow || plan.modifier) return plan;
  for (const HeldKey& each : held_keys_)
    if ((modifiers & each.modifier) != 0 && (state.base & each.real_mask) == 0) plan.press_mods |= each.real_mask;
  return plan;
}

KeyPlan KeyboardModel::by_place(std::uint16_t hid, const KeyboardState& state) const {
  const char* name = xkb_name_of_hid(hid);
  if (name == nullptr) return {};
  const auto keycode = xkb_keymap_key_by_name(keymap_, name);
  if (keycode == XKB_KEYCODE_INVALID || keycode > 255) return {};
  return press(keycode, state.group);
}

// Tries every way of turning the few modifiers that choose a level, and asks xkbcommon what the key then means, exactly as
// the customer's programs will. The fewest changes win.
KeyPlan KeyboardModel::plan_symbol(const std::vector<Hit>& hits, std::uint32_t keysym, char32_t character,
                                   const KeyboardState& state) const {
  KeyPlan best;
  if (hits.empty()) return best;
  State trial(keymap_);
  const std::uint32_t toggles[4] = {kShift, level3_mask_, kLock, num_mask_};
  int best_cost = INT_MAX;
  for (const Hit& hit : hits)
    for (unsigned subset = 0; subset < 16; ++subset) {
      KeyPlan plan = press(hit.keycode, state.group);
      std::uint32_t base = state.base, locked = state.locked;
      // A digit's own key, even with Shift, rather than the keypad's: programs tell them apart.
      int cost = character != 0 && is_keypad(symbol_at(hit.keycode)) ? 5 : 0;
      bool possible = true;
      for (unsigned i = 0; i < 4 && possible; ++i) {
        if ((subset >> i & 1) == 0) continue;
        const std::uint32_t mask = toggles[i];
        if (mask == 0) {
          possible = false;
        } else if (i >= 2) {
          possible = (base & mask) == 0;
          locked ^= mask;
          plan.toggle_locks |= mask;
          cost += 6;  // a light on the customer's keyboard blinks
        } else if ((base & mask) != 0) {
          possible = (state.ours & mask) != 0 && (locked & mask) == 0;  // what the customer holds is not ours to let go of
          base &= ~mask;
          plan.release_mods |= mask;
          cost += 2;
        } else if ((locked & mask) != 0) {
          locked &= ~mask;
          plan.toggle_locks |= mask;
          cost += 6;
        } else {
          possible = key_for_modifier(mask) != 0;
          base |= mask;
          plan.press_mods |= mask;
          cost += 2;
        }
      }
      if (!possible) continue;
      for (const std::uint32_t group : {state.group, hit.layout}) {
        if (cost + (group != state.group ? 3 : 0) >= best_cost) continue;
        xkb_state_update_mask(trial.state, base, state.latched, locked, 0, 0, group);
        const auto symbol = xkb_state_key_get_one_sym(trial.state, hit.keycode);
        const bool right = character != 0 ? !is_dead(symbol) && xkb_keysym_to_utf32(symbol) == character : symbol == keysym;
        if (!right) continue;
        best_cost = cost + (group != state.group ? 3 : 0);
        best = plan;
        best.group = group;
      }
    }
  return best;
}

KeyPlan KeyboardModel::plan_character(char32_t character, const KeyboardState& state) const {
  if (character == '\n' || character == '\r') return plan_symbol(hits_of(XKB_KEY_Return), XKB_KEY_Return, 0, state);
  if (character == '\t') return plan_symbol(hits_of(XKB_KEY_Tab), XKB_KEY_Tab, 0, state);
  if (character < 0x20 || character == 0x7f) return {};
  if (const auto found = by_character_.find(character); found != by_character_.end())
    if (auto plan = plan_symbol(found->second, 0, character, state); plan.kind == KeyPlan::Kind::Press) return plan;
  KeyPlan plan;
  plan.kind = KeyPlan::Kind::Spare;
  plan.keysym = xkb_utf32_to_keysym(character);
  plan.group = state.group;
  if (plan.keysym == XKB_KEY_NoSymbol) return {};
  // Caps Lock would turn a lower-case letter on a plain key into its capital.
  if ((state.locked & kLock) != 0 && xkb_keysym_to_upper(plan.keysym) != xkb_keysym_to_lower(plan.keysym))
    plan.toggle_locks = kLock;
  return plan;
}

KeyPlan KeyboardModel::plan_shortcut(const InputEvent& down, const KeyboardState& state) const {
  char latin = '\0';
  if (down.keysym > 0x20 && down.keysym < 0x7f) {
    latin = static_cast<char>(down.keysym);
    if (latin >= 'A' && latin <= 'Z') latin = static_cast<char>(latin - 'A' + 'a');
  } else if (down.keysym >= 0x80 && down.keysym < 0xfd00) {
    latin = latin_of_hid(down.hid_usage);  // a letter of another script: the same key's Latin letter
  } else if (down.keysym >= 0x1000100) {
    latin = latin_of_hid(down.hid_usage);
  }
  if (latin == '\0') {
    const auto& hits = hits_of(down.keysym);
    for (const Hit& hit : hits)
      if (symbol_at(hit.keycode) == down.keysym) return press(hit.keycode, state.group);
    if (!hits.empty()) return press(hits.front().keycode, state.group);
    return by_place(down.hid_usage, state);
  }
  const auto found = by_character_.find(static_cast<char32_t>(latin));
  const bool plain = (latin >= 'a' && latin <= 'z') || (latin >= '0' && latin <= '9');
  if (found != by_character_.end() && plain) {
    // The key alone, whatever level bears the letter: Shift and the rest are the operator's own choice.
    const Hit* best = nullptr;
    for (const Hit& hit : found->second) {
      if (is_keypad(symbol_at(hit.keycode))) continue;
      const bool active = hit.layout == state.group;
      if (best == nullptr || (active && best->layout != state.group)) best = &hit;
    }
    if (best != nullptr) {
      const auto layouts = xkb_keymap_num_layouts_for_key(keymap_, best->keycode);
      const bool reached = layouts > 0 && state.group % layouts == best->layout;
      return press(best->keycode, reached ? state.group : best->layout);
    }
  }
  if (found != by_character_.end())
    if (auto plan = plan_symbol(found->second, 0, static_cast<char32_t>(latin), state);
        plan.kind == KeyPlan::Kind::Press)
      return plan;
  if (auto place = by_place(down.hid_usage, state); place.kind == KeyPlan::Kind::Press) return place;
  return plan_character(static_cast<char32_t>(latin), state);
}

KeyPlan KeyboardModel::plan(const InputEvent& down, const KeyboardState& state) const {
  const std::uint32_t held = down.modifiers & (modifier::kControl | modifier::kAlt | modifier::kSuper);
  KeyPlan swallow;
  swallow.kind = KeyPlan::Kind::Swallow;
  const CodePoint text = first_code_point(down.text_view());
  const bool printable = text.bytes != 0 && text.value >= 0x20 && text.value != 0x7f;
  if (is_operators_own(down.keysym) && !printable) return swallow;
  const bool is_modifier_key = down.hid_usage >= 0xe0 && down.hid_usage <= 0xe7;
  if (held != 0 && !is_modifier_key) {
    // Where a character needs Shift or not here, that is known; of what makes no other character with it, it is the operator's own.
    const std::uint32_t symbol = down.keysym;
    const bool own_shift = symbol <= 0x20 || symbol >= 0x7f || (symbol >= '0' && symbol <= '9') || (symbol >= 'A' && symbol <= 'Z') || (symbol >= 'a' && symbol <= 'z');
    return with_held(plan_shortcut(down, state), static_cast<std::uint16_t>(held | (own_shift ? down.modifiers & modifier::kShift : 0)), state);
  }
  if (printable) {
    // A keypad digit stays one where the customer has the key: programs tell them apart.
    if (is_keypad(down.keysym) && xkb_keysym_to_utf32(down.keysym) == text.value)
      if (auto plan = plan_symbol(hits_of(down.keysym), down.keysym, 0, state); plan.kind == KeyPlan::Kind::Press)
        return plan;
    return plan_character(text.value, state);
  }
  if (down.keysym != 0) {
    // Shift and Tab are the same key with any modifier held; only the keypad depends on Num Lock.
    if (!is_keypad(down.keysym))
      for (const Hit& hit : hits_of(down.keysym))
        if (symbol_at(hit.keycode) == down.keysym)
          return with_held(press(hit.keycode, state.group), static_cast<std::uint16_t>(is_modifier_key ? 0 : down.modifiers & modifier::kShift), state);
    if (auto plan = plan_symbol(hits_of(down.keysym), down.keysym, 0, state); plan.kind == KeyPlan::Kind::Press)
      return plan;
    for (const Hit& hit : hits_of(down.keysym)) return press(hit.keycode, state.group);
    if (const char32_t character = xkb_keysym_to_utf32(down.keysym); character >= 0x20 && character != 0x7f)
      return plan_character(character, state);
  }
  return by_place(down.hid_usage, state);
}

}  // namespace beside::capture
