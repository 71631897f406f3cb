// SPDX-License-Identifier: GPL-3.0-or-later
#include "codec/video/quantiser_control.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace beside::video {
namespace {

constexpr double kSteps = 4, kKeySteps = 5;      // of the quantiser for half the bytes
constexpr double kFirstLevel = 4.5;              // of a key picture, above log2 of its pixels: between text and a film full of detail
constexpr double kKeyShare = 1.5;                // of a nominal picture: a key picture may take longer
constexpr double kRepay = 3;                     // pictures over which a debt is paid back
constexpr double kLeastShare = 0.5, kMostShare = 1.25;   // of a nominal picture, while debts are paid
constexpr double kMostCredit = 1, kMostDebt = 4; // nominal pictures
constexpr double kSmooth = 0.5, kLearn = 0.7;
constexpr double kStill = 0.25;                  // added to each change: noise of what does not move
constexpr double kJump = 1.5, kMostJump = 8;     // times the change of those before
constexpr int kNotTriedAtMost = 240;             // pictures, what was too large
constexpr double kCalm = 0.125;                  // of a nominal picture: what was too large is over,
constexpr int kLastOfCoder = 51;                 // unless only taking away what is fine made it so small
constexpr double kCalmChange = 0.25;             // and the film moves as it did
constexpr int kKeyFiner = 3;                     // than other pictures: those are built on it
constexpr double kFarTooLarge = 5;               // of a nominal picture, for what was coded again
constexpr int kAgainAtMost = 2;
constexpr int kKeyCoarser = 5;                   // than a key picture that was too large though coded again
constexpr int kRefinedSlack = 4;                 // as many steps above the wanted quality count as refined

}  // namespace

QuantiserControl::QuantiserControl(int finest, std::int64_t pixels)
    : finest_(std::clamp(finest, 0, kCoarsest)),
      key_level_(std::log2(static_cast<double>(std::max<std::int64_t>(1, pixels))) + kFirstLevel),
      quantiser_(finest_),
      steady_(kCoarsest) {}

void QuantiserControl::set_target(int kbps, int pictures) {
  target_ = std::max(1.0, kbps * 125.0 / std::max(1, pictures));
  debt_ = std::clamp(debt_, -kMostCredit * target_, kMostDebt * target_);
}

double QuantiserControl::key_budget() const { return kKeyShare * target_; }

int QuantiserControl::key_least() const { return key_least_for_ > 0 ? key_least_ : finest_ - kKeyFiner; }

int QuantiserControl::choose(bool key, double change) {
  again_ = 0;
  least_for_ = std::max(0, least_for_ - 1);
  key_least_for_ = std::max(0, key_least_for_ - 1);
  const double now = change + kStill;
  const double times = change_ > 0 ? std::clamp(now / change_, 1.0, kMostJump) : 1.0;
  jumped_ = times > kJump;
  change_ = change_ > 0 ? change_ + (now - change_) * kSmooth : now;
  double wanted = 0;
  if (key || !level_) {
    wanted = std::max(kKeySteps * (key_level_ - std::log2(key_budget())), static_cast<double>(key_least()));
  } else {
    const double share = std::clamp(target_ - debt_ / kRepay, kLeastShare * target_, kMostShare * target_);
    wanted = std::max(kSteps * (*level_ - std::log2(share)), static_cast<double>(steady_ - (small_ ? 2 : 1) * kMostFiner));
    if (least_for_ > 0) wanted = std::max(wanted, static_cast<double>(least_));
    if (jumped_) {
      // No picture takes more than a key picture would.
      const double most = kKeySteps * (key_level_ - std::log2(key_budget()));
      wanted = std::max(wanted, std::min(kSteps * (*level_ + std::log2(times) - std::log2(key_budget())), most));
    }
  }
  quantiser_ = std::clamp(static_cast<int>(std::lround(wanted)), key ? std::max(0, finest_ - kKeyFiner) : finest_, kCoarsest);
  if (!jumped_) steady_ = quantiser_;
  return quantiser_;
}

void QuantiserControl::keep(bool key, double bytes) {
  const double size = std::log2(std::max(1.0, bytes));
  if (key) {
    key_level_ = size + quantiser_ / kKeySteps;
    // What follows a key picture may be as large as that.
    if (again_ > 0 || !level_) level_ = size + quantiser_ / kSteps;
  } else if (!jumped_) {
    const double level = size + quantiser_ / kSteps;
    level_ = level_ ? *level_ + (level - *level_) * kLearn : level;
  }
  small_ = bytes * 2 < target_;
  fitted_ = quantiser_;
  if (again_ == 0 && bytes < kCalm * target_ && (quantiser_ <= kLastOfCoder || change_ < kCalmChange * wild_)) {
    least_for_ = 0;
    not_tried_ = kNotTried;
  }
  debt_ = std::clamp(debt_ + bytes - target_, -kMostCredit * target_, kMostDebt * target_);
}

std::optional<int> QuantiserControl::coded(bool key, std::size_t bytes) {
  const double size = static_cast<double>(bytes);
  if (again_ > 0 && size > kTooLarge * target_) {
    key_least_ = std::min(kCoarsest, quantiser_ + kKeyCoarser);
    key_least_for_ = kNotTriedAtMost;
  }
  if (again_ < kAgainAtMost && size > (again_ == 0 ? kTooLarge : kFarTooLarge) * target_) {
    // As a key picture it may take as much as the last one did, though this one is smaller.
    const double level = std::max(std::log2(size) + quantiser_ / kKeySteps, key || again_ > 0 ? 0 : key_level_);
    const int coarser = std::clamp(static_cast<int>(std::lround(kKeySteps * (level - std::log2(key_budget())))), std::max(finest_, key_least()), kCoarsest);
    if (coarser > quantiser_) {
      if (++again_ == 1) wild_ = change_;
      if (!key && !jumped_ && again_ == 1) {
        least_ = std::max(quantiser_ + 1, (quantiser_ + fitted_ + 1) / 2);
        least_for_ = std::exchange(not_tried_, std::min(2 * not_tried_, kNotTriedAtMost));
      }
      return quantiser_ = coarser;
    }
  }
  keep(key || again_ > 0, size);
  return std::nullopt;
}

bool QuantiserControl::refined() const { return quantiser_ <= finest_ + kRefinedSlack; }

}  // namespace beside::video
