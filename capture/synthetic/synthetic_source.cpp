// SPDX-License-Identifier: GPL-3.0-or-later
#include "capture/synthetic/synthetic_source.h"

#include <algorithm>
#include <condition_variable>
#include <cstring>
#include <mutex>
#include <utility>

namespace beside::capture {

void SceneHold::rest(std::function<void(const ports::PixelBuffer&)> told) {
  std::lock_guard lock(mutex_);
  resting_ = true;
  told_ = std::move(told);
}

bool SceneHold::resting(const ports::PixelBuffer& picture) {
  std::unique_lock lock(mutex_);
  const bool resting = resting_;
  const auto told = std::exchange(told_, {});
  lock.unlock();
  if (told) told(picture);
  return resting;
}

namespace {

using ports::Frame;
using ports::PixelBuffer;

std::uint32_t mix(std::uint32_t v) {
  v ^= v >> 16;
  v *= 0x7feb352du;
  v ^= v >> 15;
  v *= 0x846ca68bu;
  return v ^ v >> 16;
}

// What a pixel of the endless text pane looks like: dark strokes of an 8x16 cell on paper.
std::uint32_t text_pixel(int x, int y, std::uint32_t seed) {
  const auto cell = mix(seed + static_cast<std::uint32_t>(x / 8) * 7919u + static_cast<std::uint32_t>(y / 16) * 104729u);
  const int gx = x % 8, gy = y % 16;
  const bool blank = gx == 7 || gy < 3 || gy > 12 || (cell & 7u) == 0;
  return !blank && (cell >> ((gx / 2 + gy / 3 * 3) % 24) & 1u) != 0 ? 0x202428 : 0xf4f2ec;
}

class SyntheticSource final : public ports::FrameSource {
 public:
  SyntheticSource(SyntheticOptions options, std::shared_ptr<const ports::RightsGate> gate)
      : options_(options),
        gate_(std::move(gate)),
        picture_(ports::make_pixel_buffer(options.width, options.height)),
        pool_(3, [options] { return ports::make_pixel_buffer(options.width, options.height); }) {}

  Result<DesktopLayout> layout() override {
    DesktopLayout l;
    l.generation = 1;
    l.width = options_.width;
    l.height = options_.height;
    l.monitors = {{1, whole(), "synthetic", true}};
    return l;
  }
  Result<void> start(const ports::Grant& see, std::uint32_t monitor_id) override {
    if (see.right() != Right::See || !gate_->allows(Right::See))
      return fail(ErrorKind::Refused, "capture/synthetic: start", "the customer has not allowed the screen to be seen");
    monitor_ = monitor_id;
    full_ = started_ = true;
    for (int y = 0; y < options_.height; ++y)
      for (int x = 0; x < options_.width; ++x)
        set(x, y, options_.scene == Scene::Scroll ? text_pixel(x, y, options_.seed) : background(x, y));
    frames_ = 0;
    due_ = {};
    return {};
  }
  void stop() override { started_ = false; }
  Result<std::optional<Frame>> next(LocalTime until) override;
  void cancel() override {
    std::lock_guard lock(mutex_);
    cancelled_ = true;
    changed_.notify_all();
  }
  void request_full() override { full_ = true; }
  void on_cursor(std::function<void(const ports::CursorImage&)> shape,
                 std::function<void(ports::CursorPosition)> position) override {
    ports::CursorImage image;
    image.serial = 1;
    image.width = image.height = 8;
    image.bgra.assign(8 * 8 * 4, 255);
    if (shape) shape(image);
    if (position) position({options_.width / 2, options_.height / 2, true});
  }
  void on_layout(std::function<void(const DesktopLayout&)>) override {}  // it never changes
  std::string describe() const override { return "synthetic"; }

