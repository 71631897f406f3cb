// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>

namespace beside {

// What an operator may do at the customer's (PROTOCOL 6). The values are on the wire and in journals.
enum class Right : std::uint32_t {
  See = 1u << 0,
  Point = 1u << 1,
  Control = 1u << 2,
  ClipboardToOperator = 1u << 3,
  ClipboardToCustomer = 1u << 4,
  FilesToOperator = 1u << 5,
  FilesToCustomer = 1u << 6,
  SystemSound = 1u << 7,
  Microphone = 1u << 8,
  Camera = 1u << 9,
  Record = 1u << 10,
  Restart = 1u << 11,
};

// A set of rights.
struct Rights {
  std::uint32_t bits = 0;
  constexpr Rights() = default;
  constexpr explicit Rights(std::uint32_t raw) : bits(raw) {}
  constexpr Rights(Right right) : bits(static_cast<std::uint32_t>(right)) {}
  constexpr bool has(Right right) const { return (bits & static_cast<std::uint32_t>(right)) != 0; }
  constexpr bool empty() const { return bits == 0; }
  constexpr bool operator==(const Rights&) const = default;
  friend constexpr Rights operator|(Rights a, Rights b) { return Rights(a.bits | b.bits); }
  friend constexpr Rights operator&(Rights a, Rights b) { return Rights(a.bits & b.bits); }
  friend constexpr Rights operator-(Rights a, Rights b) { return Rights(a.bits & ~b.bits); }
};
constexpr Rights operator|(Right a, Right b) { return Rights(a) | Rights(b); }

// Rights that this version can carry out. Others are neither drawn nor offered, and an ask for them is refused.
constexpr Rights kBuiltRights = Right::See | Right::Point | Rights(Right::Control);

// "see", "point", "control": for journals and logs.
const char* name_of(Right right);

}  // namespace beside
