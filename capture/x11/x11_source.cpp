// SPDX-License-Identifier: GPL-3.0-or-later
// Past 400 lines: one loop over shared state (events, layout, damage, buffers) that would only be scattered by a cut.
#include "capture/x11/x11_source.h"

#include <fmt/core.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include <xcb/damage.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <map>

#include "capture/x11/cursor_watch.h"
#include "capture/x11/damage_set.h"
#include "capture/x11/grabber.h"
#include "capture/x11/hatch.h"
#include "capture/x11/own_shield.h"
#include "capture/x11/randr_layout.h"
#include "engine/base/rect_set.h"
#include "engine/base/trace.h"
#include "engine/ports/copies.h"

namespace beside::capture {
namespace {

using ports::Frame;
using ports::PixelBuffer;

constexpr auto kQuiet = 700us;          // large damage is grabbed after so much silence,
constexpr auto kSettleAtMost = 3ms;     // or this long after it began
constexpr int kSmallShare = 8;          // damage under 1/8 of the picture is small
constexpr auto kFilmPause = 100ms;      // what is small so soon after what was large may be the first piece of the next picture
constexpr std::size_t kMostHoles = 64;  // all that join_tiles() gives; more are not worth leaving out of a copy
constexpr auto kSafetyLook = 1s;        // with XDamage
constexpr auto kPollLook = 125ms;       // without it, or once it was caught missing changes
constexpr int kMissesToDistrust = 3;
constexpr int kLookPeriod = 32;         // lines between two that a look reads
constexpr std::size_t kBuffers = 6;   // being grabbed, the newest, one that is coded, one that waits for each of three films' coders
constexpr int kRowAlignment = 64;     // bytes, of a frame's rows
constexpr std::uint32_t kSameClock = 250;   // ms: a server whose clock is not ours differs by more

// When the server drew what an event tells of: on one machine its milliseconds are our clock's, cut off. `now` where it is
// another's. In the middle of its millisecond, so half of one wrong at most.
LocalTime drawn_at(xcb_timestamp_t server_ms, LocalTime now) {
  const auto now_ms = std::chrono::floor<milliseconds>(now.time_since_epoch());
  const std::uint32_t ago = static_cast<std::uint32_t>(now_ms.count()) - server_ms;
  return ago > kSameClock ? now : std::min(now, LocalTime(now_ms - milliseconds(ago) + 500us));
}

class X11Source final : public ports::FrameSource {
 public:
  X11Source(std::unique_ptr<Connection> connection, std::unique_ptr<Grabber> grabber,
            std::shared_ptr<const ports::RightsGate> gate, std::shared_ptr<const ports::OwnWindows> own,
            std::shared_ptr<LayoutBook> layouts, int wake_fd)
      : connection_(std::move(connection)),
        grabber_(std::move(grabber)),
        gate_(std::move(gate)),
        own_(std::move(own)),
        layouts_(std::move(layouts)),
        shield_(*connection_, own_),
        cursor_(*connection_),
        wake_fd_(wake_fd) {}
  ~X11Source() override {
    stop();
    close(wake_fd_);
  }

  Result<DesktopLayout> layout() override;
  void prepare() override;
  Result<void> start(const ports::Grant& see, std::uint32_t monitor_id) override;
  void stop() override;
  Result<std::optional<Frame>> next(LocalTime until) override;
  void cancel() override {
    const std::uint64_t one = 1;
    [[maybe_unused]] const auto written = write(wake_fd_, &one, sizeof one);
  }
  void request_full() override { full_wanted_ = true; }
  void on_cursor(std::function<void(const ports::CursorImage&)> shape,
                 std::function<void(ports::CursorPosition)> position) override {
    cursor_.on_change(std::move(shape), std::move(position));
  }
  void on_layout(std::function<void(const DesktopLayout&)> changed) override { layout_changed_ = std::move(changed); }
  std::string describe() const override;

