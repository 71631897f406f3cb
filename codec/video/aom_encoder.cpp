// SPDX-License-Identifier: GPL-3.0-or-later
#include "codec/video/aom_encoder.h"

#include <aom/aom_encoder.h>
#include <aom/aomcx.h>
#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <bit>
#include <utility>
#include <vector>

#include "codec/video/convert_changed.h"
#include "engine/wire/av1.h"

namespace beside::video {
namespace {

constexpr int kNominalRate = 30;          // pictures a second that the rate control believes in
constexpr unsigned kBufferMs = 270;       // of its rate buffer: AV1 is for lines on which a picture is small
constexpr unsigned kMostKeyPercent = 250; // of a mean picture: a key picture must not hold up the line
// Tools that cost time and gain little on screens, off (reference: WebRTC's settings for libaom); order hints off, so that no picture
// can wait for another.
constexpr auto kTools = std::to_array<std::pair<const char*, const char*>>({
    {"enable-tpl-model", "0"}, {"deltaq-mode", "0"}, {"enable-order-hint", "0"}, {"enable-obmc", "0"}, {"enable-global-motion", "0"},
    {"enable-warped-motion", "0"}, {"enable-ref-frame-mvs", "0"}, {"enable-cfl-intra", "0"}, {"enable-smooth-intra", "0"},
    {"enable-angle-delta", "0"}, {"enable-filter-intra", "0"}, {"enable-intrabc", "0"}, {"coeff-cost-upd-freq", "3"},
    {"mode-cost-upd-freq", "3"}, {"mv-cost-upd-freq", "3"}, {"aq-mode", "0"}, {"row-mt", "1"}, {"tune-content", "screen"},
});

}  // namespace

// libaom's own state and what it reads from.
struct AomEncoder::Codec {
  aom_codec_enc_cfg_t config{};
  aom_codec_ctx_t context{};
  aom_image_t image{};
  std::vector<std::uint8_t> planes;
  bool open = false;
  ~Codec() { close(); }
  void close() {
    if (std::exchange(open, false)) aom_codec_destroy(&context);
  }
  tl::unexpected<Error> broken(std::string_view where, aom_codec_err_t error) {
    const char* more = open ? aom_codec_error_detail(&context) : nullptr;
    return fail(ErrorKind::Environment, where, fmt::format("{}{}{}", aom_codec_err_to_string(error), more != nullptr ? ": " : "", more != nullptr ? more : ""));
  }
};

AomEncoder::AomEncoder(const ports::VideoSettings& settings, std::shared_ptr<ports::Converter> converter)
    : settings_(settings), converter_(std::move(converter)), codec_(std::make_unique<Codec>()) {}
AomEncoder::~AomEncoder() = default;

Result<std::unique_ptr<AomEncoder>> AomEncoder::open(const ports::VideoSettings& settings, int threads, std::shared_ptr<ports::Converter> converter) {
  std::unique_ptr<AomEncoder> encoder(new AomEncoder(settings, std::move(converter)));
  if (auto opened = encoder->open_codec(threads); !opened) return fail(opened);
  if (auto read = encoder->read_sequence(); !read) return fail(read);
  // An encoder whose first picture was an empty one takes all that follow for as cheap: its key picture would be six times too large.
  encoder->codec_->close();
  if (auto opened = encoder->open_codec(threads); !opened) return fail(opened);
  return encoder;
}

Result<void> AomEncoder::open_codec(int threads) {
  Codec& c = *codec_;
  const bool full = ports::is_444(settings_.codec);
  const auto width = static_cast<unsigned>(settings_.width), height = static_cast<unsigned>(settings_.height);
  aom_codec_iface_t* av1 = aom_codec_av1_cx();
  if (const auto error = aom_codec_enc_config_default(av1, &c.config, AOM_USAGE_REALTIME); error != AOM_CODEC_OK) return c.broken("codec/aom: settings", error);
  c.config.g_w = width;
  c.config.g_h = height;
  c.config.g_profile = full ? 1 : 0;
  c.config.g_threads = static_cast<unsigned>(std::max(1, threads));
  c.config.g_timebase = {1, kNominalRate};
  c.config.g_lag_in_frames = 0;
  c.config.g_error_resilient = 0;
  c.config.g_pass = AOM_RC_ONE_PASS;
  c.config.kf_mode = AOM_KF_DISABLED;
  c.config.rc_end_usage = AOM_CBR;
  c.config.rc_target_bitrate = static_cast<unsigned>(settings_.target_kbps);
  c.config.rc_dropframe_thresh = 0;         // what is given is coded; who gives decides
  c.config.rc_min_quantizer = 8;            // a resting picture is sent exactly anyway
  c.config.rc_max_quantizer = 63;
  c.config.rc_undershoot_pct = c.config.rc_overshoot_pct = 50;
  c.config.rc_buf_sz = kBufferMs;
  c.config.rc_buf_initial_sz = c.config.rc_buf_optimal_sz = kBufferMs / 2;
  if (const auto error = aom_codec_enc_init(&c.context, av1, &c.config, 0); error != AOM_CODEC_OK) return c.broken("codec/aom: open", error);
  c.open = true;
  auto set = aom_codec_control(&c.context, AOME_SET_CPUUSED, 10);
  const auto next = [&](aom_codec_err_t result) {
    if (set == AOM_CODEC_OK) set = result;
  };
  next(aom_codec_control(&c.context, AOME_SET_MAX_INTRA_BITRATE_PCT, kMostKeyPercent));
  next(aom_codec_control(&c.context, AV1E_SET_COLOR_RANGE, 0));
  next(aom_codec_control(&c.context, AV1E_SET_COLOR_PRIMARIES, AOM_CICP_CP_BT_709));
  next(aom_codec_control(&c.context, AV1E_SET_TRANSFER_CHARACTERISTICS, AOM_CICP_TC_BT_709));
  next(aom_codec_control(&c.context, AV1E_SET_MATRIX_COEFFICIENTS, AOM_CICP_MC_BT_709));
  if (threads > 1) next(aom_codec_control(&c.context, AV1E_SET_TILE_COLUMNS, std::bit_width(static_cast<unsigned>(threads)) - 1));
  for (const auto& [name, value] : kTools) next(aom_codec_set_option(&c.context, name, value));
  if (set != AOM_CODEC_OK) return c.broken("codec/aom: settings", set);

  const unsigned half_width = full ? width : (width + 1) / 2, half_height = full ? height : (height + 1) / 2;
  c.planes.assign(std::size_t{width} * height + 2 * std::size_t{half_width} * half_height, 128);
  if (aom_img_wrap(&c.image, full ? AOM_IMG_FMT_I444 : AOM_IMG_FMT_I420, width, height, 1, c.planes.data()) == nullptr)
    return fail(ErrorKind::Limit, "codec/aom: memory");
  std::uint8_t* at = c.planes.data();
  for (const int plane : {AOM_PLANE_Y, AOM_PLANE_U, AOM_PLANE_V}) {
    const bool luma = plane == AOM_PLANE_Y;
    c.image.planes[plane] = at;
    c.image.stride[plane] = static_cast<int>(luma ? width : half_width);
    at += std::size_t{luma ? width : half_width} * (luma ? height : half_height);
  }
  c.image.range = AOM_CR_STUDIO_RANGE;
  c.image.cp = AOM_CICP_CP_BT_709;
  c.image.tc = AOM_CICP_TC_BT_709;
  c.image.mc = AOM_CICP_MC_BT_709;
  return {};
}

// What aom_codec_get_global_headers() says before the first picture is not what comes with it: one that nobody sees is coded.
Result<void> AomEncoder::read_sequence() {
  if (const auto error = aom_codec_encode(&codec_->context, &codec_->image, count_++, 1, 0); error != AOM_CODEC_OK)
    return codec_->broken("codec/aom: sequence header", error);
  aom_codec_iter_t iterator = nullptr;
  while (const aom_codec_cx_pkt_t* packet = aom_codec_get_cx_data(&codec_->context, &iterator)) {
    if (packet->kind != AOM_CODEC_CX_FRAME_PKT) continue;
    const auto obus = wire::split_obus({static_cast<const std::uint8_t*>(packet->data.frame.buf), packet->data.frame.sz});
    if (!obus) return fail(obus);
    for (const wire::Obu& obu : *obus)
      if (obu.type == wire::kObuSequenceHeader) sequence_ = to_bytes(obu.whole);
  }
  if (sequence_.empty()) return fail(ErrorKind::Environment, "codec/aom: sequence header", "the encoder gave none");
  return {};
}

Result<void> AomEncoder::set_target_kbps(int kbps) {
  if (kbps <= 0) return fail(ErrorKind::Refused, "codec/aom: rate", "not a rate");
  const int wanted = std::clamp(kbps, 50, 1'000'000);
  codec_->config.rc_target_bitrate = static_cast<unsigned>(wanted);
  if (const auto error = aom_codec_enc_config_set(&codec_->context, &codec_->config); error != AOM_CODEC_OK) return codec_->broken("codec/aom: rate", error);
  settings_.target_kbps = wanted;
  return {};
}

Result<void> AomEncoder::convert(const ports::Frame& frame) {
  ports::Planes target;
  target.width = settings_.width;
  target.height = settings_.height;
  target.chroma = ports::is_444(settings_.codec) ? ports::Chroma::k444 : ports::Chroma::k420;
  for (int i = 0; i < 3; ++i) {
    target.data[i] = codec_->image.planes[i];
    target.stride[i] = codec_->image.stride[i];
  }
  return convert_changed(*converter_, frame, target, filled_);
}

Result<ports::EncodedPicture> AomEncoder::take() {
  ports::EncodedPicture out;
  bool sound = true;
  aom_codec_iter_t iterator = nullptr;
  while (const aom_codec_cx_pkt_t* packet = aom_codec_get_cx_data(&codec_->context, &iterator)) {
    if (packet->kind != AOM_CODEC_CX_FRAME_PKT) continue;
    const auto obus = wire::split_obus({static_cast<const std::uint8_t*>(packet->data.frame.buf), packet->data.frame.sz});
    if (!obus) return fail(obus);
    for (const wire::Obu& obu : *obus) {
      if (obu.type == wire::kObuTemporalDelimiter || obu.type == wire::kObuPadding) continue;
      if (obu.type == wire::kObuSequenceHeader) {
        out.key = true;
        sound = sound && std::equal(obu.whole.begin(), obu.whole.end(), sequence_.begin(), sequence_.end());
      }
      out.annex_b.insert(out.annex_b.end(), obu.whole.begin(), obu.whole.end());
    }
  }
  if (!sound || out.annex_b.empty()) return fail(ErrorKind::Environment, "codec/aom: not what was agreed came out");
  return out;
}

std::size_t AomEncoder::most_key_bytes() const {
  return static_cast<std::size_t>(settings_.target_kbps) * 125 / kNominalRate * kMostKeyPercent / 100 * 3 / 2;
}

Result<ports::EncodedPicture> AomEncoder::encode(const ports::Frame& frame, bool force_key) {
  if (failed_) return fail(ErrorKind::Environment, "codec/aom: has failed before");
  if (!frame.pixels || frame.pixels->width != settings_.width || frame.pixels->height != settings_.height)
    return fail(ErrorKind::Refused, "codec/aom: size", "the picture has another size; a new encoder is needed");
  const auto final = [this](const auto& error) {
    failed_ = true;
    return fail(error);
  };
  const bool key = force_key || !filled_;
  if (auto converted = convert(frame); !converted) return final(converted);
  const auto code = [&]() -> Result<ports::EncodedPicture> {
    const auto error = aom_codec_encode(&codec_->context, &codec_->image, count_++, 1, key ? AOM_EFLAG_FORCE_KF : 0);
    if (error != AOM_CODEC_OK) return codec_->broken("codec/aom: picture in", error);
    return take();
  };
  auto out = code();
  // How much a film's pictures take is learnt from the first; nobody has seen it yet, so one that would hold up the line is coded again.
  if (out && key && out->annex_b.size() > most_key_bytes()) out = code();
  if (!out) return final(out);
  out->captured_at = frame.captured_at;
  out->encoded_at = local_now();
  return out;
}

}  // namespace beside::video
