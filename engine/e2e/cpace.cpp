// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/e2e/cpace.h"

#include <sodium.h>

#include <algorithm>

#include "engine/crypto/constant_time.h"
#include "engine/crypto/random.h"

namespace beside::e2e {
namespace {

constexpr std::string_view kDsi = "CPaceRistretto255";
constexpr std::string_view kDsiIsk = "CPaceRistretto255_ISK";
constexpr std::string_view kMacLabel = "CPaceMac";
constexpr std::size_t kHashBlock = 128;  // SHA-512's input block

void append_with_length(Bytes& out, ByteSpan part) {
  std::size_t length = part.size();
  do {
    const auto low = static_cast<std::uint8_t>(length & 0x7F);
    length >>= 7;
    out.push_back(length != 0 ? low | 0x80 : low);
  } while (length != 0);
  out.insert(out.end(), part.begin(), part.end());
}

}  // namespace

Bytes lv_cat(std::initializer_list<ByteSpan> parts) {
  Bytes out;
  for (ByteSpan part : parts) append_with_length(out, part);
  return out;
}

// lv_cat(DSI, PRS, zero padding, CI, sid): the padding fills the first hash block, so that the time for hashing the
// secret does not depend on what follows it.
Bytes cpace_generator_string(const CpaceInputs& inputs) {
  Bytes head = lv_cat({as_bytes(kDsi), inputs.prs});
  const std::size_t used = head.size() + 1;
  const Bytes padding(used < kHashBlock ? kHashBlock - used : 0);
  const Bytes tail = lv_cat({padding, inputs.ci, inputs.sid});
  head.insert(head.end(), tail.begin(), tail.end());
  return head;
}

CpacePoint cpace_generator(const CpaceInputs& inputs) {
  Bytes text = cpace_generator_string(inputs);
  crypto::Digest512 hash = crypto::sha512(text);
  CpacePoint generator;
  crypto_core_ristretto255_from_hash(generator.data(), hash.data());
  wipe(text);
  wipe(hash);
  return generator;
}

Result<CpacePoint> cpace_multiply(const Secret<32>& scalar, const CpacePoint& point) {
  CpacePoint out;
  BS_PEER_CHECK(crypto_core_ristretto255_is_valid_point(point.data()) == 1, "e2e/cpace: not a point");
  BS_PEER_CHECK(sodium_is_zero(point.data(), point.size()) == 0, "e2e/cpace: identity");
  BS_PEER_CHECK(crypto_scalarmult_ristretto255(out.data(), scalar.reveal().data(), point.data()) == 0,
                "e2e/cpace: identity");
  return out;
}

Bytes cpace_transcript(const CpacePoint& ya, ByteSpan ad_a, const CpacePoint& yb, ByteSpan ad_b) {
  return lv_cat({ya, ad_a, yb, ad_b});
}

Secret<64> cpace_session_key(ByteSpan sid, const CpacePoint& shared, ByteSpan transcript) {
  Bytes input = lv_cat({as_bytes(kDsiIsk), sid, shared});
  input.insert(input.end(), transcript.begin(), transcript.end());
  crypto::Digest512 hash = crypto::sha512(input);
  Secret<64> key{ByteSpan(hash)};
  wipe(input);
  wipe(hash);
  return key;
}

CpaceTag cpace_tag(ByteSpan sid, const Secret<64>& session_key, const CpacePoint& share, ByteSpan ad) {
  Bytes input = to_bytes(as_bytes(kMacLabel));
  input.insert(input.end(), sid.begin(), sid.end());
  input.insert(input.end(), session_key.reveal().begin(), session_key.reveal().end());
  crypto::Digest512 mac_key = crypto::sha512(input);
  const CpaceTag tag = crypto::hmac_sha512(mac_key, lv_cat({share, ad}));
  wipe(input);
  wipe(mac_key);
  return tag;
}

Cpace::Cpace(CpaceRole role, const CpaceInputs& inputs, Bytes own_ad)
    : role_(role), sid_(to_bytes(inputs.sid)), own_ad_(std::move(own_ad)) {
  (void)crypto::random_u32();  // initialises libsodium
  CpacePoint generator = cpace_generator(inputs);
  for (;;) {
    crypto_core_ristretto255_scalar_random(scalar_.fill().data());
    // Only a zero scalar or an identity generator would fail; neither is ever met, but neither may pass.
    if (auto share = cpace_multiply(scalar_, generator)) {
      share_ = *share;
      break;
    }
  }
  wipe(generator);
}

Result<void> Cpace::finish(const CpacePoint& peer_share, ByteSpan peer_ad) {
  BS_ASSERT(!finished_);
  auto shared = cpace_multiply(scalar_, peer_share);
  wipe(scalar_.fill());
  if (!shared) return fail(shared);
  const bool first = role_ == CpaceRole::Initiator;
  const Bytes transcript = first ? cpace_transcript(share_, own_ad_, peer_share, peer_ad)
                                 : cpace_transcript(peer_share, peer_ad, share_, own_ad_);
  const Secret<64> key = cpace_session_key(sid_, *shared, transcript);
  wipe(*shared);
  own_tag_ = cpace_tag(sid_, key, share_, own_ad_);
  peer_tag_ = cpace_tag(sid_, key, peer_share, peer_ad);
  finished_ = true;
  return {};
}

bool Cpace::verify(ByteSpan peer_tag) const { return finished_ && crypto::equal_constant_time(peer_tag, peer_tag_); }

}  // namespace beside::e2e
