// SPDX-License-Identifier: GPL-3.0-or-later
#include <doctest/doctest.h>

#include <cctype>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>

#include "engine/base/rights.h"
#include "ui/kit/catalogue.h"
#include "ui/kit/plural.h"
#include "ui/views/shared/format.h"
#include "ui/views/shared/notices.h"

using namespace beside;

namespace {

struct InLanguage {
  explicit InLanguage(const char* code) { CHECK(kit::set_language(code)); }
  ~InLanguage() { kit::set_language("en"); }
};

// Keys written out in the code: tr("...") and trn("..."). By hand, since std::regex trips GCC 12's warnings under
// sanitizers.
std::set<std::string> keys_in_code() {
  std::set<std::string> out;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(BESIDE_SOURCE_DIR "/ui")) {
    if (entry.path().extension() != ".cpp") continue;
    std::ifstream file(entry.path());
    const std::string text((std::istreambuf_iterator<char>(file)), {});
    for (const std::string_view call : {"tr(\"", "trn(\""})
      for (std::size_t at = text.find(call); at != std::string::npos; at = text.find(call, at + 1)) {
        // Not the end of another name, such as str("...").
        if (at > 0 && (std::isalnum(static_cast<unsigned char>(text[at - 1])) != 0 || text[at - 1] == '_')) continue;
        const std::size_t from = at + call.size(), end = text.find('"', from);
        if (end != std::string::npos) out.insert(text.substr(from, end - from));
      }
  }
  return out;
}

}  // namespace

TEST_CASE("every key that the code names has words in English, German and Italian") {
  const auto keys = keys_in_code();
  CHECK(keys.size() > 50);
  for (const char* language : {"en", "de", "it"}) {
    const InLanguage in(language);
    for (const std::string& key : keys) {
      if (key.back() == '.' || key == "keyboard.row") continue;  // a prefix; the rest is added at run time
      CAPTURE(language);
      CAPTURE(key);
      CHECK(kit::translated(key));
    }
  }
}

TEST_CASE("every notice has title, sentence and action in every language, and no argument is left open") {
  const std::vector<std::string> args{"FIRST", "SECOND"};
  for (const char* language : {"en", "de", "it"}) {
    const InLanguage in(language);
    for (const session::NoticeKind kind : views::all_notice_kinds()) {
      const views::NoticeText t = views::notice_text(kind, args);
      CAPTURE(language);
      CAPTURE(t.title);
      for (const std::string& part : {t.title, t.sentence, t.action}) {
        CHECK(part.size() > 8);
        CHECK(part.rfind("notice.", 0) == std::string::npos);
        CHECK(part.find('{') == std::string::npos);
      }
    }
  }
}

TEST_CASE("rights, causes and rungs have words in every language") {
  for (const char* language : {"en", "de", "it"}) {
    const InLanguage in(language);
    for (const Right right : {Right::See, Right::Point, Right::Control}) {
      CHECK(views::right_name(right).find("right.") == std::string::npos);
      CHECK(views::right_detail(right).find("right.") == std::string::npos);
      CHECK(views::right_doing(right).find("right.") == std::string::npos);
    }
    for (int cause = 0; cause <= static_cast<int>(session::EndView::Cause::Expired); ++cause)
      CHECK(views::end_cause_text(static_cast<session::EndView::Cause>(cause)).find("end_cause") == std::string::npos);
    for (int rung = 0; rung <= static_cast<int>(session::Rung::TlsProxy); ++rung)
      CHECK(views::rung_text(static_cast<session::Rung>(rung)).find("rung.") == std::string::npos);
    for (int reason = 0; reason <= static_cast<int>(session::RungReason::ProxyOnly); ++reason) {
      session::MediaView media;
      media.peer_rung = session::Rung::Tls;
      media.reason = media.peer_reason = static_cast<session::RungReason>(reason);
      CHECK(views::rung_reason_text(media.reason).find("rung_reason") == std::string::npos);
      CHECK(views::peer_way_text(media).find("rung_reason") == std::string::npos);
    }
  }
}

TEST_CASE("plural forms follow the language's rule") {
  CHECK(views::minutes_text(1) == "1 minute");
  CHECK(views::minutes_text(2) == "2 minutes");
  CHECK(views::minutes_text(65) == "1 h 05 min");
  const InLanguage in("de");
  CHECK(views::minutes_text(1) == "1 Minute");
  CHECK(views::minutes_text(12) == "12 Minuten");
  // Russian, Polish and Arabic shapes of the rule.
  const char* slavic = "n%10==1 && n%100!=11 ? 0 : n%10>=2 && n%10<=4 && (n%100<10 || n%100>=20) ? 1 : 2";
  CHECK(kit::plural_form(slavic, 1) == 0);
  CHECK(kit::plural_form(slavic, 11) == 2);
  CHECK(kit::plural_form(slavic, 22) == 1);
  CHECK(kit::plural_form(slavic, 25) == 2);
  CHECK(kit::plural_form("n != 1", 0) == 1);
  CHECK(kit::plural_form("n %", 5) == 0);
  CHECK(kit::plural_form("5 % 0", 5) == 0);
  CHECK(kit::plural_form(std::string(500, '('), 5) == 0);
}

TEST_CASE("sizes use the language's decimal sign") {
  CHECK(views::size_text(999) == "999 B");
  CHECK(views::size_text(1'400'000) == "1.4 MB");
  CHECK(views::size_text(UINT64_MAX).find("TB") != std::string::npos);
  const InLanguage in("it");
  CHECK(views::size_text(1'400'000) == "1,4 MB");
}

TEST_CASE("the language comes from the switch, then LANGUAGE, then the locale, and the C locale speaks English") {
  unsetenv("LC_ALL");
  unsetenv("LC_MESSAGES");
  unsetenv("LANGUAGE");
  setenv("LANG", "C", 1);
  CHECK(kit::choose_language("") == "en");
  CHECK(kit::choose_language("it") == "it");
  setenv("LANGUAGE", "xx:de", 1);
  CHECK(kit::choose_language("") == "de");
  unsetenv("LANGUAGE");
  setenv("LANG", "it_IT.UTF-8", 1);
  CHECK(kit::choose_language("") == "it");
  setenv("LANG", "de_AT@euro", 1);
  CHECK(kit::choose_language("pt_BR") == "de");
  setenv("LANG", "C.UTF-8", 1);
}

TEST_CASE("a compiled catalogue that is cut or lies about its tables is refused") {
  CHECK_FALSE(kit::MoFile::parse({}).has_value());
  std::vector<std::byte> bytes(64);
  CHECK_FALSE(kit::MoFile::parse(bytes).has_value());
  const unsigned char head[] = {0xde, 0x12, 0x04, 0x95, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0x7f, 28, 0, 0, 0, 28, 0, 0, 0};
  for (std::size_t i = 0; i < sizeof(head); ++i) bytes[i] = std::byte{head[i]};
  CHECK_FALSE(kit::MoFile::parse(bytes).has_value());
}
