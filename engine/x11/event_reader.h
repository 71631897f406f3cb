// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <utility>

#include "engine/x11/xcb_handles.h"

namespace beside::x11 {

// The events of one connection, in order. Those that came along with an answer to something else lie in XCB's queue, and no poll() of
// the connection's descriptor tells of them: whoever waits for it asks waiting() first, after its last request is sent.
// Thread: the connection's. Lifetime: the connection must outlive next() and waiting(). Failure: a broken connection has no events.
class EventReader {
 public:
  explicit EventReader(xcb_connection_t* connection) : c_(connection) {}
  // Null: none has come.
  Reply<xcb_generic_event_t> next() { return ahead_ ? std::move(ahead_) : Reply<xcb_generic_event_t>(xcb_poll_for_event(c_)); }
  bool waiting() {
    if (!ahead_) ahead_.reset(xcb_poll_for_queued_event(c_));
    return ahead_ != nullptr;
  }

 private:
  xcb_connection_t* c_;
  Reply<xcb_generic_event_t> ahead_;
};

}  // namespace beside::x11
