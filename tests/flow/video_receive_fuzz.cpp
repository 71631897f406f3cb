// SPDX-License-Identifier: GPL-3.0-or-later
#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "engine/flow/video_receive.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace beside;
  flow::VideoReceiver receiver(Ssrc{1}, Ssrc{2});
  LocalTime now(seconds(10));
  ByteReader in({data, size});
  bool have_key = false;
  while (in.remaining() > 2) {
    const std::size_t length = in.u16();
    (void)receiver.receive(in.bytes(std::min(length, in.remaining())), now);
    now += milliseconds(7);
    (void)receiver.poll(now);
    (void)receiver.next_deadline();
    while (auto unit = receiver.take()) {
      have_key = have_key || unit->key;
      if (!have_key || unit->annex_b.empty()) __builtin_trap();  // nothing before a key picture
    }
  }
  return 0;
}
