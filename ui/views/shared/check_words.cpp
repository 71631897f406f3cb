// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/views/shared/check_words.h"

#include <imgui.h>

#include "ui/kit/catalogue.h"

namespace beside::views {

WordsResult draw_check_words(kit::Ui& ui, std::string_view prefix, const session::PeerView& peer) {
  WordsResult out;
  const std::string name(prefix);
  std::string words;
  for (const std::string& word : peer.check_words) {
    if (word.empty()) continue;
    words += (words.empty() ? "" : "  ") + word;
  }
  if (words.empty()) return out;
  kit::muted(ui, name + ".explain", kit::tr("words.explain"));
  kit::text(ui, name + ".words", words, {kit::Face::Mono, kit::Size::Large, kit::Tone::Normal});
  if (peer.verified == session::Verified::ByWords) {
    kit::icon_text(ui, name + ".done", kit::icon::kCheck, kit::tr("words.compared"), {.tone = kit::Tone::Accent});
    return out;
  }
  if (kit::button(ui, name + ".same", kit::tr("words.same"), {.icon = kit::icon::kCheck})) out = {true, true};
  kit::beside(ui);
  if (kit::width_left(ui) < ui.px(110)) ImGui::NewLine();
  if (kit::button(ui, name + ".differ", kit::tr("words.differ"))) out = {true, false};
  return out;
}

}  // namespace beside::views
