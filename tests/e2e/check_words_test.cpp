// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/e2e/check_words.h"

#include <doctest/doctest.h>

#include <set>
#include <string>

using namespace beside;
using namespace beside::e2e;

TEST_CASE("each language has 2,048 different lower-case words of three to nine letters") {
  for (const std::string language : {"en", "de", "it"}) {
    CAPTURE(language);
    std::set<std::string_view> seen;
    for (std::string_view word : word_list(language)) {
      CAPTURE(std::string(word));
      CHECK(is_utf8(word));
      std::size_t letters = 0;
      for (std::size_t i = 0; i < word.size(); ++i) {
        if (word[i] >= 'a' && word[i] <= 'z') {
          ++letters;
        } else {
          const std::string two(word.substr(i, 2));
          CHECK(language == "de");
          CHECK((two == "ä" || two == "ö" || two == "ü" || two == "ß"));
          ++letters;
          ++i;
        }
      }
      CHECK(letters >= 3);
      CHECK(letters <= 9);
      seen.insert(word);
    }
    CHECK(seen.size() == kWordCount);
  }
}

TEST_CASE("the four words are the first 44 bits, eleven each") {
  const Bytes digest{0x00, 0x3F, 0xFF, 0xFF, 0x00, 0x00};  // places 1, 2047, 2046, 0
  const auto list = word_list("en");
  const auto words = check_words_of(digest, "en");
  CHECK(words[0] == list[1]);
  CHECK(words[1] == list[2047]);
  CHECK(words[2] == list[2046]);
  CHECK(words[3] == list[0]);
}

TEST_CASE("a language is found by its first letters, and an unknown one is English") {
  CHECK(word_list("de_AT.UTF-8").data() == word_list("de").data());
  CHECK(word_list("fr").data() == word_list("en").data());
  CHECK(word_list("").data() == word_list("en").data());
  CHECK(word_list("it").data() != word_list("en").data());
}
