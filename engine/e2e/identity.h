// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <memory>

#include "engine/base/result.h"
#include "engine/crypto/hash.h"

struct evp_pkey_st;
struct x509_st;

namespace beside::e2e {

// An ephemeral ECDSA P-256 key with a self-signed certificate, made for one session and gone with it. The certificate
// says nothing about the person or the machine; only its fingerprint counts. Making one takes about 0.1 ms.
class Identity {
 public:
  static Result<Identity> create();  // Environment: the library refused
  // SHA-256 of the certificate's DER form.
  const crypto::Digest256& fingerprint() const { return fingerprint_; }
  evp_pkey_st* key() const { return key_.get(); }
  x509_st* certificate() const { return certificate_.get(); }

 private:
  struct Free {
    void operator()(evp_pkey_st* key) const;
    void operator()(x509_st* certificate) const;
  };
  Identity() = default;
  std::unique_ptr<evp_pkey_st, Free> key_;
  std::unique_ptr<x509_st, Free> certificate_;
  crypto::Digest256 fingerprint_{};
};

}  // namespace beside::e2e
