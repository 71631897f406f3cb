// SPDX-License-Identifier: GPL-3.0-or-later
#include "codec/video/aom_encoder.h"

extern "C" {
#include <libavutil/opt.h>
}
#include <algorithm>
#include <bit>
#include <cstdlib>
#include <cstring>
#include <utility>
#include <vector>

#include "engine/wire/av1.h"

namespace beside::video {
namespace {

constexpr int kNominalRate = 30;          // pictures a second that the rate control believes in
constexpr int kBufferPictures = 8;        // of its rate buffer: AV1 is for lines on which a picture is small
constexpr int kLeastPictures = 60;        // between two openings for another rate
// Tools that cost time and gain little on screens, off (reference: WebRTC's settings for libaom); order hints off, so that no picture
// can wait for another.
constexpr char kTools[] =
    "cpu-used=10:tune-content=screen:enable-tpl-model=0:deltaq-mode=0:enable-order-hint=0:enable-obmc=0:enable-global-motion=0:"
    "enable-warped-motion=0:enable-ref-frame-mvs=0:enable-cfl-intra=0:enable-smooth-intra=0:enable-angle-delta=0:enable-filter-intra=0:"
    "enable-intrabc=0:coeff-cost-upd-freq=3:mode-cost-upd-freq=3:mv-cost-upd-freq=3:aq-mode=0";

tl::unexpected<Error> broken(std::string_view where, int error) { return fail(ErrorKind::Environment, where, ffmpeg_text(error)); }

}  // namespace

Result<std::unique_ptr<AomEncoder>> AomEncoder::open(const ports::VideoSettings& settings, int threads, std::shared_ptr<ports::Converter> converter) {
  silence_ffmpeg();
  std::unique_ptr<AomEncoder> encoder(new AomEncoder(settings, threads, std::move(converter)));
  const bool full = ports::is_444(settings.codec);
  encoder->planes_.reset(av_frame_alloc());
  encoder->packet_.reset(av_packet_alloc());
  if (!encoder->planes_ || !encoder->packet_) return fail(ErrorKind::Limit, "codec/aom: memory");
  AVFrame& planes = *encoder->planes_;
  planes.format = full ? AV_PIX_FMT_YUV444P : AV_PIX_FMT_YUV420P;
  planes.width = settings.width;
  planes.height = settings.height;
  if (const int error = av_frame_get_buffer(&planes, 64); error < 0) return broken("codec/aom: memory", error);
  planes.color_range = AVCOL_RANGE_MPEG;
  planes.colorspace = AVCOL_SPC_BT709;
  if (auto opened = encoder->open_codec(); !opened) return fail(opened);
  if (auto read = encoder->read_sequence(); !read) return fail(read);
  return encoder;
}

Result<void> AomEncoder::open_codec() {
  const AVCodec* codec = avcodec_find_encoder_by_name("libaom-av1");
  if (codec == nullptr) return fail(ErrorKind::Environment, "codec/aom: find", "FFmpeg was built without it");
  const bool full = ports::is_444(settings_.codec);
  context_.reset(avcodec_alloc_context3(codec));
  if (!context_) return fail(ErrorKind::Limit, "codec/aom: memory");
  context_->width = settings_.width;
  context_->height = settings_.height;
  context_->pix_fmt = full ? AV_PIX_FMT_YUV444P : AV_PIX_FMT_YUV420P;
  context_->profile = full ? FF_PROFILE_AV1_HIGH : FF_PROFILE_AV1_MAIN;
  context_->time_base = {1, kNominalRate};
  context_->framerate = {kNominalRate, 1};
  context_->gop_size = 9999;
  context_->thread_count = threads_;
  context_->flags |= AV_CODEC_FLAG_LOW_DELAY;
  context_->color_range = AVCOL_RANGE_MPEG;
  context_->color_primaries = AVCOL_PRI_BT709;
  context_->color_trc = AVCOL_TRC_BT709;
  context_->colorspace = AVCOL_SPC_BT709;
  const std::int64_t rate = std::int64_t{settings_.target_kbps} * 1000;
  context_->bit_rate = context_->rc_max_rate = context_->rc_min_rate = rate;   // all three: a constant rate
  context_->rc_buffer_size = static_cast<int>(rate * kBufferPictures / kNominalRate);
  context_->qmin = 8;                       // a resting picture is sent exactly anyway
  context_->qmax = 56;
  av_opt_set(context_->priv_data, "usage", "realtime", 0);
  av_opt_set_int(context_->priv_data, "lag-in-frames", 0, 0);
  av_opt_set_int(context_->priv_data, "row-mt", 1, 0);
  if (threads_ > 1) av_opt_set_int(context_->priv_data, "tile-columns", std::bit_width(static_cast<unsigned>(threads_)) - 1, 0);
  av_opt_set(context_->priv_data, "aom-params", kTools, 0);
  if (const int error = avcodec_open2(context_.get(), codec, nullptr); error < 0) return broken("codec/aom: open", error);
  opened_kbps_ = settings_.target_kbps;
  opened_at_ = count_;
  return {};
}

// FFmpeg tells the sequence header with the first picture only: one that nobody sees is coded for it.
Result<void> AomEncoder::read_sequence() {
  for (int i = 0; i < 3; ++i) {
    const int rows = i == 0 || ports::is_444(settings_.codec) ? settings_.height : (settings_.height + 1) / 2;
    std::memset(planes_->data[i], 128, static_cast<std::size_t>(planes_->linesize[i]) * static_cast<std::size_t>(rows));
  }
  planes_->pts = count_++;
  if (const int error = avcodec_send_frame(context_.get(), planes_.get()); error < 0) return broken("codec/aom: sequence header", error);
  if (const int error = avcodec_receive_packet(context_.get(), packet_.get()); error < 0) return broken("codec/aom: sequence header", error);
  if (const auto obus = wire::split_obus({packet_->data, static_cast<std::size_t>(packet_->size)})) {
    for (const wire::Obu& obu : *obus)
      if (obu.type == wire::kObuSequenceHeader) sequence_ = to_bytes(obu.whole);
  }
  av_packet_unref(packet_.get());
  if (sequence_.empty()) return fail(ErrorKind::Environment, "codec/aom: sequence header", "the encoder gave none");
  return {};
}

Result<void> AomEncoder::set_target_kbps(int kbps) {
  if (kbps <= 0) return fail(ErrorKind::Refused, "codec/aom: rate", "not a rate");
  settings_.target_kbps = std::clamp(kbps, 50, 1'000'000);
  return {};
}

Result<void> AomEncoder::convert(const ports::Frame& frame) {
  if (const int error = av_frame_make_writable(planes_.get()); error < 0) return broken("codec/aom: memory", error);
  ports::Planes target;
  target.width = settings_.width;
  target.height = settings_.height;
  target.chroma = ports::is_444(settings_.codec) ? ports::Chroma::k444 : ports::Chroma::k420;
  for (int i = 0; i < 3; ++i) {
    target.data[i] = planes_->data[i];
    target.stride[i] = planes_->linesize[i];
  }
  const Rect whole{0, 0, target.width, target.height};
  const std::vector<Rect> areas = filled_ ? frame.damage : std::vector<Rect>{whole};
  for (const Rect& area : areas) {
    const Rect inside = area.clipped_to(whole);
    if (inside.empty()) continue;
    if (auto done = converter_->convert(*frame.pixels, inside, target); !done) return done;
  }
  filled_ = true;
  return {};
}

Result<ports::EncodedPicture> AomEncoder::take() {
  if (const int error = avcodec_receive_packet(context_.get(), packet_.get()); error < 0) return broken("codec/aom: no picture came out at once", error);
  ports::EncodedPicture out;
  const auto obus = wire::split_obus({packet_->data, static_cast<std::size_t>(packet_->size)});
  bool sound = static_cast<bool>(obus);
  if (sound) {
    for (const wire::Obu& obu : *obus) {
      if (obu.type == wire::kObuTemporalDelimiter || obu.type == wire::kObuPadding) continue;
      if (obu.type == wire::kObuSequenceHeader) {
        out.key = true;
        sound = sound && std::equal(obu.whole.begin(), obu.whole.end(), sequence_.begin(), sequence_.end());
      }
      out.annex_b.insert(out.annex_b.end(), obu.whole.begin(), obu.whole.end());
    }
  }
  av_packet_unref(packet_.get());
  if (!sound || out.annex_b.empty()) return fail(ErrorKind::Environment, "codec/aom: not what was agreed came out");
  return out;
}

Result<ports::EncodedPicture> AomEncoder::encode(const ports::Frame& frame, bool force_key) {
  if (failed_) return fail(ErrorKind::Environment, "codec/aom: has failed before");
  if (!frame.pixels || frame.pixels->width != settings_.width || frame.pixels->height != settings_.height)
    return fail(ErrorKind::Refused, "codec/aom: size", "the picture has another size; a new encoder is needed");
  const auto final = [this](const auto& error) {
    failed_ = true;
    return fail(error);
  };
  const int moved = std::abs(settings_.target_kbps - opened_kbps_);
  if (moved * 3 > opened_kbps_ && (force_key || count_ - opened_at_ >= kLeastPictures)) {
    if (auto opened = open_codec(); !opened) return final(opened);
  }
  const bool first = !filled_;
  if (auto converted = convert(frame); !converted) return final(converted);
  planes_->pts = count_++;
  planes_->pict_type = force_key || first ? AV_PICTURE_TYPE_I : AV_PICTURE_TYPE_NONE;
  if (const int error = avcodec_send_frame(context_.get(), planes_.get()); error < 0) {
    failed_ = true;
    return broken("codec/aom: picture in", error);
  }
  auto out = take();
  if (!out) return final(out);
  out->captured_at = frame.captured_at;
  out->encoded_at = local_now();
  return out;
}

}  // namespace beside::video
