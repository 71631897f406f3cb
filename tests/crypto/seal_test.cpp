// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/crypto/seal.h"

#include <doctest/doctest.h>

#include "engine/crypto/random.h"
#include "engine/crypto/sign.h"

using namespace beside;
using namespace beside::crypto;

TEST_CASE("a sealed body opens with its key and associated data and nothing else") {
  const Secret<32> key(random_bytes(32)), other(random_bytes(32));
  for (std::size_t size : {0u, 1u, 100u}) {
    const Bytes plain = random_bytes(size);
    const Bytes sealed = seal(key, plain, as_bytes("about"));
    CHECK(sealed.size() == size + kSealOverhead);
    auto opened = open_sealed(key, sealed, as_bytes("about"));
    REQUIRE(opened);
    CHECK(*opened == plain);
    CHECK_FALSE(open_sealed(other, sealed, as_bytes("about")));
    CHECK_FALSE(open_sealed(key, sealed, as_bytes("abouT")));
    CHECK_FALSE(open_sealed(key, sealed, {}));
    for (std::size_t i = 0; i < sealed.size(); ++i) {
      Bytes bad = sealed;
      bad[i] ^= 1;
      CHECK_FALSE(open_sealed(key, bad, as_bytes("about")));
      CHECK_FALSE(open_sealed(key, ByteSpan(sealed).first(i), as_bytes("about")));
    }
  }
  CHECK(seal(key, {}, {}) != seal(key, {}, {}));
}

TEST_CASE("a sealed box opens for its owner only") {
  const BoxKey owner = new_box_key(), other = new_box_key();
  auto sealed = seal_box(owner.shared, as_bytes("department key"));
  REQUIRE(sealed);
  CHECK(sealed->size() == 14 + kBoxOverhead);
  auto opened = open_box(owner, *sealed);
  REQUIRE(opened);
  CHECK(as_text(*opened) == "department key");
  CHECK_FALSE(open_box(other, *sealed));
  for (std::size_t i = 0; i < sealed->size(); ++i) {
    Bytes bad = *sealed;
    bad[i] ^= 0x40;
    CHECK_FALSE(open_box(owner, bad));
    CHECK_FALSE(open_box(owner, ByteSpan(*sealed).first(i)));
  }
  CHECK_FALSE(seal_box(BoxPublicKey{}, as_bytes("x")));  // the point of order one
}

TEST_CASE("Ed25519 gives the signature of RFC 8032 7.1 test 2") {
  const Secret<32> seed(from_hex("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb").value());
  const SigningKey key = signing_key_from_seed(seed);
  CHECK(to_hex(key.verify) == "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c");
  const Bytes message{0x72};
  CHECK(to_hex(sign(key, message)) ==
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d"
        "291612bb0c00");
}

TEST_CASE("a signature holds for its key and message only") {
  const SigningKey key = new_signing_key(), other = new_signing_key();
  const Signature signature = sign(key, as_bytes("line"));
  CHECK(verify_signature(key.verify, as_bytes("line"), signature));
  CHECK_FALSE(verify_signature(other.verify, as_bytes("line"), signature));
  CHECK_FALSE(verify_signature(key.verify, as_bytes("lime"), signature));
  CHECK_FALSE(verify_signature(key.verify, as_bytes("line"), ByteSpan(signature).first(63)));
  for (std::size_t i = 0; i < signature.size(); ++i) {
    Signature bad = signature;
    bad[i] ^= 4;
    CHECK_FALSE(verify_signature(key.verify, as_bytes("line"), bad));
  }
}
