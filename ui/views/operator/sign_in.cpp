// SPDX-License-Identifier: GPL-3.0-or-later
#include <imgui.h>

#include <algorithm>
#include <cctype>

#include "ui/kit/catalogue.h"
#include "ui/views/operator/operator.h"
#include "ui/views/shared/notices.h"

namespace beside::views {

using kit::tr;
namespace measure = kit::measure;

namespace {

// A page with one matter on it, in the middle of the window.
void begin_page(kit::Ui& ui, const session::OperatorSnapshot& snapshot, const char* id, OperatorOut& out, const char* heading) {
  kit::begin_screen(ui, id, {.padding = measure::kSection});
  const float high = ImGui::GetIO().DisplaySize.y;
  kit::begin_column(ui, 400);
  kit::space(ui, std::clamp(high / ui.scale() * 0.12F, 8.0F, 150.0F));
  kit::icon_text(ui, std::string(id) + ".brand", kit::icon::kUsers, "Beside", {.face = kit::Face::Strong, .size = kit::Size::Large, .tone = kit::Tone::Accent});
  kit::space(ui, measure::kGap);
  kit::heading(ui, std::string(id) + ".heading", tr(heading));
  kit::space(ui, measure::kTight);
  if (draw_operator_notice(ui, std::string(id) + ".notice", snapshot.notice)) out.emplace_back(session::DismissNotice{snapshot.notice.id});
  kit::space(ui, measure::kGap);
}

void end_page(kit::Ui& ui) {
  kit::end_column(ui);
  kit::end_screen(ui);
}

void relay_line(kit::Ui& ui, const session::OperatorSnapshot& snapshot, OperatorState& state) {
  kit::space(ui, measure::kWide);
  kit::separator(ui);
  kit::space(ui, measure::kTight);
  kit::icon_text(ui, "sign_in.relay", snapshot.relay_pinned ? kit::icon::kLock : kit::icon::kGlobe,
                 snapshot.relay_pinned ? tr("op.relay_pinned", snapshot.relay) : tr("op.relay_at", snapshot.relay),
                 {.size = kit::Size::Small, .tone = kit::Tone::Muted});
  if (kit::link(ui, "sign_in.other_address", tr("op.other_address"))) state.change_address = true;
}

}  // namespace

void draw_operator_address(kit::Ui& ui, const session::OperatorSnapshot& snapshot, OperatorState& state, OperatorOut& out) {
  begin_page(ui, snapshot, "address", out, "op.address_title");
  kit::text(ui, "address.why", tr("op.address_why"), {.tone = kit::Tone::Muted});
  kit::space(ui, measure::kGap);
  const auto typed = kit::text_field(ui, "address.field", state.address,
                                     {.label = tr("op.address_label"), .hint = "beside://support.example.com:443#pin=...", .mono = true});
  kit::space(ui, measure::kGap);
  const bool pressed = kit::button(ui, "address.connect", tr("op.address_use"),
                                   {.kind = kit::ButtonKind::Primary, .enabled = !state.address.empty(), .width = kit::kFill, .height = ui.px(40)});
  if ((pressed || typed.submitted) && !state.address.empty()) {
    out.emplace_back(session::SetAddress{state.address});
    state.change_address = false;
  }
  if (state.change_address) {
    kit::space(ui);
    if (kit::link(ui, "address.back", tr("op.back"))) state.change_address = false;
  }
  end_page(ui);
}

void draw_sign_in(kit::Ui& ui, const session::OperatorSnapshot& snapshot, OperatorState& state, OperatorOut& out) {
  const bool busy = snapshot.stage == session::OperatorStage::SigningIn;
  begin_page(ui, snapshot, "sign_in", out, "op.sign_in_title");
  if (!snapshot.company.empty()) {
    kit::text(ui, "sign_in.company", snapshot.company, {.tone = kit::Tone::Muted});
    kit::space(ui, measure::kGap);
  }
  bool go = kit::text_field(ui, "sign_in.login", state.login, {.label = tr("op.login"), .enabled = !busy, .max_bytes = 128}).submitted;
  kit::space(ui, measure::kTight);
  go = kit::text_field(ui, "sign_in.password", state.password, {.label = tr("op.password"), .password = true, .enabled = !busy, .max_bytes = 256}).submitted || go;
  kit::space(ui, measure::kWide);
  const bool complete = !state.login.empty() && !state.password.empty() && !busy;
  go = kit::button(ui, "sign_in.go", busy ? tr("op.signing_in") : tr("op.sign_in"),
                   {.kind = kit::ButtonKind::Primary, .icon = kit::icon::kSignIn, .enabled = complete, .width = kit::kFill, .height = ui.px(40)}) || go;
  if (busy) {
    kit::space(ui);
    kit::waiting_dots(ui, "sign_in.busy");
  }
  if (go && complete) {
    out.emplace_back(session::SignIn{state.login, state.password});
    state.password.clear();
  }
  kit::space(ui, measure::kTight);
  if (kit::link(ui, "sign_in.invited", tr("op.have_invitation"))) state.redeeming = true;
  relay_line(ui, snapshot, state);
  end_page(ui);
}

void draw_redeem(kit::Ui& ui, const session::OperatorSnapshot& snapshot, OperatorState& state, OperatorOut& out) {
  const bool busy = snapshot.stage == session::OperatorStage::SigningIn;
  begin_page(ui, snapshot, "redeem", out, "op.redeem_title");
  kit::text(ui, "redeem.why", tr("op.redeem_why"), {.tone = kit::Tone::Muted});
  kit::space(ui, measure::kGap);
  kit::text_field(ui, "redeem.invitation", state.invitation, {.label = tr("op.invitation"), .enabled = !busy, .mono = true});
  kit::space(ui, measure::kTight);
  kit::text_field(ui, "redeem.name", state.display_name, {.label = tr("op.display_name"), .enabled = !busy, .max_bytes = 64});
  kit::space(ui, measure::kTight);
  kit::text_field(ui, "redeem.password", state.new_password, {.label = tr("op.new_password"), .password = true, .enabled = !busy, .max_bytes = 256});
  const std::string& p = state.new_password;
  const auto any = [&](auto test) { return std::any_of(p.begin(), p.end(), [&](unsigned char c) { return test(c); }); };
  // The relay's rules (8 or more characters, upper case, digit, special); it also knows a list of common ones.
  const struct {
    const char* id;
    const char* label;
    bool met;
  } rules[] = {
      {"length", "op.rule_length", static_cast<std::size_t>(std::count_if(p.begin(), p.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xc0U) != 0x80U; })) >= 8},
      {"upper", "op.rule_upper", any([](unsigned char c) { return std::isupper(c) != 0; })},
      {"digit", "op.rule_digit", any([](unsigned char c) { return std::isdigit(c) != 0; })},
      {"special", "op.rule_special", any([](unsigned char c) { return c >= 0x80 || std::ispunct(c) != 0 || c == ' '; })},
  };
  bool strong = true;
  kit::space(ui, measure::kGrid);
  for (const auto& rule : rules) {
    strong = strong && rule.met;
    kit::icon_text(ui, std::string("redeem.rule_") + rule.id, rule.met ? kit::icon::kCheck : kit::icon::kMinus, tr(rule.label),
                   {.size = kit::Size::Small, .tone = rule.met ? kit::Tone::Accent : kit::Tone::Muted});
  }
  kit::space(ui, measure::kTight);
  // Half of it is not yet another one: an error that comes and goes would move the button under somebody's hand.
  const bool differs = p.compare(0, state.repeat_password.size(), state.repeat_password) != 0;
  const auto typed = kit::text_field(ui, "redeem.repeat", state.repeat_password,
                                     {.label = tr("op.repeat_password"), .error = differs ? tr("op.passwords_differ") : std::string(), .password = true, .enabled = !busy, .max_bytes = 256});
  kit::space(ui, measure::kWide);
  const bool complete = strong && state.repeat_password == p && !state.invitation.empty() && !state.display_name.empty() && !busy;
  const bool pressed = kit::button(ui, "redeem.go", tr("op.redeem"), {.kind = kit::ButtonKind::Primary, .enabled = complete, .width = kit::kFill, .height = ui.px(40)});
  if (complete && (pressed || typed.submitted)) {
    out.emplace_back(session::Redeem{state.invitation, state.display_name, state.new_password});
    state.new_password.clear();
    state.repeat_password.clear();
  }
  kit::space(ui);
  if (kit::link(ui, "redeem.back", tr("op.back_to_sign_in"))) state.redeeming = false;
  end_page(ui);
}

}  // namespace beside::views
