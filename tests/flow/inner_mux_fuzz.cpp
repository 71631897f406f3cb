// SPDX-License-Identifier: GPL-3.0-or-later
#include <cstddef>
#include <cstdint>

#include "engine/flow/inner_mux.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  beside::flow::InnerMux whole, cut;
  const auto at_once = whole.receive({data, size});
  bool sound = true;
  std::size_t messages = 0;
  for (std::size_t i = 0; i < size && sound; ++i) {
    const auto got = cut.receive({data + i, 1});
    sound = got.has_value();
    if (got) messages += got->size();
  }
  // The cuts that TLS makes must not matter.
  if (sound != at_once.has_value() || (at_once && at_once->size() != messages)) __builtin_trap();
  (void)whole.take_outgoing(1000);
  return 0;
}
