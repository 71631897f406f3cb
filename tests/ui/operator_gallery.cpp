// SPDX-License-Identifier: GPL-3.0-or-later
// Shows one sample of the operator's screens in the real window, with a made-up picture: operator_gallery SAMPLE
// [light|dark|contrast] [ladder|palette|ask|keys] [seconds]. For eyes and screenshots; not installed.
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>

#include "engine/ports/frame.h"
#include "tests/ui/operator_samples.h"
#include "ui/shell/shell.h"
#include "ui/views/operator/operator.h"

namespace {

using namespace beside;

// A desk with text-like stripes, two windows and grey ramps, as 4:4:4 planes.
ports::DecodedPicture picture(int width, int height) {
  auto memory = std::make_shared<std::vector<std::uint8_t>>(static_cast<std::size_t>(width) * static_cast<std::size_t>(height) * 3);
  ports::DecodedPicture p;
  p.number = 1;
  p.planes.width = width;
  p.planes.height = height;
  for (int i = 0; i < 3; ++i) {
    p.planes.data[i] = memory->data() + static_cast<std::ptrdiff_t>(width) * height * i;
    p.planes.stride[i] = width;
  }
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      int luma = 70 + y * 40 / height, u = 150, v = 112;
      const bool window = (x > 140 && x < 1000 && y > 120 && y < 760) || (x > 860 && x < 1740 && y > 300 && y < 960);
      if (window) {
        const bool bar = y < 150 || (x > 1000 && y < 330);
        luma = bar ? 110 : 225;
        u = v = 128;
        if (!bar && y % 22 < 11 && (x * 7 + y / 22 * 131) % 23 < 13 && x % 8 < 6 && x < 900 + (y / 22 * 97) % 700) luma = 50;
      }
      p.planes.data[0][y * width + x] = static_cast<std::uint8_t>(luma);
      p.planes.data[1][y * width + x] = static_cast<std::uint8_t>(u);
      p.planes.data[2][y * width + x] = static_cast<std::uint8_t>(v);
    }
  }
  p.keep_alive = memory;
  return p;
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
    if (s.granted.has(Right::See)) shell.on_picture(s.local_id, picture(1920, 1080));
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
  std::printf("%llu frames, %s\n", static_cast<unsigned long long>(shell.frames_drawn()), shell.device_name().c_str());
  return 0;
}
