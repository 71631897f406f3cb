// SPDX-License-Identifier: GPL-3.0-or-later
// Tunnel bytes from a hostile relay into one end. First byte: bit 0 the role, bits 1-2 how far an honest exchange goes
// first; the rest arrives as it is, in one piece or (bit 3) byte by byte. No end may open on bytes that nobody made with its code.
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <utility>

#include "engine/e2e/code_channel.h"

using namespace beside;
using ports::End;

namespace {
std::unique_ptr<ports::SecureChannel> make(End role) {
  e2e::CodeChannelConfig config;
  config.role = role;
  config.secret_digits = SecretText("314159");
  config.relay_name = "relay.example";
  config.locator = "271";
  auto made = e2e::make_code_channel(std::move(config), LocalTime{});
  if (!made) std::abort();
  return std::move(*made);
}
}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const unsigned mode = data[0];
  auto customer = make(End::Customer), operator_ = make(End::Operator);
  const LocalTime now{};
  for (unsigned i = 0; i < (mode >> 1 & 3); ++i) {
    if (i % 2 == 0) (void)operator_->receive(customer->take_outgoing(), now);
    else (void)customer->receive(operator_->take_outgoing(), now);
  }
  ports::SecureChannel& target = mode & 1 ? *operator_ : *customer;
  const ByteSpan rest(data + 1, size - 1);
  if (mode & 8) {
    for (std::size_t i = 0; i < rest.size() && target.state() != ports::ChannelState::Dead; ++i)
      (void)target.receive(rest.subspan(i, 1), now);
  } else {
    (void)target.receive(rest, now);
  }
  if (target.state() == ports::ChannelState::Open) std::abort();
  (void)target.take_outgoing();
  target.poll(now + std::chrono::seconds(20));
  if (target.guess_spent() && target.state() != ports::ChannelState::Dead) std::abort();
  return 0;
}
