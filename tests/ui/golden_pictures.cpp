// SPDX-License-Identifier: GPL-3.0-or-later
// Draws a few screens anew and holds them against tests/golden/*.png:  golden_pictures [--update] [--out DIR]
// A picture passes when on average a channel differs by no more than kMeanLimit of 255 and no more than kShareLimit of its
// pixels differ by more than kVisible in any channel: enough for another FreeType's rounding, not for a moved word. What
// differs is left in DIR (golden-differences): NAME.new.png and NAME.difference.png, bright where they differ.
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>

#include "tests/ui/customer_samples.h"
#include "tests/ui/operator_samples.h"
#include "tests/ui/soft_picture.h"
#include "ui/kit/catalogue.h"

namespace {

using namespace beside;
namespace fs = std::filesystem;

constexpr double kMeanLimit = 0.8, kShareLimit = 0.01;
constexpr int kVisible = 32;

struct Compared {
  double mean = 255, share = 1;
  test::Picture difference;
};

Compared compare(const test::Picture& a, const test::Picture& b) {
  Compared out;
  if (a.width != b.width || a.height != b.height || a.rgb.empty()) return out;
  out.difference = a;
  double sum = 0;
  std::size_t far = 0;
  for (std::size_t i = 0; i < a.rgb.size(); i += 3) {
    int most = 0;
    for (std::size_t c = i; c < i + 3; ++c) {
      const int d = std::abs(static_cast<int>(a.rgb[c]) - static_cast<int>(b.rgb[c]));
      sum += d;
      most = std::max(most, d);
      out.difference.rgb[c] = static_cast<std::uint8_t>(std::min(255, d * 4));
    }
    if (most > kVisible) ++far;
  }
  out.mean = sum / static_cast<double>(a.rgb.size());
  out.share = static_cast<double>(far) / (static_cast<double>(a.rgb.size()) / 3);
  return out;
}

struct Job {
  std::string name;
  int width, height;
  std::function<void(kit::Ui&)> view;
};

template <typename Samples>
auto& named(Samples& all, const char* name) {
  for (auto& s : all)
    if (s.name == name) return s;
  std::fprintf(stderr, "no sample %s\n", name);
  std::exit(2);
}

}  // namespace

int main(int argc, char** argv) {
  bool update = false;
  fs::path out = "golden-differences";
  for (int i = 1; i < argc; ++i) {
    if (std::strcmp(argv[i], "--update") == 0) update = true;
    if (std::strcmp(argv[i], "--out") == 0 && i + 1 < argc) out = argv[++i];
  }
  setenv("TZ", "UTC", 1);
  kit::set_language("en");
  const fs::path kept = fs::path(BESIDE_SOURCE_DIR) / "tests/golden";
  bool good = true;
  struct Look {
    const char* name;
    kit::ThemeName theme;
    float scale;
  };
  for (const Look& look : {Look{"light", kit::ThemeName::Light, 1}, Look{"dark", kit::ThemeName::Dark, 1}, Look{"light2x", kit::ThemeName::Light, 2}}) {
    // Fresh samples for each look: drawing changes their state.
    auto customer = test::customer_samples();
    auto kiosk = test::kiosk_samples();
    auto desk = samples::operator_samples(test::kSampleNow);
    views::OperatorState state;
    std::vector<Job> jobs;
    for (const char* name : {"start", "consent", "panel", "hide", "hide_one_window", "end"}) {
      auto& s = named(customer, name);
      const bool narrow = s.snapshot.stage == session::CustomerStage::Live;
      jobs.push_back({std::string("customer-") + name, narrow ? 380 : 520, name == std::string("panel") ? 540 : narrow ? 700 : 640,
                      [&s](kit::Ui& ui) { (void)views::draw_customer(ui, s.snapshot, s.state); }});
    }
    for (const char* name : {"kiosk_idle", "kiosk_code", "kiosk_panel"}) {
      auto& s = named(kiosk, name);
      const bool edge = s.snapshot.stage == session::CustomerStage::Live;
      jobs.push_back({name, edge ? 420 : 1024, 768,
                      [&s](kit::Ui& ui) { (void)views::draw_kiosk(ui, s.snapshot, test::kiosk_settings(), s.state); }});
    }
    auto& live = named(desk, "live_control");
    jobs.push_back({"operator", 1280, 800, [&](kit::Ui& ui) {
                      views::OperatorHost host;
                      host.draw_remote = test::draw_made_up_desktop;
                      (void)views::draw_operator(ui, live.snapshot, state, host);
                    }});
    for (const Job& job : jobs) {
      const std::string name = job.name + "-" + look.name;
      const test::Picture now = test::take_picture({job.width, job.height, look.scale, look.theme}, job.view);
      const std::string file = (kept / (name + ".png")).string();
      if (update) {
        fs::create_directories(kept);
        good = !now.rgb.empty() && test::save_png(file, now) && good;
        continue;
      }
      const auto before = test::load_png(file);
      const Compared c = before ? compare(now, *before) : Compared{};
      const bool same = c.mean <= kMeanLimit && c.share <= kShareLimit;
      std::printf("%s %-24s mean %.3f of 255, %.3f %% of the pixels\n", same ? "same     " : "DIFFERENT", name.c_str(), c.mean, c.share * 100);
      if (same) continue;
      good = false;
      fs::create_directories(out);
      test::save_png((out / (name + ".new.png")).string(), now);
      if (!c.difference.rgb.empty()) test::save_png((out / (name + ".difference.png")).string(), c.difference);
    }
  }
  if (!good && !update) std::printf("Look at %s. If the change is meant: golden_pictures --update\n", fs::absolute(out).c_str());
  return good ? 0 : 1;
}
