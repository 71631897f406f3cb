// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/e2e/code_channel.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "engine/crypto/random.h"
#include "engine/e2e/check_words.h"
#include "engine/e2e/cpace.h"
#include "engine/e2e/inner_tls.h"
#include "engine/e2e/tunnel_frame.h"

namespace beside::e2e {
namespace {

using ports::ChannelFault;
using ports::ChannelState;
using ports::End;

constexpr nanoseconds kPatience = 10s;  // PROTOCOL 2: silence kills the code
constexpr std::size_t kNonceBytes = 16;
constexpr std::size_t kAdHead = 32 + 2 + 2;

// What one side says of itself, authenticated by the exchange: SHA-256 of its certificate, versions, capabilities.
struct Associated {
  crypto::Digest256 certificate{};
  std::uint16_t protocol_min = 0, protocol_max = 0;
  ByteSpan capabilities;
};

Bytes dump_associated(const Associated& ad) {
  Bytes out;
  ByteWriter writer(out);
  writer.bytes(ad.certificate);
  writer.u16(ad.protocol_min);
  writer.u16(ad.protocol_max);
  writer.bytes(ad.capabilities);
  return out;
}

Result<Associated> parse_associated(ByteSpan data) {
  BS_PEER_CHECK(data.size() >= kAdHead && data.size() <= kAdHead + kMaxCapabilities, "e2e/channel: associated length");
  Associated ad;
  ByteReader reader(data);
  const ByteSpan digest = reader.bytes(32);
  std::copy(digest.begin(), digest.end(), ad.certificate.begin());
  ad.protocol_min = reader.u16();
  ad.protocol_max = reader.u16();
  ad.capabilities = reader.rest();
  BS_PEER_CHECK(ad.protocol_min <= ad.protocol_max, "e2e/channel: version range");
  return ad;
}

// Invariants
//  1. The digits are used by one Cpace at most, and wiped with it or when the channel dies.
//  2. Our tag leaves only as an answer to a share that was a valid point; the customer's only after the operator's tag
//     was right, so that the one guess a stranger has is spent at the side that notices it.
//  3. TLS starts only after the other side's tag was right, and expects only the certificate that the tag covers.
//  4. Dead is final; what waits to be sent may still be taken.
//
//   customer                                        operator
//   Waiting      -> CustomerNonce                   Waiting      <- CustomerNonce, -> OperatorNonce
//                <- OperatorNonce, -> Ya,ADa        KeyExchange  <- Ya,ADa         -> Yb,Tb,ADb
//   KeyExchange  <- Yb,Tb,ADb      -> Ta            InnerTls     <- Ta
//   InnerTls     TLS client                                      TLS server
//   Open                                            Open
//   From KeyExchange on, a fault sends Failed{reason} (before TLS) or an alert, once, on the way to Dead.
class CodeChannel final : public ports::SecureChannel {
 public:
  CodeChannel(CodeChannelConfig config, Identity identity)
      : config_(std::move(config)), identity_(std::move(identity)), own_nonce_(crypto::random_bytes(kNonceBytes)) {
    own_ad_ = dump_associated({identity_.fingerprint(), config_.protocol_min, config_.protocol_max, config_.capabilities});
    if (is_customer()) append_frame(outgoing_, FrameType::CustomerNonce, own_nonce_);
  }

  ChannelState state() const override { return state_; }
  ChannelFault fault() const override { return fault_; }
  bool guess_spent() const override { return guess_spent_; }
  LocalTime next_deadline() const override { return deadline_; }
  std::uint16_t protocol_version() const override { return version_; }
  ByteSpan peer_capabilities() const override { return peer_capabilities_; }

