// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "codec/video/quantiser_control.h"
#include "engine/ports/converter.h"
#include "engine/ports/video.h"

namespace beside::video {

// What: H.264 by libx264 itself, which takes the quantiser of each picture from us: through FFmpeg's cover only its own rate control can
// be had, which looks at each picture twice (a fifth of the time). Keeps the planes of the last picture, so that only damage is converted.
// Thread: the owner's (`encode`); libx264 has one of its own for each slice but one. Failure: an error of encode() is final.
class X264Encoder final : public ports::VideoEncoder {
 public:
  // `threads`: slices a picture as well. `quality`: the finest quantiser. Errors: Environment.
  static Result<std::unique_ptr<X264Encoder>> open(const ports::VideoSettings& settings, int threads, int quality,
                                                   std::shared_ptr<ports::Converter> converter);
  ~X264Encoder() override;
  Bytes sps() const override { return sps_; }
  Bytes pps() const override { return pps_; }
  std::string name() const override;
  ports::VideoCodec codec() const override { return settings_.codec; }
  Result<ports::EncodedPicture> encode(const ports::Frame& frame, bool force_key) override;
  Result<void> set_target_kbps(int kbps) override;
  bool refined() const override { return control_.refined(); }

 private:
  X264Encoder(const ports::VideoSettings& settings, int quality, std::shared_ptr<ports::Converter> converter);
  Result<void> open_codec(int threads);
  Result<void> read_parameter_sets();
  Result<void> convert(const ports::Frame& frame);
  double change();
  Result<ports::EncodedPicture> code(bool key, int quantiser);

  struct Codec;
  ports::VideoSettings settings_;
  std::shared_ptr<ports::Converter> converter_;
  QuantiserControl control_;
  const std::unique_ptr<Codec> codec_;
  Bytes sps_, pps_;
  std::vector<std::uint8_t> sampled_;      // some rows of the last picture's luma
  std::int64_t count_ = 0;                 // pictures coded
  bool filled_ = false, failed_ = false;
};

}  // namespace beside::video
