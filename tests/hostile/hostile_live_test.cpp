// SPDX-License-Identifier: GPL-3.0-or-later
// A relay that attacks a session which is open already: chat, media, tunnel, and what it says of the other end.
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

std::vector<std::string> lines_of(const std::vector<session::ChatLine>& chat, bool mine) {
  std::vector<std::string> out;
  for (const auto& line : chat) {
    if (line.mine == mine) out.push_back(line.text);
  }
  return out;
}

// True when every line of `part` is one of `whole`, none twice. The order and what is missing are the relay's to choose.
bool taken_from(const std::vector<std::string>& part, std::vector<std::string> whole) {
  for (const auto& line : part) {
    const auto found = std::find(whole.begin(), whole.end(), line);
    if (found == whole.end()) return false;
    whole.erase(found);
  }
  return true;
}

InputEvent key(bool down, std::uint16_t usage) {
  InputEvent e;
  e.kind = down ? InputKind::KeyDown : InputKind::KeyUp;
  e.layout_generation = 1;
  e.hid_usage = usage;
  e.keysym = 0x61;
  e.text[0] = 'a';
  return e;
}

}  // namespace

TEST_CASE("chat that the relay changes, doubles, reflects or borrows from another session is not shown") {
  for (std::uint32_t seed = 0; seed < 40; ++seed) {
    CAPTURE(seed);
    Victims v;
    REQUIRE(v.bench.join(v.customer, v.op, v.code));
    CustomerSeat& stranger = v.bench.add_customer();
    (void)v.bench.new_session(v.op);
    REQUIRE(v.bench.join(stranger, v.op, v.op.view(1).code, 1));

    Dice dice{seed * 6700417u + 3};
    std::vector<control::ChatDelivered> seen;
    v.bench.relay.lies.chat = [&](RelayDouble::Session& s, End to, control::ChatDelivered& chat) {
      seen.push_back(chat);
      const auto again = [&](control::ChatDelivered old, std::uint64_t seq) {
        old.set_session_id(s.id);
        old.set_seq(seq);
        control::Envelope e;
        *e.mutable_chat_delivered() = old;
        v.bench.relay.tell(s, to, e);
      };
      switch (dice.below(8)) {
        case 0: (*chat.mutable_sealed())[dice.below(static_cast<std::uint32_t>(chat.sealed().size()))] ^= static_cast<char>(1 << dice.below(8)); break;
        case 1: (*chat.mutable_client_id())[dice.below(16)] ^= 1; break;
        case 2: chat.set_from_operator(!chat.from_operator()); break;
        case 3: again(chat, chat.seq()); again(chat, chat.seq()); break;                        // the same number twice
        case 4: again(chat, chat.seq() + 1); again(chat, chat.seq() + 2); break;                // the same line under later numbers
        case 5: again(seen[dice.below(static_cast<std::uint32_t>(seen.size()))], chat.seq()); break;  // perhaps of the other session
        case 6: again(chat, chat.seq() + 5); break;                                             // numbers are skipped
        default: break;
      }
      return true;
    };
    std::vector<std::string> by_operator, by_customer;
    for (int i = 0; i < 8; ++i) {
      by_operator.push_back("operator says " + std::to_string(i));
      by_customer.push_back("customer says " + std::to_string(i));
      v.op.role->handle(session::SayToCustomer{v.op.view(0).local_id, by_operator.back()});
      v.op.role->handle(session::SayToCustomer{v.op.view(1).local_id, "to the stranger " + std::to_string(i)});
      v.customer.role->handle(session::SayToOperator{by_customer.back()});
      v.bench.run(200ms);
    }
    const auto at_customer = lines_of(v.customer.now().chat, false);
    const auto at_operator = lines_of(v.op.view(0).chat, false);
    CHECK(taken_from(at_customer, by_operator));
    CHECK(taken_from(at_operator, by_customer));
    // What the person wrote stands as written, whatever the relay says about it.
    CHECK(lines_of(v.customer.now().chat, true) == by_customer);
    CHECK(lines_of(v.op.view(0).chat, true) == by_operator);
    CHECK(v.customer.now().stage == CustomerStage::Live);
    CHECK(v.op.view(0).stage == SessionStage::Live);
  }
}

