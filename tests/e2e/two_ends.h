// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <doctest/doctest.h>

#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "engine/e2e/code_channel.h"

namespace beside::e2e::test {

using ports::ChannelFault;
using ports::ChannelState;
using ports::End;

inline CodeChannelConfig config_of(End role, std::string_view digits = "123456") {
  CodeChannelConfig config;
  config.role = role;
  config.secret_digits = SecretText(digits);
  config.relay_name = "relay.example";
  config.locator = "482";
  config.capabilities = to_bytes(as_bytes(role == End::Customer ? "customer can" : "operator can"));
  return config;
}

// A customer and an operator with a tunnel of memory between them; `middle` may change what passes.
struct TwoEnds {
  using Middle = std::function<void(End from, Bytes& bytes)>;
  ManualClock clock;
  std::unique_ptr<ports::SecureChannel> customer, operator_;
  Bytes from_customer, from_operator;  // all that was sent, in order

  explicit TwoEnds(CodeChannelConfig c = config_of(End::Customer), CodeChannelConfig o = config_of(End::Operator)) {
    auto made_c = make_code_channel(std::move(c), clock.now());
    auto made_o = make_code_channel(std::move(o), clock.now());
    REQUIRE(made_c);
    REQUIRE(made_o);
    customer = std::move(*made_c);
    operator_ = std::move(*made_o);
  }
  ports::SecureChannel& end(End e) { return e == End::Customer ? *customer : *operator_; }
  // One delivery; false when that end had nothing to send.
  bool step(End from, const Middle& middle = {}) {
    Bytes bytes = end(from).take_outgoing();
    if (bytes.empty()) return false;
    Bytes& record = from == End::Customer ? from_customer : from_operator;
    record.insert(record.end(), bytes.begin(), bytes.end());
    if (middle) middle(from, bytes);
    (void)end(from == End::Customer ? End::Operator : End::Customer).receive(bytes, clock.now());
    return true;
  }
  void run(const Middle& middle = {}) {
    for (int i = 0; i < 50; ++i) {
      const bool c = step(End::Customer, middle), o = step(End::Operator, middle);
      if (!c && !o) return;
    }
  }
  bool both_open() const { return customer->state() == ChannelState::Open && operator_->state() == ChannelState::Open; }
  bool none_open() const { return customer->state() != ChannelState::Open && operator_->state() != ChannelState::Open; }
  // True when what one end exports is what the other exports: they really share a channel.
  bool share_a_key() const {
    Bytes a(32), b(32);
    return customer->export_key("EXPORTER-test", {}, a) && operator_->export_key("EXPORTER-test", {}, b) && a == b;
  }
};

}  // namespace beside::e2e::test
