// SPDX-License-Identifier: GPL-3.0-or-later
#include "codec/video/av1_gate.h"

#include <fmt/format.h>

#include <algorithm>

#include "engine/wire/av1.h"

namespace beside::video {
namespace {

constexpr int kMaxSide = 8192;
constexpr std::size_t kMaxSequenceBytes = 256;

// Past the end it yields zeros and sets failed().
class BitReader {
 public:
  explicit BitReader(ByteSpan data) : data_(data) {}
  std::uint32_t bits(int count) {
    std::uint32_t value = 0;
    for (int i = 0; i < count; ++i, ++at_) {
      const std::size_t byte = at_ / 8;
      if (byte >= data_.size()) failed_ = true;
      value = value << 1 | (failed_ ? 0U : data_[byte] >> (7 - at_ % 8) & 1U);
    }
    return value;
  }
  bool bit() { return bits(1) != 0; }
  bool failed() const { return failed_; }

 private:
  ByteSpan data_;
  std::size_t at_ = 0;
  bool failed_ = false;
};

}  // namespace

// 5.5.1 and 5.5.2, in their order.
Result<Av1Sequence> parse_av1_sequence(ByteSpan obu) {
  BS_PEER_CHECK(obu.size() <= kMaxSequenceBytes, "codec/av1: sequence header too long");
  const auto obus = wire::split_obus(obu);
  if (!obus) return fail(obus);
  BS_PEER_CHECK(obus->size() == 1 && obus->front().type == wire::kObuSequenceHeader, "codec/av1: not one sequence header");
  BitReader in(obus->front().payload);
  Av1Sequence out;
  out.profile = static_cast<int>(in.bits(3));
  BS_PEER_CHECK(out.profile <= 1, "codec/av1: profile");
  const bool still = in.bit(), reduced = in.bit();
  BS_PEER_CHECK(!still && !reduced, "codec/av1: still picture");
  BS_PEER_CHECK(!in.bit(), "codec/av1: timing");
  const bool display_delay = in.bit();
  BS_PEER_CHECK(in.bits(5) == 0 && in.bits(12) == 0, "codec/av1: operating points");
  if (in.bits(5) > 7) (void)in.bit();                     // level, tier
  if (display_delay && in.bit()) (void)in.bits(4);
  const int width_bits = static_cast<int>(in.bits(4)) + 1, height_bits = static_cast<int>(in.bits(4)) + 1;
  out.width = static_cast<int>(in.bits(width_bits)) + 1;
  out.height = static_cast<int>(in.bits(height_bits)) + 1;
  BS_PEER_CHECK(out.width <= kMaxSide && out.height <= kMaxSide, "codec/av1: size");
  BS_PEER_CHECK(!in.bit(), "codec/av1: frame numbers");
  (void)in.bits(3);                                       // superblocks, filter intra, edge filter
  (void)in.bits(4);                                       // compound modes, warped motion, dual filter
  BS_PEER_CHECK(!in.bit(), "codec/av1: order hints");     // without them no picture waits for another
  out.choose_screen_tools = in.bit();
  out.screen_tools = out.choose_screen_tools || in.bit();
  if (out.screen_tools) {
    out.choose_integer_mv = in.bit();
    if (!out.choose_integer_mv) (void)in.bit();
  }
  BS_PEER_CHECK(!in.bit(), "codec/av1: super-resolution");
  (void)in.bits(2);                                       // CDEF, restoration
  BS_PEER_CHECK(!in.bit(), "codec/av1: more than 8 bits");
  if (out.profile == 0) BS_PEER_CHECK(!in.bit(), "codec/av1: grey");
  if (in.bit()) {
    const std::uint32_t primaries = in.bits(8), transfer = in.bits(8), matrix = in.bits(8);
    BS_PEER_CHECK(!(primaries == 1 && transfer == 13 && matrix == 0), "codec/av1: RGB");
  }
  (void)in.bit();                                         // range
  if (out.profile == 0) (void)in.bits(2);                 // where chroma is sampled
  (void)in.bit();                                         // separate_uv_delta_q
  BS_PEER_CHECK(!in.bit(), "codec/av1: film grain");
  BS_PEER_CHECK(in.bit() && !in.failed(), "codec/av1: sequence header cut off");   // the trailing bit
  return out;
}

std::string dump_av1_sequence(const Av1Sequence& s) {
  return fmt::format("AV1 profile {} {} {}x{}{}", s.profile, s.profile == 1 ? "4:4:4" : "4:2:0", s.width, s.height, s.screen_tools ? " screen" : "");
}

Result<Av1Gate> Av1Gate::create(ByteSpan sequence_obu, int width, int height) {
  auto sequence = parse_av1_sequence(sequence_obu);
  if (!sequence) return fail(sequence);
  BS_PEER_CHECK(sequence->width == width && sequence->height == height, "codec/gate: size is not the one agreed");
  Av1Gate gate;
  gate.sequence_ = *sequence;
  gate.sequence_bytes_ = to_bytes(sequence_obu);
  return gate;
}

Result<void> Av1Gate::check(ByteSpan unit, LocalTime now) {
  BS_PEER_CHECK(limit_.take(now), "codec/gate: more than 144 pictures a second");
  auto fine = check_obus(unit);
  have_key_ = static_cast<bool>(fine);   // after a refusal what follows could refer to what was refused
  return fine;
}

Result<void> Av1Gate::check_obus(ByteSpan unit) {
  BS_PEER_CHECK(unit.size() <= kMaxUnitBytes, "codec/gate: temporal unit too long");
  const auto obus = wire::split_obus(unit);
  if (!obus) return fail(obus);
  BS_PEER_CHECK(obus->size() == 1 || obus->size() == 2, "codec/gate: number of OBUs");
  const bool with_sequence = obus->size() == 2;
  if (with_sequence) {
    const ByteSpan bytes = obus->front().whole;
    BS_PEER_CHECK(std::equal(bytes.begin(), bytes.end(), sequence_bytes_.begin(), sequence_bytes_.end()),
                  "codec/gate: sequence header is not the one agreed");
  }
  BS_PEER_CHECK(obus->back().type == wire::kObuFrame, "codec/gate: OBU type");
  auto key = check_frame(obus->back().payload);
  if (!key) return fail(key);
  BS_PEER_CHECK(*key == with_sequence, "codec/gate: key picture and sequence header belong together");
  BS_PEER_CHECK(*key || have_key_, "codec/gate: no key picture yet");
  return {};
}

// The beginning of uncompressed_header() (5.9.2), as far as what we agreed leaves it open.
Result<bool> Av1Gate::check_frame(ByteSpan payload) const {
  BitReader in(payload);
  BS_PEER_CHECK(!in.bit(), "codec/gate: an old picture shown again");
  const std::uint32_t type = in.bits(2);
  BS_PEER_CHECK(type <= 1, "codec/gate: picture type");
  BS_PEER_CHECK(in.bit(), "codec/gate: a picture that is not shown");
  const bool key = type == 0;
  if (!key) (void)in.bit();                               // error_resilient_mode; a key picture that is shown has it anyway
  (void)in.bit();                                         // disable_cdf_update
  const bool screen_tools = sequence_.choose_screen_tools ? in.bit() : sequence_.screen_tools;
  if (screen_tools && sequence_.choose_integer_mv) (void)in.bit();
  BS_PEER_CHECK(!in.bit(), "codec/gate: a size of its own");
  BS_PEER_CHECK(!in.failed(), "codec/gate: picture cut off");
  return key;
}

}  // namespace beside::video