TEST_CASE("chat that the relay withholds or hands on out of order is marked where it is missing") {
  Victims v;
  REQUIRE(v.bench.join(v.customer, v.op, v.code));
  std::optional<control::ChatDelivered> kept;
  int number = 0;
  bool late = false;
  v.bench.relay.lies.chat = [&](RelayDouble::Session& s, End to, control::ChatDelivered& chat) {
    if (to != End::Operator || chat.from_operator()) return true;
    ++number;
    if (number == 2) {
      kept = chat;
      return false;
    }
    if (number == 4 && late) {   // what was withheld, under the number of this one
      control::Envelope e;
      *e.mutable_chat_delivered() = *kept;
      e.mutable_chat_delivered()->set_seq(chat.seq());
      v.bench.relay.tell(s, to, e);
      chat.set_seq(chat.seq() + 1);
    }
    return true;
  };
  SUBCASE("withheld") {}
  SUBCASE("late") { late = true; }
  for (int i = 1; i <= 4; ++i) {
    v.customer.role->handle(session::SayToOperator{"line " + std::to_string(i)});
    v.bench.run(200ms);
  }
  std::vector<std::string> seen;
  for (const auto& line : v.op.view(0).chat) seen.push_back((line.after_gap ? "? " : "") + line.text);
  if (late) CHECK(seen == std::vector<std::string>{"line 1", "? line 3", "? line 2", "line 4"});
  else CHECK(seen == std::vector<std::string>{"line 1", "? line 3", "line 4"});
}

TEST_CASE("datagrams that the relay changes, repeats or borrows from another session press no key") {
  for (std::uint32_t seed = 0; seed < 25; ++seed) {
    CAPTURE(seed);
    Victims v;
    REQUIRE(v.bench.join(v.customer, v.op, v.code));
    REQUIRE(v.bench.grant(v.customer, v.op, Right::See | Rights(Right::Control)));
    CustomerSeat& stranger = v.bench.add_customer();
    (void)v.bench.new_session(v.op);
    REQUIRE(v.bench.join(stranger, v.op, v.op.view(1).code, 1));
    REQUIRE(v.bench.grant(stranger, v.op, Rights(Right::Control), 1));

    Dice dice{seed * 7368787u + 11};
    std::vector<Bytes> seen;
    v.bench.relay.lies.media = [&](RelayDouble::Session& s, End from, Bytes& datagram) {
      seen.push_back(datagram);
      const Bytes& old = seen[dice.below(static_cast<std::uint32_t>(seen.size()))];
      switch (dice.below(7)) {
        case 0: v.bench.relay.to_end(s, other(from), old); break;              // an old one, of either session
        case 1: v.bench.relay.to_end(s, from, old); break;                     // back to its sender
        case 2: {
          Bytes changed = datagram;
          changed[dice.below(static_cast<std::uint32_t>(changed.size()))] ^= static_cast<std::uint8_t>(1u << dice.below(8));
          v.bench.relay.to_end(s, other(from), changed);
          break;
        }
        case 3: {
          Bytes shorter = datagram;
          shorter.resize(dice.below(static_cast<std::uint32_t>(shorter.size())));
          v.bench.relay.to_end(s, other(from), shorter);
          break;
        }
        case 4: v.bench.relay.to_end(s, other(from), datagram); break;         // twice
        case 5: return false;                                                  // lost
        default: break;
      }
      return true;
    };
    std::vector<InputEvent> pressed;
    for (std::uint16_t i = 0; i < 30; ++i) {
      for (bool down : {true, false}) {
        pressed.push_back(key(down, static_cast<std::uint16_t>(4 + i)));
        v.op.role->handle(session::SendInput{v.op.view(0).local_id, pressed.back()});
      }
      v.op.role->handle(session::SendInput{v.op.view(1).local_id, key(true, 0x28)});
      v.op.role->handle(session::SendInput{v.op.view(1).local_id, key(false, 0x28)});
      v.bench.run(30ms);
    }
    v.bench.run(1s);
    // The repeated tail repairs losses: each key once, in order, none of the other session's.
    const auto got = v.customer.desktop->injected();
    std::vector<std::pair<InputKind, std::uint16_t>> want, have;
    for (const auto& e : pressed) want.emplace_back(e.kind, e.hid_usage);
    for (const auto& e : got) have.emplace_back(e.kind, e.hid_usage);
    CHECK(have == want);
    CHECK(v.customer.now().stage == CustomerStage::Live);
    CHECK(v.op.view(0).stage == SessionStage::Live);
  }
}

