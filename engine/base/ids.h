// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <string>

namespace beside {

// A number or text that cannot be mixed up with another of the same representation.
template <typename Tag, typename Rep>
struct Id {
  Rep value{};
  constexpr auto operator<=>(const Id&) const = default;
};
using SessionId = Id<struct SessionTag, std::string>;       // UUIDv7 text, made by the relay
using OperatorId = Id<struct OperatorTag, std::string>;     // UUIDv7 text
using ConnectionId = Id<struct ConnectionTag, std::uint64_t>;  // one control connection at the relay, process-local
using Ssrc = Id<struct SsrcTag, std::uint32_t>;

// Serial numbers that wrap (RFC 1982): compare only through here.
template <typename Rep>
struct SerialNo {
  Rep value{};
  constexpr bool operator==(const SerialNo&) const = default;
  constexpr bool newer_than(SerialNo other) const {
    return value != other.value && static_cast<Rep>(value - other.value) < (Rep{1} << (sizeof(Rep) * 8 - 1));
  }
  constexpr SerialNo next() const { return {static_cast<Rep>(value + 1)}; }
  // Distance from other to this, signed.
  constexpr std::int64_t since(SerialNo other) const {
    using Signed = std::make_signed_t<Rep>;
    return static_cast<Signed>(static_cast<Rep>(value - other.value));
  }
};
using SeqNo = SerialNo<std::uint16_t>;
using EventNo = SerialNo<std::uint32_t>;

// UUIDv7 (RFC 9562 5.7) from a wall clock and 10 random bytes.
std::string make_uuid7(std::int64_t unix_ms, const std::uint8_t (&random)[10]);

}  // namespace beside

template <typename Tag, typename Rep>
struct std::hash<beside::Id<Tag, Rep>> {
  std::size_t operator()(const beside::Id<Tag, Rep>& id) const { return std::hash<Rep>{}(id.value); }
};
