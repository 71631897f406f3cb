// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <memory>

#include "engine/base/bytes.h"
#include "engine/base/clock.h"
#include "engine/base/result.h"
#include "engine/ports/video.h"

namespace beside::video {

// What the two ends agreed in the inner channel.
struct VideoOffer {
  ports::VideoCodec codec = ports::VideoCodec::H264_444;
  int width = 0, height = 0;
  Bytes sps, pps;  // NAL units without start codes; AV1: the sequence header OBU, and nothing
  int shown_width = 0, shown_height = 0;   // of the pictures given; 0: as coded
};

// Whether FFmpeg has a decoder of AV1 here (libdav1d; libaom's is never used).
bool decodes_av1();

// A decoder behind the gate (gate.h). Errors: PeerFault when the offer is not one that we play; Environment when FFmpeg
// has no H.264 decoder. `clock` must outlive it.
Result<std::unique_ptr<ports::VideoDecoder>> make_video_decoder(const VideoOffer& offer, const TimeSource& clock);

}  // namespace beside::video
