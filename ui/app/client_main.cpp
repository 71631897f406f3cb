// SPDX-License-Identifier: GPL-3.0-or-later
// beside [CODE | beside://host[:port]/CODE#pin=...]      the customer's program
// beside operator [--token-file FILE | --invitation X]   the operator's
#include <CLI/CLI.hpp>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fstream>

#include "engine/base/log.h"
#include "engine/base/trace.h"
#include "engine/wire/relay_address.h"
#include "ui/app/customer_app.h"
#include "ui/app/operator_app.h"
#include "ui/shell/shell.h"

using namespace beside;

namespace {

Rights rights_named(const std::vector<std::string>& names) {
  Rights out;
  for (const std::string& name : names) {
    for (Right right : {Right::See, Right::Point, Right::Control}) {
      if (name == name_of(right)) out = out | right;
    }
  }
  return out;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App program{"Beside: live help and remote support. Without a word it is the customer's program."};
  std::string where, config, token_file, invitation, log_file;
  bool verbose = false;
  app::WindowOptions window;
  program.set_version_flag("--version", app::kVersion);
  program.add_option("where", where, "a session code, or a link beside://host:port/CODE#pin=...");
  program.add_option("--config", config, "beside.toml to use instead of the one beside the program or in /etc/beside");
  program.add_option("--theme", window.theme, "light, dark or contrast")->check(CLI::IsMember({"light", "dark", "contrast"}));
  program.add_option("--language", window.language, "en, de or it");
  program.add_option("--scale", window.scale, "size of everything; 0 asks the monitor")->check(CLI::Range(0.0, 4.0));
  program.add_option("--log-file", log_file, "writes the log to this file as well");
  program.add_flag("--verbose", verbose, "logs what happens, not only what goes wrong");
  CLI::App* operate = program.add_subcommand("operator", "the operator's console");
  operate->add_option("--token-file", token_file, "signs in with a one-use token (beside-relay operator token)");
  operate->add_option("--invitation", invitation, "the invitation that the administrator sent: the link, or the file that holds it");
  bool new_session = false;
  operate->add_flag("--new-session", new_session, "makes a session code at once");
  std::vector<std::string> ask;
  std::string reason;
  operate->add_option("--ask", ask, "with --new-session: asks for these rights once the customer is there")
      ->check(CLI::IsMember({"see", "point", "control"}))->needs("--new-session")->delimiter(',');
  operate->add_option("--reason", reason, "with --ask: why, as the customer reads it")->needs("--ask");
  std::string relay;
  operate->add_option("--relay", relay, "beside://host:port#pin=..., when no beside.toml names it");
  operate->fallthrough();
  operate->footer("What `beside --help` lists (--config, --language, --scale, --theme, --verbose) may stand here as well.");
  CLI11_PARSE(program, argc, argv);
  std::signal(SIGPIPE, SIG_IGN);
  // Mesa would keep compiled shaders in the home directory: nothing but the journal stays there after a session.
  ::setenv("MESA_SHADER_CACHE_DISABLE", "true", 0);
  log::open(verbose ? log::Level::Info : log::Level::Warn, log_file);
  trace::open(operate->parsed() ? "operator" : "customer");

  auto settings = app::load_settings(config);
  if (!settings) {
    std::fprintf(stderr, "beside: %s\n", settings.error().detail.c_str());
    shell::show_plain_message("Beside", settings.error().detail);
    return 2;
  }
  const auto take_address = [&](const std::string& text, SecretText* code) {
    auto address = wire::parse_relay_address(text, code);
    if (!address) {
      std::fprintf(stderr, "beside: %s\n", address.error().detail.c_str());
      return false;
    }
    settings->relay = *address;
    return true;
  };
  if (operate->parsed()) {
    // An invitation comes as a link that names the relay, too: beside://host:port#pin=...&invite=...
    if (const std::size_t mark = invitation.find("&invite="); mark != std::string::npos) {
      if (relay.empty()) relay = invitation.substr(0, mark);
      invitation.erase(0, mark + 8);
    } else if (std::ifstream file(invitation); file) {
      std::string link;
      while (std::getline(file, link) && !link.starts_with("beside://")) {
      }
      const std::size_t in_file = link.find("&invite=");
      if (in_file == std::string::npos) {
        std::fprintf(stderr, "beside: %s holds no invitation.\n", invitation.c_str());
        return 2;
      }
      if (relay.empty()) relay = link.substr(0, in_file);
      invitation = link.substr(in_file + 8);
    }
    if (!relay.empty() && !take_address(relay, nullptr)) return 2;
    if (!settings->relay) settings->relay = app::remembered_relay();
    return app::run_operator(*settings, {window, token_file, invitation, new_session, rights_named(ask), reason});
  }
  app::CustomerOptions customer{window, {}};
  if (where.starts_with("beside://")) {
    SecretText code;
    if (!take_address(where, &code)) return 2;
    customer.code = std::string(code.reveal());
  } else {
    customer.code = where;
  }
  return app::run_customer(*settings, customer);
}
