// SPDX-License-Identifier: GPL-3.0-or-later
#include "relay/helpdesk/login_guard.h"

namespace beside::relay {
namespace {

constexpr std::size_t kMostKnown = 20'000;

// An office behind one address makes honest mistakes together: more room than for one login.
constexpr ThrottleRule kSource{.free_tries = 10, .window = 60s, .first_delay = 2s, .longest_delay = 10min,
                               .forget = 10min, .most_keys = 65'536};
constexpr ThrottleRule kPair{.free_tries = 4, .window = 10min, .first_delay = 1s, .longest_delay = 5min,
                             .forget = 10min, .most_keys = 65'536};

}  // namespace

LoginGuard::LoginGuard() : sources_(kSource), pairs_(kPair) {}

std::string LoginGuard::pair_key(const std::string& login, const std::string& source) { return source + '\n' + login; }

nanoseconds LoginGuard::wait(const std::string& login, const std::string& source, LocalTime now) const {
  const std::string pair = pair_key(login, source);
  const nanoseconds own = pairs_.wait(pair, now);
  if (known_.contains(pair)) return own;
  return std::max(own, sources_.wait(source, now));
}

LoginGuard::Standing LoginGuard::standing(const std::string& login, const std::string& source) const {
  const std::string pair = pair_key(login, source);
  if (known_.contains(pair)) return Standing::Known;
  return sources_.charged(source) || pairs_.charged(pair) ? Standing::Suspect : Standing::Clean;
}

void LoginGuard::failed(const std::string& login, const std::string& source, LocalTime now) {
  pairs_.charge(pair_key(login, source), now);
  sources_.charge(source, now);
}

void LoginGuard::succeeded(const std::string& login, const std::string& source) {
  const std::string pair = pair_key(login, source);
  pairs_.forgive(pair);
  if (!known_.insert(pair).second) return;
  known_order_.push_back(pair);
  if (known_order_.size() <= kMostKnown) return;
  known_.erase(known_order_.front());
  known_order_.pop_front();
}

void LoginGuard::sweep(LocalTime now) {
  sources_.sweep(now);
  pairs_.sweep(now);
}

}  // namespace beside::relay
