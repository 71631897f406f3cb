// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <string>

#include "engine/base/result.h"
#include "engine/ports/frame.h"

namespace beside::headless {

// What became of each session's pictures: counts, and the newest one. Thread: any.
class PictureBox {
 public:
  struct Seen {
    std::uint64_t pictures = 0;
    std::optional<ports::DecodedPicture> newest;
  };
  void put(std::uint32_t session, ports::DecodedPicture picture);
  void forget(std::uint32_t session);
  std::map<std::uint32_t, Seen> all() const;
  std::optional<ports::DecodedPicture> newest(std::uint32_t session) const;

 private:
  mutable std::mutex mutex_;
  std::map<std::uint32_t, Seen> seen_;
};

// Sixteen hex digits over the pixels of all planes: equal pictures have equal hashes.
std::string hash_of(const ports::Planes& planes);
// Portable pixmap (P6), 8 bits a channel.
Result<void> write_ppm(const ports::Planes& planes, const std::string& file);

}  // namespace beside::headless
