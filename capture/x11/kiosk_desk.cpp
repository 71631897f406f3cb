// SPDX-License-Identifier: GPL-3.0-or-later
#include "capture/x11/kiosk_desk.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include <xcb/xinput.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <mutex>
#include <set>
#include <string_view>
#include <thread>

#include "capture/x11/application_windows.h"
#include "capture/x11/connection.h"
#include "capture/x11/top_levels.h"
#include "engine/base/log.h"
#include "engine/base/thread_role.h"

namespace beside::capture {
namespace {

using Whose = ApplicationWindows::Whose;
using TopLevel = ApplicationWindows::TopLevel;

class Desk final : public KioskDesk {
 public:
  Desk(std::unique_ptr<Connection> connection, std::shared_ptr<const ports::OwnWindows> own,
       std::function<void()> screen_changed, int wake_fd)
      : connection_(std::move(connection)),
        windows_(*connection_, std::move(own)),
        screen_changed_(std::move(screen_changed)),
        wake_fd_(wake_fd) {}
  ~Desk() override {
    stopping_ = true;
    wake();
    if (thread_.joinable()) thread_.join();
    close(wake_fd_);
  }

  Result<void> begin();
  void cover() override {
    const std::lock_guard lock(mutex_);
    if (!wanted_.open) return;
    wanted_ = {};
    wake();
  }
  void open(const Rect& ours, const Rect& application) override {
    const std::lock_guard lock(mutex_);
    const Places next{true, ours, application};
    if (next == wanted_) return;
    wanted_ = next;
    wake();
  }
  void look_again() override {
    again_ = true;
    wake();
  }
  Rect screen() const override {
    const std::lock_guard lock(mutex_);
    return screen_;
  }

 private:
  struct Places {
    bool open = false;
    Rect ours, application;
    bool operator==(const Places&) const = default;
  };
  void wake() const {
    const std::uint64_t one = 1;
    [[maybe_unused]] const auto written = write(wake_fd_, &one, sizeof one);
  }
  void run();
  bool take_events();
  void tidy();
  void on_map_request(xcb_window_t window);
  void on_configure_request(const xcb_configure_request_event_t& request);
  void place(xcb_window_t window, const Rect& where, const Rect& is);
  void map(const TopLevel& top, const std::vector<TopLevel>& tops);
  static bool is_our_window(const TopLevel& t) { return t.viewable && t.whose == Whose::Ours && !t.override_redirect && !t.input_only; }
  void keep_order(const std::vector<TopLevel>& tops);
  void give_focus(const std::vector<TopLevel>& tops);
  void focus(xcb_window_t window);
  void on_touch();
  bool is_dialog(xcb_window_t window) const;
  void read_screen();
  void manage(xcb_window_t window) {
    if (!managed_.insert(window).second) return;
    const std::uint32_t mask = XCB_EVENT_MASK_FOCUS_CHANGE;
    xcb_change_window_attributes(connection_->xcb(), window, XCB_CW_EVENT_MASK, &mask);
  }
  xcb_atom_t atom(std::string_view name) const;
  static const TopLevel* find(const std::vector<TopLevel>& tops, xcb_window_t id) {
    const auto at = std::find_if(tops.begin(), tops.end(), [&](const TopLevel& t) { return t.id == id; });
    return at == tops.end() ? nullptr : &*at;
  }

