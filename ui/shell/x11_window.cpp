// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/shell/x11_window.h"

#define GLFW_INCLUDE_NONE
#include <GLFW/glfw3.h>
#include <X11/Xlib.h>
#include <xcb/randr.h>
#include <xcb/shape.h>
#include <xcb/xcb.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <utility>
#include <vector>

#include "engine/base/clock.h"
#include "engine/x11/xcb_handles.h"
#include "ui/shell/window_visibility.h"

// As GLFW's glfw3native.h declares them; that header would ask for Xrandr's, of which nothing else is needed.
extern "C" {
GLFWAPI Display* glfwGetX11Display(void);
GLFWAPI Window glfwGetX11Window(GLFWwindow* window);
}

namespace beside::shell {
namespace {

using x11::Reply;

std::function<void()> g_gone;   // main thread
void display_is_gone() {
  if (g_gone) std::exchange(g_gone, nullptr)();
  std::_Exit(1);
}

xcb_screen_t* screen_of(xcb_connection_t* c, int number) {
  auto it = xcb_setup_roots_iterator(xcb_get_setup(c));
  for (; it.rem > 0 && number > 0; --number) xcb_screen_next(&it);
  return it.rem > 0 ? it.data : nullptr;
}

class WindowOnX final : public X11Window {
 public:
  WindowOnX(x11::Link c, xcb_screen_t* screen, xcb_window_t id)
      : c_(std::move(c)), screen_(screen), id_(id) {
    const auto* randr = xcb_get_extension_data(c_.get(), &xcb_randr_id);
    has_randr_ = randr != nullptr && randr->present != 0;
    const auto* shape = xcb_get_extension_data(c_.get(), &xcb_shape_id);
    has_shape_ = shape != nullptr && shape->present != 0;
    listen(id_, XCB_EVENT_MASK_VISIBILITY_CHANGE | XCB_EVENT_MASK_STRUCTURE_NOTIFY | XCB_EVENT_MASK_PROPERTY_CHANGE |
                    XCB_EVENT_MASK_FOCUS_CHANGE);
    listen(screen_->root, XCB_EVENT_MASK_SUBSTRUCTURE_NOTIFY | XCB_EVENT_MASK_STRUCTURE_NOTIFY);
    if (has_randr_) xcb_randr_select_input(c_.get(), screen_->root, XCB_RANDR_NOTIFY_MASK_SCREEN_CHANGE | XCB_RANDR_NOTIFY_MASK_CRTC_CHANGE);
    xcb_flush(c_.get());
  }
  ~WindowOnX() override { grab_keyboard(false); }

  std::uint32_t id() const override { return id_; }
  int fd() const override { return xcb_get_file_descriptor(c_.get()); }
  bool pump(bool read_already) override {
    if (xcb_connection_has_error(c_.get()) != 0) display_is_gone();
    bool changed = false;
    while (Reply<xcb_generic_event_t> event{read_already ? xcb_poll_for_queued_event(c_.get()) : xcb_poll_for_event(c_.get())}) {
      const int type = event->response_type & 0x7f;
      if (type == XCB_VISIBILITY_NOTIFY) {
        const auto* v = reinterpret_cast<const xcb_visibility_notify_event_t*>(event.get());
        fully_obscured_ = v->state == XCB_VISIBILITY_FULLY_OBSCURED;
      }
      // An UnmapNotify or a focus change matters as much as anything moving above us.
      if (type != 0) changed = true;
    }
    return changed;
  }

  WindowState look() override {
    WindowState state;
    state.native_id = id_;
    state.native_frame_id = frame_of(id_);
    state.outer = outer_of(state.native_frame_id);
    Reply<xcb_get_window_attributes_reply_t> attributes{
        xcb_get_window_attributes_reply(c_.get(), xcb_get_window_attributes(c_.get(), id_), nullptr)};
    const bool viewable = attributes && attributes->map_state == XCB_MAP_STATE_VIEWABLE;
    state.iconified = !viewable || has_state("_NET_WM_STATE_HIDDEN");
    Reply<xcb_get_input_focus_reply_t> focus{
        xcb_get_input_focus_reply(c_.get(), xcb_get_input_focus(c_.get()), nullptr)};
    state.focused = focus && is_ours(focus->focus);
    state.visible = viewable && !state.iconified && !(fully_obscured_ && !composited()) &&
                    counts_as_visible(state.outer, monitors(), windows_above(state.native_frame_id, state.outer));
    return state;
  }

