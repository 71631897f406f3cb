// SPDX-License-Identifier: GPL-3.0-or-later
// Run by shell_window_test.sh under an X server of its own: shows canvases in the real window, reads them back from the X
// server, and works on them with real clicks and keys. Prints one line per check; exit status 1 if any failed.
#include <imgui.h>
#include <xcb/xcb.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "engine/ports/canvas.h"
#include "engine/ports/desktop.h"
#include "ui/kit/widgets.h"
#include "ui/shell/shell.h"

namespace {

using namespace beside;
using Colour = std::array<int, 3>;   // red, green, blue

int failures = 0;
void check(bool good, const std::string& what) {
  std::printf("%s: %s\n", good ? "ok" : "FAILED", what.c_str());
  if (!good) ++failures;
}

constexpr Colour kRed{220, 30, 40}, kGreen{20, 160, 60}, kBlue{30, 60, 200}, kYellow{240, 220, 20};

// What people see: the root window's pixels.
class Eyes {
 public:
  Eyes() : c_(xcb_connect(nullptr, nullptr)), root_(xcb_setup_roots_iterator(xcb_get_setup(c_)).data->root) {}
  ~Eyes() { xcb_disconnect(c_); }
  Colour at(int x, int y) {
    const auto cookie = xcb_get_image(c_, XCB_IMAGE_FORMAT_Z_PIXMAP, root_, static_cast<std::int16_t>(x), static_cast<std::int16_t>(y), 1, 1, ~0U);
    xcb_get_image_reply_t* reply = xcb_get_image_reply(c_, cookie, nullptr);
    if (reply == nullptr) return {-1, -1, -1};
    const std::uint8_t* p = xcb_get_image_data(reply);
    const Colour out{p[2], p[1], p[0]};
    std::free(reply);
    return out;
  }

 private:
  xcb_connection_t* c_;
  xcb_window_t root_;
};

void fill(ports::Canvas& canvas, const Rect& area, const Colour& colour) {
  std::vector<std::uint8_t> pixels;
  for (int i = 0; i < area.width * area.height; ++i) {
    for (const int channel : {2, 1, 0}) pixels.push_back(static_cast<std::uint8_t>(colour[static_cast<std::size_t>(channel)]));
    pixels.push_back(0);
  }
  canvas.write(area, pixels.data(), std::ptrdiff_t{4} * area.width, true);
}
void commit(ports::Canvas& canvas, std::uint64_t number) {
  ports::UpdateTimes times;
  times.number = number;
  canvas.commit(times);
}

struct Stage {
  Eyes eyes;
  std::unique_ptr<shell::Shell> shell;
  views::RemoteView view;
  bool popup = false;
  Rect popup_at{};
  std::vector<InputEvent> inputs;
  std::atomic<std::uint64_t> shown_number = 0;
  std::atomic<std::uint32_t> shown_session = 0;
  std::atomic<LocalTime> shown_at{};
  std::atomic<std::uint64_t> frames_at_shown = 0;    // drawn before it
  views::RemoteViewState state;