 private:
  Rect whole() const { return {0, 0, options_.width, options_.height}; }
  std::uint32_t background(int x, int y) const {
    return static_cast<std::uint32_t>((x * 64 / options_.width + 60) << 16 | (y * 64 / options_.height + 80) << 8 | 0x90);
  }
  void set(int x, int y, std::uint32_t rgb) {
    std::uint8_t* p = picture_->row(y) + std::ptrdiff_t{4} * x;
    p[0] = static_cast<std::uint8_t>(rgb);
    p[1] = static_cast<std::uint8_t>(rgb >> 8);
    p[2] = static_cast<std::uint8_t>(rgb >> 16);
    p[3] = 255;
  }
  std::vector<Rect> draw();
  void film(int n, int w, int h);
  Rect glyph(int n, int top);

  SyntheticOptions options_;
  std::shared_ptr<const ports::RightsGate> gate_;
  std::unique_ptr<PixelBuffer> picture_;
  std::vector<std::uint8_t> panorama_;   // of the film, made at its first frame
  Pool<PixelBuffer> pool_;
  std::uint32_t monitor_ = 0;
  bool started_ = false, full_ = false;
  std::uint64_t frames_ = 0;
  LocalTime due_{};
  std::mutex mutex_;
  std::condition_variable changed_;
  bool cancelled_ = false;
};

std::vector<Rect> SyntheticSource::draw() {
  const auto n = static_cast<int>(frames_ % 1'000'000);
  const int w = options_.width, h = options_.height;
  switch (options_.scene) {
    case Scene::Still: return {};
    case Scene::Typing: return {glyph(n, 0)};
    case Scene::Scroll:
      for (int y = 0; y + 16 < h; ++y) std::memcpy(picture_->row(y), picture_->row(y + 16), static_cast<std::size_t>(w) * 4);
      for (int y = std::max(0, h - 16); y < h; ++y)
        for (int x = 0; x < w; ++x) set(x, y, text_pixel(x, y + (n + 1) * 16, options_.seed));
      return {whole()};
    case Scene::MovingWindow: {
      const auto place = [&](int step) {
        return Rect{step * 8 % std::max(1, w), h / 4, 320, 200}.clipped_to(whole());
      };
      const Rect from = place(n), to = place(n + 1);
      for (int y = from.y; y < from.bottom(); ++y)
        for (int x = from.x; x < from.right(); ++x) set(x, y, background(x, y));
      for (int y = to.y; y < to.bottom(); ++y)
        for (int x = to.x; x < to.right(); ++x)
          set(x, y, y < to.y + 20 ? 0x2f6fde : text_pixel(x - to.x, y - to.y, options_.seed));
      if (from.clipped_to(to).empty()) return {from, to};
      return {from.united_with(to)};
    }
    case Scene::Noise:
      for (int y = 0; y < h; ++y)
        for (int x = 0; x < w; ++x)
          set(x, y, mix(options_.seed + static_cast<std::uint32_t>(n) * 2654435761u + static_cast<std::uint32_t>(y * w + x)));
      return {whole()};
    case Scene::Film:
      film(n + 1, options_.width, options_.height);
      return {whole()};
    case Scene::FilmAndText: {
      const int fw = w * 2 / 3, fh = h * 2 / 3;
      film(n + 1, fw, fh);
      return {Rect{0, 0, fw, fh}, glyph(n, (fh / 16 + 2) * 16)};
    }
  }
  return {};
}

// The n-th character typed into the lines from `top` down.
Rect SyntheticSource::glyph(int n, int top) {
  const int columns = std::max(1, options_.width / 8), rows = std::max(1, (options_.height - top) / 16);
  const Rect cell = Rect{(n % columns) * 8, top + (n / columns % rows) * 16, 8, 16}.clipped_to(whole());
  for (int y = cell.y; y < cell.bottom(); ++y)
    for (int x = cell.x; x < cell.right(); ++x) set(x, y, text_pixel(x, y, options_.seed + static_cast<std::uint32_t>(n) + 1));
  return cell;
}

void SyntheticSource::film(int n, int w, int h) {
  if (panorama_.empty()) {
    // Soft hills of brightness between the corners of a 32-pixel lattice, twice as wide as the picture, and round.
    panorama_.resize(static_cast<std::size_t>(2 * w) * static_cast<std::size_t>(h));
    const auto corner = [&](int x, int y) { return static_cast<int>(mix(options_.seed + static_cast<std::uint32_t>(x % (2 * w / 32)) * 7919u + static_cast<std::uint32_t>(y) * 104729u) & 255u); };
    for (int y = 0; y < h; ++y)
      for (int x = 0; x < 2 * w; ++x) {
        const int fx = x % 32, fy = y % 32;
        const int top = corner(x / 32, y / 32) * (32 - fx) + corner(x / 32 + 1, y / 32) * fx;
        const int low = corner(x / 32, y / 32 + 1) * (32 - fx) + corner(x / 32 + 1, y / 32 + 1) * fx;
        panorama_[static_cast<std::size_t>(y * 2 * w + x)] = static_cast<std::uint8_t>((top * (32 - fy) + low * fy) / 1024);
      }
  }
  const int radius = h / 5, cx = w / 2, cy = h / 2;
  for (int y = 0; y < h; ++y)
    for (int x = 0; x < w; ++x) {
      int v = panorama_[static_cast<std::size_t>(y * 2 * w + (x + n * 3) % (2 * w))];
      const int dx = x - cx, dy = y - cy;
      if (dx * dx + dy * dy < radius * radius) v = ((dx * (n % 64 - 32) + dy * 24) / 256 & 1) != 0 ? 220 : 40;   // the wheel's spokes
      v += static_cast<int>(mix(static_cast<std::uint32_t>(n * 31 + y / 2) * 65537u + static_cast<std::uint32_t>(x / 2)) & 7u);
      const auto c = static_cast<std::uint32_t>(std::min(v, 255));
      set(x, y, c << 16 | (c * 7 / 8) << 8 | c / 2);
    }
}

Result<std::optional<Frame>> SyntheticSource::next(LocalTime until) {
  if (!started_ || !gate_->allows(Right::See))
    return fail(ErrorKind::Refused, "capture/synthetic: next", "the customer does not allow the screen to be seen");
  const bool timed = options_.frame_interval > 0ns;
  const bool resting = frames_ > 0 && options_.hold && options_.hold->resting(*picture_);
  const bool over = !full_ && (resting || (options_.frame_limit != 0 && frames_ >= options_.frame_limit) ||
                               (options_.scene == Scene::Still && frames_ > 0));
  if (timed || over) {
    std::unique_lock lock(mutex_);
    const auto wake = over ? until : std::min(until, due_);
    if (timed)
      while (!cancelled_ && local_now() < wake) {
        if (wake == kNever)
          changed_.wait(lock);
        else
          changed_.wait_for(lock, wake - local_now());
      }
    if (std::exchange(cancelled_, false) || over || local_now() < due_) return std::optional<Frame>{};
    due_ = std::max(due_, local_now() - options_.frame_interval) + options_.frame_interval;
  }
  if (!gate_->allows(Right::See))
    return fail(ErrorKind::Refused, "capture/synthetic: next", "the customer does not allow the screen to be seen");
  auto lease = pool_.take();
  if (!lease) return std::optional<Frame>{};
  const bool first = frames_ == 0;
  auto damage = first || resting ? std::vector<Rect>{whole()} : draw();
  if (std::exchange(full_, false)) damage = {whole()};
  ++frames_;
  for (int y = 0; y < options_.height; ++y)
    std::memcpy(lease->row(y), picture_->row(y), static_cast<std::size_t>(options_.width) * 4);
  Frame frame;
  frame.pixels = std::move(lease);
  frame.damage = std::move(damage);
  frame.captured_at = timed ? local_now() : LocalTime(options_.frame_interval + milliseconds(frames_));
  frame.layout_generation = 1;
  frame.monitor_id = monitor_;
  frame.area = whole();
  return frame;
}

}  // namespace

std::unique_ptr<ports::FrameSource> make_synthetic_source(SyntheticOptions options,
                                                          std::shared_ptr<const ports::RightsGate> gate) {
  return std::make_unique<SyntheticSource>(options, std::move(gate));
}

}  // namespace beside::capture
