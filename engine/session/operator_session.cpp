// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/session/operator_session.h"

#include <algorithm>
#include <utility>

#include "engine/base/log.h"
#include "engine/wire/session_code.h"

namespace beside::session {
namespace {

using ports::JournalKind;

constexpr auto kCodeSession = 5min;        // how long a lost customer may come back

std::string six_digits(const std::function<void(MutableByteSpan)>& random) {
  // Rejection keeps every one of the million equally likely.
  for (;;) {
    std::uint8_t raw[4];
    random(raw);
    const std::uint32_t value = ByteReader(raw).u32();
    if (value >= 4'294'000'000u) continue;
    std::string text = std::to_string(value % 1'000'000);
    return std::string(6 - text.size(), '0') + text;
  }
}

}  // namespace

OperatorSession::OperatorSession(const OperatorPorts& ports, std::uint32_t local_id, NewSession order,
                                 std::function<bool(const control::Envelope&)> send_control, Events events)
    : ports_(ports), local_id_(local_id), order_(std::move(order)), send_control_(std::move(send_control)),
      events_(std::move(events)) {
  notice_id_ = std::uint64_t{local_id_} << 32;   // no two sessions' notices share a number
  std::uint8_t raw[8];
  ports_.random(raw);
  ByteReader random(raw);
  own_ssrc_ = random.u32();
  input_ssrc_ = random.u32();
}

OperatorSession::~OperatorSession() {
  screen_.reset();
}

void OperatorSession::note(JournalKind kind, Rights rights, std::string text) { record_.note(kind, rights, std::move(text)); }

// ---- the code ----

void OperatorSession::created(const control::SessionCreated& created, const std::string& relay_name) {
  code_wanted_ = false;
  SecretText secret(six_digits(ports_.random));
  code_ = wire::make_code(created.locator(), secret);
  code_expires_ = ports_.clock->now() + seconds(created.valid_s());
  ChannelRequest request;
  request.role = ports::End::Operator;
  request.secret = std::move(secret);
  request.relay_name = relay_name;
  request.locator = created.locator();
  auto channel = ports_.make_channel(std::move(request));
  if (!channel || code_.empty()) {
    BS_LOG(Error, "session", "no channel: {}", channel ? "bad locator" : dump_error(channel.error()));
    stage_ = SessionStage::Ended;
    end_.cause = EndView::Cause::Error;
    return events_.changed();
  }
  PeerLink::Ports link_ports;
  link_ports.clock = ports_.clock;
  link_ports.send_control = send_control_;
  link_ports.make_sealer = ports_.make_sealer;
  link_ports.make_media = ports_.make_media;
  link_ports.random = ports_.random;
  PeerLink::Events events;
  events.opened = [this] { opened(); };
  events.fault = [this](ports::ChannelFault f) { fault(f); };
  events.message = [this](const inner::Inner& m) { on_message(m); };
  events.rtp = [this](const wire::RtpPacket& p, ByteSpan whole) { on_rtp(p, whole); };
  events.rtcp = [](const std::vector<wire::RtcpPacket>&) {};
  events.line = [this](bool lost, LocalTime) {
    if (stage_ != SessionStage::Live && stage_ != SessionStage::Recovering) return;
    stage_ = lost ? SessionStage::Recovering : SessionStage::Live;
    if (!lost) refresh();
    events_.changed();
  };
  events.returned = [this] {
    if (events_.line_returned) events_.line_returned();
  };
  events.changed = [this] { events_.changed(); };
  stage_ = SessionStage::WaitingForCustomer;
  link_ = std::make_unique<PeerLink>(ports::End::Operator, created.session_id(), to_bytes(as_bytes(created.leg_token())),
                                     std::move(*channel), std::move(link_ports), std::move(events));
  link_->start_media(created.ticket());
  events_.changed();
}

// ---- live ----

void OperatorSession::opened() {
  stage_ = SessionStage::Live;
  code_.clear();
  code_expires_ = kNever;
  replaces_dead_ = false;
  notice_ = {};
  began_ = ports_.clock->now();
  peer_.verified = Verified::ByCode;
  (void)record_.begin(ports_.make_journal(), link_->session_id());
  const auto no_record = [this] {
    notice_ = {NoticeKind::DiskFull, {}, ++notice_id_};
    events_.changed();
  };
  const bool kept = record_.on_failure([post = ports_.post, alive = std::weak_ptr<int>(alive_), no_record] {
    post([alive, no_record] {
      if (!alive.expired()) no_record();
    });
  });
  if (!kept) no_record();
  inner::Inner hello;
  inner::Introduce& me = *hello.mutable_introduce();
  me.set_name(ports_.person);
  me.set_organisation(ports_.organisation);
  me.set_program_version(ports_.identity.version);
  me.set_built_rights(kBuiltRights.bits);
  me.set_locale(ports_.language);
  me.add_video_codecs(1);
  me.add_video_codecs(2);
  if (ports_.decodes_av1) {
    me.add_video_codecs(3);
    me.add_video_codecs(4);
  }
  me.set_scales_video(true);
  me.set_system(ports_.system);
  (void)link_->send(hello);
  if (!order_.ask_on_connect.empty()) ask(order_.ask_on_connect, order_.reason);
  events_.changed();
}

void OperatorSession::on_message(const inner::Inner& message) {
  if (!link_) return;
  if (record_.on_message(message, *link_, end_)) return events_.changed();
  if (stage_ == SessionStage::Ended) return;   // only receipts after the end
  switch (message.body_case()) {
    case inner::Inner::kIntroduce:
      peer_.name = message.introduce().name();
      peer_.organisation = message.introduce().organisation();
      peer_.system = message.introduce().system();
      offered_ = Rights(message.introduce().built_rights()) & kBuiltRights;
      if (offered_.empty()) notice_ = {NoticeKind::PeerCannotShare, {peer_.system.empty() ? "?" : peer_.system}, ++notice_id_};
      else if (!offered_.has(Right::Control)) notice_ = {NoticeKind::PeerCannotBeControlled, {}, ++notice_id_};
      peer_.check_words = link_->check_words(message.introduce().locale().substr(0, 2));
      note(JournalKind::PeerVerified, {}, peer_.name.empty() ? "customer, by code" : peer_.name);
      break;
    case inner::Inner::kAnswer: {
      if (message.answer().ask_id() != ask_id_) break;
      const Rights given(message.answer().granted());
      refused_ = asked_ - given;
      note(given.empty() ? JournalKind::Refused : JournalKind::Granted, given.empty() ? asked_ : given, ask_reason_);
      asked_ = Rights();
      break;
    }
    case inner::Inner::kRightsNow: on_rights(message.rights_now()); break;
    case inner::Inner::kStop:
      switch (message.stop().reason()) {
        case inner::Stop::CUSTOMER_KEYS: end(EndView::Cause::CustomerKeys); break;
        case inner::Stop::PANEL_CLOSED: end(EndView::Cause::PanelClosed); break;
        case inner::Stop::CUSTOMER_BUTTON: end(EndView::Cause::CustomerStop); break;
        default: end(EndView::Cause::Error); break;
      }
      break;
    case inner::Inner::kPause:
      if (message.pause().paused() != paused_by_customer_ && message.pause().paused()) note(JournalKind::ControlPaused, Right::Control, "");
      paused_by_customer_ = message.pause().paused();
      refused_events_ = message.pause().refused_events();
      break;
    case inner::Inner::kLayout: {
      DesktopLayout layout;
      layout.generation = message.layout().generation();
      layout.width = static_cast<int>(message.layout().width());
      layout.height = static_cast<int>(message.layout().height());
      for (const inner::Monitor& m : message.layout().monitors()) {
        layout.monitors.push_back({m.id(), {m.x(), m.y(), static_cast<int>(m.width()), static_cast<int>(m.height())}, m.name(), m.primary()});
      }
      layout_ = std::move(layout);
      break;
    }
    case inner::Inner::kHidden: on_hidden(message.hidden()); break;
    case inner::Inner::kVideoBudget:
      media_.most_fps = static_cast<int>(message.video_budget().most_fps());
      media_.video_scale = static_cast<int>(message.video_budget().scale());
      BS_LOG(Info, "session", "the customer's end gives up pictures: most_fps={} scale={}", media_.most_fps, media_.video_scale);
      break;
    case inner::Inner::kVideoOffer: on_offer(message.video_offer()); break;
    case inner::Inner::kTileOffer: on_tile_offer(message.tile_offer()); break;
    case inner::Inner::kCursorShape: {
      const inner::CursorShape& shape = message.cursor_shape();
      ports::CursorImage image;
      image.serial = shape.serial();
      image.width = static_cast<int>(shape.width());
      image.height = static_cast<int>(shape.height());
      image.hot_x = static_cast<int>(shape.hot_x());
      image.hot_y = static_cast<int>(shape.hot_y());
      image.bgra = to_bytes(as_bytes(shape.bgra()));
      ports_.cursor_shape(local_id_, std::move(image));
      return;
    }
    case inner::Inner::kTyping: peer_typing_ = message.typing().typing(); break;
    default: break;
  }
  events_.changed();
}

void OperatorSession::on_rights(const inner::RightsNow& now) {
  if (now.revision() < rights_revision_) return;
  rights_revision_ = now.revision();
  const Rights before = granted_ | paused_;
  granted_ = Rights(now.rights()) & kBuiltRights;
  record_.in_force(granted_, ports_.clock->now());
  paused_ = now.cause() == 3 || now.cause() == 4 ? before - granted_ : Rights();
  if (now.cause() == 2 && !(before - granted_).empty()) note(JournalKind::Revoked, before - granted_, "by the customer");
  if (now.cause() == 3 || now.cause() == 4) note(JournalKind::Paused, before - granted_, "");
  if (now.monitor_id() != 0) monitor_id_ = now.monitor_id();
  // A line that was down takes nothing back: the picture is veiled, and goes on from where it was.
  if (!granted_.has(Right::See) && before.has(Right::See) && now.cause() != 3) drop_screen();
}

void OperatorSession::on_hidden(const inner::Hidden& hidden) {
  hidden_ = {hidden.windows(), hidden.monitors(), hidden.areas(), hidden.one_window()};
  note(JournalKind::Hidden, {}, std::to_string(hidden_.windows) + " windows, " + std::to_string(hidden_.monitors) + " monitors, " +
                                    std::to_string(hidden_.areas) + " areas, by the customer" +
                                    (hidden_.one_window ? "; one window only is shown" : ""));
}

// ---- what the operator does ----

void OperatorSession::ask(Rights rights, std::string reason) {
  if (stage_ != SessionStage::Live || rights.empty()) return;
  if (reason.size() > 200) reason.resize(200);
  while (!is_utf8(reason)) reason.pop_back();
  asked_ = rights & kBuiltRights;
  refused_ = Rights();
  ask_reason_ = reason;
  inner::Inner out;
  out.mutable_ask()->set_ask_id(++ask_id_);
  out.mutable_ask()->set_rights(asked_.bits);
  out.mutable_ask()->set_reason(reason);
  if (link_->send(out)) note(JournalKind::Asked, asked_, reason);
  events_.changed();
}

void OperatorSession::withdraw_ask() {
  if (asked_.empty()) return;
  asked_ = Rights();
  inner::Inner out;
  out.mutable_withdraw()->set_ask_id(ask_id_);
  (void)link_->send(out);
  events_.changed();
}

void OperatorSession::choose_monitor(std::uint32_t monitor_id) {
  if (!link_ || stage_ != SessionStage::Live) return;
  inner::Inner out;
  out.mutable_choose_monitor()->set_monitor_id(monitor_id);
  (void)link_->send(out, flow::InnerMux::kMedia);
}

void OperatorSession::input(const InputEvent& event) {
  // What lets go uses no right. If it were kept back while a right rests, the key would repeat once the right is back.
  const bool lets_go = event.kind == InputKind::ReleaseAll || event.kind == InputKind::KeyUp || event.kind == InputKind::ButtonUp;
  if (!link_ || (stage_ != SessionStage::Live && !lets_go)) return;
  const bool pointing = event.kind == InputKind::PointMark || event.kind == InputKind::PointHide;
  const Right needed = pointing ? Right::Point : Right::Control;
  if (!granted_.has(needed) && !lets_go) {
    BS_LOG(Debug, "input", "an event without a right to it");
    return;
  }
  const LocalTime now = ports_.clock->now();
  link_->attend();
  drop_stale_input(now);
  if (const auto added = input_.add(event, now); !added) {
    BS_LOG_LIMITED(Warn, "input", "{}", dump_error(added.error()));
    return;
  }
  BS_LOG(Debug, "input", "one event more, {} not acknowledged", input_.unacknowledged());
  if (granted_.has(needed)) {
    if (!record_.used().has(needed)) note(JournalKind::Used, needed, "");
    record_.use(needed);
  }
  send_input(now);
  ports_.wake();
}

// His pointer moves over the picture: he is about to act on what he sees.
void OperatorSession::watch_picture() {
  if (!link_ || !granted_.has(Right::See)) return;
  link_->attend();
  ports_.wake();
}

// What was typed before the line went is carried out only if it is back soon: later the screen may show anything.
void OperatorSession::drop_stale_input(LocalTime now) {
  const std::size_t dropped = input_.drop_stale(link_->last_heard(), now);
  if (dropped == 0) return;
  BS_LOG(Info, "input", "{} keys and clicks were dropped: the line was down for too long", dropped);
  notice_ = {NoticeKind::KeysDropped, {std::to_string(dropped)}, ++notice_id_};
  events_.changed();
}

void OperatorSession::send_input(LocalTime now) {
  if (!link_) return;
  drop_stale_input(now);
  for (const wire::Cell& cell : input_.poll(now)) {
    wire::RtpHeader header;
    header.payload_type = wire::kPayloadInput;
    header.seq = SeqNo{input_seq_++};
    header.timestamp = wire::to_90khz(now);
    header.ssrc = Ssrc{input_ssrc_};
    if (!link_->send_rtp(wire::build_rtp(header, cell), flow::Pacer::Class::Urgent)) break;
  }
}

void OperatorSession::say(const std::string& text) {
  if (link_) (void)link_->say(text);
  mark_read();
}

void OperatorSession::typing(bool typing) {
  if (!link_) return;
  inner::Inner out;
  out.mutable_typing()->set_typing(typing);
  (void)link_->send(out);
}

void OperatorSession::mark_read() {
  if (link_) chat_read_ = link_->chat().size();
  events_.changed();
}

void OperatorSession::give_back(Rights rights) {
  if (!link_) return;
  granted_ = granted_ - rights;   // not used from here on, whatever the answer's way takes
  inner::Inner out;
  out.mutable_give_back()->set_rights(rights.bits);
  (void)link_->send(out);
  events_.changed();
}

void OperatorSession::words_confirmed(bool same) {
  if (same) peer_.verified = Verified::ByWords;
  else end(EndView::Cause::OperatorEnded);
  events_.changed();
}

void OperatorSession::dismiss_notice(std::uint64_t id) {
  if (notice_.id != id || notice_.kind == NoticeKind::None) return;
  if (notice_.kind != NoticeKind::SomebodyTriedWrongCode) replaces_dead_ = false;   // why was said, and read
  notice_ = {};
  events_.changed();
}

// ---- time ----

void OperatorSession::poll(LocalTime now) {
  dead_link_.reset();
  const PeerLink::RtcpGathering together(link_.get());
  if (link_) link_->poll(now);
  if (stage_ == SessionStage::Ended) {
    if (link_ && farewell_until_ != kNever && (record_.answered() || now >= farewell_until_)) {
      link_->flush(now);
      leave(end_.cause == EndView::Cause::OperatorEnded ? control::SessionEnded::OPERATOR_ENDED : control::SessionEnded::CUSTOMER_ENDED);
      link_->close();
      farewell_until_ = kNever;
      record_.end();
      events_.changed();
    }
    return;
  }
  if (stage_ == SessionStage::WaitingForCustomer && code_expires_ <= now) return end(EndView::Cause::Expired);
  if (!link_ || !link_->open()) return;
  send_input(now);
  watch_screenshot(now);
  if (!video_.empty()) drain_video(now);
  drain_tiles(now);
  if (stage_ == SessionStage::Recovering && now - link_->last_heard() > kCodeSession) end(EndView::Cause::PeerLost);
}

LocalTime OperatorSession::next_deadline() const {
  if (dead_link_) return ports_.clock->now();
  if (stage_ == SessionStage::Ended) return link_ ? std::min(farewell_until_, link_->next_deadline()) : kNever;
  LocalTime next = code_expires_;
  if (link_) next = std::min(next, link_->next_deadline());
  if (link_ && link_->open()) {
    next = std::min(next, input_.next_deadline());
    if (screenshot_ && kept_.state == SessionView::Kept::State::Waiting) next = std::min(next, screenshot_->next_deadline());
    for (const PlayedVideo& v : video_) next = std::min(next, v.receiver.next_deadline());
    if (tiles_) next = std::min(next, screen_->has_room() ? tiles_->next_deadline() : ports_.clock->now() + 5ms);
  }
  return next;
}

SessionView OperatorSession::view() const {
  SessionView v;
  v.local_id = local_id_;
  v.stage = stage_;
  v.code = code_.empty() ? std::string() : wire::format_code(code_);
  v.code_replaces_dead_one = replaces_dead_;
  v.code_expires_at = code_expires_;
  v.peer = peer_;
  v.notice = notice_;
  v.offered = offered_;
  v.granted = granted_ | paused_;   // a paused right is still given; the views say that it rests
  v.paused = paused_;
  v.asked = asked_;
  v.refused = refused_;
  v.ask_reason = ask_reason_;
  v.control_paused_by_customer = paused_by_customer_;
  v.refused_events = refused_events_;
  v.kept = kept_;
  v.hidden = hidden_;
  v.layout = layout_;
  v.monitor_id = monitor_id_;
  v.started_at = began_;
  v.end = end_;
  v.media = media_;
  if (link_) {
    v.chat = link_->chat();
    link_->fill(v.media);
    for (std::size_t i = chat_read_; i < v.chat.size(); ++i) v.unread += v.chat[i].mine ? 0 : 1;
    if (stage_ == SessionStage::WaitingForCustomer && link_->guess_spent()) v.stage = SessionStage::Securing;
  }
  v.media.lost_packets = video_missed() + (tiles_ ? tiles_->lost() : 0);
  v.peer_typing = peer_typing_;
  v.picture_current = stage_ != SessionStage::Recovering && !(link_ && link_->silent());
  v.stale_why = v.picture_current ? NoticeKind::None : NoticeKind::Reconnecting;

  v.ladder = ladder();
  return v;
}

}  // namespace beside::session
