// SPDX-License-Identifier: GPL-3.0-or-later
// PeerLink's half that seals, paces, sends and opens media, and looks after the way that it takes.
#include <algorithm>
#include <utility>

#include "engine/base/log.h"
#include "engine/base/trace.h"
#include "engine/session/peer_link.h"

namespace beside::session {
namespace {

// Of tiles in our own queue: longer than the largest round takes (a coarse picture of 16 KiB), so that something gets through
// however slow the line is, and never so long that what is shown is half a second old where the line could do better.
constexpr nanoseconds kLeastStale = milliseconds(400), kMostStale = milliseconds(600);
constexpr std::int64_t kLargeRound = 24 * 1024;   // bytes, with what stood before it
// A quarter of the rate that it was made for: it fits another line.
constexpr int kOtherLine = 4;
constexpr nanoseconds kMuchWaits = milliseconds(150);
constexpr nanoseconds kStaleVideo = milliseconds(800);   // a key picture may take that long where the line is slow

constexpr nanoseconds kShortHole = milliseconds(300);   // without any datagram: what is in flight since is gone
constexpr std::size_t kMostGathered = 1000;   // bytes of RTCP that share a datagram; it grows by its seal

// What congestion control looks after: media in bulk. Input and cursor cells are few and are acknowledged in themselves.
bool is_bulk(std::uint8_t payload_type) {
  return payload_type != wire::kPayloadInput && payload_type != wire::kPayloadCursor;
}
constexpr std::size_t kAroundRtcp = 48;
constexpr std::uint32_t kSizeProbe = 1u << 31;   // of a nonce: asked for PathMtu, not by LineWatch
constexpr double kMuchLoss = 0.25;
bool is_rtcp(ByteSpan datagram) { return datagram[1] >= 192 && datagram[1] <= 223; }   // RFC 5761

}  // namespace

void PeerLink::start_media(const control::Ticket& ticket) {
  if (dead_) return;
  media_ = ports_.make_media(
      ticket, {[this](ByteSpan d) { on_datagram(d); },
               [this](Rung rung, RungReason reason) {
                 if (rung != rung_ && rung_ != Rung::None) rate_.new_path(ports_.clock->now());
                 path_changed_ = path_changed_ || rung != rung_;
                 rung_ = rung;
                 rung_reason_ = reason;
                 tell_way();
                 events_.changed();
               },
               [this] {
                 control::Envelope out;
                 out.mutable_renew_ticket()->set_session_id(session_id_);
                 (void)ports_.send_control(out);
               }});
}

// Both people see both ends' ways (PROTOCOL 5). One that is gone is not told: that shows by itself.
void PeerLink::tell_way() {
  if (!opened_ || dead_ || rung_ == Rung::None || (rung_ == told_rung_ && rung_reason_ == told_reason_)) return;
  told_rung_ = rung_;
  told_reason_ = rung_reason_;
  inner::Inner out;
  out.mutable_media_way()->set_rung(static_cast<std::uint32_t>(rung_));
  out.mutable_media_way()->set_reason(static_cast<std::uint32_t>(rung_reason_) + 1);
  (void)send(out);
}

void PeerLink::on_way(const inner::MediaWay& way) {
  const bool known = way.rung() <= static_cast<std::uint32_t>(Rung::TlsProxy) && way.reason() >= 1 &&
                     way.reason() <= static_cast<std::uint32_t>(RungReason::ProxyOnly) + 1;
  peer_rung_ = known ? static_cast<Rung>(way.rung()) : Rung::None;   // a later version may know others
  peer_reason_ = known ? static_cast<RungReason>(way.reason() - 1) : RungReason::StillTrying;
  BS_LOG(Info, "media", "the other end's way: rung={} reason={}", way.rung(), way.reason());
  events_.changed();
}

void PeerLink::fill(MediaView& media) const {
  media.rung = rung_;
  media.reason = rung_reason_;
  media.peer_rung = peer_rung_;
  media.peer_reason = peer_reason_;
  if (media_) media.failed_ways = media_->failures();
  media.datagram_bytes = rung_ == Rung::Udp ? static_cast<int>(datagram_bytes()) : 0;
  media.rtt_ms = shown_rtt_ ? static_cast<int>(std::chrono::duration_cast<milliseconds>(*shown_rtt_).count()) : -1;
}

void PeerLink::on_datagram(ByteSpan datagram) {
  bytes_received_ += datagram.size();
  const RtcpGathering together(this);
  if (!sealer_ || dead_ || datagram.size() < 12) return;
  Bytes packet = to_bytes(datagram);
  const bool rtcp = is_rtcp(packet);
  if (const auto opened = rtcp ? sealer_->open_rtcp(packet) : sealer_->open_rtp(packet); !opened) {
    ++refused_datagrams_;
    return;
  }
  if (opened_ && ports_.clock->now() - media_heard_ > kShortHole) rate_.line_returned(ports_.clock->now());
  if (opened_ && ports_.clock->now() - media_heard_ > kHole && events_.returned) events_.returned();
  media_heard_ = ports_.clock->now();
  heard();
  unanswered_since_.reset();
  if (rtcp) {
    auto packets = wire::parse_rtcp(packet);
    if (!packets) {
      ++refused_datagrams_;
      return;
    }
    const LocalTime now = ports_.clock->now();
    for (const auto& one : *packets) {
      if (const auto* feedback = std::get_if<wire::CcFeedback>(&one)) rate_.on_feedback(*feedback, now);
      if (const auto* probe = std::get_if<wire::PathProbe>(&one)) on_probe(*probe);
    }
    if (dead_) return;
    pump_media(now);
    events_.rtcp(*packets);
  } else if (auto parsed = wire::parse_rtp(packet)) {
    if (is_bulk(parsed->header.payload_type)) {
      const LocalTime now = ports_.clock->now();
      // What waited here because this machine is busy did not wait in the line.
      const LocalTime arrived = media_ ? media_->arrived() : LocalTime::min();
      arrivals_.on_packet(parsed->header.ssrc, parsed->header.seq, parsed->header.marker, arrived == LocalTime::min() ? now : std::min(arrived, now));
      tell_arrivals(now);
      if (parsed->header.payload_type != wire::kPayloadFec) events_.rtp(*parsed, packet);
      if (dead_) return;
      // What was lost and is made again from parity is taken as if it had just come.
      for (const Bytes& back : repair_.on_packet(*parsed, packet, now)) {
        if (const auto again = wire::parse_rtp(back); again && !dead_) events_.rtp(*again, back);
      }
      return;
    }
    events_.rtp(*parsed, packet);
  } else {
    ++refused_datagrams_;
  }
}

void PeerLink::on_probe(const wire::PathProbe& probe) {
  if (!probe.answer) return send_rtcp({wire::PathProbe{probe_ssrc_, probe.nonce, true}});
  // Of the line watch's that it came is all that matters; heard() was told.
  if ((probe.nonce & kSizeProbe) == 0) return;
  const std::size_t before = mtu_.bytes();
  mtu_.answered(probe.nonce & ~kSizeProbe, ports_.clock->now());
  told_size(before);
}

void PeerLink::told_size(std::size_t before) {
  if (mtu_.bytes() == before) return;
  BS_LOG(Info, "media", "datagrams of up to {} bytes get through", mtu_.bytes());
  events_.changed();
}

// Asks how large a datagram gets through, where the way is one on which that is not known.
void PeerLink::probe_size(LocalTime now) {
  if (!opened_ || !media_) return;
  const std::size_t before = mtu_.bytes();
  if (path_changed_ && rung_ != Rung::None) {
    path_changed_ = false;
    mtu_.start(media_->max_datagram(), now);
  }
  if (mtu_.next_deadline() <= now) {
    mtu_.ceiling(media_->max_datagram(), now);
    mtu_.set_rtt(rate_.rtt().value_or(rtt_.value_or(100ms)));
    for (const flow::PathMtu::Probe& probe : mtu_.poll(now)) {
      wire::PathProbe question{probe_ssrc_, probe.nonce | kSizeProbe};
      if (probe.bytes > 0) question.bytes = static_cast<std::uint16_t>(probe.bytes - ports::Sealer::kRtcpOverhead);
      send_rtcp({question});
    }
  }
  told_size(before);
}

bool PeerLink::send_rtp(Bytes packet, flow::Pacer::Class cls, Bytes* sealed) {
  if (!sealer_ || dead_) return false;
  const auto header = wire::peek_rtp(packet);
  std::vector<Bytes> parity;
  if (header && is_bulk(header->payload_type)) parity = guard_.on_packet(packet, rate_, ports_.clock->now());
  if (!seal_and_send(std::move(packet), cls, sealed)) return false;
  for (Bytes& more : parity) (void)seal_and_send(std::move(more), cls, nullptr);
  return true;
}

bool PeerLink::seal_and_send(Bytes packet, flow::Pacer::Class cls, Bytes* sealed) {
  if (const auto done = sealer_->seal_rtp(packet); !done) {
    BS_LOG_LIMITED(Warn, "session", "{}", dump_error(done.error()));
    return false;
  }
  if (sealed != nullptr) *sealed = packet;
  send_sealed(std::move(packet), cls);
  return true;
}

void PeerLink::send_sealed(Bytes sealed, flow::Pacer::Class cls) {
  if (cls == flow::Pacer::Class::Tiles) tiles_made_kbps_ = rate_.target_kbps();
  if (cls == flow::Pacer::Class::Video) video_made_kbps_ = rate_.target_kbps();
  (void)pacer_.add(cls, std::move(sealed), ports_.clock->now());
  if (cls == flow::Pacer::Class::Urgent) pump_media(ports_.clock->now());
}

void PeerLink::send_rtcp(const std::vector<wire::RtcpPacket>& packets) {
  if (!sealer_ || dead_ || packets.empty()) return;
  const Bytes bytes = wire::build_rtcp(packets);
  if (rtcp_.size() + bytes.size() > std::min(kMostGathered, mtu_.bytes() - kAroundRtcp)) send_gathered_rtcp();
  rtcp_.insert(rtcp_.end(), bytes.begin(), bytes.end());
  if (gathering_ == 0) send_gathered_rtcp();
}

void PeerLink::send_gathered_rtcp() {
  Bytes bytes = std::exchange(rtcp_, {});
  if (bytes.empty() || !sealer_ || dead_) return;
  if (sealer_->seal_rtcp(bytes)) send_sealed(std::move(bytes), flow::Pacer::Class::Urgent);
}

void PeerLink::tell_arrivals(LocalTime now) {
  if (auto feedback = arrivals_.poll(now)) send_rtcp({std::move(*feedback)});
}

void PeerLink::apply_rate(LocalTime now) {
  if (trace::on()) {
    trace::value("line target kbit/s", now, rate_.target_kbps());
    trace::value("line window bytes", now, static_cast<double>(rate_.send_window()));
    trace::value("line queue ms", now, std::chrono::duration<double, std::milli>(rate_.queue_delay()).count());
    trace::value("line loss %", now, rate_.loss() * 100);
    trace::value("waiting here bytes", now, static_cast<double>(pacer_.queued_bytes()));
  }
  pacer_.set_rate_kbps(rate_.pacing_kbps());
  pacer_.set_window(rate_.send_window());
  // When the line narrows at a stroke, what was made for the wide one would be all that passes for seconds. It is not sent: the
  // viewer misses its numbers, and what it held goes out as it looks then.
  const std::int64_t kbps = std::max(rate_.target_kbps(), 1);
  const nanoseconds stale = std::clamp<nanoseconds>(microseconds(kLargeRound * 8000 / kbps), kLeastStale, kMostStale);
  using Class = flow::Pacer::Class;
  const bool other_line = kbps * kOtherLine < tiles_made_kbps_ && pacer_.queued_bytes(Class::Tiles) > 0 && pacer_.delay(Class::Tiles) > kMuchWaits;
  const bool drop_tiles = pacer_.age(Class::Tiles, now) > stale || other_line;
  // Likewise pictures of video, and what is sent again of them: a key picture takes their place.
  const bool film_of_other_line = kbps * kOtherLine < video_made_kbps_ && pacer_.queued_bytes(Class::Video) > 0 && pacer_.delay() > 2 * kMuchWaits;
  const bool drop_video = pacer_.age(Class::Video, now) > kStaleVideo || pacer_.age(Class::VideoAgain, now) > kStaleVideo || film_of_other_line;
  if (drop_video) {
    const std::size_t dropped = pacer_.drop(Class::Video) + pacer_.drop(Class::VideoAgain);
    BS_LOG(Info, "media", "{} packets of video were dropped: the line takes {} kbit/s", dropped, kbps);
    if (events_.video_dropped) events_.video_dropped();
  }
  if (!drop_tiles) return;
  const std::size_t dropped = pacer_.drop(flow::Pacer::Class::Tiles);
  BS_LOG(Info, "media", "{} packets of tiles were dropped: the line takes {} kbit/s and they {}", dropped, kbps, other_line ? "were made for a wider one" : "had grown old");
}

void PeerLink::pump_media(LocalTime now) {
  const std::size_t timeouts = rate_.timeouts();
  rate_.poll(now);
  // Nothing is heard of what we sent, though the other end may still be heard: the way there alone may be dead.
  if (rate_.timeouts() != timeouts && media_) media_->probe_now();
  if (rate_.timeouts() != timeouts || rate_.loss() > kMuchLoss) mtu_.suspect(now);
  apply_rate(now);
  while (media_ && pacer_.next_deadline() <= now) {
    const std::vector<Bytes> burst = pacer_.poll(now);
    if (burst.empty()) break;
    std::vector<ByteSpan> views(burst.begin(), burst.end());
    for (const Bytes& packet : burst) {
      bytes_sent_ += packet.size();
      if (is_rtcp(packet)) continue;
      const auto header = wire::peek_rtp(packet);
      if (header && is_bulk(header->payload_type)) rate_.on_sent(header->ssrc, header->seq, packet.size(), now);
    }
    if (!unanswered_since_) unanswered_since_ = now;
    (void)media_->send(views);
  }
}

}  // namespace beside::session
