// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/session/peer_link.h"

#include <algorithm>
#include <utility>

#include "engine/base/log.h"

namespace beside::session {
namespace {

// What the tunnel holds unacknowledged before the mux may put in more: bytes that are in cannot be overtaken.
constexpr std::size_t kTunnelFill = 64 * 1024;
constexpr std::size_t kMostGathered = 1000;   // bytes of RTCP that share a datagram; it grows by its seal
constexpr std::size_t kMostChatText = 8 * 1024;
constexpr std::size_t kMostChatLines = 2000;

// What congestion control looks after: media in bulk. Input and cursor cells are few and are acknowledged in themselves.
bool is_bulk(std::uint8_t payload_type) {
  return payload_type != wire::kPayloadInput && payload_type != wire::kPayloadCursor;
}
bool is_rtcp(ByteSpan datagram) { return datagram[1] >= 192 && datagram[1] <= 223; }   // RFC 5761

Ssrc random_ssrc(const std::function<void(MutableByteSpan)>& random) {
  std::uint8_t raw[4];
  random(raw);
  return Ssrc{ByteReader(raw).u32()};
}

}  // namespace

PeerLink::PeerLink(ports::End self, std::string session_id, Bytes leg_token, std::unique_ptr<ports::SecureChannel> channel,
                   Ports ports, Events events)
    : self_(self), session_id_(std::move(session_id)), leg_token_(std::move(leg_token)), channel_(std::move(channel)),
      ports_(std::move(ports)), events_(std::move(events)), tunnel_(session_id_), arrivals_(random_ssrc(ports_.random)),
      guard_(random_ssrc(ports_.random), 0), probe_ssrc_(random_ssrc(ports_.random)), last_heard_(ports_.clock->now()) {}

PeerLink::~PeerLink() = default;

std::array<std::string, 4> PeerLink::check_words(const std::string& language) const {
  return opened_ ? channel_->check_words(language) : std::array<std::string, 4>{};
}

// ---- tunnel and channel ----

void PeerLink::on_tunnel(const control::Tunnel& piece) {
  if (dead_) return;
  const LocalTime now = ports_.clock->now();
  auto bytes = tunnel_.receive(piece, now);
  if (!bytes) {
    BS_LOG_LIMITED(Warn, "tunnel", "{}", dump_error(bytes.error()));
    return die(opened_ ? ports::ChannelFault::TlsError : ports::ChannelFault::Malformed);
  }
  if (!bytes->empty()) {
    const auto taken = channel_->receive(*bytes, now);
    pump_channel();
    if (!taken || channel_->state() == ports::ChannelState::Dead) return die(channel_->fault());
  }
  flush(now);
}

void PeerLink::pump_channel() {
  if (!opened_ && channel_->state() == ports::ChannelState::Open) on_open();
  if (dead_) return;
  if (opened_) {
    const Bytes plaintext = channel_->take_plaintext();
    if (!plaintext.empty()) on_plaintext(plaintext);
  }
}

void PeerLink::on_open() {
  auto sealer = ports_.make_sealer(*channel_, self_, session_id_);
  if (!sealer) {
    BS_LOG(Error, "session", "no media keys: {}", dump_error(sealer.error()));
    return die(ports::ChannelFault::TlsError);
  }
  sealer_ = std::move(*sealer);
  opened_ = true;
  last_heard_ = ports_.clock->now();
  probe_due_ = last_heard_;
  events_.opened();
}

void PeerLink::on_plaintext(ByteSpan plaintext) {
  auto messages = mux_.receive(plaintext);
  if (!messages) {
    BS_LOG_LIMITED(Warn, "session", "{}", dump_error(messages.error()));
    return die(ports::ChannelFault::TlsError);
  }
  heard();
  for (const auto& raw : *messages) {
    auto message = wire::parse_inner(raw.bytes);
    if (!message) {
      BS_LOG_LIMITED(Warn, "session", "{}", dump_error(message.error()));
      return die(ports::ChannelFault::TlsError);
    }
    const LocalTime now = ports_.clock->now();
    if (message->has_probe()) {
      inner::Inner reply;
      reply.mutable_probe_reply()->set_nonce(message->probe().nonce());
      reply.mutable_probe_reply()->set_sent_us(message->probe().sent_us());
      reply.mutable_probe_reply()->set_received_us(to_us(now));
      (void)send(reply);
    } else if (message->has_probe_reply()) {
      const auto& reply = message->probe_reply();
      const nanoseconds rtt = microseconds(to_us(now) - reply.sent_us());
      if (reply.nonce() != probe_nonce_ || rtt < 0ns || rtt > 60s) continue;
      rtt_ = rtt_ ? (*rtt_ * 3 + rtt) / 4 : rtt;
      const nanoseconds difference = microseconds(reply.received_us()) - microseconds(reply.sent_us()) - rtt / 2;
      if (!offset_ || rtt <= offset_->rtt || now - offset_->at > 60s) offset_ = Offset{rtt, difference, now};
      // A figure that moves every second would redraw both windows for nothing: told when it has moved noticeably.
      const nanoseconds moved = shown_rtt_ ? std::chrono::abs(*rtt_ - *shown_rtt_) : nanoseconds::max();
      if (moved > std::max<nanoseconds>(3ms, shown_rtt_.value_or(0ns) / 4)) {
        shown_rtt_ = rtt_;
        events_.changed();
      }
    } else {
      events_.message(*message);
    }
    if (dead_) return;
  }
}

bool PeerLink::send(const inner::Inner& message, std::uint8_t stream) {
  if (!opened_ || dead_) return false;
  if (const auto ok = wire::check_inner(message); !ok) {
    BS_LOG_LIMITED(Warn, "session", "our own message: {}", dump_error(ok.error()));
    return false;
  }
  const auto queued = mux_.send(stream, wire::serialize_inner(message));
  if (!queued) BS_LOG_LIMITED(Warn, "session", "{}", dump_error(queued.error()));
  flush(ports_.clock->now());
  return static_cast<bool>(queued);
}

void PeerLink::flush(LocalTime now) {
  if (dead_) return;
  if (opened_ && tunnel_.unacknowledged() < kTunnelFill) {
    const Bytes frames = mux_.take_outgoing(kTunnelFill - tunnel_.unacknowledged());
    if (!frames.empty()) {
      if (const auto sent = channel_->send(frames); !sent) return die(channel_->fault());
    }
  }
  const Bytes sealed = channel_->take_outgoing();
  if (!sealed.empty()) {
    if (const auto written = tunnel_.write(sealed); !written) {
      BS_LOG(Warn, "tunnel", "{}", dump_error(written.error()));
      return die(ports::ChannelFault::TlsError);
    }
  }
  if (!control_ready_) return;
  while (auto piece = tunnel_.poll(now)) {
    control::Envelope out;
    *out.mutable_tunnel() = std::move(*piece);
    if (!ports_.send_control(out)) break;
  }
}

void PeerLink::die(ports::ChannelFault fault) {
  if (dead_) return;
  // Best effort: the other end learns why from our last words.
  const Bytes last = channel_->take_outgoing();
  if (!last.empty() && tunnel_.write(last) && control_ready_) {
    while (auto piece = tunnel_.poll(ports_.clock->now())) {
      control::Envelope out;
      *out.mutable_tunnel() = std::move(*piece);
      if (!ports_.send_control(out)) break;
    }
  }
  dead_ = true;
  media_.reset();
  events_.fault(fault);
}

void PeerLink::close() {
  if (dead_) return;
  flush(ports_.clock->now());
  dead_ = true;
  media_.reset();
}

// ---- relay ----

void PeerLink::on_peer_state(bool present) {
  peer_present_ = present;
  peer_seen_ = peer_seen_ || present;
  if (!present && peer_seen_ && !opened_) return on_peer_gone();  // a disconnect in the exchange kills the code
  if (present && opened_) tunnel_.rejoined(ports_.clock->now());
  flush(ports_.clock->now());
  events_.changed();
}

void PeerLink::on_peer_gone() {
  if (dead_ || opened_) return;
  channel_->peer_gone(ports_.clock->now());
  if (channel_->state() == ports::ChannelState::Dead) die(channel_->fault());
}

void PeerLink::control_down() { control_ready_ = false; }

void PeerLink::control_up(std::uint64_t request_id) {
  control::Envelope out;
  out.mutable_rejoin_session()->set_request_id(request_id);
  out.mutable_rejoin_session()->set_session_id(session_id_);
  out.mutable_rejoin_session()->set_leg_token(as_text(leg_token_).data(), leg_token_.size());
  (void)ports_.send_control(out);
}

void PeerLink::on_rejoined(const control::Rejoined& rejoined) {
  control_ready_ = true;
  peer_present_ = rejoined.peer_present();
  on_ticket(rejoined.ticket());
  // A relay that was started anew knows no leg's address any more: without asking at once, media would go into the dark
  // until the next consent check.
  if (media_) media_->probe_now();
  tunnel_.rejoined(ports_.clock->now());
  flush(ports_.clock->now());
  control::Envelope fetch;
  fetch.mutable_chat_fetch()->set_session_id(session_id_);
  fetch.mutable_chat_fetch()->set_after_seq(chat_seq_);
  (void)ports_.send_control(fetch);
  for (const PendingChat& pending : pending_chat_) send_chat(pending);
}

void PeerLink::on_ticket(const control::Ticket& ticket) {
  if (media_) media_->set_ticket(ticket);
  else start_media(ticket);
}

// ---- media ----

void PeerLink::start_media(const control::Ticket& ticket) {
  if (dead_) return;
  media_ = ports_.make_media(
      ticket, {[this](ByteSpan d) { on_datagram(d); },
               [this](Rung rung, RungReason reason) {
                 if (rung != rung_ && rung_ != Rung::None) rate_.new_path(ports_.clock->now());
                 rung_ = rung;
                 rung_reason_ = reason;
                 events_.changed();
               },
               [this] {
                 control::Envelope out;
                 out.mutable_renew_ticket()->set_session_id(session_id_);
                 (void)ports_.send_control(out);
               }});
}

void PeerLink::on_datagram(ByteSpan datagram) {
  bytes_received_ += datagram.size();
  const RtcpGathering together(this);
  if (!sealer_ || dead_ || datagram.size() < 12) return;
  Bytes packet = to_bytes(datagram);
  const bool rtcp = is_rtcp(packet);
  if (const auto opened = rtcp ? sealer_->open_rtcp(packet) : sealer_->open_rtp(packet); !opened) {
    ++refused_datagrams_;
    return;
  }
  if (opened_ && ports_.clock->now() - media_heard_ > kHole && events_.returned) events_.returned();
  media_heard_ = ports_.clock->now();
  heard();
  unanswered_since_.reset();
  if (rtcp) {
    auto packets = wire::parse_rtcp(packet);
    if (!packets) {
      ++refused_datagrams_;
      return;
    }
    const LocalTime now = ports_.clock->now();
    for (const auto& one : *packets) {
      if (const auto* feedback = std::get_if<wire::CcFeedback>(&one)) rate_.on_feedback(*feedback, now);
      if (const auto* probe = std::get_if<wire::PathProbe>(&one)) on_probe(*probe);
    }
    if (dead_) return;
    pump_media(now);
    events_.rtcp(*packets);
  } else if (auto parsed = wire::parse_rtp(packet)) {
    if (is_bulk(parsed->header.payload_type)) {
      const LocalTime now = ports_.clock->now();
      arrivals_.on_packet(parsed->header.ssrc, parsed->header.seq, parsed->header.marker, now);
      tell_arrivals(now);
      if (parsed->header.payload_type != wire::kPayloadFec) events_.rtp(*parsed, packet);
      if (dead_) return;
      // What was lost and is made again from parity is taken as if it had just come.
      for (const Bytes& back : repair_.on_packet(*parsed, packet, now)) {
        if (const auto again = wire::parse_rtp(back); again && !dead_) events_.rtp(*again, back);
      }
      return;
    }
    events_.rtp(*parsed, packet);
  } else {
    ++refused_datagrams_;
  }
}

// That it came is all that matters to us; heard() was told.
void PeerLink::on_probe(const wire::PathProbe& probe) {
  if (!probe.answer) send_rtcp({wire::PathProbe{probe_ssrc_, probe.nonce, true}});
}

bool PeerLink::send_rtp(Bytes packet, flow::Pacer::Class cls, Bytes* sealed) {
  if (!sealer_ || dead_) return false;
  const auto header = wire::peek_rtp(packet);
  std::vector<Bytes> parity;
  if (header && is_bulk(header->payload_type)) parity = guard_.on_packet(packet, rate_, ports_.clock->now());
  if (!seal_and_send(std::move(packet), cls, sealed)) return false;
  for (Bytes& more : parity) (void)seal_and_send(std::move(more), cls, nullptr);
  return true;
}

bool PeerLink::seal_and_send(Bytes packet, flow::Pacer::Class cls, Bytes* sealed) {
  if (const auto done = sealer_->seal_rtp(packet); !done) {
    BS_LOG_LIMITED(Warn, "session", "{}", dump_error(done.error()));
    return false;
  }
  if (sealed != nullptr) *sealed = packet;
  send_sealed(std::move(packet), cls);
  return true;
}

void PeerLink::send_sealed(Bytes sealed, flow::Pacer::Class cls) {
  (void)pacer_.add(cls, std::move(sealed));
  if (cls == flow::Pacer::Class::Urgent) pump_media(ports_.clock->now());
}

void PeerLink::send_rtcp(const std::vector<wire::RtcpPacket>& packets) {
  if (!sealer_ || dead_ || packets.empty()) return;
  const Bytes bytes = wire::build_rtcp(packets);
  if (rtcp_.size() + bytes.size() > kMostGathered) send_gathered_rtcp();
  rtcp_.insert(rtcp_.end(), bytes.begin(), bytes.end());
  if (gathering_ == 0) send_gathered_rtcp();
}

void PeerLink::send_gathered_rtcp() {
  Bytes bytes = std::exchange(rtcp_, {});
  if (bytes.empty() || !sealer_ || dead_) return;
  if (sealer_->seal_rtcp(bytes)) send_sealed(std::move(bytes), flow::Pacer::Class::Urgent);
}

void PeerLink::tell_arrivals(LocalTime now) {
  if (auto feedback = arrivals_.poll(now)) send_rtcp({std::move(*feedback)});
}

void PeerLink::apply_rate() {
  pacer_.set_rate_kbps(rate_.pacing_kbps());
  pacer_.set_window(rate_.send_window());
}

void PeerLink::pump_media(LocalTime now) {
  const std::size_t timeouts = rate_.timeouts();
  rate_.poll(now);
  // Nothing is heard of what we sent, though the other end may still be heard: the way there alone may be dead.
  if (rate_.timeouts() != timeouts && media_) media_->probe_now();
  apply_rate();
  while (media_ && pacer_.next_deadline() <= now) {
    const std::vector<Bytes> burst = pacer_.poll(now);
    if (burst.empty()) break;
    std::vector<ByteSpan> views(burst.begin(), burst.end());
    for (const Bytes& packet : burst) {
      bytes_sent_ += packet.size();
      if (is_rtcp(packet)) continue;
      const auto header = wire::peek_rtp(packet);
      if (header && is_bulk(header->payload_type)) rate_.on_sent(header->ssrc, header->seq, packet.size(), now);
    }
    if (!unanswered_since_) unanswered_since_ = now;
    (void)media_->send(views);
  }
}

// ---- chat ----

bool PeerLink::say(std::string text) {
  if (!sealer_ || dead_ || text.empty() || text.size() > kMostChatText || !is_utf8(text)) return false;
  Bytes client_id(16);
  ports_.random(client_id);
  Bytes plain;
  ByteWriter writer(plain);
  writer.u32(++chat_said_);
  writer.bytes(as_bytes(text));
  Bytes sealed = sealer_->seal_chat(plain, client_id);
  pending_chat_.push_back({std::move(client_id), std::move(sealed), chat_.size()});
  if (control_ready_) send_chat(pending_chat_.back());
  ChatLine line;
  line.mine = line.pending = true;
  line.text = std::move(text);
  line.at_unix_ms = ports_.clock->unix_ms();
  chat_.push_back(std::move(line));
  events_.changed();
  return true;
}

// The relay knows a repetition by its client id, so sending again is harmless.
void PeerLink::send_chat(const PendingChat& pending) {
  control::Envelope out;
  control::Chat& chat = *out.mutable_chat();
  chat.set_session_id(session_id_);
  chat.set_client_id(as_text(pending.client_id).data(), pending.client_id.size());
  chat.set_sealed(as_text(pending.sealed).data(), pending.sealed.size());
  (void)ports_.send_control(out);
}

void PeerLink::on_chat(const control::ChatDelivered& chat) {
  if (!sealer_ || dead_ || chat.seq() <= chat_seq_) return;
  const Bytes client_id = to_bytes(as_bytes(chat.client_id()));
  const ports::End sender = chat.from_operator() ? ports::End::Operator : ports::End::Customer;
  chat_seq_ = chat.seq();
  if (sender == self_) {
    for (std::size_t i = 0; i < pending_chat_.size(); ++i) {
      if (pending_chat_[i].client_id != client_id) continue;
      ChatLine& line = chat_[pending_chat_[i].line];
      line.pending = false;
      line.seq = chat.seq();
      pending_chat_.erase(pending_chat_.begin() + static_cast<std::ptrdiff_t>(i));
      break;
    }
  } else if (auto plain = sealer_->open_chat(as_bytes(chat.sealed()), client_id, sender);
             plain && plain->size() > kChatNumberBytes && is_utf8(as_text(ByteSpan(*plain).subspan(kChatNumberBytes))) &&
             chat_.size() < kMostChatLines && chat_taken_.insert(client_id).second) {
    const std::uint32_t number = ByteReader(*plain).u32();
    ChatLine line;
    line.seq = chat.seq();
    line.text = to_string(ByteSpan(*plain).subspan(kChatNumberBytes));
    line.after_gap = number != chat_heard_ + 1;
    chat_heard_ = std::max(chat_heard_, number);
    line.at_unix_ms = chat.at_unix_ms();
    chat_.push_back(std::move(line));
  } else {
    ++refused_datagrams_;
  }
  events_.changed();
}

// ---- time ----

void PeerLink::heard() {
  last_heard_ = ports_.clock->now();
  const bool was_silent = watch_.silent();
  watch_.heard(last_heard_);
  if (was_silent) events_.changed();
  if (!line_lost_) return;
  line_lost_ = false;
  events_.line(false, last_heard_);
}

void PeerLink::poll(LocalTime now) {
  if (dead_) return;
  channel_->poll(now);
  if (channel_->state() == ports::ChannelState::Dead) return die(channel_->fault());
  if (opened_ && probe_due_ <= now) {
    probe_due_ = now + kHeartbeat;
    inner::Inner probe;
    probe.mutable_probe()->set_nonce(++probe_nonce_);
    probe.mutable_probe()->set_sent_us(to_us(now));
    if (!mux_.has_outgoing() || !line_lost_) (void)send(probe);
    if (!line_lost_ && now - last_heard_ > kLineSilence) {
      line_lost_ = true;
      if (media_) media_->probe_now();
      events_.line(true, last_heard_);
      if (dead_) return;
    }
  }
  if (opened_ && watch_.next_deadline() <= now) {
    const bool was_silent = watch_.silent();
    watch_.set_rtt(rate_.rtt().value_or(rtt_.value_or(0ns)));
    if (watch_.poll(now)) send_rtcp({wire::PathProbe{probe_ssrc_, ++path_nonce_}});
    if (watch_.silent() != was_silent) events_.changed();
    if (dead_) return;
  }
  // What we send over media is answered within a round trip (feedback, acknowledgements). A path that died in mid-session
  // is noticed by that, long before its consent check runs out.
  if (media_ && unanswered_since_ && now - *unanswered_since_ > kMediaSilence) {
    media_->probe_now();
    unanswered_since_ = now;
  }
  flush(now);
  tell_arrivals(now);
  pump_media(now);
}

LocalTime PeerLink::next_deadline() const {
  if (dead_) return kNever;
  LocalTime next = std::min({channel_->next_deadline(), tunnel_.next_deadline(), probe_due_, opened_ ? watch_.next_deadline() : kNever});
  if (media_) next = std::min({next, pacer_.next_deadline(), rate_.next_deadline(), arrivals_.next_deadline()});
  return next;
}

std::optional<LocalTime> PeerLink::to_local(PeerTime stamp) const {
  if (!offset_) return std::nullopt;
  return LocalTime(stamp.time_since_epoch() - offset_->peer_minus_local);
}

}  // namespace beside::session
