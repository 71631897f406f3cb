// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/session/snapshot.h"
#include "ui/kit/widgets.h"

namespace beside::views {

// The four words with what to do with them and, while not compared, "They match" and "They differ". Returns true or
// false in `same` when the person decided.
struct WordsResult {
  bool decided = false, same = false;
};
WordsResult draw_check_words(kit::Ui& ui, std::string_view prefix, const session::PeerView& peer);

}  // namespace beside::views
