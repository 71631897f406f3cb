// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/app/operator_engine.h"

#include "codec/tiles/tiles.h"
#include "codec/video/decoder.h"
#include "engine/gpu/converter.h"
#include "engine/journal/file_journal.h"

namespace beside::app {

OperatorEngine::OperatorEngine(OperatorEngineConfig config, WakeFn snapshot_changed)
    : config_(std::move(config)), snapshot_changed_(snapshot_changed ? snapshot_changed : [] {}), published_(snapshot_changed_) {
  session::OperatorPorts ports;
  static_cast<session::CommonPorts&>(ports) = make_common_ports(thread_, clock_, config_.settings, config_.identity);
  ports.make_decoder = [this](const session::ReceiveParams& params) {
    return video::make_video_decoder({params.codec, params.width, params.height, params.sps, params.pps, params.shown_width, params.shown_height}, clock_);
  };
  ports.decodes_av1 = video::decodes_av1();
  ports.make_tile_decoder = [] { return tiles::make_tile_decoder(); };
  ports.canvas = config_.canvas;
  ports.canvas_changed = config_.canvas_changed;
  ports.to_pixels = [side = std::make_shared<SideThread>()](const ports::Planes& planes, std::uint8_t* bgrx, std::ptrdiff_t stride) {
    return gpu::planes_to_bgra_cpu(planes, bgrx, static_cast<int>(stride), side.get());
  };
  ports.cursor_shape = config_.cursor_shape;
  ports.cursor_position = config_.cursor_position;
  ports.gone = config_.gone;
  ports.save_picture = [this](std::unique_ptr<ports::PixelBuffer> pixels, std::string comment, std::function<void(Result<std::string>)> done) {
    keeper_.save(std::move(pixels), std::move(comment), std::move(done));
  };
  ports.past_sessions = [directory = config_.identity.journal_directory] {
    std::vector<session::PastSession> out;
    for (auto& entry : journal::list_past(directory, 200)) {
      out.push_back({entry.file.string(), std::move(entry.peer), entry.began_unix_ms, entry.ended_unix_ms - entry.began_unix_ms, entry.used});
    }
    return out;
  };
  thread_.start({[this, ports = std::move(ports)]() mutable {
                   role_ = std::make_unique<session::OperatorRole>(std::move(ports), config_.settings.relay,
                                                                   config_.settings.company, published_);
                 },
                 [this](LocalTime now) {
                   role_->poll(now);
                   if (role_->wants_quit() && !quit_.exchange(true)) snapshot_changed_();
                 },
                 [this] { return role_->next_deadline(); },
                 [this] { role_->wind_down(); }, [this] { return role_->wound_down(); }, [this] { role_->shut_down(); },
                 [this] { role_.reset(); }});
}

OperatorEngine::~OperatorEngine() { stop(); }
void OperatorEngine::stop() { thread_.stop(); }

void OperatorEngine::command(session::OperatorCommand command) {
  const bool unhurried = std::holds_alternative<session::PictureShown>(command);
  auto task = [this, command = std::move(command)] { role_->handle(command); };
  if (unhurried) thread_.post_unhurried(std::move(task));
  else thread_.post(std::move(task));
}

}  // namespace beside::app
