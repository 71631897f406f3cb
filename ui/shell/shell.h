// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "engine/base/clock.h"
#include "engine/base/geometry.h"
#include "engine/base/input_event.h"
#include "engine/base/result.h"
#include "ui/kit/ui.h"
#include "ui/shell/remote_view.h"

namespace beside::ports {
class Canvas;
struct CursorImage;
}

namespace beside::gpu {
class Device;
}

namespace beside::shell {

struct ShellConfig {
  std::string title = "Beside";       // UTF-8
  std::string app_id = "beside";      // WM_CLASS
  int width = 1280, height = 800;     // at scale 1
  int min_width = 480, min_height = 320;
  bool resizable = true;
  bool fullscreen = false;            // covers the primary monitor and cannot be left (kiosk)
  bool decorated = true;
  kit::ThemeName theme = kit::ThemeName::Light;
  float scale = 0;                    // 0: BESIDE_SCALE, else the monitor's content scale
  std::string language;               // "de"; empty: from the environment
  bool remote_pictures = false;       // will show some: what the first one needs is made ready while nobody waits for it
  // Whether remote pictures go into a window of their own instead of into our frames: mostly a matter of cost, which the
  // device decides. Where the X server cannot have it so they are drawn in our frames.
  enum class DirectPictures { WhenCheaper, Always, Never } direct_pictures = DirectPictures::WhenCheaper;
};

// What our window is to people who look at the screen.
struct WindowState {
  bool visible = false;               // really visible: mapped, on the screen, not covered
  LocalTime since{};                  // when `visible` last changed
  bool focused = false;
  bool iconified = false;
  Rect outer;                         // with the frame that a window manager drew, root pixels
  std::uint32_t native_id = 0;        // X window
  std::uint32_t native_frame_id = 0;  // its ancestor below the root; native_id without a window manager
};

// One frame, given to the draw function between ImGui's NewFrame and Render.
class FrameContext {
 public:
  virtual ~FrameContext() = default;
  virtual kit::Ui& ui() = 0;          // begun; its wants() decide when the next frame comes
  LocalTime now{};
  float scale = 1;
  float width = 0, height = 0;        // window pixels = ImGui units
  bool focused = false;               // the window has the keyboard
  // Records the picture of view.session into the current ImGui window, clipped to view's rectangle, and remembers the
  // rectangle for pointer and keys until the next frame. At most one per frame that is no thumbnail.
  virtual RemoteViewState draw_remote(const RemoteView& view) = 0;
  // Draws again at this time at the latest, though nothing happens till then.
  virtual void redraw_at(LocalTime at) = 0;
};

struct ShellEvents {
  // Return false to keep the window; the default closes it. Called on main.
  std::function<bool()> close_requested;
  // Any change of visibility, place, focus. Called on main; at most every 250 ms for visibility.
  std::function<void(const WindowState&)> window_changed;
  // What the operator does in the remote view. Called on main from event handling, before the next frame.
  std::function<void(std::uint32_t session, const InputEvent&)> input;
  // The newest update of a canvas is on the screen: the server has drawn it, or it was presented. On main or on the thread that puts
  // pictures, never on both at once.
  std::function<void(std::uint32_t session, std::uint64_t number, LocalTime at)> picture_shown;
  // On main before each frame and after each nudge(): hand over what other threads left (show_canvas and the like).
  std::function<void()> before_frame;
  // The display has gone away: end what must end in good order. The process ends, with status 1, when this returns. Main.
  std::function<void()> display_gone;
  // Local chords while the remote view has the focus: Ctrl+Alt+Shift and this key: a letter (upper case) or digit, F1 to F12 as
  // 'a' to 'l', Escape as 'L'.
  std::function<void(char key)> local_chord;
};

// The one window: GLFW, Vulkan swapchain, ImGui, frame loop.
// Thread: main, except wake(), nudge() and canvas_changed(); pictures in a window of their own are put by a thread of the shell's, so that
// what changes does not wait while a frame of ours is drawn. Owns: window, device, swapchain. Failure: create() says Environment with a sentence for
// people, which is on stderr as well and, if a display exists, in a plain box of its own; run() ends with an error when
// the device is lost.
class Shell {
 public:
  static Result<std::unique_ptr<Shell>> create(ShellConfig config, ShellEvents events);
  virtual ~Shell() = default;

  // Draws only when something changed: input, wake(), a time asked for by redraw_at(). Returns after quit().
  virtual Result<void> run(const std::function<void(FrameContext&)>& draw) = 0;
  // One more round of run(), for tests and for programs that own their loop: waits until `until` at most.
  // True if a frame was drawn.
  virtual Result<bool> step(const std::function<void(FrameContext&)>& draw, LocalTime until) = 0;
  virtual void quit() = 0;
  // Draw again soon. Any thread.
  virtual void wake() = 0;
  // Calls before_frame soon; a frame follows only if that changed what is to be seen. Any thread.
  virtual void nudge() = 0;

  // The picture of a session from now on, in place of another. Main thread.
  virtual void show_canvas(std::uint32_t session, std::shared_ptr<ports::Canvas> canvas) = 0;
  // A commit waits in the canvas of this session: what changed is shown, without a frame where that is possible. Any thread.
  virtual void canvas_changed(std::uint32_t session) = 0;
  virtual void on_cursor_shape(std::uint32_t session, const ports::CursorImage& image) = 0;
  virtual void on_cursor_position(std::uint32_t session, int x, int y, bool visible) = 0;   // picture pixels
  virtual void forget_pictures(std::uint32_t session) = 0;

  // The customer's panel: small, above all, on every workspace, cannot be minimised; logical pixels, top right corner.
  virtual void switch_to_panel(int width, int height) = 0;
  virtual void switch_to_normal(int width, int height) = 0;
  virtual void set_fullscreen(bool on) = 0;
  virtual void move_resize(const Rect& root_pixels) = 0;
  virtual WindowState window_state() const = 0;

  virtual kit::Ui& ui() = 0;
  virtual void set_theme(kit::ThemeName theme) = 0;
  virtual std::string clipboard() const = 0;            // UTF-8
  virtual void set_clipboard(const std::string& text) = 0;
  virtual float scale() const = 0;
  virtual std::uint64_t frames_drawn() const = 0;
  // How the picture in view is shown now: "MIT-SHM fd", or "" when it is drawn in our frames or there is none.
  virtual std::string direct_picture() const = 0;
  virtual const gpu::Device& device() const = 0;
  virtual std::string device_name() const = 0;          // "llvmpipe (LLVM 15.0.6)"
};

// Tells the person in a small window of plain X11 that `text` stops the program, until it is closed; nothing where there
// is no display.
void show_plain_message(const std::string& title, const std::string& text);

}  // namespace beside::shell
