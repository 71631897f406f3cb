// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/shell/picture_window.h"

#include <xcb/shape.h>
#include <xcb/shm.h>
#include <xcb/xcb.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <utility>

#include "engine/base/log.h"
#include "engine/x11/event_reader.h"
#include "engine/x11/shared_memory.h"
#include "engine/x11/xcb_handles.h"
#include "ui/shell/pixel_writer.h"

namespace beside::shell {
namespace {

using x11::Reply;

// The window's pixels: memory that the server shares, or plain memory that goes through the socket.
class Memory {
 public:
  Memory(xcb_connection_t* c, x11::SharedMemory::Way best) : shared_(c, x11::SharedMemory::Server::Reads, "beside-picture", best) {}
  // False: there is no memory at all. What was in it is lost when it grows.
  bool make_room(std::size_t bytes) {
    if (shared_.make_room(bytes)) return true;
    if (bytes <= capacity_) return true;
    own_.reset(static_cast<std::uint8_t*>(std::calloc(bytes, 1)));
    capacity_ = own_ ? bytes : 0;
    return own_ != nullptr;
  }
  bool is_shared() const { return shared_.way() != x11::SharedMemory::Way::None; }
  std::uint8_t* data() const { return is_shared() ? shared_.data() : own_.get(); }
  const x11::SharedMemory& shared() const { return shared_; }

 private:
  x11::SharedMemory shared_;
  std::unique_ptr<std::uint8_t, x11::Free> own_;
  std::size_t capacity_ = 0;   // of own_
};

class PictureOnX final : public PictureWindow {
 public:
  PictureOnX(x11::Link c, xcb_window_t window, xcb_gcontext_t gc, const x11::PixelLayout& layout, x11::SharedMemory::Way best)
      : c_(std::move(c)), window_(window), gc_(gc), layout_(layout), memory_(c_.get(), best) {
    if (!layout.is_bgrx()) writer_.emplace(layout);
    longest_ = std::size_t{4} * xcb_get_maximum_request_length(c_.get());
  }
  ~PictureOnX() override {
    xcb_destroy_window(c_.get(), window_);
    xcb_flush(c_.get());
  }

  std::uint8_t* pixels() override { return writer_ ? plain_.data() : memory_.data(); }
  std::ptrdiff_t stride() const override { return std::ptrdiff_t{4} * width_; }
  int width() const override { return width_; }
  int height() const override { return height_; }

  Result<bool> resize(int width, int height) override {
    if (width == width_ && height == height_) return false;
    // The server may still be reading rows of the old length.
    sync();
    if (width <= 0 || height <= 0 || width > 32767 || height > 32767 ||
        !memory_.make_room(static_cast<std::size_t>(layout_.bytes_per_row(width)) * static_cast<std::size_t>(height))) {
      return fail(ErrorKind::Limit, "shell/picture window: size");
    }
    if (writer_) plain_.resize(std::size_t{4} * static_cast<std::size_t>(width) * static_cast<std::size_t>(height));
    width_ = width;
    height_ = height;
    return true;
  }

  void place(int x, int y, std::span<const Rect> visible) override {
    const Rect at{x, y, width_, height_};
    if (!(at == at_)) {
      const std::uint32_t values[] = {static_cast<std::uint32_t>(x), static_cast<std::uint32_t>(y), static_cast<std::uint32_t>(width_),
                                      static_cast<std::uint32_t>(height_)};
      xcb_configure_window(c_.get(), window_,
                           XCB_CONFIG_WINDOW_X | XCB_CONFIG_WINDOW_Y | XCB_CONFIG_WINDOW_WIDTH | XCB_CONFIG_WINDOW_HEIGHT, values);
      at_ = at;
    }
    const bool whole = visible.size() == 1 && visible[0] == Rect{0, 0, width_, height_};
    const std::vector<Rect> shape = whole ? std::vector<Rect>{} : std::vector<Rect>(visible.begin(), visible.end());
    if (shape != shape_) {
      if (whole) {
        xcb_shape_mask(c_.get(), XCB_SHAPE_SO_SET, XCB_SHAPE_SK_BOUNDING, window_, 0, 0, XCB_NONE);
      } else {
        std::vector<xcb_rectangle_t> parts;
        for (const Rect& r : shape) {
          parts.push_back({static_cast<std::int16_t>(r.x), static_cast<std::int16_t>(r.y), static_cast<std::uint16_t>(r.width),
                           static_cast<std::uint16_t>(r.height)});
        }
        xcb_shape_rectangles(c_.get(), XCB_SHAPE_SO_SET, XCB_SHAPE_SK_BOUNDING, XCB_CLIP_ORDERING_UNSORTED, window_, 0, 0,
                             static_cast<std::uint32_t>(parts.size()), parts.data());
      }
      shape_ = shape;
    }
    if (!shown_) xcb_map_window(c_.get(), window_);
    shown_ = true;
  }
  void hide() override {
    if (!shown_) return;
    shown_ = false;
    xcb_unmap_window(c_.get(), window_);
    sync();
  }
  bool shown() const override { return shown_; }

