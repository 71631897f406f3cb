// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "engine/base/bytes.h"
#include "engine/base/result.h"

struct ssl_ctx_st;

namespace beside::net {

// SHA-256 of a certificate's SubjectPublicKeyInfo (DER), as RFC 7469 2.4 pins it.
using SpkiPin = std::array<std::uint8_t, 32>;
std::string dump_pin(const SpkiPin& pin);                       // base64url, 43 characters
std::optional<SpkiPin> parse_pin(std::string_view base64url);

// A certificate with its private key, as a server shows it. Cheap to copy; immutable; any thread.
class TlsIdentity {
 public:
  // ECDSA P-256, self-signed, valid from a day before `unix_ms` for ten years; `host` is a DNS name or an IP address.
  static Result<TlsIdentity> create_self_signed(const std::string& host, std::int64_t unix_ms);
  // PEM; `certificate` may hold a chain, leaf first. Errors: Environment.
  static Result<TlsIdentity> load(const std::filesystem::path& certificate, const std::filesystem::path& key);
  // The key file is made with mode 0600, whatever the umask; existing files are replaced as a whole.
  Result<void> save(const std::filesystem::path& certificate, const std::filesystem::path& key) const;
  SpkiPin spki_sha256() const;

  struct Impl;
  const Impl& impl() const { return *impl_; }

 private:
  explicit TlsIdentity(std::shared_ptr<const Impl> impl) : impl_(std::move(impl)) {}
  std::shared_ptr<const Impl> impl_;
};

// Whom a client believes. With a pin nothing but the pin counts; otherwise the system's trust store, plus `extra_ca_file`
// where somebody added one on purpose, and the host name.
struct ClientTrust {
  std::optional<SpkiPin> pin;
  std::filesystem::path extra_ca_file;
};

// TLS 1.3, or 1.2 with ECDHE and AES-256-GCM or ChaCha20-Poly1305; no tickets, no resumption, no renegotiation.
class TlsContext {
 public:
  static Result<TlsContext> make_server(const TlsIdentity& identity);
  static Result<TlsContext> make_client(const ClientTrust& trust);
  ssl_ctx_st* native() const { return context_.get(); }
  bool pinned() const { return pinned_; }

 private:
  TlsContext(std::shared_ptr<ssl_ctx_st> context, bool pinned) : context_(std::move(context)), pinned_(pinned) {}
  std::shared_ptr<ssl_ctx_st> context_;
  bool pinned_ = false;
};

}  // namespace beside::net
