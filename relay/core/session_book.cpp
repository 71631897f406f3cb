// SPDX-License-Identifier: GPL-3.0-or-later
#include "relay/core/session_book.h"

#include <algorithm>

#include "engine/base/ids.h"
#include "engine/crypto/constant_time.h"
#include "engine/crypto/hash.h"

namespace beside::relay {
namespace {

std::int64_t ms(nanoseconds d) { return std::chrono::duration_cast<milliseconds>(d).count(); }

// RFC 8489 14.3 allows more, but a browser's ice-char set (RFC 8839 5.4) is what every client takes.
std::string random_text(const RandomFn& random, std::size_t count) {
  constexpr std::string_view kLetters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  Bytes raw(count);
  random(raw);
  std::string out;
  for (std::uint8_t byte : raw) out.push_back(kLetters[byte & 63]);
  return out;
}

}  // namespace

SessionBook::SessionBook(const TimeSource& clock, RandomFn random, Limits limits)
    : clock_(clock), random_(random), limits_(limits), locators_(random) {}

LegRecord SessionBook::make_leg(Bytes& token) {
  token.resize(32);
  random_(token);
  LegRecord leg;
  const auto digest = crypto::sha256(token);
  leg.token_sha256.assign(digest.begin(), digest.end());
  leg.ufrag = random_text(random_, 16);
  leg.stun_password = random_text(random_, 32);
  leg.ticket_expires_at = clock_.unix_ms() + ms(limits_.ticket_life);
  return leg;
}

SessionBook::Made SessionBook::create(const std::string& operator_id, nanoseconds valid, std::uint64_t client) {
  const auto waiting = std::count_if(sessions_.begin(), sessions_.end(), [&](const auto& s) {
    return s.second.record.operator_id == operator_id && s.second.record.state == SessionState::Waiting;
  });
  if (sessions_.size() >= limits_.most_sessions) return {Outcome::Busy, {}, {}};
  if (static_cast<std::size_t>(waiting) >= limits_.most_waiting_per_operator) return {Outcome::Busy, {}, {}};
  valid = valid == nanoseconds(0) ? limits_.default_valid : std::clamp<nanoseconds>(valid, 1min, 60min);

  Made made;
  std::uint8_t raw[10] = {};
  random_(raw);
  Session session;
  session.record.id = make_uuid7(clock_.unix_ms(), raw);
  session.record.operator_id = operator_id;
  session.record.locator = locators_.allocate(session.record.id);
  if (session.record.locator.empty()) return {Outcome::Busy, {}, {}};
  session.record.created_at = clock_.unix_ms();
  session.record.valid_ms = ms(valid);
  session.code_expires = clock_.now() + valid;
  Leg& leg = session.leg(Side::Operator);
  leg.exists = true;
  leg.record = make_leg(made.leg_token);
  leg.client = client;
  session.record.legs[index(Side::Operator)] = leg.record;
  made.session_id = session.record.id;
  sessions_.emplace(made.session_id, std::move(session));
  return made;
}

SessionBook::Made SessionBook::begin_join(std::string_view locator, std::uint64_t client) {
  const auto found = locators_.find(locator);
  switch (found.state) {
    case LocatorPool::State::Unknown: return {Outcome::NoSuchCode, {}, {}};
    case LocatorPool::State::Used: return {Outcome::CodeUsed, {}, {}};
    case LocatorPool::State::Expired: return {Outcome::CodeExpired, {}, {}};
    case LocatorPool::State::Live: break;
  }
  Session* session = find_mutable(found.session_id);
  if (session == nullptr) return {Outcome::NoSuchCode, {}, {}};
  if (session->code_expires <= clock_.now()) return {Outcome::CodeExpired, {}, {}};  // expire() has not run yet
  Made made;
  made.session_id = found.session_id;
  locators_.retire(locator, LocatorPool::State::Used, clock_.now());
  session->joining = true;
  Leg& leg = session->leg(Side::Customer);
  leg.record = make_leg(made.leg_token);
  leg.client = client;
  leg.absent_since = kNever;
  return made;
}

void SessionBook::commit_join(const std::string& session_id) {
  Session* session = find_mutable(session_id);
  if (session == nullptr || !session->joining) return;
  session->joining = false;
  session->record.state = SessionState::Live;
  session->record.joined_at = clock_.unix_ms();
  session->code_expires = kNever;
  session->leg(Side::Customer).exists = true;
  session->record.legs[index(Side::Customer)] = session->leg(Side::Customer).record;
}

void SessionBook::revert_join(const std::string& session_id) {
  Session* session = find_mutable(session_id);
  if (session == nullptr || !session->joining) return;
  session->joining = false;
  session->leg(Side::Customer) = Leg{};
  locators_.revive(session->record.locator);
}

SessionBook::Rejoin SessionBook::rejoin(const std::string& session_id, ByteSpan leg_token, std::uint64_t client) {
  Session* session = find_mutable(session_id);
  const auto digest = crypto::sha256(leg_token);
  if (session == nullptr) return {};
  for (Side side : {Side::Operator, Side::Customer}) {
    Leg& leg = session->leg(side);
    if (!leg.exists || !crypto::equal_constant_time(leg.record.token_sha256, digest)) continue;
    Rejoin out{Outcome::Ok, side, leg.client == client ? 0 : leg.client};
    leg.client = client;
    leg.absent_since = kNever;
    return out;
  }
  return {};
}

bool SessionBook::all_absent(const Session& session) const {
  for (const Leg& leg : session.legs) {
    if (leg.exists && leg.absent_since == kNever) return false;
  }
  return true;
}

void SessionBook::set_absent(const std::string& session_id, Side side) {
  Session* session = find_mutable(session_id);
  if (session == nullptr) return;
  session->leg(side).absent_since = clock_.now();
}

void SessionBook::set_present(const std::string& session_id, Side side, std::uint64_t client) {
  Session* session = find_mutable(session_id);
  if (session == nullptr) return;
  session->leg(side).client = client;
  session->leg(side).absent_since = kNever;
}

void SessionBook::extend_ticket(const std::string& session_id, Side side) {
  if (Session* session = find_mutable(session_id)) {
    session->leg(side).record.ticket_expires_at = clock_.unix_ms() + ms(limits_.ticket_life);
  }
}

bool SessionBook::end(const std::string& session_id, EndReason reason) {
  const auto it = sessions_.find(session_id);
  if (it == sessions_.end()) return false;
  locators_.retire_of(it->second.record.locator, session_id,
                      reason == EndReason::CodeExpired ? LocatorPool::State::Expired : LocatorPool::State::Used,
                      clock_.now());
  sessions_.erase(it);
  return true;
}

std::vector<SessionBook::Ended> SessionBook::expire() {
  const LocalTime now = clock_.now();
  std::vector<Ended> out;
  for (const auto& [id, session] : sessions_) {
    if (session.joining) continue;  // the store's answer is on its way
    if (session.code_expires <= now) {
      out.push_back({session, EndReason::CodeExpired});
      continue;
    }
    for (const Leg& leg : session.legs) {
      if (leg.absent_since != kNever && leg.absent_since + limits_.keep_absent <= now) {
        out.push_back({session, EndReason::PeerLost});
        break;
      }
    }
  }
  for (const Ended& ended : out) (void)end(ended.session.record.id, ended.reason);
  locators_.sweep(now);
  return out;
}

LocalTime SessionBook::next_deadline() const {
  LocalTime next = kNever;
  for (const auto& [id, session] : sessions_) {
    next = std::min(next, session.code_expires);
    for (const Leg& leg : session.legs) {
      if (leg.absent_since != kNever) next = std::min(next, leg.absent_since + limits_.keep_absent);
    }
  }
  return next;
}

void SessionBook::restore(const std::vector<SessionRecord>& records) {
  const LocalTime now = clock_.now();
  for (const SessionRecord& record : records) {
    if (record.state == SessionState::Ended || !record.legs[index(Side::Operator)]) continue;
    Session session;
    session.record = record;
    if (record.state == SessionState::Waiting) {
      if (!locators_.restore(record.locator, record.id)) continue;
      // A wall clock that was set back meanwhile must not make a code live longer than it was given.
      const std::int64_t left = record.created_at + record.valid_ms - clock_.unix_ms();
      session.code_expires = now + milliseconds(std::clamp<std::int64_t>(left, 0, record.valid_ms));
    }
    for (Side side : {Side::Operator, Side::Customer}) {
      if (!record.legs[index(side)]) continue;
      Leg& leg = session.leg(side);
      leg.exists = true;
      leg.record = *record.legs[index(side)];
      leg.absent_since = now;
    }
    sessions_.emplace(record.id, std::move(session));
  }
}

const SessionBook::Session* SessionBook::find(const std::string& session_id) const {
  const auto it = sessions_.find(session_id);
  return it == sessions_.end() ? nullptr : &it->second;
}

SessionBook::Session* SessionBook::find_mutable(const std::string& session_id) {
  const auto it = sessions_.find(session_id);
  return it == sessions_.end() ? nullptr : &it->second;
}

}  // namespace beside::relay
