// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/tools/headless/operator_player.h"

#include <algorithm>

#include "tests/tools/headless/json_of.h"
#include "tests/tools/headless/words.h"

namespace beside::headless {
namespace {

// Pixel to the wire's 0..65535, aimed at the pixel's middle.
std::uint16_t normalised(double pixel, int size) {
  if (size <= 0) return 0;
  return static_cast<std::uint16_t>(std::clamp((pixel + 0.5) * 65536.0 / size, 0.0, 65535.0));
}

}  // namespace

OperatorPlayer::OperatorPlayer(app::OperatorEngineConfig config, OperatorOrders orders) : orders_(std::move(orders)) {
  config.canvas = [this](std::uint32_t session, std::shared_ptr<ports::Canvas> canvas) { pictures_.watch(session, std::move(canvas)); };
  config.canvas_changed = [this](std::uint32_t) { wake(); };
  config.cursor_shape = [](std::uint32_t, ports::CursorImage) {};
  config.cursor_position = [](std::uint32_t, ports::CursorPosition) {};
  config.gone = [this](std::uint32_t session) { pictures_.forget(session); };
  engine_ = std::make_unique<app::OperatorEngine>(std::move(config), [this] { wake(); });
  if (!orders_.token.empty()) engine_->command(session::SignInWithToken{orders_.token});
}

OperatorPlayer::~OperatorPlayer() { engine_->stop(); }

const session::SessionView* OperatorPlayer::view(std::uint32_t session) const {
  if (!last_) return nullptr;
  for (const auto& one : last_->sessions) {
    if (one.local_id == session) return &one;
  }
  return nullptr;
}

// Steps that name no session mean the newest; sign-in and its like are the program's (0).
std::uint32_t OperatorPlayer::session_of(const json& step) const {
  if (step.contains("session")) return step["session"];
  return last_ && !last_->sessions.empty() ? last_->sessions.back().local_id : 0;
}

void OperatorPlayer::look() {
  look_at_pictures();
  const auto now = engine_->snapshot();
  if (now == last_) return;
  last_ = now;
  changed(0, state_of(*now));
  for (const auto& one : now->sessions) changed(one.local_id, state_of(one));
}

void OperatorPlayer::look_at_pictures() {
  for (const auto& [session, seen] : pictures_.look()) {
    std::uint64_t& told = told_pictures_[session];
    if (seen.pictures == told || !seen.canvas) continue;
    const bool first = told == 0;
    told = seen.pictures;
    const ports::UpdateTimes& times = seen.newest.times;
    if (orders_.every_picture || first) {
      const Rect whole{0, 0, seen.newest.width, seen.newest.height};
      std::int64_t damaged = 0;
      for (const Rect& r : seen.newest.damage) damaged += std::int64_t{r.width} * r.height;
      json event = {{"event", "picture"}, {"session", session}, {"number", times.number}, {"count", seen.pictures},
                    {"width", whole.width}, {"height", whole.height}, {"damaged", damaged}, {"exact", seen.canvas->exact(whole)},
                    {"captured_peer_us", times.captured_at.time_since_epoch() / 1us},
                    {"received_us", to_us(times.received_at)}, {"decoded_us", to_us(times.decoded_at)}};
      if (orders_.hash) event["hash"] = hash_of(*seen.canvas);
      emit(std::move(event));
    }
    engine_->command(session::PictureShown{session, times.number, to_us(local_now())});
  }
}

void OperatorPlayer::send(std::uint32_t session, InputEvent event) {
  if (const auto* at = view(session)) {
    event.layout_generation = at->layout.generation;
    event.monitor_id = at->monitor_id;
  }
  engine_->command(session::SendInput{session, event});
}

// {"do":"input","kind":"key_down","hid":4,"keysym":97,"text":"a","modifiers":0} or {"kind":"button_down","button":1,"x":..,"y":..};
// x and y are pixels of the picture.
std::string OperatorPlayer::input(const json& step, std::uint32_t session) {
  const auto kind = input_kind_named(step.value("kind", std::string()));
  if (!kind) return "unknown kind";
  InputEvent event;
  event.kind = *kind;
  event.button = step.value("button", std::uint8_t{0});
  event.modifiers = step.value("modifiers", std::uint16_t{0});
  event.hid_usage = step.value("hid", std::uint16_t{0});
  event.keysym = step.value("keysym", 0u);
  event.dx = step.value("dx", std::int16_t{0});
  event.dy = step.value("dy", std::int16_t{0});
  const std::string text = step.value("text", std::string());
  if (text.size() > event.text.size()) return "text of one character only";
  std::copy(text.begin(), text.end(), event.text.begin());
  if (const auto* at = view(session); at != nullptr && step.contains("x")) {
    event.x = normalised(step.at("x"), at->media.width);
    event.y = normalised(step.at("y"), at->media.height);
  }
  send(session, event);
  return {};
}

std::string OperatorPlayer::act(const std::string& what, const json& step) {
  if (what == "sign_in") {
    engine_->command(session::SignIn{step.at("login"), step.at("password")});
    return {};
  }
  if (what == "sign_in_with_token") {
    engine_->command(session::SignInWithToken{step.at("token")});
    return {};
  }
  if (what == "redeem") {
    engine_->command(session::Redeem{step.at("invitation"), step.at("name"), step.at("password")});
    return {};
  }
  if (what == "sign_out") {
    engine_->command(session::SignOut{});
    return {};
  }
  if (what == "set_address") {
    engine_->command(session::SetAddress{step.at("address")});
    return {};
  }
  if (what == "new_session") {
    const auto ask = rights_named(step.value("ask", std::vector<std::string>()));
    if (!ask) return "unknown right";
    engine_->command(session::NewSession{step.value("valid_minutes", 0u), *ask, step.value("reason", std::string())});
    return {};
  }
  const std::uint32_t session = session_of(step);
  if (view(session) == nullptr) return "there is no such session";
  if (what == "ask") {
    const auto rights = rights_named(step.value("rights", std::vector<std::string>()));
    if (!rights) return "unknown right";
    engine_->command(session::AskRights{session, *rights, step.value("reason", std::string())});
  } else if (what == "withdraw") {
    engine_->command(session::WithdrawAsk{session});
  } else if (what == "give_back") {
    const auto rights = rights_named(step.value("rights", std::vector<std::string>()));
    if (!rights) return "unknown right";
    engine_->command(session::GiveBackRight{session, *rights});
  } else if (what == "choose_monitor") {
    engine_->command(session::ChooseMonitor{session, step.at("monitor")});
  } else if (what == "input") {
    return input(step, session);
  } else if (what == "type") {   // as an input method commits it: no physical keys
    const std::string text = step.at("text");
    for (std::size_t at = 0; at < text.size();) {
      std::size_t length = 1;
      while (at + length < text.size() && (static_cast<unsigned char>(text[at + length]) & 0xc0u) == 0x80u) ++length;
      InputEvent event;
      event.kind = InputKind::Text;
      std::copy_n(text.begin() + static_cast<std::ptrdiff_t>(at), std::min(length, event.text.size()), event.text.begin());
      send(session, event);
      at += length;
    }
  } else if (what == "say") {
    engine_->command(session::SayToCustomer{session, step.at("text")});
  } else if (what == "typing") {
    engine_->command(session::OperatorTyping{session, step.at("typing")});
  } else if (what == "mark_read") {
    engine_->command(session::MarkChatRead{session});
  } else if (what == "confirm_words") {
    engine_->command(session::ConfirmWords{session, step.at("same")});
  } else if (what == "refresh") {
    engine_->command(session::RefreshPicture{session});
  } else if (what == "end") {
    engine_->command(session::EndSession{session});
  } else if (what == "dismiss") {
    engine_->command(session::DismissSession{session});
  } else if (what == "save_picture") {
    const auto seen = pictures_.seen(session);
    if (!seen.canvas || !seen.canvas->has_picture()) return "no picture";
    if (auto saved = write_ppm(*seen.canvas, step.at("file")); !saved) return saved.error().detail;
    emit({{"event", "picture_saved"}, {"session", session}, {"number", seen.newest.times.number}, {"hash", hash_of(*seen.canvas)},
          {"exact", seen.canvas->exact({0, 0, seen.newest.width, seen.newest.height})}});
  } else if (what == "report") {
    const auto* at = view(session);
    emit({{"event", "report"}, {"session", session}, {"media", figures_of(at->media)}, {"ladder", figures_of(at->ladder)},
          {"pictures", pictures_.seen(session).pictures}});
  } else {
    return "an operator cannot do that";
  }
  return {};
}

}  // namespace beside::headless
