// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/wire/session_code.h"

#include <doctest/doctest.h>

using namespace beside;
using namespace beside::wire;

TEST_CASE("Damm's own example gets its digit") { CHECK(damm_digit("572") == '4'); }

TEST_CASE("a code splits from the right whatever its length") {
  for (const std::string locator : {"482", "0000", "123456789"}) {
    const std::string text = make_code(locator, SecretText("913507"));
    REQUIRE(text.size() == locator.size() + 7);
    const auto code = parse_code(format_code(text));
    REQUIRE(code);
    CHECK(code->locator == locator);
    CHECK(code->secret.reveal() == "913507");
  }
  CHECK(make_code("48", SecretText("913507")).empty());
  CHECK(make_code("482", SecretText("91350")).empty());
  CHECK(make_code("482", SecretText("91350x")).empty());
}

TEST_CASE("spaces, hyphens, dots and no-break spaces are skipped, all else is malformed") {
  const std::string text = make_code("482", SecretText("913507"));
  CHECK(parse_code(" " + text.substr(0, 3) + "-" + text.substr(3, 3) + ".\xc2\xa0" + text.substr(6) + " "));
  for (const std::string& bad : {std::string("482"), std::string(), text + "x", std::string("48291350O4"), std::string(17, '0'), text.substr(0, 9)}) {
    const auto code = parse_code(bad);
    REQUIRE_FALSE(code);
    CHECK(code.error() == CodeFault::Malformed);
  }
}

TEST_CASE("every single wrong digit and every swap of neighbours is caught") {
  const std::string text = make_code("482", SecretText("913507"));
  for (std::size_t i = 0; i < text.size(); ++i) {
    for (char digit = '0'; digit <= '9'; ++digit) {
      std::string wrong = text;
      wrong[i] = digit;
      const auto code = parse_code(wrong);
      CHECK(code.has_value() == (digit == text[i]));
      if (!code) CHECK(code.error() == CodeFault::CheckDigit);
    }
    if (i + 1 < text.size() && text[i] != text[i + 1]) {
      std::string wrong = text;
      std::swap(wrong[i], wrong[i + 1]);
      CHECK_FALSE(parse_code(wrong));
    }
  }
}

TEST_CASE("a code is shown in groups of three with four at the end") {
  CHECK(format_code("4829135074") == "482 913 5074");
  CHECK(format_code("48291350741") == "482 913 507 41");
  CHECK(format_code("") == "");
}