  void put(std::span<const Rect> areas) override {
    for (const Rect& wanted : areas) {
      const Rect r = wanted.clipped_to({0, 0, width_, height_});
      if (r.empty()) continue;
      if (!memory_.is_shared()) {
        put_over(r, pixels() + r.y * stride() + std::ptrdiff_t{4} * r.x, stride());
        continue;
      }
      if (writer_) {
        for (int y = r.y; y < r.bottom(); ++y)
          writer_->write_row(pixels() + y * stride() + std::ptrdiff_t{4} * r.x,
                             memory_.data() + std::ptrdiff_t{y} * layout_.bytes_per_row(width_) + std::ptrdiff_t{r.x} * layout_.bits_per_pixel / 8, r.width);
      }
      xcb_shm_put_image(c_.get(), window_, gc_, static_cast<std::uint16_t>(width_), static_cast<std::uint16_t>(height_),
                        static_cast<std::uint16_t>(r.x), static_cast<std::uint16_t>(r.y), static_cast<std::uint16_t>(r.width),
                        static_cast<std::uint16_t>(r.height), static_cast<std::int16_t>(r.x), static_cast<std::int16_t>(r.y), depth(),
                        XCB_IMAGE_FORMAT_Z_PIXMAP, 0, memory_.shared().segment(), 0);
    }
  }
  void put_over(const Rect& area, const std::uint8_t* bgrx, std::ptrdiff_t stride) override {
    if (area.empty()) return;
    const auto row = static_cast<std::size_t>(layout_.bytes_per_row(area.width));
    const int most = static_cast<int>(std::max<std::size_t>(1, (longest_ - 64) / row));   // rows of one request
    for (int y = 0; y < area.height; y += most) {
      const int rows = std::min(most, area.height - y);
      packed_.resize(row * static_cast<std::size_t>(rows));
      for (int i = 0; i < rows; ++i) {
        std::uint8_t* to = packed_.data() + static_cast<std::size_t>(i) * row;
        if (writer_) writer_->write_row(bgrx + (y + i) * stride, to, area.width);
        else std::memcpy(to, bgrx + (y + i) * stride, row);
      }
      xcb_put_image(c_.get(), XCB_IMAGE_FORMAT_Z_PIXMAP, window_, gc_, static_cast<std::uint16_t>(area.width),
                    static_cast<std::uint16_t>(rows), static_cast<std::int16_t>(area.x), static_cast<std::int16_t>(area.y + y), 0, depth(),
                    static_cast<std::uint32_t>(packed_.size()), packed_.data());
    }
  }
  void flush() override { xcb_flush(c_.get()); }
  void sync() override {
    // Waiting for the answer sends it, and what was asked before it, in one go.
    Reply<xcb_get_input_focus_reply_t> answer{xcb_get_input_focus_reply(c_.get(), xcb_get_input_focus(c_.get()), nullptr)};
  }

  int fd() const override { return xcb_get_file_descriptor(c_.get()); }
  bool has_events() override { return events_.waiting(); }
  std::vector<Rect> pump() override {
    std::vector<Rect> uncovered;
    while (const Reply<xcb_generic_event_t> event = events_.next()) {
      if (event->response_type == 0) {
        const auto* error = reinterpret_cast<const xcb_generic_error_t*>(event.get());
        BS_LOG_LIMITED(Warn, "shell", "picture window: X error {} of request {}.{}", error->error_code, error->major_code, error->minor_code);
      } else if ((event->response_type & 0x7f) == XCB_EXPOSE) {
        const auto* e = reinterpret_cast<const xcb_expose_event_t*>(event.get());
        uncovered.push_back({e->x, e->y, e->width, e->height});
      }
    }
    return uncovered;
  }
  bool alive() const override { return xcb_connection_has_error(c_.get()) == 0; }
  std::string describe() const override {
    std::string out = memory_.is_shared() ? x11::to_string(memory_.shared().way()) : "PutImage (slow: no shared memory with this X server)";
    if (writer_) out += ", " + std::to_string(layout_.depth) + "-bit colours";
    return out;
  }