  bool pointer_is_over() const override {
    Reply<xcb_query_pointer_reply_t> at{xcb_query_pointer_reply(c_.get(), xcb_query_pointer(c_.get(), id_), nullptr)};
    Reply<xcb_query_pointer_reply_t> top{xcb_query_pointer_reply(c_.get(), xcb_query_pointer(c_.get(), screen_->root), nullptr)};
    Reply<xcb_get_geometry_reply_t> size{xcb_get_geometry_reply(c_.get(), xcb_get_geometry(c_.get(), id_), nullptr)};
    return at && top && size && top->child != XCB_NONE && top->child == frame_of(id_) && at->win_x >= 0 && at->win_y >= 0 &&
           at->win_x < size->width && at->win_y < size->height;
  }

  void set_panel(bool on) override {
    for (const char* name : {"_NET_WM_STATE_ABOVE", "_NET_WM_STATE_STICKY"}) {
      send_root(atom("_NET_WM_STATE"), {on ? 1U : 0U, atom(name), 0, 1, 0});
    }
    // EWMH: 0xFFFFFFFF = on all desktops.
    send_root(atom("_NET_WM_DESKTOP"), {on ? 0xFFFFFFFFU : current_desktop(), 1, 0, 0, 0});
    // Motif hints: functions resize | move | close, so a window manager draws no minimise and maximise buttons.
    const std::uint32_t hints[5] = {1, on ? (2U | 4U | 32U) : 1U, 0, 0, 0};
    xcb_change_property(c_.get(), XCB_PROP_MODE_REPLACE, id_, atom("_MOTIF_WM_HINTS"), atom("_MOTIF_WM_HINTS"), 32, 5, hints);
    if (on) raise();
    xcb_flush(c_.get());
  }
  void set_fullscreen(bool on) override {
    send_root(atom("_NET_WM_STATE"), {on ? 1U : 0U, atom("_NET_WM_STATE_FULLSCREEN"), 0, 1, 0});
    xcb_flush(c_.get());
  }
  void raise() override {
    const std::uint32_t above = XCB_STACK_MODE_ABOVE;
    xcb_configure_window(c_.get(), id_, XCB_CONFIG_WINDOW_STACK_MODE, &above);
    xcb_flush(c_.get());
  }
  void map_again() override {
    xcb_map_window(c_.get(), id_);
    xcb_flush(c_.get());
  }
  void move_resize(const Rect& r) override {
    const std::uint32_t values[] = {static_cast<std::uint32_t>(r.x), static_cast<std::uint32_t>(r.y),
                                    static_cast<std::uint32_t>(r.width), static_cast<std::uint32_t>(r.height)};
    xcb_configure_window(c_.get(), id_,
                         XCB_CONFIG_WINDOW_X | XCB_CONFIG_WINDOW_Y | XCB_CONFIG_WINDOW_WIDTH | XCB_CONFIG_WINDOW_HEIGHT, values);
    xcb_flush(c_.get());
  }
  Rect monitor_of_window() const override {
    const Rect own = const_cast<WindowOnX*>(this)->outer_of(id_);
    Rect best;
    int most = -1;
    for (const Rect& m : monitors()) {
      const Rect hit = m.clipped_to(own);
      const int size = hit.empty() ? 0 : hit.width * hit.height;
      if (size > most) {
        most = size;
        best = m;
      }
    }
    const auto work = property32(screen_->root, "_NET_WORKAREA");
    if (work.size() >= 4) {
      const Rect area{static_cast<int>(work[0]), static_cast<int>(work[1]), static_cast<int>(work[2]), static_cast<int>(work[3])};
      const Rect both = best.clipped_to(area);
      if (!both.empty()) return both;
    }
    return best;
  }

  void grab_keyboard(bool on) override {
    if (on == grabbed_) return;
    // Key events of a grab go to the client that made it, hence GLFW's connection.
    Display* display = glfwGetX11Display();
    if (on) {
      grabbed_ = XGrabKeyboard(display, id_, True, GrabModeAsync, GrabModeAsync, CurrentTime) == GrabSuccess;
    } else {
      XUngrabKeyboard(display, CurrentTime);
      grabbed_ = false;
    }
    XFlush(display);
  }

 private:
  void listen(xcb_window_t window, std::uint32_t mask) { xcb_change_window_attributes(c_.get(), window, XCB_CW_EVENT_MASK, &mask); }

