// SPDX-License-Identifier: GPL-3.0-or-later
// A tool to look at screens: ui_gallery OUT_DIR [filter] [light|dark|contrast] [en|de|it] [scale] [WxH] [tabs]
// Draws every sample whose name holds `filter` into OUT_DIR/NAME-THEME-LANGUAGE-SCALE[-WxH].png. Needs no display. The
// operator's real window with a real renderer is operator_gallery's.
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "tests/ui/customer_samples.h"
#include "tests/ui/operator_samples.h"
#include "tests/ui/soft_picture.h"
#include "ui/kit/catalogue.h"
#include "ui/views/operator/operator.h"

using namespace beside;

int main(int argc, char** argv) {
  const auto arg = [&](int i, const char* otherwise) { return std::string(argc > i ? argv[i] : otherwise); };
  if (argc < 2 || std::strcmp(argv[1], "--help") == 0) {
    std::puts("ui_gallery OUT_DIR [filter] [light|dark|contrast] [en|de|it] [scale] [WxH] [tabs]");
    return argc < 2 ? 2 : 0;
  }
  const std::string out = arg(1, "."), filter = arg(2, ""), theme = arg(3, "light"), language = arg(4, "en");
  const std::string scale = arg(5, "1"), size = arg(6, "");
  int width = 0, height = 0;
  if (!size.empty() && std::sscanf(size.c_str(), "%dx%d", &width, &height) != 2) return 2;
  setenv("TZ", "UTC", 1);
  kit::set_language(language);
  const kit::ThemeName name = theme == "dark"       ? kit::ThemeName::Dark
                              : theme == "contrast" ? kit::ThemeName::HighContrast
                                                    : kit::ThemeName::Light;
  bool good = true;
  const auto draw = [&](const std::string& sample, int w, int h, const std::function<void(kit::Ui&)>& view) {
    if (sample.find(filter) == std::string::npos) return;
    const test::PictureOptions options{width > 0 ? width : w, height > 0 ? height : h, std::strtof(scale.c_str(), nullptr), name,
                                       std::atoi(arg(7, "0").c_str())};
    const test::Picture picture = test::take_picture(options, view);
    std::string path = out;
    path += "/" + sample + "-" + theme + "-" + language + "-" + scale + (size.empty() ? "" : "-" + size) + ".png";
    good = !picture.rgb.empty() && test::save_png(path, picture) && good;
  };
  for (test::Sample& s : test::customer_samples()) {
    const bool panel = s.snapshot.stage == session::CustomerStage::Live;
    const bool tall = s.state.chat_open || s.snapshot.ask.has_value();
    draw(s.name, panel ? 380 : 520, panel && !tall ? 560 : 640,
         [&](kit::Ui& ui) { (void)views::draw_customer(ui, s.snapshot, s.state); });
  }
  for (test::KioskSample& s : test::kiosk_samples()) {
    const bool edge = s.snapshot.stage == session::CustomerStage::Live && !s.snapshot.ask;
    draw(s.name, edge ? 420 : 1280, 1024,
         [&](kit::Ui& ui) { (void)views::draw_kiosk(ui, s.snapshot, test::kiosk_settings(), s.state); });
  }
  for (const samples::OperatorSample& s : samples::operator_samples(test::kSampleNow)) {
    for (const char* open : {"", "ask", "palette", "ladder", "end"}) {
      if (*open != '\0' && s.name != "live_control" && (s.name != "live_talk" || std::strcmp(open, "ask") != 0)) continue;
      views::OperatorState state;
      state.history_open = s.name == "history";
      state.ask_open = std::strcmp(open, "ask") == 0;
      state.ask_rights = Right::See | Right::Control;
      state.palette_open = std::strcmp(open, "palette") == 0;
      state.palette_at = -1;
      state.ladder_open = std::strcmp(open, "ladder") == 0;
      state.confirm_end = std::strcmp(open, "end") == 0;
      views::OperatorHost host;
      host.draw_remote = test::draw_made_up_desktop;
      host.copy = [](const std::string&) {};
      host.read_past = [](const std::string&) { return samples::past_lines(); };
      if (s.name == "history_file") {
        state.history_open = true;
        state.history_file = s.snapshot.past.front().file;
        state.history_lines = samples::past_lines();
      }
      const bool history = state.history_open;
      draw("op_" + s.name + (*open != '\0' ? std::string("_") + open : ""), 1280, 800, [&](kit::Ui& ui) {
        (void)views::draw_operator(ui, s.snapshot, state, host);
        state.history_open = history;
      });
    }
  }
  return good ? 0 : 1;
}
