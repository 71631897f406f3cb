// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <xcb/xcb.h>

#include <cstdlib>
#include <memory>

namespace beside::x11 {

// What XCB hands out and wants back: replies and events by free(), the connection by closing it.
struct Free {
  void operator()(void* memory) const { std::free(memory); }
};
template <typename T>
using Reply = std::unique_ptr<T, Free>;
struct Disconnect {
  void operator()(xcb_connection_t* c) const { xcb_disconnect(c); }
};
using Link = std::unique_ptr<xcb_connection_t, Disconnect>;

}  // namespace beside::x11
