// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/net/tls_identity.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <mutex>
#include <vector>

#include "engine/net/websocket_setup.h"

namespace beside::net {
namespace {

constexpr const char* kSuites12 =
    "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305";
constexpr const char* kSuites13 = "TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256";

template <auto Free>
struct Freer {
  template <typename T>
  void operator()(T* object) const {
    Free(object);
  }
};
using KeyPtr = std::unique_ptr<EVP_PKEY, Freer<EVP_PKEY_free>>;
using CertPtr = std::unique_ptr<X509, Freer<X509_free>>;
using BioPtr = std::unique_ptr<BIO, Freer<BIO_free_all>>;

std::string openssl_error() {
  const unsigned long code = ERR_get_error();
  ERR_clear_error();
  if (code == 0) return "unknown";
  const char* reason = ERR_reason_error_string(code);
  return reason != nullptr ? reason : "unknown";
}
tl::unexpected<Error> tls_fail(std::string_view where) { return fail(ErrorKind::Environment, where, openssl_error()); }

bool is_ip(const std::string& host) {
  std::array<unsigned char, sizeof(in6_addr)> raw{};
  return inet_pton(AF_INET, host.c_str(), raw.data()) == 1 || inet_pton(AF_INET6, host.c_str(), raw.data()) == 1;
}

bool add_extension(X509* certificate, int nid, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, certificate, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str());
  if (extension == nullptr) return false;
  const bool added = X509_add_ext(certificate, extension, -1) == 1;
  X509_EXTENSION_free(extension);
  return added;
}

SpkiPin pin_of(X509* certificate) {
  SpkiPin pin{};
  unsigned char* der = nullptr;
  const int length = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate), &der);
  if (length > 0) EVP_Digest(der, static_cast<std::size_t>(length), pin.data(), nullptr, EVP_sha256(), nullptr);
  OPENSSL_free(der);
  return pin;
}

// Writes a whole new file beside the old one and puts it in its place.
Result<void> write_file(const std::filesystem::path& path, BIO* text, mode_t mode) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(text, &data);
  const std::string fresh = path.string() + ".new";
  ::unlink(fresh.c_str());
  const int fd = ::open(fresh.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
  if (fd < 0) return fail(ErrorKind::Environment, "net/identity: open", fresh + ": " + std::strerror(errno));
  bool good = ::fchmod(fd, mode) == 0;
  long at = 0;
  while (good && at < size) {
    const ssize_t wrote = ::write(fd, data + at, static_cast<std::size_t>(size - at));
    if (wrote < 0 && errno == EINTR) continue;
    good = wrote > 0;
    if (good) at += wrote;
  }
  good = good && ::fsync(fd) == 0;
  const int why = errno;
  ::close(fd);
  if (good && ::rename(fresh.c_str(), path.c_str()) == 0) return {};
  const int reason = good ? errno : why;
  ::unlink(fresh.c_str());
  return fail(ErrorKind::Environment, "net/identity: write", path.string() + ": " + std::strerror(reason));
}

// SSL_CTX_set_cert_verify_callback: only the key of the leaf counts; names and dates say nothing more.
int check_pin(X509_STORE_CTX* store, void* argument) {
  const auto* pin = static_cast<const SpkiPin*>(argument);
  X509* leaf = X509_STORE_CTX_get0_cert(store);
  const bool good = leaf != nullptr && pin_of(leaf) == *pin;
  X509_STORE_CTX_set_error(store, good ? X509_V_OK : X509_V_ERR_APPLICATION_VERIFICATION);
  return good ? 1 : 0;
}

void free_pin(void*, void* pin, CRYPTO_EX_DATA*, int, long, void*) { delete static_cast<SpkiPin*>(pin); }
int pin_slot() {
  static const int slot = SSL_CTX_get_ex_new_index(0, nullptr, nullptr, nullptr, free_pin);
  return slot;
}

