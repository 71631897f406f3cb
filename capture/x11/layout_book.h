// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "engine/base/geometry.h"

namespace beside::capture {

// The one place that numbers layouts. The grabber and the injector each watch RandR on their own connection and enter
// what they see here, so that both mean the same by a generation. Monitors keep their id by name while the book lives.
// Thread: any.
class LayoutBook {
 public:
  // Enters what a connection sees; ids in `monitors` are ignored and given here. The generation grows only when
  // something differs from what is known. Monitors past the sixteenth are left out.
  DesktopLayout observe(int width, int height, std::vector<MonitorInfo> monitors);
  // Generation 0 before the first observe().
  DesktopLayout current() const;

 private:
  mutable std::mutex mutex_;
  DesktopLayout current_;
  std::map<std::string, std::uint32_t> ids_;
};

}  // namespace beside::capture
