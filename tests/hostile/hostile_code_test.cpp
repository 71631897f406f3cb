// SPDX-License-Identifier: GPL-3.0-or-later
// A relay that attacks the exchange of a session by code (PROTOCOL 2, 3), against the real roles.
#include "engine/e2e/tunnel_frame.h"
#include "tests/hostile/verdict.h"

using namespace beside;
using namespace beside::test;

namespace {

struct Dice {
  std::uint64_t state;
  std::uint32_t below(std::uint32_t bound) {
    state = state * 6364136223846793005ull + 1442695040888963407ull;
    return static_cast<std::uint32_t>((state >> 33) % bound);
  }
};

}  // namespace

TEST_CASE("an honest relay in memory brings both ends together") {
  Victims v;
  REQUIRE(v.bench.join(v.customer, v.op, v.code));
  CHECK(v.customer.now().peer.check_words == v.op.view().peer.check_words);
  CHECK_FALSE(v.op.view().peer.check_words[0].empty());
  REQUIRE(v.bench.grant(v.customer, v.op, Right::See | Rights(Right::Control)));
  CHECK(v.bench.wait_until([&] { return v.op.pictures > 0; }));
}

TEST_CASE("a relay that answers both sides with its own exchange gets one guess, and everybody hears of it") {
  for (std::uint32_t seed = 0; seed < 40; ++seed) {
    CAPTURE(seed);
    Victims v;
    const bool tells_of_end = seed % 2 == 0;
    if (!tells_of_end) v.bench.relay.lies.ended = [](auto&, End, auto&) { return false; };
    TwoFaces evil(v.bench.relay, v.bench.clock, v.wrong_guess(seed));
    v.type();
    v.bench.run(11s);
    CHECK_FALSE(evil.opened_anything());
    v.nobody_is_let_in();
    CHECK(v.customer_told({NoticeKind::CodeWrong}));
    CHECK(v.operator_told({NoticeKind::SomebodyTriedWrongCode}));
    v.code_is_dead();
  }
}

TEST_CASE("a guess at one end alone is noticed at both") {
  for (std::uint32_t seed = 0; seed < 20; ++seed) {
    CAPTURE(seed);
    Victims v;
    TwoFaces evil(v.bench.relay, v.bench.clock, v.wrong_guess(seed));
    const bool at_customer = seed % 2 == 0;
    (at_customer ? evil.to_operator : evil.to_customer) = false;
    if (!at_customer) evil.facing(*v.bench.relay.sessions().back(), End::Operator).greet();
    v.type();
    v.bench.run(25s);
    v.nobody_is_let_in();
    if (at_customer) {
      CHECK(v.customer_told({NoticeKind::CodeWrong}));
      CHECK(v.operator_told({NoticeKind::SomebodyTriedWrongCode}));   // the customer's client says so
      v.code_is_dead();
    } else {
      // The customer's share never left, so his guess is whole; he is told that the other side went away.
      CHECK(v.customer_told({NoticeKind::PeerDisconnected, NoticeKind::CodeSilent}));
      CHECK(v.operator_told({NoticeKind::SomebodyTriedWrongCode}));
      CHECK(v.op.view().code != v.code);
    }
  }
}

TEST_CASE("a relay that goes silent after its guess burns the code within ten seconds") {
  for (std::uint32_t seed = 0; seed < 20; ++seed) {
    CAPTURE(seed);
    Victims v;
    v.bench.relay.lies.ended = [](auto&, End, auto&) { return false; };
    TwoFaces evil(v.bench.relay, v.bench.clock, v.wrong_guess(seed));
    evil.silent_after = seed % 2 == 0 ? 1 : 19 + 3 + 40;   // after the nonce; after the share
    v.type();
    v.bench.run(9s);
    if (seed % 2 == 0) CHECK(v.customer.now().stage == CustomerStage::Securing);
    v.bench.run(2s);
    CHECK_FALSE(evil.opened_anything());
    v.nobody_is_let_in();
    CHECK(v.customer_told({NoticeKind::CodeSilent, NoticeKind::CodeWrong}));
    if (seed % 2 == 0) CHECK(v.customer_told({NoticeKind::CodeSilent}));
    v.code_is_dead_at_the_customers();
    if (seed % 2 == 1) {
      CHECK(v.operator_told({NoticeKind::SomebodyTriedWrongCode}));
      v.code_is_dead();
    }
  }
}

