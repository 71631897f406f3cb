// SPDX-License-Identifier: GPL-3.0-or-later
#include <CLI/CLI.hpp>
#include <cstdio>

#include "relay/main/commands.h"
#include "relay/main/options.h"

namespace {

// Optional values that CLI11 fills only when they were given.
struct Line {
  beside::relay::Options options;
  std::string login, name, out, session, reason;
  bool admin = false, password_stdin = false;
};

int run_command(const Line& line, const CLI::App& app) {
  using namespace beside::relay;
  Options options = line.options;
  if (auto read = read_config(options); !read) {
    std::fprintf(stderr, "beside-relay: %s\n", read.error().detail.c_str());
    return 1;
  }
  const auto data = data_folder(options);
  if (!data) {
    std::fprintf(stderr, "beside-relay: %s\n", data.error().detail.c_str());
    return 1;
  }
  auto store = Store::open(database_of(options, *data));
  if (!store) {
    std::fprintf(stderr, "beside-relay: %s\n", store.error().detail.c_str());
    return 1;
  }
  Commands commands{**store, *data};
  if (const CLI::App* op = app.get_subcommand("operator"); op->parsed()) {
    if (op->get_subcommand("invite")->parsed()) return commands.invite(line.login, line.admin, line.out);
    if (op->get_subcommand("add")->parsed()) return commands.add(line.login, line.name, line.admin);
    if (op->get_subcommand("list")->parsed()) return commands.list();
    if (op->get_subcommand("disable")->parsed()) return commands.set_disabled(line.login, true);
    if (op->get_subcommand("enable")->parsed()) return commands.set_disabled(line.login, false);
    return commands.token(line.login, line.out);
  }
  if (app.get_subcommand("log")->parsed()) return commands.log(line.session, line.reason);
  return commands.verify_audit();
}

}  // namespace

int main(int argc, char** argv) {
  Line line;
  auto& o = line.options;
  CLI::App app{"The relay of Beside: brings operators and customers together and can read nothing of what passes."};
  app.set_version_flag("--version", BESIDE_VERSION);
  app.add_option("--data", o.data, "folder for certificate, key and database");
  app.add_option("--database", o.database,
                 "postgresql://USER@HOST/NAME (its password in ~/.pgpass or PGPASSWORD); default a file in the data folder");
  app.add_option("--config", o.config, "settings file (TOML); default DATA/relay.toml when it is there");
  app.add_option("--listen", o.listen, "IP address to listen on; default all");
  app.add_option("--port", o.port, "TCP port; default 443, or 8443 where 443 is not permitted");
  app.add_option("--media-port", o.media_port, "UDP port; default the same as --port");
  app.add_option("--public-host", o.public_host, "name or address by which clients reach this relay");
  app.add_option("--metrics-port", o.metrics_port, "metrics in Prometheus text on 127.0.0.1; default off");

  CLI::App* op = app.add_subcommand("operator", "accounts");
  op->require_subcommand(1);
  auto with_login = [&](const char* name, const char* what) {
    CLI::App* sub = op->add_subcommand(name, what);
    sub->add_option("--login", line.login, "login name")->required();
    return sub;
  };
  CLI::App* invite = with_login("invite", "make a one-time invitation, valid 72 hours; the person sets his own password");
  invite->add_flag("--admin", line.admin, "as administrator");
  invite->add_option("--out", line.out, "also write the link to this file (mode 0600)");
  CLI::App* add = with_login("add", "make an account with a password from stdin");
  add->add_flag("--password-stdin", line.password_stdin, "read the password, one line, from stdin")->required();
  add->add_option("--name", line.name, "name that customers see");
  add->add_flag("--admin", line.admin, "as administrator");
  op->add_subcommand("list", "all accounts");
  with_login("disable", "nobody signs in by it; who is signed in is signed out");
  with_login("enable", "let it sign in again");
  with_login("token", "a one-use sign-in token for scripts")
      ->add_option("--out", line.out, "file to write (mode 0600)")->required();

  CLI::App* log = app.add_subcommand("log", "read a session's connection log; each reading is audited");
  log->add_option("--session", line.session, "session id: the first entry of both people's journals names it")->required();
  log->add_option("--reason", line.reason, "why it is read; goes into the audit")->required();
  CLI::App* audit = app.add_subcommand("audit", "the audit trail");
  audit->require_subcommand(1);
  audit->add_subcommand("verify", "walk the hash chain");
  app.require_subcommand(0, 1);
  // So that --data may stand before or after the command.
  app.fallthrough();
  for (CLI::App* sub : {op, log, audit}) {
    sub->fallthrough();
    for (CLI::App* below : sub->get_subcommands([](CLI::App*) { return true; })) below->fallthrough();
  }

  CLI11_PARSE(app, argc, argv);
  if (app.get_subcommands().empty()) return beside::relay::serve(line.options);
  return run_command(line, app);
}
