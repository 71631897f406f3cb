// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/session/customer_session.h"

#include <algorithm>
#include <utility>

#include "engine/base/log.h"

namespace beside::session {
namespace {

using ports::JournalKind;

constexpr std::uint32_t kCauseGranted = 1, kCauseRevoked = 2, kCauseGap = 3, kCausePanel = 4, kCauseResumed = 6;

}  // namespace

CustomerSession::CustomerSession(const CustomerPorts& ports, std::string session_id, Bytes leg_token,
                                 std::unique_ptr<ports::SecureChannel> channel,
                                 std::function<bool(const control::Envelope&)> send_control,
                                 const control::Ticket& ticket, Events events)
    : ports_(ports), events_(std::move(events)), send_control_(std::move(send_control)), consent_(*ports.gate, 5min), began_(ports.clock->now()) {
  PeerLink::Ports link_ports;
  link_ports.clock = ports.clock;
  link_ports.send_control = send_control_;
  link_ports.make_sealer = ports.make_sealer;
  link_ports.make_media = ports.make_media;
  link_ports.random = ports.random;
  PeerLink::Events link_events;
  link_events.opened = [this] { opened(); };
  link_events.fault = [this](ports::ChannelFault fault) {
    if (!live_) return events_.not_opened(fault);
    end(EndView::Cause::Error, "the secure channel broke");
  };
  link_events.message = [this](const inner::Inner& m) { on_message(m); };
  link_events.rtp = [this](const wire::RtpPacket& p, ByteSpan) { on_rtp(p); };
  link_events.rtcp = [this](const std::vector<wire::RtcpPacket>& p) { on_rtcp(p); };
  link_events.line = [this](bool lost, LocalTime since) { on_line(lost, since); };
  link_events.returned = [this] {
    if (events_.line_returned) events_.line_returned();
  };
  link_events.video_dropped = [this] {
    for (SentVideo& video : video_) video.sender.forget();
    if (screen_) screen_->request_key(0);
  };
  link_events.changed = [this] { events_.changed(); };
  (void)record_.begin(ports.make_journal(), session_id);
  link_ = std::make_unique<PeerLink>(ports::End::Customer, std::move(session_id), std::move(leg_token), std::move(channel),
                                     std::move(link_ports), std::move(link_events));
  std::uint8_t raw[4];
  ports_.random(raw);
  cursor_ssrc_ = ByteReader(raw).u32();
  link_->start_media(ticket);
  link_->flush(began_);
}

CustomerSession::~CustomerSession() {
  *alive_ = false;
  ports_.gate->shut();
  screen_.reset();
  if (ports_.hide) ports_.hide({});
  if (desktop_) desktop_->stop();
}

void CustomerSession::note(JournalKind kind, Rights rights, std::string text) { record_.note(kind, rights, std::move(text)); }

// ---- beginning ----

// What this system can do at all; a right outside it is never asked of the person.
Rights CustomerSession::offered() const {
  if (!ports_.screen_available) return {};
  return ports_.control_lacks.empty() ? kBuiltRights : kBuiltRights - Rights(Right::Control);
}

void CustomerSession::tell_limits() {
  const auto names = [](const std::vector<std::string>& list) {
    std::string out;
    for (const std::string& name : list) out += (out.empty() ? "" : ", ") + name;
    return out;
  };
  if (!ports_.capture_lacks.empty()) events_.notice(NoticeKind::CaptureLimited, {names(ports_.capture_lacks)});
  if (!ports_.control_lacks.empty()) events_.notice(NoticeKind::ControlUnavailable, {names(ports_.control_lacks)});
  const bool kept = record_.on_failure([post = ports_.post, alive = alive_, this] {
    post([alive, this] {
      if (*alive) events_.notice(NoticeKind::DiskFull, {});
    });
  });
  if (!kept) events_.notice(NoticeKind::DiskFull, {});
}

void CustomerSession::opened() {
  live_ = true;
  began_ = ports_.clock->now();
  consent_.peer_verified();
  peer_.verified = Verified::ByCode;
  peer_.check_words = link_->check_words(ports_.language);
  inner::Inner hello;
  inner::Introduce& me = *hello.mutable_introduce();
  me.set_name(ports_.person);
  me.set_organisation(ports_.organisation);
  me.set_program_version(ports_.identity.version);
  me.set_built_rights(offered().bits);
  me.set_locale(ports_.language);
  me.set_system(ports_.system);
  (void)link_->send(hello);
  tell_limits();
  events_.changed();
  if (!ports_.screen_available) return;

  if (auto desktop = ports_.make_desktop()) {
    desktop_ = std::move(*desktop);
    ports::Desktop::Events seen;
    const auto later = [post = ports_.post, alive = alive_](std::function<void()> task) {
      post([alive, task = std::move(task)] {
        if (*alive) task();
      });
    };
    seen.stop_keys = [gate = ports_.gate, later, this] {
      gate->shut();  // on the desk thread, before anything else hears of it
      later([this] { end(EndView::Cause::CustomerKeys); });
    };
    seen.customer_input = [later, this] {
      later([this] {
        control_paused_until_ = ports_.clock->now() + 1s;
        ports_.wake();
      });
    };
    seen.layout = [later, this](const DesktopLayout& layout) { later([this, layout] { on_new_layout(layout); }); };
    seen.lost = [later, this](Error) {
      later([this] {
        if (!ended_) events_.notice(NoticeKind::DisplayLost, {});
        end(EndView::Cause::Error, "the display went away");
      });
    };
    if (auto started = desktop_->start(std::move(seen)); !started) {
      BS_LOG(Warn, "desk", "{}", dump_error(started.error()));
      events_.notice(NoticeKind::ControlUnavailable, {started.error().detail});
      desktop_.reset();
    }
  } else {
    events_.notice(NoticeKind::ControlUnavailable, {desktop.error().detail});
  }

  ScreenSender::Config config;
  config.make_source = ports_.make_source;
  config.make_encoder = ports_.make_encoder;
  config.make_tools = ports_.make_tile_tools;
  config.accept_444 = peer_444_;
  config.accept_av1 = peer_av1_;
  config.accept_scaled = peer_scales_;
  config.target_kbps = link_->rate().target_kbps();
  ScreenSender::Events events;
  events.layout = [this](const DesktopLayout& l) { on_new_layout(l); };
  events.opened = [this](const std::string& how) { capture_limits_ = how; };
  events.tiles = [this](std::uint32_t stream, std::vector<TileSender::Part> parts) { on_tiles(stream, std::move(parts)); };
  events.stream = [this](const StreamInfo& i) { on_stream(i); };
  events.picture = [this](std::uint32_t n, ports::EncodedPicture p) { on_picture(n, std::move(p)); };
  events.cursor_shape = [this](const ports::CursorImage& i) { on_cursor_shape(i); };
  events.cursor_position = [this](ports::CursorPosition at) {
    if (!consent_.in_force().has(Right::See)) return;  // a place on the screen is part of seeing it
    cursor_.move({at.x, at.y, at.visible, cursor_serial_}, ports_.clock->now());
    send_cursor(ports_.clock->now());
  };
  events.lost = [this](const Error& error) {
    BS_LOG(Warn, "capture", "{}", dump_error(error));
    events_.notice(NoticeKind::DisplayLost, {});
    end(EndView::Cause::Error, "the screen can no longer be captured");
  };
  events.fell_back = [this](const std::string& from, const std::string& to) {
    events_.notice(NoticeKind::VideoFellBack, {from, to});
  };
  screen_ = std::make_unique<ScreenSender>(std::move(config), std::move(events), ports_.post);
  screen_->set_budget(quality_.budget());
}

// ---- what the operator says ----

void CustomerSession::on_message(const inner::Inner& message) {
  if (record_.on_message(message, *link_, end_)) return events_.changed();
  if (ended_) return;   // invariant 3
  switch (message.body_case()) {
    case inner::Inner::kIntroduce:
      peer_.name = message.introduce().name();
      peer_.organisation = message.introduce().organisation();
      peer_444_ = std::any_of(message.introduce().video_codecs().begin(), message.introduce().video_codecs().end(),
                              [](std::uint32_t c) { return c == 1; });
      peer_av1_ = std::any_of(message.introduce().video_codecs().begin(), message.introduce().video_codecs().end(),
                              [](std::uint32_t c) { return c == 4; });
      peer_scales_ = message.introduce().scales_video();
      quality_ = flow::LineQuality(peer_scales_);
      if (screen_) screen_->set_viewer({peer_444_, peer_av1_, peer_scales_});
      note(JournalKind::PeerVerified, {}, peer_.name + (peer_.organisation.empty() ? "" : ", " + peer_.organisation) + ", by code");
      break;
    case inner::Inner::kAsk: on_ask(message.ask()); break;
    case inner::Inner::kGiveBack: take_back(Rights(message.give_back().rights()), "given back by the operator"); break;
    case inner::Inner::kWithdraw: consent_.withdraw(message.withdraw().ask_id(), ports_.clock->now()); break;
    case inner::Inner::kStop: end(EndView::Cause::OperatorEnded); break;
    case inner::Inner::kVideoAnswer: on_video_answer(message.video_answer()); break;
    case inner::Inner::kChooseMonitor:
      if (!has_monitor(message.choose_monitor().monitor_id())) break;   // it went a moment ago, of which the operator is told
      viewed_monitor_ = message.choose_monitor().monitor_id();
      apply_screen();
      break;
    case inner::Inner::kPictureKept: on_picture_kept(message.picture_kept()); break;
    case inner::Inner::kTyping: peer_typing_ = message.typing().typing(); break;
    default: break;
  }
  events_.changed();
}

void CustomerSession::on_ask(const inner::Ask& ask) {
  const Rights wanted = Rights(ask.rights()) & offered();
  if (wanted.empty() || !consent_.ask(ask.ask_id(), wanted, ask.reason(), ports_.clock->now())) {
    inner::Inner answer;
    answer.mutable_answer()->set_ask_id(ask.ask_id());
    (void)link_->send(answer);
    return;
  }
  note(JournalKind::Asked, wanted, ask.reason());
}

void CustomerSession::decide(const DecideAsk& decision) {
  const LocalTime now = ports_.clock->now();
  const auto ask = consent_.open_ask();
  const LocalTime clicked = decision.from_click_at_us > 0 ? LocalTime(microseconds(decision.from_click_at_us)) : now;
  const LocalTime injected = desktop_ ? desktop_->last_injection() : LocalTime{};
  const Rights before = consent_.granted();
  const std::uint32_t monitor_before = consent_.monitor_id();
  const auto verdict = consent_.decide(decision.ask_id, decision.granted, decision.monitor_id, clicked, injected, now);
  using D = ConsentMachine::Decision;
  if (verdict == D::NoSuchAsk || !ask) return;
  if (verdict == D::IgnoredClick || verdict == D::PanelHidden) {
    note(JournalKind::InputRefused, decision.granted, "a click to grant came too close to an injected event or to another question, or the panel was hidden");
    return;
  }
  const Rights given = verdict == D::Granted ? decision.granted & ask->rights : Rights();
  inner::Inner answer;
  answer.mutable_answer()->set_ask_id(ask->id);
  answer.mutable_answer()->set_granted(given.bits);
  (void)link_->send(answer);
  BS_LOG(Info, "consent", "decided clicked_us={} at_us={}", to_us(clicked), to_us(now));
  note(given.empty() ? JournalKind::Refused : JournalKind::Granted, given.empty() ? ask->rights : given, ask->reason);
  // A right that is granted already may be granted once more, for another monitor. One that is added leaves what is looked at.
  const bool moved = consent_.monitor_id() != monitor_before;
  if (moved || (given - before).has(Right::See)) viewed_monitor_ = consent_.monitor_id();
  if (moved || !(given - before).empty() || given.empty()) rights_changed(kCauseGranted);
  events_.changed();
}

void CustomerSession::revoke(Rights rights) { take_back(rights, "by the customer"); }

void CustomerSession::take_back(Rights rights, const char* why) {
  if (ended_) return;
  const Rights had = consent_.granted() & rights;
  consent_.revoke(rights, ports_.clock->now());
  if (had.empty()) return;
  note(JournalKind::Revoked, had, why);
  rights_changed(kCauseRevoked);
}

void CustomerSession::panel_visible(bool visible) {
  if (ended_) return;   // the panel turns into the end page: that pauses and resumes nothing, and the journal's head is out
  consent_.panel_visible(visible, ports_.clock->now());
  if (told_revision_ != consent_.revision()) rights_changed(visible ? kCauseResumed : kCausePanel);
}

void CustomerSession::words_confirmed(bool same) {
  if (same) peer_.verified = Verified::ByWords;
  else end(EndView::Cause::CustomerStop, "the check words differ");
  events_.changed();
}

void CustomerSession::typing(bool typing) {
  inner::Inner out;
  out.mutable_typing()->set_typing(typing);
  (void)link_->send(out);
}

// What follows from the rights in force: who is told, what runs.
void CustomerSession::rights_changed(std::uint32_t cause) {
  const Rights force = consent_.in_force();
  told_revision_ = consent_.revision();
  if (!force.has(Right::Control)) {
    input_.let_go();
    if (desktop_) desktop_->release_all();
  }
  record_.in_force(force, ports_.clock->now());
  if (cause == kCauseGap || cause == kCausePanel) note(JournalKind::Paused, consent_.paused(), cause == kCauseGap ? "the line was down" : "the panel was not visible");
  if (cause == kCauseResumed) note(JournalKind::Resumed, force, "");
  inner::Inner out;
  out.mutable_rights_now()->set_rights(force.bits);
  out.mutable_rights_now()->set_revision(consent_.revision());
  out.mutable_rights_now()->set_monitor_id(consent_.monitor_id());
  out.mutable_rights_now()->set_cause(cause);
  (void)link_->send(out);
  if (force.has(Right::See) && !layout_.monitors.empty()) on_layout(layout_);
  // While the line was down the viewer keeps its canvas, and the same stream goes on: pictures need not wait for the inner channel's
  // return to announce another one. With any other cause of a pause it throws the canvas away.
  if (!force.has(Right::See)) viewer_keeps_ = cause == kCauseGap && (see_running_ || viewer_keeps_);
  apply_screen();
  events_.changed();
}

void CustomerSession::apply_screen() {
  if (!screen_) return;
  const auto grant = consent_.grant(Right::See);
  if (!grant) {
    if (see_running_) screen_->pause();
    see_running_ = false;
    video_.clear();
    link_->drop_screen();
    return;
  }
  const std::uint32_t monitor = consent_.monitor_id() != 0 ? consent_.monitor_id() : viewed_monitor_;
  if (see_running_ && monitor == running_monitor_) return;
  if (see_running_) video_.clear();   // pictures of the other monitor that wait to be coded or sent
  running_monitor_ = monitor;
  // The viewer threw its canvas away with the right: a new stream. Another monitor is only another picture in the same one.
  if (!see_running_ && !viewer_keeps_) new_tile_stream();
  else link_->drop_screen();   // of what may no longer be seen, nothing leaves
  see_running_ = true;
  viewer_keeps_ = false;
  screen_->begin(*grant, monitor, tiles_.number, tiles_.next);
  tell_line();
}

// ---- line, time ----

void CustomerSession::on_line(bool lost, LocalTime since) {
  if (ended_) return;
  const LocalTime now = ports_.clock->now();
  if (lost) {
    consent_.line_lost(since);
    InputEvent let_go;
    let_go.kind = InputKind::ReleaseAll;
    if (desktop_) desktop_->inject_later(let_go, [](ports::InjectOutcome) {});
  } else {
    if (consent_.line_back(now)) {
      note(JournalKind::Revoked, {}, "the line was down for too long");
      events_.notice(NoticeKind::RightsVoidAfterGap, {});
      rights_changed(kCauseRevoked);
    } else if (told_revision_ != consent_.revision()) {
      rights_changed(kCauseResumed);
    }
    if (screen_ && see_running_) screen_->request_key(0);
  }
  events_.changed();
}

void CustomerSession::poll(LocalTime now) {
  if (finished_) return;
  link_->poll(now);
  if (ended_) {
    if (record_.answered() || now >= farewell_until_) finish();
    return;
  }
  if (!live_) return;
  const std::uint32_t before = consent_.revision();
  consent_.poll(now);
  if (consent_.revision() != before) rights_changed(consent_.paused_by_gap() ? kCauseGap : kCausePanel);
  if (consent_.paused_by_gap() && now - link_->last_heard() > 5min) return end(EndView::Cause::PeerLost);
  if (input_.poll(now) && desktop_) desktop_->release_all();
  if (const auto again = input_.repeat(now)) on_input(*again);
  send_cursor(now);
  watch_tail(now);
  keep_quality(now);
  tell_line();
  if (screen_) screen_->set_hold(link_->line_full(flow::Pacer::Class::Video));

  const bool paused = consent_.in_force().has(Right::Control) && control_paused_until_ > now;
  const std::uint64_t refused = desktop_ ? desktop_->refused_on_own_windows() : refused_told_;
  if (paused != control_paused_ || refused != refused_told_) {
    if (refused != refused_told_) note(JournalKind::InputRefused, Right::Control, std::to_string(refused) + " events aimed at our own windows so far");
    control_paused_ = paused;
    refused_told_ = refused;
    inner::Inner out;
    out.mutable_pause()->set_paused(paused);
    out.mutable_pause()->set_remaining_ms(paused ? 1000 : 0);
    out.mutable_pause()->set_refused_events(static_cast<std::uint32_t>(std::min<std::uint64_t>(refused, 1'000'000)));
    (void)link_->send(out);
    events_.changed();
  }
  for (auto& [bit, at] : used_at_) {
    if (at != LocalTime{} && now - at > kLiveMark) {
      at = LocalTime{};
      events_.changed();
    }
  }
}

LocalTime CustomerSession::next_deadline() const {
  if (finished_) return kNever;
  LocalTime next = std::min({link_->next_deadline(), farewell_until_});
  if (ended_ || !live_) return next;
  next = std::min({next, consent_.next_deadline(), input_.next_deadline(), cursor_.next_deadline(), tail_due(), quality_due()});
  if (screen_) next = std::min(next, tiles_.tail_due);
  if (control_paused_) next = std::min(next, control_paused_until_);
  for (const auto& [bit, at] : used_at_) {
    if (at != LocalTime{}) next = std::min(next, at + kLiveMark + 1ms);
  }
  return next;
}

void CustomerSession::fill(CustomerSnapshot& s) const {
  const LocalTime now = ports_.clock->now();
  s.stage = ended_ ? CustomerStage::Ended : live_ ? CustomerStage::Live : CustomerStage::Securing;
  s.peer = peer_;
  s.ask = consent_.open_ask();
  s.granted = consent_.in_force();
  s.paused = consent_.paused();
  s.in_use = Rights();
  // A screen that rests is looked at all the same.
  if (see_running_) s.in_use = s.in_use | Rights(Right::See);
  for (const auto& [bit, at] : used_at_) {
    if (at != LocalTime{} && now - at <= kLiveMark) s.in_use = s.in_use | Rights(bit);
  }
  s.control_paused_by_me = control_paused_;
  s.monitor_id = consent_.monitor_id();
  s.hidden = hidden_;
  s.pictures_kept = pictures_kept_;
  s.picture_kept_unix_ms = picture_kept_unix_ms_;
  s.layout = layout_;
  s.capture_limits = capture_limits_;
  s.started_at = began_;
  s.chat = link_->chat();
  s.peer_typing = peer_typing_;
  s.recovering = link_->line_lost();
  s.recovering_since_ms = link_->line_lost() ? std::chrono::duration_cast<milliseconds>(now - link_->last_heard()).count() : 0;
  s.media = media_;
  link_->fill(s.media);
  s.end = end_;
}

}  // namespace beside::session
