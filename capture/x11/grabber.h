// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "capture/x11/connection.h"
#include "capture/x11/pixels.h"

namespace beside::capture {

// Reads boxes of the root window into memory of its own, as B, G, R, X.
//
// The way: a memory file handed to the server as a descriptor (MIT-SHM 1.2); else a System V segment of mode 0600 that is
// marked for removal as soon as both are attached; else GetImage through the socket.
// Thread: capture. The picture of a box stays valid until the next grab().
class Grabber {
 public:
  // Environment when the root's visual cannot be read as colours (palette displays).
  static Result<std::unique_ptr<Grabber>> create(const Connection& connection);
  ~Grabber();
  Grabber(const Grabber&) = delete;
  Grabber& operator=(const Grabber&) = delete;

  struct Box {
    Rect where;                     // root pixels
    std::uint8_t* pixels = nullptr; // may be written to (hatching)
    std::ptrdiff_t stride = 0;
  };
  // All boxes are asked for before the first answer is read. They lie within the root and do not overlap. Environment when the
  // display is gone; Limit when the server refused (the root has become smaller: read the layout again).
  Result<std::vector<Box>> grab(const std::vector<Rect>& boxes);
  std::string describe() const;

 private:
  explicit Grabber(const Connection& connection) : connection_(connection) {}
  void make_room(std::size_t bytes);
  void drop_segment();
  bool try_descriptor(std::size_t bytes);
  bool try_sysv(std::size_t bytes);
  Result<void> read_by_segment(const std::vector<Rect>& boxes, std::vector<Box>& out);
  Result<void> read_by_socket(const std::vector<Rect>& boxes, std::vector<Box>& out);
  void convert(std::vector<Box>& out);

  enum class Way { Descriptor, SysV, Socket };
  const Connection& connection_;
  PixelLayout layout_;
  std::unique_ptr<PixelConverter> converter_;  // null when the server's pixels are ours already
  Way way_ = Way::Socket;
  bool way_found_ = false;
  std::uint32_t segment_ = 0;
  std::uint8_t* memory_ = nullptr;
  std::size_t capacity_ = 0;
  std::vector<std::uint8_t> socket_memory_, converted_;
};

}  // namespace beside::capture
