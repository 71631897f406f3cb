// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/wire/rtcp.h"

#include <fmt/core.h>

#include <algorithm>

namespace beside::wire {
namespace {

constexpr std::uint8_t kSr = 200, kRr = 201, kApp = 204, kRtpfb = 205, kPsfb = 206;
constexpr std::uint32_t kTileReportName = 0x4253544c;   // "BSTL"
constexpr std::uint32_t kPathProbeName = 0x42535042;    // "BSPB"
constexpr std::size_t kMaxPackets = 32, kMaxNacks = 1024, kMaxCcStreams = 64;

std::vector<ReportBlock> parse_blocks(ByteReader& in, unsigned count) {
  std::vector<ReportBlock> blocks;
  for (unsigned i = 0; i < count && !in.failed(); ++i) {
    ReportBlock b;
    b.ssrc = Ssrc{in.u32()};
    b.fraction_lost = in.u8();
    const std::uint32_t lost = in.u24();
    b.cumulative_lost = (lost & 0x800000u) != 0 ? static_cast<std::int32_t>(lost) - 0x1000000 : static_cast<std::int32_t>(lost);
    b.highest_seq = in.u32();
    b.jitter = in.u32();
    b.last_sr = in.u32();
    b.delay_since_last_sr = in.u32();
    blocks.push_back(b);
  }
  return blocks;
}

Result<Nack> parse_nack(ByteReader& in) {
  Nack nack;
  nack.sender = Ssrc{in.u32()};
  nack.media = Ssrc{in.u32()};
  while (in.remaining() >= 4) {
    const std::uint16_t pid = in.u16(), mask = in.u16();
    nack.lost.push_back(pid);
    for (unsigned bit = 0; bit < 16; ++bit)
      if ((mask >> bit & 1u) != 0) nack.lost.push_back(static_cast<std::uint16_t>(pid + bit + 1));
    BS_PEER_CHECK(nack.lost.size() <= kMaxNacks, "wire/rtcp: too many NACKs");
  }
  BS_PEER_CHECK(!in.failed() && in.remaining() == 0, "wire/rtcp: NACK length");
  return nack;
}

Result<CcFeedback> parse_cc(ByteReader& in) {
  CcFeedback f;
  f.sender = Ssrc{in.u32()};
  while (in.remaining() > 4) {
    CcStream s;
    s.ssrc = Ssrc{in.u32()};
    s.begin_seq = in.u16();
    const std::size_t count = in.u16();
    BS_PEER_CHECK(count <= 16384 && f.streams.size() < kMaxCcStreams, "wire/rtcp: feedback count");
    BS_PEER_CHECK(!in.failed() && in.remaining() >= count * 2, "wire/rtcp: feedback length");
    s.arrivals.reserve(count);
    for (std::size_t i = 0; i < count; ++i) {
      const std::uint16_t raw = in.u16();
      s.arrivals.push_back({(raw & 0x8000u) != 0, static_cast<std::uint8_t>(raw >> 13 & 3u), static_cast<std::uint16_t>(raw & 0x1FFFu)});
    }
    if (count % 2 != 0) in.skip(2);
    f.streams.push_back(std::move(s));
  }
  f.stamp = in.u32();
  BS_PEER_CHECK(!in.failed() && in.remaining() == 0, "wire/rtcp: feedback length");
  return f;
}

// Name already read. begin u16, count u16, then one bit per packet, the first in the highest bit, up to a word's border.
Result<TileReport> parse_tile_report(ByteReader& in, Ssrc sender) {
  TileReport report;
  report.sender = sender;
  report.media = Ssrc{in.u32()};
  report.begin_seq = in.u16();
  const std::size_t count = in.u16();
  BS_PEER_CHECK(!in.failed() && count <= TileReport::kMost, "wire/rtcp: tile report count");
  BS_PEER_CHECK(in.remaining() == (count + 31) / 32 * 4, "wire/rtcp: tile report length");
  report.applied.reserve(count);
  std::uint8_t bits = 0;
  for (std::size_t i = 0; i < count; ++i) {
    if (i % 8 == 0) bits = in.u8();
    report.applied.push_back((bits >> (7 - i % 8) & 1u) != 0);
  }
  return report;
}

// Name already read. nonce u32, then zeros up to the packet's length.
Result<PathProbe> parse_path_probe(ByteReader& in, Ssrc sender, bool answer) {
  PathProbe probe;
  probe.sender = sender;
  probe.answer = answer;
  probe.nonce = in.u32();
  BS_PEER_CHECK(!in.failed() && in.remaining() <= PathProbe::kMost - PathProbe::kLeast, "wire/rtcp: probe length");
  probe.bytes = static_cast<std::uint16_t>(PathProbe::kLeast + in.remaining());
  return probe;
}

// Opens a packet header and fills its length in when done.
class Framer {
 public:
  Framer(Bytes& out, unsigned count, std::uint8_t type) : out_(out), start_(out.size()), w_(out) {
    w_.u8(static_cast<std::uint8_t>(0x80 | (count & 0x1fu)));
    w_.u8(type);
    w_.u16(0);
  }
  ByteWriter& w() { return w_; }
  void finish() {
    const std::size_t words = (out_.size() - start_) / 4 - 1;
    out_[start_ + 2] = static_cast<std::uint8_t>(words >> 8);
    out_[start_ + 3] = static_cast<std::uint8_t>(words);
  }

