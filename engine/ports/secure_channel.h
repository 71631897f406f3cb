// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/base/bytes.h"
#include "engine/base/clock.h"
#include "engine/base/result.h"

namespace beside::ports {

enum class End : std::uint8_t { Customer, Operator };

enum class ChannelState : std::uint8_t {
  Waiting,      // nothing of the guess is spent yet
  KeyExchange,  // shares are on their way: from here on the code is spent
  InnerTls,
  Open,
  Dead,
};

// Why a channel died; each has its sentence on screen.
enum class ChannelFault : std::uint8_t {
  None,
  WrongCode,         // confirmation tag wrong: another code was typed, or somebody is in the middle
  Silent,            // no answer within 10 s after a share was sent
  Disconnected,      // the other side vanished in mid-exchange
  WrongCertificate,  // inner TLS did not show the certificate that the code confirmed
  Malformed,         // identity point, bad length, bad message
  NoCommonVersion,
  TlsError,
};

// Authenticates the other end and carries bytes nobody between can read (PROTOCOL 3). No I/O: bytes go in and out of the
// Tunnel. Thread: net. After Dead every call fails.
class SecureChannel {
 public:
  virtual ~SecureChannel() = default;
  virtual ChannelState state() const = 0;
  virtual ChannelFault fault() const = 0;
  virtual bool guess_spent() const = 0;  // a share left or arrived: the code may not be used again
  // Bytes from the Tunnel, in order. An error is final.
  virtual Result<void> receive(ByteSpan tunnel_bytes, LocalTime now) = 0;
  // Bytes for the Tunnel; empty when there is nothing to send. Call after every other call.
  virtual Bytes take_outgoing() = 0;
  // The other side is gone for good (left or timed out at the relay).
  virtual void peer_gone(LocalTime now) = 0;
  virtual void poll(LocalTime now) = 0;            // time-outs
  virtual LocalTime next_deadline() const = 0;     // kNever when none
  // Plaintext, only while Open.
  virtual Result<void> send(ByteSpan plaintext) = 0;
  virtual Bytes take_plaintext() = 0;
  // RFC 5705/8446 7.5 exporter; only while Open.
  virtual Result<void> export_key(std::string_view label, ByteSpan context, MutableByteSpan out) const = 0;
  // Four words, the same at both ends, in the language asked for ("en", "de", "it"); only while Open.
  virtual std::array<std::string, 4> check_words(std::string_view language) const = 0;
  // What the exchange agreed on and authenticated; 0 and empty until the other end is known.
  virtual std::uint16_t protocol_version() const { return 0; }
  virtual ByteSpan peer_capabilities() const { return {}; }
};

// Seals and opens media in place. Thread: net.
class Sealer {
 public:
  virtual ~Sealer() = default;
  static constexpr std::size_t kRtpOverhead = 16;    // AEAD_AES_256_GCM tag
  static constexpr std::size_t kRtcpOverhead = 20;   // tag + SRTCP index
  // `packet` grows by the overhead.
  virtual Result<void> seal_rtp(Bytes& packet) = 0;
  virtual Result<void> open_rtp(Bytes& packet) = 0;  // PeerFault: not authentic, or replayed
  virtual Result<void> seal_rtcp(Bytes& packet) = 0;
  virtual Result<void> open_rtcp(Bytes& packet) = 0;
  // Chat (PROTOCOL 3): XChaCha20-Poly1305 under EXPORTER-beside-chat; `context` = session id and direction is bound.
  virtual Bytes seal_chat(ByteSpan plaintext, ByteSpan client_id) = 0;
  virtual Result<Bytes> open_chat(ByteSpan sealed, ByteSpan client_id, End sender) = 0;
};

}  // namespace beside::ports
