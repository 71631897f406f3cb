// SPDX-License-Identifier: GPL-3.0-or-later
#include "capture/x11/window_list.h"

#include <unistd.h>
#include <xcb/res.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "capture/x11/connection.h"
#include "engine/base/bytes.h"

namespace beside::capture {
namespace {

constexpr std::size_t kMostWindows = 256;
constexpr std::size_t kLongestTitle = 200;   // bytes

std::string cleaned(std::string_view text, bool utf8) {
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f) continue;
    if (utf8 || byte < 0x80) {
      out.push_back(c);
    } else {   // Latin-1 (ICCCM 2.7.1)
      out.push_back(static_cast<char>(0xc0 | byte >> 6));
      out.push_back(static_cast<char>(0x80 | (byte & 0x3f)));
    }
  }
  if (out.size() > kLongestTitle) out.resize(kLongestTitle);
  while (!out.empty() && !is_utf8(out)) out.pop_back();
  return out;
}

class X11WindowList final : public WindowList {
 public:
  explicit X11WindowList(std::unique_ptr<Connection> connection) : connection_(std::move(connection)) {
    constexpr std::array<std::string_view, 7> kNames{"_NET_CLIENT_LIST_STACKING", "_NET_CLIENT_LIST", "_NET_WM_NAME", "UTF8_STRING",
                                                     "_NET_WM_WINDOW_TYPE", "_NET_WM_WINDOW_TYPE_DOCK", "_NET_WM_WINDOW_TYPE_DESKTOP"};
    for (std::size_t i = 0; i < kNames.size(); ++i) {
      Reply<xcb_intern_atom_reply_t> reply(xcb_intern_atom_reply(
          connection_->xcb(), xcb_intern_atom(connection_->xcb(), 0, static_cast<std::uint16_t>(kNames[i].size()), kNames[i].data()), nullptr));
      if (reply) atoms_[i] = reply->atom;
    }
  }
  std::vector<OpenWindow> now() override;

 private:
  enum Atom { kStacking, kClients, kName, kUtf8, kType, kDock, kDesktop };
  std::vector<xcb_window_t> windows_in(xcb_window_t of, xcb_atom_t property) const {
    Reply<xcb_get_property_reply_t> reply(xcb_get_property_reply(
        connection_->xcb(), xcb_get_property(connection_->xcb(), 0, of, property, XCB_ATOM_WINDOW, 0, kMostWindows), nullptr));
    if (!reply || reply->format != 32) return {};
    const auto* first = static_cast<const xcb_window_t*>(xcb_get_property_value(reply.get()));
    return {first, first + xcb_get_property_value_length(reply.get()) / 4};
  }
  std::vector<xcb_window_t> in_view() const;
  std::string title_of(xcb_window_t window) const;
  bool skipped(xcb_window_t window) const;

  std::unique_ptr<Connection> connection_;
  std::array<xcb_atom_t, 7> atoms_{};
};

std::vector<xcb_window_t> X11WindowList::in_view() const {
  xcb_connection_t* c = connection_->xcb();
  Reply<xcb_query_tree_reply_t> tree(xcb_query_tree_reply(c, xcb_query_tree(c, connection_->root()), nullptr));
  if (!tree) return {};
  std::vector<xcb_window_t> out;
  const xcb_window_t* ids = xcb_query_tree_children(tree.get());
  for (int i = 0; i < std::min(xcb_query_tree_children_length(tree.get()), static_cast<int>(kMostWindows)); ++i) {
    Reply<xcb_get_window_attributes_reply_t> a(xcb_get_window_attributes_reply(c, xcb_get_window_attributes(c, ids[i]), nullptr));
    if (a && a->map_state == XCB_MAP_STATE_VIEWABLE && a->_class == XCB_WINDOW_CLASS_INPUT_OUTPUT && a->override_redirect == 0) out.push_back(ids[i]);
  }
  return out;
}

std::string X11WindowList::title_of(xcb_window_t window) const {
  xcb_connection_t* c = connection_->xcb();
  const auto utf8_cookie = xcb_get_property(c, 0, window, atoms_[kName], atoms_[kUtf8], 0, 256);
  const auto plain_cookie = xcb_get_property(c, 0, window, XCB_ATOM_WM_NAME, XCB_GET_PROPERTY_TYPE_ANY, 0, 256);
  Reply<xcb_get_property_reply_t> utf8(xcb_get_property_reply(c, utf8_cookie, nullptr));
  Reply<xcb_get_property_reply_t> plain(xcb_get_property_reply(c, plain_cookie, nullptr));
  const auto words = [](const Reply<xcb_get_property_reply_t>& r) {
    return r ? std::string_view(static_cast<const char*>(xcb_get_property_value(r.get())),
                                static_cast<std::size_t>(xcb_get_property_value_length(r.get())))
             : std::string_view();
  };
  if (std::string name = cleaned(words(utf8), true); !name.empty()) return name;
  return cleaned(words(plain), plain && plain->type == atoms_[kUtf8]);
}

bool X11WindowList::skipped(xcb_window_t window) const {
  xcb_connection_t* c = connection_->xcb();
  Reply<xcb_get_property_reply_t> type(xcb_get_property_reply(c, xcb_get_property(c, 0, window, atoms_[kType], XCB_ATOM_ATOM, 0, 4), nullptr));
  if (type && type->format == 32) {
    const auto* first = static_cast<const xcb_atom_t*>(xcb_get_property_value(type.get()));
    for (int i = 0; i < xcb_get_property_value_length(type.get()) / 4; ++i)
      if (first[i] == atoms_[kDock] || first[i] == atoms_[kDesktop]) return true;
  }
  if (!connection_->abilities().xres) return false;
  const xcb_res_client_id_spec_t spec{window, XCB_RES_CLIENT_ID_MASK_LOCAL_CLIENT_PID};
  Reply<xcb_res_query_client_ids_reply_t> who(xcb_res_query_client_ids_reply(c, xcb_res_query_client_ids(c, 1, &spec), nullptr));
  if (!who) return false;
  for (auto it = xcb_res_query_client_ids_ids_iterator(who.get()); it.rem > 0; xcb_res_client_id_value_next(&it))
    if (xcb_res_client_id_value_value_length(it.data) > 0 && *xcb_res_client_id_value_value(it.data) == static_cast<std::uint32_t>(getpid())) return true;
  return false;
}

std::vector<OpenWindow> X11WindowList::now() {
  auto ids = windows_in(connection_->root(), atoms_[kStacking]);
  if (ids.empty()) ids = windows_in(connection_->root(), atoms_[kClients]);
  if (ids.empty()) ids = in_view();
  std::vector<OpenWindow> out;
  for (auto id = ids.rbegin(); id != ids.rend(); ++id) {
    OpenWindow one{*id, title_of(*id)};
    if (!one.title.empty() && !skipped(*id)) out.push_back(std::move(one));
  }
  return out;
}

}  // namespace

Result<std::unique_ptr<WindowList>> WindowList::create(const std::string& display) {
  auto connection = Connection::open(display);
  if (!connection) return fail(connection);
  return std::unique_ptr<WindowList>(std::make_unique<X11WindowList>(std::move(*connection)));
}

}  // namespace beside::capture