  Result<void> receive(ByteSpan bytes, LocalTime now) override {
    if (state_ == ChannelState::Dead) return fail(ErrorKind::Refused, "e2e/channel: dead");
    if (now >= deadline_) {  // late is late, even if poll() was not called in between
      die(ChannelFault::Silent);
      return fail(ErrorKind::PeerFault, "e2e/channel: silent");
    }
    if (speaks_tls_) return receive_tls(bytes);
    buffer_.insert(buffer_.end(), bytes.begin(), bytes.end());
    while (state_ != ChannelState::Dead && !buffer_.empty()) {
      // Frame types have their top bit set, TLS records never: a Failed frame may still come instead of the first record.
      if (state_ == ChannelState::InnerTls && buffer_[0] < 0x80) {
        speaks_tls_ = true;
        return receive_tls(std::exchange(buffer_, {}));
      }
      auto frame = parse_frame(buffer_);
      if (!frame) return die_of(ChannelFault::Malformed, frame.error());
      if (!*frame) break;
      if (auto handled = on_frame((*frame)->type, (*frame)->payload, now); !handled) return handled;
      buffer_.erase(buffer_.begin(), buffer_.begin() + static_cast<std::ptrdiff_t>((*frame)->size));
    }
    return {};
  }

  Bytes take_outgoing() override {
    collect_tls();
    return std::exchange(outgoing_, {});
  }

  void peer_gone(LocalTime) override {
    if (state_ != ChannelState::Dead) die(ChannelFault::Disconnected);
  }

  void poll(LocalTime now) override {
    if (state_ != ChannelState::Dead && now >= deadline_) die(ChannelFault::Silent);
  }

  Result<void> send(ByteSpan plaintext) override {
    if (state_ != ChannelState::Open) return fail(ErrorKind::Refused, "e2e/channel: not open");
    return tls_->send(plaintext);
  }

  Bytes take_plaintext() override { return state_ == ChannelState::Open ? tls_->take_plaintext() : Bytes{}; }

  Result<void> export_key(std::string_view label, ByteSpan context, MutableByteSpan out) const override {
    if (state_ != ChannelState::Open) return fail(ErrorKind::Refused, "e2e/channel: not open");
    return tls_->export_key(label, context, out);
  }

  std::array<std::string, 4> check_words(std::string_view language) const override {
    const crypto::Digest256 both = crypto::sha256(is_customer() ? lv_cat({own_ad_, peer_ad_}) : lv_cat({peer_ad_, own_ad_}));
    std::array<std::uint8_t, 32> digest{};
    if (!export_key("EXPORTER-beside-words", both, digest)) return {};
    return check_words_of(digest, language);
  }

 private:
  bool is_customer() const { return config_.role == End::Customer; }

  Result<void> on_frame(FrameType type, ByteSpan payload, LocalTime now) {
    if (type == FrameType::Failed) return on_failed(payload);
    if (is_customer()) {
      if (type == FrameType::OperatorNonce && state_ == ChannelState::Waiting) return on_operator_nonce(payload, now);
      if (type == FrameType::OperatorShare && state_ == ChannelState::KeyExchange) return on_operator_share(payload, now);
    } else {
      if (type == FrameType::CustomerNonce && sid_.empty()) return on_customer_nonce(payload);
      if (type == FrameType::CustomerShare && state_ == ChannelState::Waiting && !sid_.empty())
        return on_customer_share(payload, now);
      if (type == FrameType::CustomerTag && state_ == ChannelState::KeyExchange) return on_customer_tag(payload, now);
    }
    return die_of(ChannelFault::Malformed, {ErrorKind::PeerFault, "e2e/channel: unexpected frame", {}});
  }

  Result<void> on_operator_nonce(ByteSpan nonce, LocalTime now) {
    if (nonce.size() != kNonceBytes) return malformed("e2e/channel: nonce length");
    sid_ = own_nonce_;
    sid_.insert(sid_.end(), nonce.begin(), nonce.end());
    start_cpace(CpaceRole::Initiator, now);
    Bytes message = to_bytes(cpace_->share());
    message.insert(message.end(), own_ad_.begin(), own_ad_.end());
    append_frame(outgoing_, FrameType::CustomerShare, message);
    return {};
  }

