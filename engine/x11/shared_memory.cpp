// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/x11/shared_memory.h"

#include <fcntl.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <unistd.h>

#include <bit>

#include "engine/x11/xcb_handles.h"

namespace beside::x11 {
namespace {

// Memory grows by this, so that a window that is being dragged larger rarely asks.
constexpr std::size_t kGrain = 1 << 20;

// Descriptors travel over a local socket only; on another libxcb would break the connection.
bool is_local(xcb_connection_t* c) {
  sockaddr_storage address{};
  socklen_t length = sizeof address;
  return getsockname(xcb_get_file_descriptor(c), reinterpret_cast<sockaddr*>(&address), &length) == 0 && address.ss_family == AF_UNIX;
}

}  // namespace

std::string to_string(SharedMemory::Way way) {
  switch (way) {
    case SharedMemory::Way::Descriptor: return "MIT-SHM fd";
    case SharedMemory::Way::Segment: return "MIT-SHM segment";
    case SharedMemory::Way::None: break;
  }
  return "no shared memory";
}

bool SharedMemory::make_room(std::size_t bytes) {
  if (memory_ && bytes <= capacity_) return true;
  drop();
  if (refused_) return false;
  bytes = (bytes + kGrain - 1) / kGrain * kGrain;
  refused_ = (best_ != Way::Descriptor || !by_descriptor(bytes)) && (best_ == Way::None || !by_segment(bytes));
  return !refused_;
}

void SharedMemory::drop() {
  if (!memory_) return;
  xcb_shm_detach(c_, segment_);
  xcb_flush(c_);
  memory_.reset();
  capacity_ = 0;
}

bool SharedMemory::server_shares(std::uint16_t least_minor) const {
  const auto* data = xcb_get_extension_data(c_, &xcb_shm_id);
  if (data == nullptr || data->present == 0) return false;
  const Reply<xcb_shm_query_version_reply_t> v{xcb_shm_query_version_reply(c_, xcb_shm_query_version(c_), nullptr)};
  return v && (v->major_version > 1 || (v->major_version == 1 && v->minor_version >= least_minor));
}

bool SharedMemory::attached(xcb_void_cookie_t cookie) const {
  const Reply<xcb_generic_error_t> error{xcb_request_check(c_, cookie)};
  return !error && xcb_connection_has_error(c_) == 0;
}

bool SharedMemory::by_descriptor(std::size_t bytes) {
  if (!is_local(c_) || !server_shares(2)) return false;
  const int fd = memfd_create(name_, MFD_CLOEXEC | MFD_ALLOW_SEALING);
  if (fd < 0) return false;
  void* memory = MAP_FAILED;
  if (ftruncate(fd, static_cast<off_t>(bytes)) == 0) {
    (void)fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK);   // the server need not fear that it gets smaller under it
    memory = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  }
  if (memory == MAP_FAILED) {
    close(fd);
    return false;
  }
  segment_ = xcb_generate_id(c_);
  // libxcb closes the descriptor once it is sent.
  if (!attached(xcb_shm_attach_fd_checked(c_, segment_, fd, server_ == Server::Reads ? 1 : 0))) {
    munmap(memory, bytes);
    return false;
  }
  memory_ = {static_cast<std::uint8_t*>(memory), [bytes](std::uint8_t* m) { munmap(m, bytes); }};
  capacity_ = bytes;
  way_ = Way::Descriptor;
  return true;
}

bool SharedMemory::by_segment(std::size_t bytes) {
  if (!server_shares(0)) return false;
  const int id = shmget(IPC_PRIVATE, bytes, IPC_CREAT | 0600);
  if (id < 0) return false;
  void* memory = shmat(id, nullptr, 0);
  if (std::bit_cast<std::intptr_t>(memory) == -1) {
    shmctl(id, IPC_RMID, nullptr);
    return false;
  }
  segment_ = xcb_generate_id(c_);
  const bool shared = attached(xcb_shm_attach_checked(c_, segment_, static_cast<std::uint32_t>(id), server_ == Server::Reads ? 1 : 0));
  // From here on the segment lives only as long as we and the server hold it, however we end.
  shmctl(id, IPC_RMID, nullptr);
  if (!shared) {
    shmdt(memory);
    return false;
  }
  memory_ = {static_cast<std::uint8_t*>(memory), [](std::uint8_t* m) { shmdt(m); }};
  capacity_ = bytes;
  way_ = Way::Segment;
  return true;
}

}  // namespace beside::x11
