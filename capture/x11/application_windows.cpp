// SPDX-License-Identifier: GPL-3.0-or-later
#include "capture/x11/application_windows.h"

#include <unistd.h>
#include <xcb/res.h>

#include <algorithm>
#include <set>
#include <string_view>

#include "capture/x11/top_levels.h"
#include "engine/base/rect_set.h"

namespace beside::capture {
namespace {

// WM_CLASS is two strings, instance and class, each ended by a zero (ICCCM 4.1.2.5).
bool class_matches(std::string_view property, std::string_view wanted) {
  while (!property.empty()) {
    const auto end = std::min(property.find('\0'), property.size());
    if (property.substr(0, end) == wanted) return true;
    property.remove_prefix(std::min(end + 1, property.size()));
  }
  return false;
}

// The process of a window's client as the server knows it from the socket; a property could claim anything. 0: unknown.
std::int64_t pid_in(xcb_res_query_client_ids_reply_t* reply) {
  if (reply == nullptr) return 0;
  for (auto it = xcb_res_query_client_ids_ids_iterator(reply); it.rem > 0; xcb_res_client_id_value_next(&it))
    if (xcb_res_client_id_value_value_length(it.data) > 0) return *xcb_res_client_id_value_value(it.data);
  return 0;
}

}  // namespace

ApplicationWindows::ApplicationWindows(const Connection& connection, std::shared_ptr<const ports::OwnWindows> own)
    : connection_(connection), own_(std::move(own)), pid_(getpid()) {}

std::vector<ApplicationWindows::TopLevel> ApplicationWindows::top_levels() const {
  xcb_connection_t* c = connection_.xcb();
  const ports::ApplicationRule rule = own_->shared_application().value_or(ports::ApplicationRule{});
  Reply<xcb_query_tree_reply_t> tree(xcb_query_tree_reply(c, xcb_query_tree(c, connection_.root()), nullptr));
  if (!tree) return {};
  struct Asked {
    xcb_window_t id;
    xcb_get_window_attributes_cookie_t attributes;
    xcb_get_geometry_cookie_t geometry;
    xcb_get_property_cookie_t wm_class;
    xcb_res_query_client_ids_cookie_t client;
  };
  const bool xres = connection_.abilities().xres;
  const xcb_window_t* ids = xcb_query_tree_children(tree.get());
  std::vector<Asked> asked;
  for (int i = 0; i < xcb_query_tree_children_length(tree.get()); ++i) {
    const xcb_res_client_id_spec_t spec{ids[i], XCB_RES_CLIENT_ID_MASK_LOCAL_CLIENT_PID};
    asked.push_back({ids[i], xcb_get_window_attributes(c, ids[i]), xcb_get_geometry(c, ids[i]),
                     xcb_get_property(c, 0, ids[i], XCB_ATOM_WM_CLASS, XCB_ATOM_STRING, 0, 128),
                     xres ? xcb_res_query_client_ids(c, 1, &spec) : xcb_res_query_client_ids_cookie_t{}});
  }
  const auto native = own_->native_ids();
  std::vector<TopLevel> out;
  std::vector<std::int64_t> pids;
  std::set<std::int64_t> class_pids;
  for (const Asked& a : asked) {
    Reply<xcb_get_window_attributes_reply_t> attributes(xcb_get_window_attributes_reply(c, a.attributes, nullptr));
    Reply<xcb_get_geometry_reply_t> geometry(xcb_get_geometry_reply(c, a.geometry, nullptr));
    Reply<xcb_get_property_reply_t> wm_class(xcb_get_property_reply(c, a.wm_class, nullptr));
    Reply<xcb_res_query_client_ids_reply_t> client(xres ? xcb_res_query_client_ids_reply(c, a.client, nullptr) : nullptr);
    if (!attributes || !geometry) continue;   // gone meanwhile
    TopLevel top;
    top.id = a.id;
    top.border = geometry->border_width;
    top.area = {geometry->x, geometry->y, geometry->width + 2 * top.border, geometry->height + 2 * top.border};
    top.viewable = attributes->map_state == XCB_MAP_STATE_VIEWABLE;
    top.input_only = attributes->_class == XCB_WINDOW_CLASS_INPUT_ONLY;
    top.override_redirect = attributes->override_redirect != 0;
    const std::int64_t pid = pid_in(client.get());
    const std::string_view words(wm_class ? static_cast<const char*>(xcb_get_property_value(wm_class.get())) : "",
                                 wm_class ? static_cast<std::size_t>(xcb_get_property_value_length(wm_class.get())) : 0);
    if (pid == pid_ || std::find(native.begin(), native.end(), a.id) != native.end()) {
      top.whose = Whose::Ours;
    } else if (rule.process_session > 0 && pid > 0 && getsid(static_cast<pid_t>(pid)) == rule.process_session) {
      top.whose = Whose::Application;
    } else if (!rule.window_class.empty() && class_matches(words, rule.window_class)) {
      top.whose = Whose::Application;
      if (pid > 0) class_pids.insert(pid);
    }
    out.push_back(top);
    pids.push_back(pid);
  }
  // Menus and dialogs of a program that is known by its class need not wear it.
  for (std::size_t i = 0; i < out.size(); ++i)
    if (out[i].whose == Whose::Foreign && class_pids.contains(pids[i])) out[i].whose = Whose::Application;
  return out;
}

std::vector<Rect> ApplicationWindows::hidden() const {
  std::vector<Rect> shown;
  for (const TopLevel& top : top_levels()) {
    if (!top.viewable || top.input_only || top.whose == Whose::Ours) continue;  // ours are hatched by their own list
    if (top.whose == Whose::Foreign) {
      subtract(shown, top.area);
      continue;
    }
    if (!connection_.abilities().shape) {
      shown.push_back(top.area);
      continue;
    }
    // Outside of a shape something else shows through.
    const auto parts = within_shape(connection_, top.id, top.area, top.border);
    shown.insert(shown.end(), parts.begin(), parts.end());
  }
  return uncovered(kEverything, shown);
}

bool ApplicationWindows::is_application_top(xcb_window_t top) const {
  if (top == XCB_NONE) return false;
  const auto tops = top_levels();
  return std::any_of(tops.begin(), tops.end(), [&](const TopLevel& t) { return t.id == top && t.whose == Whose::Application; });
}

bool ApplicationWindows::is_application(xcb_window_t window) const { return is_application_top(top_of(connection_, window)); }

bool ApplicationWindows::is_application_at(int x, int y) const {
  xcb_connection_t* c = connection_.xcb();
  Reply<xcb_translate_coordinates_reply_t> at(xcb_translate_coordinates_reply(
      c,
      xcb_translate_coordinates(c, connection_.root(), connection_.root(), static_cast<std::int16_t>(x),
                                static_cast<std::int16_t>(y)),
      nullptr));
  return at && is_application_top(at->child);
}

}  // namespace beside::capture
