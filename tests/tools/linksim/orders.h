// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <string>

#include "engine/base/result.h"
#include "tests/support/link_model.h"

namespace beside::linksim {

// "delay_ms=20 loss=0.02 rate_kbps=10000": changes what is named in `setting`, leaves the rest. Keys: loss, burst_enter,
// burst_leave, burst_loss, duplicate, reorder (0..1); delay_ms, jitter_ms, reorder_ms (fractions allowed); rate_kbps,
// queue_bytes, mtu_bytes (0: no limit); jitter_reorders (0 or 1). Errors: Environment, with the word that makes no sense.
Result<void> read_setting(const std::string& words, test::LinkModel::Setting& setting);

}  // namespace beside::linksim
