// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <variant>
#include <vector>

#include "engine/base/bytes.h"
#include "engine/base/clock.h"
#include "engine/base/ids.h"
#include "engine/base/result.h"
#include "engine/wire/av1.h"
#include "engine/wire/h264.h"
#include "engine/wire/rtcp.h"
#include "engine/wire/rtp.h"

namespace beside::flow {

// One complete picture, as Annex B, or as OBUs of AV1.
struct AccessUnit {
  Bytes annex_b;
  bool key = false;                    // holds an IDR slice, or a sequence header
  std::uint32_t rtp_timestamp = 0;
  PeerTime captured_at{};              // on the sender's clock; the epoch when not told
  LocalTime first_packet_at{}, last_packet_at{};
};

// RTP packets (opened) -> access units in order, and what to ask of the sender. No I/O.
//
// 1. Units are yielded in order; after one is lost, none until a key picture. A key picture that is whole waits for nothing
//    before it: that is out of date.
// 2. A missing packet is asked for (NACK) once it is older than the reorder window, again every rtt (20..200 ms), and given up
//    after kGiveUp, when the buffer is full, or at once when the line was dead for half a second; then, and before the first
//    key picture, PLI every round trip and 80 ms (300 ms at most).
// 3. At most kMaxPackets packets and kMaxBytes bytes wait.
class VideoReceiver {
 public:
  static constexpr std::size_t kMaxPackets = 16384;
  static constexpr std::size_t kMaxBytes = 24u << 20;
  static constexpr nanoseconds kReorder = milliseconds(5);
  static constexpr nanoseconds kGiveUp = milliseconds(600);
  VideoReceiver(Ssrc media, Ssrc own, bool av1 = false);

  // Errors: PeerFault (malformed); packets of another SSRC are ignored and counted.
  Result<void> receive(ByteSpan packet, LocalTime now);
  std::optional<AccessUnit> take();
  // RTCP to seal and send now: NACK and PLI. (RFC 8888 feedback is the whole path's: FeedbackCollector.)
  std::vector<wire::RtcpPacket> poll(LocalTime now);
  LocalTime next_deadline() const;
  // The decoder refused a picture, or the person asked for a fresh one.
  void request_key(LocalTime now);
  void set_rtt(nanoseconds rtt);
  // The sender announced a new SSRC.
  void restart(Ssrc media);
  std::uint64_t packets_received() const { return received_; }
  std::uint64_t packets_missed() const { return missed_; }     // found missing, whether repaired later or not
  std::uint64_t packets_given_up() const { return given_up_; }
  std::uint64_t packets_of_others() const { return foreign_; }

 private:
  struct Waiting {
    wire::RtpHeader header;
    Bytes payload;
    LocalTime at{};
  };
  struct Missing {
    LocalTime since{};
    LocalTime asked_at = LocalTime::min();
  };
  std::int64_t extend(SeqNo seq) const;
  std::optional<std::int64_t> whole_key(std::int64_t seq) const;
  void assemble(LocalTime now);
  void finish_picture(LocalTime now);
  void drop_picture(LocalTime now);
  void lose_until(std::int64_t seq, LocalTime now);
  void forget_pieces();

  Ssrc media_, own_;
  bool started_ = false;
  std::int64_t next_ = 0;                       // extended number of the next packet to put into a picture
  std::int64_t highest_ = 0;
  LocalTime last_arrival_{};
  LocalTime hole_ended_ = LocalTime::min();   // the last one
  std::map<std::int64_t, Waiting> waiting_;
  std::size_t waiting_bytes_ = 0;
  std::map<std::int64_t, Missing> missing_;
  std::deque<AccessUnit> ready_;
  std::variant<wire::H264Assembler, wire::Av1Assembler> assembler_;
  AccessUnit current_;
  bool in_picture_ = false;
  bool picture_broken_ = true;                  // or may have lost its beginning
  bool need_key_ = true;
  LocalTime key_due_ = kNever;                  // of the next PLI
  nanoseconds rtt_ = milliseconds(50);
  std::uint64_t received_ = 0, missed_ = 0, given_up_ = 0, foreign_ = 0;
};

}  // namespace beside::flow
