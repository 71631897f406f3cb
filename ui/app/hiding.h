// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <thread>

#include "capture/x11/place_frames.h"
#include "capture/x11/window_list.h"
#include "engine/ports/desktop.h"
#include "ui/kit/ui.h"
#include "ui/views/customer/customer.h"

namespace beside::app {

// What the customer's page on hidden parts needs of the desktop: the list of his windows, a rectangle drawn by hand, frames
// around what was drawn, and the words over what is hatched. Titles stay on this thread.
// Thread: main; the drawing has one of its own, ended by the destructor.
class Hiding {
 public:
  Hiding(ports::OwnWindows& own, std::function<void()> wake) : own_(own), wake_(std::move(wake)) {}
  ~Hiding();
  Hiding(const Hiding&) = delete;
  Hiding& operator=(const Hiding&) = delete;
  // In each frame, before the view.
  void before(kit::Ui& ui, views::CustomerState& state);
  // After it: does what the view wished. What was drawn comes back as the command that hides it as well.
  std::optional<session::HideParts> after(kit::Ui& ui, const session::CustomerSnapshot& snapshot, const views::CustomerWishes& wishes,
                                          views::CustomerState& state);

 private:
  void frame(const session::CustomerSnapshot& snapshot);
  void draw();
  void end_drawing();

  ports::OwnWindows& own_;
  std::function<void()> wake_;
  std::unique_ptr<capture::WindowList> windows_;
  LocalTime list_due_{};
  std::unique_ptr<capture::PlaceFrames> frames_;   // while a place is hidden
  std::vector<Rect> framed_;
  bool labelled_ = false;
  std::thread drawing_;
  int cancel_fd_ = -1;
  std::atomic<bool> drawn_{false};          // the thread is done; area_ may be read
  std::optional<Rect> area_;
};

}  // namespace beside::app