  Result<void> on_customer_nonce(ByteSpan nonce) {
    if (nonce.size() != kNonceBytes) return malformed("e2e/channel: nonce length");
    sid_ = to_bytes(nonce);
    sid_.insert(sid_.end(), own_nonce_.begin(), own_nonce_.end());
    append_frame(outgoing_, FrameType::OperatorNonce, own_nonce_);
    return {};
  }

  Result<void> on_customer_share(ByteSpan payload, LocalTime now) {
    // From here on the code is spent, also when the share turns out to be no point: better one code too many.
    start_cpace(CpaceRole::Responder, now);
    if (auto taken = take_share(payload, 32); !taken) return taken;
    Bytes message = to_bytes(cpace_->share());
    const CpaceTag& tag = cpace_->own_tag();
    message.insert(message.end(), tag.begin(), tag.end());
    message.insert(message.end(), own_ad_.begin(), own_ad_.end());
    append_frame(outgoing_, FrameType::OperatorShare, message);
    return {};
  }

  Result<void> on_operator_share(ByteSpan payload, LocalTime now) {
    if (payload.size() < 32 + 64) return malformed("e2e/channel: share length");
    if (auto taken = take_share(payload, 32 + 64); !taken) return taken;
    if (!cpace_->verify(payload.subspan(32, 64))) return wrong_code();
    if (auto agreed = agree_version(); !agreed) return agreed;
    append_frame(outgoing_, FrameType::CustomerTag, cpace_->own_tag());
    return start_tls(InnerTls::Side::Client, now);
  }

  Result<void> on_customer_tag(ByteSpan tag, LocalTime now) {
    if (!cpace_->verify(tag)) return wrong_code();
    if (auto agreed = agree_version(); !agreed) return agreed;
    return start_tls(InnerTls::Side::Server, now);
  }

  // The other side gave up. Nobody has proved who says so, hence it can only end the exchange, which silence could too.
  Result<void> on_failed(ByteSpan payload) {
    ChannelFault reason = ChannelFault::Malformed;
    if (payload.size() == 1 && guess_spent_) {
      const auto told = static_cast<ChannelFault>(payload[0]);
      if (told == ChannelFault::WrongCode || told == ChannelFault::Silent || told == ChannelFault::NoCommonVersion)
        reason = told;
    }
    told_by_peer_ = true;
    return die_of(reason, {ErrorKind::PeerFault, "e2e/channel: the other side gave up", {}});
  }

  void start_cpace(CpaceRole role, LocalTime now) {
    const Bytes ci = lv_cat({as_bytes("beside/1"), as_bytes("customer"), as_bytes("operator"), as_bytes(config_.relay_name),
                             as_bytes(config_.locator)});
    cpace_.emplace(role, CpaceInputs{as_bytes(config_.secret_digits.reveal()), ci, sid_}, own_ad_);
    config_.secret_digits = SecretText();
    state_ = ChannelState::KeyExchange;
    guess_spent_ = true;
    deadline_ = now + kPatience;
  }

  // A message that begins with a share and ends with associated data.
  Result<void> take_share(ByteSpan payload, std::size_t ad_at) {
    if (payload.size() < ad_at) return malformed("e2e/channel: share length");
    CpacePoint share;
    std::copy_n(payload.begin(), share.size(), share.begin());
    peer_ad_ = to_bytes(payload.subspan(ad_at));
    if (auto ad = parse_associated(peer_ad_); !ad) return die_of(ChannelFault::Malformed, ad.error());
    if (auto finished = cpace_->finish(share, peer_ad_); !finished)
      return die_of(ChannelFault::Malformed, finished.error());
    return {};
  }

  // Only after the tag was right: before that, the range may be anybody's.
  Result<void> agree_version() {
    auto ad = parse_associated(peer_ad_);
    if (!ad) return die_of(ChannelFault::Malformed, ad.error());
    const std::uint16_t highest = std::min(config_.protocol_max, ad->protocol_max);
    if (highest < std::max(config_.protocol_min, ad->protocol_min))
      return die_of(ChannelFault::NoCommonVersion, {ErrorKind::Refused, "e2e/channel: no common version", {}});
    version_ = highest;
    peer_capabilities_ = to_bytes(ad->capabilities);
    peer_certificate_ = ad->certificate;
    return {};
  }

