// SPDX-License-Identifier: GPL-3.0-or-later
#include "capture/x11/connection.h"

#include <fmt/core.h>
#include <xcb/damage.h>
#include <xcb/randr.h>
#include <xcb/res.h>
#include <xcb/shape.h>
#include <xcb/shm.h>
#include <xcb/xfixes.h>
#include <xcb/xinput.h>
#include <xcb/xtest.h>

#include <bit>

#include "capture/x11/xcb_xkb.h"

namespace beside::capture {
namespace {

bool present(xcb_connection_t* c, xcb_extension_t* extension) {
  const auto* data = xcb_get_extension_data(c, extension);
  return data != nullptr && data->present != 0;
}

const char* reason_of(int xcb_error) {
  switch (xcb_error) {
    case XCB_CONN_CLOSED_PARSE_ERR: return "the display's name is not valid";
    case XCB_CONN_CLOSED_INVALID_SCREEN: return "the display has no such screen";
    case XCB_CONN_CLOSED_MEM_INSUFFICIENT: return "out of memory";
    default: return "the X server does not answer or does not let us in";
  }
}

}  // namespace

std::uint32_t Connection::pixel_of(std::uint32_t rgb) const {
  for (auto depth = xcb_screen_allowed_depths_iterator(screen_); depth.rem > 0; xcb_depth_next(&depth))
    for (auto visual = xcb_depth_visuals_iterator(depth.data); visual.rem > 0; xcb_visualtype_next(&visual))
      if (visual.data->visual_id == screen_->root_visual) {
        const auto channel = [](std::uint32_t value, std::uint32_t mask) {
          if (mask == 0) return 0u;
          const int shift = std::countr_zero(mask);
          const std::uint64_t top = mask >> shift;
          return static_cast<std::uint32_t>((value * top + 127) / 255) << shift;
        };
        return channel(rgb >> 16 & 0xff, visual.data->red_mask) | channel(rgb >> 8 & 0xff, visual.data->green_mask) |
               channel(rgb & 0xff, visual.data->blue_mask);
      }
  return screen_->black_pixel;
}

Error display_gone(std::string_view where) {
  return {ErrorKind::Environment, where, "the connection to the X display was lost"};
}

Result<std::unique_ptr<Connection>> Connection::open(const std::string& display) {
  int screen_number = 0;
  xcb_connection_t* c = xcb_connect(display.empty() ? nullptr : display.c_str(), &screen_number);
  if (const int error = xcb_connection_has_error(c); error != 0) {
    xcb_disconnect(c);
    return fail(ErrorKind::Environment, "capture/x11: connect", reason_of(error));
  }
  auto it = xcb_setup_roots_iterator(xcb_get_setup(c));
  for (int i = 0; i < screen_number && it.rem > 1; ++i) xcb_screen_next(&it);
  std::string name = display;
  if (name.empty()) {
    const char* env = std::getenv("DISPLAY");
    name = env == nullptr ? "" : env;
  }
  std::unique_ptr<Connection> made(new Connection(c, it.data, std::move(name)));
  made->negotiate();
  if (made->broken()) return tl::unexpected<Error>(display_gone("capture/x11: connect"));
  return made;
}

Connection::Connection(xcb_connection_t* connection, xcb_screen_t* screen, std::string display)
    : connection_(connection), screen_(screen), display_(std::move(display)) {}

Connection::~Connection() { xcb_disconnect(connection_); }

bool Connection::sync() const {
  Reply<xcb_get_input_focus_reply_t> reply(
      xcb_get_input_focus_reply(connection_, xcb_get_input_focus(connection_), nullptr));
  return reply != nullptr;
}

std::uint8_t Connection::first_event(xcb_extension_t* extension) const {
  const auto* data = xcb_get_extension_data(connection_, extension);
  return data != nullptr && data->present != 0 ? data->first_event : 0;
}

std::uint8_t Connection::major_opcode(xcb_extension_t* extension) const {
  const auto* data = xcb_get_extension_data(connection_, extension);
  return data != nullptr && data->present != 0 ? data->major_opcode : 0;
}

void Connection::negotiate() {
  xcb_connection_t* c = connection_;
  for (auto* extension : {&xcb_damage_id, &xcb_shm_id, &xcb_xfixes_id, &xcb_randr_id, &xcb_test_id, &xcb_input_id,
                          &xcb_xkb_id, &xcb_res_id, &xcb_shape_id})
    xcb_prefetch_extension_data(c, extension);
  X11Abilities& a = abilities_;
  if (present(c, &xcb_xfixes_id)) {
    Reply<xcb_xfixes_query_version_reply_t> r(
        xcb_xfixes_query_version_reply(c, xcb_xfixes_query_version(c, 5, 0), nullptr));
    a.xfixes = r && r->major_version >= 2;
  }
  if (present(c, &xcb_damage_id)) {
    Reply<xcb_damage_query_version_reply_t> r(
        xcb_damage_query_version_reply(c, xcb_damage_query_version(c, 1, 1), nullptr));
    a.damage = r != nullptr;
  }
  if (present(c, &xcb_shm_id)) {
    Reply<xcb_shm_query_version_reply_t> r(xcb_shm_query_version_reply(c, xcb_shm_query_version(c), nullptr));
    a.shm = r != nullptr;
    a.shm_fd = r && (r->major_version > 1 || (r->major_version == 1 && r->minor_version >= 2));
  }
  if (present(c, &xcb_randr_id)) {
    Reply<xcb_randr_query_version_reply_t> r(
        xcb_randr_query_version_reply(c, xcb_randr_query_version(c, 1, 5), nullptr));
    a.randr = r && (r->major_version > 1 || r->minor_version >= 5);
  }
  if (present(c, &xcb_test_id)) {
    Reply<xcb_test_get_version_reply_t> r(xcb_test_get_version_reply(c, xcb_test_get_version(c, 2, 2), nullptr));
    a.xtest = r && (r->major_version > 2 || (r->major_version == 2 && r->minor_version >= 2));
  }
  if (present(c, &xcb_input_id)) {
    // 2.1 is where raw events reach us whoever holds a grab; 2.2 adds touch.
    Reply<xcb_input_xi_query_version_reply_t> r(
        xcb_input_xi_query_version_reply(c, xcb_input_xi_query_version(c, 2, 2), nullptr));
    a.xinput2 = r && (r->major_version > 2 || (r->major_version == 2 && r->minor_version >= 1));
  }
  if (present(c, &xcb_xkb_id)) {
    Reply<xcb_xkb_use_extension_reply_t> r(
        xcb_xkb_use_extension_reply(c, xcb_xkb_use_extension(c, 1, 0), nullptr));
    a.xkb = r && r->supported != 0;
  }
  if (present(c, &xcb_res_id)) {
    Reply<xcb_res_query_version_reply_t> r(xcb_res_query_version_reply(c, xcb_res_query_version(c, 1, 2), nullptr));
    a.xres = r && (r->server_major > 1 || (r->server_major == 1 && r->server_minor >= 2));
  }
  if (present(c, &xcb_shape_id)) {
    Reply<xcb_shape_query_version_reply_t> r(
        xcb_shape_query_version_reply(c, xcb_shape_query_version(c), nullptr));
    a.shape = r && (r->major_version > 1 || (r->major_version == 1 && r->minor_version >= 1));
  }
  const auto lacks = [&](bool there, const char* name, const char* meaning) {
    if (there) return;
    a.missing.emplace_back(name);
    if (meaning == nullptr) return;
    if (!a.words.empty()) a.words += ' ';
    a.words += fmt::format("This X server has no {} extension: {}", name, meaning);
  };
  lacks(a.damage, "DAMAGE", "changes on the screen are found more slowly.");
  lacks(a.shm, "MIT-SHM", "the screen is read more slowly.");
  lacks(a.xfixes, "XFIXES", "the shape of the mouse pointer is not shown to the operator.");
  lacks(a.randr, "RANDR", "the monitors cannot be told apart and are shown as one screen.");
  lacks(a.xtest, "XTEST", "the operator can watch, but cannot control this computer.");
  lacks(a.xinput2, "XInputExtension",
        "your own mouse and keyboard cannot be told from the operator's, so control is not possible.");
  lacks(a.xkb, "XKEYBOARD", "the operator cannot type on this computer.");
  lacks(a.shape, "SHAPE", "the operator's pointing mark cannot be shown.");
  lacks(a.xres, "X-Resource", nullptr);
}

Result<X11Abilities> probe_x11(const std::string& display) {
  auto connection = Connection::open(display);
  if (!connection) return fail(connection);
  return (*connection)->abilities();
}

}  // namespace beside::capture
