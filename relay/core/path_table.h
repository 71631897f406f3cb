// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace beside::relay {

// Which leg a path belongs to: open addressing with linear probing, so that a look-up touches one cache line as a rule and
// never allocates. Keys are hashes already (spread, not to be foreseen) and never 0.
// Thread: one owner. insert() may allocate; find() and erase() do not.
class PathTable {
 public:
  static constexpr std::uint32_t kNone = 0xffffffff;
  std::uint32_t find(std::uint64_t key) const {
    if (slots_.empty()) return kNone;
    for (std::size_t at = key & mask();; at = (at + 1) & mask()) {
      if (slots_[at].key == key) return slots_[at].value;
      if (slots_[at].key == 0) return kNone;
    }
  }
  void insert(std::uint64_t key, std::uint32_t value) {
    if ((used_ + 1) * 2 > slots_.size()) grow();
    Slot& slot = place(key);
    used_ += slot.key == 0;
    slot = {key, value};
  }
  void erase(std::uint64_t key) {
    if (slots_.empty()) return;
    std::size_t hole = key & mask();
    while (slots_[hole].key != key) {
      if (slots_[hole].key == 0) return;
      hole = (hole + 1) & mask();
    }
    --used_;
    // What stands behind the hole moves into it when its own place is not between the two (Knuth 6.4 algorithm R).
    for (std::size_t at = (hole + 1) & mask(); slots_[at].key != 0; at = (at + 1) & mask()) {
      if (((at - (slots_[at].key & mask())) & mask()) < ((at - hole) & mask())) continue;
      slots_[hole] = slots_[at];
      hole = at;
    }
    slots_[hole] = {};
  }
  std::size_t size() const { return used_; }

 private:
  struct Slot {
    std::uint64_t key = 0;
    std::uint32_t value = kNone;
  };
  std::size_t mask() const { return slots_.size() - 1; }
  Slot& place(std::uint64_t key) {
    std::size_t at = key & mask();
    while (slots_[at].key != 0 && slots_[at].key != key) at = (at + 1) & mask();
    return slots_[at];
  }
  void grow() {
    std::vector<Slot> old(slots_.empty() ? 64 : slots_.size() * 2);
    old.swap(slots_);
    for (const Slot& slot : old)
      if (slot.key != 0) place(slot.key) = slot;
  }
  std::vector<Slot> slots_;  // a power of two, at most half full
  std::size_t used_ = 0;
};

}  // namespace beside::relay
