// SPDX-License-Identifier: GPL-3.0-or-later
// Past 400 lines: the desk thread, its hand-over and its checks belong in one view, since their order is the safety.
#include "capture/x11/x11_desktop.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include <xcb/xinput.h>
#include <xcb/xtest.h>

#include <algorithm>
#include <condition_variable>
#include <cstring>
#include <set>
#include <thread>

#include "capture/x11/injector.h"
#include "capture/x11/input_devices.h"
#include "capture/x11/own_shield.h"
#include "capture/x11/pointer_mark.h"
#include "capture/x11/randr_layout.h"
#include "engine/base/channels.h"
#include "engine/base/thread_role.h"

namespace beside::capture {
namespace {

using ports::InjectOutcome;

constexpr auto kCustomerPause = 1s;
constexpr auto kCustomerNotice = 50ms;  // customer_input at most so often
constexpr auto kHeldCheck = 50ms;       // while something is held: has the right gone meanwhile?
constexpr auto kAnswerWithin = 1s;
constexpr auto kLate = 3s;             // for an event that nobody waits for: a busy machine loses no letter

// One piece of work for the desk thread. Whoever waits may give up; then it is not begun any more.
struct Job {
  enum class Kind : std::uint8_t { Inject, ReleaseAll, Stop };
  enum class Stage : std::uint8_t { Waiting, Begun, Done, GivenUp };
  Kind kind = Kind::Inject;
  InputEvent event;
  std::mutex mutex;
  std::condition_variable changed;
  Stage stage = Stage::Waiting;
  std::function<void(InjectOutcome)> told;   // instead of somebody who waits
  LocalTime asked_at{};                      // with `told`
  InjectOutcome outcome = InjectOutcome::Unsupported;
};

class X11Desktop final : public ports::Desktop {
 public:
  X11Desktop(std::unique_ptr<Connection> connection, std::unique_ptr<X11Keyboard> keyboard,
             std::shared_ptr<const ports::RightsGate> gate, std::shared_ptr<const ports::OwnWindows> own,
             std::shared_ptr<LayoutBook> layouts, X11DesktopOptions options, int wake_fd)
      : connection_(std::move(connection)),
        keyboard_(std::move(keyboard)),
        gate_(std::move(gate)),
        layouts_(std::move(layouts)),
        injector_(*connection_, keyboard_.get(), matcher_),
        shield_(*connection_, std::move(own)),
        mark_(*connection_, options.mark_rgb),
        wake_fd_(wake_fd),
        jobs_(256, [fd = wake_fd] {
          const std::uint64_t one = 1;
          [[maybe_unused]] const auto written = write(fd, &one, sizeof one);
        }) {}
  ~X11Desktop() override {
    stop();
    close(wake_fd_);
  }

  Result<void> start(Events events) override;
  InjectOutcome inject(const InputEvent& event) override { return hand_over(Job::Kind::Inject, event); }
  void inject_later(const InputEvent& event, std::function<void(InjectOutcome)> told) override;
  void release_all() override { hand_over(Job::Kind::ReleaseAll, {}); }
  void stop() override;
  std::uint64_t refused_on_own_windows() const override { return refused_.load(std::memory_order_relaxed); }
  LocalTime last_injection() const override { return LocalTime(nanoseconds(last_injection_.load())); }
  LocalTime last_customer_input() const override { return LocalTime(nanoseconds(last_customer_.load())); }

 private:
  InjectOutcome hand_over(Job::Kind kind, const InputEvent& event);
  void carry_out(Job& job);
  InjectOutcome apply_unless_late(const Job& job);
  void run();
  Result<void> watch_input();
  void take_events();
  void take_raw(const xcb_input_raw_key_press_event_t& event);
  void person(RawKind kind, std::uint32_t detail, LocalTime now);
  void wait();
  InjectOutcome apply(const InputEvent& event);
  InjectOutcome apply_pointer(const InputEvent& event, int x, int y);
  bool locate(const InputEvent& event, int& x, int& y) const;
  InjectOutcome refuse() {
    refused_.fetch_add(1, std::memory_order_relaxed);
    return InjectOutcome::OwnWindow;
  }
  void injected() { last_injection_.store(local_now().time_since_epoch().count()); }