  xcb_atom_t atom(const char* name) const {
    Reply<xcb_intern_atom_reply_t> reply{xcb_intern_atom_reply(
        c_.get(), xcb_intern_atom(c_.get(), 0, static_cast<std::uint16_t>(std::strlen(name)), name), nullptr)};
    return reply ? reply->atom : xcb_atom_t{XCB_ATOM_NONE};
  }
  std::vector<std::uint32_t> property32(xcb_window_t window, const char* name) const {
    Reply<xcb_get_property_reply_t> reply{xcb_get_property_reply(
        c_.get(), xcb_get_property(c_.get(), 0, window, atom(name), XCB_GET_PROPERTY_TYPE_ANY, 0, 64), nullptr)};
    if (!reply || reply->format != 32) return {};
    const auto* values = static_cast<const std::uint32_t*>(xcb_get_property_value(reply.get()));
    return {values, values + reply->value_len};
  }
  bool has_state(const char* name) const {
    const auto states = property32(id_, "_NET_WM_STATE");
    return std::find(states.begin(), states.end(), atom(name)) != states.end();
  }
  std::uint32_t current_desktop() const {
    const auto value = property32(screen_->root, "_NET_CURRENT_DESKTOP");
    return value.empty() ? 0 : value[0];
  }
  bool composited() const {
    Reply<xcb_get_selection_owner_reply_t> owner{xcb_get_selection_owner_reply(
        c_.get(), xcb_get_selection_owner(c_.get(), atom("_NET_WM_CM_S0")), nullptr)};
    return owner && owner->owner != XCB_NONE;
  }
  void send_root(xcb_atom_t type, const std::array<std::uint32_t, 5>& data) {
    xcb_client_message_event_t message{};
    message.response_type = XCB_CLIENT_MESSAGE;
    message.format = 32;
    message.window = id_;
    message.type = type;
    std::copy(data.begin(), data.end(), message.data.data32);
    xcb_send_event(c_.get(), 0, screen_->root, XCB_EVENT_MASK_SUBSTRUCTURE_NOTIFY | XCB_EVENT_MASK_SUBSTRUCTURE_REDIRECT,
                   reinterpret_cast<const char*>(&message));
  }
  // The ancestor just below the root: the window manager's frame, or the window itself.
  xcb_window_t frame_of(xcb_window_t window) const {
    for (int depth = 0; depth < 16; ++depth) {
      Reply<xcb_query_tree_reply_t> tree{xcb_query_tree_reply(c_.get(), xcb_query_tree(c_.get(), window), nullptr)};
      if (!tree || tree->parent == XCB_NONE || tree->parent == screen_->root) return window;
      window = tree->parent;
    }
    return window;
  }
  bool is_ours(xcb_window_t focus) const {
    if (focus == id_) return true;
    // Some window managers focus a child (input-method proxies do so too).
    for (int depth = 0; depth < 16 && focus > 1 && focus != screen_->root; ++depth) {
      Reply<xcb_query_tree_reply_t> tree{xcb_query_tree_reply(c_.get(), xcb_query_tree(c_.get(), focus), nullptr)};
      if (!tree) return false;
      focus = tree->parent;
      if (focus == id_) return true;
    }
    return false;
  }
  Rect outer_of(xcb_window_t frame) {
    Reply<xcb_get_geometry_reply_t> g{xcb_get_geometry_reply(c_.get(), xcb_get_geometry(c_.get(), frame), nullptr)};
    if (!g) return {};
    Reply<xcb_translate_coordinates_reply_t> at{xcb_translate_coordinates_reply(
        c_.get(), xcb_translate_coordinates(c_.get(), frame, screen_->root, 0, 0), nullptr)};
    if (!at) return {};
    const int border = g->border_width;
    Rect rect{at->dst_x - border, at->dst_y - border, g->width + 2 * border, g->height + 2 * border};
    if (frame == id_) {
      // Not reparented, but a frame may be drawn round it all the same.
      const auto extents = property32(id_, "_NET_FRAME_EXTENTS");   // left, right, top, bottom
      if (extents.size() >= 4) {
        rect.x -= static_cast<int>(extents[0]);
        rect.y -= static_cast<int>(extents[2]);
        rect.width += static_cast<int>(extents[0] + extents[1]);
        rect.height += static_cast<int>(extents[2] + extents[3]);
      }
    }
    return rect;
  }
  std::vector<Rect> monitors() const {
    std::vector<Rect> all;
    if (has_randr_) {
      Reply<xcb_randr_get_monitors_reply_t> reply{
          xcb_randr_get_monitors_reply(c_.get(), xcb_randr_get_monitors(c_.get(), screen_->root, 1), nullptr)};
      if (reply) {
        for (auto it = xcb_randr_get_monitors_monitors_iterator(reply.get()); it.rem > 0; xcb_randr_monitor_info_next(&it)) {
          all.push_back({it.data->x, it.data->y, it.data->width, it.data->height});
        }
      }
    }
    if (all.empty()) {
      Reply<xcb_get_geometry_reply_t> root{xcb_get_geometry_reply(c_.get(), xcb_get_geometry(c_.get(), screen_->root), nullptr)};
      if (root) all.push_back({0, 0, root->width, root->height});
    }
    return all;
  }
  // What lies over us, bounding shapes taken into account. A window that neither takes input nor belongs to anybody's
  // application, as a compositor's overlay, would hide nothing; it is known by its empty input shape and root size.
  std::vector<Rect> windows_above(xcb_window_t frame, const Rect& own) const {
    std::vector<Rect> above;
    Reply<xcb_query_tree_reply_t> tree{xcb_query_tree_reply(c_.get(), xcb_query_tree(c_.get(), screen_->root), nullptr)};
    if (!tree) return above;
    const xcb_window_t* children = xcb_query_tree_children(tree.get());
    const xcb_window_t* end = children + xcb_query_tree_children_length(tree.get());
    const xcb_window_t* self = std::find(children, end, frame);
    if (self == end) return {own};
    for (const xcb_window_t* w = self + 1; w < end; ++w) {
      Reply<xcb_get_window_attributes_reply_t> a{
          xcb_get_window_attributes_reply(c_.get(), xcb_get_window_attributes(c_.get(), *w), nullptr)};
      if (!a || a->map_state != XCB_MAP_STATE_VIEWABLE || a->_class != XCB_WINDOW_CLASS_INPUT_OUTPUT) continue;
      Reply<xcb_get_geometry_reply_t> g{xcb_get_geometry_reply(c_.get(), xcb_get_geometry(c_.get(), *w), nullptr)};
      if (!g) continue;
      const Rect box{g->x, g->y, g->width + 2 * g->border_width, g->height + 2 * g->border_width};
      if (box.clipped_to(own).empty()) continue;
      add_shape(above, *w, box, *g, a->override_redirect != 0);
    }
    return above;
  }
  void add_shape(std::vector<Rect>& above, xcb_window_t window, const Rect& box, const xcb_get_geometry_reply_t& g,
                 bool override_redirect) const {
    if (!has_shape_) {
      above.push_back(box);
      return;
    }
    const bool whole_screen = box.width >= screen_->width_in_pixels && box.height >= screen_->height_in_pixels;
    if (override_redirect && whole_screen && composited() && shape(window, XCB_SHAPE_SK_INPUT).empty()) return;
    for (Rect part : shape(window, XCB_SHAPE_SK_BOUNDING)) {
      part.x += g.x + g.border_width;
      part.y += g.y + g.border_width;
      above.push_back(part.clipped_to(box));
    }
  }
  std::vector<Rect> shape(xcb_window_t window, xcb_shape_sk_t kind) const {
    std::vector<Rect> parts;
    Reply<xcb_shape_get_rectangles_reply_t> reply{
        xcb_shape_get_rectangles_reply(c_.get(), xcb_shape_get_rectangles(c_.get(), window, kind), nullptr)};
    if (!reply) return parts;
    for (auto it = xcb_shape_get_rectangles_rectangles_iterator(reply.get()); it.rem > 0; xcb_rectangle_next(&it)) {
      if (parts.size() == 256) break;
      parts.push_back({it.data->x, it.data->y, it.data->width, it.data->height});
    }
    return parts;
  }

