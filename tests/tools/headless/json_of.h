// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "engine/session/snapshot.h"

// Snapshots as flat JSON objects. A key whose value differs from the last one becomes an event of its name. What changes
// with every packet (round trip, bytes, latencies) is left out; the command "report" prints that.
namespace beside::headless {

nlohmann::json state_of(const session::CustomerSnapshot& snapshot);
nlohmann::json state_of(const session::OperatorSnapshot& snapshot);   // without its sessions
nlohmann::json state_of(const session::SessionView& view);

nlohmann::json figures_of(const session::MediaView& media);
nlohmann::json figures_of(const session::LadderView& ladder);

}  // namespace beside::headless
