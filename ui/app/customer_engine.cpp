// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/app/customer_engine.h"

#include <cstdlib>

#include "capture/x11/layout_book.h"
#include "capture/x11/session_kind.h"
#include "capture/x11/x11_desktop.h"
#include "capture/x11/x11_source.h"
#include "codec/tiles/tiles.h"
#include "codec/video/encoder_maker.h"
#include "engine/base/log.h"

namespace beside::app {

CustomerEngine::CustomerEngine(CustomerEngineConfig config, WakeFn snapshot_changed)
    : config_(std::move(config)), snapshot_changed_(snapshot_changed ? snapshot_changed : [] {}), published_(snapshot_changed_),
      own_windows_(config_.own_windows ? config_.own_windows : std::make_shared<ports::OwnWindows>()) {
  if (config_.display.empty()) {
    if (const char* display = std::getenv("DISPLAY")) config_.display = display;
  }
  auto layouts = std::make_shared<capture::LayoutBook>();
  session::CustomerPorts ports;
  static_cast<session::CommonPorts&>(ports) = make_common_ports(thread_, clock_, config_.settings, config_.identity);
  ports.gate = gate_.get();
  ports.screen_available = capture::detect_session_kind() == capture::SessionKind::X11;
  if (ports.screen_available) {
    if (const auto abilities = capture::probe_x11(config_.display)) {
      if (!abilities->damage) ports.capture_lacks.emplace_back("XDamage");
      if (!abilities->shm) ports.capture_lacks.emplace_back("MIT-SHM");
      if (!abilities->xtest) ports.control_lacks.emplace_back("XTEST");
      if (!abilities->xinput2) ports.control_lacks.emplace_back("XInput 2");
      if (!abilities->xkb) ports.control_lacks.emplace_back("XKB");
    }
  }
  ports.hide = [own = own_windows_](HiddenParts parts) { own->hide(std::move(parts)); };
  ports.make_source = [display = config_.display, gate = gate_, own = own_windows_, layouts] {
    return capture::make_x11_source(display, gate, own, layouts);
  };
  ports.make_desktop = [display = config_.display, gate = gate_, own = own_windows_, layouts] {
    capture::X11DesktopOptions options;
    options.watch_only_ok = true;
    return capture::make_x11_desktop(display, gate, own, layouts, options);
  };
  if (config_.make_source && config_.make_desktop) {
    ports.screen_available = true;
    ports.capture_lacks.clear();
    ports.control_lacks.clear();
    ports.make_source = [make = config_.make_source, gate = gate_] { return make(gate); };
    ports.make_desktop = [make = config_.make_desktop, gate = gate_, own = own_windows_] { return make(gate, own); };
  }
  ports.make_tile_tools = [choose = config_.choose_detector] {
    auto detector = tiles::make_change_detector();
    if (choose) detector = choose(std::move(detector));
    return session::TileTools{tiles::make_tile_encoder(), std::move(detector), tiles::make_move_finder(), tiles::make_tile_classifier()};
  };
  ports.make_encoder = [maker = std::make_shared<video::EncoderMaker>([converter = config_.converter](const auto& settings, const auto& preferences, auto* probes) {
    return video::make_video_encoder(settings, preferences, converter, probes);
  })](const ports::VideoSettings& settings) { return (*maker)(settings); };
  thread_.start({[this, ports = std::move(ports)]() mutable {
                   role_ = std::make_unique<session::CustomerRole>(std::move(ports), config_.settings.relay, config_.settings.company,
                                                                   config_.code_prefill, published_);
                 },
                 [this](LocalTime now) {
                   role_->poll(now);
                   if (role_->wants_quit() && !quit_.exchange(true)) snapshot_changed_();
                 },
                 [this] { return role_->next_deadline(); },
                 [this] { role_->wind_down(); }, [this] { return role_->wound_down(); }, [this] { role_->shut_down(); },
                 [this] { role_.reset(); }});
}

CustomerEngine::~CustomerEngine() { stop(); }

void CustomerEngine::stop() {
  gate_->shut();
  thread_.stop();
  // Their device belongs to the shell, which goes first.
  config_.converter.reset();
  config_.choose_detector = nullptr;
}

void CustomerEngine::command(session::CustomerCommand command) {
  if (std::holds_alternative<session::StopSession>(command) || std::holds_alternative<session::PanelClosed>(command)) gate_->shut();
  thread_.post([this, command = std::move(command)] { role_->handle(command); });
}

}  // namespace beside::app
