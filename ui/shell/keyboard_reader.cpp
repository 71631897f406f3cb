// SPDX-License-Identifier: GPL-3.0-or-later
// The one file of the shell that names xkbcommon.
#include "ui/shell/keyboard_reader.h"

#include <xkbcommon/xkbcommon-compose.h>
#include <xkbcommon/xkbcommon-keysyms.h>
#include <xkbcommon/xkbcommon-x11.h>
#include <xkbcommon/xkbcommon.h>

#include <xcb/xcb.h>

// xcb's header uses "explicit" as a field name.
#define explicit explicit_field
#include <xcb/xkb.h>
#undef explicit

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "engine/base/input_event.h"
#include "engine/x11/xcb_handles.h"
#include "ui/shell/hid_keys.h"

namespace beside::shell {
namespace {

using x11::Reply;

struct Unref {
  void operator()(xkb_context* p) const { xkb_context_unref(p); }
  void operator()(xkb_keymap* p) const { xkb_keymap_unref(p); }
  void operator()(xkb_state* p) const { xkb_state_unref(p); }
  void operator()(xkb_compose_table* p) const { xkb_compose_table_unref(p); }
  void operator()(xkb_compose_state* p) const { xkb_compose_state_unref(p); }
};
template <typename T>
using Ref = std::unique_ptr<T, Unref>;

bool is_modifier(std::uint32_t keysym) {
  return (keysym >= XKB_KEY_Shift_L && keysym <= XKB_KEY_Hyper_R) ||
         (keysym >= XKB_KEY_ISO_Lock && keysym <= XKB_KEY_ISO_Level5_Lock) || keysym == XKB_KEY_Mode_switch ||
         keysym == XKB_KEY_Num_Lock;
}

class Reader final : public KeyboardReader {
 public:
  Reader(Ref<xkb_context> context, x11::Link c) : context_(std::move(context)), c_(std::move(c)) {}

  bool open_server() {
    if (xkb_x11_setup_xkb_extension(c_.get(), XKB_X11_MIN_MAJOR_XKB_VERSION, XKB_X11_MIN_MINOR_XKB_VERSION,
                                    XKB_X11_SETUP_XKB_EXTENSION_NO_FLAGS, nullptr, nullptr, &first_event_, nullptr) == 0) {
      return false;
    }
    const std::uint16_t events = XCB_XKB_EVENT_TYPE_NEW_KEYBOARD_NOTIFY | XCB_XKB_EVENT_TYPE_MAP_NOTIFY | XCB_XKB_EVENT_TYPE_STATE_NOTIFY;
    const std::uint16_t map = XCB_XKB_MAP_PART_KEY_TYPES | XCB_XKB_MAP_PART_KEY_SYMS | XCB_XKB_MAP_PART_MODIFIER_MAP |
                              XCB_XKB_MAP_PART_EXPLICIT_COMPONENTS | XCB_XKB_MAP_PART_KEY_ACTIONS | XCB_XKB_MAP_PART_VIRTUAL_MODS |
                              XCB_XKB_MAP_PART_VIRTUAL_MOD_MAP;
    xcb_xkb_select_events(c_.get(), XCB_XKB_ID_USE_CORE_KBD, events, 0, events, map, map, nullptr);
    xcb_flush(c_.get());
    return load_server_map();
  }
  bool open_names(const std::string& layout, const std::string& variant) {
    xkb_rule_names names{};
    names.rules = "evdev";
    names.model = "pc105";
    names.layout = layout.c_str();
    names.variant = variant.c_str();
    map_.reset(xkb_keymap_new_from_names(context_.get(), &names, XKB_KEYMAP_COMPILE_NO_FLAGS));
    if (!map_) return false;
    state_.reset(xkb_state_new(map_.get()));
    return state_ != nullptr;
  }
  void open_compose(const std::string& locale) {
    table_.reset(xkb_compose_table_new_from_locale(context_.get(), locale.c_str(), XKB_COMPOSE_COMPILE_NO_FLAGS));
    // A bare "C" has no table: dead keys shall work under any locale.
    if (!table_) table_.reset(xkb_compose_table_new_from_locale(context_.get(), "en_US.UTF-8", XKB_COMPOSE_COMPILE_NO_FLAGS));
    if (table_) compose_.reset(xkb_compose_state_new(table_.get(), XKB_COMPOSE_STATE_NO_FLAGS));
  }

