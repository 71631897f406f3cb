// SPDX-License-Identifier: GPL-3.0-or-later
#include "capture/x11/own_shield.h"

#include <unistd.h>
#include <xcb/res.h>

#include <algorithm>

#include "engine/base/rect_set.h"

namespace beside::capture {

OwnShield::OwnShield(const Connection& connection, std::shared_ptr<const ports::OwnWindows> own)
    : connection_(connection), application_(connection, own), hidden_(connection, own), own_(std::move(own)), pid_(static_cast<std::uint32_t>(getpid())) {
  constexpr std::string_view kName = "_NET_WM_PID";
  Reply<xcb_intern_atom_reply_t> atom(xcb_intern_atom_reply(
      connection.xcb(), xcb_intern_atom(connection.xcb(), 0, static_cast<std::uint16_t>(kName.size()), kName.data()),
      nullptr));
  if (atom) pid_atom_ = atom->atom;
}

void OwnShield::ask() {
  xcb_connection_t* c = connection_.xcb();
  for (const auto id : own_->native_ids())
    asked_.push_back({xcb_get_window_attributes(c, id), xcb_get_geometry(c, id),
                      xcb_translate_coordinates(c, id, connection_.root(), 0, 0)});
}

std::vector<Rect> OwnShield::areas() {
  std::vector<Rect> out = own_->areas();
  hidden_now_ = hidden_.areas(layout_, local_now());
  out.insert(out.end(), hidden_now_.begin(), hidden_now_.end());
  if (application_.limited()) {
    const auto rest = application_.hidden();
    out.insert(out.end(), rest.begin(), rest.end());
  }
  if (asked_.empty()) ask();
  xcb_connection_t* c = connection_.xcb();
  for (const auto& a : asked_) {
    Reply<xcb_get_window_attributes_reply_t> attributes(xcb_get_window_attributes_reply(c, a.attributes, nullptr));
    Reply<xcb_get_geometry_reply_t> geometry(xcb_get_geometry_reply(c, a.geometry, nullptr));
    Reply<xcb_translate_coordinates_reply_t> origin(xcb_translate_coordinates_reply(c, a.origin, nullptr));
    if (!attributes || !geometry || !origin || attributes->map_state != XCB_MAP_STATE_VIEWABLE) continue;
    const int border = geometry->border_width;
    out.push_back({origin->dst_x - border, origin->dst_y - border, geometry->width + 2 * border,
                   geometry->height + 2 * border});
  }
  asked_.clear();
  drop_covered(out);
  return out;
}

bool OwnShield::is_ours(xcb_window_t window) const {
  if (window == XCB_NONE || window == connection_.root() || window == exception_) return false;
  const auto ids = own_->native_ids();
  if (std::find(ids.begin(), ids.end(), window) != ids.end()) return true;
  xcb_connection_t* c = connection_.xcb();
  if (connection_.abilities().xres) {
    const xcb_res_client_id_spec_t spec{window, XCB_RES_CLIENT_ID_MASK_LOCAL_CLIENT_PID};
    Reply<xcb_res_query_client_ids_reply_t> reply(
        xcb_res_query_client_ids_reply(c, xcb_res_query_client_ids(c, 1, &spec), nullptr));
    if (reply)
      for (auto it = xcb_res_query_client_ids_ids_iterator(reply.get()); it.rem > 0;
           xcb_res_client_id_value_next(&it))
        if (xcb_res_client_id_value_value_length(it.data) > 0 && *xcb_res_client_id_value_value(it.data) == pid_)
          return true;
  }
  Reply<xcb_get_property_reply_t> pid(
      xcb_get_property_reply(c, xcb_get_property(c, 0, window, pid_atom_, XCB_ATOM_CARDINAL, 0, 1), nullptr));
  return pid && xcb_get_property_value_length(pid.get()) == 4 &&
         *static_cast<const std::uint32_t*>(xcb_get_property_value(pid.get())) == pid_;
}

bool OwnShield::is_ours_or_inside(xcb_window_t window) const {
  for (int depth = 0; depth < 32 && window != XCB_NONE && window != connection_.root(); ++depth) {
    if (is_ours(window)) return true;
    Reply<xcb_query_tree_reply_t> tree(
        xcb_query_tree_reply(connection_.xcb(), xcb_query_tree(connection_.xcb(), window), nullptr));
    if (!tree) return false;
    window = tree->parent;
  }
  return false;
}

bool OwnShield::chain_at(int x, int y) const {
  xcb_connection_t* c = connection_.xcb();
  xcb_window_t window = connection_.root();
  for (int depth = 0; depth < 32; ++depth) {
    Reply<xcb_translate_coordinates_reply_t> at(xcb_translate_coordinates_reply(
        c,
        xcb_translate_coordinates(c, connection_.root(), window, static_cast<std::int16_t>(x),
                                  static_cast<std::int16_t>(y)),
        nullptr));
    if (!at || at->child == XCB_NONE) return false;
    window = at->child;
    if (is_ours(window)) return true;
  }
  return false;
}

bool OwnShield::covers(int x, int y) {
  const auto all = areas();
  if (std::any_of(all.begin(), all.end(), [&](const Rect& r) { return r.contains(x, y); })) return true;
  return chain_at(x, y) || (application_.limited() && !application_.is_application_at(x, y));
}

bool OwnShield::has_focus() {
  if (own_->focused()) return true;
  xcb_connection_t* c = connection_.xcb();
  const auto focus_cookie = xcb_get_input_focus(c);
  const auto pointer_cookie = xcb_query_pointer(c, connection_.root());
  Reply<xcb_get_input_focus_reply_t> focus(xcb_get_input_focus_reply(c, focus_cookie, nullptr));
  Reply<xcb_query_pointer_reply_t> pointer(xcb_query_pointer_reply(c, pointer_cookie, nullptr));
  if (!focus) return true;  // the display is gone: nothing may be typed
  const bool follows_pointer = focus->focus == XCB_INPUT_FOCUS_POINTER_ROOT || focus->focus == connection_.root();
  if (application_.limited()) {
    if (!follows_pointer && !application_.is_application(focus->focus)) return true;
    if (!pointer || (follows_pointer && !application_.is_application_at(pointer->root_x, pointer->root_y))) return true;
  }
  if (!follows_pointer && is_ours_or_inside(focus->focus)) return true;
  if (hidden_.follows_windows()) {
    (void)areas();
    if (hidden_.holds(follows_pointer ? (pointer ? pointer->child : static_cast<xcb_window_t>(XCB_NONE)) : focus->focus)) return true;
  }
  // With a focus window that is an ancestor of the one under the pointer, X hands the key to the inner one; asking the
  // chain under the pointer covers that as well as focus that follows the pointer.
  if (!pointer) return true;
  return follows_pointer && pointer->same_screen != 0 && chain_at(pointer->root_x, pointer->root_y);
}

}  // namespace beside::capture
