// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <map>
#include <optional>

#include "engine/base/clock.h"
#include "engine/base/ids.h"
#include "engine/wire/rtcp.h"

namespace beside::flow {

// The receiver's side of RFC 8888 for all streams of one path: what came, and when. No I/O.
// A report leaves when kPackets came since the last, at the end of a picture (marker) when kSoon has passed, or after kLate; at once
// for a picture of one packet (a letter) before which nothing came for kRested: to wake up later would cost more than the report. (After
// less than that a narrow line, whose packets come one by one, would be told of each alone, and its rate rose three times as slowly.)
// Each packet is told of at least twice, so that one lost report hides nothing.
class FeedbackCollector {
 public:
  static constexpr std::size_t kPackets = 16, kMaxStreams = 16, kMaxSpan = 1024;
  static constexpr nanoseconds kSoon = milliseconds(5), kLate = milliseconds(20), kRested = milliseconds(80);
  explicit FeedbackCollector(Ssrc own) : own_(own) {}
  // An RTP packet that was opened (its seal was good). Streams beyond kMaxStreams push out the one silent for longest.
  void on_packet(Ssrc media, SeqNo seq, bool marker, LocalTime now);
  std::optional<wire::CcFeedback> poll(LocalTime now);
  LocalTime next_deadline() const { return due_; }
  void forget(Ssrc media) { streams_.erase(media.value); }

 private:
  struct Stream {
    std::int64_t highest = 0;                       // extended numbers
    std::int64_t from = 0, from_next = 0;           // where the next report and the one after begin
    std::map<std::int64_t, LocalTime> arrivals;
    bool fresh = false;
    LocalTime heard{};
  };
  Ssrc own_;
  std::map<std::uint32_t, Stream> streams_;
  std::size_t fresh_packets_ = 0;
  LocalTime first_fresh_{}, last_packet_ = LocalTime::min();
  LocalTime due_ = kNever;
};

}  // namespace beside::flow
