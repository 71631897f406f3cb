// SPDX-License-Identifier: GPL-3.0-or-later
#include "codec/video/quantiser_control.h"

#include <doctest/doctest.h>

#include <cmath>
#include <cstdint>
#include <vector>

using beside::video::QuantiserControl;

namespace {

constexpr std::int64_t kPixels = 1280 * 800;
constexpr int kFinest = 23;

// Stands for a coder: `detail` bytes a pixel at quantiser 0, halved every `steps`.
struct Coder {
  double detail = 60, steps = 3.3;
  std::size_t bytes(int quantiser) const { return static_cast<std::size_t>(std::lround(static_cast<double>(kPixels) * detail * std::exp2(-quantiser / steps))); }
};

struct Sent {
  int quantiser = 0;
  std::size_t bytes = 0;
  bool again = false;
};

Sent send(QuantiserControl& control, const Coder& coder, bool key, double change) {
  Sent out;
  out.quantiser = control.choose(key, change);
  out.bytes = coder.bytes(out.quantiser);
  for (int again = 0; const auto coarser = control.coded(key || again > 0, out.bytes); ) {
    CHECK(++again <= 2);
    out.again = true;
    out.quantiser = *coarser;
    out.bytes = coder.bytes(*coarser);
  }
  return out;
}

double mean_bytes(QuantiserControl& control, const Coder& coder, int pictures) {
  double sum = 0;
  for (int i = 0; i < pictures; ++i) sum += static_cast<double>(send(control, coder, false, 10).bytes);
  return sum / pictures;
}

}  // namespace

TEST_CASE("a film takes the bytes that it may, on lines and in films of very different kinds") {
  for (const double steps : {3.0, 4.0, 6.0}) {
    for (const double detail : {20.0, 60.0, 500.0}) {
      for (const int kbps : {1500, 7300, 20'000}) {
        CAPTURE(steps);
        CAPTURE(detail);
        CAPTURE(kbps);
        const Coder coder{detail * std::exp2(38 / steps - 38 / 3.3), steps};
        QuantiserControl control(kFinest, kPixels);
        control.set_target(kbps, 30);
        send(control, coder, true, 0);
        mean_bytes(control, coder, 30);
        const double share = kbps * 125.0 / 30;
        const double finest = static_cast<double>(coder.bytes(kFinest)), coarsest = static_cast<double>(coder.bytes(QuantiserControl::kCoarsest));
        if (finest <= share || coarsest >= share) continue;   // nothing to choose
        const double mean = mean_bytes(control, coder, 60);
        CHECK(mean > 0.93 * share);
        CHECK(mean < 1.05 * share);
      }
    }
  }
}

TEST_CASE("a line that becomes ten times narrower gets pictures for it from the first one on") {
  const Coder coder;
  QuantiserControl control(kFinest, kPixels);
  control.set_target(7300, 30);
  send(control, coder, true, 0);
  mean_bytes(control, coder, 20);
  control.set_target(730, 30);
  const double share = 730 * 125.0 / 30;
  for (int i = 0; i < 10; ++i) CHECK(static_cast<double>(send(control, coder, false, 10).bytes) <= QuantiserControl::kTooLarge * share);
  CHECK(mean_bytes(control, coder, 40) < 1.05 * share);
}

TEST_CASE("it becomes finer by a few steps a picture, and coarser at once") {
  const Coder busy, calm{4};
  QuantiserControl control(kFinest, kPixels);
  control.set_target(7300, 30);
  send(control, busy, true, 0);
  mean_bytes(control, busy, 20);
  int before = send(control, busy, false, 10).quantiser;
  for (int i = 0; i < 12; ++i) {
    const int now = send(control, calm, false, 10).quantiser;
    CHECK(before - now <= 2 * QuantiserControl::kMostFiner);
    before = now;
  }
  const int calm_quantiser = before;
  mean_bytes(control, busy, 4);
  CHECK(send(control, busy, false, 10).quantiser > calm_quantiser + 5);
}

TEST_CASE("a change of scene that is seen coming is coded coarser the first time, and teaches nothing about the pictures after it") {
  const Coder film, scene{9, 5};
  QuantiserControl control(kFinest, kPixels);
  control.set_target(7300, 30);
  send(control, scene, true, 0);   // what is not like the picture before takes as much
  mean_bytes(control, film, 30);
  const int before = send(control, film, false, 10).quantiser;
  const Sent jump = send(control, scene, false, 90);
  CHECK_FALSE(jump.again);
  CHECK(jump.quantiser >= before + 2);
  const int after = send(control, film, false, 10).quantiser;
  CHECK(std::abs(after - before) <= 3);
}

TEST_CASE("what is too large for the line is coded again, coarser, once, and not where it is coarsest already") {
  const Coder film, scene{2000};
  QuantiserControl control(kFinest, kPixels);
  control.set_target(2000, 30);
  send(control, film, true, 0);
  mean_bytes(control, film, 30);
  const Sent jump = send(control, scene, false, 10);   // nothing told of it
  CHECK(jump.again);
  CHECK(static_cast<double>(jump.bytes) < QuantiserControl::kTooLarge * 2000 * 125 / 30);
  QuantiserControl narrow(kFinest, kPixels);
  narrow.set_target(100, 30);
  send(narrow, scene, true, 0);
  CHECK_FALSE(send(narrow, scene, false, 10).again);
}

TEST_CASE("where one step less takes twenty times as much, that step is not tried with each picture") {
  QuantiserControl control(kFinest, kPixels);
  control.set_target(1000, 30);
  int again = 0;
  for (int i = 0; i < 300; ++i) {
    const int quantiser = control.choose(i == 0, 80);
    if (control.coded(i == 0, quantiser <= 51 ? 28'000 : 1000)) {
      ++again;
      CHECK_FALSE(control.coded(true, 6000));
    }
  }
  CHECK(again <= 12);
}

// A film of noise at 960x540: nothing, once libx264 takes away what is fine, and 234 kB before as a key picture.
TEST_CASE("noise is not sent as key pictures that take the line for long, on 10 Mbit/s and where that became 1") {
  QuantiserControl control(kFinest, 960 * 540);
  int large = 0;
  for (int i = 0; i < 600; ++i) {
    control.set_target(i < 300 ? 18'000 : 1100, 30);
    bool key = i == 0;
    int quantiser = control.choose(key, 80);
    const auto bytes = [&] { return static_cast<std::size_t>(key ? (quantiser < 62 ? 234'000 : 300) : quantiser <= 54 ? 217'000 : quantiser <= 58 ? 40'000 : 37); };
    while (const auto coarser = control.coded(key, bytes())) {
      key = true;
      quantiser = *coarser;
    }
    large += bytes() > 200'000;
  }
  CHECK(large <= 4);
}

TEST_CASE("what is easy is never finer than wanted, a key picture a little, and then counts as refined") {
  const Coder easy{0.05};
  QuantiserControl control(kFinest, kPixels);
  control.set_target(7300, 30);
  CHECK(send(control, easy, true, 0).quantiser >= kFinest - 3);
  for (int i = 0; i < 30; ++i) CHECK(send(control, easy, false, 0).quantiser >= kFinest);
  CHECK(control.refined());
  mean_bytes(control, Coder{500}, 3);
  CHECK_FALSE(control.refined());
}
