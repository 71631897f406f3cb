// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <optional>
#include <span>
#include <string>

#include "engine/session/snapshot.h"
#include "ui/kit/widgets.h"

namespace beside::views {

// What the chat box keeps between frames.
struct ChatState {
  std::string draft;
  bool told_typing = false;
  LocalTime last_key{};
};
struct ChatResult {
  std::optional<std::string> say;  // send this
  std::optional<bool> typing;      // changed: tell the other side
};
// Transcript, typing line, field and Send. `peer`: who types. height: what it may take, in pixels as drawn.
// Ids begin with prefix: "<prefix>.transcript", ".field", ".send".
ChatResult draw_chat(kit::Ui& ui, std::string_view prefix, std::span<const session::ChatLine> chat, bool peer_typing,
                     std::string_view peer, ChatState& state, float height, bool enabled = true);
// The transcript as a text file: one line each, time, name, words.
std::string transcript_text(std::span<const session::ChatLine> chat, std::string_view me, std::string_view peer);

}  // namespace beside::views