 private:
  void choose_area();
  void make_buffers();
  Result<void> look_up_layout();
  Result<void> refresh_layout();
  void tell_layout();
  void take_events();
  void note_own_windows();
  bool own_areas_hold(const Rect& r) const {
    return std::any_of(own_areas_.begin(), own_areas_.end(), [&](const Rect& own) { return r.clipped_to(own) == r; });
  }
  LocalTime grab_due() const;
  Result<std::optional<Frame>> grab(LocalTime now);
  Result<void> look(LocalTime now);
  std::vector<Rect> shielded(const std::vector<Rect>& before);
  void cover(Grabber::Box& box, const std::vector<Rect>& areas) const;
  std::unique_ptr<PixelBuffer> make_buffer();
  Pool<PixelBuffer>::Lease take_other();
  const x11::SharedMemory* memory_of(const Pool<PixelBuffer>::Lease& lease) const;
  std::optional<Frame> make_frame(const std::vector<Grabber::Box>& boxes, std::vector<Rect> changed, LocalTime at, Pool<PixelBuffer>::Lease grabbed);
  enum class Woke { Events, Cancelled, Time, Gone };
  Woke wait(LocalTime until);

  std::unique_ptr<Connection> connection_;
  std::unique_ptr<Grabber> grabber_;
  std::shared_ptr<const ports::RightsGate> gate_;
  std::shared_ptr<const ports::OwnWindows> own_;
  std::shared_ptr<LayoutBook> layouts_;
  OwnShield shield_;
  CursorWatch cursor_;
  int wake_fd_;
  std::function<void(const DesktopLayout&)> layout_changed_;

  bool started_ = false;
  std::uint32_t monitor_ = 0;
  DesktopLayout layout_;
  std::uint32_t told_generation_ = 0;
  Rect area_;                               // empty: the chosen monitor is gone
  bool layout_dirty_ = false, full_wanted_ = false;
  std::uint32_t damage_ = 0;
  bool damage_live_ = false;
  DamageSet pending_;                       // root pixels
  std::uint64_t damages_ = 0;               // that were reported
  LocalTime pending_since_{}, pending_last_{};   // noticed
  LocalTime pending_drawn_ = kNever;        // the first of it, where the server told
  LocalTime told_drawn_{};                  // of the newest frame
  LocalTime large_at_{};                    // when large damage was grabbed last
  Rect large_;                              // around it
  bool in_pieces_ = false;                  // what was large and drawn last came in more than one piece
  bool found_by_look_ = false;
  int damage_misses_ = 0;
  LocalTime next_look_{};
  int look_phase_ = 0;
  std::vector<Rect> own_areas_;             // as hatched in the last picture
  std::vector<Rect> shell_areas_;           // those that the shell had told by then
  bool own_touched_ = false;                // something was drawn within own_areas_, where nothing is looked at: are they still there?
  bool own_known_ = false;                  // own_areas_ is what the server says since the last wait
  std::uint64_t hidden_seen_ = 0;

