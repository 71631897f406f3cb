// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/app/hiding.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <cstdlib>

#include "engine/base/log.h"
#include "ui/kit/catalogue.h"
#include "ui/kit/word_picture.h"

namespace beside::app {
namespace {

constexpr auto kListEvery = 1s;

std::string display_name() {
  const char* display = std::getenv("DISPLAY");
  return display == nullptr ? std::string() : display;
}

}  // namespace

Hiding::~Hiding() { end_drawing(); }

void Hiding::before(kit::Ui& ui, views::CustomerState& state) {
  if (!labelled_) {
    auto words = kit::draw_words(ui.fonts(), kit::Face::Strong, kit::Size::Body, kit::tr("hide.words"));
    labelled_ = words.complete;
    own_.set_hatch_label(std::move(words.label));
  }
  state.drawing_area = drawing_.joinable() && !drawn_.load(std::memory_order_acquire);
}

std::optional<session::HideParts> Hiding::after(kit::Ui& ui, const session::CustomerSnapshot& snapshot, const views::CustomerWishes& wishes,
                                                views::CustomerState& state) {
  std::optional<session::HideParts> out;
  frame(snapshot);
  if (drawing_.joinable() && drawn_.load(std::memory_order_acquire)) {
    end_drawing();
    if (area_ && snapshot.stage == session::CustomerStage::Live) {
      out.emplace().parts = snapshot.hidden;
      out->parts.areas.push_back(*area_);
    }
    ui.wants().at(ui.now());
  }
  if (!wishes.list_windows) {
    windows_.reset();   // no connection is kept for a page that nobody looks at
    if (drawing_.joinable()) end_drawing();
    return out;
  }
  if (wishes.draw_area && !drawing_.joinable()) {
    draw();
    ui.wants().at(ui.now());
  }
  if (!windows_ || ui.now() >= list_due_) {
    list_due_ = ui.now() + kListEvery;
    if (!windows_) {
      auto made = capture::WindowList::create(display_name());
      if (made) windows_ = std::move(*made);
      else BS_LOG_LIMITED(Warn, "hiding", "{}", dump_error(made.error()));
    }
    std::vector<views::WindowChoice> now;
    if (windows_)
      for (auto& w : windows_->now()) now.push_back({w.id, std::move(w.title)});
    const bool same = now.size() == state.windows.size() &&
                      std::equal(now.begin(), now.end(), state.windows.begin(), [](const auto& a, const auto& b) { return a.id == b.id && a.title == b.title; });
    if (!same) {
      state.windows = std::move(now);
      ui.wants().at(ui.now());
    }
  }
  ui.wants().at(list_due_);
  return out;
}

// Tried once for each set of places: a desktop that shows no frames is told of in the log.
void Hiding::frame(const session::CustomerSnapshot& snapshot) {
  const std::vector<Rect> places = snapshot.stage == session::CustomerStage::Live ? snapshot.hidden.areas : std::vector<Rect>();
  if (places == framed_) return;
  framed_ = places;
  if (places.empty()) return frames_.reset();
  if (!frames_) {
    auto made = capture::PlaceFrames::create(display_name(), own_);
    if (!made) {
      BS_LOG_LIMITED(Warn, "hiding", "{}", dump_error(made.error()));
      return;
    }
    frames_ = std::move(*made);
  }
  frames_->show(places);
}

void Hiding::draw() {
  cancel_fd_ = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (cancel_fd_ < 0) {
    BS_LOG_LIMITED(Warn, "hiding", "no descriptor is left to draw a place with");
    return;
  }
  drawn_ = false;
  area_.reset();
  drawing_ = std::thread([this] {
    area_ = capture::draw_area(display_name(), cancel_fd_);
    drawn_.store(true, std::memory_order_release);
    wake_();
  });
}

void Hiding::end_drawing() {
  if (!drawing_.joinable()) return;
  const std::uint64_t one = 1;
  [[maybe_unused]] const auto written = write(cancel_fd_, &one, sizeof one);
  drawing_.join();
  close(cancel_fd_);
  cancel_fd_ = -1;
}

}  // namespace beside::app
