// SPDX-License-Identifier: GPL-3.0-or-later
// beside-kiosk [--file FILE --public-key FILE]      the locked customer-only program
// beside-kiosk --make-key FILE | --sign FILE --key FILE | --check      for whoever prepares a kiosk
#include <CLI/CLI.hpp>

#include <algorithm>
#include <csignal>
#include <cstdio>

#include "engine/base/log.h"
#include "engine/base/trace.h"
#include "ui/app/kiosk_app.h"
#include "ui/app/kiosk_file.h"
#include "ui/kit/catalogue.h"

using namespace beside;

namespace {

constexpr const char* kNoQueue =
    "the queue (\"Call for help\") is not in this version of Beside; only entry by a code works";

int say(const Result<void>& done, const char* what) {
  std::fprintf(done ? stdout : stderr, "beside-kiosk: %s\n", done ? what : done.error().detail.c_str());
  return done ? 0 : 1;
}

// All that keeps a file from being used on this machine.
Result<app::KioskFile> usable(const std::string& file, const std::string& key) {
  auto loaded = app::load_kiosk_file(file, key);
  if (!loaded) return loaded;
  const auto known = kit::languages();
  for (const std::string& language : loaded->languages)
    if (std::find(known.begin(), known.end(), language) == known.end())
      return fail(ErrorKind::Environment, "kiosk file", file + ": languages: there are no texts in \"" + language + "\"");
  if (loaded->entry == app::KioskEntry::Call)
    return fail(ErrorKind::Environment, "kiosk file", file + ": entry = \"call\": " + kNoQueue + "; set entry = \"code\"");
  return loaded;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App program{"Beside on a kiosk: the customer's program alone, full screen, set up by one signed file."};
  std::string file = app::kKioskFile, public_key = app::kKioskKey, make_key, sign, key;
  bool check = false, verbose = false;
  program.set_version_flag("--version", app::kVersion);
  program.add_option("--file", file, "the kiosk's signed file")->capture_default_str();
  program.add_option("--public-key", public_key, "the key that it must be signed with")->capture_default_str();
  program.add_flag("--check", check, "says whether the file would be used, and ends");
  program.add_option("--make-key", make_key, "writes a new secret key to this file, and its public half to FILE.pub");
  CLI::Option* sign_option = program.add_option("--sign", sign, "signs this file; the signature goes to FILE.sig");
  CLI::Option* key_option = program.add_option("--key", key, "the secret key to sign with");
  sign_option->needs(key_option);
  key_option->needs(sign_option);
  program.add_flag("--verbose", verbose, "logs what happens, not only what goes wrong");
  CLI11_PARSE(program, argc, argv);
  std::signal(SIGPIPE, SIG_IGN);
  log::open(verbose ? log::Level::Info : log::Level::Warn);
  trace::open("kiosk");

  if (!make_key.empty()) return say(app::make_kiosk_key(make_key), "the key is made; keep its secret half off the kiosk");
  if (!sign.empty()) return say(app::sign_kiosk_file(sign, key), "signed");
  const auto loaded = usable(file, public_key);
  const bool half = loaded && loaded->entry == app::KioskEntry::Both;
  if (half) std::fprintf(stderr, "beside-kiosk: %s: entry = \"both\": %s\n", file.c_str(), kNoQueue);
  if (check) {
    std::fprintf(loaded ? stdout : stderr, "beside-kiosk: %s\n", loaded ? "the file is signed and makes sense" : loaded.error().detail.c_str());
    return loaded ? 0 : 1;
  }
  if (loaded) return app::run_kiosk(*loaded);
  std::fprintf(stderr, "beside-kiosk: %s\n", loaded.error().detail.c_str());
  return app::show_kiosk_fault(kit::choose_language({}), loaded.error().detail, [&] { return usable(file, public_key).has_value(); });
}
