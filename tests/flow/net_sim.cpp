// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/flow/net_sim.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "engine/wire/rtp.h"

namespace beside::test {
namespace {
constexpr std::size_t kPacket = 1200;
constexpr std::uint8_t kMedia = 'M', kFeedback = 'F', kTcp = 'T', kTcpAck = 'A';
const LocalTime kStart(seconds(1000));

// Every datagram begins with its kind and its flow's number; media then has sequence number, frame number, production time
// and sending time.
Bytes begin(std::uint8_t kind, std::size_t flow) {
  Bytes out;
  out.reserve(kPacket);
  out.push_back(kind);
  out.push_back(static_cast<std::uint8_t>(flow));
  return out;
}
}  // namespace

LocalTime NetSim::at(double s) { return kStart + nanoseconds(static_cast<std::int64_t>(s * 1e9)); }

struct NetSim::MediaFlow {
  MediaSetting setting;
  flow::ScreamControl control;
  flow::Pacer pacer;
  flow::FeedbackCollector collector{Ssrc{99}};
  Media result;
  Ssrc ssrc;
  SeqNo seq{1};
  std::uint32_t frame = 0;
  LocalTime frame_due{};
  struct Frame { std::size_t left = 0; LocalTime made{}; };
  std::map<std::uint32_t, Frame> open;   // frames on the way
  std::size_t bytes_100ms = 0;
  explicit MediaFlow(const MediaSetting& s) : setting(s), control(s.control) {}

