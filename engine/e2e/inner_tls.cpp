// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/e2e/inner_tls.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <algorithm>
#include <array>

#include "engine/crypto/constant_time.h"

namespace beside::e2e {

void InnerTls::Free::operator()(ssl_st* ssl) const { SSL_free(ssl); }
void InnerTls::Free::operator()(ssl_ctx_st* context) const { SSL_CTX_free(context); }

Result<std::unique_ptr<InnerTls>> InnerTls::create(Side side, const Identity& own, const crypto::Digest256& peer) {
  std::unique_ptr<InnerTls> tls(new InnerTls(peer));
  ERR_clear_error();
  const bool client = side == Side::Client;
  tls->context_.reset(SSL_CTX_new(client ? TLS_client_method() : TLS_server_method()));
  SSL_CTX* context = tls->context_.get();
  if (context == nullptr) return fail(ErrorKind::Environment, "e2e/tls: context");
  const bool set = SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION) == 1 &&
                   SSL_CTX_set_max_proto_version(context, TLS1_3_VERSION) == 1 &&
                   SSL_CTX_set_ciphersuites(context, "TLS_AES_256_GCM_SHA384") == 1 &&
                   SSL_CTX_set1_groups_list(context, "X25519:P-256") == 1 &&
                   SSL_CTX_set1_sigalgs_list(context, "ECDSA+SHA256") == 1 &&
                   SSL_CTX_use_certificate(context, own.certificate()) == 1 &&
                   SSL_CTX_use_PrivateKey(context, own.key()) == 1 && SSL_CTX_set_num_tickets(context, 0) == 1;
  if (!set) return fail(ErrorKind::Environment, "e2e/tls: settings");
  SSL_CTX_set_options(context, SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
  SSL_CTX_clear_options(context, SSL_OP_ENABLE_MIDDLEBOX_COMPAT);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  SSL_CTX_set_cert_verify_callback(context, &InnerTls::check_certificate, tls.get());

  tls->ssl_.reset(SSL_new(context));
  BIO* in = BIO_new(BIO_s_mem());
  BIO* out = BIO_new(BIO_s_mem());
  if (!tls->ssl_ || in == nullptr || out == nullptr) {
    BIO_free(in);
    BIO_free(out);
    return fail(ErrorKind::Environment, "e2e/tls: memory");
  }
  BIO_set_mem_eof_return(in, -1);  // empty means "not yet", never "end"
  SSL_set_bio(tls->ssl_.get(), in, out);
  tls->in_ = in;
  tls->out_ = out;
  if (client) {
    SSL_set_connect_state(tls->ssl_.get());
    if (auto started = tls->step(); !started) return fail(started);
  } else {
    SSL_set_accept_state(tls->ssl_.get());
  }
  return tls;
}

// The one check there is: SHA-256 of what was shown equals what the exchange confirmed (PROTOCOL 3). The library has then
// still to see the signature made with that certificate's key.
int InnerTls::check_certificate(x509_store_ctx_st* store, void* self) {
  auto* tls = static_cast<InnerTls*>(self);
  X509* shown = X509_STORE_CTX_get0_cert(store);
  crypto::Digest256 digest{};
  unsigned length = 0;
  const bool equal = shown != nullptr && X509_digest(shown, EVP_sha256(), digest.data(), &length) == 1 &&
                     crypto::equal_constant_time(digest, tls->expected_);
  X509_STORE_CTX_set_error(store, equal ? X509_V_OK : X509_V_ERR_CERT_REJECTED);
  tls->wrong_certificate_ |= !equal;
  return equal ? 1 : 0;
}

Result<void> InnerTls::failed(std::string_view where) {
  const int reason = ERR_GET_REASON(ERR_peek_last_error());
  // The other side rejects with bad_certificate when ours was not the one it expected.
  if (reason == SSL_R_SSLV3_ALERT_BAD_CERTIFICATE) wrong_certificate_ = true;
  failed_ = true;
  const char* text = ERR_reason_error_string(ERR_peek_last_error());
  std::string detail = text != nullptr ? text : "";
  ERR_clear_error();
  return fail(ErrorKind::PeerFault, where, std::move(detail));
}

Result<void> InnerTls::step() {
  SSL* ssl = ssl_.get();
  if (!open_) {
    ERR_clear_error();
    const int done = SSL_do_handshake(ssl);
    if (done != 1) {
      if (SSL_get_error(ssl, done) == SSL_ERROR_WANT_READ) return {};
      return failed("e2e/tls: handshake");
    }
    open_ = true;
  }
  std::array<std::uint8_t, 16 * 1024> piece;
  for (;;) {
    ERR_clear_error();
    const int count = SSL_read(ssl, piece.data(), static_cast<int>(piece.size()));
    if (count > 0) {
      plaintext_.insert(plaintext_.end(), piece.begin(), piece.begin() + count);
      continue;
    }
    switch (SSL_get_error(ssl, count)) {
      case SSL_ERROR_WANT_READ: return {};
      case SSL_ERROR_ZERO_RETURN: closed_ = true; return {};
      default: return failed("e2e/tls: record");
    }
  }
}

Result<void> InnerTls::receive(ByteSpan records) {
  BS_PEER_CHECK(!failed_ && !closed_, "e2e/tls: over");
  while (!records.empty()) {
    const ByteSpan piece = records.first(std::min<std::size_t>(records.size(), 64 * 1024));
    if (BIO_write(in_, piece.data(), static_cast<int>(piece.size())) != static_cast<int>(piece.size()))
      return fail(ErrorKind::Environment, "e2e/tls: memory");
    records = records.subspan(piece.size());
    if (auto stepped = step(); !stepped) return stepped;
    if (closed_) return {};
  }
  return {};
}

Bytes InnerTls::take_outgoing() {
  Bytes out(BIO_ctrl_pending(out_));
  if (!out.empty()) BIO_read(out_, out.data(), static_cast<int>(out.size()));
  return out;
}

Result<void> InnerTls::send(ByteSpan plaintext) {
  if (!open_ || closed_ || failed_) return fail(ErrorKind::Refused, "e2e/tls: not open");
  while (!plaintext.empty()) {
    const ByteSpan piece = plaintext.first(std::min<std::size_t>(plaintext.size(), 16 * 1024));
    ERR_clear_error();
    if (SSL_write(ssl_.get(), piece.data(), static_cast<int>(piece.size())) != static_cast<int>(piece.size()))
      return failed("e2e/tls: write");
    plaintext = plaintext.subspan(piece.size());
  }
  return {};
}

Result<void> InnerTls::export_key(std::string_view label, ByteSpan context, MutableByteSpan out) const {
  if (!open_ || closed_ || failed_) return fail(ErrorKind::Refused, "e2e/tls: not open");
  ERR_clear_error();
  if (SSL_export_keying_material(ssl_.get(), out.data(), out.size(), label.data(), label.size(), context.data(),
                                 context.size(), 1) != 1)
    return fail(ErrorKind::Environment, "e2e/tls: exporter");
  return {};
}

}  // namespace beside::e2e
