// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <unordered_map>

namespace beside::e2e {

// Sees to it that no (SSRC, packet index) is sealed twice under one key, since one repeat gives an AES-GCM key away.
// Sequence numbers of an SSRC must rise (RFC 1982); a sender that must go back takes a new SSRC. Thread: the sealer's.
class NonceGuard {
 public:
  // RFC 3711 9.2: a key is used for 2^48 packets of one SSRC at most. Where it ends, so does the sealing.
  static constexpr std::uint64_t kMaxIndex = (std::uint64_t{1} << 48) - 1;
  static constexpr std::size_t kMaxSsrcs = 65536;

  explicit NonceGuard(std::uint64_t max_index = kMaxIndex, std::size_t max_ssrcs = kMaxSsrcs)
      : max_index_(max_index), max_ssrcs_(max_ssrcs) {}
  // False: sealing this packet would use a number again, or one beyond the last; nothing is changed then.
  bool admit(std::uint32_t ssrc, std::uint16_t sequence);

 private:
  std::uint64_t max_index_;
  std::size_t max_ssrcs_;
  std::unordered_map<std::uint32_t, std::uint64_t> last_;  // index = roll-over counter * 2^16 + sequence number
};

}  // namespace beside::e2e
