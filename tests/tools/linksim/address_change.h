// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>

#include "engine/base/bytes.h"

namespace beside::linksim {

// A network address translator that got a new outer address: the A end goes on using `inside`, the B end sees `outside`.
// Transport checksums are corrected (RFC 1624); fragments after the first and other protocols only get their address.
class AddressChange {
 public:
  // Both of one family. nullopt: no addresses.
  static std::optional<AddressChange> parse(const std::string& inside, const std::string& outside);
  void outwards(MutableByteSpan packet) const { rewrite(packet, true); }   // A to B: the source
  void inwards(MutableByteSpan packet) const { rewrite(packet, false); }   // B to A: the destination
  // B to A, still to the outer address of before: the translator knows nothing of it any more.
  bool gone(ByteSpan packet) const;

 private:
  void rewrite(MutableByteSpan packet, bool source) const;
  bool v6_ = false;
  std::array<std::uint8_t, 16> inside_{}, outside_{};
};

}  // namespace beside::linksim
