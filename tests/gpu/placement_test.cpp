// SPDX-License-Identifier: GPL-3.0-or-later
#include <doctest/doctest.h>

#include "engine/gpu/placement.h"

using namespace beside;
using namespace beside::gpu;

TEST_CASE("a picture is fitted into its area with its shape kept") {
  const Placement p = place_fitted({10, 20, 400, 300}, 1600, 900);
  CHECK(p.scale == doctest::Approx(0.25));
  CHECK(p.x == 10);
  CHECK(p.y == 57);
  CHECK(place_fitted({0, 0, 640, 480}, 64, 48, 2.0F).scale == doctest::Approx(2));
  CHECK(place_fitted({0, 0, 0, 0}, 64, 48).scale == 1);
}

TEST_CASE("at one to one a large picture scrolls within its borders and a small one is centred") {
  CHECK(place_one_to_one({0, 0, 100, 100}, 300, 50, 70, 9).x == -70);
  CHECK(place_one_to_one({0, 0, 100, 100}, 300, 50, 70, 9).y == 25);
  CHECK(place_one_to_one({0, 0, 100, 100}, 300, 50, 9999, 0).x == -200);
  CHECK(place_one_to_one({5, 0, 100, 100}, 300, 50, -3, 0).x == 5);
}

TEST_CASE("a pointer position finds its picture pixel") {
  const Placement p = place_fitted({0, 0, 200, 100}, 400, 200);
  CHECK(to_picture(p, 400, 200, 100.2F, 50.6F).x == 200);
  CHECK(to_picture(p, 400, 200, 100.2F, 50.6F).y == 101);
  CHECK(to_picture(p, 400, 200, 100.2F, 50.6F).inside);
  CHECK(to_picture(p, 400, 200, 0, 0).inside);
  CHECK_FALSE(to_picture(p, 400, 200, -1, 0).inside);
  CHECK(to_picture(p, 400, 200, 1e6F, 1e6F).x == 399);
  CHECK_FALSE(to_picture(p, 0, 0, 1, 1).inside);
}
