// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <memory>
#include <string>

#include "engine/ports/converter.h"
#include "engine/ports/video.h"

namespace beside::video {

// What: AV1 by libaom in real-time mode for what screens show. For lines that carry little: it takes more than twice the time of
// libx264 with most effort. Keeps the planes of the last picture, so that only damage is converted. libaom itself and not FFmpeg's
// cover, which cannot tell a running encoder of another rate (5.1).
// Thread: the owner's (`encode`). Failure: an error of encode() is final.
class AomEncoder final : public ports::VideoEncoder {
 public:
  // The sizes and the codec (Av1_444, Av1_420) of `settings`. Errors: Environment, with libaom's own words.
  static Result<std::unique_ptr<AomEncoder>> open(const ports::VideoSettings& settings, int threads, std::shared_ptr<ports::Converter> converter);
  ~AomEncoder() override;
  Bytes sps() const override { return sequence_; }
  Bytes pps() const override { return {}; }
  std::string name() const override { return ports::is_444(settings_.codec) ? "libaom AV1 4:4:4" : "libaom AV1 4:2:0"; }
  ports::VideoCodec codec() const override { return settings_.codec; }
  Result<ports::EncodedPicture> encode(const ports::Frame& frame, bool force_key) override;
  Result<void> set_target_kbps(int kbps) override;

 private:
  AomEncoder(const ports::VideoSettings& settings, std::shared_ptr<ports::Converter> converter);
  Result<void> open_codec(int threads);
  Result<void> read_sequence();
  Result<void> convert(const ports::Frame& frame);
  Result<ports::EncodedPicture> take();
  std::size_t most_key_bytes() const;   // of a key picture that does not have to be coded again

  struct Codec;
  ports::VideoSettings settings_;
  std::shared_ptr<ports::Converter> converter_;
  const std::unique_ptr<Codec> codec_;
  Bytes sequence_;                 // the sequence header OBU
  std::int64_t count_ = 0;         // pictures
  bool filled_ = false, failed_ = false;
};

}  // namespace beside::video
