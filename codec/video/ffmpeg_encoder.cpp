// SPDX-License-Identifier: GPL-3.0-or-later
#include "codec/video/ffmpeg_encoder.h"

extern "C" {
#include <libavutil/hwcontext.h>
#include <libavutil/opt.h>
}
#include <libyuv/convert_from.h>

#include <algorithm>
#include <climits>
#include <cstring>

#include "codec/video/convert_changed.h"
#include "codec/video/parameter_sets.h"

namespace beside::video {
namespace {

// The rate control believes in a steady clock of this many pictures a second; real pictures come when something changed.
constexpr int kNominalRate = 30;
// Room of the rate buffer in pictures at that rate: a picture is on the line for 67 ms at the target rate at most.
constexpr int kBufferPictures = 2;
int even_up(int v) { return (v + 1) & ~1; }

tl::unexpected<Error> broken(std::string_view where, int error) {
  return fail(ErrorKind::Environment, where, ffmpeg_text(error));
}

}  // namespace

const char* codec_name(EncoderPlan::Kind kind) {
  switch (kind) {
    case EncoderPlan::Kind::Vaapi: return "h264_vaapi";
    case EncoderPlan::Kind::Nvenc: return "h264_nvenc";
  }
  return "";
}

FfmpegEncoder::FfmpegEncoder(const EncoderPlan& plan, std::shared_ptr<ports::Converter> converter)
    : plan_(plan), converter_(std::move(converter)) {}
FfmpegEncoder::~FfmpegEncoder() = default;

ports::VideoCodec FfmpegEncoder::codec() const { return plan_.settings.codec; }

Result<std::unique_ptr<FfmpegEncoder>> FfmpegEncoder::open(const EncoderPlan& plan,
                                                           std::shared_ptr<ports::Converter> converter) {
  silence_ffmpeg();
  std::unique_ptr<FfmpegEncoder> encoder(new FfmpegEncoder(plan, std::move(converter)));
  if (auto opened = encoder->open_codec(); !opened) return fail(opened);
  if (auto read = encoder->read_parameter_sets(); !read) return fail(read);
  return encoder;
}

void FfmpegEncoder::apply_rate(int kbps) {
  plan_.settings.target_kbps = std::clamp(kbps, 100, 1'000'000);
  const std::int64_t rate = std::int64_t{plan_.settings.target_kbps} * 1000;
  context_->rc_max_rate = rate;
  context_->rc_buffer_size = static_cast<int>(rate * kBufferPictures / kNominalRate);
  context_->bit_rate = rate;
}

Result<void> FfmpegEncoder::open_codec() {
  using Kind = EncoderPlan::Kind;
  const AVCodec* codec = avcodec_find_encoder_by_name(codec_name(plan_.kind));
  if (codec == nullptr) return fail(ErrorKind::Environment, "codec/encoder: find", "FFmpeg was built without it");
  context_.reset(avcodec_alloc_context3(codec));
  planes_.reset(av_frame_alloc());
  packet_.reset(av_packet_alloc());
  if (!context_ || !planes_ || !packet_) return fail(ErrorKind::Limit, "codec/encoder: memory");
  context_->width = even_up(plan_.settings.width);
  context_->height = even_up(plan_.settings.height);
  context_->pix_fmt = AV_PIX_FMT_YUV420P;
  context_->time_base = {1, kNominalRate};
  context_->framerate = {kNominalRate, 1};
  context_->gop_size = INT_MAX;
  context_->max_b_frames = 0;
  context_->refs = 1;
  context_->flags |= AV_CODEC_FLAG_GLOBAL_HEADER | AV_CODEC_FLAG_LOW_DELAY;
  context_->color_range = AVCOL_RANGE_MPEG;
  context_->color_primaries = AVCOL_PRI_BT709;
  context_->color_trc = AVCOL_TRC_BT709;
  context_->colorspace = AVCOL_SPC_BT709;
  context_->chroma_sample_location = AVCHROMA_LOC_CENTER;
  apply_rate(plan_.settings.target_kbps);
  if (plan_.kind == Kind::Nvenc) {
    av_opt_set(context_->priv_data, "preset", "p1", 0);
    av_opt_set(context_->priv_data, "tune", "ull", 0);
    av_opt_set(context_->priv_data, "zerolatency", "1", 0);
    av_opt_set(context_->priv_data, "delay", "0", 0);
    av_opt_set(context_->priv_data, "forced-idr", "1", 0);
    name_ = "h264_nvenc 4:2:0";
  } else {
    if (auto device = open_vaapi(); !device) return device;
    av_opt_set(context_->priv_data, "async_depth", "1", 0);
    av_opt_set(context_->priv_data, "sei", "0", 0);
    name_ = "h264_vaapi 4:2:0";
  }
  if (const int error = avcodec_open2(context_.get(), codec, nullptr); error < 0) {
    return broken("codec/encoder: open", error);
  }
  planes_->format = AV_PIX_FMT_YUV420P;
  planes_->width = context_->width;
  planes_->height = context_->height;
  if (const int error = av_frame_get_buffer(planes_.get(), 64); error < 0) return broken("codec/encoder: memory", error);
  planes_->color_range = AVCOL_RANGE_MPEG;
  planes_->colorspace = AVCOL_SPC_BT709;
  return {};
}

Result<void> FfmpegEncoder::open_vaapi() {
  AVBufferRef* device = nullptr;
  if (const int error = av_hwdevice_ctx_create(&device, AV_HWDEVICE_TYPE_VAAPI, plan_.device.c_str(), nullptr, 0);
      error < 0) {
    return broken("codec/encoder: VAAPI device", error);
  }
  hardware_.reset(device);
  AVBufferRef* pool = av_hwframe_ctx_alloc(device);
  if (pool == nullptr) return fail(ErrorKind::Limit, "codec/encoder: memory");
  auto* frames = reinterpret_cast<AVHWFramesContext*>(pool->data);
  frames->format = AV_PIX_FMT_VAAPI;
  frames->sw_format = AV_PIX_FMT_NV12;
  frames->width = context_->width;
  frames->height = context_->height;
  frames->initial_pool_size = 4;
  context_->pix_fmt = AV_PIX_FMT_VAAPI;
  context_->hw_frames_ctx = pool;  // the context owns it from here on
  if (const int error = av_hwframe_ctx_init(pool); error < 0) return broken("codec/encoder: VAAPI frames", error);
  return {};
}

Result<void> FfmpegEncoder::read_parameter_sets() {
  const ByteSpan extra(context_->extradata, static_cast<std::size_t>(std::max(0, context_->extradata_size)));
  auto read = for_each_nal(extra, [this](ByteSpan nal) -> Result<void> {
    if ((nal[0] & 0x1f) == 7) sps_ = to_bytes(nal);
    if ((nal[0] & 0x1f) == 8) pps_ = to_bytes(nal);
    return {};
  });
  if (!read || sps_.empty() || pps_.empty()) {
    return fail(ErrorKind::Environment, "codec/encoder: parameter sets", "the encoder gave none in advance");
  }
  return {};
}

Result<void> FfmpegEncoder::set_target_kbps(int kbps) {
  if (kbps <= 0) return fail(ErrorKind::Refused, "codec/encoder: rate", "not a rate");
  apply_rate(kbps);
  return {};
}

Result<void> FfmpegEncoder::convert(const ports::Frame& frame) {
  if (const int error = av_frame_make_writable(planes_.get()); error < 0) return broken("codec/encoder: memory", error);
  ports::Planes target;
  target.width = plan_.settings.width;
  target.height = plan_.settings.height;
  target.chroma = ports::Chroma::k420;
  for (int i = 0; i < 3; ++i) {
    target.data[i] = planes_->data[i];
    target.stride[i] = planes_->linesize[i];
  }
  if (auto done = convert_changed(*converter_, frame, target, filled_); !done) return done;
  repeat_edges();
  return {};
}

// 4:2:0 is coded with even sides; what is added looks like its neighbour, so that it costs nothing.
void FfmpegEncoder::repeat_edges() {
  const int width = plan_.settings.width, height = plan_.settings.height;
  if (width < planes_->width) {
    for (int y = 0; y < height; ++y) {
      std::uint8_t* row = planes_->data[0] + std::ptrdiff_t{y} * planes_->linesize[0];
      row[width] = row[width - 1];
    }
  }
  if (height < planes_->height) {
    std::uint8_t* last = planes_->data[0] + std::ptrdiff_t{height} * planes_->linesize[0];
    std::memcpy(last, last - planes_->linesize[0], static_cast<std::size_t>(planes_->width));
  }
}

Result<void> FfmpegEncoder::send(bool force_key) {
  planes_->pts = count_++;
  planes_->pict_type = force_key ? AV_PICTURE_TYPE_I : AV_PICTURE_TYPE_NONE;
  if (plan_.kind != EncoderPlan::Kind::Vaapi) {
    const int error = avcodec_send_frame(context_.get(), planes_.get());
    if (error < 0) return broken("codec/encoder: picture in", error);
    return {};
  }
  FramePtr memory(av_frame_alloc()), surface(av_frame_alloc());
  if (!memory || !surface) return fail(ErrorKind::Limit, "codec/encoder: memory");
  memory->format = AV_PIX_FMT_NV12;
  memory->width = planes_->width;
  memory->height = planes_->height;
  if (const int error = av_frame_get_buffer(memory.get(), 64); error < 0) return broken("codec/encoder: memory", error);
  libyuv::I420ToNV12(planes_->data[0], planes_->linesize[0], planes_->data[1], planes_->linesize[1], planes_->data[2],
                     planes_->linesize[2], memory->data[0], memory->linesize[0], memory->data[1], memory->linesize[1],
                     planes_->width, planes_->height);
  int error = av_hwframe_get_buffer(context_->hw_frames_ctx, surface.get(), 0);
  if (error >= 0) error = av_hwframe_transfer_data(surface.get(), memory.get(), 0);
  surface->pts = planes_->pts;
  surface->pict_type = planes_->pict_type;
  if (error >= 0) error = avcodec_send_frame(context_.get(), surface.get());
  if (error < 0) return broken("codec/encoder: picture in", error);
  return {};
}

Result<ports::EncodedPicture> FfmpegEncoder::take() {
  const int error = avcodec_receive_packet(context_.get(), packet_.get());
  if (error < 0) return broken("codec/encoder: no picture came out at once", error);
  ports::EncodedPicture out;
  const ByteSpan coded(packet_->data, static_cast<std::size_t>(packet_->size));
  out.annex_b.reserve(coded.size() + sps_.size() + pps_.size() + 32);
  auto put = [&out](ByteSpan nal) {
    static constexpr std::uint8_t kStart[4] = {0, 0, 0, 1};
    out.annex_b.insert(out.annex_b.end(), std::begin(kStart), std::end(kStart));
    out.annex_b.insert(out.annex_b.end(), nal.begin(), nal.end());
  };
  auto same = [](ByteSpan a, const Bytes& b) { return std::equal(a.begin(), a.end(), b.begin(), b.end()); };
  auto walked = for_each_nal(coded, [&](ByteSpan nal) -> Result<void> {
    switch (nal[0] & 0x1f) {
      case 5:
        if (!out.key) {
          put(sps_);
          put(pps_);
        }
        out.key = true;
        [[fallthrough]];
      case 1:
        put(nal);
        return {};
      case 7:
        if (!same(nal, sps_)) return fail(ErrorKind::Environment, "codec/encoder: SPS changed");
        return {};
      case 8:
        if (!same(nal, pps_)) return fail(ErrorKind::Environment, "codec/encoder: PPS changed");
        return {};
      default:
        return {};  // SEI, delimiters, filler: the gate admits none
    }
  });
  av_packet_unref(packet_.get());
  if (!walked) return fail(walked);
  if (out.annex_b.empty()) return fail(ErrorKind::Environment, "codec/encoder: empty picture");
  return out;
}

Result<ports::EncodedPicture> FfmpegEncoder::encode(const ports::Frame& frame, bool force_key) {
  if (failed_) return fail(ErrorKind::Environment, "codec/encoder: has failed before");
  if (!frame.pixels || frame.pixels->width != plan_.settings.width || frame.pixels->height != plan_.settings.height) {
    return fail(ErrorKind::Refused, "codec/encoder: size", "the picture has another size; a new encoder is needed");
  }
  auto converted = convert(frame);
  auto sent = converted ? send(force_key) : converted;
  if (!sent) {
    failed_ = true;
    return fail(sent);
  }
  auto out = take();
  if (!out) {
    failed_ = true;
    return out;
  }
  out->captured_at = frame.captured_at;
  out->encoded_at = local_now();
  return out;
}

}  // namespace beside::video
