// SPDX-License-Identifier: GPL-3.0-or-later
#include "capture/x11/hidden_areas.h"

#include <xcb/shape.h>

#include <algorithm>
#include <string_view>

#include "capture/x11/top_levels.h"
#include "engine/base/rect_set.h"

namespace beside::capture {
namespace {

constexpr int kRoundedCorner = 16;          // a compositor may let this much of a window's edge show what is beneath
constexpr std::size_t kMostPieces = 256;
constexpr std::size_t kMostLingering = 64;

xcb_atom_t intern(const Connection& connection, std::string_view name) {
  Reply<xcb_intern_atom_reply_t> reply(xcb_intern_atom_reply(
      connection.xcb(), xcb_intern_atom(connection.xcb(), 0, static_cast<std::uint16_t>(name.size()), name.data()), nullptr));
  return reply ? reply->atom : static_cast<xcb_atom_t>(XCB_NONE);
}

bool among(const std::vector<xcb_window_t>& list, xcb_window_t window) {
  return std::find(list.begin(), list.end(), window) != list.end();
}

}  // namespace

struct HiddenAreas::Top {
  xcb_window_t id = XCB_NONE;
  Rect area;
  int border = 0;
  bool override_redirect = false, marked = false;
  bool of_root_depth = false, shaped = false, translucent = false;
  bool covers() const { return of_root_depth && !shaped && !translucent; }
};

HiddenAreas::HiddenAreas(const Connection& connection, std::shared_ptr<const ports::OwnWindows> own)
    : connection_(connection), own_(std::move(own)), state_atom_(intern(connection, "WM_STATE")),
      opacity_atom_(intern(connection, "_NET_WM_WINDOW_OPACITY")), compositor_atom_(intern(connection, "_NET_WM_CM_S0")),
      opaque_atom_(intern(connection, "_NET_WM_OPAQUE_REGION")) {}

const HiddenParts& HiddenAreas::parts() const {
  if (const auto revision = own_->hidden_revision(); revision != revision_) {
    parts_ = own_->hidden();
    revision_ = revision;
  }
  return parts_;
}

LocalTime HiddenAreas::next_change() const {
  LocalTime next = kNever;
  for (const Lingering& l : lingering_) next = std::min(next, l.until);
  return next;
}

std::vector<Rect> HiddenAreas::areas(const DesktopLayout& layout, LocalTime now) {
  const HiddenParts& parts = this->parts();
  if (parts.only_window != only_) {
    only_ = parts.only_window;
    only_is_gone_ = false;
    known_.clear();
  }
  std::vector<Rect> current = parts.areas;
  for (const MonitorInfo& m : layout.monitors)
    if (std::find(parts.monitors.begin(), parts.monitors.end(), m.name) != parts.monitors.end()) current.push_back(m.area);
  std::vector<Rect> windows;
  if (!follows_windows()) {
    marked_tops_.clear();
    movers_.clear();
    known_.clear();
  } else {
    windows = follow(now).value_or(std::vector<Rect>{kEverything});
    current.insert(current.end(), windows.begin(), windows.end());
  }
  std::erase_if(lingering_, [&](const Lingering& l) { return l.until <= now; });
  for (const Rect& before : last_)
    if (std::find(windows.begin(), windows.end(), before) == windows.end()) lingering_.push_back({before, now + kLinger});
  last_ = std::move(windows);
  if (lingering_.size() > kMostLingering) {
    Rect all;
    for (const Lingering& l : lingering_) all = all.united_with(l.area);
    lingering_.assign(1, {all, now + kLinger});
  }
  for (const Lingering& l : lingering_) current.push_back(l.area);
  return current;
}

// Root pixels. nullopt: the server did not say.
std::optional<std::vector<Rect>> HiddenAreas::follow(LocalTime now) {
  auto tops = this->tops();
  if (!tops) return std::nullopt;
  auto parts = only_ != 0 ? all_but_one(*tops, now) : hidden_among(*tops, now);
  if (connection_.broken()) return std::nullopt;
  return parts;
}

// The windows in view, lowest first.
std::optional<std::vector<HiddenAreas::Top>> HiddenAreas::tops() {
  xcb_connection_t* c = connection_.xcb();
  const auto owner_cookie = xcb_get_selection_owner(c, compositor_atom_);
  Reply<xcb_query_tree_reply_t> tree(xcb_query_tree_reply(c, xcb_query_tree(c, connection_.root()), nullptr));
  Reply<xcb_get_selection_owner_reply_t> owner(xcb_get_selection_owner_reply(c, owner_cookie, nullptr));
  if (!tree) return std::nullopt;
  composited_ = !owner || owner->owner != XCB_NONE;
  struct Asked {
    xcb_window_t id;
    xcb_get_window_attributes_cookie_t attributes;
    xcb_get_geometry_cookie_t geometry;
    xcb_get_property_cookie_t opacity;
    xcb_shape_query_extents_cookie_t shape;
  };
  const bool shape_known = connection_.abilities().shape;
  const xcb_window_t* ids = xcb_query_tree_children(tree.get());
  const int count = xcb_query_tree_children_length(tree.get());
  std::vector<Asked> asked;
  for (int i = 0; i < count; ++i)
    asked.push_back({ids[i], xcb_get_window_attributes(c, ids[i]), xcb_get_geometry(c, ids[i]),
                     xcb_get_property(c, 0, ids[i], opacity_atom_, XCB_ATOM_CARDINAL, 0, 1),
                     shape_known ? xcb_shape_query_extents(c, ids[i]) : xcb_shape_query_extents_cookie_t{}});
  std::vector<Top> out;
  for (const Asked& a : asked) {
    Reply<xcb_get_window_attributes_reply_t> attributes(xcb_get_window_attributes_reply(c, a.attributes, nullptr));
    Reply<xcb_get_geometry_reply_t> geometry(xcb_get_geometry_reply(c, a.geometry, nullptr));
    Reply<xcb_get_property_reply_t> opacity(xcb_get_property_reply(c, a.opacity, nullptr));
    Reply<xcb_shape_query_extents_reply_t> shape(shape_known ? xcb_shape_query_extents_reply(c, a.shape, nullptr) : nullptr);
    if (!attributes || !geometry) continue;   // gone meanwhile
    if (attributes->map_state != XCB_MAP_STATE_VIEWABLE || attributes->_class == XCB_WINDOW_CLASS_INPUT_ONLY) continue;
    Top top;
    top.id = a.id;
    top.border = geometry->border_width;
    top.area = {geometry->x, geometry->y, geometry->width + 2 * top.border, geometry->height + 2 * top.border};
    top.override_redirect = attributes->override_redirect != 0;
    top.of_root_depth = geometry->depth == connection_.screen()->root_depth;
    top.shaped = !shape || shape->bounding_shaped != 0;
    top.translucent = !opacity || xcb_get_property_value_length(opacity.get()) != 0;
    out.push_back(top);
  }
  if (connection_.broken()) return std::nullopt;
  std::erase_if(known_, [&](const auto& k) { return std::find(ids, ids + count, k.first) == ids + count; });
  return out;
}

// A compositor may let windows fly across the screen as they appear and go: nothing is seen meanwhile.
void HiddenAreas::fly(std::vector<xcb_window_t> movers, LocalTime now) {
  std::sort(movers.begin(), movers.end());
  if (composited_ && movers != movers_) lingering_.push_back({kEverything, now + kLinger});
  movers_ = std::move(movers);
}

// The hidden windows' frames, less what opaque windows cover.
std::vector<Rect> HiddenAreas::hidden_among(std::vector<Top>& tops, LocalTime now) {
  mark(tops, parts().windows);
  marked_tops_.clear();
  std::vector<Rect> parts, whole;
  for (const Top& top : tops) {
    if (top.marked) {
      marked_tops_.push_back(top.id);
      parts.push_back(top.area);
      whole.push_back(top.area);
    } else if (top.covers()) {
      Rect cover = top.area;
      if (composited_) cover = {cover.x + kRoundedCorner, cover.y + kRoundedCorner, cover.width - 2 * kRoundedCorner, cover.height - 2 * kRoundedCorner};
      if (!cover.empty()) subtract(parts, cover);
    }
  }
  std::sort(marked_tops_.begin(), marked_tops_.end());
  fly(marked_tops_, now);
  return parts.size() > kMostPieces ? whole : parts;
}

// Everything but what is in view of the one window, its dialogs and menus.
std::vector<Rect> HiddenAreas::all_but_one(std::vector<Top>& tops, LocalTime now) {
  if (!only_is_gone_) {
    Reply<xcb_get_window_attributes_reply_t> exists(
        xcb_get_window_attributes_reply(connection_.xcb(), xcb_get_window_attributes(connection_.xcb(), only_), nullptr));
    only_is_gone_ = !exists;
  }
  marked_tops_.clear();
  std::vector<xcb_window_t> movers;
  std::vector<Rect> shown;
  if (!only_is_gone_) mark(tops, {only_});
  for (const Top& top : tops) {
    if (!top.marked) {
      subtract(shown, top.area);
      if (!top.override_redirect) movers.push_back(top.id);
      continue;
    }
    marked_tops_.push_back(top.id);
    const auto opaque = opaque_parts(top);
    subtract(shown, top.area);      // beneath it another of the marked ones may shine through, but none is sure to
    shown.insert(shown.end(), opaque.begin(), opaque.end());
  }
  std::sort(marked_tops_.begin(), marked_tops_.end());
  fly(std::move(movers), now);
  auto hidden = uncovered(kEverything, shown);
  return hidden.size() > kMostPieces ? std::vector<Rect>{kEverything} : hidden;
}

// Where nothing can be seen through the window, root pixels.
std::vector<Rect> HiddenAreas::opaque_parts(const Top& top) {
  xcb_connection_t* c = connection_.xcb();
  std::vector<Rect> out;
  if (composited_ && (top.translucent || !top.of_root_depth)) {
    // The shadow and the corners of a window that draws its own frame, a terminal that lets the desktop through.
    if (top.translucent) return out;
    const xcb_window_t framed = identity_of(top.id).client, client = framed != XCB_NONE ? framed : top.id;
    Reply<xcb_get_property_reply_t> region(
        xcb_get_property_reply(c, xcb_get_property(c, 0, client, opaque_atom_, XCB_ATOM_CARDINAL, 0, 4 * kMostPieces), nullptr));
    Reply<xcb_translate_coordinates_reply_t> origin(
        xcb_translate_coordinates_reply(c, xcb_translate_coordinates(c, client, connection_.root(), 0, 0), nullptr));
    if (!region || !origin || region->format != 32) return out;
    const auto* v = static_cast<const std::uint32_t*>(xcb_get_property_value(region.get()));
    for (int i = 0; i + 4 <= xcb_get_property_value_length(region.get()) / 4; i += 4) {
      constexpr std::uint32_t kLongest = 32767;
      const auto at = [&](int n) { return static_cast<int>(std::min(v[i + n], kLongest)); };
      const Rect part = Rect{origin->dst_x + at(0), origin->dst_y + at(1), at(2), at(3)}.clipped_to(top.area);
      if (!part.empty()) out.push_back(part);
    }
    return out;
  }
  if (top.shaped) {
    out = within_shape(connection_, top.id, top.area, top.border);
  } else {
    out.push_back(top.area);
  }
  if (composited_ && !top.override_redirect) {
    const Rect& a = top.area;
    for (const int x : {a.x, a.right() - kRoundedCorner})
      for (const int y : {a.y, a.bottom() - kRoundedCorner}) subtract(out, {x, y, kRoundedCorner, kRoundedCorner});
  }
  return out;
}

// Marks what belongs to the windows of `rules`: themselves, their dialogs, their client's menus.
void HiddenAreas::mark(std::vector<Top>& tops, const std::vector<std::uint32_t>& rules) {
  std::vector<xcb_window_t> clients = rules;
  std::vector<xcb_window_t> frames;
  for (const xcb_window_t rule : rules)
    if (const xcb_window_t top = top_of(connection_, rule); top != XCB_NONE) frames.push_back(top);
  // Ids of one client share their upper bits.
  const std::uint32_t base = ~connection_.setup()->resource_id_mask;
  for (Top& top : tops) {
    const bool same_client = std::any_of(rules.begin(), rules.end(), [&](xcb_window_t r) { return (r & base) == (top.id & base); });
    top.marked = among(frames, top.id) || (top.override_redirect && same_client);
  }
  // Dialogs, and dialogs of dialogs.
  for (bool more = true; more;) {
    more = false;
    for (Top& top : tops) {
      if (top.marked) continue;
      const Identity identity = identity_of(top.id);
      if (identity.leader == XCB_NONE || !(among(clients, identity.leader) || among(frames, identity.leader))) continue;
      top.marked = more = true;
      clients.push_back(identity.client != XCB_NONE ? identity.client : top.id);
    }
  }
}

// Asked once of a frame that has its client; one that has none yet is asked again.
HiddenAreas::Identity HiddenAreas::identity_of(xcb_window_t top) {
  if (const auto known = known_.find(top); known != known_.end()) return known->second;
  Identity identity;
  identity.client = client_of(top, 3);
  identity.leader = transient_for(identity.client != XCB_NONE ? identity.client : top);
  if (identity.client != XCB_NONE) known_[top] = identity;
  return identity;
}

bool HiddenAreas::holds(xcb_window_t window) const {
  const bool hidden_ones = only_ == 0;
  if (hidden_ones && marked_tops_.empty()) return false;
  const xcb_window_t top = top_of(connection_, window);
  return (top != XCB_NONE && among(marked_tops_, top)) == hidden_ones;
}

// The window that the window manager framed (ICCCM 4.1.3.1: it has WM_STATE).
xcb_window_t HiddenAreas::client_of(xcb_window_t top, int depth) const {
  xcb_connection_t* c = connection_.xcb();
  const auto state_cookie = xcb_get_property(c, 0, top, state_atom_, XCB_GET_PROPERTY_TYPE_ANY, 0, 1);
  Reply<xcb_query_tree_reply_t> tree(xcb_query_tree_reply(c, xcb_query_tree(c, top), nullptr));
  Reply<xcb_get_property_reply_t> state(xcb_get_property_reply(c, state_cookie, nullptr));
  if (state && state->type != XCB_NONE) return top;
  if (!tree || depth == 0) return XCB_NONE;
  const xcb_window_t* children = xcb_query_tree_children(tree.get());
  for (int i = 0; i < std::min(xcb_query_tree_children_length(tree.get()), 16); ++i)
    if (const xcb_window_t found = client_of(children[i], depth - 1); found != XCB_NONE) return found;
  return XCB_NONE;
}

xcb_window_t HiddenAreas::transient_for(xcb_window_t client) const {
  xcb_connection_t* c = connection_.xcb();
  Reply<xcb_get_property_reply_t> leader(
      xcb_get_property_reply(c, xcb_get_property(c, 0, client, XCB_ATOM_WM_TRANSIENT_FOR, XCB_ATOM_WINDOW, 0, 1), nullptr));
  if (!leader || xcb_get_property_value_length(leader.get()) != 4) return XCB_NONE;
  return *static_cast<const xcb_window_t*>(xcb_get_property_value(leader.get()));
}

}  // namespace beside::capture
