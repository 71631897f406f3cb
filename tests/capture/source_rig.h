// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <doctest/doctest.h>
#include <xcb/xcb.h>

#include <memory>
#include <optional>
#include <string>

#include "capture/x11/connection.h"
#include "capture/x11/x11_source.h"
#include "tests/capture/support.h"

namespace beside::capture_test {

// A source on a display that may be seen, and a hand of the test's own that draws there.
struct SourceRig {
  enum class Draws : std::uint8_t { BesideWindows, OverWindows };
  SourceRig(const std::string& display, Draws draws) {
    session::ConsentMachine::set(*gate, Right::See);
    auto made = capture::make_x11_source(display, gate, own, layouts);
    REQUIRE(made);
    source = std::move(*made);
    auto opened = capture::Connection::open(display);
    REQUIRE(opened);
    x = std::move(*opened);
    gc = xcb_generate_id(x->xcb());
    const std::uint32_t mode = draws == Draws::OverWindows ? XCB_SUBWINDOW_MODE_INCLUDE_INFERIORS : XCB_SUBWINDOW_MODE_CLIP_BY_CHILDREN;
    xcb_create_gc(x->xcb(), gc, x->root(), XCB_GC_SUBWINDOW_MODE, &mode);
  }
  void fill(const Rect& r, std::uint32_t pixel) {
    xcb_change_gc(x->xcb(), gc, XCB_GC_FOREGROUND, &pixel);
    const xcb_rectangle_t rect{static_cast<std::int16_t>(r.x), static_cast<std::int16_t>(r.y), static_cast<std::uint16_t>(r.width), static_cast<std::uint16_t>(r.height)};
    xcb_poly_fill_rectangle(x->xcb(), x->root(), gc, 1, &rect);
    x->sync();
  }
  std::optional<ports::Frame> frame(nanoseconds within = 3s) {
    auto got = source->next(local_now() + within);
    REQUIRE(got);
    return std::move(*got);
  }
  // What the server holds where the frame was grabbed, in its own kind of pixels.
  capture::Reply<xcb_get_image_reply_t> image_of(const ports::Frame& f) {
    capture::Reply<xcb_get_image_reply_t> image(xcb_get_image_reply(
        x->xcb(), xcb_get_image(x->xcb(), XCB_IMAGE_FORMAT_Z_PIXMAP, x->root(), static_cast<std::int16_t>(f.area.x), static_cast<std::int16_t>(f.area.y),
                                static_cast<std::uint16_t>(f.area.width), static_cast<std::uint16_t>(f.area.height), ~0U),
        nullptr));
    REQUIRE(image);
    return image;
  }
  std::shared_ptr<ports::RightsGate> gate = std::make_shared<ports::RightsGate>();
  std::shared_ptr<ports::OwnWindows> own = std::make_shared<ports::OwnWindows>();
  std::shared_ptr<capture::LayoutBook> layouts = std::make_shared<capture::LayoutBook>();
  std::unique_ptr<ports::FrameSource> source;
  std::unique_ptr<capture::Connection> x;
  xcb_gcontext_t gc = 0;
};

}  // namespace beside::capture_test
