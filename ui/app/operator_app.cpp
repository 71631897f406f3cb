// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/app/operator_app.h"

#include <cstdio>
#include <fstream>
#include <map>

#include "engine/base/log.h"
#include "engine/journal/file_journal.h"
#include "ui/app/main_tasks.h"
#include "ui/app/operator_engine.h"
#include "ui/app/stop_signals.h"
#include "ui/app/window_options.h"
#include "ui/shell/shell.h"
#include "ui/views/operator/operator.h"

namespace beside::app {
namespace {

// Where root pixel 0,0 of the customer's desktop lies in the picture shown.
std::pair<int, int> picture_origin(const session::OperatorSnapshot& snapshot, std::uint32_t session) {
  for (const auto& view : snapshot.sessions) {
    if (view.local_id != session || view.monitor_id == 0) continue;
    for (const MonitorInfo& monitor : view.layout.monitors) {
      if (monitor.id == view.monitor_id) return {monitor.area.x, monitor.area.y};
    }
  }
  return {0, 0};
}

// A customer's pointer, which she need not move when the operator chooses another of her screens.
struct Cursor {
  ports::CursorPosition at;
  std::pair<int, int> origin;
  void place(shell::Shell& shell, std::uint32_t session, std::pair<int, int> picture, const ports::CursorPosition& now) {
    at = now;
    origin = picture;
    shell.on_cursor_position(session, at.x - origin.first, at.y - origin.second, at.visible);
  }
};

std::string read_token(const std::filesystem::path& file) {
  std::ifstream in(file);
  std::string token;
  std::getline(in, token);
  return token;
}

}  // namespace

int run_operator(const Settings& settings, const OperatorOptions& options) {
  StopSignals signals;
  shell::Shell* window = nullptr;
  // A task that changes what is to be seen asks for the frame itself.
  MainTasks tasks([&window] {
    if (window != nullptr) window->nudge();
  });
  std::unique_ptr<OperatorEngine> engine;
  views::OperatorState state;

  shell::ShellConfig config = shell_config(options.window);
  config.title = settings.company.empty() ? "Beside operator" : "Beside operator, " + settings.company;
  config.app_id = "beside-operator";
  config.remote_pictures = true;
  config.min_width = 960;
  config.min_height = 600;
  shell::ShellEvents events;
  events.close_requested = [&] {
    if (!engine) {
      window->quit();
      return true;
    }
    // With a customer at the other end it is asked about; closing once more means it.
    views::OperatorOut out;
    views::leave(*engine->snapshot(), state, out, views::OperatorState::Leaving::Quit);
    for (auto& command : out) engine->command(std::move(command));
    window->wake();
    return false;
  };
  events.before_frame = [&] { tasks.run(); };
  events.input = [&](std::uint32_t session, const InputEvent& event) { engine->command(session::SendInput{session, event}); };
  events.picture_shown = [&](std::uint32_t session, std::uint64_t number, LocalTime at) {
    engine->command(session::PictureShown{session, number, to_us(at)});
  };
  events.local_chord = [&](char key) { views::operator_chord(state, key); };
  events.display_gone = [&] {
    if (engine) engine->stop();
  };
  auto made = shell::Shell::create(std::move(config), std::move(events));
  if (!made) return 1;  // the shell has told the person
  const std::unique_ptr<shell::Shell> shell = std::move(*made);
  window = shell.get();

  std::map<std::uint32_t, Cursor> cursors;   // by session
  OperatorEngineConfig engine_config;
  engine_config.settings = settings;
  engine_config.identity.role = control::ROLE_OPERATOR;
  engine_config.identity.language = options.window.language.empty() ? language_of_environment() : options.window.language;
  engine_config.identity.person = person_name();
  engine_config.identity.journal_directory = data_directory() / "journal" / "operator";
  engine_config.canvas = [&](std::uint32_t session, std::shared_ptr<ports::Canvas> canvas) {
    tasks.post([&, session, canvas = std::move(canvas)] { shell->show_canvas(session, canvas); });
  };
  engine_config.canvas_changed = [&](std::uint32_t session) { shell->canvas_changed(session); };
  engine_config.cursor_shape = [&](std::uint32_t session, ports::CursorImage image) {
    tasks.post([&, session, image = std::move(image)] { shell->on_cursor_shape(session, image); });
  };
  engine_config.cursor_position = [&](std::uint32_t session, ports::CursorPosition at) {
    tasks.post([&, session, at] { cursors[session].place(*shell, session, picture_origin(*engine->snapshot(), session), at); });
  };
  engine_config.gone = [&](std::uint32_t session) {
    tasks.post([&, session] {
      shell->forget_pictures(session);
      cursors.erase(session);
    });
  };
  engine = std::make_unique<OperatorEngine>(std::move(engine_config), [&] { shell->wake(); });
  if (!options.token_file.empty()) {
    const std::string token = read_token(options.token_file);
    if (token.empty()) std::fprintf(stderr, "beside: the token file %s cannot be read; sign in by hand.\n", options.token_file.c_str());
    else engine->command(session::SignInWithToken{token});
  }
  if (!options.invitation.empty()) {
    state.invitation = options.invitation;
    state.redeeming = true;
  }

  bool want_session = options.new_session;
  // Typed by hand or come with an invitation; a file of the company's or a command line says it better next time.
  bool remember = settings.from.empty() && (!options.invitation.empty() || !settings.relay);
  views::OperatorHost host;
  host.copy = [&](const std::string& text) { shell->set_clipboard(text); };
  host.read_past = [](const std::string& file) {
    std::vector<views::PastLine> lines;
    for (auto& entry : journal::read_entries(file)) lines.push_back({entry.at_unix_ms, std::move(entry.kind), entry.rights, std::move(entry.text)});
    return lines;
  };
  signals.on_stop([&] { shell->wake(); });
  const auto run = shell->run([&](shell::FrameContext& frame) {
    host.draw_remote = [&](const views::RemoteView& view) { return frame.draw_remote(view); };
    const auto snapshot = engine->snapshot();
    for (auto& [session, cursor] : cursors) {
      if (const auto origin = picture_origin(*snapshot, session); origin != cursor.origin) cursor.place(*shell, session, origin, cursor.at);
    }
    if (remember && snapshot->stage == session::OperatorStage::Console) {
      remember = false;
      remember_relay(snapshot->relay_address);
    }
    auto commands = views::draw_operator(frame.ui(), *snapshot, state, host);
    if (want_session && snapshot->stage == session::OperatorStage::Console && snapshot->relay_up) {
      want_session = false;
      commands.push_back(session::NewSession{0, options.ask, options.reason});
    }
    for (auto& command : commands) engine->command(std::move(command));
    if (engine->wants_quit() || signals.asked()) shell->quit();
  });
  signals.disarm();
  engine->stop();
  tasks.run();
  if (!run) {
    std::fprintf(stderr, "beside: %s\n", run.error().detail.c_str());
    return 1;
  }
  return 0;
}

}  // namespace beside::app