TEST_CASE("a relay that passes nothing on at all does not keep the customer waiting for ever") {
  Victims v;
  v.bench.relay.lies.tunnel = [](auto&, End, auto&) { return false; };
  v.type();
  v.bench.run(1s);
  CHECK(v.customer.now().stage == CustomerStage::Securing);
  v.bench.run(20s);
  v.nobody_is_let_in();
  CHECK(v.customer_told({NoticeKind::PeerDisconnected, NoticeKind::CodeSilent}));
}

TEST_CASE("the shares pass, the tags do not: silence kills the code at both ends") {
  for (const e2e::FrameType last : {e2e::FrameType::CustomerShare, e2e::FrameType::OperatorShare, e2e::FrameType::CustomerTag}) {
    CAPTURE(static_cast<int>(last));
    Victims v;
    bool cut = false;
    // Everything from the end of this frame on is held back.
    MiddleMan middle(v.bench.relay, v.bench.clock, [&](End, Bytes bytes) {
      if (cut) return Bytes{};
      cut = bytes[0] == static_cast<std::uint8_t>(last);
      return bytes;
    });
    v.bench.relay.lies.ended = [](auto&, End, auto&) { return false; };
    v.type();
    v.bench.run(25s);
    v.nobody_is_let_in();
    CHECK(v.customer_told({NoticeKind::CodeSilent}));
    CHECK(v.operator_told({NoticeKind::SomebodyTriedWrongCode}));
    v.code_is_dead();
  }
}

TEST_CASE("a relay that lies about the locator's length never sees a digit of the secret") {
  for (std::uint32_t length = 3; length <= 9; ++length) {
    for (std::uint32_t seed = 0; seed < 3; ++seed) {
      CAPTURE(length);
      CAPTURE(seed);
      RoleBench bench;
      OperatorSeat& op = bench.add_operator();
      CustomerSeat& customer = bench.add_customer();
      const std::string claimed = std::string("735102846").substr(0, length);
      bench.relay.lies.created = [&](RelayDouble::Session& s, control::SessionCreated& out) {
        s.locator = claimed;
        out.set_locator(claimed);
        return true;
      };
      std::string asked;
      bench.relay.lies.join = [&](control::JoinSession& join) {
        asked = join.locator();
        return true;
      };
      (void)bench.new_session(op);
      const std::string code = op.view().code;
      // Split from the right: what the customer asks for is what the relay named, whatever length it chose.
      const bool open = bench.join(customer, op, code);
      CHECK(asked == claimed);
      CHECK(open);
    }
  }
}

TEST_CASE("a relay that keeps another locator than it told cannot move a digit of the secret over the border") {
  for (std::uint32_t seed = 0; seed < 12; ++seed) {
    CAPTURE(seed);
    RoleBench bench;
    OperatorSeat& op = bench.add_operator();
    CustomerSeat& customer = bench.add_customer();
    // The operator believes in a longer or shorter locator than the one that the relay keeps.
    bench.relay.lies.created = [&](RelayDouble::Session& s, control::SessionCreated& out) {
      s.locator = seed % 2 == 0 ? "4829" : "482";
      out.set_locator(seed % 2 == 0 ? "482" : "4829");
      return true;
    };
    std::string asked;
    bench.relay.lies.join = [&](control::JoinSession& join) {
      asked = join.locator();
      join.set_locator(bench.relay.sessions().back()->locator);
      return true;
    };
    (void)bench.new_session(op);
    std::string digits;
    for (char c : op.view().code) {
      if (c != ' ') digits.push_back(c);
    }
    customer.role->handle(session::EnterCode{digits});
    bench.run(2s);
    CHECK(asked == digits.substr(0, digits.size() - 7));
    // The typed code is the operator's own, so the two still meet; only the relay's name for the session differs.
    CHECK(customer.now().stage == CustomerStage::Live);
    CHECK(customer.now().peer.check_words == op.view().peer.check_words);
  }
}