  Result<void> start_tls(InnerTls::Side side, LocalTime now) {
    cpace_.reset();
    auto tls = InnerTls::create(side, identity_, peer_certificate_);
    if (!tls) return die_of(ChannelFault::TlsError, tls.error());
    tls_ = std::move(*tls);
    state_ = ChannelState::InnerTls;
    deadline_ = now + kPatience;
    return {};
  }

  Result<void> receive_tls(ByteSpan records) {
    auto received = tls_->receive(records);
    if (!received)
      return die_of(tls_->wrong_certificate() ? ChannelFault::WrongCertificate : ChannelFault::TlsError, received.error());
    if (state_ == ChannelState::InnerTls && tls_->open()) {
      state_ = ChannelState::Open;
      deadline_ = kNever;
    }
    if (tls_->closed()) return die_of(ChannelFault::Disconnected, {ErrorKind::Cancelled, "e2e/channel: closed", {}});
    return {};
  }

  void collect_tls() {
    if (!tls_) return;
    const Bytes records = tls_->take_outgoing();
    outgoing_.insert(outgoing_.end(), records.begin(), records.end());
  }

  Result<void> malformed(std::string_view where) {
    return die_of(ChannelFault::Malformed, {ErrorKind::PeerFault, where, {}});
  }
  Result<void> wrong_code() {
    return die_of(ChannelFault::WrongCode, {ErrorKind::PeerFault, "e2e/channel: wrong code", {}});
  }
  Result<void> die_of(ChannelFault reason, Error error) {
    die(reason);
    return tl::unexpected<Error>(std::move(error));
  }

  void die(ChannelFault reason) {
    collect_tls();  // an alert may be waiting
    const bool in_frames = !tls_ || (!speaks_tls_ && reason == ChannelFault::Silent && !is_customer());
    if (in_frames && !told_by_peer_ && reason != ChannelFault::Disconnected) {
      const std::uint8_t told = static_cast<std::uint8_t>(reason);
      append_frame(outgoing_, FrameType::Failed, ByteSpan(&told, 1));
    }
    state_ = ChannelState::Dead;
    fault_ = reason;
    deadline_ = kNever;
    cpace_.reset();
    tls_.reset();
    config_.secret_digits = SecretText();
    buffer_.clear();
  }

  CodeChannelConfig config_;
  Identity identity_;
  Bytes own_nonce_, own_ad_, peer_ad_, sid_;
  std::optional<Cpace> cpace_;
  std::unique_ptr<InnerTls> tls_;
  crypto::Digest256 peer_certificate_{};
  Bytes peer_capabilities_;
  std::uint16_t version_ = 0;
  Bytes buffer_, outgoing_;
  ChannelState state_ = ChannelState::Waiting;
  ChannelFault fault_ = ChannelFault::None;
  bool guess_spent_ = false, speaks_tls_ = false, told_by_peer_ = false;
  LocalTime deadline_ = kNever;
};

}  // namespace

Result<std::unique_ptr<ports::SecureChannel>> make_code_channel(CodeChannelConfig config, LocalTime) {
  const std::string_view digits = config.secret_digits.reveal();
  const bool six_digits = digits.size() == 6 && std::all_of(digits.begin(), digits.end(), [](char c) { return c >= '0' && c <= '9'; });
  if (!six_digits) return fail(ErrorKind::Refused, "e2e/channel: six digits are needed");
  if (config.protocol_min > config.protocol_max || config.protocol_min == 0)
    return fail(ErrorKind::Refused, "e2e/channel: version range");
  if (config.capabilities.size() > kMaxCapabilities) return fail(ErrorKind::Refused, "e2e/channel: capabilities");
  auto identity = Identity::create();
  if (!identity) return fail(identity);
  return std::unique_ptr<ports::SecureChannel>(std::make_unique<CodeChannel>(std::move(config), std::move(*identity)));
}

}  // namespace beside::e2e
