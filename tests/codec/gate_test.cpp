// SPDX-License-Identifier: GPL-3.0-or-later
#include <doctest/doctest.h>

#include <initializer_list>
#include <string>

#include "codec/video/gate.h"
#include "tests/codec/bit_writer.h"

using namespace beside;
using namespace beside::video;

namespace {

constexpr LocalTime kStart{seconds(100)};

H264Gate good_gate() {
  auto gate = H264Gate::create(make_sps(), make_pps(), 64, 48);
  REQUIRE(gate);
  return std::move(*gate);
}
Bytes unit(std::initializer_list<Bytes> nals) {
  Bytes out;
  for (const Bytes& nal : nals) append_nal(out, nal);
  return out;
}
Bytes key_unit() { return unit({make_sps(), make_pps(), make_slice(true, 0, 0, 7)}); }

// The gate's answer to a second access unit after a good key picture.
std::string after_key(const Bytes& access_unit) {
  H264Gate gate = good_gate();
  REQUIRE(gate.check(key_unit(), kStart));
  auto result = gate.check(access_unit, kStart + 10ms);
  if (result) return "admitted";
  CHECK(result.error().kind == ErrorKind::PeerFault);
  CHECK_FALSE(gate.check(unit({make_slice(false, 0, 1, 5)}), kStart + 20ms));  // only a key picture helps now
  CHECK(gate.check(key_unit(), kStart + 30ms));
  return std::string(result.error().where);
}
std::string offered(const Bytes& sps, const Bytes& pps = make_pps(), int width = 64, int height = 48) {
  auto gate = H264Gate::create(sps, pps, width, height);
  return gate ? "admitted" : std::string(gate.error().where);
}

}  // namespace

TEST_CASE("the stream that was agreed passes the gate") {
  CHECK(offered(make_sps()) == "admitted");
  CHECK(after_key(unit({make_slice(false, 0, 1, 5)})) == "admitted");
  CHECK(after_key(unit({make_slice(false, 0, 1, 0), make_slice(false, 6, 1, 2)})) == "admitted");
  CHECK(after_key(key_unit()) == "admitted");
}

TEST_CASE("an offer that we do not play is refused with its reason") {
  CHECK(offered(make_sps({.bit_depth_minus8 = 2})) == "codec/sps: more than 8 bits of luma");
  CHECK(offered(make_sps({.frame_mbs_only = 0})) == "codec/sps: interlaced");
  CHECK(offered(make_sps({.profile = 110})) == "codec/sps: profile");
  CHECK(offered(make_sps({.chroma = 2})) == "codec/sps: chroma format");
  CHECK(offered(make_sps({.order_type = 1})) == "codec/sps: picture order type");
  CHECK(offered(make_sps({.references = 5})) == "codec/sps: too many reference frames");
  CHECK(offered(make_sps({.gaps = 1})) == "codec/sps: gaps in frame_num");
  CHECK(offered(make_sps({.mb_width = 1024, .mb_height = 1024})) == "codec/sps: too large");
  CHECK(offered(make_sps({.mb_width = 100'000'000})) == "codec/sps: too large");
  CHECK(offered(make_sps({.scaling = 1})) == "codec/sps: scaling matrix");
  CHECK(offered(make_sps({.bypass = 1})) == "codec/sps: transform bypass");
  CHECK(offered(make_sps({.mb_width = 5})) == "codec/gate: size is not the one agreed");
  CHECK(offered(make_sps(), make_pps(), 64, 47) == "codec/gate: size is not the one agreed");
  CHECK(offered(make_sps(), make_pps(1)) == "codec/pps: slice groups");
  CHECK(offered(make_sps(), make_pps(0, 1)) == "codec/pps: redundant pictures");
  CHECK(offered({}, {}) == "codec/sps: length");
  CHECK(offered(make_pps(), make_sps()) != "admitted");
  Bytes cut = make_sps();
  cut.resize(cut.size() - 1);
  CHECK(offered(cut) == "codec/sps: cut short");
}

