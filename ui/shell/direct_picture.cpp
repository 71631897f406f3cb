// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/shell/direct_picture.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <utility>

#include "engine/ports/copies.h"
#include "ui/shell/covered.h"
#include "ui/shell/exact_marks.h"

namespace beside::shell {
namespace {

constexpr int kStrip = 128 * 1024;   // pixels that are put in one go

std::shared_ptr<ports::PixelBuffer> premultiplied(const ports::CursorImage& image) {
  std::shared_ptr<ports::PixelBuffer> out = ports::make_pixel_buffer(image.width, image.height);
  for (int y = 0; y < image.height; ++y) {
    const std::uint8_t* from = image.bgra.data() + std::ptrdiff_t{4} * image.width * y;
    std::uint8_t* to = out->row(y);
    for (int x = 0; x < image.width; ++x, from += 4, to += 4) {
      for (int c = 0; c < 3; ++c) to[c] = static_cast<std::uint8_t>((from[c] * from[3] + 127) / 255);
      to[3] = from[3];
    }
  }
  return out;
}

// Its alpha is as it was under any light.
std::shared_ptr<const ports::PixelBuffer> scaled(const std::shared_ptr<ports::PixelBuffer>& source, float scale, int light) {
  gpu::PictureScaler scaler(source->width, source->height, scale);
  std::shared_ptr<ports::PixelBuffer> out = ports::make_pixel_buffer(scaler.width(), scaler.height());
  scaler.scale(*source, {0, 0, out->width, out->height}, out->row(0), out->stride);
  for (int y = 0; y < out->height; ++y) {
    std::uint8_t* p = out->row(y);
    for (int x = 0; x < out->width; ++x, p += 4)
      for (int c = 0; c < 3; ++c) p[c] = static_cast<std::uint8_t>((p[c] * light + 128) >> 8);
  }
  return out;
}

// A disc with a light rim, so that it stands out on any ground.
std::shared_ptr<const ports::PixelBuffer> disc(int diameter, const std::array<std::uint8_t, 3>& colour) {
  std::shared_ptr<ports::PixelBuffer> out = ports::make_pixel_buffer(diameter, diameter);
  const float middle = static_cast<float>(diameter) / 2, inner = middle - std::max(1.0F, middle / 3);
  for (int y = 0; y < diameter; ++y) {
    for (int x = 0; x < diameter; ++x) {
      const float away = std::hypot(static_cast<float>(x) + 0.5F - middle, static_cast<float>(y) + 0.5F - middle);
      const float whole = std::clamp(middle - away + 0.5F, 0.0F, 1.0F), core = std::clamp(inner - away + 0.5F, 0.0F, 1.0F);
      std::uint8_t* p = out->row(y) + std::ptrdiff_t{4} * x;
      for (std::size_t c = 0; c < 3; ++c)
        p[c] = static_cast<std::uint8_t>(whole * (255 * (1 - core) + static_cast<float>(colour[c]) * core));
      p[3] = static_cast<std::uint8_t>(255 * whole);
    }
  }
  return out;
}

// light: 0..256.
void dim(std::uint8_t* pixels, std::ptrdiff_t stride, int width, int height, int light) {
  for (int y = 0; y < height; ++y) {
    std::uint8_t* row = pixels + y * stride;
    for (int i = 0; i < 4 * width; ++i) row[i] = static_cast<std::uint8_t>((row[i] * light + 128) >> 8);
  }
}

}  // namespace

int DirectPicture::light() const { return static_cast<int>(std::lround(256 * (1 - std::clamp(place_ ? place_->veil : 0.0F, 0.0F, 1.0F)))); }

Result<void> DirectPicture::show(Place place) {
  const bool same_picture = place_ && place_->session == place.session && place_->picture_width == place.picture_width &&
                            place_->picture_height == place.picture_height && place_->placement == place.placement &&
                            place_->area == place.area && place_->veil == place.veil;
  if (place_ && *place_ == place) return {};
  if (!same_picture) {
    auto fresh = window_->resize(place.area.width, place.area.height);
    if (!fresh) {
      hide();
      return fail(fresh);
    }
    scaler_.emplace(place.picture_width, place.picture_height, place.placement.scale);
    everything_ = true;
    damage_.clear();
    uncovered_.clear();
    on_screen_.clear();
  }
  place_ = std::move(place);
  placed_ = false;
  place_sprites();
  return {};
}

void DirectPicture::hide() {
  window_->hide();
  place_.reset();
  damage_.clear();
  on_screen_.clear();
}

void DirectPicture::damage(std::span<const Rect> picture_pixels) {
  if (!place_ || everything_) return;
  for (const Rect& r : picture_pixels) add_change(damage_, r);
}

Rect DirectPicture::in_window(const Rect& picture_pixels) const {
  Rect r = scaler_->affected(picture_pixels);
  r.x += static_cast<int>(place_->placement.x) - place_->area.x;
  r.y += static_cast<int>(place_->placement.y) - place_->area.y;
  return r.clipped_to({0, 0, place_->area.width, place_->area.height});
}

bool DirectPicture::touches(std::span<const Rect> picture_pixels, std::span<const Rect> holes) const {
  if (!place_) return false;
  for (const Rect& p : picture_pixels) {
    Rect r = in_window(p);
    r.x += place_->area.x;
    r.y += place_->area.y;
    for (const Rect& hole : holes) {
      if (!r.clipped_to(hole).empty()) return true;
    }
  }
  return false;
}

void DirectPicture::set_cursor(const ports::CursorImage* image, int x, int y) {
  const bool sound = image != nullptr && image->width > 0 && image->height > 0 &&
                     image->bgra.size() >= std::size_t{4} * static_cast<std::size_t>(image->width) * static_cast<std::size_t>(image->height);
  cursor_ = sound;
  if (sound) {
    if (!cursor_pixels_ || cursor_serial_ != image->serial || cursor_pixels_->width != image->width || cursor_pixels_->height != image->height) {
      cursor_pixels_ = premultiplied(*image);
      cursor_scaled_.reset();
      cursor_serial_ = image->serial;
    }
    hot_x_ = image->hot_x;
    hot_y_ = image->hot_y;
    cursor_x_ = x;
    cursor_y_ = y;
  }
  place_sprites();
}

void DirectPicture::set_marks(std::vector<Rect> boxes, int diameter, std::array<std::uint8_t, 3> colour) {
  if (!mark_pixels_ || diameter != mark_diameter_ || colour != mark_colour_) {
    mark_pixels_ = disc(std::clamp(diameter, 3, 64), colour);
    mark_diameter_ = diameter;
    mark_colour_ = colour;
  }
  mark_boxes_ = std::move(boxes);
  place_sprites();
}

void DirectPicture::place_sprites() {
  wanted_.clear();
  if (!place_) return;
  const float scale = place_->placement.scale;
  const int left = static_cast<int>(place_->placement.x) - place_->area.x, top = static_cast<int>(place_->placement.y) - place_->area.y;
  for (const Rect& box : mark_boxes_) {
    const Rect at = in_window(box);
    const int side = mark_pixels_->width, gap = side / 3;
    if (!mark_fits(at.width, at.height, side)) continue;   // too little of it is to be seen
    wanted_.push_back({{at.right() - side - gap, at.y + gap, side, side}, mark_pixels_});
  }
  if (!cursor_) return;
  if (!cursor_scaled_ || sprite_scale_ != scale || sprite_light_ != light()) {
    cursor_scaled_ = scaled(cursor_pixels_, scale, light());
    sprite_scale_ = scale;
    sprite_light_ = light();
  }
  wanted_.push_back({{left + static_cast<int>(std::lround(scale * static_cast<float>(cursor_x_ - hot_x_))),
                      top + static_cast<int>(std::lround(scale * static_cast<float>(cursor_y_ - hot_y_))), cursor_scaled_->width,
                      cursor_scaled_->height},
                     cursor_scaled_});
}

// The picture's pixels there with everything that lies on them.
void DirectPicture::put_over(const Sprite& sprite, std::span<const Sprite> all) {
  const Rect r = sprite.at.clipped_to({0, 0, window_->width(), window_->height()});
  if (r.empty()) return;
  const std::ptrdiff_t stride = std::ptrdiff_t{4} * r.width;
  patch_.resize(static_cast<std::size_t>(stride) * static_cast<std::size_t>(r.height));
  for (int y = 0; y < r.height; ++y)
    std::memcpy(patch_.data() + y * stride, window_->pixels() + (r.y + y) * window_->stride() + std::ptrdiff_t{4} * r.x, static_cast<std::size_t>(stride));
  for (const Sprite& each : all) {
    const Rect part = each.at.clipped_to(r);
    for (int y = part.y; y < part.bottom(); ++y) {
      const std::uint8_t* over = each.pixels->row(y - each.at.y) + std::ptrdiff_t{4} * (part.x - each.at.x);
      std::uint8_t* to = patch_.data() + (y - r.y) * stride + std::ptrdiff_t{4} * (part.x - r.x);
      for (int i = 0; i < 4 * part.width; ++i) {
        const int rest = 255 - over[i | 3];
        to[i] = static_cast<std::uint8_t>(std::min(255, over[i] + (to[i] * rest + 127) / 255));
      }
    }
  }
  window_->put_over(r, patch_.data(), stride);
}

bool DirectPicture::pump() {
  for (const Rect& r : window_->pump()) add_change(uncovered_, r);
  return place_.has_value() && !uncovered_.empty();
}

// One part of the picture, pixels of the window: into its memory, and from there to the window but for what is `covered`. In strips:
// the server draws one while the next is copied.
void DirectPicture::put_fresh(const ports::PixelBuffer& pixels, const Rect& area, std::span<const Rect> covered) {
  const int dx = place_->area.x - static_cast<int>(place_->placement.x), dy = place_->area.y - static_cast<int>(place_->placement.y);
  ports::count_copy(ports::CopyStep::Window, std::int64_t{area.width} * area.height);
  const int rows = std::max(1, kStrip / std::max(area.width, 1));
  for (int y = area.y; y < area.bottom(); y += rows) {
    const Rect r{area.x, y, area.width, std::min(rows, area.bottom() - y)};
    std::uint8_t* const to = window_->pixels() + r.y * window_->stride() + std::ptrdiff_t{4} * r.x;
    scaler_->scale(pixels, {r.x + dx, r.y + dy, r.width, r.height}, to, window_->stride());
    if (light() != 256) dim(to, window_->stride(), r.width, r.height, light());
    window_->put(left_over(r, covered));
    if (r.bottom() < area.bottom()) window_->flush();
  }
}

void DirectPicture::place_window() {
  if (std::exchange(placed_, true)) return;
  std::vector<Rect> visible;
  for (const Rect& r : place_->visible) visible.push_back({r.x - place_->area.x, r.y - place_->area.y, r.width, r.height});
  window_->place(place_->area.x, place_->area.y, visible);
}

DirectPicture::Put DirectPicture::put(const ports::Canvas& canvas) {
  if (!place_) return Put::Outdated;
  const bool moved = !(wanted_ == on_screen_);
  if (!everything_ && damage_.empty() && uncovered_.empty() && !moved && placed_) return Put::Current;
  std::vector<Rect> areas, covered;   // what changes on the screen; what of it is not to be put any more
  for (const Sprite& sprite : wanted_) covered.push_back(sprite.at);
  bool fits = false;
  canvas.read([&](const ports::PixelBuffer& pixels) {
    fits = pixels.width == place_->picture_width && pixels.height == place_->picture_height;
    if (!fits) return;
    place_window();
    if (everything_) {
      areas.push_back({0, 0, window_->width(), window_->height()});
    } else {
      for (const Rect& r : damage_)
        if (const Rect in = in_window(r); !in.empty()) areas.push_back(in);
    }
    for (const Rect& r : areas) {
      put_fresh(pixels, r, covered);
      covered.push_back(r);
    }
  });
  if (!fits) return Put::Outdated;
  const auto put_again = [&](const Rect& r) {
    areas.push_back(r);
    window_->put(left_over(r, covered));
    covered.push_back(r);
  };
  for (const Rect& r : uncovered_) put_again(r);
  // What lay on top and does not any more, or elsewhere, gives way to the picture.
  for (const Sprite& old : on_screen_) {
    if (std::find(wanted_.begin(), wanted_.end(), old) == wanted_.end()) put_again(old.at);
  }
  for (const Sprite& sprite : wanted_) {
    bool anew = std::find(on_screen_.begin(), on_screen_.end(), sprite) == on_screen_.end();
    for (const Rect& r : areas) anew = anew || !r.clipped_to(sprite.at).empty();
    if (anew) put_over(sprite, wanted_);
  }
  window_->sync();
  on_screen_ = wanted_;
  everything_ = false;
  damage_.clear();
  uncovered_.clear();
  return Put::Done;
}

}  // namespace beside::shell
