// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <memory>
#include <string_view>
#include <utility>

#include "engine/base/bytes.h"
#include "engine/base/result.h"
#include "engine/crypto/hash.h"
#include "engine/e2e/identity.h"

struct ssl_st;
struct ssl_ctx_st;
struct bio_st;
struct x509_store_ctx_st;

namespace beside::e2e {

// Mutual TLS 1.3 over memory: TLS_AES_256_GCM_SHA384 only, no tickets, no early data. The other side is whoever holds the
// key of the one certificate expected; names, dates and authorities are not looked at.
// Thread: net. Owns the library's objects. After an error or closed() only take_outgoing() (an alert may wait) is of use.
class InnerTls {
 public:
  enum class Side : std::uint8_t { Client, Server };
  static Result<std::unique_ptr<InnerTls>> create(Side side, const Identity& own, const crypto::Digest256& peer);
  InnerTls(const InnerTls&) = delete;
  InnerTls& operator=(const InnerTls&) = delete;

  // Records from the other side. PeerFault: the handshake or a record is bad; wrong_certificate() may say more.
  Result<void> receive(ByteSpan records);
  Bytes take_outgoing();
  bool open() const { return open_; }
  bool closed() const { return closed_; }  // the other side said goodbye
  // True when the certificate was not the one expected, at our end or (by its alert) at the other.
  bool wrong_certificate() const { return wrong_certificate_; }
  Result<void> send(ByteSpan plaintext);
  Bytes take_plaintext() { return std::exchange(plaintext_, {}); }
  Result<void> export_key(std::string_view label, ByteSpan context, MutableByteSpan out) const;

 private:
  struct Free {
    void operator()(ssl_st* ssl) const;
    void operator()(ssl_ctx_st* context) const;
  };
  explicit InnerTls(const crypto::Digest256& peer) : expected_(peer) {}
  static int check_certificate(x509_store_ctx_st* store, void* self);
  Result<void> step();
  Result<void> failed(std::string_view where);

  crypto::Digest256 expected_;
  std::unique_ptr<ssl_ctx_st, Free> context_;
  std::unique_ptr<ssl_st, Free> ssl_;
  bio_st* in_ = nullptr;   // owned by ssl_
  bio_st* out_ = nullptr;  // owned by ssl_
  Bytes plaintext_;
  bool open_ = false, closed_ = false, failed_ = false, wrong_certificate_ = false;
};

}  // namespace beside::e2e
