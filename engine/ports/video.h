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

enum class VideoCodec : std::uint8_t { H264_444 = 1, H264_420 = 2 };

// Processor time for bytes: each step looks as good as the one before at fewer bytes, and takes longer at both ends.
enum class VideoEffort : std::uint8_t { Least = 1, Normal, Most };

struct VideoSettings {
  VideoCodec codec = VideoCodec::H264_444;
  int width = 0, height = 0;      // of the picture; odd sizes are coded padded and cropped in the SPS
  int target_kbps = 8000;         // at most, at 30 pictures a second
  VideoEffort effort = VideoEffort::Normal;
};

// Turns frames into bytes. One owner thread (`encode`).
class VideoEncoder {
 public:
  virtual ~VideoEncoder() = default;
  // SPS and PPS as they go into the offer (NAL units without start codes); known from creation on.
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

// Turns bytes into pictures; sits behind the gate (codec/video/gate.h), which is told the agreed SPS and PPS. One owner
// thread (`decode`).
class VideoDecoder {
 public:
  virtual ~VideoDecoder() = default;
  // One complete access unit, Annex B. nullopt: nothing to show. PeerFault: the gate or the decoder refused it; ask for
  // a key picture.
  virtual Result<std::optional<DecodedPicture>> decode(ByteSpan access_unit) = 0;
};

}  // namespace beside::ports
