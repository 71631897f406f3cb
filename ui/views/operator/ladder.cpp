// SPDX-License-Identifier: GPL-3.0-or-later
#include <imgui.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <string_view>
#include <utility>

#include "ui/kit/catalogue.h"
#include "ui/views/operator/operator.h"
#include "ui/views/shared/format.h"

namespace beside::views {

using kit::tr;

namespace {

// Everything is counted from the capture on.
constexpr session::LadderView::Step kOrigin{0, 0};

std::string ms_text(std::int64_t us) {
  if (us < 0) return "-";
  if (us == 0) return "0 ms";
  char text[24] = {};
  std::snprintf(text, sizeof text, us < 10'000 ? "%.1f ms" : "%.0f ms", static_cast<double>(us) / 1000.0);
  return text;
}

// The engine's description, its few words in the person's language; names and figures are the same in every one.
std::string described(std::string text) {
  const std::pair<std::string_view, const char*> words[] = {
      {"exact tiles", "op.ladder_tiles"}, {"changes: ", "op.ladder_changes"}, {", pass ", "op.ladder_pass"}};
  for (const auto& [word, key] : words) {
    const std::size_t at = text.find(word);
    if (at == std::string::npos) continue;
    const std::size_t lead = word.find_first_not_of(", "), end = word.find_last_not_of(": ") + 1;
    text.replace(at + lead, end - lead, tr(key));
  }
  return text;
}

// "control: timeout 3, closed 1 of 4 tries; udp: ..." as the engine's log says it, in the person's language.
std::string ways_text(std::string_view all) {
  const auto cut = [](std::string_view& rest, std::string_view at) {
    const std::size_t end = std::min(rest.find(at), rest.size());
    const std::string_view part = rest.substr(0, end);
    rest.remove_prefix(std::min(end + at.size(), rest.size()));
    return part;
  };
  const auto words = [](const char* prefix, std::string_view word) {
    const std::string key = prefix + std::string(word);
    return kit::translated(key) ? tr(key) : std::string(word);
  };
  std::string out;
  while (!all.empty()) {
    std::string_view reasons = cut(all, "; ");
    const std::string_view way = cut(reasons, ": ");
    std::string_view tries = reasons;
    reasons = cut(tries, " of ");
    std::string told;
    while (!reasons.empty()) {
      std::string_view times = cut(reasons, ", ");
      const std::string_view reason = cut(times, " ");
      told += (told.empty() ? "" : ", ") + words("op.way_failed_", reason) + " \u00d7 " + std::string(times);
    }
    std::uint64_t tried = 0;
    std::from_chars(tries.data(), tries.data() + tries.size(), tried);
    out += (out.empty() ? "" : "; ") + words("op.way_", way) + ": " + kit::trn("op.way_tries", tried, told);
  }
  return out;
}

}  // namespace

Rect draw_ladder(kit::Ui& ui, const Area& area, const session::SessionView& s) {
  const float width = std::min(ui.px(360), area.width - ui.px(16));
  const float left = area.x + area.width - width - ui.px(12), top = area.y + ui.px(12);
  ImGui::SetCursorScreenPos({left, top});
  kit::begin_card(ui, "ladder", {.width = width});
  kit::text(ui, "ladder.title", tr("op.ladder"), {.face = kit::Face::Strong});
  kit::space(ui, 6);
  const struct {
    const char* id;
    const char* label;
    const session::LadderView::Step& step;
  } steps[] = {{"captured", "op.step_captured", kOrigin},
               {"decided", "op.step_decided", s.ladder.decided},
               {"encoded", "op.step_encoded", s.ladder.encoded},
               {"sent", "op.step_sent", s.ladder.sent},
               {"received", "op.step_received", s.ladder.received},
               {"decoded", "op.step_decoded", s.ladder.decoded},
               {"shown", "op.step_shown", s.ladder.shown}};
  std::int64_t longest = 1;
  for (const auto& row : steps) longest = std::max(longest, row.step.p95_us);
  float label = ui.px(84);
  for (const auto& row : steps) label = std::max(label, kit::measure_text(ui, tr(row.label), {.size = kit::Size::Small}).width);
  label += ui.px(8);
  const kit::TextStyle mono{.face = kit::Face::Mono, .size = kit::Size::Small};
  for (const auto& row : steps) {
    const ImVec2 at = ImGui::GetCursorScreenPos();
    const float all = kit::width_left(ui), figures = ui.px(124), bar = std::max(all - label - figures, ui.px(20));
    kit::text_at(ui, at.x, at.y, tr(row.label), {.size = kit::Size::Small});
    const float name = kit::measure_text(ui, tr(row.label), {.size = kit::Size::Small}).width;
    ui.map().add({.label = std::string("ladder.") + row.id + ".name", .rect = {static_cast<int>(at.x), static_cast<int>(at.y), static_cast<int>(name), static_cast<int>(ui.px(18))}, .cut = name > label, .text = tr(row.label)});
    const auto part = [&](std::int64_t us) { return bar * static_cast<float>(std::max<std::int64_t>(us, 0)) / static_cast<float>(longest); };
    ImDrawList* list = ImGui::GetWindowDrawList();
    const float y = at.y + ui.px(5), high = ui.px(7), x = at.x + label;
    list->AddRectFilled({x, y}, {x + part(row.step.p95_us), y + high}, kit::packed(ui.theme().accent_soft), ui.px(3));
    list->AddRectFilled({x, y}, {x + part(row.step.p50_us), y + high}, kit::packed(ui.theme().accent), ui.px(3));
    const std::string words = ms_text(row.step.p50_us) + " / " + ms_text(row.step.p95_us);
    const float wide = kit::measure_text(ui, words, mono).width;
    kit::text_at(ui, at.x + all - wide, at.y, words, mono);
    ui.map().add({.label = std::string("ladder.") + row.id, .rect = {static_cast<int>(at.x), static_cast<int>(at.y), static_cast<int>(all), static_cast<int>(ui.px(18))}, .text = words});
    ImGui::Dummy({all, ui.px(18)});
  }
  kit::space(ui, 6);
  kit::muted(ui, "ladder.what", tr("op.ladder_what"));
  kit::space(ui, 4);
  kit::muted(ui, "ladder.marks", tr("op.ladder_marks"));
  if (!s.media.capture.empty()) {
    kit::space(ui, 4);
    kit::muted(ui, "ladder.capture", described(s.media.capture));
  }
  kit::space(ui, 6);
  if (!s.media.encoder.empty()) kit::muted(ui, "ladder.encoder", tr("op.ladder_encoder", described(s.media.encoder)));
  if (s.media.datagram_bytes > 0) kit::muted(ui, "ladder.path", tr("op.ladder_path", s.media.datagram_bytes));
  if (!s.media.failed_ways.empty()) kit::muted(ui, "ladder.failed_ways", tr("op.ladder_failed_ways", ways_text(s.media.failed_ways)));
  kit::text(ui, "ladder.counts", tr("op.ladder_counts", s.media.frames, size_text(s.media.bytes), s.media.lost_packets, s.media.key_requests), mono);
  kit::end_card(ui);
  return {static_cast<int>(left), static_cast<int>(top), static_cast<int>(std::ceil(width)), static_cast<int>(std::ceil(ImGui::GetCursorScreenPos().y - top))};
}

}  // namespace beside::views
