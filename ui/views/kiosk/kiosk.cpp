// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/views/kiosk/kiosk.h"

#include <imgui.h>

#include <algorithm>

#include "ui/kit/catalogue.h"
#include "ui/views/shared/notices.h"

namespace beside::views {
namespace {

constexpr std::size_t kCodeDigits = 10, kChatLimit = 500;

void reset(kit::Ui& ui, const KioskSettings& settings, KioskState& state) {
  // Nothing of the person before may be left: neither what was typed nor the language.
  const LocalTime touch = ui.now();
  state = KioskState{};
  state.last_touch = touch;
  kit::set_language(settings.home_language);
}

bool touched() {
  const ImGuiIO& io = ImGui::GetIO();
  for (const bool down : io.MouseDown)
    if (down) return true;
  for (const bool down : io.KeysDown)
    if (down) return true;
  return io.MouseDelta.x != 0 || io.MouseDelta.y != 0;
}

void language_row(kit::Ui& ui, const KioskSettings& settings) {
  const std::vector<std::string> offered = settings.languages.empty() ? kit::languages() : settings.languages;
  if (offered.size() < 2) return;
  bool first = true;
  for (const std::string& code : offered) {
    if (!first) {
      kit::beside(ui);
      if (kit::width_left(ui) < ui.px(150)) ImGui::NewLine();
    }
    first = false;
    if (kit::button(ui, "kiosk.language." + code, kit::language_name(code), {.selected = kit::language() == code}))
      kit::set_language(code);
  }
}

// The privacy screen: the company, one large button, languages. Shows nothing of any session.
void idle(kit::Ui& ui, const session::CustomerSnapshot& s, const KioskSettings& settings, KioskState& state) {
  kit::begin_screen(ui, "kiosk.idle", {.padding = kit::measure::kSection});
  kit::begin_column(ui, 720);
  kit::space(ui, std::clamp((kit::height_left(ui) / ui.scale() - 420) / 2, 8.0f, 400.0f));
  kit::avatar(ui, "kiosk.mark", settings.company, ui.px(72));
  kit::space(ui, kit::measure::kGap);
  kit::heading(ui, "kiosk.company", settings.company);
  if (!settings.department.empty()) kit::text(ui, "kiosk.department", settings.department, {.tone = kit::Tone::Muted});
  kit::text(ui, "kiosk.explain", kit::tr("kiosk.explain"));
  kit::space(ui, kit::measure::kSection);
  if (kit::button(ui, "kiosk.begin", kit::tr("kiosk.begin"),
                  {.kind = kit::ButtonKind::Primary,
                   .icon = kit::icon::kKeyboard,
                   .enabled = s.relay_up,
                   .width = kit::kFill,
                   .height = ui.px(88),
                   .size = kit::Size::Large}))
    state.page = KioskPage::Code;
  if (!s.relay_up) kit::text(ui, "kiosk.offline", kit::tr("kiosk.offline"), {.tone = kit::Tone::Warning});
  kit::space(ui, kit::measure::kSection);
  language_row(ui, settings);
  kit::end_column(ui);
  kit::end_screen(ui);
}

void code(kit::Ui& ui, const session::CustomerSnapshot& s, KioskState& state, CustomerOut& out) {
  kit::begin_screen(ui, "kiosk.code", {.padding = kit::measure::kSection});
  kit::begin_column(ui, 520);
  // At the height of people's hands on an upright screen.
  kit::space(ui, std::clamp((kit::height_left(ui) / ui.scale() - 640) / 2, 0.0f, 240.0f));
  kit::heading(ui, "kiosk.code_title", kit::tr("start.code_label"));
  kit::text(ui, "kiosk.code_explain", kit::tr("start.explain"));
  CustomerState& c = state.customer;
  const kit::FieldResult typed = kit::code_field(ui, "kiosk.code_field", c.code, {.hint = "000 000 0000"});
  const std::string before = c.code;
  const bool done = draw_keyboard(ui, "kiosk.pad", state, c.code, true, kCodeDigits);
  if (typed.changed || before != c.code) c.code_slip = false;
  if ((done || typed.submitted) && c.code.size() == kCodeDigits) {
    c.code_slip = !code_adds_up(c.code);
    if (!c.code_slip) out.push_back(session::EnterCode{c.code});
  }
  if (c.code_slip)
    draw_notice(ui, "kiosk.slip", {session::NoticeKind::CodeMistyped, {}, 0}, false);
  else if (s.notice.kind != session::NoticeKind::None && (s.notice.id == 0 || s.notice.id != c.dismissed_notice))
    if (draw_notice(ui, "notice", s.notice, s.notice.id != 0)) {
      c.dismissed_notice = s.notice.id;
      out.push_back(session::DismissNotice{s.notice.id});
    }
  if (kit::button(ui, "kiosk.back", kit::tr("kiosk.back"), {.icon = kit::icon::kLeft, .width = kit::kFill})) {
    c.code.clear();
    c.code_slip = false;
    state.page = KioskPage::Idle;
  }
  kit::end_column(ui);
  kit::end_screen(ui);
}

}  // namespace

std::vector<session::CustomerCommand> draw_kiosk(kit::Ui& ui, const session::CustomerSnapshot& s,
                                                 const KioskSettings& settings, KioskState& state,
                                                 KioskWishes* wishes) {
  using Stage = session::CustomerStage;
  CustomerOut out;
  KioskWishes ignored;
  KioskWishes& wish = wishes != nullptr ? *wishes : ignored;
  wish = {};
  ui.set_target(kit::measure::kKioskTarget);
  ui.set_larger_text(true);
  state.customer.kiosk = true;
  if (touched() || state.last_touch == LocalTime{}) state.last_touch = ui.now();
  // Whoever goes back to the start by hand leaves as little as who walks away.
  if (s.stage == Stage::Ended) {
    state.ended = true;
  } else if (std::exchange(state.ended, false)) {
    reset(ui, settings, state);
    state.customer.kiosk = true;
  }
  const bool at_rest = s.stage == Stage::NeedAddress || s.stage == Stage::Start || s.stage == Stage::Ended;
  const bool used =
      state.page != KioskPage::Idle || s.stage == Stage::Ended || kit::language() != settings.home_language;
  if (at_rest && used) {
    if (ui.now() >= state.last_touch + kKioskReset) {
      if (s.stage == Stage::Ended) out.push_back(session::BackToStart{});
      reset(ui, settings, state);
      state.customer.kiosk = true;
    } else {
      ui.wants().at(state.last_touch + kKioskReset);
    }
  }
  if (s.stage == Stage::Start || s.stage == Stage::NeedAddress) {
    if (state.page == KioskPage::Idle)
      idle(ui, s, settings, state);
    else
      code(ui, s, state, out);
    return out;
  }
  state.page = KioskPage::Idle;  // where it comes back to
  state.customer.code.clear();
  wish.full_screen = s.stage != Stage::Live || s.ask.has_value();
  wish.panel_width = 420;
  const bool keyboard = s.stage == Stage::Live && !s.ask && state.customer.chat_open;
  CustomerWishes customer_wishes;
  if (!keyboard) {
    const auto more = draw_customer(ui, s, state.customer, &customer_wishes);
    out.insert(out.end(), more.begin(), more.end());
    return out;
  }
  // The panel gets the upper part, the keyboard the rest, at the same edge.
  const ImVec2 display = ImGui::GetIO().DisplaySize;
  const float keys = 5 * (ui.px(kit::measure::kKioskTarget) + ui.px(4)) + ui.px(24);
  state.customer.keep_free_below = keys;
  const auto more = draw_customer(ui, s, state.customer, &customer_wishes);
  state.customer.keep_free_below = 0;
  out.insert(out.end(), more.begin(), more.end());
  kit::begin_screen(ui, "kiosk.keyboard",
                    {.y = display.y - keys, .height = keys, .padding = kit::measure::kTight, .surface = true});
  if (draw_keyboard(ui, "kiosk.keys", state, state.customer.chat.draft, false, kChatLimit) &&
      !state.customer.chat.draft.empty()) {
    out.push_back(session::SayToOperator{state.customer.chat.draft});
    state.customer.chat.draft.clear();
  }
  kit::end_screen(ui);
  return out;
}

}  // namespace beside::views
