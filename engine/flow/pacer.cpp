// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/flow/pacer.h"

#include <algorithm>
#include <utility>

namespace beside::flow {
namespace {
constexpr std::int64_t kMinBytesPerS = 4000;
}

Pacer::Pacer(int rate_kbps, std::size_t max_bytes) : max_bytes_(max_bytes), rate_bytes_per_s_(kMinBytesPerS) {
  set_rate_kbps(rate_kbps);
}

void Pacer::set_rate_kbps(int rate_kbps) {
  rate_bytes_per_s_ = std::max<std::int64_t>(std::int64_t{rate_kbps} * 125, kMinBytesPerS);
}

bool Pacer::add(Class cls, Bytes packet, LocalTime now) {
  if (packet.empty() || queued_ + packet.size() > max_bytes_) {
    ++dropped_;
    return false;
  }
  queued_ += packet.size();
  bytes_[static_cast<std::size_t>(cls)] += packet.size();
  queues_[static_cast<std::size_t>(cls)].push_back({std::move(packet), now});
  return true;
}

std::size_t Pacer::first_waiting() const {
  std::size_t cls = 0;
  while (cls < kClasses && queues_[cls].empty()) ++cls;
  return cls;
}

std::vector<Bytes> Pacer::poll(LocalTime now) {
  std::vector<Bytes> burst;
  const std::size_t cls = first_waiting();
  if (cls == kClasses || (cls >= kFree && (now < next_send_ || window_ == 0))) return burst;
  auto& queue = queues_[cls];
  auto budget = static_cast<std::size_t>(rate_bytes_per_s_ * kBurst.count() / 1'000'000'000);
  if (cls >= kFree) budget = std::min(budget, window_);
  std::size_t bytes = 0;
  while (!queue.empty() && burst.size() < kMaxSegments) {
    const std::size_t size = queue.front().packet.size();
    // Equal sizes but for a smaller last one (UDP_SEGMENT); the kernel takes 64 KiB at most in one send.
    if (!burst.empty() && (size > burst.front().size() || bytes + size > std::max(budget, burst.front().size()) || bytes + size > 60'000))
      break;
    bytes += size;
    burst.push_back(std::move(queue.front().packet));
    queue.pop_front();
    if (size < burst.front().size()) break;
  }
  queued_ -= bytes;
  bytes_[cls] -= bytes;
  if (window_ != std::numeric_limits<std::size_t>::max()) window_ -= std::min(window_, bytes);
  // Time that passed unused is not saved up: a pause gives no right to a burst.
  const LocalTime base = next_send_ == LocalTime::min() ? now : std::max(next_send_, now - kBurst);
  next_send_ = base + nanoseconds(static_cast<std::int64_t>(bytes) * 1'000'000'000 / rate_bytes_per_s_);
  return burst;
}

LocalTime Pacer::next_deadline() const {
  const std::size_t cls = first_waiting();
  if (cls == kClasses) return kNever;
  if (cls < kFree) return LocalTime::min();
  return window_ == 0 ? kNever : next_send_;
}

void Pacer::clear() {
  for (auto& queue : queues_) queue.clear();
  bytes_.fill(0);
  queued_ = 0;
  next_send_ = LocalTime::min();
}

std::size_t Pacer::drop(Class cls) {
  auto& queue = queues_[static_cast<std::size_t>(cls)];
  const std::size_t packets = queue.size();
  queue.clear();
  queued_ -= std::exchange(bytes_[static_cast<std::size_t>(cls)], 0);
  return packets;
}

nanoseconds Pacer::delay(Class cls) const {
  std::size_t before = 0;
  for (std::size_t i = 0; i <= static_cast<std::size_t>(cls); ++i) before += bytes_[i];
  return nanoseconds(static_cast<std::int64_t>(before) * 1'000'000'000 / rate_bytes_per_s_);
}

nanoseconds Pacer::age(Class cls, LocalTime now) const {
  const auto& queue = queues_[static_cast<std::size_t>(cls)];
  return queue.empty() || queue.front().since == LocalTime::min() ? nanoseconds(0) : std::max<nanoseconds>(now - queue.front().since, nanoseconds(0));
}

bool Pacer::full(Class cls) const { return window_ == 0 || delay(cls) > kFull; }

}  // namespace beside::flow
