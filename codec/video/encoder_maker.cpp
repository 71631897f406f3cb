// SPDX-License-Identifier: GPL-3.0-or-later
#include "codec/video/encoder_maker.h"

#include <algorithm>

namespace beside::video {
namespace {

// Notes that the hardware failed.
class OnHardware final : public ports::VideoEncoder {
 public:
  OnHardware(std::unique_ptr<ports::VideoEncoder> encoder, std::shared_ptr<std::atomic<bool>> works) : encoder_(std::move(encoder)), works_(std::move(works)) {}
  Bytes sps() const override { return encoder_->sps(); }
  Bytes pps() const override { return encoder_->pps(); }
  std::string name() const override { return encoder_->name(); }
  ports::VideoCodec codec() const override { return encoder_->codec(); }
  Result<ports::EncodedPicture> encode(const ports::Frame& frame, bool force_key) override {
    auto picture = encoder_->encode(frame, force_key);
    if (!picture) *works_ = false;
    return picture;
  }
  Result<void> set_target_kbps(int kbps) override { return encoder_->set_target_kbps(kbps); }
  bool refined() const override { return encoder_->refined(); }

 private:
  std::unique_ptr<ports::VideoEncoder> encoder_;
  std::shared_ptr<std::atomic<bool>> works_;
};

}  // namespace

EncoderMaker::Made EncoderMaker::operator()(const ports::VideoSettings& settings) {
  EncoderPreferences preferences;
  preferences.hardware = *hardware_;
  std::vector<EncoderProbe> probes;
  auto made = make_(settings, preferences, &probes);
  const auto tried = [](const EncoderProbe& p) { return p.hardware; };
  if (std::none_of(probes.begin(), probes.end(), tried)) return made;   // not even looked for: it does not code this kind
  const bool chosen = made && std::any_of(probes.begin(), probes.end(), [](const EncoderProbe& p) { return p.hardware && p.reason.empty(); });
  if (!chosen) *hardware_ = false;
  if (chosen) return std::make_unique<OnHardware>(std::move(*made), hardware_);
  return made;
}

}  // namespace beside::video
