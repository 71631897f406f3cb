// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "engine/session/notice.h"
#include "ui/kit/widgets.h"

namespace beside::views {

// What happened, what it means for the person, what to do: three parts, each in words.
struct NoticeText {
  std::string title, sentence, action;
};
enum class Reader : std::uint8_t { Customer, Operator };  // some matters need other words for the operator
NoticeText notice_text(session::NoticeKind kind, std::span<const std::string> args, Reader reader = Reader::Customer);
// Every kind but None, for tests and galleries.
std::span<const session::NoticeKind> all_notice_kinds();
// Whether something went wrong for the person (warning colour), or it is only news.
bool is_warning(session::NoticeKind kind);
// A card with the three parts; `dismissible` adds a button. True when dismissed. Draws nothing for None.
bool draw_notice(kit::Ui& ui, std::string_view id, const session::Notice& notice, bool dismissible);

}  // namespace beside::views
