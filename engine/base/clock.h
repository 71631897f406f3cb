// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <chrono>
#include <cstdint>

namespace beside {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::nanoseconds;
using std::chrono::seconds;
using namespace std::chrono_literals;

// Clock domains are types of their own, so that a peer's stamp is never compared with ours by accident.
template <typename Domain>
struct Clock {
  using rep = std::int64_t;
  using period = std::nano;
  using duration = nanoseconds;
  using time_point = std::chrono::time_point<Clock>;
  static constexpr bool is_steady = true;
};
using LocalTime = Clock<struct LocalDomain>::time_point;  // this machine's monotonic clock (CLOCK_MONOTONIC)
using PeerTime = Clock<struct PeerDomain>::time_point;    // the other end's monotonic clock
using MediaTime = Clock<struct MediaDomain>::time_point;  // capture time on the sender's clock

// What tells the time to a protocol machine. now() is monotonic; unix_ms() is the wall clock, for stamps that people
// read, never for expiry.
class TimeSource {
 public:
  virtual ~TimeSource() = default;
  virtual LocalTime now() const = 0;
  virtual std::int64_t unix_ms() const = 0;
};

class SystemClock final : public TimeSource {
 public:
  LocalTime now() const override;
  std::int64_t unix_ms() const override;
};

// Time that a test moves by hand.
class ManualClock final : public TimeSource {
 public:
  LocalTime now() const override { return now_; }
  std::int64_t unix_ms() const override { return unix_ms_; }
  void advance(nanoseconds by) {
    now_ += by;
    unix_ms_ += std::chrono::duration_cast<milliseconds>(by).count();
  }
  // Moves only the wall clock, as an administrator or NTP may.
  void step_wall(milliseconds by) { unix_ms_ += by.count(); }

 private:
  LocalTime now_{std::chrono::hours(1)};
  std::int64_t unix_ms_ = 1'790'000'000'000;
};

// The monotonic clock of this process.
LocalTime local_now();
std::int64_t unix_now_ms();
inline std::int64_t to_us(LocalTime t) {
  return std::chrono::duration_cast<microseconds>(t.time_since_epoch()).count();
}
constexpr LocalTime kNever = LocalTime::max();

}  // namespace beside
