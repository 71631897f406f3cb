// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/views/shared/chat_box.h"

#include <algorithm>
#include <vector>

#include "ui/kit/catalogue.h"
#include "ui/views/shared/format.h"

namespace beside::views {
namespace {
constexpr seconds kTypingRests{4};           // without a key: no longer typing
constexpr std::size_t kMessageLimit = 4096;  // bytes of one message
}  // namespace

ChatResult draw_chat(kit::Ui& ui, std::string_view prefix, std::span<const session::ChatLine> chat, bool peer_typing,
                     std::string_view peer, ChatState& state, float height, bool enabled) {
  ChatResult out;
  const std::string name(prefix);
  std::vector<kit::Bubble> bubbles;
  bubbles.reserve(chat.size());
  const std::string gap = kit::tr("chat.gap");
  for (const session::ChatLine& line : chat) {
    if (line.after_gap) bubbles.push_back({false, true, false, gap, {}});
    bubbles.push_back({line.mine, line.system, line.pending, line.text,
                       line.pending ? kit::tr("chat.sending") : clock_text(line.at_unix_ms)});
  }
  const std::string typing = peer_typing ? kit::tr("chat.typing", peer) : std::string();
  const float field = ui.target() + ui.px(kit::measure::kGap);
  const float room = std::max(ui.px(64), height - field);
  if (bubbles.empty() && typing.empty()) {
    kit::begin_scroll(ui, name + ".transcript", room);
    kit::muted(ui, name + ".empty", kit::tr("chat.empty"));
    kit::end_scroll(ui);
  } else {
    kit::chat_transcript(ui, name + ".transcript", bubbles, typing, room);
  }
  const float send = ui.target();
  const kit::FieldResult typed = kit::text_field(ui, name + ".field", state.draft,
                                                 {.hint = kit::tr("chat.hint"),
                                                  .enabled = enabled,
                                                  .width = kit::width_left(ui) - send - ui.px(kit::measure::kTight),
                                                  .max_bytes = kMessageLimit});
  kit::beside(ui);
  const bool blank = state.draft.find_first_not_of(" \t\r\n") == std::string::npos;
  const bool pressed = kit::icon_button(ui, name + ".send", kit::icon::kSend, kit::tr("chat.send"),
                                        {.kind = kit::ButtonKind::Primary, .enabled = enabled && !blank});
  if (typed.changed) state.last_key = ui.now();
  if ((typed.submitted || pressed) && !blank && enabled) {
    out.say = state.draft;
    state.draft.clear();
    ui.focus(name + ".field");
  }
  const bool now_typing =
      !state.draft.empty() && state.last_key != LocalTime{} && ui.now() < state.last_key + kTypingRests;
  if (now_typing) ui.wants().at(state.last_key + kTypingRests);
  if (now_typing != state.told_typing) {
    state.told_typing = now_typing;
    out.typing = now_typing;
  }
  return out;
}

std::string transcript_text(std::span<const session::ChatLine> chat, std::string_view me, std::string_view peer) {
  std::string out;
  for (const session::ChatLine& line : chat) {
    out += clock_text(line.at_unix_ms);
    out += "  ";
    if (!line.system) {
      out += line.mine ? me : peer;
      out += ": ";
    }
    out += line.text;
    out += '\n';
  }
  return out;
}

}  // namespace beside::views
