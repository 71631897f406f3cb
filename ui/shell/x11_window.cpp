// SPDX-License-Identifier: GPL-3.0-or-later
// The one file that names X11 and xkbcommon; a little long for that reason.
#include "ui/shell/x11_window.h"

#define GLFW_INCLUDE_NONE
#include <GLFW/glfw3.h>
#include <X11/Xlib.h>
#include <X11/Xutil.h>
#include <xcb/randr.h>
#include <xcb/shape.h>
#include <xcb/xcb.h>
#include <xkbcommon/xkbcommon-compose.h>
#include <xkbcommon/xkbcommon-keysyms.h>
#include <xkbcommon/xkbcommon-x11.h>
#include <xkbcommon/xkbcommon.h>

// xcb's header uses "explicit" as a field name.
#define explicit explicit_field
#include <xcb/xkb.h>
#undef explicit

#include <algorithm>
#include <clocale>
#include <cstdlib>
#include <cstring>
#include <utility>
#include <vector>

#include "engine/base/clock.h"
#include "ui/shell/hid_keys.h"
#include "ui/shell/window_visibility.h"
#include "ui/shell/xcb_handles.h"

// As GLFW's glfw3native.h declares them; that header would ask for Xrandr's, of which nothing else is needed.
extern "C" {
GLFWAPI Display* glfwGetX11Display(void);
GLFWAPI Window glfwGetX11Window(GLFWwindow* window);
}

namespace beside::shell {
namespace {

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
  WindowOnX(Connection c, xcb_screen_t* screen, xcb_window_t id)
      : c_(std::move(c)), screen_(screen), id_(id) {
    const auto* randr = xcb_get_extension_data(c_.get(), &xcb_randr_id);
    has_randr_ = randr != nullptr && randr->present != 0;
    const auto* shape = xcb_get_extension_data(c_.get(), &xcb_shape_id);
    has_shape_ = shape != nullptr && shape->present != 0;
    listen(id_, XCB_EVENT_MASK_VISIBILITY_CHANGE | XCB_EVENT_MASK_STRUCTURE_NOTIFY | XCB_EVENT_MASK_PROPERTY_CHANGE |
                    XCB_EVENT_MASK_FOCUS_CHANGE);
    listen(screen_->root, XCB_EVENT_MASK_SUBSTRUCTURE_NOTIFY);
    xcb_flush(c_.get());
  }
  ~WindowOnX() override { grab_keyboard(false); }

