// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/kit/catalogue.h"
#include "ui/views/customer/customer.h"
#include "ui/views/shared/notices.h"

// First screen where no file names a company: its address.
namespace beside::views {

void draw_address(kit::Ui& ui, const session::CustomerSnapshot& s, CustomerState& state, CustomerOut& out) {
  kit::begin_screen(ui, "address");
  kit::begin_column(ui, 460);
  kit::space(ui, kit::measure::kSection);
  kit::heading(ui, "address.title", kit::tr("address.title"));
  kit::text(ui, "address.explain", kit::tr("address.explain"), {.tone = kit::Tone::Muted});
  kit::space(ui, kit::measure::kWide);
  const kit::FieldResult typed = kit::text_field(
      ui, "address.field", state.address, {.label = kit::tr("address.label"), .hint = "beside://", .mono = true});
  kit::space(ui);
  const bool blank = state.address.find_first_not_of(" \t") == std::string::npos;
  const bool go = kit::button(ui, "address.go", kit::tr("address.go"),
                              {.kind = kit::ButtonKind::Primary, .enabled = !blank, .width = kit::kFill});
  if ((go || typed.submitted) && !blank) out.push_back(session::SetAddress{state.address});
  kit::space(ui);
  if (s.notice.id != state.dismissed_notice || s.notice.id == 0)
    if (draw_notice(ui, "notice", s.notice, s.notice.id != 0)) {
      state.dismissed_notice = s.notice.id;
      out.push_back(session::DismissNotice{s.notice.id});
    }
  kit::end_column(ui);
  kit::end_screen(ui);
}

}  // namespace beside::views
