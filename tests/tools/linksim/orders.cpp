// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/tools/linksim/orders.h"

#include <cmath>
#include <cstdlib>
#include <sstream>

namespace beside::linksim {
namespace {

nanoseconds from_ms(double ms) { return nanoseconds(static_cast<std::int64_t>(std::llround(ms * 1e6))); }

}  // namespace

Result<void> read_setting(const std::string& words, test::LinkModel::Setting& setting) {
  test::LinkModel::Setting out = setting;
  std::istringstream in(words);
  for (std::string word; in >> word;) {
    const auto equals = word.find('=');
    const std::string key = word.substr(0, equals), text = equals == std::string::npos ? "" : word.substr(equals + 1);
    char* end = nullptr;
    const double value = std::strtod(text.c_str(), &end);
    const bool number = !text.empty() && end == text.c_str() + text.size() && std::isfinite(value) && value >= 0;
    if (!number) return fail(ErrorKind::Environment, "linksim", "'" + word + "' is no key=number");
    double* share = key == "loss" ? &out.loss : key == "burst_enter" ? &out.burst_enter : key == "burst_leave" ? &out.burst_leave
                    : key == "burst_loss" ? &out.burst_loss : key == "duplicate" ? &out.duplicate : key == "reorder" ? &out.reorder : nullptr;
    if (share != nullptr) {
      if (value > 1) return fail(ErrorKind::Environment, "linksim", "'" + word + "' is more than 1");
      *share = value;
    } else if (key == "delay_ms") out.delay = from_ms(value);
    else if (key == "jitter_ms") out.jitter = from_ms(value);
    else if (key == "reorder_ms") out.reorder_by = from_ms(value);
    else if (key == "rate_kbps") out.rate_kbps = static_cast<std::int64_t>(value);
    else if (key == "queue_bytes") out.queue_bytes = static_cast<std::size_t>(value);
    else if (key == "mtu_bytes") out.mtu_bytes = static_cast<std::size_t>(value);
    else if (key == "jitter_reorders") out.jitter_reorders = value != 0;
    else return fail(ErrorKind::Environment, "linksim", "'" + key + "' is unknown");
  }
  setting = out;
  return {};
}

}  // namespace beside::linksim