  std::uint32_t id() const override { return id_; }
  bool pump() override {
    if (xcb_connection_has_error(c_.get()) != 0) display_is_gone();
    bool changed = false;
    while (Reply<xcb_generic_event_t> event{xcb_poll_for_event(c_.get())}) {
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

  Connection c_;
  xcb_screen_t* screen_;
  xcb_window_t id_;
  bool has_randr_ = false, has_shape_ = false;
  bool fully_obscured_ = false;
  bool grabbed_ = false;
};

// ---- keyboard ----

struct Unref {
  void operator()(xkb_context* p) const { xkb_context_unref(p); }
  void operator()(xkb_keymap* p) const { xkb_keymap_unref(p); }
  void operator()(xkb_state* p) const { xkb_state_unref(p); }
  void operator()(xkb_compose_table* p) const { xkb_compose_table_unref(p); }
  void operator()(xkb_compose_state* p) const { xkb_compose_state_unref(p); }
};
template <typename T>
using Ref = std::unique_ptr<T, Unref>;

bool is_modifier(std::uint32_t keysym) {
  return (keysym >= XKB_KEY_Shift_L && keysym <= XKB_KEY_Hyper_R) ||
         (keysym >= XKB_KEY_ISO_Lock && keysym <= XKB_KEY_ISO_Level5_Lock) || keysym == XKB_KEY_Mode_switch ||
         keysym == XKB_KEY_Num_Lock;
}

class Reader final : public KeyboardReader {
 public:
  Reader(Ref<xkb_context> context, Connection c) : context_(std::move(context)), c_(std::move(c)) {}

  bool open_server() {
    if (xkb_x11_setup_xkb_extension(c_.get(), XKB_X11_MIN_MAJOR_XKB_VERSION, XKB_X11_MIN_MINOR_XKB_VERSION,
                                    XKB_X11_SETUP_XKB_EXTENSION_NO_FLAGS, nullptr, nullptr, &first_event_, nullptr) == 0) {
      return false;
    }
    const std::uint16_t events = XCB_XKB_EVENT_TYPE_NEW_KEYBOARD_NOTIFY | XCB_XKB_EVENT_TYPE_MAP_NOTIFY | XCB_XKB_EVENT_TYPE_STATE_NOTIFY;
    const std::uint16_t map = XCB_XKB_MAP_PART_KEY_TYPES | XCB_XKB_MAP_PART_KEY_SYMS | XCB_XKB_MAP_PART_MODIFIER_MAP |
                              XCB_XKB_MAP_PART_EXPLICIT_COMPONENTS | XCB_XKB_MAP_PART_KEY_ACTIONS | XCB_XKB_MAP_PART_VIRTUAL_MODS |
                              XCB_XKB_MAP_PART_VIRTUAL_MOD_MAP;
    xcb_xkb_select_events(c_.get(), XCB_XKB_ID_USE_CORE_KBD, events, 0, events, map, map, nullptr);
    xcb_flush(c_.get());
    return load_server_map();
  }
  bool open_names(const std::string& layout, const std::string& variant) {
    xkb_rule_names names{};
    names.rules = "evdev";
    names.model = "pc105";
    names.layout = layout.c_str();
    names.variant = variant.c_str();
    map_.reset(xkb_keymap_new_from_names(context_.get(), &names, XKB_KEYMAP_COMPILE_NO_FLAGS));
    if (!map_) return false;
    state_.reset(xkb_state_new(map_.get()));
    return state_ != nullptr;
  }
  void open_compose(const std::string& locale) {
    table_.reset(xkb_compose_table_new_from_locale(context_.get(), locale.c_str(), XKB_COMPOSE_COMPILE_NO_FLAGS));
    // A bare "C" has no table: dead keys shall work under any locale.
    if (!table_) table_.reset(xkb_compose_table_new_from_locale(context_.get(), "en_US.UTF-8", XKB_COMPOSE_COMPILE_NO_FLAGS));
    if (table_) compose_.reset(xkb_compose_state_new(table_.get(), XKB_COMPOSE_STATE_NO_FLAGS));
  }

  KeyReading press(std::uint32_t keycode) override {
    follow_server();
    KeyReading reading = read(keycode);
    if (compose_ && !reading.is_modifier) feed_compose(reading);
    xkb_state_update_key(state_.get(), keycode, XKB_KEY_DOWN);
    return reading;
  }
  KeyReading release(std::uint32_t keycode) override {
    KeyReading reading = read(keycode);
    reading.text = {};
    xkb_state_update_key(state_.get(), keycode, XKB_KEY_UP);
    return reading;
  }
  void resync() override {
    if (compose_) xkb_compose_state_reset(compose_.get());
    if (c_) {
      while (Reply<xcb_generic_event_t> event{xcb_poll_for_event(c_.get())}) note(*event);
      if (map_changed_) load_server_map();
      take_locks();
    } else {
      state_.reset(xkb_state_new(map_.get()));
    }
  }

 private:
  KeyReading read(std::uint32_t keycode) const {
    KeyReading reading;
    reading.hid_usage = keycode >= 8 ? hid_from_evdev(keycode - 8) : std::uint16_t{0};
    reading.keysym = xkb_state_key_get_one_sym(state_.get(), keycode);
    reading.is_modifier = is_modifier(reading.keysym);
    char text[16] = {};
    const int length = xkb_state_key_get_utf8(state_.get(), keycode, text, sizeof text);
    const auto first = static_cast<unsigned char>(text[0]);
    if (length > 0 && length <= 8 && first >= 0x20 && first != 0x7f) std::memcpy(reading.text.data(), text, static_cast<std::size_t>(length));
    reading.modifiers = modifiers();
    return reading;
  }
  std::uint16_t modifiers() const {
    static constexpr struct {
      const char* name;
      std::uint16_t bit;
    } kNames[] = {{XKB_MOD_NAME_SHIFT, modifier::kShift}, {XKB_MOD_NAME_CTRL, modifier::kControl},
                  {XKB_MOD_NAME_ALT, modifier::kAlt},     {XKB_MOD_NAME_LOGO, modifier::kSuper},
                  {"Mod5", modifier::kAltGr},             {XKB_MOD_NAME_CAPS, modifier::kCapsLock},
                  {XKB_MOD_NAME_NUM, modifier::kNumLock}};
    std::uint16_t bits = 0;
    for (const auto& m : kNames) {
      if (xkb_state_mod_name_is_active(state_.get(), m.name, XKB_STATE_MODS_EFFECTIVE) > 0) bits = static_cast<std::uint16_t>(bits | m.bit);
    }
    return bits;
  }
  void feed_compose(KeyReading& reading) {
    if (xkb_compose_state_feed(compose_.get(), reading.keysym) != XKB_COMPOSE_FEED_ACCEPTED) return;
    switch (xkb_compose_state_get_status(compose_.get())) {
      case XKB_COMPOSE_NOTHING:
        break;
      case XKB_COMPOSE_COMPOSING:
        reading.compose = KeyReading::Compose::Composing;
        reading.text = {};
        break;
      case XKB_COMPOSE_COMPOSED: {
        char text[64] = {};
        const int length = xkb_compose_state_get_utf8(compose_.get(), text, sizeof text);
        reading.compose = KeyReading::Compose::Composed;
        if (length > 0) reading.composed.assign(text, std::min<std::size_t>(static_cast<std::size_t>(length), sizeof text - 1));
        xkb_compose_state_reset(compose_.get());
        break;
      }
      case XKB_COMPOSE_CANCELLED:
        reading.compose = KeyReading::Compose::Cancelled;
        xkb_compose_state_reset(compose_.get());
        break;
    }
  }
  void note(const xcb_generic_event_t& event) {
    if ((event.response_type & 0x7f) != first_event_) return;
    const auto& any = reinterpret_cast<const xcb_xkb_state_notify_event_t&>(event);
    if (any.xkbType == XCB_XKB_NEW_KEYBOARD_NOTIFY || any.xkbType == XCB_XKB_MAP_NOTIFY) {
      map_changed_ = true;
    } else if (any.xkbType == XCB_XKB_STATE_NOTIFY && any.keycode == 0) {
      // Changed by a request (a layout switcher), not by a key that we are about to be given ourselves.
      locks_changed_ = true;
    }
  }
  void follow_server() {
    if (!c_) return;
    while (Reply<xcb_generic_event_t> event{xcb_poll_for_event(c_.get())}) note(*event);
    if (map_changed_) load_server_map();
    if (locks_changed_) take_locks();
  }
  bool load_server_map() {
    map_changed_ = false;
    const auto device = xkb_x11_get_core_keyboard_device_id(c_.get());
    if (device < 0) return false;
    Ref<xkb_keymap> map{xkb_x11_keymap_new_from_device(context_.get(), c_.get(), device, XKB_KEYMAP_COMPILE_NO_FLAGS)};
    if (!map) return false;
    Ref<xkb_state> state{xkb_state_new(map.get())};
    if (!state) return false;
    map_ = std::move(map);
    state_ = std::move(state);
    take_locks();
    return true;
  }
  // Locks and layout only: what is held reaches us as key events, and counting it twice would make it stick.
  void take_locks() {
    locks_changed_ = false;
    const auto device = xkb_x11_get_core_keyboard_device_id(c_.get());
    Ref<xkb_state> server{xkb_x11_state_new_from_device(map_.get(), c_.get(), device)};
    Ref<xkb_state> fresh{xkb_state_new(map_.get())};
    if (!server || !fresh) return;
    xkb_state_update_mask(fresh.get(), 0, 0, xkb_state_serialize_mods(server.get(), XKB_STATE_MODS_LOCKED), 0, 0,
                          xkb_state_serialize_layout(server.get(), XKB_STATE_LAYOUT_LOCKED));
    state_ = std::move(fresh);
  }

  Ref<xkb_context> context_;
  Connection c_;
  std::uint8_t first_event_ = 0;
  Ref<xkb_keymap> map_;
  Ref<xkb_state> state_;
  Ref<xkb_compose_table> table_;
  Ref<xkb_compose_state> compose_;
  bool map_changed_ = false, locks_changed_ = false;
};

std::string compose_locale() {
  for (const char* name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
    const char* value = std::getenv(name);
    if (value != nullptr && value[0] != 0) return value;
  }
  return "C";
}

}  // namespace

Result<std::unique_ptr<X11Window>> X11Window::create(GLFWwindow* window) {
  int screen = 0;
  Connection c{xcb_connect(nullptr, &screen)};
  if (!c || xcb_connection_has_error(c.get()) != 0) return fail(ErrorKind::Environment, "shell/x11: connect");
  xcb_screen_t* found = screen_of(c.get(), screen);
  if (found == nullptr) return fail(ErrorKind::Environment, "shell/x11: screen");
  const auto id = static_cast<xcb_window_t>(glfwGetX11Window(window));
  return std::unique_ptr<X11Window>(std::make_unique<WindowOnX>(std::move(c), found, id));
}

Result<std::unique_ptr<KeyboardReader>> KeyboardReader::create() {
  Connection c{xcb_connect(nullptr, nullptr)};
  if (!c || xcb_connection_has_error(c.get()) != 0) return fail(ErrorKind::Environment, "shell/keyboard: connect");
  Ref<xkb_context> context{xkb_context_new(XKB_CONTEXT_NO_FLAGS)};
  if (!context) return fail(ErrorKind::Environment, "shell/keyboard: xkb context");
  auto reader = std::make_unique<Reader>(std::move(context), std::move(c));
  if (!reader->open_server()) return fail(ErrorKind::Environment, "shell/keyboard: XKEYBOARD extension");
  reader->open_compose(compose_locale());
  return std::unique_ptr<KeyboardReader>(std::move(reader));
}

Result<std::unique_ptr<KeyboardReader>> KeyboardReader::create_for_layout(const std::string& layout, const std::string& variant,
                                                                          const std::string& locale) {
  Ref<xkb_context> context{xkb_context_new(XKB_CONTEXT_NO_FLAGS)};
  if (!context) return fail(ErrorKind::Environment, "shell/keyboard: xkb context");
  auto reader = std::make_unique<Reader>(std::move(context), nullptr);
  if (!reader->open_names(layout, variant)) return fail(ErrorKind::Environment, "shell/keyboard: layout", layout);
  reader->open_compose(locale);
  return std::unique_ptr<KeyboardReader>(std::move(reader));
}

void on_display_gone(std::function<void()> gone) {
  g_gone = std::move(gone);
  // By itself Xlib writes words that nobody understands and calls exit(), under the feet of our threads.
  XSetIOErrorHandler([](Display*) { return 0; });
  if (glfwGetX11Display() == nullptr) return;   // none was ever reached
  XSetIOErrorExitHandler(glfwGetX11Display(), [](Display*, void*) { display_is_gone(); }, nullptr);
}

void show_plain_message(const std::string& title, const std::string& text) {
  Display* display = XOpenDisplay(nullptr);
  if (display == nullptr) return;
  const int screen = XDefaultScreen(display);
  char** missing = nullptr;
  int missing_count = 0;
  char* fallback = nullptr;
  XFontSet fonts = XCreateFontSet(display, "-*-*-medium-r-*--14-*-*-*-*-*-*-*,-*-fixed-medium-r-*--14-*-*-*-*-*-*-*,*", &missing, &missing_count, &fallback);
  if (missing != nullptr) XFreeStringList(missing);
  constexpr int kLine = 22, kMargin = 24, kWidth = 640;
  GC gc = XDefaultGC(display, screen);
  const auto fits = [&](const std::string& line) {
    if (fonts == nullptr) return line.size() <= 68;
    return Xutf8TextEscapement(fonts, line.c_str(), static_cast<int>(line.size())) <= kWidth - 2 * kMargin;
  };
  std::vector<std::string> lines(1);
  std::string word;
  for (const char c : text + "\n") {
    if (c != ' ' && c != '\n') {
      word += c;
      continue;
    }
    const std::string with = lines.back().empty() ? word : lines.back() + " " + word;
    if (fits(with) || lines.back().empty()) lines.back() = with;
    else lines.push_back(word);
    word.clear();
    if (c == '\n') lines.emplace_back();
  }
  lines.pop_back();
  const int height = kMargin * 2 + kLine * static_cast<int>(lines.size()) + 52;
  const ::Window window = XCreateSimpleWindow(display, XRootWindow(display, screen), 0, 0, kWidth, static_cast<unsigned>(height), 0,
                                              XBlackPixel(display, screen), XWhitePixel(display, screen));
  XmbSetWMProperties(display, window, title.c_str(), title.c_str(), nullptr, 0, nullptr, nullptr, nullptr);
  Atom close = XInternAtom(display, "WM_DELETE_WINDOW", False);
  XSetWMProtocols(display, window, &close, 1);
  XSelectInput(display, window, ExposureMask | KeyPressMask | ButtonReleaseMask | StructureNotifyMask);
  XMapRaised(display, window);
  XSetForeground(display, gc, XBlackPixel(display, screen));
  const auto draw = [&](const std::string& line, int x, int y) {
    const int bytes = static_cast<int>(line.size());
    if (fonts != nullptr) {
      Xutf8DrawString(display, window, fonts, gc, x, y, line.c_str(), bytes);
    } else {
      XDrawString(display, window, gc, x, y, line.c_str(), bytes);
    }
  };
  for (bool open = true; open;) {
    XEvent event;
    XNextEvent(display, &event);
    if (event.type == Expose && event.xexpose.count == 0) {
      int y = kMargin + 14;
      for (const std::string& line : lines) {
        draw(line, kMargin, y);
        y += kLine;
      }
      XDrawRectangle(display, window, gc, kWidth - kMargin - 96, height - kMargin - 32, 96, 32);
      draw("OK", kWidth - kMargin - 56, height - kMargin - 11);
    }
    if (event.type == ClientMessage && static_cast<Atom>(event.xclient.data.l[0]) == close) open = false;
    if (event.type == ButtonRelease && event.xbutton.button == 1) {
      open = event.xbutton.x < kWidth - kMargin - 96 || event.xbutton.y < height - kMargin - 32;
    }
    if (event.type == KeyPress) {
      const KeySym sym = XLookupKeysym(&event.xkey, 0);
      if (sym == XKB_KEY_Return || sym == XKB_KEY_Escape || sym == XKB_KEY_space || sym == XKB_KEY_KP_Enter) open = false;
    }
  }
  if (fonts != nullptr) XFreeFontSet(display, fonts);
  XCloseDisplay(display);
}

}  // namespace beside::shell
