// SPDX-License-Identifier: GPL-3.0-or-later
#include "capture/x11/keyboard.h"

#include <doctest/doctest.h>
#include <xkbcommon/xkbcommon-keysyms.h>
#include <xkbcommon/xkbcommon.h>

#include <cstring>
#include <string>

using namespace beside;
using namespace beside::capture;

namespace {

struct Layout {
  explicit Layout(const char* layout, const char* variant = "") {
    context = xkb_context_new(XKB_CONTEXT_NO_FLAGS);
    const xkb_rule_names names{"evdev", "pc105", layout, variant, ""};
    keymap = xkb_keymap_new_from_names(context, &names, XKB_KEYMAP_COMPILE_NO_FLAGS);
    REQUIRE(keymap != nullptr);
    model = std::make_unique<KeyboardModel>(keymap);
  }
  ~Layout() {
    model.reset();
    xkb_keymap_unref(keymap);
    xkb_context_unref(context);
  }
  // What a program of the customer's reads when the plan is carried out.
  char32_t carried_out(const KeyPlan& plan, const KeyboardState& s) const {
    xkb_state* state = xkb_state_new(keymap);
    const std::uint32_t base = (s.base & ~plan.release_mods) | plan.press_mods;
    xkb_state_update_mask(state, base, s.latched, s.locked ^ plan.toggle_locks, 0, 0, plan.group);
    auto symbol = plan.kind == KeyPlan::Kind::Spare ? plan.keysym : xkb_state_key_get_one_sym(state, plan.keycode);
    if (plan.kind == KeyPlan::Kind::Spare && ((s.locked ^ plan.toggle_locks) & 2) != 0) symbol = xkb_keysym_to_upper(symbol);
    xkb_state_unref(state);
    return xkb_keysym_to_utf32(symbol);
  }
  xkb_keycode_t key(const char* name) const { return xkb_keymap_key_by_name(keymap, name); }

  xkb_context* context;
  xkb_keymap* keymap;
  std::unique_ptr<KeyboardModel> model;
};

InputEvent key_event(std::uint16_t hid, std::uint32_t keysym, const char* text = "", std::uint16_t modifiers = 0) {
  InputEvent event;
  event.kind = InputKind::KeyDown;
  event.hid_usage = hid;
  event.keysym = keysym;
  event.modifiers = modifiers;
  std::memcpy(event.text.data(), text, std::strlen(text));
  return event;
}

constexpr std::uint32_t kShift = 1, kLock = 2, kControl = 4, kMod1 = 8, kNum = 16, kMod4 = 64;

}  // namespace

TEST_CASE("every character arrives as itself on every layout, whatever Shift and Caps Lock are doing") {
  std::u32string wanted;
  for (char32_t c = 0x21; c < 0x7f; ++c) wanted += c;
  wanted += U"éß€üöäÜÖÄçàñøßжЖ†ű";
  for (const char* name : {"us", "fr", "de", "ru", "ch", "us,ru", "ru,us"}) {
    const Layout layout(name);
    for (const std::uint32_t shift : {0u, kShift})
      for (const std::uint32_t locked : {0u, kLock, kNum, kLock | kNum})
        for (const char32_t c : wanted) {
          KeyboardState state;
          state.base = state.ours = shift;
          state.locked = locked;
          const auto plan = layout.model->plan_character(c, state);
          CAPTURE(name);
          CAPTURE(shift);
          CAPTURE(locked);
          CAPTURE(static_cast<std::uint32_t>(c));
          REQUIRE((plan.kind == KeyPlan::Kind::Press || plan.kind == KeyPlan::Kind::Spare));
          CHECK(layout.carried_out(plan, state) == c);
        }
  }
}

