// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/app/customer_app.h"

#include <cstdio>
#include <fstream>

#include "engine/base/log.h"
#include "engine/gpu/change_detector.h"
#include "engine/gpu/converter.h"
#include "ui/app/customer_engine.h"
#include "ui/app/hiding.h"
#include "ui/app/stop_signals.h"
#include "ui/shell/shell.h"
#include "ui/views/customer/customer.h"
#include "ui/views/shared/chat_box.h"

namespace beside::app {
namespace {

constexpr int kStartWidth = 520, kStartHeight = 640;

std::filesystem::path save_transcript(const session::CustomerSnapshot& snapshot, const std::string& me) {
  const char* home = std::getenv("HOME");
  const std::filesystem::path folder = home == nullptr ? "." : home;
  for (int n = 1; n < 1000; ++n) {
    const auto file = folder / ("beside-transcript" + (n == 1 ? std::string() : "-" + std::to_string(n)) + ".txt");
    std::error_code error;
    if (std::filesystem::exists(file, error)) continue;
    std::ofstream out(file);
    out << views::transcript_text(snapshot.chat, me, snapshot.peer.name);
    out.close();
    if (out) return file;
    BS_LOG(Warn, "transcript", "{} could not be written", file.string());
    std::filesystem::remove(file, error);
    return {};
  }
  return {};
}

}  // namespace

int run_customer(const Settings& settings, const CustomerOptions& options) {
  StopSignals signals;
  shell::Shell* window = nullptr;
  std::unique_ptr<CustomerEngine> engine;
  views::CustomerState state;
  bool panel = false;

  shell::ShellConfig config = shell_config(options.window);
  config.title = settings.company.empty() ? "Beside" : settings.company;
  config.width = kStartWidth;
  config.height = kStartHeight;
  config.min_width = 380;
  config.min_height = 520;
  shell::ShellEvents events;
  events.close_requested = [&] {
    // Closing the panel ends the session at once; the end page then says what happened. Anywhere else it closes the program.
    if (engine && engine->snapshot()->stage == session::CustomerStage::Live) {
      engine->command(session::PanelClosed{});
      return false;
    }
    window->quit();
    return true;
  };
  events.window_changed = [&](const shell::WindowState& now) {
    if (!engine) return;
    auto& own = engine->own_windows();
    own.set(now.iconified || now.outer.empty() ? std::vector<Rect>{} : std::vector<Rect>{now.outer});
    own.set_native_ids({now.native_id, now.native_frame_id});
    own.set_focused(now.focused);
    engine->command(session::PanelVisibility{now.visible});
  };
  events.display_gone = [&] {
    if (engine) engine->stop();
  };
  auto made = shell::Shell::create(std::move(config), std::move(events));
  if (!made) return 1;
  const std::unique_ptr<shell::Shell> shell = std::move(*made);
  window = shell.get();

  CustomerEngineConfig engine_config;
  engine_config.settings = settings;
  engine_config.identity.role = control::ROLE_CUSTOMER;
  engine_config.identity.language = options.window.language.empty() ? language_of_environment() : options.window.language;
  engine_config.identity.person = person_name();
  engine_config.identity.journal_directory = data_directory() / "journal" / "customer";
  engine_config.converter = gpu::make_converter(&shell->device());
  engine_config.choose_detector = [device = &shell->device()](std::unique_ptr<ports::ChangeDetector> cpu) {
    return gpu::choose_change_detector(device, std::move(cpu));
  };
  engine_config.code_prefill = options.code;
  const std::string me = engine_config.identity.person;
  engine = std::make_unique<CustomerEngine>(std::move(engine_config), [&] { shell->wake(); });
  state.code = options.code;

  Hiding hiding(engine->own_windows(), [&] { shell->wake(); });
  signals.on_stop([&] { shell->wake(); });
  const auto run = shell->run([&](shell::FrameContext& frame) {
    const auto snapshot = engine->snapshot();
    views::CustomerWishes wishes;
    hiding.before(frame.ui(), state);
    auto commands = views::draw_customer(frame.ui(), *snapshot, state, &wishes);
    if (auto drawn = hiding.after(frame.ui(), *snapshot, wishes, state)) commands.push_back(std::move(*drawn));
    const bool live = snapshot->stage == session::CustomerStage::Live;
    if (live && wishes.panel_width > 0) shell->switch_to_panel(static_cast<int>(wishes.panel_width), static_cast<int>(wishes.panel_height));
    if (!live && panel) shell->switch_to_normal(kStartWidth, kStartHeight);
    panel = live;
    for (auto& command : commands) engine->command(std::move(command));
    if (wishes.save_transcript) {
      state.saved_as = save_transcript(*snapshot, me).string();
      state.not_saved = state.saved_as.empty();
    }
    if (wishes.copy_receipt) shell->set_clipboard(snapshot->end.receipt_hex);
    if (engine->wants_quit() || signals.asked()) shell->quit();
  });
  signals.disarm();
  engine->stop();
  if (!run) {
    std::fprintf(stderr, "beside: %s\n", run.error().detail.c_str());
    return 1;
  }
  return 0;
}

}  // namespace beside::app
