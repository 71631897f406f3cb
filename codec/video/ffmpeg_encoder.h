// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <memory>
#include <string>

#include "codec/video/encoder.h"
#include "codec/video/ffmpeg.h"
#include "engine/ports/converter.h"
#include "engine/ports/video.h"

namespace beside::video {

// Which of the encoders in hardware to open and how. They give 4:2:0 only.
struct EncoderPlan {
  enum class Kind : std::uint8_t { Vaapi, Nvenc };
  Kind kind = Kind::Vaapi;
  ports::VideoSettings settings;
  std::string device;              // VAAPI: the render node
};
const char* codec_name(EncoderPlan::Kind kind);

// What: one encoder in hardware, by FFmpeg, for one picture size. Keeps the planes of the last picture, so that only damage is
// converted, and rewrites what comes out into the stream that the gate admits: key pictures open with the SPS and PPS
// of the offer, and nothing but slices follows.
// Thread: the owner's (`encode`). Failure: an error of encode() is final.
class FfmpegEncoder final : public ports::VideoEncoder {
 public:
  static Result<std::unique_ptr<FfmpegEncoder>> open(const EncoderPlan& plan, std::shared_ptr<ports::Converter> converter);
  ~FfmpegEncoder() override;
  Bytes sps() const override { return sps_; }
  Bytes pps() const override { return pps_; }
  std::string name() const override { return name_; }
  ports::VideoCodec codec() const override;
  Result<ports::EncodedPicture> encode(const ports::Frame& frame, bool force_key) override;
  Result<void> set_target_kbps(int kbps) override;

 private:
  FfmpegEncoder(const EncoderPlan& plan, std::shared_ptr<ports::Converter> converter);
  Result<void> open_codec();
  Result<void> open_vaapi();
  Result<void> read_parameter_sets();
  void apply_rate(int kbps);
  Result<void> convert(const ports::Frame& frame);
  void repeat_edges();
  Result<void> send(bool force_key);
  Result<ports::EncodedPicture> take();

  EncoderPlan plan_;
  std::shared_ptr<ports::Converter> converter_;
  std::string name_;
  struct FreeBuffer {
    void operator()(AVBufferRef* p) const { av_buffer_unref(&p); }
  };
  std::unique_ptr<AVBufferRef, FreeBuffer> hardware_;  // VAAPI device
  ContextPtr context_;
  FramePtr planes_;                                    // the last picture, in memory
  PacketPtr packet_;
  Bytes sps_, pps_;
  bool filled_ = false;                                // planes_ hold a whole picture
  bool failed_ = false;
  std::int64_t count_ = 0;
};

}  // namespace beside::video
