// SPDX-License-Identifier: GPL-3.0-or-later
#include <doctest/doctest.h>

#include <cstring>

#include "capture/synthetic/synthetic_desktop.h"
#include "capture/synthetic/synthetic_source.h"
#include "tests/capture/support.h"

using namespace beside;
using namespace beside::capture;
using session::ConsentMachine;

TEST_CASE("synthetic scenes are the same on every run, and what is not damaged did not change") {
  for (const auto scene : {Scene::Typing, Scene::Scroll, Scene::MovingWindow, Scene::Noise}) {
    auto gate = std::make_shared<ports::RightsGate>();
    ConsentMachine::set(*gate, Right::See);
    SyntheticOptions options;
    options.width = 333;
    options.height = 211;
    options.scene = scene;
    options.frame_interval = 0ns;
    options.frame_limit = 60;
    auto a = make_synthetic_source(options, gate), b = make_synthetic_source(options, gate);
    REQUIRE(a->start(ConsentMachine::grant(Right::See), 0));
    REQUIRE(b->start(ConsentMachine::grant(Right::See), 0));
    std::vector<std::uint8_t> last;
    int frames = 0;
    for (;;) {
      auto fa = a->next(LocalTime{}), fb = b->next(LocalTime{});
      REQUIRE(fa);
      REQUIRE(fb);
      if (!fa->has_value()) break;
      ++frames;
      const auto& p = *(*fa)->pixels;
      const auto bytes = static_cast<std::size_t>(p.stride) * static_cast<std::size_t>(p.height);
      CHECK(std::memcmp(p.row(0), (*fb)->pixels->row(0), bytes) == 0);
      int wrong = 0;
      if (!last.empty())
        for (int y = 0; y < p.height; ++y)
          for (int x = 0; x < p.width; ++x) {
            bool damaged = false;
            for (const auto& r : (*fa)->damage) damaged = damaged || r.contains(x, y);
            const auto at = static_cast<std::size_t>(y) * static_cast<std::size_t>(p.stride) + static_cast<std::size_t>(x) * 4;
            if (!damaged && std::memcmp(p.row(0) + at, last.data() + at, 4) != 0) ++wrong;
          }
      CHECK(wrong == 0);
      last.assign(p.row(0), p.row(0) + bytes);
    }
    CHECK(frames == 60);
  }
}

TEST_CASE("a scene that is held still tells its picture once, draws no more and shows it whole when asked") {
  auto gate = std::make_shared<ports::RightsGate>();
  ConsentMachine::set(*gate, Right::See);
  SyntheticOptions options;
  options.width = 64;
  options.height = 48;
  options.scene = Scene::Noise;
  options.frame_interval = 0ns;
  options.hold = std::make_shared<SceneHold>();
  auto source = make_synthetic_source(options, gate);
  REQUIRE(source->start(ConsentMachine::grant(Right::See), 0));
  std::vector<std::uint8_t> last, told;
  const auto pixels_of = [](const ports::PixelBuffer& p) {
    return std::vector<std::uint8_t>(p.row(0), p.row(0) + static_cast<std::size_t>(p.stride) * static_cast<std::size_t>(p.height));
  };
  for (int i = 0; i < 3; ++i) last = pixels_of(*(**source->next(LocalTime{})).pixels);
  int times = 0;
  options.hold->rest([&](const ports::PixelBuffer& p) { told = pixels_of(p), ++times; });
  CHECK_FALSE(source->next(LocalTime{})->has_value());
  CHECK_FALSE(source->next(LocalTime{})->has_value());
  CHECK(times == 1);
  CHECK(told == last);
  source->request_full();
  const auto whole = source->next(LocalTime{});
  REQUIRE(whole->has_value());
  CHECK(pixels_of(*(*whole)->pixels) == told);
}

TEST_CASE("no grant, no synthetic frame") {
  auto gate = std::make_shared<ports::RightsGate>();
  auto source = make_synthetic_source({}, gate);
  CHECK(source->start(ConsentMachine::grant(Right::See), 0).error().kind == ErrorKind::Refused);
  ConsentMachine::set(*gate, Right::See);
  CHECK(source->start(ConsentMachine::grant(Right::Control), 0).error().kind == ErrorKind::Refused);
  REQUIRE(source->start(ConsentMachine::grant(Right::See), 0));
  ConsentMachine::set(*gate, Rights());
  CHECK(source->next(LocalTime{}).error().kind == ErrorKind::Refused);
}

TEST_CASE("the synthetic desktop keeps what it allows and refuses the rest") {
  auto gate = std::make_shared<ports::RightsGate>();
  auto own = std::make_shared<ports::OwnWindows>();
  own->set({{0, 0, 50, 50}});
  ManualClock clock;
  DesktopLayout layout;
  layout.generation = 3;
  layout.width = layout.height = 100;
  SyntheticDesktop desktop(layout, gate, own, clock);
  int stops = 0;
  REQUIRE(desktop.start({[&] { ++stops; }, {}, {}, {}}));
  InputEvent move;
  move.layout_generation = 3;
  move.x = move.y = 60000;
  CHECK(desktop.inject(move) == ports::InjectOutcome::NoRight);
  ConsentMachine::set(*gate, Right::Control);
  CHECK(desktop.inject(move) == ports::InjectOutcome::Done);
  move.x = move.y = 100;
  CHECK(desktop.inject(move) == ports::InjectOutcome::OwnWindow);
  move.layout_generation = 2;
  CHECK(desktop.inject(move) == ports::InjectOutcome::StaleLayout);
  desktop.person_input();
  move.layout_generation = 3;
  CHECK(desktop.inject(move) == ports::InjectOutcome::PausedByCustomer);
  clock.advance(1s);
  move.x = move.y = 60000;
  CHECK(desktop.inject(move) == ports::InjectOutcome::Done);
  desktop.person_presses_stop_keys();
  CHECK(stops == 1);
  CHECK(desktop.injected().size() == 2);
  CHECK(desktop.refused_on_own_windows() == 1);
}
