// SPDX-License-Identifier: GPL-3.0-or-later
#include "relay/core/join_guard.h"

#include "engine/crypto/hashcash.h"

namespace beside::relay {

JoinGuard::Answer JoinGuard::admit(const std::string& address_key, ByteSpan challenge, ByteSpan answer, LocalTime now) {
  const nanoseconds wait = addresses_.wait(address_key, now);
  if (wait > nanoseconds(0)) return {Verdict::Wait, wait, {}};
  if (under_attack(now)) {
    bool paid = false;
    if (challenge.size() == 16 && answer.size() == 8) {
      const auto it = challenges_.find(to_string(challenge));
      if (it != challenges_.end() && it->second.address_key == address_key && it->second.expires > now) {
        challenges_.erase(it);  // spent, right or wrong
        paid = crypto::verify_hashcash(challenge, answer, crypto::kHashcashBits);
      }
    }
    if (!paid) {
      if (challenges_.size() >= limits_.most_challenges) sweep(now);
      if (challenges_.size() >= limits_.most_challenges) return {Verdict::Wait, limits_.challenge_life, {}};
      Bytes fresh(16);
      random_(fresh);
      challenges_[to_string(fresh)] = {address_key, now + limits_.challenge_life};
      return {Verdict::NeedsWork, nanoseconds(0), std::move(fresh)};
    }
  }
  addresses_.charge(address_key, now);
  return {};
}

void JoinGuard::failed(LocalTime now) {
  failures_.push_back(now);
  // Only whether the rate is passed matters, so no more than that many are kept.
  while (failures_.size() > limits_.failures_per_minute + 1) failures_.pop_front();
}

bool JoinGuard::under_attack(LocalTime now) {
  while (!failures_.empty() && now - failures_.front() >= 60s) failures_.pop_front();
  return failures_.size() > limits_.failures_per_minute;
}

void JoinGuard::sweep(LocalTime now) {
  addresses_.sweep(now);
  std::erase_if(challenges_, [&](const auto& c) { return c.second.expires <= now; });
}

}  // namespace beside::relay
