// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/session/peer_link.h"

#include <algorithm>

#include "engine/base/log.h"

namespace beside::session {
namespace {

// What the tunnel holds unacknowledged before the mux may put in more: bytes that are in cannot be overtaken.
constexpr std::size_t kTunnelFill = 64 * 1024;
constexpr std::size_t kMostChatText = 8 * 1024;
constexpr std::size_t kMostChatLines = 2000;

Ssrc random_ssrc(const std::function<void(MutableByteSpan)>& random) {
  std::uint8_t raw[4];
  random(raw);
  return Ssrc{ByteReader(raw).u32()};
}

// Nobody does anything and nothing moves: the line is not watched, and what goes out may need no answer.
bool at_rest(const flow::LineWatch& watch) { return watch.next_deadline() == kNever; }

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
  tell_way();
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
    } else if (message->has_media_way()) {
      on_way(message->media_way());
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

void PeerLink::control_down() {
  control_ready_ = false;
  // A relay that dies closes this connection at once: nobody waits for silence. Asked from now on, it has the leg again within a
  // round trip or two of its return.
  if (media_) media_->probe_now();
}

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
  if (media_ && unanswered_since_ && now - *unanswered_since_ >= media_patience()) {
    media_->probe_now();
    // At rest once is enough: the path looks after itself.
    unanswered_since_ = at_rest(watch_) ? std::nullopt : std::optional(now);
  }
  flush(now);
  tell_arrivals(now);
  probe_size(now);
  pump_media(now);
}

// Several round trips: a translator on the way that forgot us is found before anybody types the next word. At rest there is time.
nanoseconds PeerLink::media_patience() const {
  if (at_rest(watch_)) return kMediaSilence;
  const auto rtt = rate_.rtt() ? rate_.rtt() : rtt_;
  return rtt ? std::clamp<nanoseconds>(3 * *rtt, 150ms, kMediaSilence) : nanoseconds(kMediaSilence);
}

LocalTime PeerLink::next_deadline() const {
  if (dead_) return kNever;
  LocalTime next = std::min({channel_->next_deadline(), probe_due_, opened_ ? watch_.next_deadline() : kNever});
  // What waits in the tunnel cannot leave while there is no control connection: its return calls flush().
  if (control_ready_) next = std::min(next, tunnel_.next_deadline());
  if (media_) next = std::min({next, pacer_.next_deadline(), rate_.next_deadline(), arrivals_.next_deadline()});
  if (media_ && unanswered_since_) next = std::min(next, *unanswered_since_ + media_patience());
  if (media_ && opened_) next = path_changed_ && rung_ != Rung::None ? LocalTime::min() : std::min(next, mtu_.next_deadline());
  return next;
}

std::optional<LocalTime> PeerLink::to_local(PeerTime stamp) const {
  if (!offset_) return std::nullopt;
  return LocalTime(stamp.time_since_epoch() - offset_->peer_minus_local);
}

}  // namespace beside::session
