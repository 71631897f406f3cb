// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <array>
#include <initializer_list>
#include <memory>

#include "engine/base/bytes.h"
#include "engine/base/result.h"
#include "engine/base/secret.h"
#include "engine/crypto/hash.h"

// CPace (draft-irtf-cfrg-cpace), suite CPACE-RISTR255-SHA512, initiator-responder form. Two people who share a short
// secret get a strong key; whoever does not share it gets one guess per run, and that guess is noticed.
namespace beside::e2e {

using CpacePoint = std::array<std::uint8_t, 32>;  // ristretto255 encoding (RFC 9496)
using CpaceTag = crypto::Digest512;
enum class CpaceRole : std::uint8_t { Initiator, Responder };

// What both sides must hold alike.
struct CpaceInputs {
  ByteSpan prs;  // the shared secret
  ByteSpan ci;   // channel identifier: who speaks to whom, over what
  ByteSpan sid;  // fresh for each run
};

// The steps one by one, for the machine below and for the draft's vectors.
// The draft's prepend_len (LEB128 length, then the bytes) of each part, joined.
Bytes lv_cat(std::initializer_list<ByteSpan> parts);
Bytes cpace_generator_string(const CpaceInputs& inputs);
CpacePoint cpace_generator(const CpaceInputs& inputs);
// scalar * point; PeerFault for a non-canonical encoding, the identity as input or as result (scalar_mult_vfy).
Result<CpacePoint> cpace_multiply(const Secret<32>& scalar, const CpacePoint& point);
// lv_cat(Ya, ADa) || lv_cat(Yb, ADb)
Bytes cpace_transcript(const CpacePoint& ya, ByteSpan ad_a, const CpacePoint& yb, ByteSpan ad_b);
Secret<64> cpace_session_key(ByteSpan sid, const CpacePoint& shared, ByteSpan transcript);
// Key confirmation: HMAC-SHA-512(SHA-512("CPaceMac" || sid || ISK), lv_cat(Y, AD)) over what the tag's sender sent.
CpaceTag cpace_tag(ByteSpan sid, const Secret<64>& session_key, const CpacePoint& share, ByteSpan ad);

// One side of one run. Wipes its scalar and keys. Thread: any, one at a time.
class Cpace {
 public:
  Cpace(CpaceRole role, const CpaceInputs& inputs, Bytes own_ad);
  const CpacePoint& share() const { return share_; }
  // Takes the other side's share. PeerFault: not a point, or the identity. Call once; on failure the run is over.
  Result<void> finish(const CpacePoint& peer_share, ByteSpan peer_ad);
  // After finish(): what proves to the other side that we hold the key.
  const CpaceTag& own_tag() const { return own_tag_; }
  // True when the other side proved it. In constant time.
  bool verify(ByteSpan peer_tag) const;

 private:
  CpaceRole role_;
  Bytes sid_, own_ad_;
  Secret<32> scalar_;
  CpacePoint share_{};
  CpaceTag own_tag_{}, peer_tag_{};
  bool finished_ = false;
};

}  // namespace beside::e2e
