// SPDX-License-Identifier: GPL-3.0-or-later
#include "capture/x11/place_frames.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include <xcb/shape.h>

#include <algorithm>
#include <mutex>
#include <thread>

#include "capture/x11/top_levels.h"
#include "engine/base/clock.h"
#include "engine/base/thread_role.h"

namespace beside::capture {
namespace {

constexpr int kLine = 4;                  // pixels
constexpr int kStripes = 16;              // side of the pattern: 8 pixels red, 8 white, slanting
constexpr auto kStackEvery = 100ms;       // windows that are dragged tell of each step

class X11PlaceFrames final : public PlaceFrames {
 public:
  X11PlaceFrames(std::unique_ptr<Connection> connection, const ports::OwnWindows& own, int wake_fd) : connection_(std::move(connection)), own_(own), wake_fd_(wake_fd) {
    draw_stripes();
    const std::uint32_t mask = XCB_EVENT_MASK_SUBSTRUCTURE_NOTIFY;
    xcb_change_window_attributes(connection_->xcb(), connection_->root(), XCB_CW_EVENT_MASK, &mask);
    connection_->flush();
    thread_ = std::thread([this] { run(); });
  }
  ~X11PlaceFrames() override {
    {
      std::lock_guard lock(mutex_);
      stop_ = true;
    }
    wake();
    thread_.join();
    close(wake_fd_);
  }
  void show(std::vector<Rect> places) override {
    {
      std::lock_guard lock(mutex_);
      wanted_ = std::move(places);
    }
    wake();
  }

 private:
  struct Frame {
    Rect place;
    xcb_window_t window;
  };

  void wake() const {
    const std::uint64_t one = 1;
    [[maybe_unused]] const auto written = write(wake_fd_, &one, sizeof one);
  }

  void draw_stripes() {
    xcb_connection_t* c = connection_->xcb();
    stripes_ = xcb_generate_id(c);
    xcb_create_pixmap(c, connection_->screen()->root_depth, stripes_, connection_->root(), kStripes, kStripes);
    const xcb_gcontext_t gc = xcb_generate_id(c);
    const std::uint32_t white = connection_->pixel_of(0xffffff), red = connection_->pixel_of(0xd0342c);
    xcb_create_gc(c, gc, stripes_, XCB_GC_FOREGROUND, &white);
    const xcb_rectangle_t all{0, 0, kStripes, kStripes};
    xcb_poly_fill_rectangle(c, stripes_, gc, 1, &all);
    std::vector<xcb_rectangle_t> slanting;
    for (std::int16_t y = 0; y < kStripes; ++y)
      for (std::int16_t x = 0; x < kStripes; ++x)
        if ((x + y) % kStripes < kStripes / 2) slanting.push_back({x, y, 1, 1});
    xcb_change_gc(c, gc, XCB_GC_FOREGROUND, &red);
    xcb_poly_fill_rectangle(c, stripes_, gc, static_cast<std::uint32_t>(slanting.size()), slanting.data());
    xcb_free_gc(c, gc);
  }

  xcb_window_t frame_of(const Rect& r) const {
    xcb_connection_t* c = connection_->xcb();
    const xcb_window_t window = xcb_generate_id(c);
    const std::uint32_t values[] = {stripes_, 1};
    const auto width = static_cast<std::uint16_t>(r.width), height = static_cast<std::uint16_t>(r.height);
    xcb_create_window(c, XCB_COPY_FROM_PARENT, window, connection_->root(), static_cast<std::int16_t>(r.x), static_cast<std::int16_t>(r.y), width, height, 0,
                      XCB_WINDOW_CLASS_INPUT_OUTPUT, XCB_COPY_FROM_PARENT, XCB_CW_BACK_PIXMAP | XCB_CW_OVERRIDE_REDIRECT, values);
    const auto thick = static_cast<std::uint16_t>(std::min({kLine, r.width, r.height}));
    const xcb_rectangle_t sides[] = {{0, 0, width, thick},
                                     {0, static_cast<std::int16_t>(r.height - thick), width, thick},
                                     {0, 0, thick, height},
                                     {static_cast<std::int16_t>(r.width - thick), 0, thick, height}};
    xcb_shape_rectangles(c, XCB_SHAPE_SO_SET, XCB_SHAPE_SK_BOUNDING, XCB_CLIP_ORDERING_UNSORTED, window, 0, 0, std::size(sides), sides);
    xcb_shape_rectangles(c, XCB_SHAPE_SO_SET, XCB_SHAPE_SK_INPUT, XCB_CLIP_ORDERING_UNSORTED, window, 0, 0, 0, nullptr);
    return window;
  }

