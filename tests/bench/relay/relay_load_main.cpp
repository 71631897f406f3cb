// SPDX-License-Identifier: GPL-3.0-or-later
// beside-relay-load beside ADDRESS TOKENS SESSIONS PID | turn PORT SESSIONS PID: load on a relay, by orders on stdin. Never installed.
//   run [seconds=3] [rate=0] [burst=1] [row=1] [bytes=1000] [both=0] [window=256]     rate: datagrams a second and sender; 0: as many as go
//   idle COUNT SECONDS                                                        more control connections that do nothing
//   quit, or end of stdin
// Answers are JSON lines: ready, run {sent, received, seconds, cpu_us_per_datagram, delay_us_p50.., pid's processor time}, idle.
#include <dirent.h>
#include <sys/resource.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <poll.h>
#include <sstream>
#include <string>

#include "engine/base/log.h"
#include "tests/bench/relay/media_load.h"

using namespace beside;
using namespace beside::bench;

namespace {

// Processor time of all threads of a process, ns.
std::uint64_t cpu_ns(const std::string& pid) {
  std::uint64_t sum = 0;
  DIR* tasks = ::opendir(("/proc/" + pid + "/task").c_str());
  if (tasks == nullptr) return 0;
  while (const dirent* task = ::readdir(tasks)) {
    if (task->d_name[0] == '.') continue;   // ".." holds the main thread once more
    std::ifstream in("/proc/" + pid + "/task/" + task->d_name + "/schedstat");
    std::uint64_t ran = 0;
    if (in >> ran) sum += ran;
  }
  ::closedir(tasks);
  return sum;
}

int complain(const std::string& why) {
  std::fprintf(stderr, "beside-relay-load: %s\n", why.c_str());
  return 1;
}

void run(MediaLoad& load, const std::string& words, const std::string& pid) {
  Traffic traffic;
  std::istringstream in(words);
  for (std::string word; in >> word;) {
    const auto equals = word.find('=');
    const std::string key = word.substr(0, equals);
    const double value = equals == std::string::npos ? 0 : std::strtod(word.c_str() + equals + 1, nullptr);
    if (key == "seconds") traffic.seconds = value;
    else if (key == "rate") traffic.per_second = value;
    else if (key == "catch_up_ms") traffic.catch_up = value / 1000;
    else if (key == "burst") traffic.burst = std::max<std::size_t>(1, static_cast<std::size_t>(value));
    else if (key == "row") traffic.row = std::max<std::size_t>(1, static_cast<std::size_t>(value));
    else if (key == "bytes") traffic.bytes = std::clamp<std::size_t>(static_cast<std::size_t>(value), 28, 1400);
    else if (key == "both") traffic.both_ways = value != 0;
    else if (key == "window") traffic.window = static_cast<std::size_t>(value);
  }
  const std::uint64_t before = cpu_ns(pid), own = cpu_ns("self");
  const Count count = load.run(traffic);
  const double own_us = static_cast<double>(cpu_ns("self") - own) / 1000;
  const double cpu_us = static_cast<double>(cpu_ns(pid) - before) / 1000;
  std::printf("{\"event\":\"run\",\"sent\":%llu,\"received\":%llu,\"seconds\":%.3f,\"cpu_us_per_datagram\":%.3f,\"cpu_share\":%.3f,\"own_cpu_share\":%.3f,"
              "\"delay_us_p50\":%u,\"delay_us_p99\":%u}\n",
              static_cast<unsigned long long>(count.sent), static_cast<unsigned long long>(count.received), count.seconds,
              cpu_us / static_cast<double>(std::max<std::uint64_t>(count.received, 1)), cpu_us / 1e6 / count.seconds, own_us / 1e6 / count.seconds, count.percentile(0.5),
              count.percentile(0.99));
  std::fflush(stdout);
}

}  // namespace

int main(int argc, char** argv) {
  const std::string system = argc > 1 ? argv[1] : "";
  const int needed = system == "beside" ? 6 : system == "turn" ? 5 : 0;
  if (needed == 0 || argc < needed) return complain("beside ADDRESS TOKENS SESSIONS PID | turn PORT SESSIONS PID");
  log::open(log::Level::Warn);
  rlimit descriptors{};
  if (::getrlimit(RLIMIT_NOFILE, &descriptors) == 0) {
    descriptors.rlim_cur = descriptors.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &descriptors);
  }
  net::Loop loop;
  std::unique_ptr<ControlLoad> control;
  std::unique_ptr<MediaLoad> load;
  const std::string pid = argv[needed - 1];
  const auto sessions = static_cast<std::size_t>(std::atoll(argv[needed - 2]));
  const LocalTime began = local_now();
  if (system == "beside") {
    auto address = wire::parse_relay_address(argv[2]);
    if (!address) return complain(address.error().detail);
    std::vector<std::string> tokens;
    std::ifstream in(argv[3]);
    for (std::string line; std::getline(in, line);)
      if (auto raw = from_base64url(line)) tokens.push_back(to_string(*raw));
    control = ControlLoad::create(loop, *address);
    if (!control) return complain("no TLS");
    auto tickets = control->make_sessions(sessions, tokens);
    if (!tickets) return complain(tickets.error().detail);
    if (auto bound = bind_beside(*tickets); bound) load = std::move(*bound);
    else return complain(bound.error().detail);
  } else {
    auto allocated = allocate_turn(static_cast<std::uint16_t>(std::atoi(argv[2])), sessions);
    if (!allocated) return complain(allocated.error().detail);
    load = std::move(*allocated);
  }
  std::printf("{\"event\":\"ready\",\"sessions\":%zu,\"seconds\":%.1f}\n", load->pairs(), std::chrono::duration<double>(local_now() - began).count());
  std::fflush(stdout);
  for (std::string line;;) {
    // Between the orders everybody stays awake: acknowledgements, pings, consent.
    for (pollfd input{0, POLLIN, 0}; ::poll(&input, 1, 0) == 0;) {
      (void)loop.run_one(50ms);
      load->refresh();
    }
    if (!std::getline(std::cin, line) || line == "quit") break;
    std::istringstream in(line);
    std::string what, rest;
    in >> what;
    std::getline(in, rest);
    if (what == "run") {
      run(*load, rest, pid);
    } else if (what == "idle" && control) {
      std::istringstream numbers(rest);
      std::size_t count = 0;
      double seconds = 60;
      numbers >> count >> seconds;
      const std::size_t up = control->make_idle(count, nanoseconds(static_cast<std::int64_t>(seconds * 1e9)), [&] { load->refresh(); });
      std::printf("{\"event\":\"idle\",\"up\":%zu,\"open\":%zu}\n", up, control->open_connections());
      std::fflush(stdout);
    } else {
      std::printf("{\"event\":\"error\",\"why\":\"no such order\"}\n");
      std::fflush(stdout);
    }
  }
  return 0;
}
