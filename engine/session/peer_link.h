// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <array>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "engine/base/clock.h"
#include "engine/flow/inner_mux.h"
#include "engine/flow/feedback.h"
#include "engine/flow/line_watch.h"
#include "engine/flow/pacer.h"
#include "engine/flow/path_mtu.h"
#include "engine/flow/scream_control.h"
#include "engine/flow/tunnel_stream.h"
#include "engine/flow/update_guard.h"
#include "engine/ports/secure_channel.h"
#include "engine/session/media_port.h"
#include "engine/session/snapshot.h"
#include "engine/wire/rtcp.h"
#include "engine/wire/rtp.h"
#include "engine/wire/session_message.h"

namespace beside::session {

// What both ends of a session have in common: the tunnel through the relay, the secure channel in it, its numbered
// streams, sealed media, sealed chat, the heartbeat and the clocks' difference. Which message means what is the roles'.
//
//   state     | means
//   ----------+------------------------------------------------------------------------------
//   Exchange  | the channel is not open yet; faults are final and burn the code
//   Open      | messages and media flow; a loss of the relay is a gap, not an end
//   Dead      | after fault() or close(); nothing is sent any more
//
// Thread: net.
class PeerLink {
 public:
  struct Ports {
    const TimeSource* clock = nullptr;
    std::function<bool(const control::Envelope&)> send_control;
    std::function<Result<std::unique_ptr<ports::Sealer>>(const ports::SecureChannel&, ports::End, std::string)> make_sealer;
    MakeMedia make_media;
    std::function<void(MutableByteSpan)> random;
  };
  struct Events {
    std::function<void()> opened;
    std::function<void(ports::ChannelFault)> fault;
    std::function<void(const inner::Inner&)> message;         // all but Probe and ProbeReply
    std::function<void(const wire::RtpPacket&, ByteSpan whole)> rtp;
    std::function<void(const std::vector<wire::RtcpPacket>&)> rtcp;
    std::function<void(bool lost, LocalTime since)> line;     // nothing was heard for kLineSilence; it is back
    std::function<void()> returned;                           // media came again after kHole without anything
    std::function<void()> video_dropped;                      // pictures that waited here had grown old: make a key picture
    std::function<void()> changed;                            // chat, media state, round trip, silence: publish anew
  };
  static constexpr auto kHeartbeat = 1400ms;   // two may be lost within kLineSilence
  static constexpr auto kLineSilence = 3500ms;
  static constexpr auto kMediaSilence = 1s;    // at most; three round trips otherwise
  static constexpr auto kHole = 700ms;

  PeerLink(ports::End self, std::string session_id, Bytes leg_token, std::unique_ptr<ports::SecureChannel> channel,
           Ports ports, Events events);
  ~PeerLink();

  const std::string& session_id() const { return session_id_; }
  bool open() const { return opened_; }
  bool guess_spent() const { return channel_->guess_spent(); }
  // Both sides hold the same code, and the certificates that go with it are being shown.
  bool code_proved() const { return channel_->state() == ports::ChannelState::InnerTls; }
  std::array<std::string, 4> check_words(const std::string& language) const;

  // From the relay.
  void on_tunnel(const control::Tunnel& piece);
  void on_chat(const control::ChatDelivered& chat);
  void on_peer_state(bool present);
  void on_peer_gone();                                 // for good
  void control_down();
  void control_up(std::uint64_t request_id = 0);       // sends RejoinSession; a refusal names the request
  void on_rejoined(const control::Rejoined& rejoined);
  void on_ticket(const control::Ticket& ticket);

  void start_media(const control::Ticket& ticket);
  bool send(const inner::Inner& message, std::uint8_t stream = flow::InnerMux::kControl);
  // RTP in the clear; false: not sent. The sealed bytes are given back for retransmission when `sealed` is set.
  bool send_rtp(Bytes packet, flow::Pacer::Class cls, Bytes* sealed = nullptr);
  void send_sealed(Bytes sealed, flow::Pacer::Class cls);
  void send_rtcp(const std::vector<wire::RtcpPacket>& packets);
  // While one lives, what send_rtcp() is given waits, and leaves in one datagram at the end, or in a few: whatever is due at the
  // same time costs one seal, one call and one packet. The link outlives it; null: nothing is gathered.
  class RtcpGathering {
   public:
    explicit RtcpGathering(PeerLink* link) : link_(link) {
      if (link_ != nullptr) ++link_->gathering_;
    }
    ~RtcpGathering() {
      if (link_ != nullptr && --link_->gathering_ == 0) link_->send_gathered_rtcp();
    }
    RtcpGathering(const RtcpGathering&) = delete;
    RtcpGathering& operator=(const RtcpGathering&) = delete;

   private:
    PeerLink* link_;
  };
  bool rtcp_gathered() const { return !rtcp_.empty(); }
  // How fast media may be produced; it is told of all that leaves and of the peer's feedback here.
  const flow::RateControl& rate() const { return rate_; }
  nanoseconds send_delay() const { return pacer_.delay(); }
  // The largest datagram that is known to get through to the other end.
  std::size_t datagram_bytes() const { return mtu_.bytes(); }
  // True: what a producer makes now would only wait. Asked again after each datagram and at next_deadline().
  bool line_full(flow::Pacer::Class cls) const { return pacer_.full(cls); }
  std::size_t queued_bytes(flow::Pacer::Class cls) const { return pacer_.queued_bytes(cls); }
  // What waits of the screen may not be seen any more.
  void drop_screen() {
    for (const auto cls : {flow::Pacer::Class::Tiles, flow::Pacer::Class::VideoAgain, flow::Pacer::Class::Video}) (void)pacer_.drop(cls);
  }
  // False: too long (16 KiB sealed) or empty.
  bool say(std::string text);
  const std::vector<ChatLine>& chat() const { return chat_; }

