// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/crypto/password.h"

#include <doctest/doctest.h>

#include <string>

using namespace beside;
using namespace beside::crypto;

namespace {
PasswordRule check(std::string_view text, std::string_view login = "") { return check_password(SecretText(text), login); }
}  // namespace

TEST_CASE("each password rule is named by the first rule broken") {
  CHECK(check("") == PasswordRule::TooShort);
  CHECK(check("Kx7!abc") == PasswordRule::TooShort);
  CHECK(check("ÄÖ7!abc") == PasswordRule::TooShort);  // seven characters in nine bytes
  CHECK(check("kx7!abcd") == PasswordRule::NoUpper);
  CHECK(check("Kxz!abcd") == PasswordRule::NoDigit);
  CHECK(check("Kx7zabcd") == PasswordRule::NoSpecial);
  CHECK(check("Kx7äabcd") == PasswordRule::NoSpecial);  // a letter with marks is a letter
  CHECK(check("Kx7!abcd") == PasswordRule::None);
  CHECK(check("Жук7 гора река") == PasswordRule::None);
  CHECK(check("äÜ7§tolk") == PasswordRule::None);
  CHECK(check(std::string(257, 'A')) == PasswordRule::TooLong);
  CHECK(check("Kx7!abc\xff") == PasswordRule::NotText);
  CHECK(check("Kx7!ab\ncd") == PasswordRule::NotText);
  CHECK(std::string(name_of(PasswordRule::NoUpper)) == "upper");
  CHECK(std::string(name_of(PasswordRule::TooCommon)) == "common");
}

TEST_CASE("common passwords are refused in all their disguises") {
  for (const char* text :
       {"Password1!", "Passw0rd!", "P@ssw0rd1", "P@$$w0rd1", "Qwerty123!", "Qwertz123!", "Summer2024!", "Sommer2024!",
        "!!Password99", "PASSWORD1!", "Passwort1!", "Password123!", "Welcome1!", "W3lcome!1", "Admin123!", "Admin@123",
        "Test1234!", "Letmein1!", "Hallo123!", "Ciao1234!", "1qaz@WSX", "!QAZ2wsx", "Qwer1234!", "Abc123!@#", "Abcd1234!",
        "Aa1!Aa1!", "A1!!!!!!", "Iloveyou1!", "Beside2026!", "Sch4tz123!", "Passwordpassword1!", "Juventus1!", "A1234567!",
        "12345678!A", "Geheim#1", "Frühling1!", "FRÜHLING1!", "Benvenuto1!", "Pass-word-1", "Changeme1!"}) {
    CAPTURE(text);
    CHECK(check(text) == PasswordRule::TooCommon);
  }
}

TEST_CASE("the login name with digits and signs is refused") {
  CHECK(check("Jbrunner1!", "jbrunner") == PasswordRule::TooCommon);
  CHECK(check("!99Jbrunner", "JBrunner") == PasswordRule::TooCommon);
  CHECK(check("Jbrunn3r!", "jbrunner") == PasswordRule::TooCommon);
  CHECK(check("J.brunner-2026", "j.brunner@example.org") == PasswordRule::TooCommon);
  CHECK(check("Jbrunner1!", "somebody") == PasswordRule::None);
  CHECK(check("Kx7!abcd", "kx") == PasswordRule::None);  // a login of two letters says nothing
}

TEST_CASE("good passwords are let through") {
  for (const char* text : {"Rasenmäher-7-Bäche", "vK4!pe0w", "Zwölf Dachziegel 9", "Correct5 horse!", "Tr0ub4dor&3x",
                           "Nebelkrähe&8", "Summer-in-Graz-was-7-days"}) {
    CAPTURE(text);
    CHECK(check(text, "operator") == PasswordRule::None);
  }
}

TEST_CASE("Argon2id hashes verify only the password they were made of") {
  auto first = hash_password(SecretText("vK4!pe0w"));
  auto second = hash_password(SecretText("vK4!pe0w"));
  REQUIRE(first);
  REQUIRE(second);
  CHECK(first->starts_with("$argon2id$v=19$m=65536,t=3,p=1$"));
  CHECK(*first != *second);  // each has its own salt
  CHECK(verify_password(*first, SecretText("vK4!pe0w")));
  CHECK_FALSE(verify_password(*first, SecretText("vK4!pe0W")));
  CHECK_FALSE(verify_password(*first, SecretText("")));
  CHECK_FALSE(password_needs_rehash(*first));
}

TEST_CASE("text that is no hash never verifies") {
  for (const char* text : {"", "x", "$argon2id$", "$argon2id$v=19$m=65536,t=3,p=1$", "$2b$12$abcdefghijklmnopqrstuv"})
    CHECK_FALSE(verify_password(text, SecretText("")));
  CHECK_FALSE(verify_password(std::string(500, '$'), SecretText("a")));
  CHECK(password_needs_rehash("$argon2id$v=19$m=8,t=1,p=1$c2FsdHNhbHRzYWx0c2FsdA$aGFzaGhhc2hoYXNoaGFzaGhhc2hoYXNoaGFzaGhhc2g"));
  CHECK(password_needs_rehash(std::string(500, '$')));
}
