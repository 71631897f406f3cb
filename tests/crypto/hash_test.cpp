// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/crypto/hash.h"

#include <doctest/doctest.h>

#include <atomic>
#include <string>
#include <vector>

#include "engine/crypto/constant_time.h"
#include "engine/crypto/hash_chain.h"
#include "engine/crypto/hashcash.h"

using namespace beside;
using namespace beside::crypto;

namespace {
Bytes hex(std::string_view text) { return from_hex(text).value(); }
}  // namespace

TEST_CASE("SHA-256 and SHA-512 give the digests of FIPS 180-4's examples") {
  CHECK(to_hex(sha256(as_bytes("abc"))) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  CHECK(to_hex(sha256({})) == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  CHECK(to_hex(sha512(as_bytes("abc"))) ==
        "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e"
        "2a9ac94fa54ca49f");
}

TEST_CASE("SHA-256 in pieces equals SHA-256 at once, and the object starts anew") {
  Bytes data(1000);
  for (std::size_t i = 0; i < data.size(); ++i) data[i] = static_cast<std::uint8_t>(i * 7);
  Sha256 hash;
  for (int round = 0; round < 2; ++round) {
    for (std::size_t at = 0, step = 1; at < data.size(); at += step, step = step * 3 % 97 + 1)
      hash.update(ByteSpan(data).subspan(at, std::min(step, data.size() - at)));
    CHECK(hash.finish() == sha256(data));
  }
}

TEST_CASE("HMAC gives the values of RFC 4231") {
  const Bytes key(20, 0x0b);  // case 1
  CHECK(to_hex(hmac_sha256(key, as_bytes("Hi There"))) == "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
  CHECK(to_hex(hmac_sha512(key, as_bytes("Hi There"))) ==
        "87aa7cdea5ef619d4ff0b4241a1d6cb02379f4e2ce4ec2787ad0b30545e17cdedaa833b7d6b8a702038b274eaea3f4e4be9d914eeb61f170"
        "2e696c203a126854");
  const Bytes long_key(131, 0xaa);  // case 6: longer than a block
  CHECK(to_hex(hmac_sha256(long_key, as_bytes("Test Using Larger Than Block-Size Key - Hash Key First"))) ==
        "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

TEST_CASE("HKDF-SHA-256 gives the values of RFC 5869 appendix A") {
  struct Case {
    Bytes ikm, salt, info;
    std::string okm;
  };
  auto count_up = [](int from, int to) {
    Bytes out;
    for (int i = from; i <= to; ++i) out.push_back(static_cast<std::uint8_t>(i));
    return out;
  };
  const Case cases[] = {
      {Bytes(22, 0x0b), hex("000102030405060708090a0b0c"), hex("f0f1f2f3f4f5f6f7f8f9"),
       "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865"},
      {count_up(0x00, 0x4f), count_up(0x60, 0xaf), count_up(0xb0, 0xff),
       "b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c59045a99cac7827271cb41c65e590e09da3275600c2f09b83677"
       "93a9aca3db71cc30c58179ec3e87c14c01d5c1f3434f1d87"},
      {Bytes(22, 0x0b), {}, {},
       "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8"},
  };
  for (const Case& c : cases) {
    Bytes out(c.okm.size() / 2);
    hkdf_sha256(c.salt, c.ikm, c.info, out);
    CHECK(to_hex(out) == c.okm);
  }
}

TEST_CASE("comparison in constant time says what plain comparison says") {
  CHECK(equal_constant_time(as_bytes("same"), as_bytes("same")));
  CHECK_FALSE(equal_constant_time(as_bytes("same"), as_bytes("sama")));
  CHECK_FALSE(equal_constant_time(as_bytes("same"), as_bytes("same ")));
  CHECK(equal_constant_time({}, {}));
}

TEST_CASE("a hash chain notices every record changed, dropped, added or moved") {
  std::vector<Bytes> records;
  HashChain chain("session");
  for (const char* text : {"ask see", "grant see", "", "stop"}) {
    records.push_back(to_bytes(as_bytes(text)));
    chain.append(records.back());
  }
  const Digest256 head = chain.head();
  CHECK(verify_chain("session", records, head, 4));
  CHECK_FALSE(verify_chain("another", records, head, 4));
  CHECK_FALSE(verify_chain("session", records, head, 3));
  for (std::size_t i = 0; i < records.size(); ++i) {
    auto changed = records;
    changed[i].push_back('x');
    CHECK_FALSE(verify_chain("session", changed, head, 4));
    auto dropped = records;
    dropped.erase(dropped.begin() + static_cast<long>(i));
    CHECK_FALSE(verify_chain("session", dropped, head, 3));
    CHECK_FALSE(verify_chain("session", dropped, head, 4));
    auto moved = records;
    std::swap(moved[i], moved[(i + 1) % moved.size()]);
    CHECK_FALSE(verify_chain("session", moved, head, 4));
  }
  auto split = records;  // the border between two records is bound too
  split[0] = to_bytes(as_bytes("ask se"));
  split[1] = to_bytes(as_bytes("egrant see"));
  CHECK_FALSE(verify_chain("session", split, head, 4));
}

TEST_CASE("a hash chain goes on from the head that was kept") {
  HashChain whole("s"), first("s");
  whole.append(as_bytes("a"));
  whole.append(as_bytes("b"));
  first.append(as_bytes("a"));
  HashChain second(first.head(), first.count());
  second.append(as_bytes("b"));
  CHECK(second.head() == whole.head());
  CHECK(second.count() == 2);
}

TEST_CASE("hashcash is solved, verified, and only for its own challenge") {
  const std::atomic<bool> go{false};
  const Bytes challenge(16, 7);
  auto answer = solve_hashcash(challenge, 14, go);
  REQUIRE(answer);
  CHECK(answer->size() == 8);
  CHECK(verify_hashcash(challenge, *answer, 14));
  const Digest256 digest = sha256([&] {
    Bytes joined = challenge;
    joined.insert(joined.end(), answer->begin(), answer->end());
    return joined;
  }());
  CHECK(digest[0] == 0);
  CHECK((digest[1] >> 2) == 0);
  CHECK_FALSE(verify_hashcash(challenge, *answer, 60));
  Bytes longer = *answer;
  longer.push_back(0);
  CHECK_FALSE(verify_hashcash(challenge, longer, 0));
  CHECK_FALSE(verify_hashcash(challenge, {}, 0));
  CHECK(verify_hashcash(challenge, *answer, 0));
  CHECK_FALSE(verify_hashcash(challenge, *answer, 300));
  // 40 other challenges: at 14 bits none is met by chance (40 in 16,384 at worst, and the values are fixed but for the answer)
  int met = 0;
  for (std::uint8_t i = 0; i < 40; ++i) met += verify_hashcash(Bytes(16, static_cast<std::uint8_t>(100 + i)), *answer, 14);
  CHECK(met <= 1);
}

TEST_CASE("hashcash stops when cancelled and refuses unreasonable work") {
  const std::atomic<bool> stop{true};
  auto cancelled = solve_hashcash(Bytes(16, 1), 20, stop);
  REQUIRE_FALSE(cancelled);
  CHECK(cancelled.error().kind == ErrorKind::Cancelled);
  const std::atomic<bool> go{false};
  auto refused = solve_hashcash(Bytes(16, 1), kHashcashMaxBits + 1, go);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().kind == ErrorKind::Limit);
}
