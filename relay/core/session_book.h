// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "engine/base/clock.h"
#include "relay/core/locator_pool.h"
#include "relay/core/records.h"

namespace beside::relay {

// control.SessionEnded.Reason, without the schema's header.
enum class EndReason : std::uint32_t {
  Unspecified = 0, CustomerEnded = 1, OperatorEnded = 2, CodeExpired = 3, CodeBurnt = 4, PeerLost = 5,
  RelayPolicy = 6, Error = 7,
};

// The sessions of this relay and who may be in them.
// Invariants: 1. A locator leads to at most one session, and a session takes one customer, once. 2. Expiry runs on the
// monotonic clock; the wall clock is asked only once, at restore. 3. A leg is whoever shows its token; the book keeps hashes.
//   Waiting --begin_join--> Joining --commit_join--> Live --end--> gone      Waiting --valid_ms pass--> gone (CodeExpired)
//   Joining --revert_join--> Waiting                 Live --a leg absent for 5 min--> gone (PeerLost)
// Thread: one owner. Owns its locators. Failure: outcomes are values.
class SessionBook {
 public:
  struct Limits {
    nanoseconds default_valid = 10min;
    nanoseconds ticket_life = 12h;
    nanoseconds keep_absent = 5min;
    std::size_t most_sessions = 50'000;
    std::size_t most_waiting_per_operator = 20;
  };
  struct Leg {
    bool exists = false;
    LegRecord record;
    std::uint64_t client = 0;          // who sits there, or sat there last; 0 = nobody yet
    LocalTime absent_since = kNever;   // kNever while present
  };
  struct Session {
    SessionRecord record;
    bool joining = false;
    LocalTime code_expires = kNever;
    std::array<Leg, 2> legs;
    Leg& leg(Side side) { return legs[index(side)]; }
    const Leg& leg(Side side) const { return legs[index(side)]; }
  };
  enum class Outcome { Ok, Busy, NoSuchCode, CodeUsed, CodeExpired, NoSuchSession };
  struct Made {
    Outcome outcome = Outcome::Ok;
    std::string session_id;
    Bytes leg_token;  // goes to its owner and nowhere else
  };
  struct Ended {
    Session session;  // as it was
    EndReason reason;
  };

  SessionBook(const TimeSource& clock, RandomFn random, Limits limits);

  // valid is cut to 1..60 minutes; zero = the default. `client` is in the operator's leg from now on.
  Made create(const std::string& operator_id, nanoseconds valid, std::uint64_t client);
  // The code is used up from here on; the customer's leg exists once the store has it (commit_join).
  Made begin_join(std::string_view locator, std::uint64_t client);
  void commit_join(const std::string& session_id);
  void revert_join(const std::string& session_id);
  struct Rejoin {
    Outcome outcome = Outcome::NoSuchSession;
    Side side = Side::Operator;
    std::uint64_t replaced_client = 0;  // was in that leg until now
  };
  Rejoin rejoin(const std::string& session_id, ByteSpan leg_token, std::uint64_t client);
  // The client's connection is gone or back: absence starts or ends.
  void set_absent(const std::string& session_id, Side side);
  void set_present(const std::string& session_id, Side side, std::uint64_t client);
  void extend_ticket(const std::string& session_id, Side side);
  // Forgets the session; false when it was not there.
  bool end(const std::string& session_id, EndReason reason);
  // What time has ended; those are forgotten already.
  std::vector<Ended> expire();
  // When expire() next has something to do; kNever without sessions.
  LocalTime next_deadline() const;
  // Takes what the store kept over a restart; both legs start absent.
  void restore(const std::vector<SessionRecord>& records);

  bool all_absent(const Session& session) const;
  const Session* find(const std::string& session_id) const;
  std::size_t size() const { return sessions_.size(); }
  const LocatorPool& locators() const { return locators_; }

 private:
  Session* find_mutable(const std::string& session_id);
  LegRecord make_leg(Bytes& token);
  const TimeSource& clock_;
  RandomFn random_;
  Limits limits_;
  LocatorPool locators_;
  std::unordered_map<std::string, Session> sessions_;
};

}  // namespace beside::relay