TEST_CASE("every class of foreign access unit is refused and only a key picture helps afterwards") {
  const Bytes slice = make_slice(false, 0, 1, 5);
  CHECK(after_key({}) == "codec/annexb: no start code at the beginning");
  CHECK(after_key(Bytes(40, 0)) == "codec/annexb: no start code at the beginning");
  CHECK(after_key({0, 0, 0, 1, 0, 0, 0, 1, 0x41}) == "codec/annexb: empty NAL unit");
  CHECK(after_key(unit({{0x06, 5, 1, 0, 0x80}, slice})) == "codec/gate: NAL unit type");   // SEI
  CHECK(after_key(unit({{0x09, 0xf0}, slice})) == "codec/gate: NAL unit type");            // delimiter
  for (std::uint8_t type : {2, 3, 4, 10, 14, 19, 20, 24, 31}) {                            // data partitions, aux pictures, ...
    CHECK(after_key(unit({{static_cast<std::uint8_t>(0x60 | type), 1, 2, 3}})) == "codec/gate: NAL unit type");
  }
  CHECK(after_key(unit({make_sps({.references = 2}), slice})) == "codec/gate: SPS is not the one agreed");
  CHECK(after_key(unit({make_pps(1), slice})) == "codec/gate: PPS is not the one agreed");
  CHECK(after_key(unit({slice, make_sps()})) == "codec/gate: SPS after a slice");
  CHECK(after_key(unit({make_sps()})) == "codec/gate: no slice");
  CHECK(after_key(unit({make_slice(false, 6, 1, 5), make_slice(false, 0, 1, 5)})) == "codec/gate: first slice is not the first");
  CHECK(after_key(unit({slice, make_slice(false, 8, 1, 5), make_slice(false, 4, 1, 5)})) == "codec/gate: slices out of order");
  CHECK(after_key(unit({slice, make_slice(false, 12, 1, 5)})) == "codec/gate: slice outside of the picture");
  CHECK(after_key(unit({slice, make_slice(false, 6, 2, 5)})) == "codec/gate: slice of another picture");
  CHECK(after_key(unit({slice, make_slice(true, 6, 1, 7)})) == "codec/gate: slice of another picture");
  CHECK(after_key(unit({make_slice(false, 0, 3, 5)})) == "codec/gate: a picture is missing");
  CHECK(after_key(unit({make_slice(false, 0, 1, 6)})) == "codec/gate: slice type");        // B
  CHECK(after_key(unit({make_slice(false, 0, 1, 3)})) == "codec/gate: slice type");        // SP
  CHECK(after_key(unit({make_slice(true, 0, 0, 5)})) == "codec/gate: slice type");         // P in a key picture
  CHECK(after_key(unit({make_slice(false, 0, 1, 5, 1)})) == "codec/gate: PPS id");
  CHECK(after_key(unit({make_slice(true, 0, 4, 7)})) == "codec/gate: frame_num of a key picture");
  Bytes bad = slice;
  bad[0] |= 0x80;
  CHECK(after_key(unit({bad})) == "codec/gate: forbidden bit");
  bad = slice;
  bad[0] &= 0x1f;
  CHECK(after_key(unit({bad})) == "codec/gate: picture that nothing refers to");
  CHECK(after_key(unit({{0x41}})) == "codec/slice: length");
}

TEST_CASE("the slice counter stops long before 65,536") {
  Bytes many;
  for (int i = 0; i < 65'536; ++i) append_nal(many, make_slice(true, static_cast<std::uint32_t>(i % 12), 0, 7));
  H264Gate gate = good_gate();
  auto result = gate.check(many, kStart);
  REQUIRE_FALSE(result);
  auto big = H264Gate::create(make_sps({.mb_width = 40, .mb_height = 40}), make_pps(), 640, 640);
  REQUIRE(big);
  for (int count : {64, 65}) {
    Bytes rising;
    for (int i = 0; i < count; ++i) append_nal(rising, make_slice(true, static_cast<std::uint32_t>(i), 0, 7));
    auto answer = big->check(rising, kStart);
    CHECK(answer.has_value() == (count == 64));
    if (!answer) CHECK(answer.error().where == "codec/gate: too many slices");
  }
}

TEST_CASE("lengths and rates have their limits") {
  H264Gate gate = good_gate();
  Bytes slice = make_slice(true, 0, 0, 7);
  slice.resize(H264Gate::kMaxNalBytes, 0x55);
  CHECK(gate.check(unit({slice}), kStart));
  slice.push_back(0x55);
  CHECK(gate.check(unit({slice}), kStart).error().where == "codec/gate: NAL unit too long");
  CHECK(gate.check(Bytes(H264Gate::kMaxAccessUnitBytes + 1, 0x11), kStart).error().where == "codec/gate: access unit too long");

  H264Gate fresh = good_gate();
  for (int i = 0; i < 144; ++i) CHECK(fresh.check(key_unit(), kStart));
  CHECK(fresh.check(key_unit(), kStart).error().where == "codec/gate: more than 144 pictures a second");
  CHECK(fresh.check(key_unit(), kStart + 7ms));
  CHECK_FALSE(fresh.check(key_unit(), kStart + 7ms));
  CHECK(fresh.check(key_unit(), kStart + 1h));
}

TEST_CASE("nothing passes before a key picture, and frame_num wraps") {
  H264Gate gate = good_gate();
  CHECK(gate.check(unit({make_slice(false, 0, 0, 5)}), kStart).error().where == "codec/gate: no key picture yet");
  REQUIRE(gate.check(key_unit(), kStart));
  for (std::uint32_t i = 1; i < 40; ++i) CHECK(gate.check(unit({make_slice(false, 0, i & 15U, 5)}), kStart + 10ms * i));
}
