// SPDX-License-Identifier: GPL-3.0-or-later
#include "capture/x11/pointer_mark.h"

#include <xcb/shape.h>

#include <vector>

namespace beside::capture {
namespace {

constexpr int kSize = 56, kCentre = kSize / 2;

// 0 nothing, 1 light rim, 2 accent. The arrow's tip is at the centre; the ring goes round it.
int ink_at(int x, int y) {
  const int dx = x - kCentre, dy = y - kCentre;
  const int d2 = dx * dx + dy * dy;
  const bool arrow_rim = dx >= -1 && dy >= dx - 1 && dx + dy * 2 / 5 <= 13 && dy <= 24 - dx / 2 && dy <= 2 * dx + 16;
  const bool arrow = dx >= 1 && dy >= dx + 2 && dy <= 20 - dx / 2 && dy <= 2 * dx + 13;
  if (arrow) return 2;
  if (d2 >= 23 * 23 && d2 <= 26 * 26) return 2;
  if (arrow_rim && dy >= 0) return 1;
  return d2 >= 21 * 21 && d2 <= 28 * 28 ? 1 : 0;
}

template <typename Test>
std::vector<xcb_rectangle_t> spans(Test test) {
  std::vector<xcb_rectangle_t> out;
  for (int y = 0; y < kSize; ++y)
    for (int x = 0; x < kSize;) {
      const int begin = x;
      while (x < kSize && test(ink_at(x, y))) ++x;
      if (x > begin)
        out.push_back({static_cast<std::int16_t>(begin), static_cast<std::int16_t>(y),
                       static_cast<std::uint16_t>(x - begin), 1});
      else
        ++x;
    }
  return out;
}

}  // namespace

PointerMark::PointerMark(const Connection& connection, std::uint32_t rgb) : connection_(connection), rgb_(rgb) {}

PointerMark::~PointerMark() {
  if (window_ != XCB_NONE && !connection_.broken()) {
    xcb_destroy_window(connection_.xcb(), window_);
    connection_.flush();
  }
}

void PointerMark::create() {
  xcb_connection_t* c = connection_.xcb();
  window_ = xcb_generate_id(c);
  // The background is a picture of the mark itself, so that no expose event is ever needed.
  const xcb_pixmap_t picture = xcb_generate_id(c);
  xcb_create_pixmap(c, connection_.screen()->root_depth, picture, connection_.root(), kSize, kSize);
  const xcb_gcontext_t gc = xcb_generate_id(c);
  std::uint32_t ink = connection_.pixel_of(0xffffff);
  xcb_create_gc(c, gc, picture, XCB_GC_FOREGROUND, &ink);
  const xcb_rectangle_t all{0, 0, kSize, kSize};
  xcb_poly_fill_rectangle(c, picture, gc, 1, &all);
  ink = connection_.pixel_of(rgb_);
  xcb_change_gc(c, gc, XCB_GC_FOREGROUND, &ink);
  const auto accent = spans([](int v) { return v == 2; });
  xcb_poly_fill_rectangle(c, picture, gc, static_cast<std::uint32_t>(accent.size()), accent.data());
  xcb_free_gc(c, gc);
  const std::uint32_t values[] = {picture, 1};
  xcb_create_window(c, XCB_COPY_FROM_PARENT, window_, connection_.root(), 0, 0, kSize, kSize, 0,
                    XCB_WINDOW_CLASS_INPUT_OUTPUT, XCB_COPY_FROM_PARENT, XCB_CW_BACK_PIXMAP | XCB_CW_OVERRIDE_REDIRECT,
                    values);
  xcb_free_pixmap(c, picture);
  const auto outline = spans([](int v) { return v != 0; });
  xcb_shape_rectangles(c, XCB_SHAPE_SO_SET, XCB_SHAPE_SK_BOUNDING, XCB_CLIP_ORDERING_YX_SORTED, window_, 0, 0,
                       static_cast<std::uint32_t>(outline.size()), outline.data());
  xcb_shape_rectangles(c, XCB_SHAPE_SO_SET, XCB_SHAPE_SK_INPUT, XCB_CLIP_ORDERING_UNSORTED, window_, 0, 0, 0, nullptr);
}

bool PointerMark::show(int x, int y, LocalTime now) {
  if (!connection_.abilities().shape) return false;
  if (window_ == XCB_NONE) create();
  const std::uint32_t values[] = {static_cast<std::uint32_t>(x - kCentre), static_cast<std::uint32_t>(y - kCentre),
                                  XCB_STACK_MODE_ABOVE};
  xcb_configure_window(connection_.xcb(), window_,
                       XCB_CONFIG_WINDOW_X | XCB_CONFIG_WINDOW_Y | XCB_CONFIG_WINDOW_STACK_MODE, values);
  if (!shown_) xcb_map_window(connection_.xcb(), window_);
  shown_ = true;
  hide_at_ = now + kShownFor;
  connection_.flush();
  return true;
}

void PointerMark::hide() {
  if (!shown_) return;
  shown_ = false;
  xcb_unmap_window(connection_.xcb(), window_);
  connection_.flush();
}

LocalTime PointerMark::poll(LocalTime now) {
  if (!shown_) return kNever;
  if (now < hide_at_) return hide_at_;
  hide();
  return kNever;
}

}  // namespace beside::capture
