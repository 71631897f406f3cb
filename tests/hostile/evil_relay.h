// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <array>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "engine/e2e/identity.h"
#include "engine/e2e/inner_tls.h"
#include "engine/flow/tunnel_stream.h"
#include "engine/net/websocket_server.h"
#include "tests/support/relay_double.h"

namespace beside::test {

// Ends one end's tunnel at the relay: what a relay needs that does not forward but takes part.
class TunnelEnd {
 public:
  TunnelEnd(RelayDouble& relay, const TimeSource& clock, std::string session_id, End victim);
  Bytes receive(const control::Tunnel& piece);
  void send(ByteSpan bytes);
  void pump();

 private:
  RelayDouble& relay_;
  const TimeSource& clock_;
  const std::string session_id_;
  const End victim_;
  flow::TunnelStream stream_;
};

// Plays the other end towards a victim, with a code of its own guess and a certificate of its own.
class Impostor {
 public:
  Impostor(RelayDouble& relay, const TimeSource& clock, const RelayDouble::Session& session, End victim, const std::string& guess);
  void receive(const control::Tunnel& piece);
  void greet();                              // the customer speaks first
  // After so many bytes sent to the victim it says nothing more.
  std::size_t silent_after = SIZE_MAX;
  bool open() const { return channel_->state() == ports::ChannelState::Open; }

 private:
  void pump();
  const TimeSource& clock_;
  TunnelEnd tunnel_;
  std::unique_ptr<ports::SecureChannel> channel_;
  std::size_t sent_ = 0;
};

// The relay answers both ends itself. Each session's secret is guessed as `guess`.
class TwoFaces {
 public:
  TwoFaces(RelayDouble& relay, const TimeSource& clock, std::string guess);
  bool to_customer = true, to_operator = true;
  std::size_t silent_after = SIZE_MAX;
  bool opened_anything() const;
  Impostor& facing(RelayDouble::Session& session, End victim);

 private:
  RelayDouble& relay_;
  const TimeSource& clock_;
  const std::string guess_;
  std::map<std::pair<std::string, End>, std::unique_ptr<Impostor>> faces_;
};

// Ends both tunnels at the relay and passes on what `change` makes of the bytes.
class MiddleMan {
 public:
  using Change = std::function<Bytes(End from, Bytes bytes)>;
  MiddleMan(RelayDouble& relay, const TimeSource& clock, Change change);
  std::map<std::string, std::array<Bytes, 2>> record;   // by session: what each end (Customer, Operator) sent
  void say(RelayDouble::Session& session, End to, ByteSpan bytes);

 private:
  TunnelEnd& tunnel(const std::string& session_id, End victim);
  RelayDouble& relay_;
  const TimeSource& clock_;
  Change change_;
  std::map<std::pair<std::string, End>, std::unique_ptr<TunnelEnd>> tunnels_;
};

// Lets CPace pass and then shows both ends certificates of its own.
class CertificateSwap {
 public:
  CertificateSwap(RelayDouble& relay, const TimeSource& clock);
  bool saw_tls() const { return saw_tls_; }

 private:
  Bytes on_bytes(End from, Bytes bytes);
  void start(End victim);
  e2e::Identity identity_;
  std::array<std::optional<crypto::Digest256>, 2> fingerprints_;   // as the ADs told
  std::array<std::unique_ptr<e2e::InnerTls>, 2> tls_;              // towards each end
  std::array<Bytes, 2> seen_;
  bool saw_tls_ = false;
  RelayDouble& relay_;
  MiddleMan middle_;
};

// The same relay behind a real TLS WebSocket listener, for real engines.
class SocketFront {
 public:
  SocketFront(net::Loop& loop, RelayDouble& relay, const net::TlsIdentity& identity);
  std::uint16_t port() const { return server_->port(); }

 private:
  RelayDouble& relay_;
  std::map<ConnectionId, std::uint64_t> connections_;
  std::unique_ptr<net::WsServer> server_;
};

}  // namespace beside::test
