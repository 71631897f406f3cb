// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "engine/base/bytes.h"
#include "engine/base/result.h"
#include "engine/ports/frame.h"

namespace beside::ports {

enum class VideoCodec : std::uint8_t { H264_444 = 1, H264_420 = 2, Av1_444 = 3, Av1_420 = 4 };   // as on the wire
inline bool is_av1(VideoCodec codec) { return codec == VideoCodec::Av1_444 || codec == VideoCodec::Av1_420; }
inline bool is_444(VideoCodec codec) { return codec == VideoCodec::H264_444 || codec == VideoCodec::Av1_444; }

// Processor time for bytes: each step looks as good as the one before at fewer bytes, and takes longer at both ends.
enum class VideoEffort : std::uint8_t { Least = 1, Normal, Most };

struct VideoSettings {
  VideoCodec codec = VideoCodec::H264_444;
  int width = 0, height = 0;      // of the picture as coded; odd sizes are coded padded and cropped in the SPS
  int target_kbps = 8000;         // at most, at 30 pictures a second
  VideoEffort effort = VideoEffort::Normal;
  int shown_width = 0, shown_height = 0;   // of the frames that are given; 0: as coded, else they are made smaller
};

// Turns frames into bytes. One owner thread (`encode`).
class VideoEncoder {
 public:
  virtual ~VideoEncoder() = default;
  // SPS and PPS as they go into the offer (NAL units without start codes; AV1: the sequence header OBU and nothing); known from
  // creation on.
  virtual Bytes sps() const = 0;
  virtual Bytes pps() const = 0;
  virtual std::string name() const = 0;          // "libx264 4:4:4"
  virtual VideoCodec codec() const = 0;
  virtual Result<EncodedPicture> encode(const Frame& frame, bool force_key) = 0;
  virtual Result<void> set_target_kbps(int kbps) = 0;   // at 30 pictures a second
  // False while the last picture was coded coarser than wanted because of the target rate: when the screen rests, encode
  // the same frame again (its damage may be empty) until this is true.
  virtual bool refined() const { return true; }
};

// Turns bytes into pictures, as large as they are shown; sits behind the gate (codec/video/gate.h), which is told the agreed
// parameter sets. One owner thread (`decode`).
class VideoDecoder {
 public:
  virtual ~VideoDecoder() = default;
  // One complete access unit, Annex B (AV1: one temporal unit of OBUs with their sizes). nullopt: nothing to show. PeerFault: the gate or the decoder refused it; ask for
  // a key picture.
  virtual Result<std::optional<DecodedPicture>> decode(ByteSpan access_unit) = 0;
};

}  // namespace beside::ports
