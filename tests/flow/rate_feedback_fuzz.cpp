// SPDX-License-Identifier: GPL-3.0-or-later
#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "engine/flow/scream_control.h"
#include "engine/flow/tail_watch.h"
#include "engine/wire/rtcp.h"

// A sender whose peer reports whatever it likes. Records: packets sent since the last (u8), milliseconds (u8), length (u16), RTCP.
// Whatever is reported, the window stays between its bounds and the line opens again.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace beside;
  flow::ScreamControl control;
  flow::TailWatch watch;
  LocalTime now(seconds(10));
  ByteReader in({data, size});
  std::uint16_t seq = 0;
  while (in.remaining() > 4) {
    for (unsigned count = in.u8(); count > 0 && control.send_window() > 0; --count) {
      control.on_sent(Ssrc{1}, SeqNo{seq}, 1200, now);
      watch.sent(Ssrc{1}, SeqNo{seq++}, now);
    }
    now += milliseconds(in.u8());
    control.poll(now);
    const std::size_t length = in.u16();
    if (const auto packets = wire::parse_rtcp(in.bytes(std::min(length, in.remaining())))) {
      for (const auto& packet : *packets) {
        const auto* feedback = std::get_if<wire::CcFeedback>(&packet);
        if (feedback == nullptr) continue;
        control.on_feedback(*feedback, now);
        watch.on_feedback(*feedback);
      }
    }
    (void)watch.poll(milliseconds(50), nanoseconds(0), now);
    if (control.reference_window() < 2000 || control.reference_window() > (1u << 30)) __builtin_trap();
    if (control.target_kbps() < 100 || control.target_kbps() > 200'000 || control.pacing_kbps() <= 0) __builtin_trap();
    if (!(control.loss() >= 0 && control.loss() <= 1) || control.queue_delay() < nanoseconds(0)) __builtin_trap();
  }
  for (int i = 0; i < 50 && control.send_window() == 0; ++i) {
    now = std::max(now, control.next_deadline());
    control.poll(now);
  }
  if (control.send_window() == 0) __builtin_trap();
  return 0;
}
