// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "engine/base/hidden_parts.h"
#include "engine/base/input_event.h"
#include "engine/base/result.h"
#include "engine/ports/frame.h"
#include "engine/ports/rights_gate.h"

namespace beside::ports {

// Names the one application that a kiosk shares. A window belongs to it when its client's process runs in the process
// session `process_session` (0: no such test), or when an application's window of WM_CLASS `window_class` (class or
// instance; empty: no such test) is of the same process. When both are empty nothing belongs to it.
struct ApplicationRule {
  std::int64_t process_session = 0;     // as getsid(2) tells it
  std::string window_class;
  bool operator==(const ApplicationRule&) const = default;
};

// Rectangles of our own windows, root pixels. They are hatched out of every frame and refuse injected input. The shell
// updates it whenever its window moves; capture and desk read it. Thread: any.
class OwnWindows {
 public:
  void set(std::vector<Rect> areas);
  std::vector<Rect> areas() const;
  // True while a window of ours has the keyboard focus.
  void set_focused(bool focused) { focused_.store(focused, std::memory_order_release); }
  bool focused() const { return focused_.load(std::memory_order_acquire); }
  // X window ids of our own top-level windows (stacking and focus checks on the desk thread ask the server about them).
  void set_native_ids(std::vector<std::uint32_t> ids);
  std::vector<std::uint32_t> native_ids() const;
  // From now on only the windows of one application may be seen and steered: everything else is hatched and refuses input.
  // There is no way back to sharing more; a second call names another application (its process was started anew).
  void share_only(ApplicationRule rule);
  std::optional<ApplicationRule> shared_application() const;
  // What the customer hides beside our own windows: hatched with words over it, closed to input. Holds from the next grab on;
  // whoever sends must see to what was grabbed before. Lists are cut to HiddenParts::kMost.
  void hide(HiddenParts parts);
  HiddenParts hidden() const;
  std::uint64_t hidden_revision() const { return hidden_revision_.load(std::memory_order_acquire); }   // grows with each hide()
  void set_hatch_label(HatchLabel label);
  std::shared_ptr<const HatchLabel> hatch_label() const;   // null: none

 private:
  mutable std::mutex mutex_;
  std::optional<ApplicationRule> application_;
  std::vector<Rect> areas_;
  std::vector<std::uint32_t> ids_;
  std::atomic<bool> focused_{false};
  HiddenParts hidden_;
  std::shared_ptr<const HatchLabel> label_;
  std::atomic<std::uint64_t> hidden_revision_{0};
};

struct CursorImage {
  std::uint32_t serial = 0;             // changes with each shape
  int width = 0, height = 0;            // 1..256
  int hot_x = 0, hot_y = 0;
  std::vector<std::uint8_t> bgra;       // straight (not premultiplied) alpha, width*height*4
};
struct CursorPosition {
  int x = 0, y = 0;                     // root pixels
  bool visible = true;
};

// Where frames of a desktop come from. start() needs the customer's grant; every grab asks the gate again and yields
// nothing once See is gone. All calls on the capture thread, except cancel() (any thread).
class FrameSource {
 public:
  virtual ~FrameSource() = default;
  virtual Result<DesktopLayout> layout() = 0;  // needs no grant: sizes only
  // Makes ready what the first grab will need, while nobody waits for it: connection, layout, memory. Needs no grant and reads
  // no pixel, no pointer and no window's title. Once, before start().
  virtual void prepare() {}
  // monitor_id 0 = whole desktop. May be called again to choose another monitor; the next frame is then full. A monitor that there
  // is not gives no frames: it may have gone a moment ago, of which on_layout() tells.
  virtual Result<void> start(const Grant& see, std::uint32_t monitor_id) = 0;
  virtual void stop() = 0;
  // Blocks until something changed or `until`, or cancel(). nullopt: nothing new. Errors: Environment when the display
  // is gone, Refused when the gate does not allow See.
  virtual Result<std::optional<Frame>> next(LocalTime until) = 0;
  virtual void cancel() = 0;                   // makes a blocked next() return nullopt at once
  virtual void request_full() = 0;             // the next frame is complete and wholly damaged; capture thread
  // Cursor changes seen while waiting; called on the capture thread from inside next().
  virtual void on_cursor(std::function<void(const CursorImage&)> shape, std::function<void(CursorPosition)> position) = 0;
  virtual void on_layout(std::function<void(const DesktopLayout&)> changed) = 0;
  virtual std::string describe() const = 0;    // "X11 :0, MIT-SHM fd, XDamage": what is used, and what is missing
};

enum class InjectOutcome : std::uint8_t {
  Done,
  NoRight,          // the gate does not allow it
  OwnWindow,        // aimed at a window of ours: refused and counted
  StaleLayout,
  PausedByCustomer, // the customer's own input within the last second
  Unsupported,
};

// What touches the desktop on the operator's behalf, and what watches the customer's own hands. One thread of its own
// (`desk`), its own X connection.
class Desktop {
 public:
  struct Events {
    std::function<void()> stop_keys;                   // Esc Esc Esc within 1 s on a physical keyboard
    std::function<void()> customer_input;              // the customer touched mouse or keyboard (at most every 50 ms)
    std::function<void(Error)> lost;                   // the display went away
    std::function<void(const DesktopLayout&)> layout;  // it changed, whether anything is grabbed or not
  };
  virtual ~Desktop() = default;
  // Starts watching the customer's own input; `events` are called on the desk thread. The stop keys work from here on.
  virtual Result<void> start(Events events) = 0;
  // Applies one event if the gate allows it. Control grants are needed for input, Point for the mark.
  virtual InjectOutcome inject(const InputEvent& event) = 0;
  // The same without waiting for the display: `told` is called once, on any thread, maybe before this returns. Events are
  // applied in the order of the calls, and what could not be within a second is not applied any more, releases excepted.
  virtual void inject_later(const InputEvent& event, std::function<void(InjectOutcome)> told) { told(inject(event)); }
  virtual void release_all() = 0;                      // lets go of every key and button we hold down
  virtual void stop() = 0;                             // release_all, spare keycodes given back, mark removed; idempotent
  virtual std::uint64_t refused_on_own_windows() const = 0;
  virtual LocalTime last_injection() const = 0;        // any thread; consent ignores clicks within 500 ms of it
  virtual LocalTime last_customer_input() const = 0;   // any thread
};

}  // namespace beside::ports
