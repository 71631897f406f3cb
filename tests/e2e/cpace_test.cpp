// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/e2e/cpace.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "engine/crypto/random.h"

using namespace beside;
using namespace beside::e2e;

namespace {

// The value of the first `"name": "hex"` behind `section` in the vectors; enough JSON for that one file.
Bytes vector_of(std::string_view section, std::string_view name) {
  static const std::string text = [] {
    std::ifstream in(std::string(BESIDE_VECTORS) + "/cpace-ristretto255.json");
    return std::string((std::istreambuf_iterator<char>(in)), {});
  }();
  std::size_t at = text.find("\"" + std::string(section) + "\":");
  REQUIRE(at != std::string::npos);
  const std::string key = "\"" + std::string(name) + "\": \"";
  at = text.find(key, at);
  REQUIRE(at != std::string::npos);
  at += key.size();
  auto value = from_hex(text.substr(at, text.find('"', at) - at));
  REQUIRE(value);
  return *value;
}
Bytes draft(std::string_view name) { return vector_of("ristretto255", name); }
CpacePoint point(ByteSpan bytes) {
  CpacePoint out{};
  REQUIRE(bytes.size() == out.size());
  std::copy(bytes.begin(), bytes.end(), out.begin());
  return out;
}

struct Side {
  Bytes prs = to_bytes(as_bytes("123456")), ci = to_bytes(as_bytes("ci")), sid = Bytes(32, 5), ad;
  CpaceInputs inputs() const { return {prs, ci, sid}; }
};

// Runs both sides with what each believes, `to_a` and `to_b` being what arrives. True when both confirm.
struct Outcome {
  bool a = false, b = false;
};
Outcome run(const Side& a, const Side& b, CpaceRole role_a = CpaceRole::Initiator, CpaceRole role_b = CpaceRole::Responder,
            const Bytes* ad_seen_by_a = nullptr, const Bytes* ad_seen_by_b = nullptr) {
  Cpace first(role_a, a.inputs(), a.ad), second(role_b, b.inputs(), b.ad);
  if (!first.finish(second.share(), ad_seen_by_a ? *ad_seen_by_a : b.ad)) return {};
  if (!second.finish(first.share(), ad_seen_by_b ? *ad_seen_by_b : a.ad)) return {};
  return {first.verify(second.own_tag()), second.verify(first.own_tag())};
}

}  // namespace

TEST_CASE("CPace gives the draft's vectors byte for byte") {
  const Bytes prs = draft("PRS"), ci = draft("CI"), sid = draft("sid"), ad_a = draft("ADa"), ad_b = draft("ADb");
  const CpacePoint g = cpace_generator({prs, ci, sid});
  CHECK(to_hex(g) == to_hex(draft("g")));
  const Secret<32> ya(draft("ya")), yb(draft("yb"));
  auto share_a = cpace_multiply(ya, g), share_b = cpace_multiply(yb, g);
  REQUIRE(share_a);
  REQUIRE(share_b);
  CHECK(to_hex(*share_a) == to_hex(draft("Ya")));
  CHECK(to_hex(*share_b) == to_hex(draft("Yb")));
  auto k_a = cpace_multiply(ya, *share_b), k_b = cpace_multiply(yb, *share_a);
  REQUIRE(k_a);
  REQUIRE(k_b);
  CHECK(to_hex(*k_a) == to_hex(draft("K")));
  CHECK(to_hex(*k_b) == to_hex(draft("K")));
  const Bytes transcript = cpace_transcript(*share_a, ad_a, *share_b, ad_b);
  CHECK(to_hex(cpace_session_key(sid, *k_a, transcript).reveal()) == to_hex(draft("ISK_IR")));
  Bytes output = to_bytes(as_bytes("CPaceSidOutput"));
  output.insert(output.end(), transcript.begin(), transcript.end());
  CHECK(to_hex(crypto::sha512(output)) == to_hex(draft("sid_output_ir")));
  // The symmetric form orders the two halves by value, larger first, behind "oc"; we do not use it, but it pins the rest.
  const Bytes half_a = lv_cat({*share_a, ad_a}), half_b = lv_cat({*share_b, ad_b});
  Bytes ordered = to_bytes(as_bytes("oc"));
  for (const Bytes& half : {std::max(half_a, half_b), std::min(half_a, half_b)})
    ordered.insert(ordered.end(), half.begin(), half.end());
  CHECK(to_hex(cpace_session_key(sid, *k_a, ordered).reveal()) == to_hex(draft("ISK_SY")));
  output = to_bytes(as_bytes("CPaceSidOutput"));
  output.insert(output.end(), ordered.begin(), ordered.end());
  CHECK(to_hex(crypto::sha512(output)) == to_hex(draft("sid_output_oc")));
}

