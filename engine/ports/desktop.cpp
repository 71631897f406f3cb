// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/ports/desktop.h"

namespace beside::ports {

void OwnWindows::set(std::vector<Rect> areas) {
  std::lock_guard lock(mutex_);
  areas_ = std::move(areas);
}

std::vector<Rect> OwnWindows::areas() const {
  std::lock_guard lock(mutex_);
  return areas_;
}

void OwnWindows::set_native_ids(std::vector<std::uint32_t> ids) {
  std::lock_guard lock(mutex_);
  ids_ = std::move(ids);
}

std::vector<std::uint32_t> OwnWindows::native_ids() const {
  std::lock_guard lock(mutex_);
  return ids_;
}

void OwnWindows::share_only(ApplicationRule rule) {
  std::lock_guard lock(mutex_);
  application_ = std::move(rule);
}

std::optional<ApplicationRule> OwnWindows::shared_application() const {
  std::lock_guard lock(mutex_);
  return application_;
}

}  // namespace beside::ports
