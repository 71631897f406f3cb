// SPDX-License-Identifier: GPL-3.0-or-later
// kiosk_window NAME X Y WIDTH HEIGHT RRGGBB [override]: a window of one colour whose WM_CLASS is NAME. Leads a process
// session of its own, as the command of a kiosk does, and says "ready SESSION", then "key CODE" for each key that it gets and
// "click" for each button.
#include <unistd.h>
#include <xcb/xcb.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

int main(int argc, char** argv) {
  if (argc < 7) return 2;
  (void)setsid();   // fails only where it leads one already
  xcb_connection_t* c = xcb_connect(nullptr, nullptr);
  if (xcb_connection_has_error(c) != 0) return 1;
  const xcb_screen_t* screen = xcb_setup_roots_iterator(xcb_get_setup(c)).data;
  const xcb_window_t window = xcb_generate_id(c);
  const std::uint32_t values[] = {static_cast<std::uint32_t>(std::strtoul(argv[6], nullptr, 16)),
                                  argc > 7 ? 1U : 0U,
                                  XCB_EVENT_MASK_KEY_PRESS | XCB_EVENT_MASK_BUTTON_PRESS | XCB_EVENT_MASK_EXPOSURE};
  xcb_create_window(c, XCB_COPY_FROM_PARENT, window, screen->root, static_cast<std::int16_t>(std::atoi(argv[2])),
                    static_cast<std::int16_t>(std::atoi(argv[3])), static_cast<std::uint16_t>(std::atoi(argv[4])),
                    static_cast<std::uint16_t>(std::atoi(argv[5])), 0, XCB_WINDOW_CLASS_INPUT_OUTPUT, screen->root_visual,
                    XCB_CW_BACK_PIXEL | XCB_CW_OVERRIDE_REDIRECT | XCB_CW_EVENT_MASK, values);
  std::string wm_class = argv[1];
  wm_class += '\0';
  wm_class += argv[1];
  wm_class += '\0';
  xcb_change_property(c, XCB_PROP_MODE_REPLACE, window, XCB_ATOM_WM_CLASS, XCB_ATOM_STRING, 8,
                      static_cast<std::uint32_t>(wm_class.size()), wm_class.data());
  xcb_map_window(c, window);
  xcb_flush(c);
  bool said = false;
  while (xcb_generic_event_t* event = xcb_wait_for_event(c)) {
    switch (event->response_type & 0x7f) {
      case XCB_EXPOSE:
        if (!said) std::printf("ready %d\n", static_cast<int>(getsid(0)));
        said = true;
        break;
      case XCB_KEY_PRESS: std::printf("key %d\n", reinterpret_cast<xcb_key_press_event_t*>(event)->detail); break;
      case XCB_BUTTON_PRESS: std::puts("click"); break;
      default: break;
    }
    std::fflush(stdout);
    std::free(event);
  }
  return 0;
}
