// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace beside::test {

// What a test case of RFC 8867 (or one of our own of the same kind) showed.
struct NetFigures {
  std::string name;
  double seconds = 0;
  double utilisation = 0;          // delivered by ours (and by TCP, where there is some) of what the line carried at most
  double queue_p50_ms = 0, queue_p95_ms = 0, queue_max_ms = 0;   // at the bottleneck, each ms of the run
  double lag_p50_ms = 0, lag_p95_ms = 0, lag_max_ms = 0;         // whole frames: arrival less production, all our flows
  double lost = 0;                 // 0..1 of all packets on the way there
  double fairness = 1;             // Jain's index of our flows while all are active; 1 with one flow
  double rise_s = 0;               // until 90 % of the new rate after the last step up; 0: no step, 99: never
  double tcp_share = 0;            // of what was delivered while both were active
  std::vector<int> kbps;           // each flow's mean while it was active
};

enum class Rfc8867 : std::uint8_t {
  VariableCapacity,          // 5.1
  VariableCapacityTwo,       // 5.2
  CongestedFeedback,         // 5.3
  CompetingMedia,            // 5.4
  RoundTripFairness,         // 5.5
  LongTcp,                   // 5.6, queue of 300 ms
  ShortTcp,                  // 5.7
  PauseAndResume,            // 5.8
};
constexpr int kRfc8867Cases = 8;
NetFigures run_rfc8867(Rfc8867 which, std::uint64_t seed);

// Issue 4: 10 -> 1 -> 10 Mbit/s, 20 s each, the source always has data.
NetFigures run_capacity_steps(std::uint64_t seed, int rtt_ms, bool frames);
// A wide line of `before_kbps` (0: no limit) and 40 ms becomes one of 1 Mbit/s, 80 ms and 64 kB of queue after 3 s, as when a machine
// goes from a cable to a telephone. Queue and lag are from 1.5 s after it on, 10 s long; rise: until 80 % of it are used for good.
NetFigures run_narrowing(std::uint64_t seed, int before_kbps);
// A film while 10 Mbit/s, 60 ms of round trip and 64 kB of queue become 1: ms for which the line then stands idle, after that queue.
int idle_after_overflow(std::uint64_t seed);
// A steady line of so many kbit/s, 30 s of frames.
NetFigures run_steady(std::uint64_t seed, int rtt_ms, int kbps, double loss, int jitter_ms, bool frames);
// Two flows of ours on 10 Mbit/s, the second 10 s later; 60 s.
NetFigures run_two_flows(std::uint64_t seed, int rtt_ms);
std::string to_json(const NetFigures& figures);

}  // namespace beside::test
