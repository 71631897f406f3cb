// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <memory>

#include "engine/base/clock.h"
#include "engine/ports/canvas.h"
#include "engine/session/snapshot.h"

namespace beside::session {

// Waits until all of a canvas is bit for bit the customer's and then takes one copy of it. What changes while it is copied is
// noticed, and the copy made again: the picture is one that the customer's screen really showed.
// Thread: net. Time is given; poll() every kLook and whenever something was shown.
class Screenshot {
 public:
  static constexpr auto kPatience = 5s;
  static constexpr milliseconds kLook{50};

  Screenshot(std::shared_ptr<ports::Canvas> canvas, LocalTime now) : canvas_(std::move(canvas)), since_(now), patience_(now + kPatience) { look(); }
  // The picture once it is exact; null: not yet, or given up (timed_out()).
  std::unique_ptr<ports::PixelBuffer> poll(LocalTime now);
  // The picture as it is, exact or not; null: there is none.
  std::unique_ptr<ports::PixelBuffer> as_it_is();
  bool timed_out() const { return timed_out_; }
  int inexact_permille() const { return inexact_permille_; }   // of the picture, at the last look
  const Rect& inexact() const { return inexact_; }             // picture pixels: the smallest rectangle that holds all of it
  LocalTime next_deadline() const { return timed_out_ ? kNever : next_look_; }

 private:
  void look();
  std::unique_ptr<ports::PixelBuffer> copy() const;

  std::shared_ptr<ports::Canvas> canvas_;
  LocalTime since_, patience_, next_look_{};
  bool timed_out_ = false;
  int inexact_permille_ = 1000;
  Rect inexact_;
};

}  // namespace beside::session