Result<std::shared_ptr<SSL_CTX>> make_context(const SSL_METHOD* method) {
  std::shared_ptr<SSL_CTX> context(SSL_CTX_new(method), SSL_CTX_free);
  if (!context) return tls_fail("net/tls: context");
  SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
  SSL_CTX_set_options(context.get(), SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                                         SSL_OP_CIPHER_SERVER_PREFERENCE);
  SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_OFF);
  SSL_CTX_set_num_tickets(context.get(), 0);
  if (SSL_CTX_set_cipher_list(context.get(), kSuites12) != 1 || SSL_CTX_set_ciphersuites(context.get(), kSuites13) != 1)
    return tls_fail("net/tls: suites");
  return context;
}

}  // namespace

struct TlsIdentity::Impl {
  KeyPtr key;
  std::vector<CertPtr> chain;  // leaf first, never empty
};

std::string dump_pin(const SpkiPin& pin) { return to_base64url(pin); }
std::optional<SpkiPin> parse_pin(std::string_view base64url) {
  const auto raw = from_base64url(base64url);
  SpkiPin pin{};
  if (!raw || raw->size() != pin.size()) return std::nullopt;
  std::copy(raw->begin(), raw->end(), pin.begin());
  return pin;
}

Result<TlsIdentity> TlsIdentity::create_self_signed(const std::string& host, std::int64_t unix_ms) {
  auto made = std::make_shared<Impl>();
  made->key.reset(EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256"));
  CertPtr certificate(X509_new());
  if (!made->key || !certificate) return tls_fail("net/identity: key");
  std::array<unsigned char, 16> serial{};
  if (RAND_bytes(serial.data(), static_cast<int>(serial.size())) != 1) return tls_fail("net/identity: random");
  serial[0] = static_cast<unsigned char>((serial[0] & 0x7f) | 0x40);  // RFC 5280 4.1.2.2: positive, at most 20 octets
  BIGNUM* number = BN_bin2bn(serial.data(), static_cast<int>(serial.size()), nullptr);
  BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate.get()));
  BN_free(number);
  X509_set_version(certificate.get(), X509_VERSION_3);
  const time_t now = static_cast<time_t>(unix_ms / 1000);
  constexpr time_t kDay = 24 * 3600;
  ASN1_TIME_set(X509_getm_notBefore(certificate.get()), now - kDay);
  ASN1_TIME_set(X509_getm_notAfter(certificate.get()), now + 3652 * kDay);
  X509_NAME* name = X509_get_subject_name(certificate.get());
  // The name proper is the subjectAltName; a common name holds 64 characters at most.
  const std::string common = host.substr(0, 64);
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, reinterpret_cast<const unsigned char*>(common.data()),
                             static_cast<int>(common.size()), -1, 0);
  X509_set_issuer_name(certificate.get(), name);
  // Commas and colons would be read as syntax of the extension's text form.
  if (host.empty() || (!is_ip(host) && host.find_first_of(",:\n\r") != std::string::npos))
    return fail(ErrorKind::Environment, "net/identity: host", "'" + host + "' is not a host name");
  if (X509_set_pubkey(certificate.get(), made->key.get()) != 1 ||
      !add_extension(certificate.get(), NID_subject_alt_name, (is_ip(host) ? "IP:" : "DNS:") + host) ||
      !add_extension(certificate.get(), NID_basic_constraints, "critical,CA:FALSE") ||
      !add_extension(certificate.get(), NID_key_usage, "critical,digitalSignature") ||
      !add_extension(certificate.get(), NID_ext_key_usage, "serverAuth") ||
      X509_sign(certificate.get(), made->key.get(), EVP_sha256()) == 0)
    return tls_fail("net/identity: sign");
  made->chain.push_back(std::move(certificate));
  return TlsIdentity(std::move(made));
}

