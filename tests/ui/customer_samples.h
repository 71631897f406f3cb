// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <string>
#include <vector>

#include "ui/views/customer/customer.h"
#include "ui/views/kiosk/kiosk.h"

// Made-up snapshots for tests and the gallery: one per state that a person can meet.
namespace beside::test {

struct Sample {
  std::string name;
  session::CustomerSnapshot snapshot;
  views::CustomerState state;
};
constexpr LocalTime kSampleNow{std::chrono::hours(5)};
constexpr std::int64_t kSampleUnixMs = 1'790'000'000'000;
std::vector<Sample> customer_samples();

struct KioskSample {
  std::string name;
  session::CustomerSnapshot snapshot;
  views::KioskState state;
};
std::vector<KioskSample> kiosk_samples();
views::KioskSettings kiosk_settings();

}  // namespace beside::test
