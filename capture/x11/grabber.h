// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "capture/x11/connection.h"
#include "capture/x11/pixels.h"
#include "engine/x11/shared_memory.h"

namespace beside::capture {

// Reads boxes of the root window into memory of its own, as B, G, R, X.
//
// The way: memory that the server shares (engine/x11/shared_memory.h); else GetImage through the socket.
// Thread: capture. The picture of a box stays valid until the next grab(), that of grab_into() until its memory is used again.
class Grabber {
 public:
  // Environment when the root's visual cannot be read as colours (palette displays).
  static Result<std::unique_ptr<Grabber>> create(const Connection& connection);
  Grabber(const Grabber&) = delete;
  Grabber& operator=(const Grabber&) = delete;

  struct Box {
    Rect where;                     // root pixels
    std::uint8_t* pixels = nullptr; // may be written to (hatching)
    std::ptrdiff_t stride = 0;
  };
  // All boxes are asked for before the first answer is read. They lie within the root and do not overlap. Environment when the
  // display is gone; Limit when the server refused (the root has become smaller: read the layout again).
  // `asked` is called in between: what it asks of the server is answered with the pixels.
  Result<std::vector<Box>> grab(const std::vector<Rect>& boxes, const std::function<void()>& asked = {});
  // One box, into memory of the caller's that the server shares (make_memory) and that has room for it.
  Result<Box> grab_into(const x11::SharedMemory& memory, const Rect& box, const std::function<void()>& asked = {});
  // For a picture of this size with rows of `stride` bytes; null where the server shares none or has rows or pixels of another kind.
  std::unique_ptr<x11::SharedMemory> make_memory(int width, int height, int stride) const;
  std::string describe() const;
  // Every page of the shared memory is there before it is needed; nothing is asked of the server.
  void touch();
  const x11::SharedMemory& shared() const { return shared_; }

 private:
  explicit Grabber(const Connection& connection)
      : connection_(connection), shared_(connection.xcb(), x11::SharedMemory::Server::Writes, "beside-grab") {}
  Result<void> read_by_segment(const x11::SharedMemory& memory, const std::vector<Rect>& boxes, const std::function<void()>& asked, std::vector<Box>& out);
  Result<void> read_by_socket(const std::vector<Rect>& boxes, const std::function<void()>& asked, std::vector<Box>& out);
  void convert(std::vector<Box>& out);

  const Connection& connection_;
  PixelLayout layout_;
  std::unique_ptr<PixelConverter> converter_;  // null when the server's pixels are ours already
  x11::SharedMemory shared_;
  std::vector<std::uint8_t> socket_memory_, converted_;
};

}  // namespace beside::capture