  KeyReading press(std::uint32_t keycode) override {
    follow_server();
    KeyReading reading = read(keycode);
    if (compose_ && !reading.is_modifier) feed_compose(reading);
    xkb_state_update_key(state_.get(), keycode, XKB_KEY_DOWN);
    return reading;
  }
  KeyReading release(std::uint32_t keycode) override {
    KeyReading reading = read(keycode);
    reading.text = {};
    xkb_state_update_key(state_.get(), keycode, XKB_KEY_UP);
    return reading;
  }
  void resync() override {
    if (compose_) xkb_compose_state_reset(compose_.get());
    if (c_) {
      while (Reply<xcb_generic_event_t> event{xcb_poll_for_event(c_.get())}) note(*event);
      if (map_changed_) load_server_map();
      take_locks();
    } else {
      state_.reset(xkb_state_new(map_.get()));
    }
  }

 private:
  KeyReading read(std::uint32_t keycode) const {
    KeyReading reading;
    reading.hid_usage = keycode >= 8 ? hid_from_evdev(keycode - 8) : std::uint16_t{0};
    reading.keysym = xkb_state_key_get_one_sym(state_.get(), keycode);
    reading.is_modifier = is_modifier(reading.keysym);
    char text[16] = {};
    const int length = xkb_state_key_get_utf8(state_.get(), keycode, text, sizeof text);
    const auto first = static_cast<unsigned char>(text[0]);
    if (length > 0 && length <= 8 && first >= 0x20 && first != 0x7f) std::memcpy(reading.text.data(), text, static_cast<std::size_t>(length));
    reading.modifiers = modifiers();
    return reading;
  }
  std::uint16_t modifiers() const {
    static constexpr struct {
      const char* name;
      std::uint16_t bit;
    } kNames[] = {{XKB_MOD_NAME_SHIFT, modifier::kShift}, {XKB_MOD_NAME_CTRL, modifier::kControl},
                  {XKB_MOD_NAME_ALT, modifier::kAlt},     {XKB_MOD_NAME_LOGO, modifier::kSuper},
                  {"Mod5", modifier::kAltGr},             {XKB_MOD_NAME_CAPS, modifier::kCapsLock},
                  {XKB_MOD_NAME_NUM, modifier::kNumLock}};
    std::uint16_t bits = 0;
    for (const auto& m : kNames) {
      if (xkb_state_mod_name_is_active(state_.get(), m.name, XKB_STATE_MODS_EFFECTIVE) > 0) bits = static_cast<std::uint16_t>(bits | m.bit);
    }
    return bits;
  }
  void feed_compose(KeyReading& reading) {
    if (xkb_compose_state_feed(compose_.get(), reading.keysym) != XKB_COMPOSE_FEED_ACCEPTED) return;
    switch (xkb_compose_state_get_status(compose_.get())) {
      case XKB_COMPOSE_NOTHING:
        break;
      case XKB_COMPOSE_COMPOSING:
        reading.compose = KeyReading::Compose::Composing;
        reading.text = {};
        break;
      case XKB_COMPOSE_COMPOSED: {
        char text[64] = {};
        const int length = xkb_compose_state_get_utf8(compose_.get(), text, sizeof text);
        reading.compose = KeyReading::Compose::Composed;
        if (length > 0) reading.composed.assign(text, std::min<std::size_t>(static_cast<std::size_t>(length), sizeof text - 1));
        xkb_compose_state_reset(compose_.get());
        break;
      }
      case XKB_COMPOSE_CANCELLED:
        reading.compose = KeyReading::Compose::Cancelled;
        xkb_compose_state_reset(compose_.get());
        break;
    }
  }
  void note(const xcb_generic_event_t& event) {
    if ((event.response_type & 0x7f) != first_event_) return;
    const auto& any = reinterpret_cast<const xcb_xkb_state_notify_event_t&>(event);
    if (any.xkbType == XCB_XKB_NEW_KEYBOARD_NOTIFY || any.xkbType == XCB_XKB_MAP_NOTIFY) {
      map_changed_ = true;
    } else if (any.xkbType == XCB_XKB_STATE_NOTIFY && any.keycode == 0) {
      // Changed by a request (a layout switcher), not by a key that we are about to be given ourselves.
      locks_changed_ = true;
    }
  }
  void follow_server() {
    if (!c_) return;
    while (Reply<xcb_generic_event_t> event{xcb_poll_for_event(c_.get())}) note(*event);
    if (map_changed_) load_server_map();
    if (locks_changed_) take_locks();
  }
  bool load_server_map() {
    map_changed_ = false;
    const auto device = xkb_x11_get_core_keyboard_device_id(c_.get());
    if (device < 0) return false;
    Ref<xkb_keymap> map{xkb_x11_keymap_new_from_device(context_.get(), c_.get(), device, XKB_KEYMAP_COMPILE_NO_FLAGS)};
    if (!map) return false;
    Ref<xkb_state> state{xkb_state_new(map.get())};
    if (!state) return false;
    map_ = std::move(map);
    state_ = std::move(state);
    take_locks();
    return true;
  }
  // Locks and layout only: what is held reaches us as key events, and counting it twice would make it stick.
  void take_locks() {
    locks_changed_ = false;
    const auto device = xkb_x11_get_core_keyboard_device_id(c_.get());
    Ref<xkb_state> server{xkb_x11_state_new_from_device(map_.get(), c_.get(), device)};
    Ref<xkb_state> fresh{xkb_state_new(map_.get())};
    if (!server || !fresh) return;
    xkb_state_update_mask(fresh.get(), 0, 0, xkb_state_serialize_mods(server.get(), XKB_STATE_MODS_LOCKED), 0, 0,
                          xkb_state_serialize_layout(server.get(), XKB_STATE_LAYOUT_LOCKED));
    state_ = std::move(fresh);
  }

