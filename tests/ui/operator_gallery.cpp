// SPDX-License-Identifier: GPL-3.0-or-later
// Shows one sample of the operator's screens in the real window, with a made-up picture: operator_gallery SAMPLE
// [light|dark|contrast] [ladder|palette|ask|one|frames] [seconds]. For eyes and screenshots; not installed.
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>

#include "engine/ports/canvas.h"
#include "tests/ui/operator_samples.h"
#include "ui/shell/shell.h"
#include "ui/views/operator/operator.h"

namespace {

using namespace beside;

// A desk with text-like stripes, two windows and grey ramps.
std::shared_ptr<ports::Canvas> picture(int width, int height) {
  auto pixels = ports::make_pixel_buffer(width, height);
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      int red = 35 + y * 46 / height, green = 70 + y * 46 / height, blue = 110 + y * 46 / height;
      const bool window = (x > 140 && x < 1000 && y > 120 && y < 760) || (x > 860 && x < 1740 && y > 300 && y < 960);
      if (window) {
        const bool bar = y < 150 || (x > 1000 && y < 330);
        red = green = blue = bar ? 110 : 242;
        if (!bar && y % 22 < 11 && (x * 7 + y / 22 * 131) % 23 < 13 && x % 8 < 6 && x < 900 + (y / 22 * 97) % 700) red = green = blue = 40;
      }
      std::uint8_t* p = pixels->row(y) + 4 * x;
      p[0] = static_cast<std::uint8_t>(blue);
      p[1] = static_cast<std::uint8_t>(green);
      p[2] = static_cast<std::uint8_t>(red);
    }
  }
  auto canvas = std::make_shared<ports::Canvas>();
  canvas->reset(width, height, 1, 0);
  canvas->write({0, 0, width, height}, pixels->row(0), pixels->stride, true);
  canvas->mark({320, 320, 512, 256}, false);
  ports::UpdateTimes times;
  times.number = 1;
  canvas->commit(times);
  return canvas;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) return 2;
  const auto has = [&](const char* word) {
    for (int i = 2; i < argc; ++i) {
      if (std::strcmp(argv[i], word) == 0) return true;
    }
    return false;
  };
  shell::ShellConfig config;
  config.title = "Beside gallery";
  config.theme = has("dark") ? kit::ThemeName::Dark : has("contrast") ? kit::ThemeName::HighContrast : kit::ThemeName::Light;
  if (has("1080")) {
    config.width = 1920;
    config.height = 1080;
  }
  if (has("frames")) config.direct_pictures = shell::ShellConfig::DirectPictures::Never;
  config.remote_pictures = true;
  auto made = shell::Shell::create(config, {});
  if (!made) return 1;
  shell::Shell& shell = **made;
  session::OperatorSnapshot snapshot;
  for (auto& sample : samples::operator_samples(local_now())) {
    if (sample.name == argv[1]) snapshot = sample.snapshot;
  }
  views::OperatorState state;
  state.ladder_open = has("ladder");
  state.history_open = std::strcmp(argv[1], "history") == 0;
  state.redeeming = std::strcmp(argv[1], "redeem") == 0;
  state.new_password = state.redeeming ? "Beside" : "";
  if (has("palette")) {
    state.palette_open = true;
    state.palette_at = -1;
  }
  state.ask_open = has("ask");
  state.ask_rights = Right::See | Right::Control;
  for (const auto& s : snapshot.sessions) {
    if (has("one")) state.sessions[s.local_id].fit = views::RemoteFit::OneToOne;
    if (s.granted.has(Right::See)) shell.show_canvas(s.local_id, picture(1920, 1080));
  }
  const LocalTime until = local_now() + seconds(std::atoi(argv[argc - 1]) > 0 ? std::atoi(argv[argc - 1]) : 3600);
  const bool keep_history = state.history_open;
  const auto draw = [&](shell::FrameContext& frame) {
    views::OperatorHost host;
    host.draw_remote = [&](const views::RemoteView& view) { return frame.draw_remote(view); };
    host.copy = [&](const std::string& text) { shell.set_clipboard(text); };
    views::draw_operator(frame.ui(), snapshot, state, host);
    if (keep_history) state.history_open = true;
  };
  while (local_now() < until) {
    if (!shell.step(draw, until)) return 1;
  }
  std::printf("%llu frames, %s, %s\n", static_cast<unsigned long long>(shell.frames_drawn()), shell.device_name().c_str(),
              shell.direct_picture().c_str());
  return 0;
}