TEST_CASE("characters that the layout has use its own keys, others a spare one") {
  const Layout us("us"), fr("fr"), de("de");
  CHECK(us.model->plan_character(U'@', {}).kind == KeyPlan::Kind::Press);
  CHECK(us.model->plan_character(U'@', {}).press_mods == kShift);
  CHECK(us.model->plan_character(U'€', {}).kind == KeyPlan::Kind::Spare);
  CHECK(us.model->plan_character(U'ß', {}).kind == KeyPlan::Kind::Spare);
  CHECK(fr.model->plan_character(U'é', {}).keycode == fr.key("AE02"));
  CHECK(fr.model->plan_character(U'@', {}).keycode == fr.key("AE10"));
  CHECK(fr.model->plan_character(U'@', {}).press_mods != 0);
  CHECK(de.model->plan_character(U'{', {}).keycode == de.key("AE07"));
  CHECK(us.model->spare_keycodes().size() >= 4);
}

TEST_CASE("a Shift that the operator holds is lifted only where the character needs it") {
  const Layout de("de"), us("us");
  KeyboardState shift;
  shift.base = shift.ours = kShift;
  // A German "/" is Shift+7; on a US keyboard it is a plain key.
  CHECK(us.model->plan_character(U'/', shift).release_mods == kShift);
  CHECK(de.model->plan_character(U'/', shift).release_mods == 0);
  CHECK(de.model->plan_character(U'/', shift).press_mods == 0);
  // A Shift that the customer holds is not ours to lift.
  shift.ours = 0;
  CHECK(us.model->plan_character(U'/', shift).release_mods == 0);
}

TEST_CASE("shortcuts find the letter's key, not the place") {
  const auto ctrl = modifier::kControl;
  const Layout fr("fr"), ru("ru"), us_ru("us,ru");
  // 'a' of a US operator sits where a French keyboard has 'q'.
  CHECK(fr.model->plan(key_event(0x04, 'a', "\x01", ctrl), {}).keycode == fr.key("AD01"));
  CHECK(fr.model->plan(key_event(0x06, 'c', "", ctrl), {}).keycode == fr.key("AB03"));
  // No Latin letter anywhere: the place.
  CHECK(ru.model->plan(key_event(0x06, 'c', "", ctrl), {}).keycode == ru.key("AB03"));
  KeyboardState second;
  second.group = 1;
  const auto plan = us_ru.model->plan(key_event(0x06, 'c', "", ctrl), second);
  CHECK(plan.keycode == us_ru.key("AB03"));
  CHECK(plan.group == 0);
  // An operator with a Cyrillic layout: the Latin letter of the key.
  CHECK(fr.model->plan(key_event(0x04, XKB_KEY_Cyrillic_ef, "ф", ctrl), {}).keycode == fr.key("AD01"));
  // Shift stays the operator's.
  KeyboardState shift;
  shift.base = shift.ours = kShift;
  const auto reopen = fr.model->plan(key_event(0x17, 'T', "", ctrl | modifier::kShift), shift);
  CHECK(reopen.keycode == fr.key("AD05"));
  CHECK(reopen.release_mods == 0);
  // A digit keeps its key on AZERTY, where it needs Shift.
  KeyboardState control;
  control.base = control.ours = kControl;
  CHECK(fr.model->plan(key_event(0x1e, '1', "", ctrl), control).press_mods == 0);
  CHECK(fr.model->plan(key_event(0x1e, '1', "", ctrl), control).keycode == fr.key("AE01"));
}

