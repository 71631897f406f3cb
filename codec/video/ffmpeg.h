// SPDX-License-Identifier: GPL-3.0-or-later
// Owning pointers for FFmpeg's structs. Only .cpp files of this room include it.
#pragma once

extern "C" {
#include <libavcodec/avcodec.h>
#include <libavutil/frame.h>
}

#include <memory>
#include <string>

namespace beside::video {

struct FreeContext {
  void operator()(AVCodecContext* p) const { avcodec_free_context(&p); }
};
struct FreeFrame {
  void operator()(AVFrame* p) const { av_frame_free(&p); }
};
struct FreePacket {
  void operator()(AVPacket* p) const { av_packet_free(&p); }
};
using ContextPtr = std::unique_ptr<AVCodecContext, FreeContext>;
using FramePtr = std::unique_ptr<AVFrame, FreeFrame>;
using PacketPtr = std::unique_ptr<AVPacket, FreePacket>;

std::string ffmpeg_text(int error);
// FFmpeg writes to stderr by itself, and what it writes may be provoked by a peer: silence it for this process. Any thread.
void silence_ffmpeg();

}  // namespace beside::video
