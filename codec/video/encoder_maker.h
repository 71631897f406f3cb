// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <atomic>
#include <functional>
#include <memory>

#include "codec/video/encoder.h"

namespace beside::video {

// Makes encoders as films come and go. Hardware is tried for each film that it can code, until it failed once, be it to open or in
// mid-film: to find that out takes up to half a second, and what failed will again.
// Thread: any. What it makes may outlive it.
class EncoderMaker {
 public:
  using Made = Result<std::unique_ptr<ports::VideoEncoder>>;
  using Make = std::function<Made(const ports::VideoSettings&, const EncoderPreferences&, std::vector<EncoderProbe>*)>;
  explicit EncoderMaker(Make make) : make_(std::move(make)) {}
  // As make_video_encoder().
  Made operator()(const ports::VideoSettings& settings);
  bool tries_hardware() const { return *hardware_; }

 private:
  Make make_;
  std::shared_ptr<std::atomic<bool>> hardware_ = std::make_shared<std::atomic<bool>>(true);
};

}  // namespace beside::video
