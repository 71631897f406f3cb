// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/app/kiosk_app.h"

#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>

#include "capture/x11/kiosk_desk.h"
#include "engine/gpu/change_detector.h"
#include "engine/gpu/converter.h"
#include "ui/app/customer_engine.h"
#include "ui/app/kiosk_child.h"
#include "ui/app/window_options.h"
#include "ui/kit/catalogue.h"
#include "ui/kit/widgets.h"
#include "ui/shell/shell.h"
#include "ui/views/kiosk/kiosk.h"

namespace beside::app {
namespace {

constexpr seconds kLookForMending{5};
constexpr int kPanelHeight = 560;            // at scale 1, of a panel along the lower edge
constexpr int kChatHeight = 912;             // the same while chat and keyboard are open

// Our window and what it must keep in step with the shell.
struct Screen {
  std::shared_ptr<ports::OwnWindows> own = std::make_shared<ports::OwnWindows>();
  std::unique_ptr<capture::KioskDesk> desk;
  std::unique_ptr<shell::Shell> shell;
};

void note_window(ports::OwnWindows& own, const shell::WindowState& now) {
  own.set(now.iconified || now.outer.empty() ? std::vector<Rect>{} : std::vector<Rect>{now.outer});
  own.set_native_ids({now.native_id, now.native_frame_id});
  own.set_focused(now.focused);
}

shell::ShellConfig kiosk_shell(const WindowOptions& options, const std::string& title) {
  shell::ShellConfig config = shell_config(options);
  config.title = title;
  config.app_id = "beside-kiosk";
  config.resizable = false;
  config.decorated = false;
  config.fullscreen = true;
  return config;
}

// The desk comes first: from then on nothing but us can appear.
bool open_desk(Screen& screen) {
  const char* display = std::getenv("DISPLAY");
  auto desk = capture::make_kiosk_desk(display == nullptr ? "" : display, screen.own, [&screen] {
    if (screen.shell) screen.shell->wake();
  });
  if (!desk) {
    std::fprintf(stderr, "beside-kiosk: %s\n", desk.error().detail.c_str());
    return false;
  }
  screen.desk = std::move(*desk);
  return true;
}

// Everything is made for a screen of 720 lines that people stand before, and grows with it; a monitor's own scale, made for
// a desk, says little here.
float kiosk_scale(float asked, const Rect& screen) {
  return asked > 0 ? asked : std::clamp(static_cast<float>(std::min(screen.width, screen.height)) / 720.0F, 1.0F, 4.0F);
}

std::string host_name() {
  char name[65] = {};
  return gethostname(name, sizeof name - 1) == 0 && is_utf8(name) ? name : "kiosk";
}

struct Places {
  Rect panel, application;
};

// The panel takes the right edge, or the lower one of an upright screen. There it grows over the application while the
// person writes; the application keeps its size, so that nothing in it moves.
Places divide(const Rect& screen, float scale, float panel_width, bool chat) {
  const auto pixels = [scale](float at_scale_1) { return static_cast<int>(std::lround(at_scale_1 * scale)); };
  const int wide = std::min(pixels(panel_width), screen.width / 2);
  const int high = std::min(pixels(kPanelHeight), screen.height / 2);
  const int shown = chat ? std::max(high, std::min(pixels(kChatHeight), screen.height * 3 / 4)) : high;
  if (screen.height > screen.width)
    return {{0, screen.height - shown, screen.width, shown}, {0, 0, screen.width, screen.height - high}};
  return {{screen.width - wide, 0, wide, screen.height}, {0, 0, screen.width - wide, screen.height}};
}

CustomerEngineConfig engine_config(const KioskFile& file, const Screen& screen) {
  CustomerEngineConfig config;
  config.settings = file.settings;
  config.identity.role = control::ROLE_CUSTOMER;
  config.identity.program = "beside-kiosk";
  config.identity.language = file.languages.front();
  config.identity.person = host_name();
  config.identity.journal_directory = data_directory() / "journal" / "kiosk";
  config.own_windows = screen.own;
  config.converter = gpu::make_converter(&screen.shell->device());
  config.choose_detector = [device = &screen.shell->device()](std::unique_ptr<ports::ChangeDetector> cpu) {
    return gpu::choose_change_detector(device, std::move(cpu));
  };
  return config;
}

}  // namespace

int run_kiosk(const KioskFile& file) {
  Screen screen;
  // Before anything can be seen: only this application, and nothing at all until it runs.
  screen.own->share_only({0, file.window});
  if (!open_desk(screen)) return 1;
  std::unique_ptr<CustomerEngine> engine;
  bool panel = false;

  shell::ShellEvents events;
  events.close_requested = [&] {
    if (engine && engine->snapshot()->stage == session::CustomerStage::Live) engine->command(session::PanelClosed{});
    return false;
  };
  events.window_changed = [&](const shell::WindowState& now) {
    note_window(*screen.own, now);
    if (engine) engine->command(session::PanelVisibility{now.visible});
  };
  events.display_gone = [&] {
    if (engine) engine->stop();
  };
  auto made = shell::Shell::create(kiosk_shell({file.theme, file.languages.front(), kiosk_scale(file.scale, screen.desk->screen())},
                                              file.settings.company),
                                  std::move(events));
  if (!made) return 1;
  screen.shell = std::move(*made);
  shell::Shell& window = *screen.shell;
  note_window(*screen.own, window.window_state());
  engine = std::make_unique<CustomerEngine>(engine_config(file, screen), [&] { window.wake(); });

  std::unique_ptr<KioskChild> application;
  if (!file.command.empty()) {
    application = std::make_unique<KioskChild>(file.command, [&](std::int64_t session) {
      // With a class named, the command is only what brings that window about.
      screen.own->share_only({file.window.empty() ? session : 0, file.window});
      screen.desk->look_again();
    });
  }

  views::KioskSettings settings;
  settings.company = file.settings.company;
  settings.department = file.departments.size() == 1 ? file.departments.front() : std::string();
  settings.home_language = file.languages.front();
  settings.languages = file.languages;
  views::KioskState state;
  const auto run = window.run([&](shell::FrameContext& frame) {
    const auto snapshot = engine->snapshot();
    views::KioskWishes wishes;
    auto commands = views::draw_kiosk(frame.ui(), *snapshot, settings, state, &wishes);
    const bool live = snapshot->stage == session::CustomerStage::Live;
    // The shell watches over the panel's visibility; where it lies is the desk's matter.
    if (live && !panel) window.switch_to_panel(static_cast<int>(wishes.panel_width), kPanelHeight);
    if (!live && panel) window.switch_to_normal(0, 0);
    panel = live;
    if (live && !wishes.full_screen) {
      const Places places = divide(screen.desk->screen(), frame.scale, wishes.panel_width, state.customer.chat_open);
      screen.desk->open(places.panel, places.application);
    } else {
      screen.desk->cover();
    }
    for (auto& command : commands) engine->command(std::move(command));
    if (engine->wants_quit()) window.quit();
  });
  screen.desk->cover();
  engine->stop();
  application.reset();
  if (!run) {
    std::fprintf(stderr, "beside-kiosk: %s\n", run.error().detail.c_str());
    return 1;
  }
  return 0;
}

int show_kiosk_fault(const std::string& language, const std::string& detail, const std::function<bool()>& mended) {
  Screen screen;
  screen.own->share_only({});
  if (!open_desk(screen)) return 1;
  shell::ShellEvents events;
  events.close_requested = [] { return false; };
  auto made = shell::Shell::create(kiosk_shell({"light", language, kiosk_scale(0, screen.desk->screen())}, "Beside"), std::move(events));
  if (!made) return 1;
  screen.shell = std::move(*made);
  shell::Shell& window = *screen.shell;
  LocalTime next = local_now() + kLookForMending;
  const auto run = window.run([&](shell::FrameContext& frame) {
    if (frame.now >= next) {
      if (mended()) return window.quit();
      next = frame.now + kLookForMending;
    }
    frame.redraw_at(next);
    kit::Ui& ui = frame.ui();
    ui.set_larger_text(true);
    kit::begin_screen(ui, "kiosk.fault", {.padding = kit::measure::kSection});
    kit::begin_column(ui, 720);
    kit::space(ui, std::clamp((kit::height_left(ui) / ui.scale() - 320) / 2, 8.0F, 360.0F));
    kit::heading(ui, "kiosk.fault_title", kit::tr("kiosk.fault_title"));
    kit::space(ui, kit::measure::kGap);
    kit::text(ui, "kiosk.fault_explain", kit::tr("kiosk.fault_explain"));
    kit::space(ui, kit::measure::kSection);
    kit::begin_card(ui, "kiosk.fault_card");
    kit::text(ui, {}, kit::tr("kiosk.fault_detail"), {.tone = kit::Tone::Muted});
    kit::text(ui, "kiosk.fault_detail", detail);
    kit::end_card(ui);
    kit::end_column(ui);
    kit::end_screen(ui);
  });
  if (!run) std::fprintf(stderr, "beside-kiosk: %s\n", run.error().detail.c_str());
  return run ? 0 : 1;
}

}  // namespace beside::app
