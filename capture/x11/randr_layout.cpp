// SPDX-License-Identifier: GPL-3.0-or-later
#include "capture/x11/randr_layout.h"

#include <fmt/core.h>
#include <xcb/randr.h>

namespace beside::capture {

void watch_layout(const Connection& connection) {
  const std::uint32_t mask = XCB_EVENT_MASK_STRUCTURE_NOTIFY;
  xcb_change_window_attributes(connection.xcb(), connection.root(), XCB_CW_EVENT_MASK, &mask);
  if (connection.abilities().randr)
    xcb_randr_select_input(connection.xcb(), connection.root(),
                           XCB_RANDR_NOTIFY_MASK_SCREEN_CHANGE | XCB_RANDR_NOTIFY_MASK_CRTC_CHANGE |
                               XCB_RANDR_NOTIFY_MASK_OUTPUT_CHANGE);
  connection.flush();
}

bool is_layout_event(const Connection& connection, const xcb_generic_event_t& event) {
  const std::uint8_t type = event.response_type & 0x7f;
  if (type == XCB_CONFIGURE_NOTIFY) {
    const auto* configure = reinterpret_cast<const xcb_configure_notify_event_t*>(&event);
    return configure->window == connection.root();
  }
  const std::uint8_t first = connection.first_event(&xcb_randr_id);
  return first != 0 && (type == first + XCB_RANDR_SCREEN_CHANGE_NOTIFY || type == first + XCB_RANDR_NOTIFY);
}

Result<DesktopLayout> read_layout(const Connection& connection, LayoutBook& book) {
  xcb_connection_t* c = connection.xcb();
  const auto size_cookie = xcb_get_geometry(c, connection.root());
  std::vector<MonitorInfo> monitors;
  if (connection.abilities().randr) {
    Reply<xcb_randr_get_monitors_reply_t> reply(
        xcb_randr_get_monitors_reply(c, xcb_randr_get_monitors(c, connection.root(), 1), nullptr));
    if (reply) {
      for (auto it = xcb_randr_get_monitors_monitors_iterator(reply.get()); it.rem > 0;
           xcb_randr_monitor_info_next(&it)) {
        MonitorInfo monitor;
        monitor.area = {it.data->x, it.data->y, it.data->width, it.data->height};
        monitor.primary = it.data->primary != 0;
        Reply<xcb_get_atom_name_reply_t> name(
            xcb_get_atom_name_reply(c, xcb_get_atom_name(c, it.data->name), nullptr));
        if (name)
          monitor.name.assign(xcb_get_atom_name_name(name.get()),
                              static_cast<std::size_t>(xcb_get_atom_name_name_length(name.get())));
        if (monitor.name.empty()) monitor.name = fmt::format("monitor {}", monitors.size() + 1);
        if (!monitor.area.empty()) monitors.push_back(std::move(monitor));
      }
    }
  }
  Reply<xcb_get_geometry_reply_t> size(xcb_get_geometry_reply(c, size_cookie, nullptr));
  if (!size) return tl::unexpected<Error>(display_gone("capture/x11: layout"));
  const Rect root{0, 0, size->width, size->height};
  // A monitor may reach past the root for a moment in the middle of a change; what is outside cannot be grabbed.
  for (auto& monitor : monitors) monitor.area = monitor.area.clipped_to(root);
  std::erase_if(monitors, [](const MonitorInfo& m) { return m.area.empty(); });
  if (monitors.empty()) monitors.push_back({0, root, "screen", true});
  return book.observe(root.width, root.height, std::move(monitors));
}

}  // namespace beside::capture