  void become(const std::vector<Rect>& wanted) {
    std::erase_if(frames_, [&](const Frame& f) {
      if (std::find(wanted.begin(), wanted.end(), f.place) != wanted.end()) return false;
      xcb_destroy_window(connection_->xcb(), f.window);
      return true;
    });
    for (const Rect& r : wanted) {
      const Rect drawn = r.clipped_to({-32768, -32768, 65535, 65535});
      if (drawn.empty() || std::any_of(frames_.begin(), frames_.end(), [&](const Frame& f) { return f.place == r; })) continue;
      frames_.push_back({r, frame_of(drawn)});
    }
    stack();
    for (const Frame& f : frames_) xcb_map_window(connection_->xcb(), f.window);
    connection_->flush();
  }

  // Right below our own window, which is above all others; on top where there is none.
  void stack() const {
    xcb_window_t ours = XCB_NONE;
    for (const std::uint32_t id : own_.native_ids())
      if (ours == XCB_NONE) ours = top_of(*connection_, id);
    for (const Frame& f : frames_) {
      const std::uint32_t below[] = {ours, XCB_STACK_MODE_BELOW}, top[] = {XCB_STACK_MODE_ABOVE};
      if (ours != XCB_NONE) xcb_configure_window(connection_->xcb(), f.window, XCB_CONFIG_WINDOW_SIBLING | XCB_CONFIG_WINDOW_STACK_MODE, below);
      else xcb_configure_window(connection_->xcb(), f.window, XCB_CONFIG_WINDOW_STACK_MODE, top);
    }
    connection_->flush();
  }

  // Another window came, went up or down.
  bool stacking_changed() {
    bool changed = false;
    while (const auto event = connection_->poll_event()) {
      xcb_window_t window = XCB_NONE;
      switch (event->response_type & 0x7f) {
        case XCB_CONFIGURE_NOTIFY: window = reinterpret_cast<const xcb_configure_notify_event_t*>(event.get())->window; break;
        case XCB_MAP_NOTIFY: window = reinterpret_cast<const xcb_map_notify_event_t*>(event.get())->window; break;
        case XCB_REPARENT_NOTIFY: window = reinterpret_cast<const xcb_reparent_notify_event_t*>(event.get())->window; break;
        default: continue;
      }
      changed = changed || std::none_of(frames_.begin(), frames_.end(), [&](const Frame& f) { return f.window == window; });
    }
    return changed;
  }

  void run() {
    name_this_thread("frames");
    LocalTime stacked{}, due = kNever;
    while (!connection_->broken()) {
      const auto now = local_now();
      if (stacking_changed() && !frames_.empty()) due = std::min(due, std::max(now, stacked + kStackEvery));
      if (now >= due) {
        stack();
        stacked = now;
        due = kNever;
      }
      pollfd fds[2] = {{connection_->fd(), POLLIN, 0}, {wake_fd_, POLLIN, 0}};
      const auto wait = due == kNever ? -1 : static_cast<int>(std::max(duration_cast<milliseconds>(due - local_now()).count() + 1, std::int64_t{0}));
      ::poll(fds, 2, connection_->has_events() ? 0 : wait);
      if ((fds[1].revents & POLLIN) == 0) continue;
      std::uint64_t count = 0;
      [[maybe_unused]] const auto got = read(wake_fd_, &count, sizeof count);
      std::vector<Rect> wanted;
      {
        std::lock_guard lock(mutex_);
        if (stop_) return;
        wanted = wanted_;
      }
      become(wanted);
    }
  }

  std::unique_ptr<Connection> connection_;   // its end takes the windows away
  const ports::OwnWindows& own_;
  int wake_fd_;
  xcb_pixmap_t stripes_ = XCB_NONE;
  std::vector<Frame> frames_;                // thread `frames`
  std::mutex mutex_;
  std::vector<Rect> wanted_;
  bool stop_ = false;
  std::thread thread_;
};

}  // namespace

Result<std::unique_ptr<PlaceFrames>> PlaceFrames::create(const std::string& display, const ports::OwnWindows& own) {
  auto opened = Connection::open(display);
  if (!opened) return fail(opened);
  if (!(*opened)->abilities().shape)
    return fail(ErrorKind::Environment, "capture/x11: frames of hidden places", "this X server has no SHAPE extension: hidden places have no frame");
  const int wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (wake_fd < 0) return fail(ErrorKind::Environment, "capture/x11: frames of hidden places", "no descriptor is left to wake their thread with");
  return std::unique_ptr<PlaceFrames>(std::make_unique<X11PlaceFrames>(std::move(*opened), own, wake_fd));
}

}  // namespace beside::capture