TEST_CASE("what the operator holds and is up here is pressed for a shortcut, and Shift for a key that makes no character") {
  const Layout us("us"), fr("fr");
  for (const Layout* each : {&us, &fr}) {
    const KeyboardModel& model = *each->model;
    CHECK(model.plan(key_event(0x04, 'a', "\x01", modifier::kControl), {}).press_mods == kControl);
    CHECK(model.plan(key_event(0x3d, XKB_KEY_F4, "", modifier::kAlt), {}).press_mods == kMod1);
    CHECK(model.plan(key_event(0x0f, 'l', "", modifier::kSuper), {}).press_mods == kMod4);
    CHECK(model.plan(key_event(0x17, 'T', "", modifier::kControl | modifier::kShift), {}).press_mods == (kControl | kShift));
    CHECK(model.plan(key_event(0x4c, XKB_KEY_Delete, "", modifier::kShift), {}).press_mods == kShift);
    CHECK(model.plan(key_event(0x4c, XKB_KEY_Delete), {}).press_mods == 0);
    CHECK(model.plan(key_event(0xe0, XKB_KEY_Control_L, "", modifier::kControl | modifier::kShift), {}).press_mods == 0);
    for (const std::uint32_t bit : {kShift, kControl, kMod1, kMod4}) CHECK(model.modifiers_of(model.key_for_modifier(bit)) == bit);
    // Whoever holds it.
    KeyboardState held;
    held.base = kControl | kMod1;
    CHECK(model.plan(key_event(0x04, 'a', "", modifier::kControl), held).press_mods == 0);
  }
  // Ctrl and "+" is what makes a plus here, not what makes it there.
  CHECK(us.model->plan(key_event(0x2e, '+', "", modifier::kControl | modifier::kShift), {}).press_mods == (kControl | kShift));
  CHECK(Layout("de").model->plan(key_event(0x2e, '+', "", modifier::kControl | modifier::kShift), {}).press_mods == kControl);
}

TEST_CASE("AltGr is not Alt: its character is text") {
  const Layout us("us");
  const auto plan = us.model->plan(key_event(0x14, '@', "@", modifier::kAltGr), {});
  CHECK(us.carried_out(plan, {}) == U'@');
  CHECK(us.model->plan(key_event(0xe6, XKB_KEY_ISO_Level3_Shift, "", modifier::kAltGr), {}).kind == KeyPlan::Kind::Swallow);
}

TEST_CASE("dead keys and locks of the operator's are swallowed, and never used to compose") {
  const Layout us("us"), fr("fr");
  CHECK(us.model->plan(key_event(0x2e, XKB_KEY_dead_acute), {}).kind == KeyPlan::Kind::Swallow);
  CHECK(us.model->plan(key_event(0x39, XKB_KEY_Caps_Lock), {}).kind == KeyPlan::Kind::Swallow);
  CHECK(fr.carried_out(fr.model->plan_character(U'^', {}), {}) == U'^');
}

TEST_CASE("keys without text go by symbol, and by place where no key has it") {
  const Layout de("de");
  CHECK(de.model->plan(key_event(0x28, XKB_KEY_Return, "\r"), {}).keycode == de.key("RTRN"));
  CHECK(de.model->plan(key_event(0x50, XKB_KEY_Left), {}).keycode == de.key("LEFT"));
  CHECK(de.model->plan(key_event(0xe1, XKB_KEY_Shift_L), {}).keycode == de.key("LFSH"));
  CHECK(de.model->plan(key_event(0xe1, XKB_KEY_Shift_L), {}).modifier);
  CHECK(de.model->plan(key_event(0x3a, 0), {}).keycode == de.key("FK01"));
  CHECK(de.model->plan(key_event(0, 0), {}).kind == KeyPlan::Kind::Unsupported);
  KeyboardState num;
  num.locked = kNum;
  const auto digit = de.model->plan(key_event(0x5f, XKB_KEY_KP_7, "7"), num);
  CHECK(digit.keycode == de.key("KP7"));
  CHECK(de.carried_out(digit, num) == U'7');
  CHECK(de.model->plan(key_event(0x5f, XKB_KEY_KP_Home), num).press_mods == kShift);
}

TEST_CASE("Escape is known on every layout") {
  const Layout ru("ru");
  CHECK(ru.model->is_escape(ru.key("ESC")));
  CHECK_FALSE(ru.model->is_escape(ru.key("AC01")));
}

TEST_CASE("UTF-8 is read strictly") {
  CHECK(first_code_point("€x").value == U'€');
  CHECK(first_code_point("€x").bytes == 3);
  CHECK(first_code_point("").bytes == 0);
  CHECK(first_code_point("\x80").bytes == 0);
  CHECK(first_code_point("\xc0\xaf").bytes == 0);
  CHECK(first_code_point("\xe2\x82").bytes == 0);
  CHECK(first_code_point("\xed\xa0\x80").bytes == 0);
  CHECK(first_code_point("\xf0\x9f\x98\x80").value == U'😀');
}
