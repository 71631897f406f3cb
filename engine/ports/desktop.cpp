// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/ports/desktop.h"

#include <algorithm>

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

void OwnWindows::hide(HiddenParts parts) {
  parts.windows.resize(std::min(parts.windows.size(), HiddenParts::kMost));
  parts.monitors.resize(std::min(parts.monitors.size(), HiddenParts::kMost));
  parts.areas.resize(std::min(parts.areas.size(), HiddenParts::kMost));
  std::lock_guard lock(mutex_);
  hidden_ = std::move(parts);
  hidden_revision_.fetch_add(1, std::memory_order_release);
}

HiddenParts OwnWindows::hidden() const {
  std::lock_guard lock(mutex_);
  return hidden_;
}

void OwnWindows::set_hatch_label(HatchLabel label) {
  auto shared = std::make_shared<const HatchLabel>(std::move(label));
  std::lock_guard lock(mutex_);
  label_ = std::move(shared);
}

std::shared_ptr<const HatchLabel> OwnWindows::hatch_label() const {
  std::lock_guard lock(mutex_);
  return label_;
}

}  // namespace beside::ports
