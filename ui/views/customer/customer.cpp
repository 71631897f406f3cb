// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/views/customer/customer.h"

namespace beside::views {

std::vector<session::CustomerCommand> draw_customer(kit::Ui& ui, const session::CustomerSnapshot& s,
                                                    CustomerState& state, CustomerWishes* wishes) {
  CustomerOut out;
  CustomerWishes ignored;
  CustomerWishes& wish = wishes != nullptr ? *wishes : ignored;
  wish = {};
  ui.set_target(state.kiosk ? kit::measure::kKioskTarget : kit::measure::kCustomerTarget);
  ui.set_larger_text(state.larger_text || state.kiosk);
  const bool entered = state.fresh || state.last_stage != s.stage;
  state.last_stage = s.stage;
  state.fresh = false;
  if (entered) {
    // What a stage needs first has the keyboard; nothing that grants ever does.
    if (s.stage == session::CustomerStage::NeedAddress) ui.focus("address.field");
    if (s.stage == session::CustomerStage::Start) ui.focus("start.code");
    state.confirm_stop = false;
  }
  switch (s.stage) {
    case session::CustomerStage::NeedAddress:
      draw_address(ui, s, state, out);
      break;
    case session::CustomerStage::Start:
      draw_start(ui, s, state, out);
      break;
    case session::CustomerStage::Connecting:
    case session::CustomerStage::Securing:
      draw_connecting(ui, s, state, out);
      break;
    case session::CustomerStage::Live:
      if (s.ask && s.ask->id != state.ask_id) state.hide_open = false;   // a new question is not kept waiting
      wish.panel_height = 540.0f;   // where nothing below knows better: the page that is just being left
      if (state.hide_open) {
        draw_hide(ui, s, state, out, wish);
      } else if (s.ask) {
        draw_consent(ui, s, state, out);
      } else {
        draw_panel(ui, s, state, out, wish);
      }
      wish.panel_width = 380;
      // What is open should fit; the shell keeps it within the monitor.
      if (s.ask || state.hide_open) {
        wish.panel_height = 720.0f;
      } else if (state.chat_open) {
        wish.panel_height = 740.0f + (s.pictures_kept > 0 ? 30.0f : 0) + (s.notice.kind != session::NoticeKind::None || s.recovering ? 120.0f : 0);
      }
      break;
    case session::CustomerStage::Ended:
      draw_end(ui, s, state, out, wish);
      break;
  }
  return out;
}

}  // namespace beside::views
