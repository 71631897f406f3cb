// SPDX-License-Identifier: GPL-3.0-or-later
// Run by shell_window_test.sh under an X server of its own: opens the real window and checks what only a real one can
// show. Prints one line per check; exit status 1 if any failed.
#include <cstdio>
#include <cstdlib>
#include <string>

#include "ui/kit/widgets.h"
#include "ui/shell/shell.h"

namespace {

using namespace beside;

int failures = 0;
void check(bool good, const char* what) {
  std::printf("%s: %s\n", good ? "ok" : "FAILED", what);
  if (!good) ++failures;
}

}  // namespace

int main() {
  shell::WindowState last;
  bool closing = false;
  shell::ShellEvents events;
  events.window_changed = [&](const shell::WindowState& s) { last = s; };
  events.close_requested = [&] {
    closing = true;
    return false;
  };
  shell::ShellConfig config;
  config.width = 640;
  config.height = 420;
  auto made = shell::Shell::create(config, events);
  if (!made) return 77;   // no Vulkan here
  shell::Shell& shell = **made;
  const auto draw = [](shell::FrameContext& frame) {
    kit::begin_screen(frame.ui(), "test");
    kit::heading(frame.ui(), "test.heading", "Beside");
    kit::end_screen(frame.ui());
  };
  const auto run_for = [&](milliseconds time) {
    const LocalTime until = local_now() + time;
    while (local_now() < until) {
      if (!shell.step(draw, until)) {
        check(false, "a step without an error");
        return;
      }
    }
  };
  // True as soon as `done` holds, false after 5 s.
  const auto wait_for = [&](const auto& done) {
    const LocalTime until = local_now() + 5s;
    while (local_now() < until && !done()) {
      if (!shell.step(draw, std::min(until, local_now() + 50ms))) return false;
    }
    return done();
  };
  check(wait_for([&] { return shell.frames_drawn() > 0 && last.visible; }), "the first frame comes and the window is visible");
  run_for(1500ms);
  const auto before = shell.frames_drawn();
  run_for(1000ms);
  check(shell.frames_drawn() == before, "an idle second draws nothing");
  shell.wake();
  check(wait_for([&] { return shell.frames_drawn() > before; }), "wake() draws");
  shell.move_resize({40, 60, 800, 500});
  check(wait_for([&] { return last.outer.width >= 800 && last.outer.height >= 500; }), "the window takes a new size");
  shell.switch_to_panel(320, 400);
  check(wait_for([&] { return last.outer.width < 400 && last.visible; }), "the panel is small and visible");
  // The customer's screen changed its mode in mid-session: the panel lay beyond the edge for good, and all rights stood paused.
  const char* smaller = "xrandr --newmode small 60 800 810 820 830 300 301 302 303 && xrandr --addmode screen small && xrandr --output screen --mode small";
  const auto within = [&](const Rect& screen) { return last.visible && last.outer == last.outer.clipped_to(screen); };
  const int high = last.outer.height;
  check(wait_for([&] { return last.outer.x > 800; }), "the panel stands at the right");
  if (std::system(smaller) == 0) {
    check(wait_for([&] { return within({0, 0, 800, 300}); }), "the panel is whole on a screen that became smaller");
    check(last.outer.height < high, "and lower, so that its buttons are in view");
    check(std::system("xrandr --output screen --mode 1280x800") == 0 && wait_for([&] { return within({0, 0, 1280, 800}) && last.outer.height == high; }),
          "and as high as before on the large screen");
  }
  check(last.native_id != 0 && last.native_frame_id != 0, "its native windows are known");
  const std::string hide = "xdotool windowminimize " + std::to_string(last.native_id) + " 2>/dev/null";
  bool gone = false;
  if (std::system(hide.c_str()) == 0) {
    check(wait_for([&] { gone = gone || last.iconified; return !last.iconified && last.visible; }), "minimising is undone");
    run_for(600ms);
    check(shell.window_state().visible && !shell.window_state().iconified, "and stays undone");
  }
  const std::string unmap = "xdotool windowunmap " + std::to_string(last.native_id) + " 2>/dev/null";
  if (std::system(unmap.c_str()) == 0) check(wait_for([&] { return shell.window_state().visible; }), "unmapping is undone");
  shell.set_clipboard("Grüße @ €");
  check(shell.clipboard() == "Grüße @ €", "the clipboard keeps UTF-8");
  shell.switch_to_normal(640, 420);
  check(wait_for([&] { return last.outer.width >= 640; }), "the window is large again");
  check(!closing, "nobody asked to close");
  return failures == 0 ? 0 : 1;
}