  Ref<xkb_context> context_;
  x11::Link c_;
  std::uint8_t first_event_ = 0;
  Ref<xkb_keymap> map_;
  Ref<xkb_state> state_;
  Ref<xkb_compose_table> table_;
  Ref<xkb_compose_state> compose_;
  bool map_changed_ = false, locks_changed_ = false;
};

std::string compose_locale() {
  for (const char* name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
    const char* value = std::getenv(name);
    if (value != nullptr && value[0] != 0) return value;
  }
  return "C";
}

}  // namespace

Result<std::unique_ptr<KeyboardReader>> KeyboardReader::create() {
  x11::Link c{xcb_connect(nullptr, nullptr)};
  if (!c || xcb_connection_has_error(c.get()) != 0) return fail(ErrorKind::Environment, "shell/keyboard: connect");
  Ref<xkb_context> context{xkb_context_new(XKB_CONTEXT_NO_FLAGS)};
  if (!context) return fail(ErrorKind::Environment, "shell/keyboard: xkb context");
  auto reader = std::make_unique<Reader>(std::move(context), std::move(c));
  if (!reader->open_server()) return fail(ErrorKind::Environment, "shell/keyboard: XKEYBOARD extension");
  reader->open_compose(compose_locale());
  return std::unique_ptr<KeyboardReader>(std::move(reader));
}

Result<std::unique_ptr<KeyboardReader>> KeyboardReader::create_for_layout(const std::string& layout, const std::string& variant,
                                                                          const std::string& locale) {
  Ref<xkb_context> context{xkb_context_new(XKB_CONTEXT_NO_FLAGS)};
  if (!context) return fail(ErrorKind::Environment, "shell/keyboard: xkb context");
  auto reader = std::make_unique<Reader>(std::move(context), nullptr);
  if (!reader->open_names(layout, variant)) return fail(ErrorKind::Environment, "shell/keyboard: layout", layout);
  reader->open_compose(locale);
  return std::unique_ptr<KeyboardReader>(std::move(reader));
}

}  // namespace beside::shell
