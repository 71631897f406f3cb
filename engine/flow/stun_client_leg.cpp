// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/flow/stun_client_leg.h"

#include <algorithm>

#include "engine/crypto/constant_time.h"
#include "engine/crypto/hash.h"

namespace beside::flow {
namespace {
constexpr std::size_t kMaxPending = 32;  // at 20 ms a request: answers of the last 640 ms count
constexpr nanoseconds kSlower = milliseconds(5);   // each quick request is that much later than the one before, down to kEagerProbe
constexpr std::size_t kMaxCookies = 4;  // cookies echoed in a row without getting bound: then only the timer asks

wire::StunMac mac_with(const SecretText& password) {
  return [&password](ByteSpan covered) { return crypto::hmac_sha256(as_bytes(password.reveal()), covered); };
}
}  // namespace

bool stun_mac_valid(ByteSpan datagram, const wire::StunMessage& message, const SecretText& password) {
  const Bytes covered = wire::stun_mac_input(datagram, message);
  if (covered.empty() || password.empty()) return false;
  return crypto::equal_constant_time(crypto::hmac_sha256(as_bytes(password.reveal()), covered), *message.mac);
}

StunClientLeg::StunClientLeg(StunCredentials credentials, RandomFn random)
    : credentials_(std::move(credentials)), random_(std::move(random)) {}

void StunClientLeg::start(LocalTime now) {
  state_ = State::Probing;
  pending_.clear();
  cookie_.clear();
  cookies_ = 0;
  probing_ = true;
  started_at_ = next_send_ = now;
  last_answer_ = LocalTime::min();
  rtt_.reset();
}

void StunClientLeg::probe(LocalTime now, nanoseconds pace) {
  if (state_ != State::Bound || (probing_ && pace >= pace_)) return;
  probing_ = true;
  pace_ = pace;
  next_send_ = now;
}

void StunClientLeg::renew(StunCredentials credentials) { credentials_ = std::move(credentials); }

Bytes StunClientLeg::make_request(LocalTime now) {
  wire::StunMessage request;
  random_(request.transaction);
  request.username = credentials_.ufrag;
  request.cookie = std::exchange(cookie_, {});
  pending_.push_back({request.transaction, now});
  if (pending_.size() > kMaxPending) pending_.pop_front();
  return wire::build_stun(request, mac_with(credentials_.password));
}

std::optional<Bytes> StunClientLeg::poll(LocalTime now) {
  if (state_ == State::Bound && now - last_answer_ >= kSilence) {
    state_ = State::Lost;
    next_send_ = kNever;
    pending_.clear();
  }
  if (now < next_send_ || (state_ != State::Probing && state_ != State::Bound)) return std::nullopt;
  Bytes request = make_request(now);
  if (state_ == State::Bound && probing_ && pace_ < kEagerProbe) pace_ += kSlower;
  nanoseconds wait = state_ == State::Bound ? pace_ : now - started_at_ < kEagerFor ? kEagerProbe : kProbe;
  if (!probing_) {
    std::uint8_t dice = 0;
    random_({&dice, 1});
    wait = kConsent - kConsent / 10 + kConsent / 5 * dice / 255;
  }
  next_send_ = now + wait;
  return request;
}

bool StunClientLeg::receive(ByteSpan datagram, LocalTime now) {
  const auto message = wire::parse_stun(datagram);
  if (!message || message->cls != wire::StunClass::Success || !message->unknown_required.empty()) return false;
  const auto match = std::find_if(pending_.begin(), pending_.end(),
                                  [&](const Pending& p) { return p.id == message->transaction; });
  if (match == pending_.end() || !stun_mac_valid(datagram, *message, credentials_.password)) return false;
  if (state_ != State::Probing && state_ != State::Bound) return false;
  rtt_ = now - match->sent_at;
  pending_.erase(match);
  if (!message->cookie.empty()) {
    // Seen from a tuple that the relay does not use yet: prove that its answers reach us here.
    cookie_ = message->cookie;
    if (++cookies_ <= kMaxCookies) next_send_ = now;
    return true;
  }
  cookies_ = 0;
  state_ = State::Bound;
  last_answer_ = now;
  if (probing_) {
    probing_ = false;
    pace_ = kProbe;
    next_send_ = now + kConsent;
  }
  return true;
}

LocalTime StunClientLeg::next_deadline() const {
  if (state_ == State::Bound) return std::min(next_send_, last_answer_ + kSilence);
  return state_ == State::Probing ? next_send_ : kNever;
}

}  // namespace beside::flow