Result<TlsIdentity> TlsIdentity::load(const std::filesystem::path& certificate, const std::filesystem::path& key) {
  auto made = std::make_shared<Impl>();
  const BioPtr chain_file(BIO_new_file(certificate.c_str(), "r"));
  const BioPtr key_file(BIO_new_file(key.c_str(), "r"));
  if (!chain_file || !key_file) return tls_fail("net/identity: open");
  while (X509* next = PEM_read_bio_X509(chain_file.get(), nullptr, nullptr, nullptr)) made->chain.emplace_back(next);
  ERR_clear_error();  // the end of the file is an error to OpenSSL
  if (made->chain.empty())
    return fail(ErrorKind::Environment, "net/identity: certificate", certificate.string() + " holds no certificate");
  // No pass phrase is asked for on a terminal: an encrypted key is an error.
  const auto no_phrase = [](char*, int, int, void*) { return 0; };
  made->key.reset(PEM_read_bio_PrivateKey(key_file.get(), nullptr, no_phrase, nullptr));
  if (!made->key) return tls_fail("net/identity: key");
  if (X509_check_private_key(made->chain.front().get(), made->key.get()) != 1)
    return fail(ErrorKind::Environment, "net/identity: match", "the key does not belong to the certificate");
  return TlsIdentity(std::move(made));
}

Result<void> TlsIdentity::save(const std::filesystem::path& certificate, const std::filesystem::path& key) const {
  const BioPtr key_text(BIO_new(BIO_s_secmem())), chain_text(BIO_new(BIO_s_mem()));
  if (PEM_write_bio_PKCS8PrivateKey(key_text.get(), impl_->key.get(), nullptr, nullptr, 0, nullptr, nullptr) != 1)
    return tls_fail("net/identity: write key");
  for (const auto& link : impl_->chain)
    if (PEM_write_bio_X509(chain_text.get(), link.get()) != 1) return tls_fail("net/identity: write certificate");
  if (auto saved = write_file(key, key_text.get(), 0600); !saved) return saved;
  return write_file(certificate, chain_text.get(), 0644);
}

SpkiPin TlsIdentity::spki_sha256() const { return pin_of(impl_->chain.front().get()); }

Result<TlsContext> TlsContext::make_server(const TlsIdentity& identity) {
  auto context = make_context(TLS_server_method());
  if (!context) return fail(context);
  SSL_CTX* raw = context->get();
  const auto& chain = identity.impl().chain;
  if (SSL_CTX_use_certificate(raw, chain.front().get()) != 1 || SSL_CTX_use_PrivateKey(raw, identity.impl().key.get()) != 1)
    return tls_fail("net/tls: certificate");
  for (std::size_t i = 1; i < chain.size(); ++i)
    if (SSL_CTX_add1_chain_cert(raw, chain[i].get()) != 1) return tls_fail("net/tls: chain");
  return TlsContext(std::move(*context), false);
}

Result<TlsContext> TlsContext::make_client(const ClientTrust& trust) {
  auto context = make_context(TLS_client_method());
  if (!context) return fail(context);
  SSL_CTX* raw = context->get();
  SSL_CTX_set_verify(raw, SSL_VERIFY_PEER, nullptr);
  if (trust.pin) {
    auto* pin = new SpkiPin(*trust.pin);  // freed with the context
    SSL_CTX_set_ex_data(raw, pin_slot(), pin);
    SSL_CTX_set_cert_verify_callback(raw, check_pin, pin);
  } else {
    SSL_CTX_set_default_verify_paths(raw);
    if (!trust.extra_ca_file.empty() && SSL_CTX_load_verify_file(raw, trust.extra_ca_file.c_str()) != 1)
      return tls_fail("net/tls: extra certificate authority");
  }
  return TlsContext(std::move(*context), trust.pin.has_value());
}

ssl_st* new_ssl(const TlsContext& context) {
  SSL* ssl = SSL_new(context.native());
  BS_ASSERT(ssl != nullptr);
  return ssl;
}

void expect_server_name(ssl_st* ssl, const std::string& host) {
  X509_VERIFY_PARAM* expected = SSL_get0_param(ssl);
  X509_VERIFY_PARAM_set_hostflags(expected, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  if (is_ip(host)) {
    X509_VERIFY_PARAM_set1_ip_asc(expected, host.c_str());
    return;
  }
  X509_VERIFY_PARAM_set1_host(expected, host.c_str(), host.size());
  // SSL_set_tlsext_host_name() is a macro with an old-style cast.
  std::string name = host;
  SSL_ctrl(ssl, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, name.data());
}

}  // namespace beside::net
