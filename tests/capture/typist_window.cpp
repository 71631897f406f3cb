// SPDX-License-Identifier: GPL-3.0-or-later
// A window of another process than the test's: covers the screen, takes the focus and prints what reaches it, read as a
// program reads it (its own keymap, the state that came with the event). Lines: "ready", "key KEYSYM TEXT MODS",
// "button N X Y", "buttonup N X Y".
#include <xcb/xcb.h>
#include <xkbcommon/xkbcommon-x11.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>

#include "capture/x11/xcb_xkb.h"

int main() {
  int number = 0;
  xcb_connection_t* c = xcb_connect(nullptr, &number);
  if (xcb_connection_has_error(c) != 0) return 1;
  xcb_screen_t* screen = xcb_setup_roots_iterator(xcb_get_setup(c)).data;
  xkb_x11_setup_xkb_extension(c, 1, 0, XKB_X11_SETUP_XKB_EXTENSION_NO_FLAGS, nullptr, nullptr, nullptr, nullptr);
  const xcb_window_t window = xcb_generate_id(c);
  const std::uint32_t values[] = {screen->white_pixel, 1,
                                  XCB_EVENT_MASK_KEY_PRESS | XCB_EVENT_MASK_BUTTON_PRESS | XCB_EVENT_MASK_BUTTON_RELEASE |
                                      XCB_EVENT_MASK_STRUCTURE_NOTIFY};
  xcb_create_window(c, XCB_COPY_FROM_PARENT, window, screen->root, 0, 0, screen->width_in_pixels,
                    screen->height_in_pixels, 0, XCB_WINDOW_CLASS_INPUT_OUTPUT, screen->root_visual,
                    XCB_CW_BACK_PIXEL | XCB_CW_OVERRIDE_REDIRECT | XCB_CW_EVENT_MASK, values);
  xcb_map_window(c, window);
  xcb_flush(c);
  xkb_context* context = xkb_context_new(XKB_CONTEXT_NO_DEFAULT_INCLUDES);
  xkb_keymap* keymap = nullptr;
  const auto read_map = [&] {
    xkb_keymap_unref(keymap);
    keymap = xkb_x11_keymap_new_from_device(context, c, xkb_x11_get_core_keyboard_device_id(c),
                                            XKB_KEYMAP_COMPILE_NO_FLAGS);
  };
  const std::uint16_t which = XCB_XKB_EVENT_TYPE_MAP_NOTIFY | XCB_XKB_EVENT_TYPE_NEW_KEYBOARD_NOTIFY;
  xcb_xkb_select_events(c, XCB_XKB_ID_USE_CORE_KBD, which, 0, which, 0xff, 0xff, nullptr);
  read_map();
  const std::uint8_t xkb_event = xcb_get_extension_data(c, &xcb_xkb_id)->first_event;
  while (xcb_generic_event_t* event = xcb_wait_for_event(c)) {
    const std::uint8_t type = event->response_type & 0x7f;
    if (type == XCB_MAP_NOTIFY) {
      xcb_set_input_focus(c, XCB_INPUT_FOCUS_PARENT, window, XCB_CURRENT_TIME);
      std::free(xcb_get_input_focus_reply(c, xcb_get_input_focus(c), nullptr));
      std::puts("ready");
    } else if (type == xkb_event || type == XCB_MAPPING_NOTIFY) {
      read_map();
    } else if (type == XCB_KEY_PRESS) {
      const auto* key = reinterpret_cast<const xcb_key_press_event_t*>(event);
      xkb_state* state = xkb_state_new(keymap);
      xkb_state_update_mask(state, key->state & 0xffu, 0, 0, 0, 0, key->state >> 13 & 3u);
      const auto symbol = xkb_state_key_get_one_sym(state, key->detail);
      char text[8] = {};
      xkb_keysym_to_utf8(symbol, text, sizeof text);
      if (static_cast<unsigned char>(text[0]) <= 0x20) text[0] = '\0';
      std::printf("key %u %s %u\n", symbol, text[0] == '\0' ? "-" : text, key->state & 0xffu);
      xkb_state_unref(state);
    } else if (type == XCB_BUTTON_PRESS || type == XCB_BUTTON_RELEASE) {
      const auto* button = reinterpret_cast<const xcb_button_press_event_t*>(event);
      std::printf("%s %u %d %d\n", type == XCB_BUTTON_PRESS ? "button" : "buttonup", button->detail, button->root_x,
                  button->root_y);
    }
    std::fflush(stdout);
    std::free(event);
  }
  return 0;
}
