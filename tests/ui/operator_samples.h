// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <string>
#include <vector>

#include "engine/session/snapshot.h"
#include "ui/views/operator/operator.h"

namespace beside::samples {

struct OperatorSample {
  std::string name;                       // "live_control"
  session::OperatorSnapshot snapshot;
};
// One of every state that the operator's screens know, with times around `now`.
std::vector<OperatorSample> operator_samples(LocalTime now);
// A past session's journal.
std::vector<views::PastLine> past_lines();

}  // namespace beside::samples
