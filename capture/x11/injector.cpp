// SPDX-License-Identifier: GPL-3.0-or-later
#include "capture/x11/injector.h"

#include <xcb/xinput.h>
#include <xcb/xtest.h>

#include <algorithm>

#include "capture/x11/input_devices.h"

namespace beside::capture {
namespace {

constexpr std::uint32_t kTextKey = 0xffff'ffff;  // the "operator's key" of composed text

}  // namespace

Injector::Injector(const Connection& connection, X11Keyboard* keyboard, InputMatcher& matcher)
    : connection_(connection), keyboard_(keyboard), matcher_(matcher), server_repeat_(connection) {}

std::uint32_t Injector::name_of(const InputEvent& event) {
  return event.hid_usage != 0 ? event.hid_usage : 0x1'0000u + event.keysym;
}

void Injector::fake(RawKind kind, std::uint32_t detail) {
  std::uint8_t type = XCB_KEY_PRESS;
  switch (kind) {
    case RawKind::KeyPress: type = XCB_KEY_PRESS; break;
    case RawKind::KeyRelease: type = XCB_KEY_RELEASE; break;
    case RawKind::ButtonPress: type = XCB_BUTTON_PRESS; break;
    case RawKind::ButtonRelease: type = XCB_BUTTON_RELEASE; break;
    case RawKind::Motion:
    case RawKind::Touch: return;
  }
  matcher_.expect(kind, detail, local_now());
  xcb_test_fake_input(connection_.xcb(), type, static_cast<std::uint8_t>(detail), XCB_CURRENT_TIME, XCB_NONE, 0, 0, 0);
}

void Injector::move(int x, int y) {
  matcher_.expect(RawKind::Motion, 0, local_now());
  xcb_test_fake_input(connection_.xcb(), XCB_MOTION_NOTIFY, 0, XCB_CURRENT_TIME, connection_.root(),
                      static_cast<std::int16_t>(x), static_cast<std::int16_t>(y), 0);
}

bool Injector::holds_button(std::uint8_t button) const {
  return std::find(buttons_.begin(), buttons_.end(), button) != buttons_.end();
}

void Injector::button(std::uint8_t button, bool down) {
  if (down == holds_button(button)) return;
  restore();
  fake(down ? RawKind::ButtonPress : RawKind::ButtonRelease, button);
  if (down)
    buttons_.push_back(button);
  else
    std::erase(buttons_, button);
}

void Injector::wheel(int dx, int dy) {
  restore();
  const auto turn = [&](int& sum, int by, std::uint32_t positive, std::uint32_t negative) {
    sum += by;
    // 50 notches an event are more than any hand makes; the rest of a mad value is dropped.
    for (int n = 0; n < 50 && (sum >= 120 || sum <= -120); ++n) {
      const std::uint32_t button = sum > 0 ? positive : negative;
      fake(RawKind::ButtonPress, button);
      fake(RawKind::ButtonRelease, button);
      sum += sum > 0 ? -120 : 120;
    }
    sum %= 120;
  };
  turn(wheel_y_, dy, 4, 5);
  turn(wheel_x_, dx, 7, 6);
}

std::uint32_t Injector::held_modifiers() const {
  const auto* model = keyboard_ == nullptr ? nullptr : keyboard_->model();
  std::uint32_t mask = 0;
  if (model != nullptr)
    for (const auto& entry : held_) mask |= model->modifiers_of(entry.second);
  return mask;
}

std::vector<std::uint32_t> Injector::held_keycodes() const {
  std::vector<std::uint32_t> out;
  for (const auto& entry : held_) out.push_back(entry.second);
  return out;
}

void Injector::restore() {
  if (!faked()) return;
  for (const auto keycode : fake_pressed_) fake(RawKind::KeyRelease, keycode);
  for (const auto keycode : fake_released_) fake(RawKind::KeyPress, keycode);
  fake_pressed_.clear();
  fake_released_.clear();
  if (locks_changed_) keyboard_->lock(lock_mask_, former_locks_, former_group_);
  locks_changed_ = false;
}

bool Injector::carry_out(const KeyPlan& plan, std::uint32_t name) {
  const auto* model = keyboard_->model();
  if (model == nullptr) return false;
  std::uint32_t keycode = plan.keycode;
  if (plan.kind == KeyPlan::Kind::Spare) {
    keycode = keyboard_->spare_for(plan.keysym, held_keycodes());
    if (keycode == 0) return false;
  } else if (plan.kind != KeyPlan::Kind::Press) {
    return plan.kind == KeyPlan::Kind::Swallow;
  }
  const auto state = keyboard_->state(held_modifiers());
  if (!state) return false;
  // Two of the operator's keys may be one of the customer's ("7" and "/"): press it anew.
  for (auto it = held_.begin(); it != held_.end();) {
    if (it->second != keycode) {
      ++it;
      continue;
    }
    fake(RawKind::KeyRelease, keycode);
    it = held_.erase(it);
  }
  if (plan.release_mods != 0)
    for (const auto& entry : held_)
      if ((model->modifiers_of(entry.second) & plan.release_mods) != 0) {
        fake(RawKind::KeyRelease, entry.second);
        fake_released_.push_back(entry.second);
      }
  for (std::uint32_t bit = 1; bit <= 0x80; bit <<= 1)
    if ((plan.press_mods & bit) != 0)
      if (const auto modifier_key = model->key_for_modifier(bit); modifier_key != 0) {
        fake(RawKind::KeyPress, modifier_key);
        fake_pressed_.push_back(modifier_key);
      }
  if (plan.toggle_locks != 0 || plan.group != state->group) {
    lock_mask_ = plan.toggle_locks;
    former_locks_ = state->locked & plan.toggle_locks;
    former_group_ = state->group;
    locks_changed_ = true;
    keyboard_->lock(lock_mask_, ~state->locked & plan.toggle_locks, plan.group);
  }
  fake(RawKind::KeyPress, keycode);
  held_[name] = keycode;
  return true;
}

bool Injector::key_down(const InputEvent& event) {
  if (keyboard_ == nullptr) return false;
  if (const auto held = held_.find(name_of(event)); held != held_.end()) {
    // A modifier that a fake lifted, or a server that makes its own repeats: nothing to do.
    if (!server_repeat_.is_off() || std::find(fake_released_.begin(), fake_released_.end(), held->second) != fake_released_.end()) return true;
    fake(RawKind::KeyRelease, held->second);
    fake(RawKind::KeyPress, held->second);
    return true;
  }
  server_repeat_.off();
  restore();
  const auto* model = keyboard_->model();
  const auto state = keyboard_->state(held_modifiers());
  if (model == nullptr || !state) return false;
  return carry_out(model->plan(event, *state), name_of(event));
}

void Injector::key_up(const InputEvent& event) {
  const auto found = held_.find(name_of(event));
  if (found == held_.end()) return;
  const auto keycode = found->second;
  held_.erase(found);
  if (const auto lifted = std::find(fake_released_.begin(), fake_released_.end(), keycode);
      lifted != fake_released_.end()) {
    fake_released_.erase(lifted);  // it is up already, and is not to come down again
    return;
  }
  fake(RawKind::KeyRelease, keycode);
  restore();
}

bool Injector::type(std::string_view utf8) {
  if (keyboard_ == nullptr) return false;
  bool all = !utf8.empty();
  while (!utf8.empty()) {
    const CodePoint point = first_code_point(utf8);
    if (point.bytes == 0) return false;
    utf8.remove_prefix(point.bytes);
    restore();
    const auto* model = keyboard_->model();
    const auto state = keyboard_->state(held_modifiers());
    if (model == nullptr || !state || !carry_out(model->plan_character(point.value, *state), kTextKey)) {
      all = false;
      continue;
    }
    if (const auto held = held_.find(kTextKey); held != held_.end()) {
      fake(RawKind::KeyRelease, held->second);
      held_.erase(held);
    }
    restore();
  }
  return all;
}

void Injector::mend() {
  xcb_connection_t* const c = connection_.xcb();
  const auto let_go = [c](std::uint8_t type, std::uint8_t detail) { xcb_test_fake_input(c, type, detail, XCB_CURRENT_TIME, XCB_NONE, 0, 0, 0); };
  for (const InputDevice& each : input_devices(connection_))
    if (each.xtest && each.type == XCB_INPUT_DEVICE_TYPE_SLAVE_POINTER)
      for (const std::uint8_t button : each.buttons) let_go(XCB_BUTTON_RELEASE, button);
  connection_.flush();
  if (!server_repeat_.mend()) return;
  // Of what the customer himself holds XTEST's devices can let go nothing.
  if (const Reply<xcb_query_keymap_reply_t> keys{xcb_query_keymap_reply(c, xcb_query_keymap(c), nullptr)}; keys)
    for (int key = 8; key < 256; ++key)
      if ((keys->keys[key / 8] >> (key % 8) & 1) != 0) let_go(XCB_KEY_RELEASE, static_cast<std::uint8_t>(key));
}

void Injector::release_all() {
  // Never press again what a fake had lifted: all goes up.
  for (const auto& entry : held_)
    if (std::find(fake_released_.begin(), fake_released_.end(), entry.second) == fake_released_.end())
      fake(RawKind::KeyRelease, entry.second);
  fake_released_.clear();
  held_.clear();
  restore();
  for (const auto button : std::exchange(buttons_, {})) fake(RawKind::ButtonRelease, button);
  wheel_x_ = wheel_y_ = 0;
  server_repeat_.restore();
  connection_.flush();
}

}  // namespace beside::capture