  void poll(LocalTime now);
  LocalTime next_deadline() const;
  void flush(LocalTime now);
  // Sends what waits (a Stop, the receipt) as far as it goes, then closes.
  void close();

  Rung rung() const { return rung_; }
  RungReason rung_reason() const { return rung_reason_; }
  // All about the way that a view needs: rung and reason of both ends, round trip, what failed.
  void fill(MediaView& media) const;
  std::optional<nanoseconds> rtt() const { return shown_rtt_; }   // for people: moves in noticeable steps
  LocalTime last_heard() const { return last_heard_; }
  bool line_lost() const { return line_lost_; }
  // Somebody depends on what comes: the other end is asked whether it is there, and silent() is true half a second after its
  // last word. For LineWatch::kAttention from now; told at each movement of a hand or of the picture.
  void attend() { watch_.attend(ports_.clock->now()); }
  bool silent() const { return line_lost_ || watch_.silent(); }
  bool peer_present() const { return peer_present_; }
  std::uint64_t bytes_sent() const { return bytes_sent_; }
  std::uint64_t bytes_received() const { return bytes_received_; }
  std::uint64_t refused_datagrams() const { return refused_datagrams_; }
  // A stamp of the peer's clock on ours; exact to half the asymmetry of the line. Only once a probe came back.
  std::optional<LocalTime> to_local(PeerTime stamp) const;

 private:
  static constexpr std::size_t kChatNumberBytes = 4;   // before the text, sealed with it: 1, 2, ... of each end
  struct PendingChat {
    Bytes client_id, sealed;
    std::size_t line;          // in chat_
  };
  void on_datagram(ByteSpan datagram);
  void on_plaintext(ByteSpan plaintext);
  void on_open();
  void heard();
  void on_probe(const wire::PathProbe& probe);
  void probe_size(LocalTime now);
  void told_size(std::size_t before);
  void tell_way();
  void on_way(const inner::MediaWay& way);
  void die(ports::ChannelFault fault);
  void pump_channel();
  void send_chat(const PendingChat& pending);
  void pump_media(LocalTime now);
  void apply_rate(LocalTime now);
  void tell_arrivals(LocalTime now);
  nanoseconds media_patience() const;
  void send_gathered_rtcp();
  bool seal_and_send(Bytes packet, flow::Pacer::Class cls, Bytes* sealed);

  const ports::End self_;
  const std::string session_id_;
  const Bytes leg_token_;
  std::unique_ptr<ports::SecureChannel> channel_;
  Ports ports_;
  Events events_;
  flow::TunnelStream tunnel_;
  flow::InnerMux mux_;
  std::unique_ptr<ports::Sealer> sealer_;
  std::unique_ptr<MediaPort> media_;
  flow::Pacer pacer_;
  flow::ScreamControl rate_;
  int tiles_made_kbps_ = 0, video_made_kbps_ = 0;   // the rate when the newest of them joined the pacer
  flow::FeedbackCollector arrivals_;
  flow::UpdateGuard guard_;
  flow::UpdateRepair repair_;
  flow::LineWatch watch_;
  flow::PathMtu mtu_;
  bool path_changed_ = false;                // another rung: sizes are looked for anew
  const Ssrc probe_ssrc_;
  std::uint32_t path_nonce_ = 0;
  int gathering_ = 0;
  Bytes rtcp_;                               // gathered, not sealed yet
  bool opened_ = false, dead_ = false, control_ready_ = true, peer_present_ = true, peer_seen_ = false;
  bool line_lost_ = false;
  LocalTime last_heard_{}, media_heard_{}, probe_due_ = kNever;
  std::optional<LocalTime> unanswered_since_;   // media went out since then and none came back
  std::uint64_t probe_nonce_ = 0;
  std::optional<nanoseconds> rtt_, shown_rtt_;
  struct Offset { nanoseconds rtt; nanoseconds peer_minus_local; LocalTime at; };
  std::optional<Offset> offset_;
  Rung rung_ = Rung::None;
  RungReason rung_reason_ = RungReason::StillTrying, told_reason_ = RungReason::StillTrying, peer_reason_ = RungReason::StillTrying;
  Rung told_rung_ = Rung::None, peer_rung_ = Rung::None;   // what the other end was told of ours; its own
  std::vector<ChatLine> chat_;
  std::vector<PendingChat> pending_chat_;    // not yet ordered by the relay; sent again after a rejoin
  std::uint64_t chat_seq_ = 0;
  std::uint32_t chat_said_ = 0, chat_heard_ = 0;   // the newest number of our own lines, and of the peer's
  std::set<Bytes> chat_taken_;               // client ids of the peer's lines: the relay may say them again under later numbers
  std::uint64_t bytes_sent_ = 0, bytes_received_ = 0, refused_datagrams_ = 0;
};

}  // namespace beside::session
