// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <doctest/doctest.h>

#include <algorithm>
#include <functional>
#include <string>

#include "tests/support/role_bench.h"

namespace beside::test {

constexpr Rights kAll = Right::See | Right::Point | Rights(Right::Control);

// An operator with a code, and a customer who may type it.
struct RolePair {
  RoleBench bench;
  OperatorSeat& op = bench.add_operator();
  CustomerSeat& customer = bench.add_customer();
  RolePair() { (void)bench.new_session(op); }
  void live() { REQUIRE(bench.join(customer, op, op.view().code)); }
  void granted() {
    live();
    REQUIRE(bench.grant(customer, op, kAll));
  }
  bool whole() const { return op.canvas && op.canvas->exact({0, 0, 64, 48}); }
  // Granted, and the picture is there: it comes from threads in real time, which is any time on the test's clock. A test in which it
  // matters when the other end was heard, or when something moved, begins with this.
  void shown() {
    granted();
    REQUIRE(bench.wait_until([&] { return whole(); }));
  }
  // The network of one end is gone, both for control and media.
  void line(bool& works, MemoryControl* control, bool on) {
    works = on;
    bench.relay.lies.media = on ? std::function<bool(RelayDouble::Session&, End, Bytes&)>()
                                : [](RelayDouble::Session&, End, Bytes&) { return false; };
    if (!on) control->cut();
  }
  int lines(const std::string& text) const {
    const auto chat = op.view().chat;
    return static_cast<int>(std::count_if(chat.begin(), chat.end(), [&](const auto& l) { return l.text == text; }));
  }
};

}  // namespace beside::test
