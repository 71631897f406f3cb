// SPDX-License-Identifier: GPL-3.0-or-later
// beside-headless customer|operator --relay beside://... : either role without a window, from a script. Never installed.
#include <CLI/CLI.hpp>

#include <csignal>
#include <cstdio>
#include <fstream>

#include "capture/synthetic/synthetic_desktop.h"
#include "capture/synthetic/synthetic_source.h"
#include "engine/base/log.h"
#include "engine/base/trace.h"
#include "engine/gpu/converter.h"
#include "engine/wire/relay_address.h"
#include "tests/tools/headless/customer_player.h"
#include "tests/tools/headless/operator_player.h"
#include "tests/tools/headless/telling_desktop.h"

using namespace beside;

namespace {

struct Line {
  std::string relay, code, token_file, display, scene, journal, name, language = "en", proxy, log_file;
  int width = 1280, height = 720, rate = 30;
  std::uint64_t frames = 0;
  bool tls_only = false, hash = false, first_picture = false, verbose = false;
};

const std::map<std::string, capture::Scene> kScenes = {{"still", capture::Scene::Still},
                                                       {"typing", capture::Scene::Typing},
                                                       {"scroll", capture::Scene::Scroll},
                                                       {"moving_window", capture::Scene::MovingWindow},
                                                       {"noise", capture::Scene::Noise},
                                                       {"film", capture::Scene::Film},
                                                       {"film_and_text", capture::Scene::FilmAndText}};

app::ClientIdentity identity_of(const Line& line, control::Role role, const char* folder) {
  app::ClientIdentity out;
  out.role = role;
  out.person = line.name.empty() ? app::person_name() : line.name;
  out.language = line.language;
  out.journal_directory = line.journal.empty() ? app::data_directory() / "journal" / folder : std::filesystem::path(line.journal);
  return out;
}

// A desktop drawn by arithmetic instead of an X server: many customers fit on one machine.
std::shared_ptr<capture::SceneHold> make_synthetic(const Line& line, app::CustomerEngineConfig& config) {
  capture::SyntheticOptions options;
  options.width = line.width;
  options.height = line.height;
  options.scene = kScenes.at(line.scene);
  options.frame_interval = line.rate > 0 ? nanoseconds(1s) / line.rate : 0ns;
  options.frame_limit = line.frames;
  options.hold = std::make_shared<capture::SceneHold>();
  config.make_source = [options](std::shared_ptr<const ports::RightsGate> gate) { return capture::make_synthetic_source(options, std::move(gate)); };
  config.make_desktop = [options](std::shared_ptr<const ports::RightsGate> gate, std::shared_ptr<const ports::OwnWindows> own) {
    static const SystemClock clock;
    DesktopLayout layout{1, options.width, options.height, {{1, {0, 0, options.width, options.height}, "synthetic", true}}};
    return std::make_unique<headless::TellingDesktop>(
        std::make_unique<capture::SyntheticDesktop>(std::move(layout), std::move(gate), std::move(own), clock));
  };
  return options.hold;
}

}  // namespace

int main(int argc, char** argv) {
  Line line;
  CLI::App program{"Plays a customer or an operator from a script of commands; for tests and benchmarks."};
  program.require_subcommand(1);
  CLI::App* customer = program.add_subcommand("customer", "the customer");
  CLI::App* operate = program.add_subcommand("operator", "the operator");
  for (CLI::App* role : {customer, operate}) {
    role->add_option("--relay", line.relay, "beside://host:port#pin=...")->required();
    role->add_option("--journal", line.journal, "folder of the journals");
    role->add_option("--name", line.name, "the person's name");
    role->add_option("--language", line.language, "language of the check words");
    role->add_option("--proxy", line.proxy, "http://user:password@host:port");
    role->add_option("--log-file", line.log_file, "writes the log to this file as well");
    role->add_flag("--tls-only", line.tls_only, "tries no UDP");
    role->add_flag("--verbose", line.verbose, "logs what happens");
  }
  customer->add_option("--code", line.code, "enters this code at once");
  customer->add_option("--display", line.display, "X server to share; default $DISPLAY");
  customer->add_option("--synthetic", line.scene, "shares a drawn scene instead of an X server")->check(CLI::IsMember(kScenes));
  customer->add_option("--width", line.width, "of the synthetic desktop, pixels")->check(CLI::Range(16, 7680));
  customer->add_option("--height", line.height, "of the synthetic desktop, pixels")->check(CLI::Range(16, 4320));
  customer->add_option("--rate", line.rate, "frames a second of the synthetic desktop; 0: as fast as it goes")->check(CLI::Range(0, 1000));
  customer->add_option("--frames", line.frames, "no frame after so many; 0: no limit");
  operate->add_option("--token-file", line.token_file, "signs in with this token at once");
  operate->add_flag("--hash", line.hash, "a hash with each picture");
  operate->add_flag("--first-picture", line.first_picture, "tells of the first picture of a session only");
  CLI11_PARSE(program, argc, argv);
  std::signal(SIGPIPE, SIG_IGN);
  log::open(line.verbose ? log::Level::Info : log::Level::Warn, line.log_file);
  trace::open(operate->parsed() ? "headless-operator" : "headless-customer");

  app::Settings settings;
  SecretText code;
  auto address = wire::parse_relay_address(line.relay, &code);
  if (!address) {
    std::fprintf(stderr, "beside-headless: %s\n", address.error().detail.c_str());
    return 2;
  }
  settings.relay = *address;
  settings.tls_only = line.tls_only;
  settings.proxy = line.proxy;
  if (customer->parsed()) {
    app::CustomerEngineConfig config;
    config.settings = settings;
    config.identity = identity_of(line, control::ROLE_CUSTOMER, "customer");
    config.display = line.display;
    config.converter = gpu::make_cpu_converter("no window, no device");
    auto hold = line.scene.empty() ? nullptr : make_synthetic(line, config);
    return headless::CustomerPlayer(std::move(config), line.code.empty() ? std::string(code.reveal()) : line.code, std::move(hold)).run();
  }
  app::OperatorEngineConfig config;
  config.settings = settings;
  config.identity = identity_of(line, control::ROLE_OPERATOR, "operator");
  headless::OperatorOrders orders;
  orders.every_picture = !line.first_picture;
  orders.hash = line.hash;
  if (!line.token_file.empty()) {
    std::ifstream in(line.token_file);
    std::getline(in, orders.token);
    if (orders.token.empty()) {
      std::fprintf(stderr, "beside-headless: the token file %s cannot be read\n", line.token_file.c_str());
      return 2;
    }
  }
  return headless::OperatorPlayer(std::move(config), std::move(orders)).run();
}
