// SPDX-License-Identifier: GPL-3.0-or-later
#include "codec/video/decoder.h"

#include <algorithm>
#include <cstring>
#include <thread>

#include "codec/video/ffmpeg.h"
#include "codec/video/gate.h"

namespace beside::video {
namespace {

// Only the software decoder is opened: a driver's decoder would see bytes of a peer, too.
AVPixelFormat software_format(AVCodecContext*, const AVPixelFormat* offered) {
  for (; *offered != AV_PIX_FMT_NONE; ++offered) {
    if (*offered == AV_PIX_FMT_YUV420P || *offered == AV_PIX_FMT_YUV444P) return *offered;
  }
  return AV_PIX_FMT_NONE;
}

class GatedDecoder final : public ports::VideoDecoder {
 public:
  GatedDecoder(VideoOffer offer, H264Gate gate, const TimeSource& clock)
      : offer_(std::move(offer)), gate_(std::move(gate)), clock_(clock) {}

  Result<void> open() {
    silence_ffmpeg();
    const AVCodec* codec = avcodec_find_decoder(AV_CODEC_ID_H264);
    if (codec == nullptr) {
      return fail(ErrorKind::Environment, "codec/decoder: find", "FFmpeg has no H.264 decoder (package libavcodec59)");
    }
    context_.reset(avcodec_alloc_context3(codec));
    frame_.reset(av_frame_alloc());
    packet_.reset(av_packet_alloc());
    if (!context_ || !frame_ || !packet_) return fail(ErrorKind::Limit, "codec/decoder: memory");
    context_->flags |= AV_CODEC_FLAG_LOW_DELAY;
    context_->thread_type = FF_THREAD_SLICE;
    context_->thread_count = static_cast<int>(std::clamp(std::thread::hardware_concurrency(), 1U, 2U));
    context_->err_recognition = AV_EF_CRCCHECK | AV_EF_BITSTREAM | AV_EF_BUFFER | AV_EF_EXPLODE;
    context_->error_concealment = 0;  // a guessed picture is worse than the last good one
    // FFmpeg checks the width rounded up to its rows' alignment (64).
    context_->max_pixels = std::int64_t{(gate_.sps().mb_width + 3) / 4 * 64} * gate_.sps().mb_height * 16;
    context_->get_format = software_format;
    if (const int error = avcodec_open2(context_.get(), codec, nullptr); error < 0) {
      return fail(ErrorKind::Environment, "codec/decoder: open", ffmpeg_text(error));
    }
    return {};
  }

  Result<std::optional<ports::DecodedPicture>> decode(ByteSpan access_unit) override {
    if (auto admitted = gate_.check(access_unit, clock_.now()); !admitted) return fail(admitted);
    if (auto sent = send(access_unit); !sent) {
      gate_.forget_key();
      return fail(sent);
    }
    const int error = avcodec_receive_frame(context_.get(), frame_.get());
    if (error == AVERROR(EAGAIN)) return std::optional<ports::DecodedPicture>();
    if (error < 0) return refuse("codec/decoder: picture");
    if ((frame_->flags & AV_FRAME_FLAG_CORRUPT) != 0 || frame_->decode_error_flags != 0) {
      av_frame_unref(frame_.get());
      return refuse("codec/decoder: damaged picture");
    }
    return wrap();
  }

 private:
  // After a refusal only a key picture helps, and the decoder starts afresh with it.
  tl::unexpected<Error> refuse(std::string_view where) {
    avcodec_flush_buffers(context_.get());
    gate_.forget_key();
    return fail(ErrorKind::PeerFault, where);
  }

  Result<void> send(ByteSpan access_unit) {
    // The decoder learns the agreed parameter sets here, in front of the first slices it ever sees.
    const std::size_t extra = primed_ ? 0 : offer_.sps.size() + offer_.pps.size() + 8;
    if (av_new_packet(packet_.get(), static_cast<int>(access_unit.size() + extra)) < 0) {
      return fail(ErrorKind::Limit, "codec/decoder: memory");
    }
    std::uint8_t* out = packet_->data;
    auto put = [&out](ByteSpan bytes) { out = std::copy(bytes.begin(), bytes.end(), out); };
    if (!primed_) {
      static constexpr std::uint8_t kStart[4] = {0, 0, 0, 1};
      put(kStart);
      put(offer_.sps);
      put(kStart);
      put(offer_.pps);
    }
    put(access_unit);
    const int error = avcodec_send_packet(context_.get(), packet_.get());
    av_packet_unref(packet_.get());
    if (error < 0) return refuse("codec/decoder: bitstream");
    primed_ = true;
    return {};
  }

  Result<std::optional<ports::DecodedPicture>> wrap() {
    const bool full = offer_.codec == ports::VideoCodec::H264_444;
    const AVPixelFormat expected = full ? AV_PIX_FMT_YUV444P : AV_PIX_FMT_YUV420P;
    if (frame_->format != expected || frame_->width != gate_.sps().width || frame_->height != gate_.sps().height) {
      av_frame_unref(frame_.get());
      return refuse("codec/decoder: size or format is not the one agreed");
    }
    std::shared_ptr<AVFrame> kept(av_frame_alloc(), FreeFrame());
    if (!kept) return fail(ErrorKind::Limit, "codec/decoder: memory");
    av_frame_move_ref(kept.get(), frame_.get());
    ports::DecodedPicture picture;
    picture.planes.width = offer_.width;
    picture.planes.height = offer_.height;
    picture.planes.chroma = full ? ports::Chroma::k444 : ports::Chroma::k420;
    for (int i = 0; i < 3; ++i) {
      if (kept->data[i] == nullptr || kept->linesize[i] <= 0) return refuse("codec/decoder: planes");
      picture.planes.data[i] = kept->data[i];
      picture.planes.stride[i] = kept->linesize[i];
    }
    picture.keep_alive = std::move(kept);
    picture.number = ++number_;
    picture.decoded_at = clock_.now();
    return std::optional<ports::DecodedPicture>(std::move(picture));
  }

  VideoOffer offer_;
  H264Gate gate_;
  const TimeSource& clock_;
  ContextPtr context_;
  FramePtr frame_;
  PacketPtr packet_;
  bool primed_ = false;
  std::uint64_t number_ = 0;
};

}  // namespace

Result<std::unique_ptr<ports::VideoDecoder>> make_video_decoder(const VideoOffer& offer, const TimeSource& clock) {
  BS_PEER_CHECK(offer.width > 0 && offer.height > 0, "codec/decoder: size");
  auto gate = H264Gate::create(offer.sps, offer.pps, offer.width, offer.height);
  if (!gate) return fail(gate);
  const bool full = offer.codec == ports::VideoCodec::H264_444;
  BS_PEER_CHECK(gate->sps().chroma_format_idc == (full ? 3 : 1), "codec/decoder: chroma is not the one agreed");
  auto decoder = std::make_unique<GatedDecoder>(offer, std::move(*gate), clock);
  if (auto opened = decoder->open(); !opened) return fail(opened);
  return std::unique_ptr<ports::VideoDecoder>(std::move(decoder));
}

}  // namespace beside::video
