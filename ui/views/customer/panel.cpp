// SPDX-License-Identifier: GPL-3.0-or-later
#include <imgui.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

#include "ui/kit/catalogue.h"
#include "ui/views/customer/customer.h"
#include "ui/views/shared/check_words.h"
#include "ui/views/shared/format.h"
#include "ui/views/shared/notices.h"

// The session's panel: who is connected, what they may do and are doing, minutes, chat, Stop. Stop is always in view
// and asks nothing back: it must work in a fright.
namespace beside::views {
namespace {

// What the way of the picture means for her; the operator reads its technical name.
std::string way_words(session::RungReason reason) {
  switch (reason) {
    case session::RungReason::Best:
      return {};
    case session::RungReason::UdpBlocked:
      return kit::tr("panel.way.udp_blocked");
    case session::RungReason::UdpNotTriedByPolicy:
      return kit::tr("panel.way.policy");
    case session::RungReason::StillTrying:
      return kit::tr("panel.way.still_trying");
    case session::RungReason::ProxyOnly:
      return kit::tr("panel.way.proxy_only");
  }
  return {};
}

void header(kit::Ui& ui, const session::CustomerSnapshot& s) {
  kit::avatar(ui, "panel.mark", s.peer.name, ui.px(40));
  kit::beside(ui, kit::measure::kGap);
  ImGui::BeginGroup();
  kit::title(ui, "panel.name", s.peer.name);
  const auto minutes = kit::minutes_since(ui.wants(), s.started_at, ui.now());
  kit::muted(ui, "panel.minutes",
             (s.peer.organisation.empty() ? std::string() : s.peer.organisation + " \u00b7 ") + minutes_text(minutes));
  ImGui::EndGroup();
  const bool proven = s.peer.verified != session::Verified::No;
  kit::icon_text(ui, "panel.verified", proven ? kit::icon::kShield : kit::icon::kWarning,
                 verified_text(s.peer.verified),
                 {.size = kit::Size::Small, .tone = proven ? kit::Tone::Accent : kit::Tone::Warning});
  // Which way the picture takes is shown to both people (PROTOCOL 5); the usual one is no news.
  if (s.media.rung != session::Rung::None && s.media.reason != session::RungReason::Best)
    kit::icon_text(ui, "panel.rung", kit::icon::kSignal, way_words(s.media.reason),
                   {.size = kit::Size::Small, .tone = kit::Tone::Muted});
  if (s.media.peer_rung != session::Rung::None && s.media.peer_reason != session::RungReason::Best)
    kit::icon_text(ui, "panel.peer_rung", kit::icon::kSignal, kit::tr("panel.peer_way", way_words(s.media.peer_reason)),
                   {.size = kit::Size::Small, .tone = kit::Tone::Muted});
}

// With several screens: which one.
std::string doing_now(const session::CustomerSnapshot& s, Right right) {
  if (right == Right::See && s.layout.monitors.size() > 1)
    for (const MonitorInfo& m : s.layout.monitors)
      if (m.id == s.monitor_id) return kit::tr("right.doing.see_one", monitor_text(m));
  return right_doing(right);
}

std::string state_of(const session::CustomerSnapshot& s, Right right) {
  if (s.paused.has(right) || s.recovering) return kit::tr("panel.right_paused");
  if (right == Right::Control && s.control_paused_by_me) return kit::tr("panel.control_paused_by_me");
  return s.in_use.has(right) ? doing_now(s, right) : kit::tr("panel.right_allowed");
}

void right_row(kit::Ui& ui, const session::CustomerSnapshot& s, Right right, CustomerOut& out) {
  const std::string id = std::string("panel.right.") + name_of(right);
  const bool live = s.in_use.has(right) && !s.paused.has(right) && !s.recovering;
  const ImVec2 at = ImGui::GetCursorScreenPos();
  // Words, not a cross: what the button does must be plain at first sight.
  const std::string take_back = kit::tr("panel.take_back");
  const float take_back_width = kit::measure_text(ui, take_back, {.size = kit::Size::Small}).width + ui.px(34);
  const float width = kit::width_left(ui), action = std::min(std::max(take_back_width, ui.target()), width * 0.45f);
  const float mark = ui.px(28);
  const float room = width - action - mark - ui.px(8);
  const kit::TextStyle name_style{.face = kit::Face::Strong};
  const kit::TextStyle small{.size = kit::Size::Small, .tone = live ? kit::Tone::Accent : kit::Tone::Muted};
  const std::string name = right_name(right), doing = state_of(s, right);
  const float name_height = kit::measure_text(ui, name, name_style, room).height;
  // As high as its longest state: moving the mouse to a button pauses control, and that must not move the button.
  float state_height = 0;
  std::vector<std::string> states{kit::tr("panel.right_paused"), kit::tr("panel.right_allowed"), doing_now(s, right)};
  if (right == Right::Control) states.push_back(kit::tr("panel.control_paused_by_me"));
  for (const std::string& words : states) state_height = std::max(state_height, kit::measure_text(ui, words, small, room).height);
  const float height = std::max(ui.target() + ui.px(4), name_height + state_height + ui.px(8));
  ImGui::SetCursorScreenPos({at.x, at.y + (height - ui.px(16)) / 2});
  kit::live_mark(ui, id + ".live", live);
  ImGui::SetCursorScreenPos(
      {at.x + mark, at.y + (height - name_height - kit::measure_text(ui, doing, small, room).height) / 2});
  ImGui::BeginGroup();
  const ImVec2 from = ImGui::GetCursorScreenPos();
  kit::text_at(ui, from.x, from.y, name, name_style, room);
  kit::text_at(ui, from.x, from.y + name_height, doing, small, room);
  ImGui::EndGroup();
  ui.map().add(
      {.label = id,
       .role = kit::Role::Text,
       .rect = {static_cast<int>(from.x), static_cast<int>(from.y), static_cast<int>(room), static_cast<int>(height)},
       .checked = live,
       .text = name + ": " + doing});
  ImGui::SetCursorScreenPos({at.x + width - action, at.y + (height - ui.target()) / 2});
  if (kit::button(ui, id + ".revoke", take_back,
                  {.width = action, .size = kit::Size::Small, .tip = kit::tr("panel.revoke", name)}))
    out.push_back(session::RevokeRight{right == Right::See ? s.granted : Rights(right)});
  ImGui::SetCursorScreenPos(at);
  ImGui::Dummy({width, height});
}

void rights(kit::Ui& ui, const session::CustomerSnapshot& s, CustomerOut& out) {
  const Rights shown = (s.granted | s.paused) & kBuiltRights;
  kit::begin_card(ui, "panel.rights");
  kit::text(ui, "panel.rights_title", kit::tr(shown.empty() ? "panel.nothing_allowed" : "panel.allowed_now"),
            {.size = kit::Size::Small, .tone = kit::Tone::Muted});
  for (const Right right : kRightsInOrder)
    if (shown.has(right)) right_row(ui, s, right, out);
  kit::end_card(ui);
}

void rights_line(kit::Ui& ui, const session::CustomerSnapshot& s) {
  std::string names;
  for (const Right right : kRightsInOrder)
    if ((s.granted & kBuiltRights).has(right)) names += (names.empty() ? "" : ", ") + right_name(right);
  kit::live_mark(ui, "panel.rights_live", !s.in_use.empty());
  kit::beside(ui);
  kit::muted(ui, "panel.rights_line",
             names.empty() ? kit::tr("panel.nothing_allowed") : kit::tr("panel.allowed_now") + ": " + names);
}

void state_card(kit::Ui& ui, const session::CustomerSnapshot& s, CustomerState& state, CustomerOut& out) {
  if (s.recovering) {
    kit::begin_card(ui, "panel.recovering", {.tone = kit::Tone::Accent});
    kit::text(ui, "panel.recovering_title", kit::tr("panel.recovering_title"), {.face = kit::Face::Strong});
    kit::text(ui, "panel.recovering_text", kit::tr("panel.recovering_text"));
    kit::waiting_dots(ui, "panel.recovering_dots");
    kit::end_card(ui);
  } else if (!s.screen_available && s.notice.kind != session::NoticeKind::WaylandUnsupported &&
             s.notice.kind != session::NoticeKind::DisplayLost) {
    draw_notice(ui, "panel.no_screen", {session::NoticeKind::WaylandUnsupported, {}, 0}, false);
  }
  const bool told = s.recovering && s.notice.kind == session::NoticeKind::Reconnecting;  // the card above says it
  if (!told && s.notice.kind != session::NoticeKind::None &&
      (s.notice.id == 0 || s.notice.id != state.dismissed_notice))
    if (draw_notice(ui, "notice", s.notice, s.notice.id != 0)) {
      state.dismissed_notice = s.notice.id;
      out.push_back(session::DismissNotice{s.notice.id});
    }
}

std::string chat_label(const session::CustomerSnapshot& s, const CustomerState& state) {
  const std::size_t unread = s.chat.size() > state.chat_seen ? s.chat.size() - state.chat_seen : 0;
  if (!state.chat_open && unread > 0) return kit::trn("panel.chat_unread", unread);
  return kit::tr(state.chat_open ? "panel.chat_close" : "panel.chat_open");
}

}  // namespace

void draw_panel(kit::Ui& ui, const session::CustomerSnapshot& s, CustomerState& state, CustomerOut& out,
                CustomerWishes& wishes) {
  const float height = state.keep_free_below > 0 ? ImGui::GetIO().DisplaySize.y - state.keep_free_below : 0;
  kit::begin_screen(ui, "panel", {.height = height, .padding = kit::measure::kGap});
  const float stop = std::max(ui.px(60), ui.target() + ui.px(4));
  kit::begin_scroll(ui, "panel.body", -(stop + ui.px(12)));
  kit::begin_column(ui, 560);
  header(ui, s);
  kit::space(ui);
  state_card(ui, s, state, out);
  // With the on-screen keyboard there is room for one line of it only; closing the chat brings the whole back.
  const bool compact = state.keep_free_below > 0;
  if (compact)
    rights_line(ui, s);
  else
    rights(ui, s, out);
  if (state.chat_open) state.chat_seen = s.chat.size();
  const float size_button = compact ? 0 : ui.target() + ui.px(8);
  const float room = kit::width_left(ui) - size_button, half = std::floor((room - ui.px(8)) / 2);
  const bool has_words = !compact && !s.peer.check_words[0].empty();
  if (kit::button(ui, "panel.chat", chat_label(s, state),
                  {.icon = kit::icon::kChat, .width = has_words ? half : room, .selected = state.chat_open})) {
    state.chat_open = !state.chat_open;
    if (state.chat_open) ui.focus("chat.field");
  }
  if (has_words) {
    kit::beside(ui);
    if (kit::button(ui, "panel.words", kit::tr("panel.words"),
                    {.icon = kit::icon::kShield, .width = half, .selected = state.words_open}))
      state.words_open = !state.words_open;
  }
  if (!compact && !state.kiosk) {
    kit::beside(ui);
    if (kit::icon_button(ui, "panel.text_size", kit::icon::kTextSize, kit::tr("panel.text_size"),
                         {.selected = state.larger_text}))
      state.larger_text = !state.larger_text;
  }
  if (!compact && !state.kiosk && s.screen_available) {
    if (kit::button(ui, "panel.hide", hidden_text(s.hidden), {.icon = kit::icon::kEyeSlash, .width = kit::kFill, .selected = !s.hidden.empty()}))
      state.hide_open = true;
  }
  if (s.pictures_kept > 0 && !compact) {
    kit::icon_text(ui, "panel.pictures_kept", kit::icon::kSave, kit::trn("panel.pictures_kept", s.pictures_kept, clock_text(s.picture_kept_unix_ms)),
                   {.size = kit::Size::Small, .tone = kit::Tone::Accent});
  }
  if (state.words_open && has_words) {
    kit::begin_card(ui, "panel.words_card");
    const WordsResult r = draw_check_words(ui, "words", s.peer);
    if (r.decided) {
      out.push_back(session::ConfirmWords{0, r.same});
      if (r.same) state.words_open = false;
    }
    kit::end_card(ui);
  }
  if (state.chat_open) {
    const ChatResult r = draw_chat(ui, "chat", s.chat, s.peer_typing, s.peer.name, state.chat,
                                   std::max(ui.px(240), kit::height_left(ui) - ui.px(8)));
    if (r.say) out.push_back(session::SayToOperator{*r.say});
    if (r.typing) out.push_back(session::CustomerTyping{*r.typing});
  } else {
    kit::muted(ui, "panel.keys", kit::tr("panel.keys"));
  }
  kit::end_column(ui);
  // As high as what it shows: every pixel of it is one that the operator does not see.
  if (!state.chat_open) wishes.panel_height = std::ceil((ImGui::GetCursorPosY() + stop + ui.px(12)) / ui.scale()) + 2 * kit::measure::kGap;
  kit::end_scroll(ui);
  kit::begin_column(ui, 560);
  kit::space(ui, kit::measure::kTight);
  if (kit::button(ui, "panel.stop", kit::tr("panel.stop"),
                  {.kind = kit::ButtonKind::Danger,
                   .icon = kit::icon::kStop,
                   .width = kit::kFill,
                   .height = stop - ui.px(4),
                   .size = kit::Size::Large}))
    out.push_back(session::StopSession{});
  kit::end_column(ui);
  kit::end_screen(ui);
}

}  // namespace beside::views
