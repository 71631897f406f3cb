// SPDX-License-Identifier: GPL-3.0-or-later
// Congestion control on the virtual network: RFC 8867's test cases and the issue's own, one JSON line each. Usage: rfc8867_bench [seed].
#include <cstdio>
#include <cstdlib>

#include "tests/flow/rfc8867.h"

int main(int argc, char** argv) {
  using namespace beside::test;
  const std::uint64_t seed = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 1;
  const auto print = [](const NetFigures& figures) { std::puts(to_json(figures).c_str()); };
  for (int i = 0; i < kRfc8867Cases; ++i) print(run_rfc8867(static_cast<Rfc8867>(i), seed));
  for (const int rtt : {20, 40, 100}) {
    print(run_capacity_steps(seed, rtt, false));
    print(run_capacity_steps(seed, rtt, true));
  }
  for (const int before : {0, 10'000}) print(run_narrowing(seed, before));
  for (const int rtt : {20, 80}) print(run_two_flows(seed, rtt));
  print(run_steady(seed, 80, 1000, 0, 0, true));
  print(run_steady(seed, 80, 300, 0, 0, true));
  print(run_steady(seed, 40, 10'000, 0.02, 0, false));
  print(run_steady(seed, 40, 20'000, 0.01, 0, false));
  print(run_steady(seed, 80, 10'000, 0.10, 0, false));
  print(run_steady(seed, 40, 10'000, 0, 30, false));
  return 0;
}
