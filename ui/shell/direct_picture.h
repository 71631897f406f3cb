// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "engine/gpu/picture_scaler.h"
#include "engine/ports/canvas.h"
#include "engine/ports/desktop.h"
#include "ui/shell/picture_window.h"
#include "ui/shell/remote_view.h"

namespace beside::shell {

// The remote picture without a frame of ours: what changed of a canvas is scaled on the CPU and put into a window of its
// own, with the customer's pointer and the marks of what is not exact yet on top. For devices on which a frame costs more
// than a picture (Vulkan on the CPU).
// Invariants: 1. the window's memory holds the scaled picture, under its veil, without anything on top; 2. each put() writes a
// pixel of the screen once, as it is to stay, so that no pointer or mark flickers; 3. what is on the screen lags behind
// the canvas by what damage() was told since the last put(), nothing else.
// Thread: any, one at a time. Blocking: put() waits for the server, a fraction of a millisecond for a small change.
class DirectPicture {
 public:
  explicit DirectPicture(std::unique_ptr<PictureWindow> window) : window_(std::move(window)) {}

  struct Place {
    std::uint32_t session = 0;
    int picture_width = 0, picture_height = 0;
    RemotePlacement placement;     // of the whole picture
    Rect area;                     // the part of it that is to be seen, window pixels
    float veil = 0;                // 0 = clear ... 1 = black, over picture and pointer, not over the marks
    std::vector<Rect> visible;     // of `area`, window pixels: what nobody draws over; not empty
    bool operator==(const Place&) const = default;
  };
  // The next put() shows it there, all of it anew where more than `visible` differs from before. Environment or Limit: not
  // possible, hidden.
  Result<void> show(Place place);
  void hide();
  bool shows(std::uint32_t session) const { return place_ && place_->session == session; }
  std::optional<std::uint32_t> session() const { return place_ ? std::optional(place_->session) : std::nullopt; }
  // Parts that changed, picture pixels.
  void damage(std::span<const Rect> picture_pixels);
  void set_cursor(const ports::CursorImage* image, int x, int y);   // nullptr: none; hot spot, picture pixels
  // A small disc in the upper right corner of each box; picture pixels, B, G, R.
  void set_marks(std::vector<Rect> boxes, int diameter, std::array<std::uint8_t, 3> colour);
  // Brings the screen up to date. Outdated: the canvas has another size by now, a new show() must come first.
  enum class Put { Current, Done, Outdated };
  Put put(const ports::Canvas& canvas);
  // Takes note of what the server uncovered; true if put() has something to do.
  bool pump();
  int fd() const { return window_->fd(); }
  bool has_events() { return window_->has_events(); }
  bool alive() const { return window_->alive(); }
  const PictureWindow& window() const { return *window_; }
  // What put() brings up to date touches one of these, window pixels.
  bool touches(std::span<const Rect> picture_pixels, std::span<const Rect> holes) const;

 private:
  // Premultiplied pixels on top of the picture.
  struct Sprite {
    Rect at;                          // pixels of the window
    std::shared_ptr<const ports::PixelBuffer> pixels;
    bool operator==(const Sprite&) const = default;
  };
  Rect in_window(const Rect& picture_pixels) const;   // scaled, cut to the window, in its pixels
  void place_sprites();
  void place_window();
  void put_fresh(const ports::PixelBuffer& pixels, const Rect& area, std::span<const Rect> covered);
  void put_over(const Sprite& sprite, std::span<const Sprite> all);
  int light() const;                // 256 = no veil

  std::unique_ptr<PictureWindow> window_;
  std::optional<Place> place_;
  std::optional<gpu::PictureScaler> scaler_;
  std::vector<Rect> damage_;          // picture pixels
  std::vector<Rect> uncovered_;       // pixels of the window whose memory is right already
  bool everything_ = true;
  bool placed_ = false;               // the window is where place_ says
  // cursor
  std::uint32_t cursor_serial_ = 0;
  int hot_x_ = 0, hot_y_ = 0, cursor_x_ = 0, cursor_y_ = 0;
  bool cursor_ = false;
  float sprite_scale_ = 0;
  int sprite_light_ = 256;
  std::shared_ptr<ports::PixelBuffer> cursor_pixels_;           // premultiplied, as it came
  std::shared_ptr<const ports::PixelBuffer> cursor_scaled_;
  // marks
  std::vector<Rect> mark_boxes_;
  int mark_diameter_ = 0;
  std::array<std::uint8_t, 3> mark_colour_{};
  std::shared_ptr<const ports::PixelBuffer> mark_pixels_;
  std::vector<Sprite> wanted_, on_screen_;
  std::vector<std::uint8_t> patch_;
};

}  // namespace beside::shell
