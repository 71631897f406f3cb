// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <doctest/doctest.h>

#include <algorithm>
#include <initializer_list>
#include <string>

#include "tests/hostile/evil_relay.h"
#include "tests/support/role_bench.h"

namespace beside::test {

using session::CustomerStage;
using session::NoticeKind;
using session::SessionStage;

// A customer, an operator, and a code that he has read out.
struct Victims {
  RoleBench bench;
  OperatorSeat& op;
  CustomerSeat& customer;
  std::string code;
  int joins = 0;                             // JoinSession messages that the relay has seen

  Victims() : op(bench.add_operator()), customer(bench.add_customer()) {
    bench.relay.lies.join = [this](control::JoinSession&) {
      ++joins;
      return true;
    };
    (void)bench.new_session(op);
    code = op.view().code;
    REQUIRE(code.size() >= 10);
  }
  std::string digits() const {
    std::string out;
    std::copy_if(code.begin(), code.end(), std::back_inserter(out), [](char c) { return c != ' '; });
    return out;
  }
  std::string secret() const {
    const std::string all = digits();
    return all.substr(all.size() - 7, 6);
  }
  // A guess that is wrong: a right one is a matter of one in a million, and of another test.
  std::string wrong_guess(std::uint32_t seed) const {
    std::string guess = std::to_string(1'000'000 + seed * 7919 % 1'000'000).substr(1);
    if (guess == secret()) guess[0] = guess[0] == '9' ? '0' : '9';
    return guess;
  }
  void type() { customer.role->handle(session::EnterCode{code}); }

  bool customer_told(std::initializer_list<NoticeKind> kinds) const {
    return std::find(kinds.begin(), kinds.end(), customer.now().notice.kind) != kinds.end();
  }
  bool operator_told(std::initializer_list<NoticeKind> kinds) const {
    return std::find(kinds.begin(), kinds.end(), op.view().notice.kind) != kinds.end();
  }
  void nobody_is_let_in() const {
    CHECK(customer.now().stage == CustomerStage::Start);
    CHECK(op.view().stage == SessionStage::WaitingForCustomer);
    CHECK(customer.gate->now().empty());
    CHECK(customer.desktops_made == 0);
    CHECK(customer.sources_made == 0);
    CHECK(customer.now().peer.verified == session::Verified::No);
    CHECK(op.view().peer.verified == session::Verified::No);
  }
  // Refused at the customer's without a word to the relay; replaced, and marked so, at the operator's.
  void code_is_dead() {
    CHECK(op.view().code_replaces_dead_one);
    CHECK_FALSE(op.view().code.empty());
    CHECK(op.view().code != code);
    code_is_dead_at_the_customers();
  }
  void code_is_dead_at_the_customers() {
    const int before = joins;
    type();
    bench.run(100ms);
    CHECK(joins == before);
    CHECK(customer.now().notice.kind == NoticeKind::CodeUsed);
    CHECK(customer.now().stage == CustomerStage::Start);
  }
  // Whatever happened: an open channel is one between the real two, and who has none was told.
  void open_to_each_other_or_told() {
    const auto c = customer.now();
    const auto o = op.view();
    const bool customer_open = c.stage == CustomerStage::Live;
    const bool operator_open = o.stage == SessionStage::Live || o.stage == SessionStage::Recovering;
    if (customer_open && operator_open) {
      CHECK(c.peer.verified == session::Verified::ByCode);
      if (!o.peer.check_words[0].empty()) CHECK(c.peer.check_words == o.peer.check_words);
      CHECK((o.peer.name.empty() || o.peer.name == "Carla Customer"));
      CHECK((c.peer.name.empty() || c.peer.name == "Olga from support"));
      return;
    }
    CHECK_MESSAGE((customer_open ? c.recovering : c.notice.kind != NoticeKind::None || c.stage == CustomerStage::Ended),
                  "the customer was not told");
    CHECK_MESSAGE((operator_open ? o.stage == SessionStage::Recovering
                                 : o.stage == SessionStage::Ended || (o.code_replaces_dead_one && o.notice.kind != NoticeKind::None)),
                  "the operator was not told");
    if (o.stage == SessionStage::WaitingForCustomer) CHECK(o.code != code);
  }
};

}  // namespace beside::test