 private:
  Bytes& out_;
  std::size_t start_;
  ByteWriter w_;
};

void put_blocks(ByteWriter& w, const std::vector<ReportBlock>& blocks) {
  for (std::size_t i = 0; i < std::min<std::size_t>(blocks.size(), 31); ++i) {
    const ReportBlock& b = blocks[i];
    w.u32(b.ssrc.value);
    w.u8(b.fraction_lost);
    w.u24(static_cast<std::uint32_t>(b.cumulative_lost) & 0xFFFFFFu);
    w.u32(b.highest_seq);
    w.u32(b.jitter);
    w.u32(b.last_sr);
    w.u32(b.delay_since_last_sr);
  }
}

struct Builder {
  Bytes& out;
  void operator()(const SenderReport& p) const {
    Framer f(out, static_cast<unsigned>(std::min<std::size_t>(p.blocks.size(), 31)), kSr);
    f.w().u32(p.sender.value);
    f.w().u64(p.ntp);
    f.w().u32(p.rtp_timestamp);
    f.w().u32(p.packets);
    f.w().u32(p.octets);
    put_blocks(f.w(), p.blocks);
    f.finish();
  }
  void operator()(const ReceiverReport& p) const {
    Framer f(out, static_cast<unsigned>(std::min<std::size_t>(p.blocks.size(), 31)), kRr);
    f.w().u32(p.sender.value);
    put_blocks(f.w(), p.blocks);
    f.finish();
  }
  void operator()(const Pli& p) const {
    Framer f(out, 1, kPsfb);
    f.w().u32(p.sender.value);
    f.w().u32(p.media.value);
    f.finish();
  }
  void operator()(const Nack& p) const {
    Framer f(out, 1, kRtpfb);
    f.w().u32(p.sender.value);
    f.w().u32(p.media.value);
    for (std::size_t i = 0; i < p.lost.size();) {
      const std::uint16_t pid = p.lost[i++];
      unsigned mask = 0;
      for (; i < p.lost.size(); ++i) {
        const unsigned ahead = static_cast<std::uint16_t>(p.lost[i] - pid);
        if (ahead < 1 || ahead > 16 || (mask >> (ahead - 1)) != 0) break;  // keeps the order asked for
        mask |= 1u << (ahead - 1);
      }
      f.w().u16(pid);
      f.w().u16(static_cast<std::uint16_t>(mask));
    }
    f.finish();
  }
  void operator()(const CcFeedback& p) const {
    Framer f(out, 11, kRtpfb);
    f.w().u32(p.sender.value);
    for (const CcStream& s : p.streams) {
      const std::size_t count = std::min<std::size_t>(s.arrivals.size(), 16384);
      f.w().u32(s.ssrc.value);
      f.w().u16(s.begin_seq);
      f.w().u16(static_cast<std::uint16_t>(count));
      for (std::size_t i = 0; i < count; ++i) {
        const CcArrival& a = s.arrivals[i];
        f.w().u16(a.received ? static_cast<std::uint16_t>(0x8000u | (a.ecn & 3u) << 13 | (a.offset & 0x1FFFu)) : std::uint16_t{0});
      }
      if (count % 2 != 0) f.w().u16(0);
    }
    f.w().u32(p.stamp);
    f.finish();
  }
  void operator()(const TileReport& p) const {
    Framer f(out, 0, kApp);
    const std::size_t count = std::min(p.applied.size(), TileReport::kMost);
    f.w().u32(p.sender.value);
    f.w().u32(kTileReportName);
    f.w().u32(p.media.value);
    f.w().u16(p.begin_seq);
    f.w().u16(static_cast<std::uint16_t>(count));
    for (std::size_t at = 0; at < (count + 31) / 32 * 32; at += 8) {
      unsigned bits = 0;
      for (std::size_t i = at; i < std::min(at + 8, count); ++i) bits |= (p.applied[i] ? 0x80u : 0u) >> (i - at);
      f.w().u8(static_cast<std::uint8_t>(bits));
    }
    f.finish();
  }
  void operator()(const PathProbe& p) const {
    Framer f(out, p.answer ? 1 : 0, kApp);
    f.w().u32(p.sender.value);
    f.w().u32(kPathProbeName);
    f.w().u32(p.nonce);
    const std::size_t bytes = std::min<std::size_t>(p.bytes / 4 * 4, PathProbe::kMost);
    for (std::size_t at = PathProbe::kLeast; at < bytes; at += 4) f.w().u32(0);
    f.finish();
  }
};

}  // namespace

Result<std::vector<RtcpPacket>> parse_rtcp(ByteSpan datagram) {
  BS_PEER_CHECK(datagram.size() >= 4 && datagram.size() <= 65536, "wire/rtcp: size");
  std::vector<RtcpPacket> out;
  ByteReader all(datagram);
  std::size_t packets = 0;
  while (all.remaining() > 0) {
    BS_PEER_CHECK(++packets <= kMaxPackets, "wire/rtcp: too many packets");
    const std::uint8_t first = all.u8(), type = all.u8();
    const std::size_t size = std::size_t{all.u16()} * 4;
    BS_PEER_CHECK(!all.failed() && first >> 6 == 2, "wire/rtcp: version");
    ByteSpan body = all.bytes(size);
    BS_PEER_CHECK(!all.failed(), "wire/rtcp: length");
    if ((first & 0x20) != 0) {  // padding: only on the last packet (RFC 3550 6.4.1)
      BS_PEER_CHECK(all.remaining() == 0 && !body.empty() && body.back() >= 1 && body.back() <= body.size(), "wire/rtcp: padding");
      body = body.first(body.size() - body.back());
    }
    const unsigned count = first & 0x1fu;
    ByteReader in(body);
    if (type == kSr) {
      SenderReport p;
      p.sender = Ssrc{in.u32()};
      p.ntp = in.u64();
      p.rtp_timestamp = in.u32();
      p.packets = in.u32();
      p.octets = in.u32();
      p.blocks = parse_blocks(in, count);
      BS_PEER_CHECK(!in.failed(), "wire/rtcp: SR length");
      out.emplace_back(std::move(p));
    } else if (type == kRr) {
      ReceiverReport p;
      p.sender = Ssrc{in.u32()};
      p.blocks = parse_blocks(in, count);
      BS_PEER_CHECK(!in.failed(), "wire/rtcp: RR length");
      out.emplace_back(std::move(p));
    } else if (type == kPsfb && count == 1) {
      Pli p;
      p.sender = Ssrc{in.u32()};
      p.media = Ssrc{in.u32()};
      BS_PEER_CHECK(!in.failed(), "wire/rtcp: PLI length");
      out.emplace_back(p);
    } else if (type == kApp && count <= 1) {
      const Ssrc sender{in.u32()};
      const std::uint32_t name = in.u32();
      if (!in.failed() && name == kPathProbeName) {
        auto probe = parse_path_probe(in, sender, count == 1);
        if (!probe) return fail(probe);
        out.emplace_back(*probe);
        continue;
      }
      if (count != 0 || name != kTileReportName) continue;   // somebody else's, or cut short: not for us
      auto report = parse_tile_report(in, sender);
      if (!report) return fail(report);
      out.emplace_back(std::move(*report));
    } else if (type == kRtpfb && count == 1) {
      auto nack = parse_nack(in);
      if (!nack) return fail(nack);
      out.emplace_back(std::move(*nack));
    } else if (type == kRtpfb && count == 11) {
      auto feedback = parse_cc(in);
      if (!feedback) return fail(feedback);
      out.emplace_back(std::move(*feedback));
    }
  }
  return out;
}

Bytes build_rtcp(std::span<const RtcpPacket> packets) {
  Bytes out;
  for (const RtcpPacket& packet : packets) std::visit(Builder{out}, packet);
  return out;
}

std::string dump_rtcp(const RtcpPacket& packet) {
  struct Dumper {
    std::string operator()(const SenderReport& p) const {
      return fmt::format("SR from {:08x} packets={} octets={} blocks={}", p.sender.value, p.packets, p.octets, p.blocks.size());
    }
    std::string operator()(const ReceiverReport& p) const {
      return fmt::format("RR from {:08x} blocks={}", p.sender.value, p.blocks.size());
    }
    std::string operator()(const Pli& p) const { return fmt::format("PLI for {:08x}", p.media.value); }
    std::string operator()(const Nack& p) const {
      return fmt::format("NACK for {:08x}: {} packets from {}", p.media.value, p.lost.size(), p.lost.empty() ? 0 : p.lost.front());
    }
    std::string operator()(const CcFeedback& p) const {
      std::string out = fmt::format("CCFB from {:08x}", p.sender.value);
      for (const CcStream& s : p.streams) out += fmt::format(" [{:08x} {}+{}]", s.ssrc.value, s.begin_seq, s.arrivals.size());
      return out;
    }
    std::string operator()(const TileReport& p) const {
      return fmt::format("tile report for {:08x}: {}+{}, {} applied", p.media.value, p.begin_seq, p.applied.size(),
                         std::count(p.applied.begin(), p.applied.end(), true));
    }
    std::string operator()(const PathProbe& p) const {
      return fmt::format("path probe {}{}, {} bytes", p.nonce, p.answer ? " answered" : "", p.bytes);
    }
  };
  return std::visit(Dumper{}, packet);
}

}  // namespace beside::wire
