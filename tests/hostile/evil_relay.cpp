// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/hostile/evil_relay.h"

#include <algorithm>

#include "engine/e2e/code_channel.h"
#include "engine/e2e/tunnel_frame.h"

namespace beside::test {
namespace {

std::size_t index(End end) { return end == End::Customer ? 0 : 1; }

}  // namespace

TunnelEnd::TunnelEnd(RelayDouble& relay, const TimeSource& clock, std::string session_id, End victim)
    : relay_(relay), clock_(clock), session_id_(std::move(session_id)), victim_(victim), stream_(session_id_) {}

Bytes TunnelEnd::receive(const control::Tunnel& piece) {
  auto bytes = stream_.receive(piece, clock_.now());
  pump();
  return bytes ? std::move(*bytes) : Bytes{};
}

void TunnelEnd::send(ByteSpan bytes) {
  (void)stream_.write(bytes);
  pump();
}

void TunnelEnd::pump() {
  while (auto piece = stream_.poll(clock_.now())) {
    control::Envelope e;
    *e.mutable_tunnel() = std::move(*piece);
    if (auto* session = relay_.find(session_id_)) relay_.tell(*session, victim_, e);
  }
}

Impostor::Impostor(RelayDouble& relay, const TimeSource& clock, const RelayDouble::Session& session, End victim,
                   const std::string& guess)
    : clock_(clock), tunnel_(relay, clock, session.id, victim) {
  e2e::CodeChannelConfig config;
  config.role = other(victim);
  config.secret_digits = SecretText(guess);
  config.relay_name = "relay.example";
  config.locator = session.locator;
  auto made = e2e::make_code_channel(std::move(config), clock.now());
  BS_ASSERT(made);
  channel_ = std::move(*made);
}

void Impostor::greet() { pump(); }

void Impostor::receive(const control::Tunnel& piece) {
  const Bytes bytes = tunnel_.receive(piece);
  if (!bytes.empty()) (void)channel_->receive(bytes, clock_.now());
  pump();
}

void Impostor::pump() {
  const Bytes out = channel_->take_outgoing();
  if (out.empty() || sent_ >= silent_after) return;
  sent_ += out.size();
  tunnel_.send(out);
}

TwoFaces::TwoFaces(RelayDouble& relay, const TimeSource& clock, std::string guess)
    : relay_(relay), clock_(clock), guess_(std::move(guess)) {
  relay_.lies.tunnel = [this](RelayDouble::Session& session, End from, control::Tunnel& piece) {
    if (!(from == End::Customer ? to_customer : to_operator)) return false;
    facing(session, from).receive(piece);
    // As soon as the customer has come, the operator is greeted too.
    if (from == End::Customer && to_operator) facing(session, End::Operator).greet();
    return false;
  };
}

Impostor& TwoFaces::facing(RelayDouble::Session& session, End victim) {
  auto& face = faces_[{session.id, victim}];
  if (!face) {
    face = std::make_unique<Impostor>(relay_, clock_, session, victim, guess_);
    face->silent_after = silent_after;
  }
  return *face;
}

bool TwoFaces::opened_anything() const {
  return std::any_of(faces_.begin(), faces_.end(), [](const auto& face) { return face.second->open(); });
}

MiddleMan::MiddleMan(RelayDouble& relay, const TimeSource& clock, Change change)
    : relay_(relay), clock_(clock), change_(std::move(change)) {
  relay_.lies.tunnel = [this](RelayDouble::Session& session, End from, control::Tunnel& piece) {
    Bytes bytes = tunnel(session.id, from).receive(piece);
    if (bytes.empty()) return false;
    Bytes& kept = record[session.id][index(from)];
    kept.insert(kept.end(), bytes.begin(), bytes.end());
    const Bytes changed = change_(from, std::move(bytes));
    if (!changed.empty()) tunnel(session.id, other(from)).send(changed);
    return false;
  };
}

void MiddleMan::say(RelayDouble::Session& session, End to, ByteSpan bytes) { tunnel(session.id, to).send(bytes); }

TunnelEnd& MiddleMan::tunnel(const std::string& session_id, End victim) {
  auto& made = tunnels_[{session_id, victim}];
  if (!made) made = std::make_unique<TunnelEnd>(relay_, clock_, session_id, victim);
  return *made;
}

CertificateSwap::CertificateSwap(RelayDouble& relay, const TimeSource& clock)
    : identity_(*e2e::Identity::create()), relay_(relay),
      middle_(relay, clock, [this](End from, Bytes bytes) { return on_bytes(from, std::move(bytes)); }) {}

void CertificateSwap::start(End victim) {
  auto& tls = tls_[index(victim)];
  if (tls || !fingerprints_[index(victim)]) return;
  const auto side = victim == End::Customer ? e2e::InnerTls::Side::Server : e2e::InnerTls::Side::Client;
  if (auto made = e2e::InnerTls::create(side, identity_, *fingerprints_[index(victim)])) tls = std::move(*made);
}

Bytes CertificateSwap::on_bytes(End from, Bytes bytes) {
  Bytes& seen = seen_[index(from)];
  seen.insert(seen.end(), bytes.begin(), bytes.end());
  Bytes pass;
  while (!seen.empty() && seen[0] >= 0x80) {
    auto frame = e2e::parse_frame(seen);
    if (!frame || !*frame) break;
    const std::size_t ad_at = (*frame)->type == e2e::FrameType::CustomerShare ? 32 : (*frame)->type == e2e::FrameType::OperatorShare ? 96 : 0;
    if (ad_at != 0 && (*frame)->payload.size() >= ad_at + 32) {
      crypto::Digest256 digest{};
      std::copy_n((*frame)->payload.begin() + static_cast<std::ptrdiff_t>(ad_at), 32, digest.begin());
      fingerprints_[index(from)] = digest;
    }
    pass.insert(pass.end(), seen.begin(), seen.begin() + static_cast<std::ptrdiff_t>((*frame)->size));
    const bool tag = (*frame)->type == e2e::FrameType::CustomerTag;
    seen.erase(seen.begin(), seen.begin() + static_cast<std::ptrdiff_t>((*frame)->size));
    if (tag) start(End::Operator);
  }
  RelayDouble::Session& session = *relay_.sessions().back();
  const auto talk = [&](End victim, ByteSpan records) {
    auto& tls = tls_[index(victim)];
    if (!tls) return;
    if (!records.empty()) (void)tls->receive(records);
    const Bytes out = tls->take_outgoing();
    if (!out.empty()) middle_.say(session, victim, out);
  };
  if (!pass.empty()) {
    middle_.say(session, other(from), pass);   // before our own records
    if (tls_[1] && from == End::Customer) talk(End::Operator, {});
  }
  if (!seen.empty()) {
    saw_tls_ = true;
    start(from);
    const Bytes records = std::exchange(seen, {});
    talk(from, records);
  }
  return {};
}

SocketFront::SocketFront(net::Loop& loop, RelayDouble& relay, const net::TlsIdentity& identity) : relay_(relay) {
  net::WsServer::Config config;
  config.bind_address = "127.0.0.1";
  config.port = 0;
  config.paths = {"/v1/control"};
  auto made = net::WsServer::create(
      loop, config, identity,
      {[this](ConnectionId id, const std::string&, const net::PeerAddress&) {
         connections_[id] = relay_.connect([this, id](Bytes bytes) { (void)server_->send(id, std::move(bytes)); });
       },
       [this](ConnectionId id, ByteSpan bytes) { relay_.receive(connections_[id], bytes); },
       [this](ConnectionId id, const net::CloseReason&) {
         relay_.disconnect(connections_[id]);
         connections_.erase(id);
       }});
  BS_ASSERT(made);
  server_ = std::move(*made);
}

}  // namespace beside::test
