// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <string>
#include <vector>

#include "engine/session/snapshot.h"

namespace beside::samples {

struct OperatorSample {
  std::string name;                       // "live_control"
  session::OperatorSnapshot snapshot;
};
// One of every state that the operator's screens know, with times around `now`.
std::vector<OperatorSample> operator_samples(LocalTime now);

}  // namespace beside::samples
