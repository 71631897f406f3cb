// SPDX-License-Identifier: GPL-3.0-or-later
#include <doctest/doctest.h>

#include "ui/kit/redraw.h"

using namespace beside;
using namespace beside::kit;

TEST_CASE("minutes tick once a minute and ask for no frame between") {
  Wants wants;
  const LocalTime start{std::chrono::hours(1)};
  CHECK(minutes_since(wants, start, start + 59s) == 0);
  CHECK(wants.next() == start + 60s);
  wants.clear();
  CHECK(minutes_since(wants, start, start + 61s) == 1);
  CHECK(wants.next() == start + 120s);
  wants.clear();
  CHECK(minutes_until(wants, start + 120s, start) == 2);
  CHECK(wants.next() == start + 60s);
  wants.clear();
  CHECK(minutes_until(wants, start, start) == 0);
  CHECK(wants.next() == kNever);
}

TEST_CASE("a movement lasts 120 ms, and none happens with reduced motion") {
  Wants wants;
  const LocalTime t{std::chrono::hours(1)};
  CHECK(progress(wants, t, t, true) == 1.0f);
  CHECK(wants.next() == kNever);
  CHECK(progress(wants, t, t + 60ms, false) > 0.0f);
  CHECK(progress(wants, t, t + 60ms, false) < 1.0f);
  CHECK(wants.next() < kNever);
  wants.clear();
  CHECK(progress(wants, t, t + 120ms, false) == 1.0f);
  CHECK(wants.next() == kNever);
}
