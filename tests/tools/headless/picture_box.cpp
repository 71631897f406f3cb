// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/tools/headless/picture_box.h"

#include <cstdio>
#include <vector>

#include "engine/crypto/hash.h"

namespace beside::headless {
namespace {

struct Rgb {
  int width = 0, height = 0;
  Bytes pixels;
};

Rgb rgb_of(const ports::PixelBuffer& from) {
  Rgb out;
  out.width = from.width;
  out.height = from.height;
  out.pixels.resize(static_cast<std::size_t>(from.width) * static_cast<std::size_t>(from.height) * 3);
  std::uint8_t* to = out.pixels.data();
  for (int y = 0; y < from.height; ++y) {
    const std::uint8_t* row = from.row(y);
    for (int x = 0; x < from.width; ++x, row += 4, to += 3) {
      to[0] = row[2];
      to[1] = row[1];
      to[2] = row[0];
    }
  }
  return out;
}

Rgb rgb_of(const ports::Canvas& canvas) {
  Rgb out;
  canvas.read([&](const ports::PixelBuffer& from) { out = rgb_of(from); });
  return out;
}

std::string hash_of(const Rgb& rgb) { return rgb.pixels.empty() ? std::string() : to_hex(crypto::sha256(rgb.pixels)).substr(0, 16); }

}  // namespace

void PictureBox::watch(std::uint32_t session, std::shared_ptr<ports::Canvas> canvas) {
  std::lock_guard lock(mutex_);
  seen_[session].canvas = std::move(canvas);
}

void PictureBox::forget(std::uint32_t session) {
  std::lock_guard lock(mutex_);
  seen_[session].canvas.reset();
}

std::map<std::uint32_t, PictureBox::Seen> PictureBox::look() {
  std::lock_guard lock(mutex_);
  for (auto& [session, seen] : seen_) {
    if (!seen.canvas) continue;
    auto changes = seen.canvas->take();
    if (changes.width == 0 || (changes.damage.empty() && !changes.resized)) continue;
    ++seen.pictures;
    seen.newest = std::move(changes);
  }
  return seen_;
}

PictureBox::Seen PictureBox::seen(std::uint32_t session) const {
  std::lock_guard lock(mutex_);
  const auto at = seen_.find(session);
  return at == seen_.end() ? Seen{} : at->second;
}

std::string hash_of(const ports::Canvas& canvas) { return hash_of(rgb_of(canvas)); }
std::string hash_of(const ports::PixelBuffer& pixels) { return hash_of(rgb_of(pixels)); }

Result<void> write_ppm(const ports::Canvas& canvas, const std::string& file) {
  const Rgb rgb = rgb_of(canvas);
  std::FILE* out = std::fopen(file.c_str(), "wb");
  if (out == nullptr) return fail(ErrorKind::Environment, "headless", "cannot write " + file);
  std::fprintf(out, "P6\n%d %d\n255\n", rgb.width, rgb.height);
  const bool written = std::fwrite(rgb.pixels.data(), 1, rgb.pixels.size(), out) == rgb.pixels.size();
  if (std::fclose(out) != 0 || !written) return fail(ErrorKind::Environment, "headless", "cannot write " + file);
  return {};
}

}  // namespace beside::headless
