// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/flow/pacer.h"

#include <algorithm>

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

bool Pacer::add(Class cls, Bytes packet) {
  if (packet.empty() || queued_ + packet.size() > max_bytes_) {
    ++dropped_;
    return false;
  }
  queued_ += packet.size();
  queues_[static_cast<std::size_t>(cls)].push_back(std::move(packet));
  return true;
}

std::vector<Bytes> Pacer::poll(LocalTime now) {
  std::vector<Bytes> burst;
  const bool urgent = !queues_[0].empty();
  auto& queue = urgent ? queues_[0] : queues_[1];
  if (queue.empty() || (!urgent && now < next_send_)) return burst;
  const auto budget = static_cast<std::size_t>(rate_bytes_per_s_ * kBurst.count() / 1'000'000'000);
  std::size_t bytes = 0;
  while (!queue.empty() && burst.size() < kMaxSegments) {
    const std::size_t size = queue.front().size();
    // Equal sizes but for a smaller last one (UDP_SEGMENT); the kernel takes 64 KiB at most in one send.
    if (!burst.empty() && (size > burst.front().size() || bytes + size > std::max(budget, burst.front().size()) || bytes + size > 60'000))
      break;
    bytes += size;
    burst.push_back(std::move(queue.front()));
    queue.pop_front();
    if (size < burst.front().size()) break;
  }
  queued_ -= bytes;
  // Time that passed unused is not saved up: a pause gives no right to a burst.
  const LocalTime base = next_send_ == LocalTime::min() ? now : std::max(next_send_, now - kBurst);
  next_send_ = base + nanoseconds(static_cast<std::int64_t>(bytes) * 1'000'000'000 / rate_bytes_per_s_);
  return burst;
}

LocalTime Pacer::next_deadline() const {
  if (!queues_[0].empty()) return LocalTime::min();
  return queues_[1].empty() ? kNever : next_send_;
}

void Pacer::clear() {
  for (auto& queue : queues_) queue.clear();
  queued_ = 0;
  next_send_ = LocalTime::min();
}

nanoseconds Pacer::delay() const {
  return nanoseconds(static_cast<std::int64_t>(queued_) * 1'000'000'000 / rate_bytes_per_s_);
}

}  // namespace beside::flow