 private:
  std::uint8_t depth() const { return static_cast<std::uint8_t>(layout_.depth); }
  x11::Link c_;
  xcb_window_t window_;
  xcb_gcontext_t gc_;
  x11::PixelLayout layout_;
  std::optional<PixelWriter> writer_;   // where the server's pixels are not ours
  std::vector<std::uint8_t> plain_;     // the window's pixels then; memory_ holds what was put of them, in the server's kind
  Memory memory_;
  int width_ = 0, height_ = 0;
  Rect at_;                     // as the server was told
  std::vector<Rect> shape_;     // the same; empty: all of it
  bool shown_ = false;
  std::size_t longest_ = 0;     // bytes of one request
  std::vector<std::uint8_t> packed_;
  x11::EventReader events_{c_.get()};
};

Error no(const char* why) { return {ErrorKind::Environment, "shell/picture window", why}; }

}  // namespace

Result<std::unique_ptr<PictureWindow>> PictureWindow::create(std::uint32_t parent, x11::SharedMemory::Way best) {
  x11::Link c{xcb_connect(nullptr, nullptr)};
  if (xcb_connection_has_error(c.get()) != 0) return tl::unexpected(no("no connection"));
  const auto* shape = xcb_get_extension_data(c.get(), &xcb_shape_id);
  if (shape == nullptr || shape->present == 0) return tl::unexpected(no("the X server has no SHAPE extension"));
  Reply<xcb_shape_query_version_reply_t> version{xcb_shape_query_version_reply(c.get(), xcb_shape_query_version(c.get()), nullptr)};
  if (!version || version->major_version < 1 || (version->major_version == 1 && version->minor_version < 1)) {
    return tl::unexpected(no("the X server's SHAPE extension has no input shapes"));
  }
  Reply<xcb_get_window_attributes_reply_t> attributes{
      xcb_get_window_attributes_reply(c.get(), xcb_get_window_attributes(c.get(), parent), nullptr)};
  Reply<xcb_get_geometry_reply_t> geometry{xcb_get_geometry_reply(c.get(), xcb_get_geometry(c.get(), parent), nullptr)};
  if (!attributes || !geometry) return tl::unexpected(no("no such window"));
  const auto layout = x11::pixel_layout(*xcb_get_setup(c.get()), attributes->visual, geometry->depth);
  if (!layout) return tl::unexpected(no("the display has a palette"));

  const xcb_window_t window = xcb_generate_id(c.get());
  // No ground of its own: the server leaves what is on the screen until we put something there. What was there stays in
  // the top left corner when it grows.
  const std::uint32_t values[] = {XCB_BACK_PIXMAP_NONE, XCB_GRAVITY_NORTH_WEST, XCB_EVENT_MASK_EXPOSURE};
  Reply<xcb_generic_error_t> refused{xcb_request_check(
      c.get(), xcb_create_window_checked(c.get(), XCB_COPY_FROM_PARENT, window, parent, 0, 0, 1, 1, 0, XCB_WINDOW_CLASS_INPUT_OUTPUT,
                                         XCB_COPY_FROM_PARENT, XCB_CW_BACK_PIXMAP | XCB_CW_BIT_GRAVITY | XCB_CW_EVENT_MASK, values))};
  if (refused) return tl::unexpected(no("the X server refused a window"));
  xcb_shape_rectangles(c.get(), XCB_SHAPE_SO_SET, XCB_SHAPE_SK_INPUT, XCB_CLIP_ORDERING_UNSORTED, window, 0, 0, 0, nullptr);
  const xcb_gcontext_t gc = xcb_generate_id(c.get());
  const std::uint32_t no_exposures = 0;
  xcb_create_gc(c.get(), gc, window, XCB_GC_GRAPHICS_EXPOSURES, &no_exposures);
  return std::make_unique<PictureOnX>(std::move(c), window, gc, *layout, best);
}

}  // namespace beside::shell
