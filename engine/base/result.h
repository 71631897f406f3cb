// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <utility>

namespace beside {

// The kind decides the response: PeerFault: drop the peer and count; Limit: back off; Environment and Refused: tell
// the person, in words; Cancelled: stop quietly.
enum class ErrorKind { PeerFault, Limit, Environment, Refused, Cancelled };

// `where` is a static string naming the check or call ("wire/stun: length"); `detail` is for people and logs, and never
// holds secrets, typed text, screen content or file names.
struct Error {
  ErrorKind kind = ErrorKind::Environment;
  std::string_view where;
  std::string detail;
};

const char* to_string(ErrorKind kind);
// "environment: net/udp: bind: Address already in use"
std::string dump_error(const Error& error);

template <typename T>
class [[nodiscard]] Result : public tl::expected<T, Error> {
 public:
  using tl::expected<T, Error>::expected;
};

template <>
class [[nodiscard]] Result<void> : public tl::expected<void, Error> {
 public:
  using tl::expected<void, Error>::expected;
};

inline tl::unexpected<Error> fail(ErrorKind kind, std::string_view where, std::string detail = {}) {
  return tl::unexpected<Error>(Error{kind, where, std::move(detail)});
}
// For `if (!r) return fail(r);`: passes the error of one result on as another's.
template <typename T>
tl::unexpected<Error> fail(const Result<T>& other) {
  return tl::unexpected<Error>(other.error());
}

}  // namespace beside

// What a peer sent is wrong: return PeerFault. Usable in any function that returns Result<T>.
#define BS_PEER_CHECK(cond, reason)                                                 \
  do {                                                                              \
    if (!(cond)) return ::beside::fail(::beside::ErrorKind::PeerFault, (reason));   \
  } while (false)

// What we promised ourselves; stays on in release. Bytes from a peer must never reach it.
#define BS_ASSERT(cond)                                                             \
  do {                                                                              \
    if (!(cond)) ::beside::assert_failed(#cond, __FILE__, __LINE__);                \
  } while (false)

namespace beside {
[[noreturn]] void assert_failed(const char* cond, const char* file, int line);
}
