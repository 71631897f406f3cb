// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "engine/base/clock.h"
#include "engine/base/geometry.h"
#include "engine/base/lease.h"

namespace beside::ports {

// What a graphics device keeps of a picture's memory, so that it reads it where it lies (engine/gpu).
class DeviceView {
 public:
  virtual ~DeviceView() = default;
};

// Memory of one picture: B, G, R, X bytes per pixel (8 bits each, X undefined), top row first, rows stride bytes apart.
// The source converts other depths and masks to this. 64-byte aligned.
// One thread at a time uses it; the memory may be read by several (Lease::share), each with a PixelBuffer of its own around it.
struct PixelBuffer {
  int width = 0, height = 0;
  int stride = 0;  // bytes, >= 4 * width
  std::unique_ptr<std::uint8_t[], std::function<void(std::uint8_t*)>> memory;
  std::size_t page_bytes = 0;  // memory is whole pages of its own, so many bytes; 0: it is not
  mutable std::unique_ptr<DeviceView> device_view;  // of the last device that read it; after `memory`, so that it goes first
  std::uint8_t* row(int y) const { return memory.get() + static_cast<std::ptrdiff_t>(y) * stride; }
};
constexpr std::size_t kPageBytes = 4096;   // what devices that read a program's memory in place ask for
// Zeroed memory in whole pages, with a stride rounded up to 64 bytes.
std::unique_ptr<PixelBuffer> make_pixel_buffer(int width, int height);

// One grab. The pixels are complete (not only the damaged parts); damage tells what differs from the frame before.
struct Frame {
  Pool<PixelBuffer>::Lease pixels;
  Pool<PixelBuffer>::Lease whole;      // where `pixels` are a part of a larger picture: that one, which others read as well
  std::vector<Rect> damage;            // within the picture, not overlapping, 64 rectangles at most; empty = nothing changed
  LocalTime captured_at{};             // when the first of its damage was drawn, where that is known; else when the grab began
  std::uint32_t layout_generation = 0;
  std::uint32_t monitor_id = 0;        // 0 = the whole desktop
  Rect area;                           // root pixels that the picture shows
};

// Planes after conversion, BT.709 limited range. chroma 444: u, v as large as y; 420: half, rounded up.
enum class Chroma : std::uint8_t { k444, k420 };
struct Planes {
  int width = 0, height = 0;
  Chroma chroma = Chroma::k444;
  std::uint8_t* data[3] = {nullptr, nullptr, nullptr};
  int stride[3] = {0, 0, 0};           // bytes
};

// An encoded picture: NAL units with four-byte start codes.
struct EncodedPicture {
  std::vector<std::uint8_t> annex_b;
  bool key = false;
  LocalTime captured_at{};
  LocalTime encoded_at{};
};

// A decoded picture that keeps its own memory alive.
struct DecodedPicture {
  Planes planes;
  std::shared_ptr<const void> keep_alive;
  std::uint64_t number = 0;            // grows by one per picture of a stream
  std::uint32_t monitor_id = 0;
  std::uint32_t layout_generation = 0;
  PeerTime captured_at{};              // on the sender's clock
  LocalTime received_at{};             // last packet of the picture
  LocalTime decoded_at{};
};

}  // namespace beside::ports