TEST_CASE("CPace multiplies valid points and refuses the draft's invalid ones") {
  const Secret<32> s(vector_of("Valid", "s"));
  auto product = cpace_multiply(s, point(vector_of("Valid", "X")));
  REQUIRE(product);
  CHECK(to_hex(*product) == to_hex(vector_of("Valid", "G.scalar_mult_vfy(s,X)")));
  for (const char* name : {"Invalid Y1", "Invalid Y2"}) {
    auto refused = cpace_multiply(s, point(vector_of("ristretto255_points", name)));
    REQUIRE_FALSE(refused);
    CHECK(refused.error().kind == ErrorKind::PeerFault);
  }
  CHECK_FALSE(cpace_multiply(s, point(Bytes(32, 0xff))));
  CHECK_FALSE(cpace_multiply(Secret<32>(), point(vector_of("Valid", "X"))));  // zero scalar: the identity comes out
}

TEST_CASE("lengths are written as the draft's prepend_len") {
  CHECK(to_hex(lv_cat({ByteSpan{}, as_bytes("1234")})) == "000431323334");
  const Bytes long_part(128, 1);
  const Bytes joined = lv_cat({long_part});
  REQUIRE(joined.size() == 130);
  CHECK(joined[0] == 0x80);
  CHECK(joined[1] == 0x01);
}

TEST_CASE("the same inputs confirm at both sides, and each run makes new shares") {
  Side a, b;
  a.ad = to_bytes(as_bytes("A"));
  b.ad = to_bytes(as_bytes("B"));
  const Outcome outcome = run(a, b);
  CHECK(outcome.a);
  CHECK(outcome.b);
  CHECK(Cpace(CpaceRole::Initiator, a.inputs(), {}).share() != Cpace(CpaceRole::Initiator, a.inputs(), {}).share());
}

TEST_CASE("any input that differs, alone or with another, confirms at neither side") {
  Side a, b;
  a.ad = to_bytes(as_bytes("A"));
  b.ad = to_bytes(as_bytes("B"));
  Bytes a_as_seen = to_bytes(as_bytes("a")), b_as_seen = to_bytes(as_bytes("b"));
  for (unsigned changed = 1; changed < 32; ++changed) {
    CAPTURE(changed);
    Side other = b;
    if (changed & 1) other.prs.back() ^= 1;
    if (changed & 2) other.ci.push_back('x');
    if (changed & 4) other.sid[31] ^= 1;
    const Outcome outcome = run(a, other, CpaceRole::Initiator, CpaceRole::Responder, changed & 8 ? &b_as_seen : nullptr,
                                changed & 16 ? &a_as_seen : nullptr);
    CHECK_FALSE(outcome.a);
    CHECK_FALSE(outcome.b);
  }
}

TEST_CASE("two sides of the same role never confirm, nor does a side with its own reflection") {
  Side a, b;
  a.ad = to_bytes(as_bytes("A"));
  b.ad = to_bytes(as_bytes("B"));
  for (CpaceRole role : {CpaceRole::Initiator, CpaceRole::Responder}) {
    const Outcome outcome = run(a, b, role, role);
    CHECK_FALSE(outcome.a);
    CHECK_FALSE(outcome.b);
  }
  Cpace alone(CpaceRole::Initiator, a.inputs(), a.ad), twin(CpaceRole::Initiator, a.inputs(), a.ad);
  REQUIRE(alone.finish(twin.share(), a.ad));
  REQUIRE(twin.finish(alone.share(), a.ad));
  CHECK_FALSE(alone.verify(twin.own_tag()));
}

TEST_CASE("a tag is right only whole") {
  Side s;
  Cpace a(CpaceRole::Initiator, s.inputs(), {}), b(CpaceRole::Responder, s.inputs(), {});
  CHECK_FALSE(a.verify(Bytes(64, 0)));  // before the other share came nothing is right, not even zeros
  REQUIRE(a.finish(b.share(), {}));
  REQUIRE(b.finish(a.share(), {}));
  CHECK(a.verify(b.own_tag()));
  for (std::size_t i = 0; i < 64; ++i) {
    CpaceTag bad = b.own_tag();
    bad[i] ^= 0x10;
    CHECK_FALSE(a.verify(bad));
    CHECK_FALSE(a.verify(ByteSpan(b.own_tag()).first(i)));
  }
}