TEST_CASE("a relay that lies about who is there or that it is over gives nobody anything") {
  for (std::uint32_t seed = 0; seed < 60; ++seed) {
    CAPTURE(seed);
    Victims v;
    Dice dice{seed * 999331u + 5};
    const bool live = seed % 2 == 0;
    if (live) {
      REQUIRE(v.bench.join(v.customer, v.op, v.code));
      REQUIRE(v.bench.grant(v.customer, v.op, Right::See | Rights(Right::Control)));
    } else {
      v.type();
    }
    auto& session = *v.bench.relay.sessions().front();
    bool ended = false;
    const std::uint32_t after = dice.below(12);
    const auto lie = [&] {
      control::Envelope e;
      const End to = dice.below(2) == 0 ? End::Customer : End::Operator;
      if (dice.below(4) != 0) {
        e.mutable_peer_state()->set_session_id(session.id);
        e.mutable_peer_state()->set_present(dice.below(2) == 0);
      } else {
        e.mutable_session_ended()->set_session_id(session.id);
        e.mutable_session_ended()->set_reason(static_cast<control::SessionEnded::Reason>(dice.below(8)));
        ended = true;
      }
      v.bench.relay.tell(session, to, e);
    };
    std::uint32_t pieces = 0;
    v.bench.relay.lies.tunnel = [&](auto&, End, auto&) {
      if (pieces++ == after) lie();
      return true;
    };
    v.bench.run(100ms);
    lie();
    v.bench.run(30s);
    const auto c = v.customer.now();
    if (c.stage != CustomerStage::Live) {
      CHECK(v.customer.gate->now().empty());
      CHECK(c.granted.empty());
    }
    v.open_to_each_other_or_told();
    if (live && !ended) {
      CHECK(c.stage == CustomerStage::Live);
      CHECK(v.op.view().stage == SessionStage::Live);
    }
    if (live && ended) {
      // One end was told that it is over; the other hears it from that end itself.
      CHECK(c.stage == CustomerStage::Ended);
      CHECK(v.op.view().stage == SessionStage::Ended);
    }
  }
}

TEST_CASE("spliced, changed or replayed tunnel bytes end an open session, and nothing crosses over") {
  for (std::uint32_t seed = 0; seed < 24; ++seed) {
    CAPTURE(seed);
    Victims v;
    Dice dice{seed * 15485863u + 1};
    REQUIRE(v.bench.join(v.customer, v.op, v.code));
    CustomerSeat& stranger = v.bench.add_customer();
    (void)v.bench.new_session(v.op);
    REQUIRE(v.bench.join(stranger, v.op, v.op.view(1).code, 1));
    REQUIRE(v.bench.grant(v.customer, v.op, Rights(Right::Control)));
    auto& mine = *v.bench.relay.sessions()[0];
    auto& theirs = *v.bench.relay.sessions()[1];
    int attacks = 0;
    v.bench.relay.lies.tunnel = [&](RelayDouble::Session& s, End from, control::Tunnel& piece) {
      if (piece.data().empty() || &s != &mine || attacks > 0) return true;
      switch (seed % 3) {
        case 0:   // put onto the other session, at the place where that one stands
          if (from != End::Operator) return true;
          ++attacks;
          piece.set_session_id(theirs.id);
          v.bench.relay.forward(theirs, from, piece);
          return false;
        case 1:
          ++attacks;
          (*piece.mutable_data())[dice.below(static_cast<std::uint32_t>(piece.data().size()))] ^= static_cast<char>(1 << dice.below(8));
          return true;
        default: {
          ++attacks;
          control::Tunnel twice = piece;
          v.bench.relay.forward(s, from, twice);
          twice.set_offset(piece.offset() + piece.data().size());   // the same record again, as if it were the next
          v.bench.relay.forward(s, from, twice);
          return false;
        }
      }
    };
    v.bench.run(20s);
    CHECK(attacks > 0);
    // An operator's message for one customer never arrives at another.
    CHECK(stranger.now().granted.empty());
    CHECK(stranger.gate->now().empty());
    const auto c = v.customer.now();
    if (seed % 3 != 0) {
      // Broken, and both know; or, where a record only got longer, that way is stalled, and who waits behind it says so.
      const auto o = v.op.view(0).stage;
      CHECK((c.stage == CustomerStage::Ended || c.recovering || o == SessionStage::Recovering));
      if (c.stage == CustomerStage::Ended) CHECK(o != SessionStage::Live);
      if (c.stage == CustomerStage::Ended || c.recovering) CHECK(v.customer.gate->now().empty());
    } else {
      CHECK((c.stage == CustomerStage::Ended || c.stage == CustomerStage::Live));
      if (c.stage == CustomerStage::Live) CHECK(c.peer.check_words == v.op.view(0).peer.check_words);
    }
    CHECK((stranger.now().stage == CustomerStage::Ended || stranger.now().stage == CustomerStage::Live));
  }
}

TEST_CASE("a code that has had its session is refused at the customer's, whatever the relay says") {
  Victims v;
  REQUIRE(v.bench.join(v.customer, v.op, v.code));
  v.customer.role->handle(session::StopSession{});
  v.bench.run(2s);
  CHECK(v.customer.now().stage == CustomerStage::Ended);
  v.customer.role->handle(session::BackToStart{});
  v.bench.run(100ms);
  CHECK(v.customer.now().stage == CustomerStage::Start);
  v.code_is_dead_at_the_customers();
}
