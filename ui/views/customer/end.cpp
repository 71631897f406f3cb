// SPDX-License-Identifier: GPL-3.0-or-later
#include <imgui.h>

#include <algorithm>

#include "ui/kit/catalogue.h"
#include "ui/views/customer/customer.h"
#include "ui/views/shared/format.h"
#include "ui/views/shared/notices.h"

// What happened, on one page; then the program exits and nothing stays.
namespace beside::views {
namespace {

void use_row(kit::Ui& ui, const session::EndView::Use& use) {
  const std::string id = std::string("end.use.") + name_of(use.right);
  kit::icon_text(
      ui, id, right_icon(use.right),
      kit::tr(use.used ? "end.use_used" : "end.use_unused", right_name(use.right), duration_text(use.granted_ms)));
}

}  // namespace

void draw_end(kit::Ui& ui, const session::CustomerSnapshot& s, CustomerState& state, CustomerOut& out,
              CustomerWishes& wishes) {
  const session::EndView& end = s.end;
  kit::begin_screen(ui, "end");
  kit::begin_column(ui, 560);
  kit::space(ui, kit::measure::kWide);
  kit::heading(ui, "end.title", kit::tr("end.title"));
  kit::text(ui, "end.cause", end_cause_text(end.cause));
  kit::space(ui);
  if (s.notice.kind != session::NoticeKind::None && (s.notice.id == 0 || s.notice.id != state.dismissed_notice)) {
    if (draw_notice(ui, "notice", s.notice, false)) state.dismissed_notice = s.notice.id;
    kit::space(ui);
  }
  kit::begin_card(ui, "end.summary");
  if (!s.peer.name.empty())
    kit::text(ui, "end.who", kit::tr("end.who", s.peer.name, duration_text(end.duration_ms)),
              {.face = kit::Face::Strong});
  if (end.uses.empty()) {
    kit::text(ui, "end.nothing", kit::tr("end.nothing_allowed"));
  } else {
    for (const auto& use : end.uses) use_row(ui, use);
  }
  if (s.pictures_kept > 0)
    kit::icon_text(ui, "end.pictures_kept", kit::icon::kSave, kit::trn("panel.pictures_kept", s.pictures_kept, clock_text(s.picture_kept_unix_ms)));
  kit::space(ui, kit::measure::kGrid);
  kit::icon_text(ui, "end.now", kit::icon::kCheck, kit::tr("end.now"), {.tone = kit::Tone::Accent});
  kit::end_card(ui);
  kit::space(ui, kit::measure::kGrid);
  if (!state.kiosk) {
    if (!end.journal_path.empty()) {
      kit::text(ui, "end.journal_label", kit::tr("end.journal"), {.size = kit::Size::Small, .tone = kit::Tone::Muted});
      kit::elided(ui, "end.journal", end.journal_path, kit::kFill, {.face = kit::Face::Mono, .size = kit::Size::Small});
    }
    if (!end.receipt_hex.empty()) {
      kit::text(ui, "end.receipt_label", kit::tr(end.receipt_matches ? "end.receipt_both" : "end.receipt_ours"),
                {.size = kit::Size::Small, .tone = kit::Tone::Muted});
      kit::elided(ui, "end.receipt", end.receipt_hex, kit::kFill, {.face = kit::Face::Mono, .size = kit::Size::Small});
      if (kit::link(ui, "end.copy_receipt", kit::tr(state.receipt_copied ? "end.receipt_copied" : "end.copy_receipt"))) {
        wishes.copy_receipt = true;
        state.receipt_copied = true;
      }
    }
    kit::space(ui);
    if (!state.saved_as.empty())
      kit::icon_text(ui, "end.saved", kit::icon::kCheck, kit::tr("end.saved", state.saved_as),
                     {.size = kit::Size::Small, .tone = kit::Tone::Accent});
    if (state.not_saved) kit::icon_text(ui, "end.not_saved", kit::icon::kWarning, kit::tr("end.not_saved"), {.size = kit::Size::Small, .tone = kit::Tone::Warning});
    if (!s.chat.empty() && state.saved_as.empty() &&
        kit::button(ui, "end.save", kit::tr("end.save_transcript"), {.icon = kit::icon::kSave, .width = kit::kFill}))
      wishes.save_transcript = true;
    if (kit::button(ui, "end.quit", kit::tr("end.quit"), {.kind = kit::ButtonKind::Primary, .width = kit::kFill}))
      out.push_back(session::Quit{});
    kit::muted(ui, "end.promise", kit::tr("end.promise"));
  } else {
    kit::space(ui);
    if (kit::button(ui, "end.back", kit::tr("end.back_to_start"),
                    {.kind = kit::ButtonKind::Primary, .width = kit::kFill}))
      out.push_back(session::BackToStart{});
  }
  kit::end_column(ui);
  kit::end_screen(ui);
}

}  // namespace beside::views
