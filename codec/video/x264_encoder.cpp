// SPDX-License-Identifier: GPL-3.0-or-later
#include "codec/video/x264_encoder.h"

#include <cstdint>

#include <x264.h>

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "codec/video/convert_changed.h"
#include "codec/video/parameter_sets.h"

namespace beside::video {
namespace {

// The rate is given for a steady clock of this many pictures a second; real pictures come when something changed.
constexpr int kNominalRate = 30;
constexpr int kSampledRows = 16;          // each of which one is compared with the picture before
constexpr std::size_t kAlignment = 64;    // bytes, of rows

// libx264 admits only quantisers between those that its constant mode would give to its three kinds of pictures: this factor, the
// smallest it takes, puts them so far apart that all are admitted.
constexpr int kMiddleQuantiser = 31;
constexpr float kSpread = 0.01F;

// Of a pixel: below, a film's pictures are coded at quantisers near 40, where what is rounded to nothing makes room for finer steps and
// colour is most of what is wrong (0.1 dB over RGB); above, at quantisers near 30, the other way about (0.3 dB of luma).
constexpr double kCoarseBytes = 0.06;

// At the same bytes each is about 0.7 dB better than the one before on a film full of detail. Normal costs a quarter more than Least, of
// which blocks of 8x8 that move for themselves are 0.4 ms of 1280x800 and 0.2 dB; Most twice as much here and three times as much at the
// viewer (CABAC).
//
// Pictures to build on cost next to nothing where a picture is small against its bytes, since most blocks find theirs in the newest and
// stop: three are 0.4 (another film: 0.6) to 0.8 dB of luma and 0.2 over RGB. Of coarse ones the second is 0.3 and 0.12 dB for 0.4 ms of
// 1280x800, the third 0.1 and 0.06 for twice that.
constexpr int kReferences = 3, kCoarseReferences = 2;

const char* name_of(ports::VideoEffort effort) {
  return effort == ports::VideoEffort::Most ? "most" : effort == ports::VideoEffort::Normal ? "normal" : "least";
}

int even_up(int v) { return (v + 1) & ~1; }

}  // namespace

struct X264Encoder::Codec {
  x264_t* encoder = nullptr;
  x264_picture_t picture{};
  int width = 0, height = 0;              // as coded
  std::vector<std::uint8_t> memory;
  ~Codec() {
    if (encoder != nullptr) x264_encoder_close(encoder);
  }
};

X264Encoder::X264Encoder(const ports::VideoSettings& settings, int quality, std::shared_ptr<ports::Converter> converter)
    : settings_(settings),
      converter_(std::move(converter)),
      control_(quality, std::int64_t{settings.width} * settings.height),
      codec_(std::make_unique<Codec>()) {}
X264Encoder::~X264Encoder() = default;

std::string X264Encoder::name() const {
  return fmt::format("libx264 {} {}", ports::is_444(settings_.codec) ? "4:4:4" : "4:2:0", name_of(settings_.effort));
}

Result<std::unique_ptr<X264Encoder>> X264Encoder::open(const ports::VideoSettings& settings, int threads, int quality,
                                                       std::shared_ptr<ports::Converter> converter) {
  std::unique_ptr<X264Encoder> encoder(new X264Encoder(settings, quality, std::move(converter)));
  if (auto set = encoder->set_target_kbps(std::max(1, settings.target_kbps)); !set) return fail(set);
  if (auto opened = encoder->open_codec(threads); !opened) return fail(opened);
  if (auto read = encoder->read_parameter_sets(); !read) return fail(read);
  return encoder;
}

Result<void> X264Encoder::open_codec(int threads) {
  Codec& c = *codec_;
  const bool full = ports::is_444(settings_.codec);
  c.width = full ? settings_.width : even_up(settings_.width);
  c.height = full ? settings_.height : even_up(settings_.height);
  x264_param_t p;
  const bool coarse = settings_.target_kbps * 125.0 / kNominalRate < kCoarseBytes * settings_.width * settings_.height;
  const bool most = settings_.effort == ports::VideoEffort::Most;
  if (x264_param_default_preset(&p, most ? "superfast" : "ultrafast", "zerolatency") != 0)
    return fail(ErrorKind::Environment, "codec/x264: preset");
  if (settings_.effort == ports::VideoEffort::Normal) {
    p.analyse.i_subpel_refine = 1;
    p.analyse.inter = X264_ANALYSE_I4x4 | X264_ANALYSE_PSUB16x16;
    p.analyse.i_luma_deadzone[0] = coarse ? 18 : 10;
    p.analyse.i_luma_deadzone[1] = coarse ? 10 : 7;
    p.b_deblocking_filter = coarse ? 0 : 1;   // 0.17 dB of luma for a tenth of decoding; of coarse ones less
    p.analyse.b_mixed_references = coarse ? 0 : 1;   // 0.2 and 0.05 for 0.3 ms of 640x480
  }
  p.i_log_level = X264_LOG_NONE;
  p.i_width = c.width;
  p.i_height = c.height;
  p.i_csp = full ? X264_CSP_I444 : X264_CSP_I420;
  p.i_threads = threads;
  p.b_sliced_threads = threads > 1 ? 1 : 0;
  p.i_fps_num = p.i_timebase_den = kNominalRate;
  p.i_fps_den = p.i_timebase_num = 1;
  p.i_keyint_max = X264_KEYINT_MAX_INFINITE;
  p.i_scenecut_threshold = 0;
  p.i_bframe = 0;
  p.i_frame_reference = settings_.effort == ports::VideoEffort::Least ? 1 : coarse && !most ? kCoarseReferences : kReferences;
  p.b_annexb = 1;
  p.b_repeat_headers = 0;
  p.b_aud = 0;
  p.rc.i_rc_method = X264_RC_CQP;
  p.rc.i_qp_constant = kMiddleQuantiser;
  p.rc.f_ip_factor = p.rc.f_pb_factor = kSpread;
  p.rc.i_aq_mode = X264_AQ_NONE;               // it takes bits away from hard edges, so from text
  p.rc.b_mb_tree = 0;
  p.analyse.i_weighted_pred = X264_WEIGHTP_NONE;   // with any of these it would look at each picture twice
  // Half of the colour is gone already in 4:2:0: what is left may cost a little more.
  p.analyse.i_chroma_qp_offset = full ? 0 : -3;   // one more or less: 0.1 dB of luma of coarse ones, 0.3 of others, the other way over RGB 0.05
  p.vui.b_fullrange = 0;
  p.vui.i_colorprim = p.vui.i_transfer = p.vui.i_colmatrix = 1;   // BT.709
  p.vui.i_chroma_loc = full ? 0 : 1;           // in the middle of its four pixels
  if (full && x264_param_apply_profile(&p, "high444") != 0) return fail(ErrorKind::Environment, "codec/x264: 4:4:4");
  c.encoder = x264_encoder_open(&p);
  if (c.encoder == nullptr) return fail(ErrorKind::Environment, "codec/x264: open");

  const auto aligned = [](int v) { return (static_cast<std::size_t>(v) + kAlignment - 1) / kAlignment * kAlignment; };
  const int half_width = full ? c.width : c.width / 2, half_height = full ? c.height : c.height / 2;
  const std::size_t luma_bytes = aligned(c.width) * static_cast<std::size_t>(c.height);
  const std::size_t chroma_bytes = aligned(half_width) * static_cast<std::size_t>(half_height);
  c.memory.assign(luma_bytes + 2 * chroma_bytes, 0);
  x264_picture_init(&c.picture);
  c.picture.img.i_csp = p.i_csp;
  c.picture.img.i_plane = 3;
  std::uint8_t* at = c.memory.data();
  for (int i = 0; i < 3; ++i) {
    c.picture.img.plane[i] = at;
    c.picture.img.i_stride[i] = static_cast<int>(aligned(i == 0 ? c.width : half_width));
    at += i == 0 ? luma_bytes : chroma_bytes;
  }
  sampled_.assign(static_cast<std::size_t>(c.width) * static_cast<std::size_t>((c.height + kSampledRows - 1) / kSampledRows), 0);
  return {};
}

Result<void> X264Encoder::read_parameter_sets() {
  x264_nal_t* nals = nullptr;
  int count = 0;
  if (x264_encoder_headers(codec_->encoder, &nals, &count) < 0) return fail(ErrorKind::Environment, "codec/x264: parameter sets");
  for (int i = 0; i < count; ++i) {
    const ByteSpan coded(nals[i].p_payload, static_cast<std::size_t>(nals[i].i_payload));
    auto read = for_each_nal(coded, [this](ByteSpan nal) -> Result<void> {
      if ((nal[0] & 0x1f) == 7) sps_ = to_bytes(nal);
      if ((nal[0] & 0x1f) == 8) pps_ = to_bytes(nal);
      return {};
    });
    if (!read) return read;
  }
  if (sps_.empty() || pps_.empty()) return fail(ErrorKind::Environment, "codec/x264: parameter sets", "the encoder gave none in advance");
  return {};
}

Result<void> X264Encoder::set_target_kbps(int kbps) {
  if (kbps <= 0) return fail(ErrorKind::Refused, "codec/x264: rate", "not a rate");
  settings_.target_kbps = std::clamp(kbps, 100, 1'000'000);
  control_.set_target(settings_.target_kbps, kNominalRate);
  return {};
}

Result<void> X264Encoder::convert(const ports::Frame& frame) {
  const x264_image_t& image = codec_->picture.img;
  ports::Planes target;
  target.width = settings_.width;
  target.height = settings_.height;
  target.chroma = ports::is_444(settings_.codec) ? ports::Chroma::k444 : ports::Chroma::k420;
  for (int i = 0; i < 3; ++i) {
    target.data[i] = image.plane[i];
    target.stride[i] = image.i_stride[i];
  }
  if (auto done = convert_changed(*converter_, frame, target, filled_); !done) return done;
  // 4:2:0 is coded with even sides; what is added looks like its neighbour, so that it costs nothing.
  const int width = settings_.width, height = settings_.height;
  const std::ptrdiff_t stride = image.i_stride[0];
  if (width < codec_->width)
    for (std::uint8_t* row = image.plane[0]; row != image.plane[0] + height * stride; row += stride) row[width] = row[width - 1];
  if (height < codec_->height) {
    std::uint8_t* last = image.plane[0] + height * stride;
    std::memcpy(last, last - stride, static_cast<std::size_t>(codec_->width));
  }
  return {};
}

// Mean difference of the luma from the picture before.
double X264Encoder::change() {
  const x264_image_t& image = codec_->picture.img;
  const int width = codec_->width;
  std::uint8_t* old = sampled_.data();
  std::int64_t sum = 0;
  for (int y = 0; y < codec_->height; y += kSampledRows, old += width) {
    const std::uint8_t* now = image.plane[0] + std::ptrdiff_t{y} * image.i_stride[0];
    int row = 0;
    for (int x = 0; x < width; ++x) row += std::abs(now[x] - old[x]);
    sum += row;
    std::memcpy(old, now, static_cast<std::size_t>(width));
  }
  return static_cast<double>(sum) / static_cast<double>(sampled_.size());
}

Result<ports::EncodedPicture> X264Encoder::code(bool key, int quantiser) {
  Codec& c = *codec_;
  c.picture.i_type = key ? X264_TYPE_IDR : X264_TYPE_P;
  c.picture.i_qpplus1 = quantiser + 1;
  c.picture.i_pts = count_++;
  x264_nal_t* nals = nullptr;
  int nal_count = 0;
  x264_picture_t told;
  const int bytes = x264_encoder_encode(c.encoder, &nals, &nal_count, &c.picture, &told);
  if (bytes <= 0) return fail(ErrorKind::Environment, "codec/x264: no picture came out at once");
  ports::EncodedPicture out;
  out.key = key;
  out.annex_b.reserve(static_cast<std::size_t>(bytes) + sps_.size() + pps_.size() + 32);
  const auto put = [&out](ByteSpan nal) {
    static constexpr std::uint8_t kStart[4] = {0, 0, 0, 1};
    out.annex_b.insert(out.annex_b.end(), std::begin(kStart), std::end(kStart));
    out.annex_b.insert(out.annex_b.end(), nal.begin(), nal.end());
  };
  if (key) {
    put(sps_);
    put(pps_);
  }
  bool sound = false;
  for (int i = 0; i < nal_count; ++i) {
    const int type = nals[i].i_type;
    if (type != NAL_SLICE && type != NAL_SLICE_IDR) continue;   // SEI, filler: the gate admits none
    sound = (type == NAL_SLICE_IDR) == key;
    if (!sound) break;
    const std::size_t start = nals[i].b_long_startcode != 0 ? 4 : 3;
    put(ByteSpan(nals[i].p_payload, static_cast<std::size_t>(nals[i].i_payload)).subspan(start));
  }
  if (!sound) return fail(ErrorKind::Environment, "codec/x264: not what was asked for came out");
  return out;
}

Result<ports::EncodedPicture> X264Encoder::encode(const ports::Frame& frame, bool force_key) {
  if (failed_) return fail(ErrorKind::Environment, "codec/x264: has failed before");
  if (!frame.pixels || frame.pixels->width != settings_.width || frame.pixels->height != settings_.height)
    return fail(ErrorKind::Refused, "codec/x264: size", "the picture has another size; a new encoder is needed");
  const auto final = [this](const auto& error) {
    failed_ = true;
    return fail(error);
  };
  const bool key = force_key || !filled_;
  if (auto converted = convert(frame); !converted) return final(converted);
  auto out = code(key, control_.choose(key, change()));
  if (!out) return final(out);
  while (const auto coarser = control_.coded(out->key, out->annex_b.size())) {
    // Nobody has seen it yet.
    out = code(true, *coarser);
    if (!out) return final(out);
  }
  out->captured_at = frame.captured_at;
  out->encoded_at = local_now();
  return out;
}

}  // namespace beside::video