  std::unique_ptr<Pool<PixelBuffer>> pool_;
  int pool_width_ = 0, pool_height_ = 0;    // of its buffers
  bool unused_ = false;                     // none of them was ever lent
  PixelBuffer* latest_ = nullptr;           // the last picture; memory of pool_, read by us and by whoever holds its lease
  std::map<PixelBuffer*, DamageSet> stale_; // what each buffer lacks
  std::map<PixelBuffer*, std::unique_ptr<x11::SharedMemory>> shared_;   // of those whose memory the server shares
};

Result<void> X11Source::look_up_layout() {
  auto read = read_layout(*connection_, *layouts_);
  if (!read) return fail(read);
  layout_ = std::move(*read);
  shield_.know(layout_);
  return {};
}

Result<DesktopLayout> X11Source::layout() {
  if (auto found = look_up_layout(); !found) return fail(found);
  told_generation_ = layout_.generation;
  return layout_;
}

// Between two grabs nobody reads events: what changed then is found at start().
void X11Source::tell_layout() {
  if (std::exchange(told_generation_, layout_.generation) != layout_.generation && layout_changed_) layout_changed_(layout_);
}

void X11Source::choose_area() {
  area_ = {};
  if (monitor_ == 0) area_ = {0, 0, layout_.width, layout_.height};
  for (const auto& m : layout_.monitors)
    if (m.id == monitor_) area_ = m.area;
  latest_ = nullptr;
  stale_.clear();
  pending_.clear();
  make_buffers();
  full_wanted_ = true;
}

// Buffers that nobody has used yet, of the right size, stay: making them costs more than the first grab.
void X11Source::make_buffers() {
  if (pool_ && unused_ && pool_width_ == area_.width && pool_height_ == area_.height) return;
  pool_.reset();
  shared_.clear();
  if (area_.empty()) return;
  pool_width_ = area_.width;
  pool_height_ = area_.height;
  unused_ = true;
  pool_ = std::make_unique<Pool<PixelBuffer>>(kBuffers, [this] { return make_buffer(); });
}

// In memory that the server shares where it can be: what is large is grabbed into the frame itself. Who holds a frame holds its memory.
std::unique_ptr<PixelBuffer> X11Source::make_buffer() {
  const int stride = 4 * pool_width_;
  auto shared = stride % kRowAlignment == 0 ? grabber_->make_memory(pool_width_, pool_height_, stride) : nullptr;
  if (!shared) return ports::make_pixel_buffer(pool_width_, pool_height_);
  auto buffer = std::make_unique<PixelBuffer>();
  buffer->width = pool_width_;
  buffer->height = pool_height_;
  buffer->stride = stride;
  buffer->page_bytes = shared->capacity();
  buffer->memory = {shared->data(), [held = shared->memory()](std::uint8_t*) {}};
  std::memset(shared->data(), 0, shared->capacity());   // its pages are there when they are needed
  shared_.emplace(buffer.get(), std::move(shared));
  return buffer;
}

// A buffer that is not the last picture, which what is grabbed is compared with.
Pool<PixelBuffer>::Lease X11Source::take_other() {
  auto one = pool_->take();
  return one && &*one == latest_ ? pool_->take() : std::move(one);
}

const x11::SharedMemory* X11Source::memory_of(const Pool<PixelBuffer>::Lease& lease) const {
  const auto found = lease ? shared_.find(&*lease) : shared_.end();
  return found == shared_.end() ? nullptr : found->second.get();
}

void X11Source::prepare() {
  if (started_ || !look_up_layout()) return;
  // What is shared in the end is not known; mostly it is all of it.
  area_ = {0, 0, layout_.width, layout_.height};
  make_buffers();
  area_ = {};
  grabber_->touch();
}

Result<void> X11Source::start(const ports::Grant& see, std::uint32_t monitor_id) {
  if (see.right() != Right::See || !gate_->allows(Right::See))
    return fail(ErrorKind::Refused, "capture/x11: start", "the customer has not allowed the screen to be seen");
  if (auto found = look_up_layout(); !found) return fail(found);
  monitor_ = monitor_id;
  if (!started_) {
    if (connection_->abilities().damage) {
      damage_ = xcb_generate_id(connection_->xcb());
      Reply<xcb_generic_error_t> error(xcb_request_check(
          connection_->xcb(), xcb_damage_create_checked(connection_->xcb(), damage_, connection_->root(),
                                                        XCB_DAMAGE_REPORT_LEVEL_RAW_RECTANGLES)));
      damage_live_ = !error;
    }
    cursor_.start();
    connection_->flush();
    started_ = true;
  } else {
    cursor_.look_again();
  }
  choose_area();
  tell_layout();
  if (connection_->broken()) return tl::unexpected<Error>(display_gone("capture/x11: start"));
  return {};
}

void X11Source::stop() {
  if (!started_) return;
  started_ = false;
  if (damage_live_) xcb_damage_destroy(connection_->xcb(), damage_);
  damage_live_ = false;
  cursor_.stop();
  connection_->flush();
  latest_ = nullptr;
  stale_.clear();
  pool_.reset();
  shared_.clear();
  pending_.clear();
}

std::string X11Source::describe() const {
  std::string out = fmt::format("X11 {}, {}, ", connection_->display(), grabber_->describe());
  if (!connection_->abilities().damage)
    out += "no XDamage (looks 8 times a second)";
  else
    out += damage_misses_ >= kMissesToDistrust ? "XDamage misses changes (looks 8 times a second)" : "XDamage";
  if (!connection_->abilities().xfixes) out += ", no XFixes (no pointer shape)";
  if (!connection_->abilities().randr) out += ", no RandR 1.5 (one monitor)";
  return out;
}

Result<void> X11Source::refresh_layout() {
  layout_dirty_ = false;
  const auto generation = layout_.generation;
  if (auto found = look_up_layout(); !found) return fail(found);
  if (layout_.generation != generation) choose_area();
  tell_layout();
  return {};
}

void X11Source::take_events() {
  const std::uint8_t damage = connection_->first_event(&xcb_damage_id);
  const LocalTime now = local_now();   // what comes together was drawn together
  while (auto event = connection_->poll_event()) {
    const std::uint8_t type = event->response_type & 0x7f;
    if (damage != 0 && type == damage + XCB_DAMAGE_NOTIFY) {
      const auto* notify = reinterpret_cast<const xcb_damage_notify_event_t*>(event.get());
      const Rect rect{notify->area.x, notify->area.y, notify->area.width, notify->area.height};
      if (rect.clipped_to(area_).empty()) continue;
      if (own_areas_hold(rect)) {
        own_touched_ = true;
        continue;
      }
      ++damages_;
      if (pending_.empty()) pending_since_ = now;
      pending_drawn_ = std::min(pending_.empty() ? kNever : pending_drawn_, drawn_at(notify->timestamp, now));
      pending_last_ = now;
      pending_.add(rect);
    } else if (is_layout_event(*connection_, *event)) {
      layout_dirty_ = true;
    } else {
      cursor_.take(*event);
    }
  }
}

// A window of ours that came, went or moved: both places must be drawn anew, whatever the server reports.
void X11Source::note_own_windows() {
  hidden_seen_ = own_->hidden_revision();
  shell_areas_ = own_->areas();
  own_touched_ = false;
  own_known_ = true;
  auto areas = shield_.areas();
  if (areas == own_areas_) return;
  for (const auto* list : {&own_areas_, &areas})
    for (const Rect& r : *list)
      if (const Rect inside = r.clipped_to(area_); !inside.empty()) {
        if (pending_.empty()) pending_since_ = pending_last_ = local_now();
        pending_.add(inside);
      }
  own_areas_ = std::move(areas);
}

LocalTime X11Source::grab_due() const {
  if (full_wanted_) return LocalTime::min();
  if (pending_.empty()) return kNever;
  const bool small = pending_.area() * kSmallShare < std::int64_t{area_.width} * area_.height;
  const bool film = pending_since_ - large_at_ <= kFilmPause;
  if (small && !film) return LocalTime::min();
  // Drawn in one piece just as the one before it: nothing more is to come.
  if (film && !small && pending_.rects().size() == 1 && pending_.rects().front() == large_) return LocalTime::min();
  // Programs that draw in one piece go on doing so: what is read at once is seldom torn, and grab() sees to it.
  if (!small && !in_pieces_) return LocalTime::min();
  return std::min(pending_last_ + kQuiet, pending_since_ + kSettleAtMost);
}

X11Source::Woke X11Source::wait(LocalTime until) {
  own_known_ = false;
  connection_->flush();
  pollfd fds[2] = {{connection_->fd(), POLLIN, 0}, {wake_fd_, POLLIN, 0}};
  timespec timeout{};
  timespec* limit = nullptr;
  if (connection_->has_events()) {
    limit = &timeout;
  } else if (until != kNever) {
    const auto left = std::max<nanoseconds>(until - local_now(), 0ns);
    timeout.tv_sec = static_cast<time_t>(left.count() / 1'000'000'000);
    timeout.tv_nsec = static_cast<long>(left.count() % 1'000'000'000);
    limit = &timeout;
  }
  const int ready = ppoll(fds, 2, limit, nullptr);
  if ((fds[1].revents & POLLIN) != 0) {
    std::uint64_t count = 0;
    [[maybe_unused]] const auto got = read(wake_fd_, &count, sizeof count);
    return Woke::Cancelled;
  }
  if (connection_->broken()) return Woke::Gone;
  return ready > 0 ? Woke::Events : Woke::Time;
}

Result<std::optional<Frame>> X11Source::next(LocalTime until) {
  const auto refused = [] {
    return fail(ErrorKind::Refused, "capture/x11: next", "the customer does not allow the screen to be seen");
  };
  if (!started_ || !gate_->allows(Right::See)) return refused();
  for (;;) {
    std::uint64_t cancels = 0;
    if (read(wake_fd_, &cancels, sizeof cancels) > 0) return std::optional<Frame>{};
    take_events();
    if (connection_->broken()) return tl::unexpected<Error>(display_gone("capture/x11: next"));
    if (layout_dirty_)
      if (auto refreshed = refresh_layout(); !refreshed) return fail(refreshed);
    // Only asked when something moves anyway; an idle desktop costs no request, and a letter none beside its own.
    if (!area_.empty() && ((!pending_.empty() && !shield_.is_asked_at_once()) || own_touched_ || own_->areas() != shell_areas_ ||
                           local_now() >= shield_.hidden_until() || own_->hidden_revision() != hidden_seen_))
      note_own_windows();
    LocalTime now = local_now();
    const LocalTime cursor_due = cursor_.poll(now);
    if (!area_.empty() && now >= next_look_ && !full_wanted_) {
      if (!gate_->allows(Right::See)) return refused();
      if (auto looked = look(now); !looked) return fail(looked);
      cursor_.look_again();
      cursor_.poll(now);
    }
    const LocalTime due = area_.empty() ? kNever : grab_due();
    now = local_now();
    if (due <= now) {
      if (!gate_->allows(Right::See)) return refused();
      auto frame = grab(now);
      if (!frame && frame.error().kind == ErrorKind::Limit) {
        layout_dirty_ = true;  // the root shrank under the grab
        full_wanted_ = true;
        if (auto refreshed = refresh_layout(); !refreshed) return fail(refreshed);
        if (local_now() >= until) return std::optional<Frame>{};
        if (wait(std::min(until, local_now() + 5ms)) == Woke::Cancelled) return std::optional<Frame>{};
        continue;
      }
      if (!frame) return fail(frame);
      if (frame->has_value()) {
        if (!gate_->allows(Right::See)) return refused();
        return frame;
      }
      if (now >= until) return std::optional<Frame>{};
      continue;
    }
    if (now >= until) return std::optional<Frame>{};
    LocalTime wake = std::min({until, due, cursor_due});
    if (!area_.empty()) wake = std::min({wake, next_look_, shield_.hidden_until()});
    switch (wait(wake)) {
      case Woke::Cancelled: return std::optional<Frame>{};
      case Woke::Gone: return tl::unexpected<Error>(display_gone("capture/x11: next"));
      case Woke::Events:
      case Woke::Time: break;
    }
  }
}

// Where to hatch after a grab: what held before it, and what holds now, for a window that moved in between.
std::vector<Rect> X11Source::shielded(const std::vector<Rect>& before) {
  auto areas = shield_.areas();
  areas.insert(areas.end(), before.begin(), before.end());
  drop_covered(areas);
  return areas;
}

// In the grabbed memory itself, before anything is compared or handed on.
void X11Source::cover(Grabber::Box& box, const std::vector<Rect>& areas) const {
  hatch(box.pixels, box.stride, box.where, areas);
  if (shield_.hidden().empty()) return;
  if (const auto label = own_->hatch_label()) hatch_words(box.pixels, box.stride, box.where, shield_.hidden(), *label);
}

// Reads every 32nd line and compares it: cheap, and in 32 looks it has seen all. A line that differs means that the
// whole picture is due.
Result<void> X11Source::look(LocalTime now) {
  const bool trusted = damage_live_ && damage_misses_ < kMissesToDistrust;
  next_look_ = now + (trusted ? nanoseconds(kSafetyLook) : nanoseconds(kPollLook));
  if (latest_ == nullptr) return {};
  // Bit-reversed order spreads neighbouring phases apart, so that a short change is met early.
  const int p = look_phase_++ % kLookPeriod;
  const int phase = ((p & 1) << 4) | ((p & 2) << 2) | (p & 4) | ((p & 8) >> 2) | ((p & 16) >> 4);
  std::vector<Rect> lines;
  for (int y = phase; y < area_.height; y += kLookPeriod) lines.push_back({area_.x, area_.y + y, area_.width, 1});
  if (lines.empty()) return {};
  StillScreen still(*connection_, shield_.follows_windows());
  const auto before = shield_.areas();
  auto boxes = grabber_->grab(lines, [this] { shield_.ask(); });
  const auto areas = shielded(before);
  still.release();
  if (!boxes) {
    if (boxes.error().kind != ErrorKind::Limit) return fail(boxes);
    layout_dirty_ = true;
    return {};
  }
  bool differs = false;
  for (auto& box : *boxes) {
    cover(box, areas);
    const int y = box.where.y - area_.y;
    if (std::memcmp(box.pixels, latest_->row(y), static_cast<std::size_t>(area_.width) * 4) != 0) differs = true;
  }
  if (!differs) return {};
  // A notice for it may be on its way: only a change that XDamage knows nothing of is a miss.
  take_events();
  if (pending_.empty()) {
    pending_since_ = pending_last_ = now;
    found_by_look_ = damage_live_;
    pending_.add(area_);
  }
  return {};
}

Result<std::optional<Frame>> X11Source::grab(LocalTime now) {
  const bool full = full_wanted_ || latest_ == nullptr;
  const bool by_look = found_by_look_;
  std::vector<Rect> wanted = full ? std::vector<Rect>{area_} : pending_.boxes(area_);
  const trace::Scope scope("grab");
  const bool large = pending_.area() * kSmallShare >= std::int64_t{area_.width} * area_.height;
  const bool hopeful = large && !full && !in_pieces_ && now < pending_last_ + kQuiet;
  if (large && !hopeful) in_pieces_ = pending_last_ != pending_since_;
  if (wanted.empty()) {
    pending_.clear();
    pending_drawn_ = kNever;
    found_by_look_ = false;
    return std::optional<Frame>{};
  }
  // Windows that are followed cannot move from here on; of our own it is enough to know where they were and where they are: both
  // are asked in one go with the pixels, just before them and just after.
  StillScreen still(*connection_, shield_.follows_windows());
  const bool at_once = !own_known_ && shield_.is_asked_at_once();
  std::vector<Rect> before;
  if (at_once) shield_.ask();
  else before = own_known_ && !shield_.follows_windows() ? own_areas_ : shield_.areas();
  const std::uint64_t damages = damages_;
  const LocalTime began = local_now();
  // Most of the picture is grabbed as all of it, into the frame.
  Pool<PixelBuffer>::Lease whole;
  std::int64_t pixels = 0;
  for (const Rect& r : wanted) pixels += std::int64_t{r.width} * r.height;
  if (pixels * 4 >= std::int64_t{area_.width} * area_.height * 3) whole = take_other();
  const x11::SharedMemory* const memory = memory_of(whole);
  Result<std::vector<Grabber::Box>> boxes;
  if (memory != nullptr) {
    stale_[&*whole].add({0, 0, area_.width, area_.height});   // until it is known to be sound
    auto box = grabber_->grab_into(*memory, area_, [this] { shield_.ask(); });
    if (box) boxes->push_back(*box);
    else boxes = fail(box);
  } else {
    whole = {};
    boxes = grabber_->grab(wanted, [this] { shield_.ask(); });
  }
  const auto areas = shielded(before);
  still.release();
  if (at_once) own_touched_ = own_touched_ || std::any_of(areas.begin(), areas.end(), [this](const Rect& r) { return !own_areas_hold(r); });
  if (trace::on()) trace::span("read the screen", began, local_now());
  if (hopeful) take_events();
  if (!boxes) return fail(boxes);
  if (damages_ != damages) {
    in_pieces_ = true;   // more was drawn meanwhile: it is read again when it has settled
    return std::optional<Frame>{};
  }
  found_by_look_ = false;
  if (large) {
    large_at_ = now;
    large_ = pending_.rects().size() == 1 ? pending_.rects().front() : Rect{};
  }
  std::vector<Rect> changed;
  for (auto& box : *boxes) {
    cover(box, areas);
    if (full) continue;
    const Rect in_picture{box.where.x - area_.x, box.where.y - area_.y, box.where.width, box.where.height};
    auto tiles = compare_tiles(box.pixels, box.stride, latest_->row(0), latest_->stride, in_picture, large ? Shrink::No : Shrink::Yes);
    changed.insert(changed.end(), tiles.begin(), tiles.end());
  }
  if (full) changed = {{0, 0, area_.width, area_.height}};
  if (changed.empty()) {
    pending_.clear();
    pending_drawn_ = kNever;
    return std::optional<Frame>{};
  }
  if (by_look) ++damage_misses_;
  // Never before the frame before it: what is late of that one's damage may come with this one's.
  const LocalTime drawn = full || by_look ? now : std::clamp(pending_drawn_, std::min(told_drawn_ + 1us, now), now);
  auto frame = make_frame(*boxes, join_tiles(std::move(changed)), drawn, std::move(whole));
  if (frame) told_drawn_ = drawn;
  if (frame) {
    pending_.clear();
    pending_drawn_ = kNever;
    full_wanted_ = false;
    if (full) next_look_ = now + (damage_live_ ? nanoseconds(kSafetyLook) : nanoseconds(kPollLook));
    return frame;
  }
  // Every buffer is lent: the damage stays pending, and this thread waits a moment instead of spinning.
  pollfd wake{wake_fd_, POLLIN, 0};
  ::poll(&wake, 1, 1);
  return std::optional<Frame>{};
}

std::optional<Frame> X11Source::make_frame(const std::vector<Grabber::Box>& boxes, std::vector<Rect> changed,
                                           LocalTime at, Pool<PixelBuffer>::Lease grabbed) {
  const bool whole{grabbed};   // all of it is there
  auto lease = whole ? std::move(grabbed) : pool_->take();
  unused_ = false;
  if (!lease) return std::nullopt;
  PixelBuffer* const buffer = &*lease;
  const auto copy = [](ports::CopyStep step, std::uint8_t* to, std::ptrdiff_t to_stride, const std::uint8_t* from, std::ptrdiff_t from_stride,
                       const Rect& r) {
    ports::count_copy(step, std::int64_t{r.width} * r.height);
    for (int y = 0; y < r.height; ++y)
      std::memcpy(to + y * to_stride, from + y * from_stride, static_cast<std::size_t>(r.width) * 4);
  };
  // First what other buffers got since this one was used, then what is new.
  if (!whole && latest_ != nullptr && latest_ != buffer) {
    const auto known = stale_.find(buffer);
    auto missing = known == stale_.end() ? std::vector<Rect>{{0, 0, area_.width, area_.height}} : known->second.rects();
    if (changed.size() <= kMostHoles)
      for (const Rect& r : changed) subtract(missing, r);
    for (const Rect& r : missing)
      copy(ports::CopyStep::CatchUp, buffer->row(r.y) + std::ptrdiff_t{4} * r.x, buffer->stride, latest_->row(r.y) + std::ptrdiff_t{4} * r.x,
           latest_->stride, r);
  }
  for (const Rect& r : whole ? std::vector<Rect>{} : changed)
    for (const auto& box : boxes) {
      const Rect in_picture{box.where.x - area_.x, box.where.y - area_.y, box.where.width, box.where.height};
      const Rect part = r.clipped_to(in_picture);
      if (part.empty()) continue;
      copy(ports::CopyStep::Slot, buffer->row(part.y) + std::ptrdiff_t{4} * part.x, buffer->stride,
           box.pixels + (part.y - in_picture.y) * box.stride + std::ptrdiff_t{4} * (part.x - in_picture.x), box.stride,
           part);
    }
  for (auto& [other, lacks] : stale_)
    if (other != buffer)
      for (const Rect& r : changed) lacks.add(r);
  stale_.try_emplace(buffer).first->second.clear();
  latest_ = buffer;
  Frame frame;
  frame.pixels = std::move(lease);
  frame.damage = std::move(changed);
  frame.captured_at = at;
  frame.layout_generation = layout_.generation;
  frame.monitor_id = monitor_;
  frame.area = area_;
  return frame;
}

}  // namespace

Result<std::unique_ptr<ports::FrameSource>> make_x11_source(const std::string& display,
                                                            std::shared_ptr<const ports::RightsGate> gate,
                                                            std::shared_ptr<const ports::OwnWindows> own_windows,
                                                            std::shared_ptr<LayoutBook> layouts) {
  auto connection = Connection::open(display);
  if (!connection) return fail(connection);
  auto grabber = Grabber::create(**connection);
  if (!grabber) return fail(grabber);
  watch_layout(**connection);
  const int wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (wake_fd < 0) return fail(ErrorKind::Environment, "capture/x11: eventfd", std::strerror(errno));
  return std::unique_ptr<ports::FrameSource>(std::make_unique<X11Source>(std::move(*connection), std::move(*grabber),
                                                                         std::move(gate), std::move(own_windows),
                                                                         std::move(layouts), wake_fd));
}

}  // namespace beside::capture
