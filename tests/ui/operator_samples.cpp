// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/ui/operator_samples.h"

namespace beside::samples {
namespace {

using namespace session;

OperatorSnapshot console() {
  OperatorSnapshot s;
  s.stage = OperatorStage::Console;
  s.company = "Northwind Service";
  s.relay = "support.northwind.example:443";
  s.relay_pinned = true;
  s.relay_up = true;
  s.login = "anna.berg";
  s.display_name = "Anna Berg";
  s.journal_dir = "~/.local/share/beside/journal";
  return s;
}

SessionView waiting(LocalTime now) {
  SessionView v;
  v.local_id = 3;
  v.code = "482 913 5074";
  v.code_expires_at = now + 9min + 5s;
  return v;
}

SessionView live(LocalTime now) {
  SessionView v;
  v.local_id = 1;
  v.stage = SessionStage::Live;
  v.peer.name = "Maria Rossi";
  v.peer.organisation = "Rossi & Figli";
  v.peer.system = "Debian GNU/Linux 12, X11";
  v.peer.verified = Verified::ByCode;
  v.peer.check_words = {"harbour", "violet", "kettle", "north"};
  v.started_at = now - 12min - 5s;
  v.layout.generation = 4;
  v.layout.width = 3840;
  v.layout.height = 1080;
  v.layout.monitors = {{1, {0, 0, 1920, 1080}, "DP-1", true}, {2, {1920, 0, 1920, 1080}, "HDMI-1", false}};
  v.monitor_id = 1;
  v.media = {Rung::Udp, RungReason::Best, 31, "libx264 4:4:4", 1920, 1080, 5210, 48'200'000, 12, 2, "X11 :0, MIT-SHM fd, XDamage; changes: CPU (0.49 ms, pass 7.39 ms)", 0, 1, 0, Rung::Udp, RungReason::Best, ""};
  v.ladder = {{1'900, 3'000}, {3'100, 5'200}, {3'900, 7'800}, {19'000, 29'000}, {24'000, 38'000}, {31'000, 52'000}};
  v.chat = {{1, false, true, "Maria Rossi is connected.", 1'790'000'000'000, false},
            {2, false, false, "Hello, the printer on the second floor does not print any more.", 1'790'000'060'000, false},
            {3, true, false, "Good morning Mrs Rossi. May I look at your screen for a moment?", 1'790'000'120'000, false},
            {4, false, false, "Yes, of course!", 1'790'000'180'000, false},
            {5, true, false, "Thank you. I open the printer settings now.", 1'790'000'240'000, true}};
  return v;
}

}  // namespace

std::vector<OperatorSample> operator_samples(LocalTime now) {
  std::vector<OperatorSample> all;
  const auto add = [&](const char* name, OperatorSnapshot s) { all.push_back({name, std::move(s)}); };
  const auto with = [&](const char* name, std::vector<SessionView> sessions) {
    OperatorSnapshot s = console();
    s.sessions = std::move(sessions);
    add(name, std::move(s));
  };
  OperatorSnapshot s = console();
  s.stage = OperatorStage::NeedAddress;
  add("address", s);
  s.stage = OperatorStage::SignIn;
  add("sign_in", s);
  s.notice = {NoticeKind::SignInWrong, {}, 7};
  add("sign_in_wrong", s);
  s.notice = {};
  s.stage = OperatorStage::SigningIn;
  add("signing_in", s);
  s.stage = OperatorStage::Redeem;
  add("redeem", s);
  add("empty", console());
  s = console();
  s.relay_up = false;
  s.notice = {NoticeKind::RelayUnreachable, {"support.northwind.example:443", "Connection refused"}, 9};
  add("relay_down", s);

  SessionView other = live(now);
  other.local_id = 2;
  other.peer.name = "Jean-Luc Picard";
  other.granted = Rights(Right::See);
  other.unread = 2;
  SessionView talk = live(now);
  with("waiting", {other, waiting(now)});
  SessionView dead = waiting(now);
  dead.code_replaces_dead_one = true;
  with("wrong_try", {dead});
  dead.notice = {session::NoticeKind::CodeTampered, {}, 4};
  with("code_tampered", {dead});
  SessionView securing = waiting(now);
  securing.stage = SessionStage::Securing;
  with("securing", {securing});
  with("live_talk", {talk});
  SessionView asked = talk;
  asked.asked = Right::See | Right::Control;
  with("live_asked", {asked});
  SessionView refused = talk;
  refused.refused = Rights(Right::See);
  with("live_refused", {refused});
  SessionView see = talk;
  see.granted = Rights(Right::See);
  see.peer_typing = true;
  with("live_see", {see});
  SessionView control = talk;
  control.granted = kBuiltRights;
  with("live_control", {other, waiting(now), control});
  {
    auto hiding = control;
    hiding.hidden = {2, 1, 0};
    with("live_hidden", {other, waiting(now), hiding});
    hiding.kept = {session::SessionView::Kept::State::NotExact, "", 123, {640, 128, 640, 384}};
    with("live_kept_not_exact", {other, waiting(now), hiding});
    hiding.kept = {session::SessionView::Kept::State::Saved, "/home/ada/Pictures/Beside/beside-2026-11-22-140512.png", 0, {}};
    with("live_kept", {other, waiting(now), hiding});
  }
  SessionView customer_hands = control;
  customer_hands.control_paused_by_customer = true;
  customer_hands.refused_events = 2;
  with("control_paused", {customer_hands});
  SessionView stale = control;
  stale.picture_current = false;
  stale.stale_why = NoticeKind::UdpBlocked;
  stale.media.rung = Rung::Tls;
  stale.media.reason = RungReason::UdpBlocked;
  stale.media.rtt_ms = 380;
  with("stale", {stale});
  SessionView silent = control;
  silent.picture_current = false;
  silent.stale_why = NoticeKind::Reconnecting;
  with("silent", {silent});
  SessionView far = control;
  far.media.peer_rung = Rung::Tls;
  far.media.peer_reason = RungReason::UdpBlocked;
  far.media.failed_ways = "control: proxy_nonsense 3 of 4 tries";
  with("customer_on_tls", {far});
  SessionView narrow = control;
  narrow.media.most_fps = 8;
  narrow.media.video_scale = 2;
  narrow.media.datagram_bytes = 1452;
  with("narrow", {narrow});
  SessionView hidden = control;
  hidden.paused = kBuiltRights;
  hidden.notice = {NoticeKind::PanelHidden, {}, 11};
  with("panel_hidden", {hidden});
  SessionView recovering = control;
  recovering.stage = SessionStage::Recovering;
  with("recovering", {recovering});
  SessionView dropped = control;
  dropped.notice = {NoticeKind::KeysDropped, {"12"}, 12};
  with("keys_dropped", {dropped});
  SessionView ended = talk;
  ended.stage = SessionStage::Ended;
  ended.end.cause = EndView::Cause::CustomerStop;
  ended.end.uses = {{Right::See, 610'000, true}, {Right::Control, 320'000, true}, {Right::Point, 320'000, false}};
  ended.end.duration_ms = 754'000;
  ended.end.journal_path = "~/.local/share/beside/journal/2026-11-21-maria-rossi.journal";
  ended.end.receipt_hex = "9f2c41aa0b7d5e6f88c1d2e3f4a5b6c7d8e9f00112233445566778899aabbccd";
  ended.end.receipt_matches = true;
  with("ended", {other, ended});
  OperatorSnapshot history = console();
  for (int i = 0; i < 14; ++i) {
    history.past.push_back({"s" + std::to_string(i) + ".journal", i % 3 == 0 ? "Maria Rossi" : i % 3 == 1 ? "Jürgen Groß" : "Zoë Ångström",
                            1'790'000'000'000 - i * 86'400'000LL, 300'000 + i * 61'000, i % 4 == 3 ? Rights() : Right::See | Right::Control});
  }
  add("history", history);
  add("history_file", history);
  return all;
}

std::vector<views::PastLine> past_lines() {
  const std::int64_t t = 1'790'000'000'000;
  return {{t, "session_began", {}, "7f3a90 with Maria Rossi"},
          {t + 4'000, "peer_verified", {}, "Maria Rossi"},
          {t + 31'000, "asked", Right::See | Right::Control, "to set the printer"},
          {t + 44'000, "granted", Right::See | Right::Control, ""},
          {t + 45'000, "used", Rights(Right::See), ""},
          {t + 190'000, "chat_received", {}, "Hello, the printer on the second floor does not print any more, and nobody here knows why it stopped."},
          {t + 700'000, "revoked", Rights(Right::Control), ""},
          {t + 754'000, "session_ended", {}, "customer_stop"}};
}

}  // namespace beside::samples
