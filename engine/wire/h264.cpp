// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/wire/h264.h"

#include <fmt/core.h>

#include <algorithm>
#include <cstring>

namespace beside::wire {
namespace {
constexpr std::uint8_t kStapA = 24, kFuA = 28;

// Index of the next 00 00 01 at or after `from`, or the size. memchr looks for the 01, which is rare in coded data.
std::size_t find_start(ByteSpan s, std::size_t from) {
  std::size_t at = from + 2;
  while (at < s.size()) {
    const void* one = std::memchr(s.data() + at, 1, s.size() - at);
    if (one == nullptr) break;
    at = static_cast<std::size_t>(static_cast<const std::uint8_t*>(one) - s.data());
    if (s[at - 1] == 0 && s[at - 2] == 0) return at - 2;
    ++at;
  }
  return s.size();
}
}  // namespace

std::vector<ByteSpan> split_annex_b(ByteSpan stream) {
  std::vector<ByteSpan> nals;
  std::size_t at = find_start(stream, 0);
  while (at < stream.size()) {
    const std::size_t begin = at + 3;
    const std::size_t next = find_start(stream, begin);
    std::size_t end = next;
    while (end > begin && stream[end - 1] == 0) --end;  // zero_byte of the next start code, trailing_zero_8bits
    if (end > begin) nals.push_back(stream.subspan(begin, end - begin));
    at = next;
  }
  return nals;
}

std::vector<Bytes> packetize_h264(std::span<const ByteSpan> nals, std::size_t max_payload) {
  BS_ASSERT(max_payload >= 64);
  std::vector<Bytes> out;
  for (std::size_t i = 0; i < nals.size();) {
    const ByteSpan nal = nals[i];
    if (nal.empty()) {
      ++i;
      continue;
    }
    if (nal.size() > max_payload) {
      // FU-A (5.8), pieces of equal size so that they travel as one segmented send.
      const std::size_t body = nal.size() - 1, room = max_payload - 2;
      const std::size_t pieces = (body + room - 1) / room, piece = (body + pieces - 1) / pieces;
      for (std::size_t at = 1; at < nal.size(); at += piece) {
        const std::size_t size = std::min(piece, nal.size() - at);
        Bytes payload;
        payload.reserve(size + 2);
        payload.push_back(static_cast<std::uint8_t>((nal[0] & 0xe0) | kFuA));
        payload.push_back(static_cast<std::uint8_t>((at == 1 ? 0x80 : 0) | (at + size == nal.size() ? 0x40 : 0) | (nal[0] & 0x1f)));
        payload.insert(payload.end(), nal.begin() + static_cast<std::ptrdiff_t>(at), nal.begin() + static_cast<std::ptrdiff_t>(at + size));
        out.push_back(std::move(payload));
      }
      ++i;
      continue;
    }
    // As many small ones as fit share a STAP-A (5.7.1).
    std::size_t count = 0, size = 1;
    while (i + count < nals.size() && !nals[i + count].empty() && size + 2 + nals[i + count].size() <= max_payload)
      size += 2 + nals[i + count++].size();
    if (count < 2) {
      out.push_back(to_bytes(nal));
      ++i;
      continue;
    }
    Bytes payload;
    payload.reserve(size);
    std::uint8_t header = 0;  // F is the OR, NRI the maximum
    for (std::size_t k = 0; k < count; ++k)
      header = static_cast<std::uint8_t>((header & 0x80) | (nals[i + k][0] & 0x80) | std::max(header & 0x60, nals[i + k][0] & 0x60));
    payload.push_back(static_cast<std::uint8_t>(header | kStapA));
    ByteWriter w(payload);
    for (std::size_t k = 0; k < count; ++k) {
      w.u16(static_cast<std::uint16_t>(nals[i + k].size()));
      w.bytes(nals[i + k]);
    }
    out.push_back(std::move(payload));
    i += count;
  }
  return out;
}

Result<void> H264Assembler::append(ByteSpan nal) {
  const std::uint8_t type = nal_type(nal);
  BS_PEER_CHECK(type >= 1 && type <= 23, "wire/h264: NAL type");
  BS_PEER_CHECK(out_.size() + nal.size() + 4 <= kMaxAccessUnitBytes, "wire/h264: access unit too large");
  static constexpr std::array<std::uint8_t, 4> kStart{0, 0, 0, 1};
  out_.insert(out_.end(), kStart.begin(), kStart.end());
  out_.insert(out_.end(), nal.begin(), nal.end());
  if (type == 5) has_idr_ = true;
  return {};
}

Result<void> H264Assembler::add(ByteSpan payload) {
  BS_PEER_CHECK(!payload.empty(), "wire/h264: empty payload");
  const std::uint8_t type = nal_type(payload);
  if (type != kFuA) {
    BS_PEER_CHECK(!in_fragment_, "wire/h264: fragment not ended");
    if (type != kStapA) return append(payload);
    ByteReader in(payload.subspan(1));
    BS_PEER_CHECK(in.remaining() > 0, "wire/h264: empty STAP-A");
    while (in.remaining() > 0) {
      const ByteSpan nal = in.bytes(in.u16());
      BS_PEER_CHECK(!in.failed() && !nal.empty(), "wire/h264: STAP-A length");
      if (auto ok = append(nal); !ok) return ok;
    }
    return {};
  }
  BS_PEER_CHECK(payload.size() >= 3, "wire/h264: FU-A length");
  const bool start = (payload[1] & 0x80) != 0, end = (payload[1] & 0x40) != 0;
  const auto header = static_cast<std::uint8_t>((payload[0] & 0xe0) | (payload[1] & 0x1f));
  BS_PEER_CHECK(!(start && end), "wire/h264: FU-A with start and end");
  BS_PEER_CHECK(start != in_fragment_, "wire/h264: FU-A out of order");
  const ByteSpan body = payload.subspan(2);
  if (start) {
    if (auto ok = append({&header, 1}); !ok) return ok;
    fragment_header_ = header;
  }
  BS_PEER_CHECK(header == fragment_header_, "wire/h264: FU-A of another NAL");
  BS_PEER_CHECK(out_.size() + body.size() <= kMaxAccessUnitBytes, "wire/h264: access unit too large");
  out_.insert(out_.end(), body.begin(), body.end());
  in_fragment_ = !end;
  return {};
}

Bytes H264Assembler::take() {
  Bytes out = std::move(out_);
  clear();
  return out;
}

void H264Assembler::clear() {
  out_.clear();
  in_fragment_ = false;
  has_idr_ = false;
  fragment_header_ = 0;
}

std::string dump_nals(std::span<const ByteSpan> nals) {
  std::string out;
  for (const ByteSpan nal : nals) {
    const std::uint8_t type = nal_type(nal);
    const char* name = type == 1 ? "slice" : type == 5 ? "IDR" : type == 6 ? "SEI" : type == 7 ? "SPS" : type == 8 ? "PPS" : nullptr;
    if (!out.empty()) out += ' ';
    out += name != nullptr ? fmt::format("{}({})", name, nal.size()) : fmt::format("type{}({})", type, nal.size());
  }
  return out;
}

}  // namespace beside::wire
