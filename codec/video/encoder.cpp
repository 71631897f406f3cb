// SPDX-License-Identifier: GPL-3.0-or-later
#include "codec/video/encoder.h"

#include <dlfcn.h>

#include <algorithm>
#include <filesystem>
#include <thread>

#include "codec/video/aom_encoder.h"
#include "codec/video/av1_gate.h"
#include "codec/video/ffmpeg_encoder.h"
#include "codec/video/gate.h"
#include "codec/video/scaling.h"
#include "codec/video/x264_encoder.h"
#include "engine/base/log.h"

namespace beside::video {
namespace {

// The first render node, or empty. A machine without one has no VAAPI.
std::string render_node() {
  std::error_code error;
  std::vector<std::string> nodes;
  for (const auto& entry : std::filesystem::directory_iterator("/dev/dri", error)) {
    if (entry.path().filename().string().starts_with("renderD")) nodes.push_back(entry.path().string());
  }
  std::sort(nodes.begin(), nodes.end());
  return nodes.empty() ? std::string() : nodes.front();
}

bool has_cuda() {
  void* library = dlopen("libcuda.so.1", RTLD_LAZY | RTLD_LOCAL);
  if (library != nullptr) dlclose(library);
  return library != nullptr;
}

int thread_count(const EncoderPreferences& preferences, int height) {
  const unsigned cores = std::max(1U, std::thread::hardware_concurrency());
  const int wanted = preferences.threads > 0 ? preferences.threads : static_cast<int>(std::min(cores, 4U));
  return std::clamp(wanted, 1, std::max(1, std::min(16, height / 64)));  // a slice of at least four macroblock rows
}

}  // namespace

Result<std::unique_ptr<ports::VideoEncoder>> make_video_encoder(const ports::VideoSettings& settings,
                                                                const EncoderPreferences& preferences,
                                                                std::shared_ptr<ports::Converter> converter,
                                                                std::vector<EncoderProbe>* probes) {
  if (settings.shown_width > 0 && (settings.shown_width != settings.width || settings.shown_height != settings.height)) {
    if (settings.shown_width < settings.width || settings.shown_height < settings.height || settings.shown_width > 8192 || settings.shown_height > 8192)
      return fail(ErrorKind::Refused, "codec/encoder: size", "pictures are coded smaller than they are shown, not larger");
    ports::VideoSettings coded = settings;
    coded.shown_width = coded.shown_height = 0;
    auto inner = make_video_encoder(coded, preferences, std::move(converter), probes);
    if (!inner) return inner;
    return scale_before(std::move(*inner), settings);
  }
  BS_ASSERT(converter != nullptr);
  if (settings.width < 16 || settings.height < 16 || settings.width > 8192 || settings.height > 8192) {
    return fail(ErrorKind::Refused, "codec/encoder: size", "pictures from 16 to 8192 pixels a side can be coded");
  }
  using Kind = EncoderPlan::Kind;
  EncoderPlan plan;
  plan.settings = settings;
  const int threads = thread_count(preferences, settings.height);
  Error last{ErrorKind::Environment, "codec/encoder: none", {}};
  auto report = [&](const char* name, std::string reason, bool hardware = false) {
    BS_LOG(Info, "codec", "{}: {}", name, reason.empty() ? std::string("chosen") : reason);
    if (probes != nullptr) probes->push_back({name, std::move(reason), hardware});
  };
  // The other end's gate must admit what this encoder will send; otherwise it is of no use.
  auto admitted = [&](auto encoder) -> std::unique_ptr<ports::VideoEncoder> {
    if (!encoder) {
      last = encoder.error();
      return nullptr;
    }
    auto gate = H264Gate::create((*encoder)->sps(), (*encoder)->pps(), settings.width, settings.height);
    if (gate) return std::move(*encoder);
    last = gate.error();
    return nullptr;
  };
  auto attempt = [&](Kind kind) -> std::unique_ptr<ports::VideoEncoder> {
    plan.kind = kind;
    auto encoder = admitted(FfmpegEncoder::open(plan, converter));
    report(codec_name(kind), encoder ? std::string() : dump_error(last), true);
    return encoder;
  };
  if (ports::is_av1(settings.codec)) {
    auto encoder = AomEncoder::open(settings, threads, converter);
    Result<void> sound = {};
    if (encoder) {
      if (auto gate = Av1Gate::create((*encoder)->sps(), settings.width, settings.height); !gate) sound = fail(gate);
    } else {
      sound = fail(encoder);
    }
    report("libaom-av1", sound ? std::string() : dump_error(sound.error()));
    if (sound) return std::unique_ptr<ports::VideoEncoder>(std::move(*encoder));
    // Whoever asked for it finds by codec() that it is H.264.
    plan.settings.codec = ports::is_444(settings.codec) ? ports::VideoCodec::H264_444 : ports::VideoCodec::H264_420;
  }
  if (plan.settings.codec == ports::VideoCodec::H264_444) {
    if (preferences.hardware) {
      for (Kind kind : {Kind::Vaapi, Kind::Nvenc}) report(codec_name(kind), "gives 4:2:0 only and 4:4:4 is wanted");
    }
  } else if (preferences.hardware) {
    plan.device = render_node();
    if (plan.device.empty()) {
      report(codec_name(Kind::Vaapi), "no render node in /dev/dri", true);
    } else if (auto encoder = attempt(Kind::Vaapi)) {
      return encoder;
    }
    if (!has_cuda()) {
      report(codec_name(Kind::Nvenc), "no libcuda.so.1", true);
    } else if (auto encoder = attempt(Kind::Nvenc)) {
      return encoder;
    }
  }
  auto software = admitted(X264Encoder::open(plan.settings, threads, std::clamp(preferences.quality, 1, 45), converter));
  report("libx264", software ? std::string() : dump_error(last));
  if (software) return software;
  return tl::unexpected<Error>(last);
}

}  // namespace beside::video