  std::unique_ptr<Connection> connection_;
  std::unique_ptr<X11Keyboard> keyboard_;  // null without XKB
  std::shared_ptr<const ports::RightsGate> gate_;
  std::shared_ptr<LayoutBook> layouts_;
  InputMatcher matcher_;
  StopKeys stop_keys_;
  Injector injector_;
  OwnShield shield_;
  PointerMark mark_;
  int wake_fd_;
  Inbox<std::shared_ptr<Job>> jobs_;
  Events events_;
  std::thread thread_;
  std::atomic<bool> lost_{false};
  std::atomic<bool> overflown_{false};   // an event found no room: a release may be missing
  bool stopping_ = false;  // desk thread
  std::mutex lifecycle_;
  DesktopLayout layout_;
  std::set<std::uint16_t> xtest_devices_;
  LocalTime noticed_{};
  std::atomic<std::int64_t> last_injection_{0}, last_customer_{0};
  std::atomic<std::uint64_t> refused_{0};
};

Result<void> X11Desktop::watch_input() {
  if (!connection_->abilities().xinput2)
    return fail(ErrorKind::Environment, "capture/x11: raw input",
                "this X server has no X Input 2.1: your own mouse and keyboard cannot be told from the operator's");
  struct {
    xcb_input_event_mask_t head;
    std::uint32_t mask;
  } selection{{XCB_INPUT_DEVICE_ALL_MASTER, 1},
              XCB_INPUT_XI_EVENT_MASK_RAW_KEY_PRESS | XCB_INPUT_XI_EVENT_MASK_RAW_KEY_RELEASE |
                  XCB_INPUT_XI_EVENT_MASK_RAW_BUTTON_PRESS | XCB_INPUT_XI_EVENT_MASK_RAW_BUTTON_RELEASE |
                  XCB_INPUT_XI_EVENT_MASK_RAW_MOTION | XCB_INPUT_XI_EVENT_MASK_RAW_TOUCH_BEGIN |
                  XCB_INPUT_XI_EVENT_MASK_RAW_TOUCH_UPDATE};
  Reply<xcb_generic_error_t> error(xcb_request_check(
      connection_->xcb(),
      xcb_input_xi_select_events_checked(connection_->xcb(), connection_->root(), 1, &selection.head)));
  if (error)
    return fail(ErrorKind::Environment, "capture/x11: raw input", "the X server does not show raw input to us");
  xtest_devices_.clear();
  for (const InputDevice& each : input_devices(*connection_))
    if (each.xtest) xtest_devices_.insert(each.id);
  return {};
}

Result<void> X11Desktop::start(Events events) {
  std::lock_guard lock(lifecycle_);
  if (thread_.joinable()) return fail(ErrorKind::Refused, "capture/x11: desktop", "already started");
  if (connection_->broken()) return tl::unexpected<Error>(display_gone("capture/x11: desktop"));
  events_ = std::move(events);
  injector_.mend();
  if (auto watching = watch_input(); !watching) return watching;
  watch_layout(*connection_);
  auto read = read_layout(*connection_, *layouts_);
  if (!read) return fail(read);
  layout_ = *read;
  shield_.know(layout_);
  // A program that grabs the whole server (a menu, a screen locker) must not hold our input back.
  if (connection_->abilities().xtest) xcb_test_grab_control(connection_->xcb(), 1);
  connection_->sync();
  stopping_ = false;
  thread_ = std::thread([this] { run(); });
  return {};
}

void X11Desktop::stop() {
  std::lock_guard lock(lifecycle_);
  if (!thread_.joinable()) return;
  auto job = std::make_shared<Job>();
  job->kind = Job::Kind::Stop;
  while (!jobs_.put(job)) std::this_thread::yield();
  thread_.join();
}

InjectOutcome X11Desktop::hand_over(Job::Kind kind, const InputEvent& event) {
  if (lost_.load(std::memory_order_acquire)) return InjectOutcome::Unsupported;
  auto job = std::make_shared<Job>();
  job->kind = kind;
  job->event = event;
  if (std::this_thread::get_id() == thread_.get_id()) {
    carry_out(*job);
    return job->outcome;
  }
  if (!thread_.joinable() || !jobs_.put(job)) return InjectOutcome::Unsupported;
  std::unique_lock lock(job->mutex);
  if (!job->changed.wait_for(lock, kAnswerWithin, [&] { return job->stage == Job::Stage::Done; })) {
    // What has begun cannot be called back; what waits must never be injected late.
    if (job->stage == Job::Stage::Waiting) job->stage = Job::Stage::GivenUp;
    return InjectOutcome::Unsupported;
  }
  return job->outcome;
}

void X11Desktop::inject_later(const InputEvent& event, std::function<void(InjectOutcome)> told) {
  if (lost_.load(std::memory_order_acquire) || !thread_.joinable()) return told(InjectOutcome::Unsupported);
  auto job = std::make_shared<Job>();
  job->event = event;
  job->told = std::move(told);
  job->asked_at = local_now();
  if (std::this_thread::get_id() == thread_.get_id()) return carry_out(*job);
  if (jobs_.put(job)) return;
  overflown_.store(true, std::memory_order_release);
  job->told(InjectOutcome::Unsupported);
}

// Of an event that nobody waits for. Letting go is right at any time, however late.
InjectOutcome X11Desktop::apply_unless_late(const Job& job) {
  const auto kind = job.event.kind;
  const bool lets_go = kind == InputKind::KeyUp || kind == InputKind::ButtonUp || kind == InputKind::ReleaseAll || kind == InputKind::PointHide;
  if (!lets_go && local_now() - job.asked_at > kLate) return InjectOutcome::Unsupported;
  return apply(job.event);
}

void X11Desktop::carry_out(Job& job) {
  if (job.told) {
    take_events();
    if (overflown_.exchange(false, std::memory_order_acq_rel)) injector_.release_all();
    const InjectOutcome told = connection_->broken() ? InjectOutcome::Unsupported : apply_unless_late(job);
    connection_->flush();
    return job.told(told);
  }
  {
    std::lock_guard lock(job.mutex);
    // Letting go is right at any time, however late.
    if (job.stage == Job::Stage::GivenUp && job.kind == Job::Kind::Inject) return;
    job.stage = Job::Stage::Begun;
  }
  InjectOutcome outcome = InjectOutcome::Done;
  switch (job.kind) {
    case Job::Kind::Inject:
      take_events();  // the customer's own keys, and the stop keys first of all, come before the operator's
      outcome = connection_->broken() ? InjectOutcome::Unsupported : apply(job.event);
      break;
    case Job::Kind::ReleaseAll: injector_.release_all(); break;
    case Job::Kind::Stop: stopping_ = true; break;
  }
  connection_->flush();
  std::lock_guard lock(job.mutex);
  job.outcome = outcome;
  job.stage = Job::Stage::Done;
  job.changed.notify_all();
}

void X11Desktop::run() {
  name_this_thread("desk");
  while (!stopping_) {
    take_events();
    if (connection_->broken()) {
      lost_.store(true, std::memory_order_release);
      if (events_.lost) events_.lost(display_gone("capture/x11: desktop"));
      break;
    }
    if (injector_.holds_anything() && !gate_->allows(Right::Control)) injector_.release_all();
    if (!gate_->allows(Right::Point)) mark_.hide();
    while (auto job = jobs_.take()) carry_out(**job);
    if (!stopping_) wait();
  }
  if (!connection_->broken()) {
    injector_.release_all();
    mark_.hide();
    if (keyboard_) keyboard_->give_back_spares();
    connection_->sync();
  }
  while (auto job = jobs_.take()) {
    if ((*job)->told) (*job)->told(InjectOutcome::Unsupported);
    std::lock_guard lock((*job)->mutex);
    (*job)->stage = Job::Stage::Done;
    (*job)->changed.notify_all();
  }
}

void X11Desktop::wait() {
  connection_->flush();
  const LocalTime now = local_now();
  LocalTime until = mark_.poll(now);
  if (until != kNever || injector_.holds_anything()) until = std::min(until, now + kHeldCheck);
  int timeout_ms = connection_->has_events() ? 0 : -1;
  if (timeout_ms != 0 && until != kNever)
    timeout_ms = static_cast<int>(std::chrono::ceil<milliseconds>(std::max<nanoseconds>(until - now, 0ns)).count());
  pollfd fds[2] = {{connection_->fd(), POLLIN, 0}, {wake_fd_, POLLIN, 0}};
  ::poll(fds, 2, timeout_ms);
  std::uint64_t count = 0;
  [[maybe_unused]] const auto got = read(wake_fd_, &count, sizeof count);
}

void X11Desktop::take_events() {
  while (auto event = connection_->poll_event()) {
    if (keyboard_ && keyboard_->take(*event)) continue;
    if (is_layout_event(*connection_, *event)) {
      if (auto read = read_layout(*connection_, *layouts_); read && read->generation != layout_.generation) {
        layout_ = *read;
        shield_.know(layout_);
        if (events_.layout) events_.layout(layout_);
      }
      continue;
    }
    if ((event->response_type & 0x7f) != XCB_GE_GENERIC) continue;
    const auto& generic = reinterpret_cast<const xcb_ge_generic_event_t&>(*event);
    if (generic.extension == connection_->major_opcode(&xcb_input_id))
      take_raw(reinterpret_cast<const xcb_input_raw_key_press_event_t&>(*event));
  }
  matcher_.all_read(local_now());
}

// All raw events begin alike, so that one struct reads detail and source of each.
void X11Desktop::take_raw(const xcb_input_raw_key_press_event_t& event) {
  RawKind kind = RawKind::Touch;
  switch (event.event_type) {
    case XCB_INPUT_RAW_KEY_PRESS: kind = RawKind::KeyPress; break;
    case XCB_INPUT_RAW_KEY_RELEASE: kind = RawKind::KeyRelease; break;
    case XCB_INPUT_RAW_BUTTON_PRESS: kind = RawKind::ButtonPress; break;
    case XCB_INPUT_RAW_BUTTON_RELEASE: kind = RawKind::ButtonRelease; break;
    case XCB_INPUT_RAW_MOTION: kind = RawKind::Motion; break;
    case XCB_INPUT_RAW_TOUCH_BEGIN:
    case XCB_INPUT_RAW_TOUCH_UPDATE: break;
    default: return;
  }
  const LocalTime now = local_now();
  if (!matcher_.is_ours(kind, event.detail, xtest_devices_.contains(event.sourceid)))
    person(kind, event.detail, now);
}

void X11Desktop::person(RawKind kind, std::uint32_t detail, LocalTime now) {
  if (kind == RawKind::KeyPress) {
    const auto* model = keyboard_ ? keyboard_->model() : nullptr;
    const bool escape = model != nullptr ? model->is_escape(detail) : detail == 9;
    if (stop_keys_.pressed(escape, now) && events_.stop_keys) events_.stop_keys();
  }
  last_customer_.store(now.time_since_epoch().count());
  // What the operator holds must not mix with what the customer does.
  if (injector_.holds_anything()) injector_.release_all();
  if (now - noticed_ < kCustomerNotice) return;
  noticed_ = now;
  if (events_.customer_input) events_.customer_input();
}

bool X11Desktop::locate(const InputEvent& event, int& x, int& y) const {
  Rect area;
  if (event.monitor_id == 0) area = {0, 0, layout_.width, layout_.height};
  for (const auto& m : layout_.monitors)
    if (m.id == event.monitor_id) area = m.area;
  if (area.empty()) return false;
  x = area.x + static_cast<int>(std::int64_t{event.x} * area.width / 65536);
  y = area.y + static_cast<int>(std::int64_t{event.y} * area.height / 65536);
  return true;
}

InjectOutcome X11Desktop::apply(const InputEvent& event) {
  const auto kind = event.kind;
  if (kind == InputKind::ReleaseAll) {
    injector_.release_all();
    return InjectOutcome::Done;
  }
  if (kind == InputKind::PointHide) {
    mark_.hide();
    return InjectOutcome::Done;
  }
  if (kind == InputKind::PointMark) {
    if (!gate_->allows(Right::Point)) return InjectOutcome::NoRight;
    int x = 0, y = 0;
    if (event.layout_generation != layouts_->current().generation || !locate(event, x, y))
      return InjectOutcome::StaleLayout;
    if (!mark_.show(x, y, local_now())) return InjectOutcome::Unsupported;
    shield_.except(mark_.window());
    return InjectOutcome::Done;
  }
  // Letting go comes through whatever the checks say; a key that sticks harms more than any release.
  if (kind == InputKind::KeyUp) {
    injector_.key_up(event);
    return InjectOutcome::Done;
  }
  const bool lets_go = kind == InputKind::ButtonUp && injector_.holds_button(event.button);
  const auto deny = [&](InjectOutcome outcome) {
    if (lets_go) injector_.button(event.button, false);
    return outcome;
  };
  if (!connection_->abilities().can_control()) return InjectOutcome::Unsupported;
  if (!gate_->allows(Right::Control)) {
    injector_.release_all();
    return InjectOutcome::NoRight;
  }
  int x = 0, y = 0;
  const bool is_key = kind == InputKind::KeyDown || kind == InputKind::Text;
  // Keys aim at the focus, not at a place: they carry no layout.
  if (!is_key && (event.layout_generation != layouts_->current().generation || !locate(event, x, y)))
    return deny(InjectOutcome::StaleLayout);
  if (local_now() - last_customer_input() < kCustomerPause) return deny(InjectOutcome::PausedByCustomer);
  if (!is_key) return apply_pointer(event, x, y);
  if (shield_.has_focus()) return refuse();
  const bool done = kind == InputKind::Text ? injector_.type(event.text_view()) : injector_.key_down(event);
  injected();
  connection_->sync();  // the raw events of what was sent are here before anything else is looked at
  take_events();
  return done ? InjectOutcome::Done : InjectOutcome::Unsupported;
}

InjectOutcome X11Desktop::apply_pointer(const InputEvent& event, int x, int y) {
  if (shield_.covers(x, y)) {
    // A drag ends where it last was allowed to be.
    if (event.kind == InputKind::ButtonUp) injector_.button(event.button, false);
    return refuse();
  }
  const bool wheel = event.kind == InputKind::Wheel;
  if (event.kind != InputKind::PointerMove && !wheel && (event.button < 1 || event.button > 9))
    return InjectOutcome::Unsupported;
  injector_.move(x, y);
  if (event.kind == InputKind::ButtonDown) injector_.button(event.button, true);
  if (event.kind == InputKind::ButtonUp) injector_.button(event.button, false);
  if (wheel) injector_.wheel(event.dx, event.dy);
  injected();
  connection_->sync();
  take_events();
  return InjectOutcome::Done;
}

}  // namespace

Result<std::unique_ptr<ports::Desktop>> make_x11_desktop(const std::string& display,
                                                         std::shared_ptr<const ports::RightsGate> gate,
                                                         std::shared_ptr<const ports::OwnWindows> own_windows,
                                                         std::shared_ptr<LayoutBook> layouts,
                                                         X11DesktopOptions options) {
  auto connection = Connection::open(display);
  if (!connection) return fail(connection);
  const auto& abilities = (*connection)->abilities();
  if (!abilities.can_control() && !options.watch_only_ok)
    return fail(ErrorKind::Environment, "capture/x11: desktop", abilities.words);
  std::unique_ptr<X11Keyboard> keyboard;
  if (abilities.xkb) {
    auto made = X11Keyboard::create(**connection);
    if (!made && !options.watch_only_ok) return fail(made);
    if (made) keyboard = std::move(*made);
  }
  const int wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (wake_fd < 0) return fail(ErrorKind::Environment, "capture/x11: eventfd", std::strerror(errno));
  return std::unique_ptr<ports::Desktop>(std::make_unique<X11Desktop>(
      std::move(*connection), std::move(keyboard), std::move(gate), std::move(own_windows), std::move(layouts), options,
      wake_fd));
}

}  // namespace beside::capture
