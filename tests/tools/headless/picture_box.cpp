// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/tools/headless/picture_box.h"

#include <cstdio>
#include <vector>

#include "engine/crypto/hash.h"
#include "engine/gpu/converter.h"

namespace beside::headless {

void PictureBox::put(std::uint32_t session, ports::DecodedPicture picture) {
  std::lock_guard lock(mutex_);
  Seen& seen = seen_[session];
  ++seen.pictures;
  seen.newest = std::move(picture);
}

void PictureBox::forget(std::uint32_t session) {
  std::lock_guard lock(mutex_);
  seen_[session].newest.reset();
}

std::map<std::uint32_t, PictureBox::Seen> PictureBox::all() const {
  std::lock_guard lock(mutex_);
  return seen_;
}

std::optional<ports::DecodedPicture> PictureBox::newest(std::uint32_t session) const {
  std::lock_guard lock(mutex_);
  const auto at = seen_.find(session);
  return at == seen_.end() ? std::nullopt : at->second.newest;
}

std::string hash_of(const ports::Planes& planes) {
  Bytes packed;
  for (int plane = 0; plane < 3; ++plane) {
    const bool half = plane > 0 && planes.chroma == ports::Chroma::k420;
    const int width = half ? (planes.width + 1) / 2 : planes.width, height = half ? (planes.height + 1) / 2 : planes.height;
    for (int y = 0; y < height; ++y) {
      const std::uint8_t* row = planes.data[plane] + static_cast<std::ptrdiff_t>(y) * planes.stride[plane];
      packed.insert(packed.end(), row, row + width);
    }
  }
  return to_hex(crypto::sha256(packed)).substr(0, 16);
}

Result<void> write_ppm(const ports::Planes& planes, const std::string& file) {
  const auto width = static_cast<std::size_t>(planes.width), height = static_cast<std::size_t>(planes.height);
  std::vector<std::uint8_t> bgra(width * height * 4), rgb;
  if (auto done = gpu::planes_to_bgra_cpu(planes, bgra.data(), planes.width * 4); !done) return done;
  rgb.reserve(width * height * 3);
  for (std::size_t at = 0; at < bgra.size(); at += 4) rgb.insert(rgb.end(), {bgra[at + 2], bgra[at + 1], bgra[at]});
  std::FILE* out = std::fopen(file.c_str(), "wb");
  if (out == nullptr) return fail(ErrorKind::Environment, "headless", "cannot write " + file);
  std::fprintf(out, "P6\n%d %d\n255\n", planes.width, planes.height);
  const bool written = std::fwrite(rgb.data(), 1, rgb.size(), out) == rgb.size();
  if (std::fclose(out) != 0 || !written) return fail(ErrorKind::Environment, "headless", "cannot write " + file);
  return {};
}

}  // namespace beside::headless
