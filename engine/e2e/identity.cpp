// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/e2e/identity.h"

#include <openssl/asn1.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include "engine/crypto/random.h"

namespace beside::e2e {

void Identity::Free::operator()(evp_pkey_st* key) const { EVP_PKEY_free(key); }
void Identity::Free::operator()(x509_st* certificate) const { X509_free(certificate); }

Result<Identity> Identity::create() {
  Identity id;
  id.key_.reset(EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256"));
  id.certificate_.reset(X509_new());
  X509* cert = id.certificate_.get();
  if (!id.key_ || cert == nullptr) return fail(ErrorKind::Environment, "e2e/identity: key");
  const auto serial = std::uint64_t{crypto::random_u32()} << 31 | 1;
  const auto common_name = as_bytes("beside");
  X509_NAME* name = X509_get_subject_name(cert);
  // The dates are the same for everybody, so that a clock is neither needed nor told; nobody checks them.
  const bool made = X509_set_version(cert, 2) == 1 &&
                    ASN1_INTEGER_set_uint64(X509_get_serialNumber(cert), serial) == 1 &&
                    ASN1_TIME_set_string_X509(X509_getm_notBefore(cert), "20200101000000Z") == 1 &&
                    ASN1_TIME_set_string_X509(X509_getm_notAfter(cert), "20991231235959Z") == 1 &&
                    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, common_name.data(),
                                               static_cast<int>(common_name.size()), -1, 0) == 1 &&
                    X509_set_issuer_name(cert, name) == 1 && X509_set_pubkey(cert, id.key_.get()) == 1 &&
                    X509_sign(cert, id.key_.get(), EVP_sha256()) > 0;
  unsigned length = 0;
  if (!made || X509_digest(cert, EVP_sha256(), id.fingerprint_.data(), &length) != 1 || length != 32)
    return fail(ErrorKind::Environment, "e2e/identity: certificate");
  return id;
}

}  // namespace beside::e2e