  void draw(shell::FrameContext& frame) {
    kit::begin_screen(frame.ui(), "test", {.padding = 0});
    view.width = frame.width - 2 * view.x;
    view.height = frame.height - 2 * view.y;
    const ImVec2 low{view.x, view.y}, high{view.x + view.width, view.y + view.height};
    view.hovered = ImGui::IsWindowHovered(ImGuiHoveredFlags_AllowWhenBlockedByActiveItem) && ImGui::IsMouseHoveringRect(low, high);
    view.clicked = ImGui::IsMouseClicked(0) ? 2U : 0U;
    view.take_focus = view.hovered && ImGui::IsMouseClicked(0);
    state = frame.draw_remote(view);
    if (state.focused) ImGui::GetWindowDrawList()->AddRect(low, high, IM_COL32(90, 90, 255, 255), 0, 0, 2);
    kit::end_screen(frame.ui());
    if (popup) {
      ImGui::SetNextWindowPos({static_cast<float>(popup_at.x), static_cast<float>(popup_at.y)});
      ImGui::SetNextWindowSize({static_cast<float>(popup_at.width), static_cast<float>(popup_at.height)});
      ImGui::PushStyleColor(ImGuiCol_WindowBg, IM_COL32(240, 220, 20, 255));
      ImGui::Begin("popup", nullptr, ImGuiWindowFlags_NoDecoration | ImGuiWindowFlags_NoMove | ImGuiWindowFlags_NoSavedSettings);
      ImGui::End();
      ImGui::PopStyleColor();
    }
  }
  bool step(milliseconds most = 50ms) {
    return shell->step([this](shell::FrameContext& f) { draw(f); }, local_now() + most).has_value();
  }
  template <typename Done>
  bool wait_for(const Done& done, milliseconds most = 5s) {
    const LocalTime until = local_now() + most;
    while (!done()) {
      if (local_now() >= until || !step()) return false;
    }
    return true;
  }
  void rest(milliseconds time) {
    (void)wait_for([] { return false; }, time);
  }
  // Pixels of the window.
  Colour seen(int x, int y) {
    const Rect outer = shell->window_state().outer;
    return eyes.at(outer.x + x, outer.y + y);
  }
  bool soon(int x, int y, const Colour& colour) {
    return wait_for([&] { return near(seen(x, y), colour); });
  }
  static bool near(const Colour& a, const Colour& b) {
    for (std::size_t i = 0; i < 3; ++i) {
      if (std::abs(a[i] - b[i]) > 2) return false;
    }
    return true;
  }
  int count(InputKind kind) const {
    int n = 0;
    for (const InputEvent& e : inputs) n += e.kind == kind ? 1 : 0;
    return n;
  }
  void xdotool(const std::string& what) {
    if (std::system(("xdotool " + what).c_str()) != 0) check(false, "xdotool " + what);
  }
  void point_at(int x, int y) {
    const Rect outer = shell->window_state().outer;
    xdotool("mousemove " + std::to_string(outer.x + x) + " " + std::to_string(outer.y + y));
  }
};

void whole_way(Stage& s, const char* name, bool direct) {
  const auto say = [&](const char* what) { return std::string(name) + ": " + what; };
  auto one = std::make_shared<ports::Canvas>([&s] { s.shell->canvas_changed(1); });
  s.view.session = 1;
  s.view.x = s.view.y = 40;
  s.view.input = views::RemoteInput::Control;
  s.shell->show_canvas(1, one);
  check(s.wait_for([&] { return s.shell->frames_drawn() > 4; }), say("frames come"));
  s.rest(300ms);
  const auto before_first = s.shell->frames_drawn();
  one->reset(400, 300, 1, 0);
  fill(*one, {0, 0, 400, 300}, kRed);
  fill(*one, {200, 0, 200, 300}, kBlue);
  commit(*one, 1);
  // 720 x 420 for 400 x 300: enlarged to 560 x 420 at (120, 40).
  check(s.soon(130, 50, kRed) && s.soon(670, 450, kBlue), say("the first picture is at its place"));
  check(s.wait_for([&] { return s.shown_number == 1; }) && s.shown_session == 1, say("its number is told as shown"));
  if (direct) check(s.frames_at_shown == before_first, say("the first picture waits for no frame"));
  check(s.shell->direct_picture().empty() != direct, say("it is shown in the way that was asked for"));
  check(Stage::near(s.seen(60, 60), s.seen(60, 400)), say("beside the picture there is none"));

  s.rest(700ms);
  const auto frames = s.shell->frames_drawn();
  const LocalTime began = local_now();
  fill(*one, {20, 20, 100, 50}, kGreen);
  commit(*one, 2);
  check(s.wait_for([&] { return s.shown_number == 2; }), say("an update's number is told as shown"));
  const auto took = std::chrono::duration_cast<microseconds>(s.shown_at.load() - began).count();
  // A presented frame is on its way; of its own window the server has said that it is drawn.
  check(direct ? Stage::near(s.seen(120 + 60, 40 + 60), kGreen) : s.soon(120 + 60, 40 + 60, kGreen), say("when it is told it is on the screen"));
  check(Stage::near(s.seen(130, 45), kRed), say("and only where it changed"));
  if (direct) check(s.shell->frames_drawn() == frames, say("without a frame"));
  std::printf("%s: a small update took %lld us\n", name, static_cast<long long>(took));

  // Nothing happens, and updates do: neither draws our window.
  s.rest(600ms);
  const auto at_rest = s.shell->frames_drawn();
  s.rest(1500ms);
  check(s.shell->frames_drawn() == at_rest, say("an idle session draws no frame"));
  if (direct) {
    for (int i = 0; i < 20; ++i) {
      fill(*one, {300 + i, 200, 8, 12}, i % 2 == 0 ? kYellow : kRed);
      commit(*one, 2);
      s.rest(20ms);
    }
    check(s.shell->frames_drawn() == at_rest, say("nor do twenty updates"));
    // Whoever draws frames is busy: nobody steps.
    fill(*one, {20, 20, 100, 50}, kBlue);
    commit(*one, 3);
    for (int i = 0; i < 500 && s.shown_number != 3; ++i) std::this_thread::sleep_for(10ms);
    check(Stage::near(s.seen(120 + 60, 40 + 60), kBlue), say("an update waits for no frame that is being drawn"));
  }

  // Real clicks and keys reach the customer through the picture.
  s.point_at(120 + 280, 40 + 210);
  s.xdotool("click 1");
  check(s.wait_for([&] { return s.count(InputKind::ButtonUp) == 1; }), say("a click goes to the customer"));
  s.xdotool("click 1");
  check(s.wait_for([&] { return s.count(InputKind::ButtonUp) == 2; }), say("a second one as well"));
  const InputEvent* down = nullptr;
  for (const InputEvent& e : s.inputs) down = e.kind == InputKind::ButtonDown ? &e : down;
  check(down != nullptr && std::abs(down->x - 32768) < 200 && std::abs(down->y - 32768) < 200, say("at its place"));
  check(s.wait_for([&] { return s.state.focused; }), say("and gives the picture the keyboard"));
  s.rest(500ms);
  const auto before_keys = s.shell->frames_drawn();
  s.xdotool("type --delay 15 abc");
  check(s.wait_for([&] { return s.count(InputKind::KeyUp) >= 3; }), say("keys go to the customer"));
  s.point_at(120 + 300, 40 + 200);
  s.point_at(120 + 320, 40 + 190);
  check(s.wait_for([&] { return s.inputs.back().kind == InputKind::PointerMove; }), say("so does the pointer"));
  check(s.shell->frames_drawn() == before_keys, say("neither draws our window again"));

  // A popup lies over the picture, and what changes below it stays below.
  s.popup = true;
  s.popup_at = {300, 200, 160, 120};
  s.shell->wake();
  check(s.soon(380, 260, kYellow), say("a popup is in front of the picture"));
  check(Stage::near(s.seen(670, 100), kBlue), say("the picture stays around it"));
  fill(*one, {0, 0, 400, 300}, kGreen);
  commit(*one, 3);
  check(s.soon(670, 100, kGreen) && s.soon(290, 260, kGreen), say("it goes on around it"));
  check(Stage::near(s.seen(380, 260), kYellow), say("and the popup stays"));
  s.popup_at = {0, 0, 800, 500};
  s.shell->wake();
  check(s.soon(130, 50, kYellow) && s.shell->direct_picture().empty(), say("what covers all of it covers all of it"));
  s.popup = false;
  s.shell->wake();
  check(s.soon(380, 260, kGreen) && s.soon(130, 50, kGreen), say("the picture is back when the popup has gone"));

  // What lay under it is put again each time, also where the server tells of it along with something else.
  s.popup_at = {300, 200, 160, 120};
  for (int i = 0; i < 12; ++i) {
    s.popup = true;
    s.shell->wake();
    check(s.soon(380, 260, kYellow), say("a popup comes once more"));
    s.popup = false;
    s.shell->wake();
    fill(*one, {0, 0, 20, 20}, i % 2 == 0 ? kRed : kGreen);
    commit(*one, 100 + static_cast<std::uint64_t>(i));
    check(s.soon(310, 210, kGreen) && s.soon(450, 310, kGreen), say("and leaves nothing behind"));
  }
  fill(*one, {0, 0, 20, 20}, kGreen);
  commit(*one, 3);

  // A veil darkens it.
  s.view.veil = 0.5F;
  s.shell->wake();
  check(s.soon(380, 260, {10, 80, 30}), say("the veil lies over it"));
  if (direct) check(!s.shell->direct_picture().empty(), say("without another way of showing it"));
  s.view.veil = 0;
  s.shell->wake();
  check(s.soon(380, 260, kGreen), say("and goes"));

  // 1:1, in the middle; another size of the window; another size of the picture.
  s.view.fit = views::RemoteFit::OneToOne;
  s.shell->wake();
  fill(*one, {0, 0, 1, 300}, kYellow);
  commit(*one, 4);
  check(s.soon(200, 250, kYellow) && Stage::near(s.seen(201, 250), kGreen), say("1:1 shows single columns"));
  s.shell->move_resize({60, 80, 900, 600});
  check(s.wait_for([&] { return s.shell->window_state().outer.width >= 900; }), say("the window grows"));
  check(s.soon(250, 300, kYellow) && s.soon(251, 300, kGreen) && s.wait_for([&] { return !Stage::near(s.seen(201, 250), kGreen); }),
        say("the picture goes along and leaves nothing behind"));
  one->reset(200, 200, 2, 0);
  fill(*one, {0, 0, 200, 200}, kBlue);
  commit(*one, 5);
  check(s.soon(450, 300, kBlue) && s.wait_for([&] { return !Stage::near(s.seen(260, 300), kGreen); }), say("a smaller picture leaves nothing of the larger"));

  // The customer's pointer where the operator does not steer.
  s.view.input = views::RemoteInput::None;
  ports::CursorImage cursor;
  cursor.serial = 7;
  cursor.width = cursor.height = 8;
  for (int i = 0; i < 64; ++i) cursor.bgra.insert(cursor.bgra.end(), {20, 220, 240, 255});
  s.shell->on_cursor_shape(1, cursor);
  s.shell->on_cursor_position(1, 50, 60, true);
  s.shell->wake();
  const int left = 350, top = 200;
  check(s.soon(left + 54, top + 64, kYellow), say("the customer's pointer is drawn"));
  const auto before_pointer = s.shell->frames_drawn();
  s.rest(300ms);
  s.shell->on_cursor_position(1, 120, 60, true);
  check(s.soon(left + 124, top + 64, kYellow) && s.soon(left + 54, top + 64, kBlue), say("it moves and leaves nothing behind"));
  if (direct) check(s.shell->frames_drawn() <= before_pointer + 4, say("without frames of ours"));
  fill(*one, {100, 40, 60, 60}, kRed);
  commit(*one, 6);
  check(s.soon(left + 105, top + 45, kRed) && Stage::near(s.seen(left + 124, top + 64), kYellow), say("and stays above what changes"));

  // Another session takes the place, a third has nothing yet, and what is gone is gone.
  auto two = std::make_shared<ports::Canvas>([&s] { s.shell->canvas_changed(2); });
  two->reset(300, 300, 1, 0);
  fill(*two, {0, 0, 300, 300}, kGreen);
  commit(*two, 1);
  s.shell->show_canvas(2, two);
  s.view.session = 2;
  s.shell->wake();
  check(s.soon(left + 100, top + 100, kGreen), say("another session's picture takes the place"));
  fill(*one, {0, 0, 200, 200}, kYellow);
  commit(*one, 7);
  s.rest(300ms);
  check(Stage::near(s.seen(left + 100, top + 100), kGreen), say("and keeps it while the first one goes on"));
  s.view.session = 3;
  s.shell->wake();
  check(s.wait_for([&] { return !Stage::near(s.seen(left + 100, top + 100), kGreen); }), say("a session without a picture shows none"));
  s.view.session = 2;
  s.shell->wake();
  check(s.soon(left + 100, top + 100, kGreen), say("back again"));
  s.shell->forget_pictures(2);
  check(s.wait_for([&] { return !Stage::near(s.seen(left + 100, top + 100), kGreen); }), say("a forgotten picture is not to be seen"));
}

}  // namespace

int main() {
  using Direct = shell::ShellConfig::DirectPictures;
  for (const Direct way : {Direct::Always, Direct::Never}) {
    Stage stage;
    shell::ShellEvents events;
    events.input = [&](std::uint32_t, const InputEvent& event) { stage.inputs.push_back(event); };
    events.picture_shown = [&](std::uint32_t session, std::uint64_t number, LocalTime at) {
      if (stage.shown_number == 0) stage.frames_at_shown = stage.shell->frames_drawn();
      stage.shown_session = session;
      stage.shown_at = at;
      stage.shown_number = number;
    };
    shell::ShellConfig config;
    config.width = 800;
    config.height = 500;
    config.min_width = config.min_height = 100;
    config.scale = 1;
    config.decorated = false;
    config.remote_pictures = true;
    config.direct_pictures = way;
    auto made = shell::Shell::create(config, events);
    if (!made) return 77;   // no Vulkan here
    stage.shell = std::move(*made);
    whole_way(stage, way == Direct::Always ? "own window" : "frames", way == Direct::Always);
  }
  return failures == 0 ? 0 : 1;
}
