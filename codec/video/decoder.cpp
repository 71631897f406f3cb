// SPDX-License-Identifier: GPL-3.0-or-later
#include "codec/video/decoder.h"

#include <algorithm>
#include <cstring>
#include <thread>
#include <utility>
#include <variant>

#include "codec/video/av1_gate.h"
#include "codec/video/ffmpeg.h"
#include "codec/video/gate.h"
#include "codec/video/scaling.h"

namespace beside::video {
namespace {

constexpr int kMostSide = 8192;   // of what is shown
constexpr char kAv1Decoder[] = "libdav1d";

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
      : offer_(std::move(offer)), width_(gate.sps().width), height_(gate.sps().height), gate_(std::move(gate)), clock_(clock) {}
  GatedDecoder(VideoOffer offer, Av1Gate gate, const TimeSource& clock)
      : offer_(std::move(offer)), width_(gate.sequence().width), height_(gate.sequence().height), primed_(true), gate_(std::move(gate)), clock_(clock) {}

  Result<void> open() {
    silence_ffmpeg();
    const bool av1 = ports::is_av1(offer_.codec);
    const AVCodec* codec = av1 ? avcodec_find_decoder_by_name(kAv1Decoder) : avcodec_find_decoder(AV_CODEC_ID_H264);
    if (codec == nullptr) {
      return fail(ErrorKind::Environment, "codec/decoder: find",
                  av1 ? "FFmpeg has no libdav1d" : "FFmpeg has no H.264 decoder (package libavcodec59)");
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
    context_->max_pixels = std::int64_t{(width_ + 63 + 15) / 64 * 64} * ((height_ + 15) / 16 * 16);
    context_->get_format = software_format;
    if (const int error = avcodec_open2(context_.get(), codec, nullptr); error < 0) {
      return fail(ErrorKind::Environment, "codec/decoder: open", ffmpeg_text(error));
    }
    return {};
  }

  Result<std::optional<ports::DecodedPicture>> decode(ByteSpan access_unit) override {
    if (auto admitted = std::visit([&](auto& gate) { return gate.check(access_unit, clock_.now()); }, gate_); !admitted) return fail(admitted);
    if (auto sent = send(access_unit); !sent) {
      forget_key();
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
  void forget_key() {
    std::visit([](auto& gate) { gate.forget_key(); }, gate_);
  }
  // After a refusal only a key picture helps, and the decoder starts afresh with it.
  tl::unexpected<Error> refuse(std::string_view where) {
    avcodec_flush_buffers(context_.get());
    forget_key();
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
    const bool full = ports::is_444(offer_.codec);
    const AVPixelFormat expected = full ? AV_PIX_FMT_YUV444P : AV_PIX_FMT_YUV420P;
    if (frame_->format != expected || frame_->width != width_ || frame_->height != height_) {
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
  int width_, height_;       // as decoded: a 4:2:0 stream of H.264 may be larger by one
  bool primed_ = false;      // the decoder has the parameter sets, or every key picture brings its own
  std::variant<H264Gate, Av1Gate> gate_;
  const TimeSource& clock_;
  ContextPtr context_;
  FramePtr frame_;
  PacketPtr packet_;
  std::uint64_t number_ = 0;
};

}  // namespace

bool decodes_av1() { return avcodec_find_decoder_by_name(kAv1Decoder) != nullptr; }

Result<std::unique_ptr<ports::VideoDecoder>> make_video_decoder(const VideoOffer& offer, const TimeSource& clock) {
  BS_PEER_CHECK(offer.width > 0 && offer.height > 0, "codec/decoder: size");
  const bool full = ports::is_444(offer.codec);
  std::unique_ptr<GatedDecoder> decoder;
  if (ports::is_av1(offer.codec)) {
    auto gate = Av1Gate::create(offer.sps, offer.width, offer.height);
    if (!gate) return fail(gate);
    BS_PEER_CHECK(gate->sequence().profile == (full ? 1 : 0), "codec/decoder: chroma is not the one agreed");
    decoder = std::make_unique<GatedDecoder>(offer, std::move(*gate), clock);
  } else {
    auto gate = H264Gate::create(offer.sps, offer.pps, offer.width, offer.height);
    if (!gate) return fail(gate);
    BS_PEER_CHECK(gate->sps().chroma_format_idc == (full ? 3 : 1), "codec/decoder: chroma is not the one agreed");
    decoder = std::make_unique<GatedDecoder>(offer, std::move(*gate), clock);
  }
  if (auto opened = decoder->open(); !opened) return fail(opened);
  if (offer.shown_width == 0 || (offer.shown_width == offer.width && offer.shown_height == offer.height))
    return std::unique_ptr<ports::VideoDecoder>(std::move(decoder));
  BS_PEER_CHECK(offer.shown_width >= offer.width && offer.shown_height >= offer.height && offer.shown_width <= kMostSide && offer.shown_height <= kMostSide,
                "codec/decoder: shown size");
  return scale_after(std::move(decoder), offer.shown_width, offer.shown_height);
}

}  // namespace beside::video
