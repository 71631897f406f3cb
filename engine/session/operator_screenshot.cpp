// SPDX-License-Identifier: GPL-3.0-or-later
// OperatorSession's half that keeps a picture of what is seen.
#include "engine/session/operator_session.h"

namespace beside::session {

void OperatorSession::take_screenshot(bool as_it_is) {
  using State = SessionView::Kept::State;
  if (!canvas_ || !granted_.has(Right::See) || !ports_.save_picture || kept_.state == State::Saving) return;
  const LocalTime now = ports_.clock->now();
  if (!as_it_is || !screenshot_) {
    screenshot_.emplace(canvas_, now);
    kept_ = {State::Waiting, {}, 0, {}};
    return watch_screenshot(now);
  }
  auto pixels = screenshot_->as_it_is();
  if (pixels) save_picture(std::move(pixels));
}

void OperatorSession::forget_screenshot() {
  screenshot_.reset();
  kept_ = {};
  events_.changed();
}

void OperatorSession::watch_screenshot(LocalTime now) {
  using State = SessionView::Kept::State;
  if (!screenshot_ || kept_.state != State::Waiting) return;
  const auto before = kept_;
  auto pixels = screenshot_->poll(now);
  kept_.inexact_permille = screenshot_->inexact_permille();
  kept_.inexact = screenshot_->inexact();
  if (pixels) return save_picture(std::move(pixels));
  if (screenshot_->timed_out()) kept_.state = State::NotExact;
  if (kept_.state != before.state || kept_.inexact_permille != before.inexact_permille) events_.changed();
}

void OperatorSession::save_picture(std::unique_ptr<ports::PixelBuffer> pixels) {
  using State = SessionView::Kept::State;
  const int width = pixels->width, height = pixels->height, inexact = screenshot_->inexact_permille();
  kept_.state = State::Saving;
  kept_.inexact_permille = inexact;
  kept_.inexact = screenshot_->inexact();
  screenshot_.reset();
  events_.changed();
  const std::string comment = inexact == 0 ? "Bit for bit as on the customer's screen."
                                           : "Not exact in " + std::to_string(inexact) + " of 1000 parts of the picture.";
  // The customer is told when it is taken, not when a disk has it: what left with the operator's eyes cannot be called back.
  inner::Inner out;
  out.mutable_picture_kept()->set_width(static_cast<std::uint32_t>(width));
  out.mutable_picture_kept()->set_height(static_cast<std::uint32_t>(height));
  if (link_) (void)link_->send(out);
  ports_.save_picture(std::move(pixels), comment, [alive = std::weak_ptr<int>(alive_), this, width, height](Result<std::string> file) {
    if (alive.expired()) return;
    kept_.state = file ? State::Saved : State::Failed;
    kept_.text = file ? *file : file.error().detail;
    note(ports::JournalKind::PictureKept, Right::See,
         std::to_string(width) + "x" + std::to_string(height) + (file ? "" : ", not written") +
             (kept_.inexact_permille > 0 ? ", not exact in " + std::to_string(kept_.inexact_permille) + " of 1000 parts" : ", exact"));
    events_.changed();
  });
}

}  // namespace beside::session
