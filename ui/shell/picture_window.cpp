// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/shell/picture_window.h"

#include <xcb/shape.h>
#include <xcb/shm.h>
#include <xcb/xcb.h>

#include <algorithm>
#include <bit>
#include <cstdlib>
#include <cstring>

#include "engine/base/log.h"
#include "engine/x11/shared_memory.h"
#include "engine/x11/xcb_handles.h"

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

// Whether a window of this visual takes B, G, R, X bytes as they are.
bool takes_bgrx(xcb_connection_t* c, xcb_visualid_t visual, int depth) {
  const xcb_setup_t* setup = xcb_get_setup(c);
  if (depth != 24 || setup->image_byte_order != XCB_IMAGE_ORDER_LSB_FIRST || std::endian::native != std::endian::little) return false;
  bool four_bytes = false;
  for (auto it = xcb_setup_pixmap_formats_iterator(setup); it.rem > 0; xcb_format_next(&it)) {
    four_bytes = four_bytes || (it.data->depth == depth && it.data->bits_per_pixel == 32);
  }
  for (auto screen = xcb_setup_roots_iterator(setup); screen.rem > 0; xcb_screen_next(&screen)) {
    for (auto d = xcb_screen_allowed_depths_iterator(screen.data); d.rem > 0; xcb_depth_next(&d)) {
      for (auto v = xcb_depth_visuals_iterator(d.data); v.rem > 0; xcb_visualtype_next(&v)) {
        if (v.data->visual_id != visual) continue;
        return four_bytes && v.data->_class == XCB_VISUAL_CLASS_TRUE_COLOR && v.data->red_mask == 0xff0000 &&
               v.data->green_mask == 0xff00 && v.data->blue_mask == 0xff;
      }
    }
  }
  return false;
}

class PictureOnX final : public PictureWindow {
 public:
  PictureOnX(x11::Link c, xcb_window_t window, xcb_gcontext_t gc) : c_(std::move(c)), window_(window), gc_(gc), memory_(c_.get(), x11::SharedMemory::Way::Descriptor) {
    longest_ = std::size_t{4} * xcb_get_maximum_request_length(c_.get());
  }
  ~PictureOnX() override {
    xcb_destroy_window(c_.get(), window_);
    xcb_flush(c_.get());
  }

  std::uint8_t* pixels() override { return memory_.data(); }
  std::ptrdiff_t stride() const override { return std::ptrdiff_t{4} * width_; }
  int width() const override { return width_; }
  int height() const override { return height_; }

  Result<bool> resize(int width, int height) override {
    if (width == width_ && height == height_) return false;
    // The server may still be reading rows of the old length.
    sync();
    if (width <= 0 || height <= 0 || width > 32767 || height > 32767 ||
        !memory_.make_room(std::size_t{4} * static_cast<std::size_t>(width) * static_cast<std::size_t>(height))) {
      return fail(ErrorKind::Limit, "shell/picture window: size");
    }
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
        put_over(r, memory_.data() + r.y * stride() + std::ptrdiff_t{4} * r.x, stride());
        continue;
      }
      xcb_shm_put_image(c_.get(), window_, gc_, static_cast<std::uint16_t>(width_), static_cast<std::uint16_t>(height_),
                        static_cast<std::uint16_t>(r.x), static_cast<std::uint16_t>(r.y), static_cast<std::uint16_t>(r.width),
                        static_cast<std::uint16_t>(r.height), static_cast<std::int16_t>(r.x), static_cast<std::int16_t>(r.y), 24,
                        XCB_IMAGE_FORMAT_Z_PIXMAP, 0, memory_.shared().segment(), 0);
    }
  }
  void put_over(const Rect& area, const std::uint8_t* bgrx, std::ptrdiff_t stride) override {
    if (area.empty()) return;
    const std::size_t row = std::size_t{4} * static_cast<std::size_t>(area.width);
    const int most = static_cast<int>(std::max<std::size_t>(1, (longest_ - 64) / row));   // rows of one request
    for (int y = 0; y < area.height; y += most) {
      const int rows = std::min(most, area.height - y);
      packed_.resize(row * static_cast<std::size_t>(rows));
      for (int i = 0; i < rows; ++i) std::memcpy(packed_.data() + static_cast<std::size_t>(i) * row, bgrx + (y + i) * stride, row);
      xcb_put_image(c_.get(), XCB_IMAGE_FORMAT_Z_PIXMAP, window_, gc_, static_cast<std::uint16_t>(area.width),
                    static_cast<std::uint16_t>(rows), static_cast<std::int16_t>(area.x), static_cast<std::int16_t>(area.y + y), 0, 24,
                    static_cast<std::uint32_t>(packed_.size()), packed_.data());
    }
  }
  void sync() override {
    xcb_flush(c_.get());
    Reply<xcb_get_input_focus_reply_t> answer{xcb_get_input_focus_reply(c_.get(), xcb_get_input_focus(c_.get()), nullptr)};
  }

  int fd() const override { return xcb_get_file_descriptor(c_.get()); }
  std::vector<Rect> pump() override {
    std::vector<Rect> uncovered;
    while (Reply<xcb_generic_event_t> event{xcb_poll_for_event(c_.get())}) {
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
    if (memory_.is_shared()) return x11::to_string(memory_.shared().way());
    return "PutImage (slow: no shared memory with this X server)";
  }

 private:
  x11::Link c_;
  xcb_window_t window_;
  xcb_gcontext_t gc_;
  Memory memory_;
  int width_ = 0, height_ = 0;
  Rect at_;                     // as the server was told
  std::vector<Rect> shape_;     // the same; empty: all of it
  bool shown_ = false;
  std::size_t longest_ = 0;     // bytes of one request
  std::vector<std::uint8_t> packed_;
};

Error no(const char* why) { return {ErrorKind::Environment, "shell/picture window", why}; }

}  // namespace

Result<std::unique_ptr<PictureWindow>> PictureWindow::create(std::uint32_t parent) {
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
  if (!takes_bgrx(c.get(), attributes->visual, geometry->depth)) return tl::unexpected(no("pixels of another kind than 24-bit B, G, R"));

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
  return std::make_unique<PictureOnX>(std::move(c), window, gc);
}

}  // namespace beside::shell
