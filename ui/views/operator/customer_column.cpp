// SPDX-License-Identifier: GPL-3.0-or-later
#include <imgui.h>

#include <algorithm>
#include <cmath>

#include "ui/kit/catalogue.h"
#include "ui/views/operator/operator.h"
#include "ui/views/shared/check_words.h"
#include "ui/views/shared/format.h"

namespace beside::views {

using kit::tr;
using session::SessionView;

namespace {

// As the operator reads it; the customer's side has words of its own.
std::string verified_words(session::Verified verified) {
  switch (verified) {
    case session::Verified::ByCode:
      return tr("op.verified_code");
    case session::Verified::ByWords:
      return tr("op.verified_words");
    case session::Verified::No:
      break;
  }
  return tr("op.verified_no");
}

void card(kit::Ui& ui, const SessionView& s, SessionUi& mine, OperatorOut& out) {
  const float size = ui.px(40);
  const ImVec2 at = ImGui::GetCursorScreenPos();
  kit::avatar(ui, "customer.avatar", s.peer.name, size);
  const float width = kit::width_left(ui) - size - ui.px(12);
  ImGui::SetCursorScreenPos({at.x + size + ui.px(12), at.y});
  kit::elided(ui, "customer.name", session_title(s), width, {.face = kit::Face::Strong});
  ImGui::SetCursorScreenPos({at.x + size + ui.px(12), at.y + ui.px(20)});
  kit::elided(ui, "customer.system", s.peer.system, width, {.size = kit::Size::Small, .tone = kit::Tone::Muted});
  ImGui::SetCursorScreenPos({at.x, at.y + size + ui.px(10)});
  const bool proven = s.peer.verified != session::Verified::No;
  kit::icon_text(ui, "customer.verified", proven ? kit::icon::kShield : kit::icon::kWarning, verified_words(s.peer.verified),
                 {.size = kit::Size::Small, .tone = proven ? kit::Tone::Normal : kit::Tone::Warning});
  if (!s.peer.check_words[0].empty() && s.peer.verified != session::Verified::ByWords) {
    if (kit::link(ui, "customer.compare", tr(mine.words_open ? "op.hide_words" : "op.compare_words"))) mine.words_open = !mine.words_open;
    if (mine.words_open) {
      const WordsResult words = draw_check_words(ui, "customer.words", s.peer);
      if (words.decided) {
        out.emplace_back(session::ConfirmWords{s.local_id, words.same});
        mine.words_open = false;
      }
    }
  }
}

void rights(kit::Ui& ui, const SessionView& s, OperatorState& state, OperatorOut& out) {
  kit::text(ui, "", tr("op.rights"), {.face = kit::Face::Strong, .size = kit::Size::Small, .tone = kit::Tone::Muted});
  kit::space(ui, 4);
  for (const Right right : {Right::See, Right::Point, Right::Control}) {
    const std::string name = name_of(right);
    const ImVec2 at = ImGui::GetCursorScreenPos();
    const float width = kit::width_left(ui);
    const bool granted = s.granted.has(right), paused = s.paused.has(right), asked = s.asked.has(right);
    const kit::Tone tone = paused ? kit::Tone::Warning : granted ? kit::Tone::Accent : kit::Tone::Muted;
    const std::string action = tr(granted ? "op.give_back_short" : "op.ask_short");
    const float button = std::max(ui.px(56), kit::measure_text(ui, action, {.size = kit::Size::Small}).width + ui.px(33));
    // A long name takes two lines: what is granted is read whole.
    const kit::TextStyle style{.tone = granted || asked ? kit::Tone::Normal : kit::Tone::Muted};
    const float room = width - ui.px(26) - button - ui.px(4);
    const kit::Extent e = kit::measure_text(ui, right_name(right), style, room);
    const float high = std::max(ui.px(34), e.height + ui.px(8)), text_y = at.y + std::round((high - e.height) / 2) - ui.px(1);
    kit::text_at(ui, at.x, text_y + ui.px(1), right_icon(right), {.tone = tone});
    kit::text_at(ui, at.x + ui.px(26), text_y, right_name(right), style, room);
    ui.map().add({.label = "rights." + name, .role = kit::Role::Text, .rect = {static_cast<int>(at.x + ui.px(26)), static_cast<int>(text_y), static_cast<int>(std::ceil(e.width)), static_cast<int>(e.height)}, .cut = e.width > room + 1, .text = right_name(right)});
    ImGui::SetCursorScreenPos({at.x + width - button, at.y + std::round((high - ui.px(32)) / 2)});
    if (asked) {
      kit::text_at(ui, at.x + width - button, at.y + std::round((high - ui.px(32)) / 2) + ui.px(8), tr("op.asked_short"), {.size = kit::Size::Small, .tone = kit::Tone::Accent});
      ImGui::Dummy({button, ui.px(32)});
    } else if (kit::button(ui, (granted ? "rights.give_back_" : "rights.ask_") + name, action, {.width = button, .size = kit::Size::Small})) {
      if (granted) {
        out.emplace_back(session::GiveBackRight{s.local_id, right});
      } else {
        state.ask_rights = right == Right::See || s.granted.has(Right::See) ? Rights(right) : Right::See | Rights(right);
        state.ask_open = true;
      }
    }
    ImGui::SetCursorScreenPos({at.x, at.y + high});
  }
  if (!s.refused.empty()) kit::icon_text(ui, "rights.refused", kit::icon::kInfo, tr("op.refused_short"), {.size = kit::Size::Small, .tone = kit::Tone::Warning});
}

}  // namespace

void draw_customer_column(kit::Ui& ui, const Area& area, const SessionView& s, OperatorState& state, OperatorOut& out) {
  SessionUi& mine = state.sessions[s.local_id];
  kit::begin_screen(ui, "column", {.x = area.x, .y = area.y, .width = area.width, .height = area.height, .padding = 14, .surface = true});
  ImGui::GetWindowDrawList()->AddRectFilled({area.x, area.y}, {area.x + std::max(1.0F, ui.scale()), area.y + area.height}, kit::packed(ui.theme().line));
  card(ui, s, mine, out);
  kit::space(ui, 10);
  kit::separator(ui);
  kit::space(ui, 10);
  rights(ui, s, state, out);
  kit::space(ui, 16);
  kit::separator(ui);
  kit::space(ui, 10);
  kit::text(ui, "", tr("op.chat"), {.face = kit::Face::Strong, .size = kit::Size::Small, .tone = kit::Tone::Muted});
  kit::space(ui, 4);
  const ChatResult chat = draw_chat(ui, "chat", s.chat, s.peer_typing, session_title(s), mine.chat, std::max(kit::height_left(ui), ui.px(140)));
  if (chat.say) out.emplace_back(session::SayToCustomer{s.local_id, *chat.say});
  if (chat.typing) out.emplace_back(session::OperatorTyping{s.local_id, *chat.typing});
  // What lies open on the screen counts as read; told once per line.
  if (s.unread > 0 && !s.chat.empty() && mine.chat_seen != s.chat.size()) {
    mine.chat_seen = s.chat.size();
    out.emplace_back(session::MarkChatRead{s.local_id});
  }
  kit::end_screen(ui);
}

}  // namespace beside::views
