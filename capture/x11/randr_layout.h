// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "capture/x11/connection.h"
#include "capture/x11/layout_book.h"

namespace beside::capture {

// Asks for news of root size and monitors on this connection.
void watch_layout(const Connection& connection);
// True when the event says that the layout may have changed.
bool is_layout_event(const Connection& connection, const xcb_generic_event_t& event);
// Reads root size and monitors (RandR 1.5; without it one monitor of the root's size) and enters them in the book.
Result<DesktopLayout> read_layout(const Connection& connection, LayoutBook& book);

}  // namespace beside::capture
