// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/flow/stun_server_leg.h"

#include <algorithm>
#include <cstring>

#include "engine/crypto/constant_time.h"
#include "engine/crypto/hash.h"

namespace beside::flow {
namespace {
// A cookie is good in its own slot and the next one: 10 to 20 s.
constexpr nanoseconds kSlot = seconds(10);
constexpr std::size_t kCookieBytes = 16;
std::int64_t slot_of(LocalTime now) { return now.time_since_epoch() / kSlot; }
}  // namespace

StunServerLeg::StunServerLeg(StunCredentials credentials, RandomFn random) : credentials_(std::move(credentials)) {
  random(cookie_key_.fill());
}

void StunServerLeg::renew(StunCredentials credentials) { next_ = std::move(credentials); }

Bytes StunServerLeg::make_cookie(std::uint64_t path, std::int64_t slot) const {
  Bytes text;
  ByteWriter w(text);
  w.u64(path);
  w.u64(static_cast<std::uint64_t>(slot));
  const auto mac = crypto::hmac_sha256(cookie_key_.reveal(), text);
  return Bytes(mac.begin(), mac.begin() + kCookieBytes);
}

bool StunServerLeg::cookie_valid(std::uint64_t path, ByteSpan cookie, LocalTime now) const {
  const std::int64_t slot = slot_of(now);
  return crypto::equal_constant_time(cookie, make_cookie(path, slot)) ||
         crypto::equal_constant_time(cookie, make_cookie(path, slot - 1));
}

bool StunServerLeg::first_use(const wire::TransactionId& id) {
  std::uint32_t words[3];
  static_assert(sizeof words == sizeof id);
  std::memcpy(words, id.data(), sizeof words);
  const std::uint32_t folded = words[0] ^ words[1] ^ words[2];
  if (std::find(seen_.begin(), seen_.end(), folded) != seen_.end()) return false;
  if (seen_.size() < kRemembered) {
    if (seen_.size() == seen_.capacity()) seen_.reserve(std::min(kRemembered, seen_.empty() ? 16 : seen_.size() * 2));
    seen_.push_back(folded);
  } else {
    seen_[seen_next_] = folded;
    seen_next_ = (seen_next_ + 1) % kRemembered;
  }
  return true;
}

StunServerLeg::Outcome StunServerLeg::receive(std::uint64_t path, ByteSpan datagram, const wire::StunMessage& message,
                                              LocalTime now) {
  if (message.cls != wire::StunClass::Request || !message.unknown_required.empty()) return {};
  if (next_ && message.username == next_->ufrag && stun_mac_valid(datagram, message, next_->password)) {
    credentials_ = std::move(*next_);
    next_.reset();
  } else if (message.username != credentials_.ufrag || !stun_mac_valid(datagram, message, credentials_.password)) {
    return {};
  }
  if (!first_use(message.transaction)) return {Verdict::Replayed, {}};

  wire::StunMessage reply;
  reply.cls = wire::StunClass::Success;
  reply.transaction = message.transaction;
  Outcome outcome;
  if (bound_ == path) {
    outcome.verdict = Verdict::Refreshed;
    last_valid_ = now;
  } else if (cookie_valid(path, message.cookie, now) ||
             (message.use_candidate && challenged_path_ == path && now - challenged_at_ < 2 * kSlot)) {
    outcome.verdict = Verdict::Bound;
    bound_ = path;
    last_valid_ = now;
    challenged_path_.reset();
  } else {
    outcome.verdict = Verdict::Challenged;
    reply.cookie = make_cookie(path, slot_of(now));
    challenged_path_ = path;
    challenged_at_ = now;
  }
  outcome.reply = wire::build_stun(reply, [this](ByteSpan covered) {
    return crypto::hmac_sha256(as_bytes(credentials_.password.reveal()), covered);
  });
  // The request holds a header, a name, an integrity and a fingerprint, so this cannot happen; it is the rule all the same.
  if (outcome.reply.size() > 3 * datagram.size()) outcome.reply.clear();
  return outcome;
}

bool StunServerLeg::poll(LocalTime now) {
  if (!bound_ || now - last_valid_ < kSilence) return false;
  bound_.reset();
  return true;
}

void StunServerLeg::path_closed(std::uint64_t path) {
  if (bound_ == path) bound_.reset();
  if (challenged_path_ == path) challenged_path_.reset();
}

}  // namespace beside::flow
