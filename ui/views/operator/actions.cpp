// SPDX-License-Identifier: GPL-3.0-or-later
#include <algorithm>
#include <array>
#include <cctype>

#include "ui/kit/catalogue.h"
#include "ui/views/operator/operator.h"
#include "ui/views/shared/format.h"
#include "ui/views/shared/notices.h"

namespace beside::views {

using kit::tr;
using session::SessionStage;
using session::SessionView;

const SessionView* find_session(const session::OperatorSnapshot& snapshot, std::uint32_t id) {
  for (const SessionView& s : snapshot.sessions) {
    if (s.local_id == id) return &s;
  }
  return nullptr;
}

std::string session_title(const SessionView& s) {
  if (!s.peer.name.empty()) return s.namesake > 1 ? s.peer.name + " (" + std::to_string(s.namesake) + ")" : s.peer.name;
  return s.stage == SessionStage::WaitingForCustomer ? s.code : tr("op.customer_unnamed");
}

bool died_otherwise(const SessionView& s) {
  using enum session::NoticeKind;
  constexpr std::array kOther{CodeTampered, CodeSilent, PeerDisconnected, PeerOtherVersion};
  return s.code_replaces_dead_one && std::find(kOther.begin(), kOther.end(), s.notice.kind) != kOther.end();
}

bool line_silent(const SessionView& s) {
  return s.stage == SessionStage::Recovering || (s.stage == SessionStage::Live && !s.picture_current && s.stale_why == session::NoticeKind::Reconnecting);
}

std::string session_state_text(const SessionView& s) {
  if (line_silent(s)) return tr("op.state_recovering");
  switch (s.stage) {
    case SessionStage::WaitingForCustomer:
      if (died_otherwise(s)) return notice_text(s.notice.kind, s.notice.args, Reader::Operator).title;
      return s.code_replaces_dead_one ? tr("op.state_wrong_try") : tr("op.state_waiting");
    case SessionStage::Securing:
      return tr("op.state_securing");
    case SessionStage::Recovering:
      return tr("op.state_recovering");
    case SessionStage::Ended:
      return tr("op.state_ended");
    case SessionStage::Live:
      break;
  }
  if (!s.asked.empty()) return tr("op.state_asked");
  if (!s.paused.empty()) return tr("op.state_paused");
  if (s.granted.has(Right::Control)) return tr("op.state_control");
  if (s.granted.has(Right::Point)) return tr("op.state_point");
  if (s.granted.has(Right::See)) return tr("op.state_see");
  return tr("op.state_talk");
}

kit::Tone session_tone(const SessionView& s) {
  if (line_silent(s)) return kit::Tone::Warning;
  switch (s.stage) {
    case SessionStage::WaitingForCustomer:
      return s.code_replaces_dead_one ? kit::Tone::Warning : kit::Tone::Muted;
    case SessionStage::Recovering:
      return kit::Tone::Warning;
    case SessionStage::Ended:
      return kit::Tone::Muted;
    case SessionStage::Securing:
    case SessionStage::Live:
      break;
  }
  return s.paused.empty() ? kit::Tone::Accent : kit::Tone::Warning;
}

std::string veil_text(const SessionView& s) {
  if (s.stage == SessionStage::Recovering) return tr("op.veil_recovering");
  if (s.paused.has(Right::See)) {
    return s.notice.kind == session::NoticeKind::PanelHidden ? tr("op.veil_panel_hidden") : tr("op.veil_paused");
  }
  if (s.picture_current) return {};
  if (s.stale_why != session::NoticeKind::None) {
    const NoticeText why = notice_text(s.stale_why, s.notice.args, Reader::Operator);
    return why.title + ". " + why.sentence;
  }
  return tr("op.veil_late");
}

const std::vector<Chord>& chords() {
  // Usages: HID Usage Tables 1.21, section 10. Keysyms: X11/keysymdef.h.
  static const std::vector<Chord> all = {
      {"ctrl_alt_del", "op.chord_ctrl_alt_del", {0xe0, 0xe2, 0x4c}, {0xffe3, 0xffe9, 0xffff}},
      {"escape", "op.chord_escape", {0x29}, {0xff1b}},
      {"super", "op.chord_super", {0xe3}, {0xffeb}},
      {"alt_tab", "op.chord_alt_tab", {0xe2, 0x2b}, {0xffe9, 0xff09}},
      {"alt_f4", "op.chord_alt_f4", {0xe2, 0x3d}, {0xffe9, 0xffc1}},
      {"ctrl_alt_t", "op.chord_ctrl_alt_t", {0xe0, 0xe2, 0x17}, {0xffe3, 0xffe9, 0x0074}},
      {"print", "op.chord_print", {0x46}, {0xff61}},
  };
  return all;
}

void send_chord(const SessionView& s, const Chord& chord, OperatorOut& out) {
  InputEvent event;
  event.layout_generation = s.layout.generation;
  event.monitor_id = s.monitor_id;
  const auto send = [&](InputKind kind, std::size_t i) {
    event.kind = kind;
    event.hid_usage = chord.usages[i];
    event.keysym = chord.keysyms[i];
    out.emplace_back(session::SendInput{s.local_id, event});
  };
  for (std::size_t i = 0; i < chord.usages.size(); ++i) {
    send(InputKind::KeyDown, i);
    if (chord.usages[i] == 0xe0) event.modifiers |= modifier::kControl;
    if (chord.usages[i] == 0xe2) event.modifiers |= modifier::kAlt;
    if (chord.usages[i] == 0xe3) event.modifiers |= modifier::kSuper;
  }
  for (std::size_t i = chord.usages.size(); i-- > 0;) send(InputKind::KeyUp, i);
}

int fuzzy_score(std::string_view query, std::string_view label) {
  const auto lower = [](char c) { return static_cast<char>(std::tolower(static_cast<unsigned char>(c))); };
  int score = 0, run = 0;
  std::size_t at = 0;
  for (const char wanted : query) {
    if (wanted == ' ') continue;
    bool found = false;
    for (; at < label.size(); ++at) {
      if (lower(label[at]) != lower(wanted)) {
        run = 0;
        continue;
      }
      const bool word_start = at == 0 || label[at - 1] == ' ' || label[at - 1] == ':';
      score += 1 + run * 2 + (word_start ? 6 : 0);
      ++run;
      ++at;
      found = true;
      break;
    }
    if (!found) return -1;
  }
  // Of two equal fits the shorter label is the likelier.
  return score * 64 - static_cast<int>(std::min<std::size_t>(label.size(), 63));
}

std::vector<Action> operator_actions(const session::OperatorSnapshot& snapshot, const OperatorState& state, const OperatorHost& host) {
  std::vector<Action> all;
  all.push_back({"new_session", tr("op.new_session"), "Ctrl+N", [](OperatorState&, OperatorOut& out) { out.emplace_back(session::NewSession{}); }});
  all.push_back({"history", tr("op.history"), "Ctrl+H", [](OperatorState& st, OperatorOut&) {
                   st.history_open = !st.history_open || !st.history_file.empty();
                   st.history_file.clear();
                 }});
  all.push_back({"ladder", tr("op.ladder"), "F12", [](OperatorState& st, OperatorOut&) { st.ladder_open = !st.ladder_open; }});
  all.push_back({"details", tr("op.toggle_details"), "Ctrl+D", [](OperatorState& st, OperatorOut&) { toggle_details(st); }});
  if (const SessionView* s = find_session(snapshot, state.selected)) {
    const std::uint32_t id = s->local_id;
    if (s->stage == SessionStage::WaitingForCustomer && !s->code.empty()) {
      all.push_back({"copy_code", tr("op.copy_code"), "Ctrl+Shift+C", [copy = host.copy, code = s->code, id](OperatorState& st, OperatorOut&) {
                       if (copy) copy(code);
                       st.copied_for = id;
                     }});
    }
    if (s->stage == SessionStage::Live || s->stage == SessionStage::Recovering) {
      for (const Right right : {Right::See, Right::Point, Right::Control}) {
        const std::string name = name_of(right);
        if (s->granted.has(right)) {
          all.push_back({"give_back_" + name, tr("op.give_back", right_name(right)), "", [id, right](OperatorState&, OperatorOut& out) {
                           out.emplace_back(session::GiveBackRight{id, right});
                         }});
        } else if (!s->asked.has(right)) {
          all.push_back({"ask_" + name, tr("op.ask_for", right_name(right)), "", [right](OperatorState& st, OperatorOut&) {
                           st.ask_rights = st.ask_rights | Rights(right);
                           st.ask_open = true;
                         }});
        }
      }
      if (!s->asked.empty()) {
        all.push_back({"withdraw_ask", tr("op.withdraw"), "", [id](OperatorState&, OperatorOut& out) { out.emplace_back(session::WithdrawAsk{id}); }});
      }
      if (s->granted.has(Right::See)) {
        all.push_back({"fit", tr("op.toggle_fit"), "F11", [id](OperatorState& st, OperatorOut&) {
                         RemoteFit& fit = st.sessions[id].fit;
                         fit = fit == RemoteFit::Fitted ? RemoteFit::OneToOne : RemoteFit::Fitted;
                       }});
        all.push_back({"refresh", tr("op.refresh"), "F5", [id](OperatorState&, OperatorOut& out) { out.emplace_back(session::RefreshPicture{id}); }});
        all.push_back({"screenshot", tr("op.screenshot"), "F9", [id](OperatorState&, OperatorOut& out) { out.emplace_back(session::TakeScreenshot{id, false}); }});
        for (const MonitorInfo& m : s->layout.monitors) {
          all.push_back({"monitor_" + std::to_string(m.id), tr("op.show_monitor", monitor_text(m)), "", [id, monitor = m.id](OperatorState&, OperatorOut& out) {
                           out.emplace_back(session::ChooseMonitor{id, monitor});
                         }});
        }
      }
      if (s->granted.has(Right::Control)) {
        for (const Chord& chord : chords()) {
          all.push_back({std::string("send_") + chord.id, tr("op.send_keys", tr(chord.label)), "", [view = *s, &chord](OperatorState&, OperatorOut& out) {
                           send_chord(view, chord, out);
                         }});
        }
      }
    }
    if (s->stage == SessionStage::Ended) {
      all.push_back({"dismiss", tr("op.dismiss"), "", [id](OperatorState&, OperatorOut& out) { out.emplace_back(session::DismissSession{id}); }});
    } else {
      all.push_back({"end_session", tr("op.end_session"), "", [](OperatorState& st, OperatorOut&) { st.confirm_end = true; }});
    }
  }
  for (std::size_t i = 0; i < snapshot.sessions.size(); ++i) {
    const SessionView& s = snapshot.sessions[i];
    if (s.local_id == state.selected) continue;
    all.push_back({"go_" + std::to_string(s.local_id), tr("op.go_to", session_title(s)), i < 9 ? "Ctrl+" + std::to_string(i + 1) : "",
                   [id = s.local_id](OperatorState& st, OperatorOut&) {
                     st.selected = id;
                     st.history_open = false;
                   }});
  }
  all.push_back({"sign_out", tr("op.sign_out"), "", [&snapshot](OperatorState& st, OperatorOut& out) { leave(snapshot, st, out, OperatorState::Leaving::SignOut); }});
  all.push_back({"quit", tr("op.quit"), "Ctrl+Q", [&snapshot](OperatorState& st, OperatorOut& out) { leave(snapshot, st, out, OperatorState::Leaving::Quit); }});
  return all;
}

}  // namespace beside::views