  std::unique_ptr<Connection> connection_;
  ApplicationWindows windows_;
  std::function<void()> screen_changed_;
  int wake_fd_;
  mutable std::mutex mutex_;
  Places wanted_;                          // guarded by mutex_
  Rect screen_;                            // guarded by mutex_
  std::atomic<bool> stopping_{false}, again_{false};
  Places now_;                             // desk thread, as all that follows
  std::set<xcb_window_t> refused_;         // asked to be mapped and were not
  std::set<xcb_window_t> managed_;         // mapped by us
  bool focus_anew_ = true;                 // the keyboard is given as the state wants it, whoever has it
  xcb_atom_t protocols_ = XCB_NONE, take_focus_ = XCB_NONE;
  std::thread thread_;
};

xcb_atom_t Desk::atom(std::string_view name) const {
  Reply<xcb_intern_atom_reply_t> reply(xcb_intern_atom_reply(
      connection_->xcb(), xcb_intern_atom(connection_->xcb(), 0, static_cast<std::uint16_t>(name.size()), name.data()), nullptr));
  return reply ? reply->atom : xcb_atom_t{XCB_ATOM_NONE};
}

void Desk::read_screen() {
  Reply<xcb_get_geometry_reply_t> g(
      xcb_get_geometry_reply(connection_->xcb(), xcb_get_geometry(connection_->xcb(), connection_->root()), nullptr));
  if (!g) return;
  const std::lock_guard lock(mutex_);
  screen_ = {0, 0, g->width, g->height};
}

Result<void> Desk::begin() {
  xcb_connection_t* c = connection_->xcb();
  const std::uint32_t mask = XCB_EVENT_MASK_SUBSTRUCTURE_REDIRECT | XCB_EVENT_MASK_SUBSTRUCTURE_NOTIFY |
                             XCB_EVENT_MASK_STRUCTURE_NOTIFY | XCB_EVENT_MASK_FOCUS_CHANGE;
  Reply<xcb_generic_error_t> error(xcb_request_check(
      c, xcb_change_window_attributes_checked(c, connection_->root(), XCB_CW_EVENT_MASK, &mask)));
  if (error)
    return fail(ErrorKind::Refused, "capture/x11: kiosk",
                "another window manager runs on this display; a kiosk needs an X session of its own");
  if (connection_->abilities().xinput2) {
    struct {
      xcb_input_event_mask_t head;
      std::uint32_t mask;
    } selection{{XCB_INPUT_DEVICE_ALL_MASTER, 1},
                XCB_INPUT_XI_EVENT_MASK_RAW_BUTTON_PRESS | XCB_INPUT_XI_EVENT_MASK_RAW_TOUCH_BEGIN};
    xcb_input_xi_select_events(c, connection_->root(), 1, &selection.head);
  }
  protocols_ = atom("WM_PROTOCOLS");
  take_focus_ = atom("WM_TAKE_FOCUS");
  read_screen();
  tidy();
  connection_->sync();
  thread_ = std::thread([this] { run(); });
  return {};
}

void Desk::run() {
  name_this_thread("kiosk");
  while (!stopping_ && !connection_->broken()) {
    bool changed = take_events();
    {
      const std::lock_guard lock(mutex_);
      if (!(wanted_ == now_)) {
        now_ = wanted_;
        focus_anew_ = true;
        changed = true;
      }
    }
    if (again_.exchange(false)) changed = true;
    if (changed) tidy();
    connection_->flush();
    pollfd fds[2] = {{connection_->fd(), POLLIN, 0}, {wake_fd_, POLLIN, 0}};
    ::poll(fds, 2, connection_->has_events() ? 0 : -1);
    std::uint64_t count = 0;
    [[maybe_unused]] const auto got = read(wake_fd_, &count, sizeof count);
  }
}

// True when windows came, went or moved.
bool Desk::take_events() {
  bool changed = false;
  while (auto event = connection_->poll_event()) {
    switch (event->response_type & 0x7f) {
      case XCB_MAP_REQUEST: on_map_request(reinterpret_cast<const xcb_map_request_event_t*>(event.get())->window); break;
      case XCB_CONFIGURE_REQUEST:
        on_configure_request(*reinterpret_cast<const xcb_configure_request_event_t*>(event.get()));
        break;
      case XCB_CONFIGURE_NOTIFY:
        if (reinterpret_cast<const xcb_configure_notify_event_t*>(event.get())->window == connection_->root()) {
          read_screen();
          if (screen_changed_) screen_changed_();
        }
        changed = true;
        break;
      case XCB_DESTROY_NOTIFY: {
        const auto gone = reinterpret_cast<const xcb_destroy_notify_event_t*>(event.get())->window;
        refused_.erase(gone);
        managed_.erase(gone);
        changed = true;
        break;
      }
      case XCB_UNMAP_NOTIFY:
      case XCB_MAP_NOTIFY:
      case XCB_REPARENT_NOTIFY:
      case XCB_FOCUS_IN:
      case XCB_FOCUS_OUT: changed = true; break;
      case XCB_GE_GENERIC: on_touch(); break;
      default: break;
    }
  }
  return changed;
}

bool Desk::is_dialog(xcb_window_t window) const {
  Reply<xcb_get_property_reply_t> leader(xcb_get_property_reply(
      connection_->xcb(), xcb_get_property(connection_->xcb(), 0, window, XCB_ATOM_WM_TRANSIENT_FOR, XCB_ATOM_WINDOW, 0, 1),
      nullptr));
  return leader && xcb_get_property_value_length(leader.get()) == 4;
}

void Desk::on_map_request(xcb_window_t window) {
  const auto tops = windows_.top_levels();
  const TopLevel* top = find(tops, window);
  if (top == nullptr) return;
  if (top->whose == Whose::Foreign) {
    refused_.insert(window);
    BS_LOG_LIMITED(Warn, "kiosk", "a window that is neither ours nor the application's was refused");
    return;
  }
  refused_.erase(window);
  map(*top, tops);
  if (top->whose == Whose::Application) focus_anew_ = true;
  tidy();
}

// In its order from the first moment on: what is raised only once it is there was seen before, or hid our window.
void Desk::map(const TopLevel& top, const std::vector<TopLevel>& tops) {
  manage(top.id);
  if (top.whose == Whose::Ours) {
    const std::uint32_t above = XCB_STACK_MODE_ABOVE;
    xcb_configure_window(connection_->xcb(), top.id, XCB_CONFIG_WINDOW_STACK_MODE, &above);
  } else if (const auto ours = std::find_if(tops.begin(), tops.end(), is_our_window); ours != tops.end()) {
    const std::uint32_t below[] = {ours->id, XCB_STACK_MODE_BELOW};
    xcb_configure_window(connection_->xcb(), top.id, XCB_CONFIG_WINDOW_SIBLING | XCB_CONFIG_WINDOW_STACK_MODE, below);
  }
  xcb_map_window(connection_->xcb(), top.id);
}

void Desk::on_configure_request(const xcb_configure_request_event_t& r) {
  const auto tops = windows_.top_levels();
  const TopLevel* top = find(tops, r.window);
  if (top == nullptr) return;
  // What has a place of its own keeps it and is told so; the rest may choose size and place, never the order.
  std::vector<std::uint32_t> values;
  std::uint16_t mask = 0;
  const auto take = [&](std::uint16_t bit, std::uint32_t value) {
    if ((r.value_mask & bit) == 0) return;
    mask = static_cast<std::uint16_t>(mask | bit);
    values.push_back(value);
  };
  take(XCB_CONFIG_WINDOW_X, static_cast<std::uint32_t>(static_cast<std::int32_t>(r.x)));
  take(XCB_CONFIG_WINDOW_Y, static_cast<std::uint32_t>(static_cast<std::int32_t>(r.y)));
  take(XCB_CONFIG_WINDOW_WIDTH, r.width);
  take(XCB_CONFIG_WINDOW_HEIGHT, r.height);
  take(XCB_CONFIG_WINDOW_BORDER_WIDTH, 0);
  const bool placed = top->viewable && (top->whose == Whose::Ours || !is_dialog(r.window));
  if (!placed && mask != 0) xcb_configure_window(connection_->xcb(), r.window, mask, values.data());
  if (!placed) return;
  xcb_configure_notify_event_t told{};
  told.response_type = XCB_CONFIGURE_NOTIFY;
  told.event = told.window = r.window;
  told.x = static_cast<std::int16_t>(top->area.x);
  told.y = static_cast<std::int16_t>(top->area.y);
  told.width = static_cast<std::uint16_t>(top->area.width);
  told.height = static_cast<std::uint16_t>(top->area.height);
  xcb_send_event(connection_->xcb(), 0, r.window, XCB_EVENT_MASK_STRUCTURE_NOTIFY, reinterpret_cast<const char*>(&told));
}

void Desk::place(xcb_window_t window, const Rect& where, const Rect& is) {
  if (where == is || where.empty()) return;
  const std::uint32_t values[] = {static_cast<std::uint32_t>(where.x), static_cast<std::uint32_t>(where.y),
                                  static_cast<std::uint32_t>(where.width), static_cast<std::uint32_t>(where.height), 0};
  xcb_configure_window(connection_->xcb(), window,
                       XCB_CONFIG_WINDOW_X | XCB_CONFIG_WINDOW_Y | XCB_CONFIG_WINDOW_WIDTH | XCB_CONFIG_WINDOW_HEIGHT |
                           XCB_CONFIG_WINDOW_BORDER_WIDTH,
                       values);
}

// Brings every window to where it belongs. Does nothing when all is well, so that its own events do not wake it again.
void Desk::tidy() {
  const auto tops = windows_.top_levels();
  const Rect screen = this->screen();
  for (const TopLevel& top : tops) {
    const bool ordinary = !top.override_redirect && !top.input_only;
    if (top.whose == Whose::Foreign) {
      // A window that was there before us, or that asked nobody: its client loses the display.
      if (top.viewable && !top.input_only) {
        BS_LOG_LIMITED(Warn, "kiosk", "a foreign window was taken off the screen");
        xcb_kill_client(connection_->xcb(), top.id);
      }
      continue;
    }
    if (refused_.erase(top.id) > 0) {
      map(top, tops);
      continue;   // its MapNotify brings us back
    }
    if (!ordinary) continue;
    if (!top.viewable) {
      // Nobody hides our window; the application may hide its own.
      if (managed_.contains(top.id) && top.whose == Whose::Ours) xcb_map_window(connection_->xcb(), top.id);
      continue;
    }
    manage(top.id);
    if (top.whose == Whose::Ours) {
      place(top.id, now_.open ? now_.ours : screen, top.area);
    } else if (!is_dialog(top.id)) {
      place(top.id, now_.open ? now_.application : screen, top.area);
    }
  }
  keep_order(tops);
  give_focus(tops);
  connection_->flush();
}

// Ours above all others; what is ours and asked nobody (the operator's mark) takes care of itself.
void Desk::keep_order(const std::vector<TopLevel>& tops) {
  bool other_above = false;
  for (auto it = tops.rbegin(); it != tops.rend(); ++it) {
    if (!it->viewable) continue;
    if (is_our_window(*it)) {
      if (!other_above) return;
      const std::uint32_t above = XCB_STACK_MODE_ABOVE;
      xcb_configure_window(connection_->xcb(), it->id, XCB_CONFIG_WINDOW_STACK_MODE, &above);
      return;
    }
    if (it->whose != Whose::Ours) other_above = true;
  }
}

// Programs may take the keyboard without asking; under our window nobody may have it.
void Desk::give_focus(const std::vector<TopLevel>& tops) {
  Reply<xcb_get_input_focus_reply_t> focus_now(
      xcb_get_input_focus_reply(connection_->xcb(), xcb_get_input_focus(connection_->xcb()), nullptr));
  if (!focus_now) return;
  const TopLevel* now = find(tops, top_of(*connection_, focus_now->focus));
  const bool may = now != nullptr && now->viewable && (now->whose == Whose::Ours || (now_.open && now->whose == Whose::Application));
  if (may && !focus_anew_) return;
  const Whose wanted = now_.open ? Whose::Application : Whose::Ours;
  const TopLevel* best = nullptr;
  for (const TopLevel& top : tops)   // the highest of those wanted, else ours
    if (top.viewable && !top.override_redirect && !top.input_only &&
        (top.whose == wanted || (top.whose == Whose::Ours && (best == nullptr || best->whose != wanted))))
      best = &top;
  if (best == nullptr) return;
  focus_anew_ = best->whose != wanted;   // the application has no window yet
  focus(best->id);
}

void Desk::focus(xcb_window_t window) {
  xcb_set_input_focus(connection_->xcb(), XCB_INPUT_FOCUS_POINTER_ROOT, window, XCB_CURRENT_TIME);
  Reply<xcb_get_property_reply_t> protocols(xcb_get_property_reply(
      connection_->xcb(), xcb_get_property(connection_->xcb(), 0, window, protocols_, XCB_ATOM_ATOM, 0, 32), nullptr));
  if (!protocols) return;
  const auto* list = static_cast<const xcb_atom_t*>(xcb_get_property_value(protocols.get()));
  if (std::find(list, list + protocols->value_len, take_focus_) == list + protocols->value_len) return;
  xcb_client_message_event_t message{};
  message.response_type = XCB_CLIENT_MESSAGE;
  message.format = 32;
  message.window = window;
  message.type = protocols_;
  message.data.data32[0] = take_focus_;
  message.data.data32[1] = XCB_CURRENT_TIME;
  xcb_send_event(connection_->xcb(), 0, window, XCB_EVENT_MASK_NO_EVENT, reinterpret_cast<const char*>(&message));
}

// The keyboard goes where the finger or the button went.
void Desk::on_touch() {
  if (!now_.open) return;
  Reply<xcb_query_pointer_reply_t> pointer(
      xcb_query_pointer_reply(connection_->xcb(), xcb_query_pointer(connection_->xcb(), connection_->root()), nullptr));
  if (!pointer || pointer->child == XCB_NONE) return;
  const auto tops = windows_.top_levels();
  const TopLevel* top = find(tops, pointer->child);
  if (top != nullptr && !top->override_redirect && top->whose != Whose::Foreign) {
    focus_anew_ = false;
    focus(top->id);
  }
}

}  // namespace

Result<std::unique_ptr<KioskDesk>> make_kiosk_desk(const std::string& display,
                                                   std::shared_ptr<const ports::OwnWindows> own,
                                                   std::function<void()> screen_changed) {
  auto connection = Connection::open(display);
  if (!connection) return fail(connection);
  if (!(*connection)->abilities().xres)
    return fail(ErrorKind::Environment, "capture/x11: kiosk",
                "this X server has no X-Resource extension, so windows cannot be told apart");
  const int wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (wake_fd < 0) return fail(ErrorKind::Environment, "capture/x11: eventfd", std::strerror(errno));
  auto desk = std::make_unique<Desk>(std::move(*connection), std::move(own), std::move(screen_changed), wake_fd);
  if (auto begun = desk->begin(); !begun) return fail(begun);
  return std::unique_ptr<KioskDesk>(std::move(desk));
}

}  // namespace beside::capture
