// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/base/clock.h"
#include "engine/flow/feedback.h"
#include "engine/flow/pacer.h"
#include "engine/flow/scream_control.h"
#include "tests/support/virtual_net.h"

namespace beside::test {

// Flows of ours, and TCP-like ones, over one bottleneck each way, in steps of 1 ms. What a session does with the flow machines
// is done here in the plainest way: a source asks the pacer whether the line is full, the pacer is fed by the controller.
class NetSim {
 public:
  enum class Source : std::uint8_t {
    Always,    // new data whenever the line takes some
    Frames     // `fps` frames a second of the target rate, some larger and some smaller; none while the line is full
  };
  struct MediaSetting {
    Source source = Source::Always;
    LocalTime from{}, until = kNever, pause_from = kNever, pause_until = kNever;
    int max_kbps = 1'000'000, fps = 30;
    nanoseconds extra_delay{0};      // one way, both directions, on top of the path's (another round trip for this flow)
    bool backwards = false;          // media over the way back
    flow::ScreamControl::Settings control;
  };
  struct TcpSetting {
    LocalTime from{}, until = kNever;
    std::size_t bytes = 0;           // 0: for ever
  };
  struct Media {
    std::vector<int> kbps;           // delivered, per 100 ms
    std::vector<float> lag_ms;       // per whole frame (or per packet): arrival less production
    std::vector<float> delay_ms;     // per packet: arrival less sending, less the path's own delay
    std::uint64_t sent = 0, skipped = 0;
  };

  NetSim(std::uint64_t seed, VirtualNet::Path there, VirtualNet::Path back);
  ~NetSim();
  VirtualNet& there() { return there_; }
  VirtualNet& back() { return back_; }
  static LocalTime at(double seconds_from_start);
  std::size_t add(MediaSetting setting);
  std::size_t add(TcpSetting setting);
  void run(double seconds_long);
  const Media& media(std::size_t flow) const;
  const flow::ScreamControl& control(std::size_t flow) const;
  // Each ms: what a packet would wait at the bottleneck of the way there.
  const std::vector<float>& queue_ms() const { return queue_ms_; }
  std::uint64_t tcp_delivered_bytes(std::size_t flow) const;

 private:
  struct MediaFlow;
  struct TcpFlow;
  void step();
  std::mt19937_64 random_;
  VirtualNet there_, back_;
  LocalTime now_;
  std::vector<std::unique_ptr<MediaFlow>> media_;
  std::vector<std::unique_ptr<TcpFlow>> tcp_;
  std::multimap<LocalTime, std::pair<bool, Bytes>> later_;   // extra delay of single flows; true: arrives there
  std::vector<float> queue_ms_;
  std::int64_t steps_ = 0;
};

// The value that `share` (0..1) of all are at or under.
float percentile(std::vector<float> values, double share);
// Mean of delivered rates between two times from the start.
double mean_kbps(const std::vector<int>& kbps, double from_s, double until_s);

}  // namespace beside::test
