// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/base/result.h"

#include <cstdio>
#include <cstdlib>

namespace beside {

const char* to_string(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::PeerFault: return "peer fault";
    case ErrorKind::Limit: return "limit";
    case ErrorKind::Environment: return "environment";
    case ErrorKind::Refused: return "refused";
    case ErrorKind::Cancelled: return "cancelled";
  }
  return "unknown";
}

std::string dump_error(const Error& error) {
  std::string out = to_string(error.kind);
  out.append(": ").append(error.where);
  if (!error.detail.empty()) out.append(": ").append(error.detail);
  return out;
}

void assert_failed(const char* cond, const char* file, int line) {
  std::fprintf(stderr, "beside: broken promise: %s (%s:%d)\n", cond, file, line);
  std::abort();
}

}  // namespace beside
