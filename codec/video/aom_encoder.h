// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <memory>
#include <string>

#include "codec/video/ffmpeg.h"
#include "engine/ports/converter.h"
#include "engine/ports/video.h"

namespace beside::video {

// What: AV1 by libaom through FFmpeg, in real-time mode for what screens show. For lines that carry little: it takes more than twice the
// time of libx264 with most effort. Keeps the planes of the last picture, so that only damage is converted.
// FFmpeg 5.1 cannot tell a running libaom of another rate, so the encoder is opened anew, which costs a key picture, when the rate moved much.
// Thread: the owner's (`encode`). Failure: an error of encode() is final.
class AomEncoder final : public ports::VideoEncoder {
 public:
  // The sizes and the codec (Av1_444, Av1_420) of `settings`. Errors: Environment where FFmpeg has no libaom.
  static Result<std::unique_ptr<AomEncoder>> open(const ports::VideoSettings& settings, int threads, std::shared_ptr<ports::Converter> converter);
  Bytes sps() const override { return sequence_; }
  Bytes pps() const override { return {}; }
  std::string name() const override { return ports::is_444(settings_.codec) ? "libaom AV1 4:4:4" : "libaom AV1 4:2:0"; }
  ports::VideoCodec codec() const override { return settings_.codec; }
  Result<ports::EncodedPicture> encode(const ports::Frame& frame, bool force_key) override;
  Result<void> set_target_kbps(int kbps) override;

 private:
  AomEncoder(const ports::VideoSettings& settings, int threads, std::shared_ptr<ports::Converter> converter)
      : settings_(settings), threads_(threads), converter_(std::move(converter)) {}
  Result<void> open_codec();
  Result<void> read_sequence();
  Result<void> convert(const ports::Frame& frame);
  Result<ports::EncodedPicture> take();

  ports::VideoSettings settings_;
  int threads_;
  std::shared_ptr<ports::Converter> converter_;
  ContextPtr context_;
  FramePtr planes_;                // the last picture
  PacketPtr packet_;
  Bytes sequence_;                 // the sequence header OBU
  int opened_kbps_ = 0;            // what the encoder was opened for
  std::int64_t count_ = 0, opened_at_ = 0;   // pictures; of them when it was opened
  bool filled_ = false, failed_ = false;
};

}  // namespace beside::video