TEST_CASE("a recorded session means nothing to a second customer or operator") {
  for (std::uint32_t seed = 0; seed < 12; ++seed) {
    CAPTURE(seed);
    Victims v;
    auto recorder = std::make_unique<MiddleMan>(v.bench.relay, v.bench.clock, [](End, Bytes bytes) { return bytes; });
    REQUIRE(v.bench.join(v.customer, v.op, v.code));
    const auto tape = recorder->record.begin()->second;
    v.op.role->handle(session::EndSession{v.op.view().local_id});
    v.bench.run(2s);
    recorder.reset();

    CustomerSeat& second = v.bench.add_customer();
    const std::uint32_t fresh = v.bench.new_session(v.op);
    CHECK(fresh != 0);
    const std::string code = v.op.view(1).code;
    const std::size_t cut = 1 + seed * 37 % 400;
    MiddleMan player(v.bench.relay, v.bench.clock, [](End, Bytes) { return Bytes{}; });
    second.role->handle(session::EnterCode{code});
    v.bench.run(500ms);
    auto& session = *v.bench.relay.sessions().back();
    // In one piece, or in two, the first of another size each time.
    const auto play = [&](End to, const Bytes& bytes) {
      const ByteSpan all(bytes);
      const std::size_t first = std::min(cut, all.size());
      player.say(session, to, all.first(first));
      v.bench.run(100ms);
      player.say(session, to, all.subspan(first));
    };
    play(End::Customer, tape[1]);
    play(End::Operator, tape[0]);
    v.bench.run(12s);
    CHECK(second.now().stage == CustomerStage::Start);
    CHECK((second.now().notice.kind == NoticeKind::CodeWrong || second.now().notice.kind == NoticeKind::CodeTampered));
    CHECK(second.desktops_made == 0);
    CHECK(v.op.view(1).stage == SessionStage::WaitingForCustomer);
    CHECK((v.op.view(1).notice.kind == NoticeKind::SomebodyTriedWrongCode || v.op.view(1).notice.kind == NoticeKind::CodeTampered));
    CHECK(v.op.view(1).code != code);
    second.role->handle(session::EnterCode{code});
    v.bench.run(100ms);
    CHECK(second.now().notice.kind == NoticeKind::CodeUsed);
  }
}

TEST_CASE("spliced tunnels bring nobody together") {
  for (std::uint32_t seed = 0; seed < 12; ++seed) {
    CAPTURE(seed);
    Victims v;
    CustomerSeat& other_customer = v.bench.add_customer();
    (void)v.bench.new_session(v.op);
    const std::string other_code = v.op.view(1).code;
    // The customer's half of each session is put onto the operator's half of the other.
    const bool one_way = seed % 3 == 2;
    v.bench.relay.lies.tunnel = [&](RelayDouble::Session& s, End from, control::Tunnel& piece) {
      auto& all = v.bench.relay.sessions();
      if (one_way && from == End::Operator) return true;
      RelayDouble::Session& wrong = &s == all[0].get() ? *all[1] : *all[0];
      piece.set_session_id(wrong.id);
      if (!wrong.ended) v.bench.relay.forward(wrong, from, piece);
      return false;
    };
    v.type();
    other_customer.role->handle(session::EnterCode{other_code});
    v.bench.run(25s);
    for (const CustomerSeat* c : {&v.customer, &other_customer}) {
      CHECK(c->now().stage == CustomerStage::Start);
      CHECK(c->now().notice.kind != NoticeKind::None);
      CHECK(c->desktops_made == 0);
    }
    for (std::size_t at : {0u, 1u}) {
      CHECK(v.op.view(at).stage == SessionStage::WaitingForCustomer);
      CHECK(v.op.view(at).code_replaces_dead_one);
      CHECK(v.op.view(at).notice.kind != NoticeKind::None);
    }
    CHECK(v.op.view(0).code != v.code);
    CHECK(v.op.view(1).code != other_code);
    v.code_is_dead_at_the_customers();
  }
}

