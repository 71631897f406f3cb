// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/flow/rfc8867.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "tests/flow/net_sim.h"

namespace beside::test {
namespace {
using Steps = std::vector<std::pair<double, int>>;   // seconds from the start, kbit/s

VirtualNet::Path path_of(int one_way_ms, int kbps, int queue_ms) {
  VirtualNet::Path path;
  path.delay = milliseconds(one_way_ms);
  path.rate_kbps = kbps;
  path.queue_bytes = static_cast<std::size_t>(std::max(kbps * queue_ms / 8, 6000));
  return path;
}

void plan(VirtualNet& net, VirtualNet::Path path, const Steps& steps, int queue_ms) {
  for (const auto& [from, kbps] : steps) {
    path.rate_kbps = kbps;
    path.queue_bytes = static_cast<std::size_t>(std::max(kbps * queue_ms / 8, 6000));
    net.plan(NetSim::at(from), path);
  }
}

double carried_kbits(const Steps& steps, double seconds_long, int most_kbps) {
  double sum = 0;
  for (std::size_t i = 0; i < steps.size(); ++i)
    sum += std::min(steps[i].second, most_kbps) * ((i + 1 < steps.size() ? steps[i + 1].first : seconds_long) - steps[i].first);
  return sum;
}

double rise(const std::vector<int>& kbps, double from_s, double goal_kbps) {
  for (auto i = static_cast<std::size_t>(from_s * 10); i + 2 < kbps.size(); ++i)
    if (kbps[i] + kbps[i + 1] + kbps[i + 2] >= 3 * 0.9 * goal_kbps) return static_cast<double>(i + 1) / 10 - from_s;
  return 99;
}

double jain(const std::vector<double>& rates) {
  double sum = 0, squares = 0;
  for (const double r : rates) {
    sum += r;
    squares += r * r;
  }
  return squares > 0 ? sum * sum / (static_cast<double>(rates.size()) * squares) : 1;
}

NetFigures measure(NetSim& sim, std::string name, double seconds_long, double carried, std::size_t flows) {
  NetFigures f;
  f.name = std::move(name);
  f.seconds = seconds_long;
  f.queue_p50_ms = percentile(sim.queue_ms(), 0.5);
  f.queue_p95_ms = percentile(sim.queue_ms(), 0.95);
  f.queue_max_ms = percentile(sim.queue_ms(), 1);
  std::vector<float> lag;
  double delivered = 0;
  for (std::size_t i = 0; i < flows; ++i) {
    const NetSim::Media& m = sim.media(i);
    lag.insert(lag.end(), m.lag_ms.begin(), m.lag_ms.end());
    delivered += mean_kbps(m.kbps, 0, seconds_long) * seconds_long;
    double active = 0;
    for (const int kbps : m.kbps) active += kbps > 0 ? 0.1 : 0;
    f.kbps.push_back(static_cast<int>(mean_kbps(m.kbps, 0, seconds_long) * seconds_long / std::max(active, 0.1)));
  }
  f.lag_p50_ms = percentile(lag, 0.5);
  f.lag_p95_ms = percentile(lag, 0.95);
  f.lag_max_ms = percentile(lag, 1);
  f.utilisation = delivered / carried;
  f.lost = static_cast<double>(sim.there().lost()) / static_cast<double>(std::max<std::uint64_t>(1, sim.there().sent()));
  return f;
}

NetSim::MediaSetting rmcat(double from_s = 0, double until_s = 1e6) {
  NetSim::MediaSetting m;
  m.source = NetSim::Source::Frames;
  m.from = NetSim::at(from_s);
  m.until = NetSim::at(until_s);
  m.max_kbps = 1500;
  m.control.start_kbps = 300;
  m.control.min_kbps = 150;
  m.control.max_kbps = 1500;
  m.control.first_window = 12'000;
  return m;
}

NetFigures variable_capacity(std::uint64_t seed) {
  const Steps steps{{0, 1000}, {40, 2500}, {60, 600}, {80, 1000}};
  NetSim sim(seed, path_of(50, 1000, 300), path_of(50, 0, 0));
  plan(sim.there(), sim.there().path(), steps, 300);
  (void)sim.add(rmcat());
  sim.run(100);
  NetFigures f = measure(sim, "5.1 variable capacity", 100, carried_kbits(steps, 100, 1500), 1);
  f.rise_s = rise(sim.media(0).kbps, 80, 1000);
  return f;
}

NetFigures variable_two(std::uint64_t seed) {
  const Steps steps{{0, 4000}, {25, 2000}, {50, 3500}, {75, 1000}, {100, 2000}};
  NetSim sim(seed, path_of(50, 4000, 300), path_of(50, 0, 0));
  plan(sim.there(), sim.there().path(), steps, 300);
  (void)sim.add(rmcat());
  (void)sim.add(rmcat());
  sim.run(125);
  NetFigures f = measure(sim, "5.2 variable capacity, two flows", 125, carried_kbits(steps, 125, 3000), 2);
  f.fairness = jain({mean_kbps(sim.media(0).kbps, 10, 125), mean_kbps(sim.media(1).kbps, 10, 125)});
  return f;
}

NetFigures congested_feedback(std::uint64_t seed) {
  const Steps steps{{0, 2000}, {20, 1000}, {40, 500}, {60, 2000}}, back{{0, 2000}, {35, 800}, {70, 2000}};
  NetSim sim(seed, path_of(50, 2000, 300), path_of(50, 2000, 300));
  plan(sim.there(), sim.there().path(), steps, 300);
  plan(sim.back(), sim.back().path(), back, 300);
  (void)sim.add(rmcat());
  NetSim::MediaSetting other = rmcat();
  other.backwards = true;
  (void)sim.add(other);
  sim.run(100);
  return measure(sim, "5.3 congested feedback link, media both ways", 100, carried_kbits(steps, 100, 1500), 1);
}

NetFigures competing_media(std::uint64_t seed) {
  NetSim sim(seed, path_of(50, 3500, 300), path_of(50, 0, 0));
  for (int i = 0; i < 3; ++i) (void)sim.add(rmcat(i * 20, 120));
  sim.run(120);
  NetFigures f = measure(sim, "5.4 three media flows", 120, 20 * 1500 + 20 * 3000 + 80 * 3500, 3);
  f.fairness = jain({mean_kbps(sim.media(0).kbps, 50, 120), mean_kbps(sim.media(1).kbps, 50, 120), mean_kbps(sim.media(2).kbps, 50, 120)});
  return f;
}

NetFigures round_trips(std::uint64_t seed) {
  NetSim sim(seed, path_of(10, 4000, 300), path_of(10, 0, 0));
  const int one_way[] = {10, 25, 50, 100, 150};
  for (int i = 0; i < 5; ++i) {
    NetSim::MediaSetting m = rmcat(i * 10);
    m.extra_delay = milliseconds(one_way[i] - 10);
    (void)sim.add(m);
  }
  sim.run(300);
  NetFigures f = measure(sim, "5.5 round trips of 20 to 300 ms", 300, 10 * 1500 + 10 * 3000 + 280 * 4000, 5);
  std::vector<double> rates;
  for (std::size_t i = 0; i < 5; ++i) rates.push_back(mean_kbps(sim.media(i).kbps, 60, 300));
  f.fairness = jain(rates);
  return f;
}

NetFigures long_tcp(std::uint64_t seed) {
  NetSim sim(seed, path_of(50, 2000, 300), path_of(50, 0, 0));
  (void)sim.add(rmcat());
  NetSim::TcpSetting tcp;
  tcp.from = NetSim::at(5);
  const std::size_t t = sim.add(tcp);
  sim.run(120);
  NetFigures f = measure(sim, "5.6 beside a long TCP flow", 120, 2000 * 120, 1);
  const double own = mean_kbps(sim.media(0).kbps, 15, 120) * 105;
  const double theirs = static_cast<double>(sim.tcp_delivered_bytes(t)) * 8 / 1000 * 105 / 115;
  f.tcp_share = theirs / (own + theirs);
  f.utilisation += static_cast<double>(sim.tcp_delivered_bytes(t)) * 8 / 1000 / (2000 * 120);
  return f;
}

NetFigures short_tcp(std::uint64_t seed) {
  NetSim sim(seed, path_of(50, 2000, 300), path_of(50, 0, 0));
  (void)sim.add(rmcat());
  std::mt19937_64 random(seed);
  const auto uniform = [&] { return (static_cast<double>(random() >> 11) + 1) / 9007199254740993.0; };
  std::vector<std::size_t> flows;
  for (double at = 5; at < 280; at += -10 * std::log(uniform())) {
    NetSim::TcpSetting tcp;
    tcp.from = NetSim::at(at);
    tcp.bytes = static_cast<std::size_t>(100'000 + 300'000 * uniform());
    flows.push_back(sim.add(tcp));
  }
  sim.run(300);
  NetFigures f = measure(sim, "5.7 beside short TCP flows", 300, 2000 * 300, 1);
  double theirs = 0;
  for (const std::size_t t : flows) theirs += static_cast<double>(sim.tcp_delivered_bytes(t)) * 8 / 1000;
  f.tcp_share = theirs / (theirs + mean_kbps(sim.media(0).kbps, 0, 300) * 300);
  f.utilisation += theirs / (2000 * 300);
  return f;
}

NetFigures pause_and_resume(std::uint64_t seed) {
  NetSim sim(seed, path_of(50, 3500, 300), path_of(50, 0, 0));
  for (int i = 0; i < 3; ++i) {
    NetSim::MediaSetting m = rmcat();
    if (i == 0) {
      m.pause_from = NetSim::at(40);
      m.pause_until = NetSim::at(60);
    }
    (void)sim.add(m);
  }
  sim.run(120);
  NetFigures f = measure(sim, "5.8 pause and resume", 120, 100 * 3500 + 20 * 3000, 3);
  f.fairness = jain({mean_kbps(sim.media(0).kbps, 65, 120), mean_kbps(sim.media(1).kbps, 65, 120), mean_kbps(sim.media(2).kbps, 65, 120)});
  f.rise_s = rise(sim.media(0).kbps, 60, mean_kbps(sim.media(0).kbps, 80, 120));
  return f;
}
}  // namespace

NetFigures run_rfc8867(Rfc8867 which, std::uint64_t seed) {
  switch (which) {
    case Rfc8867::VariableCapacity: return variable_capacity(seed);
    case Rfc8867::VariableCapacityTwo: return variable_two(seed);
    case Rfc8867::CongestedFeedback: return congested_feedback(seed);
    case Rfc8867::CompetingMedia: return competing_media(seed);
    case Rfc8867::RoundTripFairness: return round_trips(seed);
    case Rfc8867::LongTcp: return long_tcp(seed);
    case Rfc8867::ShortTcp: return short_tcp(seed);
    case Rfc8867::PauseAndResume: return pause_and_resume(seed);
  }
  return {};
}

NetFigures run_capacity_steps(std::uint64_t seed, int rtt_ms, bool frames) {
  const Steps steps{{0, 10'000}, {20, 1000}, {40, 10'000}};
  VirtualNet::Path there = path_of(rtt_ms / 2, 10'000, 600);
  NetSim sim(seed, there, path_of(rtt_ms / 2, 0, 0));
  sim.there().plan_rate(NetSim::at(20), 1000);   // the queue's bytes stay: a box keeps its memory
  sim.there().plan_rate(NetSim::at(40), 10'000);
  NetSim::MediaSetting m;
  m.source = frames ? NetSim::Source::Frames : NetSim::Source::Always;
  (void)sim.add(m);
  sim.run(60);
  NetFigures f = measure(sim, fmt::format("10-1-10 Mbit/s, {} ms, {}", rtt_ms, frames ? "frames" : "always data"), 60, carried_kbits(steps, 60, 10'000), 1);
  f.rise_s = rise(sim.media(0).kbps, 40, 10'000);
  return f;
}

NetFigures run_narrowing(std::uint64_t seed, int before_kbps) {
  VirtualNet::Path path = path_of(20, before_kbps, 0);
  path.queue_bytes = 65'536;
  NetSim sim(seed, path, path_of(20, 0, 0));
  path.rate_kbps = 1000;
  path.delay = milliseconds(40);
  sim.there().plan(NetSim::at(3), path);
  NetSim::MediaSetting m;
  m.source = NetSim::Source::Frames;
  m.max_kbps = 50'000;
  (void)sim.add(m);
  sim.run(4.5);
  const std::size_t lags = sim.media(0).lag_ms.size();
  sim.run(10);
  NetFigures f;
  f.name = fmt::format("{} to 1 Mbit/s, 40 to 60 ms", before_kbps == 0 ? "no limit" : fmt::format("{}", before_kbps / 1000));
  f.seconds = 14.5;
  const std::vector<float> queue(sim.queue_ms().begin() + 4500, sim.queue_ms().end());
  const std::vector<float> lag(sim.media(0).lag_ms.begin() + static_cast<std::ptrdiff_t>(lags), sim.media(0).lag_ms.end());
  f.queue_p50_ms = percentile(queue, 0.5), f.queue_p95_ms = percentile(queue, 0.95), f.queue_max_ms = percentile(queue, 1);
  f.lag_p50_ms = percentile(lag, 0.5), f.lag_p95_ms = percentile(lag, 0.95), f.lag_max_ms = percentile(lag, 1);
  f.utilisation = mean_kbps(sim.media(0).kbps, 4.5, 14.5) / 1000;
  f.rise_s = rise(sim.media(0).kbps, 4, 800);
  f.kbps.push_back(static_cast<int>(mean_kbps(sim.media(0).kbps, 4.5, 14.5)));
  return f;
}

int idle_after_overflow(std::uint64_t seed) {
  VirtualNet::Path path = path_of(30, 10'000, 0);
  path.queue_bytes = 65'536;
  NetSim sim(seed, path, path_of(30, 0, 0));
  sim.there().plan_rate(NetSim::at(4), 1000);
  NetSim::MediaSetting m;
  m.source = NetSim::Source::Frames;
  m.max_kbps = 50'000;
  m.fps = 25;
  (void)sim.add(m);
  sim.run(8);
  const auto& queue = sim.queue_ms();
  auto at = std::find_if(queue.begin() + 4000, queue.end(), [](float ms) { return ms > 450; });
  at = std::find_if(at, queue.end(), [](float ms) { return ms <= 0; });
  return static_cast<int>(std::find_if(at, queue.end(), [](float ms) { return ms > 0; }) - at);
}

NetFigures run_steady(std::uint64_t seed, int rtt_ms, int kbps, double loss, int jitter_ms, bool frames) {
  VirtualNet::Path there = path_of(rtt_ms / 2, kbps, 600), back = path_of(rtt_ms / 2, 0, 0);
  there.loss = back.loss = loss;
  there.jitter = back.jitter = milliseconds(jitter_ms);
  there.jitter_reorders = back.jitter_reorders = false;
  NetSim sim(seed, there, back);
  NetSim::MediaSetting m;
  m.source = frames ? NetSim::Source::Frames : NetSim::Source::Always;
  (void)sim.add(m);
  sim.run(30);
  return measure(sim, fmt::format("{} kbit/s, {} ms, loss {:.0f} %, jitter {} ms, {}", kbps, rtt_ms, loss * 100, jitter_ms, frames ? "frames" : "always data"),
                 30, 30.0 * kbps, 1);
}

NetFigures run_two_flows(std::uint64_t seed, int rtt_ms) {
  NetSim sim(seed, path_of(rtt_ms / 2, 10'000, 600), path_of(rtt_ms / 2, 0, 0));
  NetSim::MediaSetting m;
  (void)sim.add(m);
  m.from = NetSim::at(10);
  (void)sim.add(m);
  sim.run(60);
  NetFigures f = measure(sim, fmt::format("two flows on 10 Mbit/s, {} ms", rtt_ms), 60, 600'000, 2);
  f.fairness = jain({mean_kbps(sim.media(0).kbps, 20, 60), mean_kbps(sim.media(1).kbps, 20, 60)});
  return f;
}

std::string to_json(const NetFigures& f) {
  std::string rates;
  for (const int kbps : f.kbps) rates += (rates.empty() ? "" : ",") + std::to_string(kbps);
  return fmt::format("{{\"case\":\"{}\",\"seconds\":{},\"utilisation\":{:.3f},\"queue_p50_ms\":{:.1f},\"queue_p95_ms\":{:.1f},\"queue_max_ms\":{:.0f},"
                     "\"lag_p50_ms\":{:.0f},\"lag_p95_ms\":{:.0f},\"lag_max_ms\":{:.0f},\"lost\":{:.4f},\"fairness\":{:.3f},\"rise_s\":{:.1f},"
                     "\"tcp_share\":{:.2f},\"kbps\":[{}]}}",
                     f.name, f.seconds, f.utilisation, f.queue_p50_ms, f.queue_p95_ms, f.queue_max_ms, f.lag_p50_ms, f.lag_p95_ms, f.lag_max_ms,
                     f.lost, f.fairness, f.rise_s, f.tcp_share, rates);
}

}  // namespace beside::test
