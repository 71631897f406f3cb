// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/e2e/srtp_sealer.h"

#include <srtp2/srtp.h>

#include <array>
#include <mutex>
#include <utility>

#include "engine/crypto/seal.h"
#include "engine/e2e/cpace.h"
#include "engine/e2e/nonce_guard.h"

namespace beside::e2e {
namespace {

using ports::End;

constexpr std::size_t kMasterBytes = SRTP_AES_256_KEY_LEN + SRTP_AEAD_SALT_LEN;
constexpr unsigned long kReplayWindow = 1024;  // packets
constexpr std::size_t kMaxPacket = 65535;
constexpr std::size_t kRtpHeader = 12, kRtcpHeader = 8;
constexpr std::uint8_t kMediaStream = 0;  // one key for all RTP of an inner session; SSRCs keep streams apart

struct FreeSrtp {
  void operator()(srtp_ctx_t* session) const { srtp_dealloc(session); }
};
using SrtpPtr = std::unique_ptr<srtp_ctx_t, FreeSrtp>;

bool srtp_ready() {
  static const bool ready = srtp_init() == srtp_err_status_ok;
  return ready;
}

// Exporter context: lv(session id) || direction || stream (PROTOCOL 4).
Bytes key_context(std::string_view session_id, End sender, std::uint8_t stream) {
  Bytes context = lv_cat({as_bytes(session_id)});
  context.push_back(static_cast<std::uint8_t>(sender));
  context.push_back(stream);
  return context;
}

Result<SrtpPtr> make_session(const Secret<kMasterBytes>& master, srtp_ssrc_type_t direction) {
  srtp_policy_t policy{};
  srtp_crypto_policy_set_aes_gcm_256_16_auth(&policy.rtp);
  srtp_crypto_policy_set_aes_gcm_256_16_auth(&policy.rtcp);
  policy.ssrc.type = direction;
  std::array<unsigned char, kMasterBytes> key;
  std::copy(master.reveal().begin(), master.reveal().end(), key.begin());
  policy.key = key.data();
  policy.window_size = kReplayWindow;
  policy.allow_repeat_tx = 0;
  std::array<int, 4> encrypted_extensions{1, 2, 3, 4};  // RFC 6904
  policy.enc_xtn_hdr = encrypted_extensions.data();
  policy.enc_xtn_hdr_count = static_cast<int>(encrypted_extensions.size());
  srtp_t session = nullptr;
  const srtp_err_status_t status = srtp_create(&session, &policy);
  wipe(key);
  if (status != srtp_err_status_ok) return fail(ErrorKind::Environment, "e2e/srtp: create", std::to_string(status));
  return SrtpPtr(session);
}

class SrtpSealer final : public ports::Sealer {
 public:
  SrtpSealer(SrtpPtr outbound, SrtpPtr inbound, Secret<32> chat_key, End self, std::string session_id)
      : outbound_(std::move(outbound)),
        inbound_(std::move(inbound)),
        chat_key_(std::move(chat_key)),
        self_(self),
        session_id_(std::move(session_id)) {}

  Result<void> seal_rtp(Bytes& packet) override {
    if (packet.size() < kRtpHeader || packet.size() > kMaxPacket || packet[0] >> 6 != 2)
      return fail(ErrorKind::Refused, "e2e/srtp: not an RTP packet");
    ByteReader reader(packet);
    reader.skip(2);
    const std::uint16_t sequence = reader.u16();
    reader.skip(4);
    if (!guard_.admit(reader.u32(), sequence)) return fail(ErrorKind::Refused, "e2e/srtp: sequence number used before");
    return protect(packet, &srtp_protect);
  }

  Result<void> open_rtp(Bytes& packet) override {
    BS_PEER_CHECK(packet.size() >= kRtpHeader + kRtpOverhead && packet.size() <= kMaxPacket, "e2e/srtp: length");
    BS_PEER_CHECK(packet[0] >> 6 == 2, "e2e/srtp: version");
    return unprotect(packet, &srtp_unprotect);
  }

