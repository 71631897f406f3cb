// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <xcb/shm.h>
#include <xcb/xcb.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

namespace beside::x11 {

// Memory that an X server and we both see (MIT-SHM): a memory file handed over as a descriptor (1.2, local sockets only);
// else a System V segment of mode 0600 that is marked for removal as soon as both are attached, so that it ends with us
// however we end. Whole pages, so that a graphics device can read it in place too.
// Thread: that of the connection. Lifetime: the connection must outlive it.
// Failure: none is an error; a server that shares nothing (another host, another container) leaves way() at None.
class SharedMemory {
 public:
  enum class Way : std::uint8_t { None, Descriptor, Segment };
  enum class Server : std::uint8_t { Reads, Writes };
  // `name` is seen in /proc. `best`: nothing better is tried (tests).
  SharedMemory(xcb_connection_t* connection, Server server, const char* name, Way best = Way::Descriptor)
      : c_(connection), server_(server), name_(name), best_(best) {}
  ~SharedMemory() { drop(); }
  SharedMemory(const SharedMemory&) = delete;
  SharedMemory& operator=(const SharedMemory&) = delete;

  // At least so many bytes; what was in it is lost when it grows. False: the server shares no memory, and is not asked again.
  // Waits for the server's answer when it grows.
  bool make_room(std::size_t bytes);
  void drop();
  std::uint8_t* data() const { return memory_.get(); }
  std::size_t capacity() const { return capacity_; }
  Way way() const { return memory_ ? way_ : Way::None; }
  // What is there stays as long as somebody holds this, though the server sees it no more once this object or the connection is gone.
  std::shared_ptr<std::uint8_t> memory() const { return memory_; }
  xcb_shm_seg_t segment() const { return segment_; }

 private:
  bool by_descriptor(std::size_t bytes);
  bool by_segment(std::size_t bytes);
  bool server_shares(std::uint16_t least_minor) const;
  bool attached(xcb_void_cookie_t cookie) const;
  xcb_connection_t* c_;
  Server server_;
  const char* name_;
  Way best_, way_ = Way::None;
  bool refused_ = false;
  xcb_shm_seg_t segment_ = 0;
  std::shared_ptr<std::uint8_t> memory_;
  std::size_t capacity_ = 0;
};

// "MIT-SHM fd", "MIT-SHM segment", "no shared memory".
std::string to_string(SharedMemory::Way way);

}  // namespace beside::x11