  bool active(LocalTime now) const {
    return now >= setting.from && now < setting.until && !(now >= setting.pause_from && now < setting.pause_until);
  }
  void make_frame(std::size_t number, std::size_t bytes, LocalTime now) {
    ++frame;
    const std::size_t packets = std::max<std::size_t>(1, (bytes + kPacket - 1) / kPacket);
    open[frame] = {packets, now};
    for (std::size_t i = 0; i < packets; ++i) {
      Bytes packet = begin(kMedia, number);
      ByteWriter w(packet);
      w.u16(seq.value);
      w.u32(frame);
      w.u64(static_cast<std::uint64_t>(now.time_since_epoch().count()));
      w.u8(i + 1 == packets ? 1 : 0);
      packet.resize(i + 1 < packets ? kPacket : std::max<std::size_t>(64, bytes - i * kPacket));
      (void)pacer.add(flow::Pacer::Class::Video, std::move(packet));
      seq = seq.next();
    }
  }
  void produce(std::size_t number, std::mt19937_64& random, LocalTime now) {
    if (!active(now)) return;
    const int kbps = std::min(control.target_kbps(), setting.max_kbps);
    if (setting.source == Source::Always) {
      if (!pacer.full() && pacer.queued_bytes() < 2 * kPacket) make_frame(number, 4 * kPacket, now);
      return;
    }
    if (now < frame_due) return;
    frame_due = std::max(frame_due + nanoseconds(1'000'000'000 / setting.fps), now);
    if (pacer.full()) {
      ++result.skipped;
      return;
    }
    const double size = kbps * 125.0 / setting.fps;
    // As an encoder does: between 70 % and 130 %.
    const double factor = 0.7 + 0.6 * static_cast<double>(random() >> 11) / 9007199254740992.0;
    make_frame(number, static_cast<std::size_t>(size * factor), now);
  }
};

// A loss-based flow with selective acknowledgements, as TCP Reno behaves in the large: slow start, one packet a round trip,
// half after a loss, a time-out of a second.
struct NetSim::TcpFlow {
  TcpSetting setting;
  double window = 10, threshold = 1e9;
  std::uint32_t next = 1;
  std::map<std::uint32_t, LocalTime> flying;
  std::uint32_t recover = 0;
  LocalTime heard{};
  std::uint64_t delivered = 0, sent_bytes = 0;

  void on_ack(std::uint32_t number, LocalTime now) {
    heard = now;
    if (flying.erase(number) == 0) return;
    window += window < threshold ? 1 : 1 / window;
    while (!flying.empty() && flying.begin()->first + 3 < number) {
      const std::uint32_t lost = flying.begin()->first;
      flying.erase(flying.begin());
      sent_bytes -= std::min<std::uint64_t>(sent_bytes, 1500);   // sent again later
      if (lost < recover) continue;
      recover = next;
      threshold = window = std::max(2.0, window / 2);
    }
  }
};

NetSim::NetSim(std::uint64_t seed, VirtualNet::Path there, VirtualNet::Path back)
    : random_(seed), there_(seed * 3 + 1, there), back_(seed * 3 + 2, back), now_(kStart) {}
NetSim::~NetSim() = default;

std::size_t NetSim::add(MediaSetting setting) {
  media_.push_back(std::make_unique<MediaFlow>(setting));
  media_.back()->ssrc = Ssrc{static_cast<std::uint32_t>(media_.size())};
  return media_.size() - 1;
}
std::size_t NetSim::add(TcpSetting setting) {
  tcp_.push_back(std::make_unique<TcpFlow>());
  tcp_.back()->setting = setting;
  return tcp_.size() - 1;
}
const NetSim::Media& NetSim::media(std::size_t flow) const { return media_[flow]->result; }
const flow::ScreamControl& NetSim::control(std::size_t flow) const { return media_[flow]->control; }
std::uint64_t NetSim::tcp_delivered_bytes(std::size_t flow) const { return tcp_[flow]->delivered; }

void NetSim::run(double seconds_long) {
  for (auto end = static_cast<std::int64_t>(seconds_long * 1000); end > 0; --end) step();
}

void NetSim::step() {
  const auto put = [&](bool forwards, Bytes datagram) { (forwards ? there_ : back_).send(std::move(datagram), now_); };
  for (std::size_t i = 0; i < media_.size(); ++i) {
    MediaFlow& f = *media_[i];
    f.control.poll(now_);
    f.pacer.set_rate_kbps(std::min(f.control.pacing_kbps(), f.setting.max_kbps * 3 / 2));
    f.pacer.set_window(f.control.send_window());
    f.produce(i, random_, now_);
    while (f.pacer.next_deadline() <= now_) {
      auto burst = f.pacer.poll(now_);
      if (burst.empty()) break;
      for (Bytes& packet : burst) {
        ByteReader in(ByteSpan(packet).subspan(2));
        f.control.on_sent(f.ssrc, SeqNo{in.u16()}, packet.size(), now_);
        ++f.result.sent;
        Bytes stamp;
        ByteWriter w(stamp);
        w.u64(static_cast<std::uint64_t>(now_.time_since_epoch().count()));
        std::copy(stamp.begin(), stamp.end(), packet.begin() + 20);
        put(!f.setting.backwards, std::move(packet));
      }
      f.produce(i, random_, now_);
    }
  }
  for (std::size_t i = 0; i < tcp_.size(); ++i) {
    TcpFlow& f = *tcp_[i];
    if (now_ < f.setting.from || now_ >= f.setting.until) continue;
    if (!f.flying.empty() && now_ - f.heard > seconds(1)) {
      f.flying.clear();
      f.threshold = std::max(2.0, f.window / 2);
      f.window = 2;
      f.heard = now_;
    }
    while (static_cast<double>(f.flying.size()) < f.window && (f.setting.bytes == 0 || f.sent_bytes < f.setting.bytes)) {
      if (f.flying.empty()) f.heard = now_;
      Bytes packet = begin(kTcp, i);
      ByteWriter(packet).u32(f.next);
      packet.resize(1500);
      f.flying[f.next++] = now_;
      f.sent_bytes += 1500;
      put(true, std::move(packet));
    }
  }
  const auto take = [&](bool there, const Bytes& datagram) {
    ByteReader in{ByteSpan(datagram)};
    const std::uint8_t kind = in.u8();
    const std::size_t number = in.u8();
    if (kind == kMedia) {
      MediaFlow& f = *media_[number];
      const SeqNo seq{in.u16()};
      const std::uint32_t frame = in.u32();
      (void)in.u64();
      const bool last = in.u8() != 0;
      ByteReader stamp(ByteSpan(datagram).subspan(20));
      const LocalTime sent(nanoseconds(static_cast<std::int64_t>(stamp.u64())));
      const auto& path = f.setting.backwards ? back_.path() : there_.path();
      f.result.delay_ms.push_back(static_cast<float>((now_ - sent - path.delay - f.setting.extra_delay).count()) / 1e6f);
      f.bytes_100ms += datagram.size();
      f.collector.on_packet(f.ssrc, seq, last && f.setting.source == Source::Frames, now_);
      if (const auto it = f.open.find(frame); it != f.open.end() && --it->second.left == 0) {
        f.result.lag_ms.push_back(static_cast<float>((now_ - it->second.made).count()) / 1e6f);
        f.open.erase(f.open.begin(), std::next(it));
      }
    } else if (kind == kFeedback) {
      MediaFlow& f = *media_[number];
      if (const auto packets = wire::parse_rtcp(ByteSpan(datagram).subspan(2)))
        for (const auto& packet : *packets)
          if (const auto* feedback = std::get_if<wire::CcFeedback>(&packet)) f.control.on_feedback(*feedback, now_);
    } else if (kind == kTcp) {
      tcp_[number]->delivered += datagram.size();
      Bytes ack = begin(kTcpAck, number);
      ByteWriter(ack).u32(in.u32());
      ack.resize(60);
      put(false, std::move(ack));
    } else if (kind == kTcpAck) {
      tcp_[number]->on_ack(in.u32(), now_);
    }
    (void)there;
  };
  const auto arrive = [&](bool there, Bytes datagram) {
    const bool ours = datagram[0] == kMedia || datagram[0] == kFeedback;
    const nanoseconds extra = ours ? media_[datagram[1]]->setting.extra_delay : nanoseconds(0);
    if (extra > nanoseconds(0)) later_.emplace(now_ + extra, std::pair(there, std::move(datagram)));
    else take(there, datagram);
  };
  for (Bytes& datagram : there_.arrivals(now_)) arrive(true, std::move(datagram));
  for (Bytes& datagram : back_.arrivals(now_)) arrive(false, std::move(datagram));
  while (!later_.empty() && later_.begin()->first <= now_) {
    const auto [there, datagram] = std::move(later_.begin()->second);
    later_.erase(later_.begin());
    take(there, datagram);
  }
  for (std::size_t i = 0; i < media_.size(); ++i) {
    MediaFlow& f = *media_[i];
    if (const auto feedback = f.collector.poll(now_)) {
      Bytes datagram = begin(kFeedback, i);
      const std::vector<wire::RtcpPacket> packets{*feedback};
      const Bytes rtcp = wire::build_rtcp(packets);
      datagram.insert(datagram.end(), rtcp.begin(), rtcp.end());
      put(f.setting.backwards, std::move(datagram));
    }
    if (steps_ % 100 == 99) {
      f.result.kbps.push_back(static_cast<int>(f.bytes_100ms * 8 / 100));
      f.bytes_100ms = 0;
    }
  }
  queue_ms_.push_back(static_cast<float>(there_.queueing_delay().count()) / 1e6f);
  now_ += milliseconds(1);
  ++steps_;
}

float percentile(std::vector<float> values, double share) {
  if (values.empty()) return 0;
  const auto n = static_cast<std::size_t>(share * static_cast<double>(values.size() - 1));
  std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(n), values.end());
  return values[n];
}

double mean_kbps(const std::vector<int>& kbps, double from_s, double until_s) {
  const auto from = static_cast<std::size_t>(from_s * 10 + 0.5), until = std::min(static_cast<std::size_t>(until_s * 10 + 0.5), kbps.size());
  double sum = 0;
  for (std::size_t i = from; i < until; ++i) sum += kbps[i];
  return until > from ? sum / static_cast<double>(until - from) : 0;
}

}  // namespace beside::test