  Result<void> seal_rtcp(Bytes& packet) override {
    if (packet.size() < kRtcpHeader || packet.size() > kMaxPacket || packet[0] >> 6 != 2)
      return fail(ErrorKind::Refused, "e2e/srtp: not an RTCP packet");
    return protect(packet, &srtp_protect_rtcp);  // the library counts the SRTCP index and refuses beyond 2^31
  }

  Result<void> open_rtcp(Bytes& packet) override {
    BS_PEER_CHECK(packet.size() >= kRtcpHeader + kRtcpOverhead && packet.size() <= kMaxPacket, "e2e/srtp: length");
    BS_PEER_CHECK(packet[0] >> 6 == 2, "e2e/srtp: version");
    // RFC 7714 9.2: our policy encrypts every RTCP packet; one that says it is in clear was not made by it.
    BS_PEER_CHECK((packet[packet.size() - 4] & 0x80) != 0, "e2e/srtp: clear RTCP");
    return unprotect(packet, &srtp_unprotect_rtcp);
  }

  Bytes seal_chat(ByteSpan plaintext, ByteSpan client_id) override {
    return crypto::seal(chat_key_, plaintext, chat_context(self_, client_id));
  }

  Result<Bytes> open_chat(ByteSpan sealed, ByteSpan client_id, End sender) override {
    return crypto::open_sealed(chat_key_, sealed, chat_context(sender, client_id));
  }

 private:
  using Transform = srtp_err_status_t (*)(srtp_t, void*, int*);

  Result<void> protect(Bytes& packet, Transform transform) {
    int length = static_cast<int>(packet.size());
    packet.resize(packet.size() + SRTP_MAX_TRAILER_LEN + 4);  // what the library may write behind the packet
    const srtp_err_status_t status = transform(outbound_.get(), packet.data(), &length);
    if (status != srtp_err_status_ok) {
      packet.clear();  // half sealed is not to be sent
      return fail(ErrorKind::Refused, "e2e/srtp: seal", std::to_string(status));
    }
    packet.resize(static_cast<std::size_t>(length));
    return {};
  }

  Result<void> unprotect(Bytes& packet, Transform transform) {
    int length = static_cast<int>(packet.size());
    const srtp_err_status_t status = transform(inbound_.get(), packet.data(), &length);
    if (status != srtp_err_status_ok) {
      packet.clear();  // nothing unauthenticated goes on
      const bool replayed = status == srtp_err_status_replay_fail || status == srtp_err_status_replay_old;
      return fail(ErrorKind::PeerFault, replayed ? "e2e/srtp: replayed" : "e2e/srtp: not authentic");
    }
    packet.resize(static_cast<std::size_t>(length));
    return {};
  }

  Bytes chat_context(End sender, ByteSpan client_id) const {
    const std::uint8_t end = static_cast<std::uint8_t>(sender);
    return lv_cat({as_bytes(session_id_), ByteSpan(&end, 1), client_id});
  }

  SrtpPtr outbound_, inbound_;
  NonceGuard guard_;
  Secret<32> chat_key_;
  End self_;
  std::string session_id_;
};

}  // namespace

Result<std::unique_ptr<ports::Sealer>> make_sealer(const ports::SecureChannel& channel, End self, std::string session_id) {
  if (!srtp_ready()) return fail(ErrorKind::Environment, "e2e/srtp: library");
  const End other = self == End::Customer ? End::Operator : End::Customer;
  Secret<kMasterBytes> sending, receiving;
  Secret<32> chat;
  for (auto [sender, key] : {std::pair{self, &sending}, std::pair{other, &receiving}})
    if (auto made = channel.export_key("EXPORTER-beside-srtp", key_context(session_id, sender, kMediaStream), key->fill()); !made)
      return fail(made);
  if (auto made = channel.export_key("EXPORTER-beside-chat", lv_cat({as_bytes(session_id)}), chat.fill()); !made)
    return fail(made);
  auto outbound = make_session(sending, ssrc_any_outbound);
  if (!outbound) return fail(outbound);
  auto inbound = make_session(receiving, ssrc_any_inbound);
  if (!inbound) return fail(inbound);
  return std::unique_ptr<ports::Sealer>(std::make_unique<SrtpSealer>(std::move(*outbound), std::move(*inbound),
                                                                     std::move(chat), self, std::move(session_id)));
}

}  // namespace beside::e2e
