// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "engine/base/bytes.h"
#include "engine/base/result.h"
#include "relay/core/metrics.h"

namespace beside::relay {

// The relay's UDP port: what came in is sent on from the buffer it came into (no copy), after create() nothing allocates.
// In: recvmmsg with UDP_GRO, so that a sender's burst arrives as one super-packet, and the kernel's time of arrival.
// Out: what goes to the same receiver in one batch and has the same size leaves as one super-packet (UDP_SEGMENT), whether it
// came as one or not: on the way out the kernel's stack is most of what forwarding costs. Cut apart here where the kernel cannot.
// A full socket buffer drops, as a router would.
// Thread: media. Several sockets may share a port (share_port), one for each media thread; the kernel spreads senders by 5-tuple.
class MediaSocket {
 public:
  static constexpr std::size_t kBatch = 128;        // messages in one receive(), each with up to 64 datagrams
  static constexpr std::size_t kMostSegments = 64;  // UDP_MAX_SEGMENTS of older kernels
  using Address = sockaddr_in6;                     // IPv4 as IPv4-mapped (RFC 4291 2.5.5.2)
  struct Received {
    MutableByteSpan data;       // datagrams of `segment` bytes, the last may be shorter
    std::size_t segment = 0;
    Address from{};
  };

  // "::" takes IPv4 too, and falls back to IPv4 where IPv6 is off. Errors: Environment.
  static Result<std::unique_ptr<MediaSocket>> create(const std::string& bind_address, std::uint16_t port, bool share_port,
                                                     Metrics& metrics);
  ~MediaSocket();
  MediaSocket(const MediaSocket&) = delete;
  MediaSocket& operator=(const MediaSocket&) = delete;

  int fd() const { return fd_; }
  std::uint16_t port() const { return port_; }
  // For receivers numbered 0..count-1; may allocate, so not on the packet path.
  void expect_receivers(std::size_t count);

  // How many messages came, 0: none now. They are valid until flush(), and flush() must come before the next receive().
  std::size_t receive();
  const Received& at(std::size_t message) const { return in_[message]; }
  // `data` of message `message` (kNoMessage: of somebody else's, whose delay is not counted) goes to receiver `receiver`.
  static constexpr std::size_t kNoMessage = ~std::size_t{0};
  void send_later(std::size_t message, MutableByteSpan data, std::size_t segment, std::uint32_t receiver, const Address& to);
  void flush();
  void send_now(ByteSpan datagram, const Address& to);

 private:
  static constexpr std::size_t kBuffer = 65'536, kMostOut = 256, kMostPieces = 512;
  static constexpr std::size_t kStride = kBuffer + 1088;  // at a distance of 64 KiB all buffers would share a few sets of the cache
  static constexpr std::size_t kMostBytes = 65'000;  // of one super-packet, below what either IP version carries
  static constexpr std::uint16_t kEnd = 0xffff;
  struct Piece {
    MutableByteSpan data;
    std::uint16_t next = kEnd;
  };
  struct Out {
    sockaddr_storage to;
    socklen_t to_size;
    std::uint16_t first, last, pieces, segments, segment;
    bool closed;                // holds a shorter datagram, which must be the last
    std::size_t bytes;
  };
  struct Open {                 // which Out of this batch a receiver's datagrams may join
    std::uint32_t batch = 0;
    std::uint16_t out = 0;
  };
  union ControlIn {
    cmsghdr align;
    std::array<std::uint8_t, CMSG_SPACE(sizeof(int)) + CMSG_SPACE(sizeof(timespec))> bytes;
  };
  union ControlOut {
    cmsghdr align;
    std::array<std::uint8_t, CMSG_SPACE(sizeof(std::uint16_t))> bytes;
  };

  explicit MediaSocket(Metrics& metrics);
  Result<void> open(const std::string& bind_address, std::uint16_t port, bool share_port);
  socklen_t fill(const Address& to, sockaddr_storage& out) const;
  void read_message(std::size_t message, std::size_t size);
  void write_out();
  void send_apart(const Out& out);
  void failed_send(std::size_t datagrams);

  Metrics& metrics_;
  int fd_ = -1;
  std::uint16_t port_ = 0;
  bool v4_only_ = false, gso_ = true;
  std::vector<std::uint8_t> store_;
  std::array<mmsghdr, kBatch> in_headers_{};
  std::array<iovec, kBatch> in_vectors_{};
  std::array<sockaddr_in6, kBatch> in_from_{};
  std::array<ControlIn, kBatch> in_control_{};
  std::array<Received, kBatch> in_{};
  std::array<std::int64_t, kBatch> stamps_ns_{};        // CLOCK_REALTIME of the kernel, 0: none
  std::array<std::uint32_t, kBatch> forwarded_{};       // datagrams of each message that were queued
  std::size_t received_ = 0;

  std::array<Out, kMostOut> out_{};
  std::size_t out_count_ = 0;
  std::array<Piece, kMostPieces> pieces_{};
  std::size_t piece_count_ = 0;
  std::vector<Open> open_;
  std::uint32_t batch_ = 1;
  std::array<mmsghdr, kMostOut> out_headers_{};
  std::array<iovec, kMostPieces> out_vectors_{};
  std::array<ControlOut, kMostOut> out_control_{};
};

}  // namespace beside::relay
