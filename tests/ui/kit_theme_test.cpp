// SPDX-License-Identifier: GPL-3.0-or-later
#include <doctest/doctest.h>

#include "ui/kit/theme.h"

using namespace beside::kit;

TEST_CASE("the contrast formula gives WCAG's known values") {
  CHECK(contrast({0x000000}, {0xffffff}) == doctest::Approx(21.0));
  CHECK(contrast({0x777777}, {0xffffff}) == doctest::Approx(4.478).epsilon(0.001));
  CHECK(contrast({0x123456}, {0x123456}) == doctest::Approx(1.0));
}

TEST_CASE("every text on every ground that is drawn has at least 4.5 to 1 in all themes") {
  for (const ThemeName name : {ThemeName::Light, ThemeName::Dark, ThemeName::HighContrast})
    for (const ColourPair& pair : drawn_pairs(name)) {
      CAPTURE(static_cast<int>(name));
      CAPTURE(pair.what);
      CHECK(contrast(pair.front, pair.back) >= 4.5);
      if (name == ThemeName::HighContrast) CHECK(contrast(pair.front, pair.back) >= 7.0);
    }
}
