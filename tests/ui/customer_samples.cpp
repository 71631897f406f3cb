// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/ui/customer_samples.h"

namespace beside::test {
namespace {

using session::CustomerSnapshot;
using session::CustomerStage;
using session::NoticeKind;

CustomerSnapshot base(CustomerStage stage) {
  CustomerSnapshot s;
  s.stage = stage;
  s.company = "Nordlicht Systemhaus";
  s.relay = "help.nordlicht.example:443";
  s.relay_up = true;
  s.relay_pinned = true;
  return s;
}

CustomerSnapshot live() {
  CustomerSnapshot s = base(CustomerStage::Live);
  s.peer.name = "Katharina Brandstätter-Hohenfels";
  s.peer.organisation = "Nordlicht Systemhaus";
  s.peer.verified = session::Verified::ByCode;
  s.peer.check_words = {"harbour", "velvet", "cactus", "morning"};
  s.started_at = kSampleNow - std::chrono::minutes(12) - seconds(20);
  s.layout = {1, 3840, 1080, {{1, {0, 0, 1920, 1080}, "DP-1", true}, {2, {1920, 0, 1920, 1080}, "HDMI-1", false}}};
  s.chat = {{1, false, false, "Hello, I am looking at the printer queue now.", kSampleUnixMs - 240'000, false},
            {2, true, false, "Thank you! It has said “offline” since this morning.", kSampleUnixMs - 200'000, false},
            {3, false, false, "I see it. May I restart the service?", kSampleUnixMs - 60'000, false},
            {0, true, false, "Yes, please go ahead.", kSampleUnixMs, true}};
  return s;
}

Rights all() {
  return Right::See | Right::Point | Rights(Right::Control);
}

}  // namespace

std::vector<Sample> customer_samples() {
  std::vector<Sample> out;
  {
    CustomerSnapshot s = base(CustomerStage::NeedAddress);
    s.company.clear();
    out.push_back({"address", s, {}});
    s.notice = {NoticeKind::AddressMalformed, {"htp//help"}, 3};
    Sample bad{"address_malformed", s, {}};
    bad.state.address = "htp//help";
    out.push_back(bad);
  }
  {
    CustomerSnapshot s = base(CustomerStage::Start);
    out.push_back({"start", s, {}});
    s.code_prefill = "482 913 5074";
    out.push_back({"start_prefilled", s, {}});
    Sample slip{"start_slip", base(CustomerStage::Start), {}};
    slip.state.code = "4829135071";
    slip.state.code_slip = true;
    out.push_back(slip);
    s = base(CustomerStage::Start);
    s.relay_up = false;
    s.notice = {NoticeKind::RelayUnreachable, {"help.nordlicht.example:443", "connection refused"}, 4};
    out.push_back({"start_unreachable", s, {}});
  }
  out.push_back({"connecting", base(CustomerStage::Connecting), {}});
  out.push_back({"securing", base(CustomerStage::Securing), {}});
  {
    CustomerSnapshot s = live();
    s.ask = session::AskView{1, all(), "To look at the printer settings and set the right queue"};
    out.push_back({"consent", s, {}});
    Sample called{"consent_they_called", s, {}};
    called.state.called_me = 2;
    out.push_back(called);
    s.peer.verified = session::Verified::No;
    s.ask->rights = Right::See;
    s.layout.monitors.resize(1);
    out.push_back({"consent_unverified", s, {}});
  }
  {
    CustomerSnapshot s = live();
    out.push_back({"panel_nothing", s, {}});
    s.granted = all();
    s.in_use = Rights(Right::See);
    out.push_back({"panel", s, {}});
    Sample chat{"panel_chat", s, {}};
    chat.state.chat_open = true;
    chat.snapshot.peer_typing = true;
    out.push_back(chat);
    Sample words{"panel_words", s, {}};
    words.state.words_open = true;
    out.push_back(words);
    Sample hide{"hide", s, {}};
    hide.state.hide_open = true;
    hide.state.windows = {{0x2c00007, "Inbox (14) - maria.rossi@example.org - Mail"},
                          {0x3000012, "Online banking - Sparkasse am Markt - A browser with a rather long name that goes on and on for ever"},
                          {0x3400003, "Printer settings"}};
    hide.snapshot.hidden.windows = {0x2c00007};
    hide.snapshot.hidden.monitors = {"HDMI-1"};
    hide.snapshot.hidden.areas = {{20, 30, 640, 480}};
    out.push_back(hide);
    Sample only{"hide_one_window", s, hide.state};
    only.snapshot.hidden.only_window = 0x3400003;
    out.push_back(only);
    Sample drawing{"hide_drawing", s, {}};
    drawing.state.hide_open = drawing.state.drawing_area = true;
    out.push_back(drawing);
    Sample kept{"panel_hidden_and_kept", hide.snapshot, {}};
    kept.snapshot.pictures_kept = 2;
    kept.snapshot.picture_kept_unix_ms = kSampleUnixMs;
    out.push_back(kept);
    s.control_paused_by_me = true;
    s.in_use = Rights(Right::See);
    out.push_back({"panel_my_turn", s, {}});
    s.recovering = true;
    s.notice = {NoticeKind::Reconnecting, {}, 6};
    out.push_back({"panel_recovering", s, {}});
    s.recovering = false;
    s.notice = {NoticeKind::PanelHidden, {}, 7};
    s.granted = {};
    s.paused = all();
    s.in_use = {};
    out.push_back({"panel_paused", s, {}});
    s = live();
    s.screen_available = false;
    s.notice = {NoticeKind::WaylandUnsupported, {}, 8};
    out.push_back({"panel_wayland", s, {}});
  }
  {
    CustomerSnapshot s = live();
    s.stage = CustomerStage::Ended;
    s.end.cause = session::EndView::Cause::CustomerStop;
    s.end.duration_ms = 760'000;
    s.end.uses = {{Right::See, 700'000, true}, {Right::Point, 700'000, false}, {Right::Control, 300'000, true}};
    s.end.journal_path = "/home/maria/.local/share/beside/journal/2026-11-21-katharina-brandstaetter.jsonl";
    s.end.receipt_hex = "9f2c4e7a1b3d5f60718293a4b5c6d7e8f90a1b2c3d4e5f60718293a4b5c6d7e8";
    s.end.receipt_matches = true;
    out.push_back({"end", s, {}});
    s.end.uses.clear();
    s.chat.clear();
    s.end.receipt_matches = false;
    s.end.cause = session::EndView::Cause::CodeDead;
    s.peer.name.clear();
    s.notice = {NoticeKind::CodeWrong, {}, 9};
    out.push_back({"end_code_dead", s, {}});
  }
  return out;
}

std::vector<KioskSample> kiosk_samples() {
  std::vector<KioskSample> out;
  out.push_back({"kiosk_idle", base(CustomerStage::Start), {}});
  KioskSample code{"kiosk_code", base(CustomerStage::Start), {}};
  code.state.page = views::KioskPage::Code;
  code.state.customer.code = "48291";
  out.push_back(code);
  CustomerSnapshot s = live();
  s.granted = all();
  s.in_use = Rights(Right::See);
  out.push_back({"kiosk_panel", s, {}});
  KioskSample chat{"kiosk_chat", s, {}};
  chat.state.customer.chat_open = true;
  out.push_back(chat);
  s.ask = session::AskView{1, all(), "To show you the right form"};
  out.push_back({"kiosk_consent", s, {}});
  for (KioskSample& sample : out) sample.state.last_touch = kSampleNow;
  return out;
}

views::KioskSettings kiosk_settings() {
  views::KioskSettings out;
  out.company = "Stadtbücherei am Markt";
  out.department = "Ausleihe und Anmeldung";
  return out;
}

}  // namespace beside::test