TEST_CASE("another certificate after the right exchange is seen at both ends") {
  for (std::uint32_t seed = 0; seed < 6; ++seed) {
    CAPTURE(seed);
    Victims v;
    CertificateSwap evil(v.bench.relay, v.bench.clock);
    if (seed % 2 == 0) v.bench.relay.lies.ended = [](auto&, End, auto&) { return false; };
    v.type();
    v.bench.run(25s);
    CHECK(evil.saw_tls());
    v.nobody_is_let_in();
    CHECK(v.customer_told({NoticeKind::CodeTampered}));
    CHECK(v.operator_told({NoticeKind::CodeTampered, NoticeKind::SomebodyTriedWrongCode}));
    v.code_is_dead();
  }
}

TEST_CASE("a changed byte anywhere in the exchange ends it with a word to both, or changes nothing") {
  int opened = 0, refused = 0;
  for (std::uint32_t seed = 0; seed < 60; ++seed) {
    CAPTURE(seed);
    Victims v;
    Dice dice{seed * 2654435761u + 1};
    const End target = dice.below(2) == 0 ? End::Customer : End::Operator;
    std::uint32_t at = dice.below(target == End::Customer ? 1500 : 1200);
    const auto bit = static_cast<std::uint8_t>(1u << dice.below(8));
    MiddleMan middle(v.bench.relay, v.bench.clock, [&](End from, Bytes bytes) {
      if (from != target) return bytes;
      if (at < bytes.size()) bytes[at] ^= bit;
      at -= at < bytes.size() ? at : static_cast<std::uint32_t>(bytes.size());
      if (at == 0) at = UINT32_MAX;
      return bytes;
    });
    v.type();
    v.bench.run(25s);
    v.open_to_each_other_or_told();
    const bool live = v.customer.now().stage == CustomerStage::Live;
    ++(live ? opened : refused);
    if (v.customer.now().stage == CustomerStage::Start && v.customer.now().notice.kind != NoticeKind::PeerDisconnected) {
      v.code_is_dead_at_the_customers();
    }
  }
  CHECK(refused > 40);
}

TEST_CASE("dropped, doubled and shuffled pieces of the tunnel are repaired or end it with a word to both") {
  int opened = 0;
  for (std::uint32_t seed = 0; seed < 60; ++seed) {
    CAPTURE(seed);
    Victims v;
    Dice dice{seed * 40503u + 7};
    std::vector<std::pair<End, control::Tunnel>> late;
    v.bench.relay.lies.tunnel = [&](RelayDouble::Session& s, End from, control::Tunnel& piece) {
      switch (dice.below(8)) {
        case 0: return false;
        case 1: v.bench.relay.forward(s, from, piece); return true;
        case 2: late.emplace_back(from, piece); return false;
        case 3:
          for (auto& [whose, old] : late) v.bench.relay.forward(s, whose, old);
          return true;
        case 4:
          if (seed % 4 == 0) piece.set_offset(piece.offset() + dice.below(3));
          return true;
        case 5:
          if (seed % 4 == 1) piece.set_ack(piece.ack() + dice.below(3));
          return true;
        default: return true;
      }
    };
    v.type();
    v.bench.run(25s);
    v.open_to_each_other_or_told();
    if (v.customer.now().stage == CustomerStage::Live) ++opened;
  }
  CHECK(opened > 20);
}