  x11::Link c_;
  xcb_screen_t* screen_;
  xcb_window_t id_;
  bool has_randr_ = false, has_shape_ = false;
  bool fully_obscured_ = false;
  bool grabbed_ = false;
};

}  // namespace

Result<std::unique_ptr<X11Window>> X11Window::create(GLFWwindow* window) {
  int screen = 0;
  x11::Link c{xcb_connect(nullptr, &screen)};
  if (!c || xcb_connection_has_error(c.get()) != 0) return fail(ErrorKind::Environment, "shell/x11: connect");
  xcb_screen_t* found = screen_of(c.get(), screen);
  if (found == nullptr) return fail(ErrorKind::Environment, "shell/x11: screen");
  const auto id = static_cast<xcb_window_t>(glfwGetX11Window(window));
  return std::unique_ptr<X11Window>(std::make_unique<WindowOnX>(std::move(c), found, id));
}

void on_display_gone(std::function<void()> gone) {
  g_gone = std::move(gone);
  // By itself Xlib writes words that nobody understands and calls exit(), under the feet of our threads.
  XSetIOErrorHandler([](Display*) { return 0; });
  if (glfwGetX11Display() == nullptr) return;   // none was ever reached
  XSetIOErrorExitHandler(glfwGetX11Display(), [](Display*, void*) { display_is_gone(); }, nullptr);
}

}  // namespace beside::shell
