// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/wire/av1.h"

#include <fmt/core.h>

#include <algorithm>

namespace beside::wire {
namespace {

// OBU header (5.3.2): forbidden, type, extension, has size, reserved.
constexpr std::uint8_t kForbidden = 0x80, kExtension = 0x04, kHasSize = 0x02, kReserved = 0x01;
// Aggregation header (payload format, 4.4): Z continues, Y will be continued, W elements, N first of a coded video sequence.
constexpr std::uint8_t kContinues = 0x80, kContinued = 0x40, kNewSequence = 0x08, kZero = 0x07;
constexpr int kMostLengthBytes = 4;   // of a leb128: enough for what we take

std::uint8_t type_of(std::uint8_t header) { return (header >> 3) & 0x0f; }

// 4.10.5. False: too long, or cut off.
bool read_length(ByteReader& in, std::size_t& length) {
  length = 0;
  for (int i = 0; i < kMostLengthBytes; ++i) {
    if (in.remaining() == 0) return false;
    const std::uint8_t byte = in.u8();
    length |= static_cast<std::size_t>(byte & 0x7f) << (7 * i);
    if ((byte & 0x80) == 0) return true;
  }
  return false;
}

void put_length(Bytes& out, std::size_t length) {
  do {
    const auto low = static_cast<std::uint8_t>(length & 0x7f);
    length >>= 7;
    out.push_back(length > 0 ? static_cast<std::uint8_t>(low | 0x80) : low);
  } while (length > 0);
}

}  // namespace

Result<std::vector<Obu>> split_obus(ByteSpan unit) {
  std::vector<Obu> out;
  ByteReader in(unit);
  while (in.remaining() > 0) {
    const std::size_t at = unit.size() - in.remaining();
    const std::uint8_t header = in.u8();
    BS_PEER_CHECK((header & (kForbidden | kExtension | kReserved)) == 0 && (header & kHasSize) != 0, "wire/av1: OBU header");
    std::size_t length = 0;
    BS_PEER_CHECK(read_length(in, length) && length <= in.remaining(), "wire/av1: OBU size");
    const std::size_t begin = unit.size() - in.remaining();
    (void)in.bytes(length);
    out.push_back({type_of(header), unit.subspan(begin, length), unit.subspan(at, begin + length - at)});
  }
  return out;
}

std::vector<Bytes> packetize_av1(ByteSpan unit, std::size_t max_payload) {
  BS_ASSERT(max_payload >= 64);
  std::vector<Bytes> out;
  const auto obus = split_obus(unit);
  if (!obus) return out;
  const bool key = std::any_of(obus->begin(), obus->end(), [](const Obu& o) { return o.type == kObuSequenceHeader; });
  for (const Obu& obu : *obus) {
    if (obu.type == kObuTemporalDelimiter || obu.type == kObuPadding || obu.type == kObuTileList) continue;
    // One element a packet (W = 1), so it needs no length; its size field goes, as the format wants it.
    const std::size_t size = 1 + obu.payload.size(), room = max_payload - 1;
    const std::size_t pieces = (size + room - 1) / room, piece = (size + pieces - 1) / pieces;
    for (std::size_t at = 0; at < size; at += piece) {
      const std::size_t end = std::min(size, at + piece);
      Bytes payload;
      payload.reserve(end - at + 1);
      payload.push_back(static_cast<std::uint8_t>((at > 0 ? kContinues : 0) | (end < size ? kContinued : 0) | 1 << 4 | (key && out.empty() ? kNewSequence : 0)));
      if (at == 0) payload.push_back(static_cast<std::uint8_t>(obu.type << 3));
      const std::size_t from = at == 0 ? 0 : at - 1;
      payload.insert(payload.end(), obu.payload.begin() + static_cast<std::ptrdiff_t>(from), obu.payload.begin() + static_cast<std::ptrdiff_t>(end - 1));
      out.push_back(std::move(payload));
    }
  }
  return out;
}

bool starts_av1_unit(ByteSpan payload) {
  if (payload.size() < 2 || (payload[0] & kContinues) != 0) return false;
  return (payload[0] & kNewSequence) != 0 || (payload[0] >> 4 & 3) == 1;
}

Result<void> Av1Assembler::end_obu() {
  const std::uint8_t header = obu_.front();
  BS_PEER_CHECK((header & (kForbidden | kExtension | kHasSize | kReserved)) == 0, "wire/av1: OBU header");
  const std::uint8_t type = type_of(header);
  BS_PEER_CHECK(type != kObuTemporalDelimiter && type != kObuTileList && type != kObuPadding, "wire/av1: OBU type");
  BS_PEER_CHECK(out_.size() + obu_.size() + kMostLengthBytes <= kMaxTemporalUnitBytes, "wire/av1: temporal unit too large");
  out_.push_back(static_cast<std::uint8_t>(header | kHasSize));
  put_length(out_, obu_.size() - 1);
  out_.insert(out_.end(), obu_.begin() + 1, obu_.end());
  obu_.clear();
  has_key_ = has_key_ || type == kObuSequenceHeader;
  return {};
}

Result<void> Av1Assembler::add(ByteSpan payload) {
  BS_PEER_CHECK(payload.size() >= 2, "wire/av1: empty payload");
  const std::uint8_t head = payload[0];
  BS_PEER_CHECK((head & kZero) == 0, "wire/av1: reserved bits");
  const bool continues = (head & kContinues) != 0, continued = (head & kContinued) != 0;
  BS_PEER_CHECK(continues == !obu_.empty(), "wire/av1: pieces out of order");
  BS_PEER_CHECK((head & kNewSequence) == 0 || (!continues && out_.empty()), "wire/av1: new sequence within a unit");
  const int elements = head >> 4 & 3;
  ByteReader in(payload.subspan(1));
  int count = 0;
  while (in.remaining() > 0) {
    ++count;
    std::size_t length = in.remaining();
    if (elements == 0 || count < elements) BS_PEER_CHECK(read_length(in, length) && length <= in.remaining(), "wire/av1: element size");
    const ByteSpan element = in.bytes(length);
    BS_PEER_CHECK(!element.empty(), "wire/av1: empty element");
    BS_PEER_CHECK(obu_.size() + element.size() <= kMaxTemporalUnitBytes, "wire/av1: OBU too large");
    obu_.insert(obu_.end(), element.begin(), element.end());
    if (in.remaining() == 0 && continued) break;
    if (auto ended = end_obu(); !ended) return ended;
  }
  BS_PEER_CHECK(elements == 0 || count == elements, "wire/av1: number of elements");
  return {};
}

Bytes Av1Assembler::take() {
  Bytes out = std::move(out_);
  clear();
  return out;
}

void Av1Assembler::clear() {
  out_.clear();
  obu_.clear();
  has_key_ = false;
}

std::string dump_obus(ByteSpan unit) {
  const auto obus = split_obus(unit);
  if (!obus) return "not OBUs";
  std::string out;
  for (const Obu& o : *obus) {
    if (!out.empty()) out += ' ';
    if (o.type == kObuSequenceHeader) out += fmt::format("sequence({})", o.payload.size());
    else if (o.type == kObuFrame) out += fmt::format("frame({})", o.payload.size());
    else out += fmt::format("type{}({})", o.type, o.payload.size());
  }
  return out;
}

}  // namespace beside::wire
