// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/flow/input_state.h"

#include <algorithm>

namespace beside::flow {
namespace {
constexpr nanoseconds kFirstRepeat = milliseconds(40), kLastRepeat = milliseconds(400);
// While something is held: six cells in a row must be lost before the other side sees a gap of a second.
constexpr nanoseconds kKeepAlive = milliseconds(150);
// How far ahead of the acknowledgement events are sent; the receiver keeps 256 beyond a gap.
constexpr std::size_t kAhead = 256;

// What parse_input_cell would refuse must not leave: the other side would take it for an attack.
bool sendable(const InputEvent& e) {
  const auto kind = static_cast<std::uint8_t>(e.kind);
  if (kind < 1 || kind > 10 || e.monitor_id > 16 || !is_utf8(e.text_view())) return false;
  return (e.kind != InputKind::ButtonDown && e.kind != InputKind::ButtonUp) || (e.button >= 1 && e.button <= 9);
}

// What a person would say that he did: pressed a key, clicked.
bool is_deed(const InputEvent& e) { return e.kind == InputKind::KeyDown || e.kind == InputKind::Text || e.kind == InputKind::ButtonDown; }

bool same_key(const InputEvent& a, const InputEvent& b) {
  return a.hid_usage != 0 || b.hid_usage != 0 ? a.hid_usage == b.hid_usage : a.keysym == b.keysym;
}

// Modifiers and locks, by HID usage or, where there is none, by keysym (XK_Shift_L to XK_Hyper_R, levels and groups, Num and Scroll Lock).
bool keeps_still(const InputEvent& e) {
  if (e.hid_usage != 0) return (e.hid_usage >= 0xe0 && e.hid_usage <= 0xe7) || e.hid_usage == 0x39 || e.hid_usage == 0x47 || e.hid_usage == 0x53;
  return (e.keysym >= 0xffe1 && e.keysym <= 0xffee) || (e.keysym >= 0xfe01 && e.keysym <= 0xfe0f) || e.keysym == 0xff7f || e.keysym == 0xff14;
}
}  // namespace

void HeldInput::apply(const InputEvent& event) {
  const std::uint64_t key = event.hid_usage != 0 ? event.hid_usage : std::uint64_t{event.keysym} << 16;
  switch (event.kind) {
    case InputKind::KeyDown:
      if (keys_.size() < 256) keys_.insert(key);
      break;
    case InputKind::KeyUp: keys_.erase(key); break;
    case InputKind::ButtonDown: buttons_ |= 1u << (event.button & 31u); break;
    case InputKind::ButtonUp: buttons_ &= ~(1u << (event.button & 31u)); break;
    case InputKind::ReleaseAll: clear(); break;
    default: break;
  }
}

void HeldInput::clear() {
  keys_.clear();
  buttons_ = 0;
}

Result<void> InputSender::add(const InputEvent& event, LocalTime now) {
  if (!sendable(event)) return fail(ErrorKind::Refused, "flow/input: not an event");
  const bool place = event.kind == InputKind::PointerMove || event.kind == InputKind::PointMark;
  if (place && events_.size() > sent_ && events_.back().event.kind == event.kind) {
    events_.back().event = event;  // not sent yet: the newer place replaces it under the same number
    return {};
  }
  const bool release = event.kind == InputKind::KeyUp || event.kind == InputKind::ButtonUp || event.kind == InputKind::ReleaseAll;
  if (events_.size() >= kMaxEvents + (release ? kMaxReleases : 0)) return fail(ErrorKind::Limit, "flow/input: too much is unacknowledged");
  events_.push_back({next_, event, now});
  next_ = next_.next();
  held_.apply(event);
  repeat_after_ = kFirstRepeat;
  repeat_due_ = std::min(repeat_due_, now + kFirstRepeat);
  return {};
}

wire::Cell InputSender::make_cell(std::size_t from, std::size_t& end) const {
  wire::InputCell cell;
  cell.first = from < events_.size() ? events_[from].number : next_;
  cell.ack = cursor_ack_;
  cell.holding = held_.any();
  std::size_t room = wire::kCellRoom;
  for (end = from; end < events_.size() && end - from < wire::kCellRoom; ++end) {
    const std::size_t size = wire::encoded_size(events_[end].event);
    if (size > room) break;
    room -= size;
    cell.events.push_back(events_[end].event);
  }
  return wire::build_input_cell(cell);
}

std::vector<wire::Cell> InputSender::poll(LocalTime now) {
  std::vector<wire::Cell> cells;
  const std::size_t ahead = std::min(events_.size(), kAhead);
  if (!events_.empty() && now >= repeat_due_) {
    // Nothing was heard: the whole tail again, from its oldest event.
    std::size_t at = 0;
    while (at < ahead && cells.size() < kMaxCellsPerPoll) cells.push_back(make_cell(at, at));
    sent_ = std::max(sent_, at);
    repeat_after_ = std::min(repeat_after_ * 2, held_.any() ? kKeepAlive : kLastRepeat);
    repeat_due_ = now + repeat_after_;
  } else {
    // New events; the first cell reaches back over as much of the unacknowledged tail as fits beside them.
    while (sent_ < ahead && cells.size() < kMaxCellsPerPoll) {
      std::size_t from = sent_;
      if (cells.empty()) {
        std::size_t room = wire::kCellRoom, fresh = sent_;
        while (fresh < ahead && wire::encoded_size(events_[fresh].event) <= room) room -= wire::encoded_size(events_[fresh++].event);
        while (from > 0 && wire::encoded_size(events_[from - 1].event) <= room) room -= wire::encoded_size(events_[--from].event);
      }
      std::size_t end = from;
      cells.push_back(make_cell(from, end));
      sent_ = std::max(sent_, end);
    }
    if (!cells.empty() && repeat_due_ <= now) repeat_due_ = now + repeat_after_;
  }
  if (cells.empty() && now >= keep_alive_due_ && held_.any()) {
    std::size_t end = 0;
    cells.push_back(make_cell(events_.size(), end));
  }
  if (!cells.empty()) keep_alive_due_ = now + kKeepAlive;
  if (!held_.any()) keep_alive_due_ = kNever;
  return cells;
}

LocalTime InputSender::next_deadline() const {
  if (sent_ < std::min(events_.size(), kAhead)) return LocalTime::min();
  return std::min(events_.empty() ? kNever : repeat_due_, held_.any() ? keep_alive_due_ : kNever);
}

Result<void> InputSender::on_ack(EventNo next_expected, LocalTime now) {
  if (next_expected.value == 0 || events_.empty()) return {};
  const std::int64_t count = next_expected.since(events_.front().number);
  if (count <= 0) return {};  // an older one, overtaken on the way
  BS_PEER_CHECK(static_cast<std::size_t>(count) <= sent_, "flow/input: ack of what was never sent");
  events_.erase(events_.begin(), events_.begin() + count);
  sent_ -= static_cast<std::size_t>(count);
  repeat_after_ = kFirstRepeat;
  repeat_due_ = events_.empty() ? kNever : now + repeat_after_;
  return {};
}

std::size_t InputSender::drop_unacknowledged(LocalTime now) {
  const auto deeds = std::count_if(events_.begin(), events_.end(), [](const Pending& pending) { return is_deed(pending.event); });
  while (events_.size() > sent_) {
    next_ = events_.back().number;
    events_.pop_back();
  }
  InputEvent release;
  release.kind = InputKind::ReleaseAll;
  for (Pending& pending : events_) pending.event = release;
  const bool held = held_.any();
  held_.clear();
  repeat_after_ = kFirstRepeat;
  if (events_.empty() && held) (void)add(release, now);
  else repeat_due_ = events_.empty() ? kNever : now;
  return static_cast<std::size_t>(deeds);
}

std::size_t InputSender::drop_stale(LocalTime heard, LocalTime now) {
  const auto oldest = std::find_if(events_.begin(), events_.end(), [](const Pending& pending) { return pending.event.kind != InputKind::ReleaseAll; });
  if (oldest == events_.end() || std::min(heard, oldest->at) + kKept > now) return 0;
  return drop_unacknowledged(now);
}

Result<std::vector<InputEvent>> InputReceiver::receive(ByteSpan bytes, LocalTime now) {
  auto cell = wire::parse_input_cell(bytes);
  if (!cell) return fail(cell);
  const std::int64_t ahead = cell->first.since(expected_);
  BS_PEER_CHECK(ahead <= kWindow && ahead >= -2 * kWindow, "flow/input: event number out of range");
  std::vector<InputEvent> out;
  if (poll(now)) {
    // This machine slept, or the owner was late: the gap counts all the same, before anything newer is applied.
    out.emplace_back();
    out.back().kind = InputKind::ReleaseAll;
  }
  if (repeated_ && now - last_cell_ > kFresh) repeat_at_ = repeat_at_ == kNever ? now + kSureAgain : std::max(repeat_at_, now + kSureAgain);
  last_cell_ = now;
  EventNo number = cell->first;
  for (const InputEvent& event : cell->events) {
    const std::int64_t at = number.since(expected_);
    if (at == 0) {
      out.push_back(event);
      expected_ = expected_.next();
      for (auto next = early_.find(expected_.value); next != early_.end(); next = early_.find(expected_.value)) {
        out.push_back(next->second);
        early_.erase(next);
        expected_ = expected_.next();
      }
    } else if (at > 0 && early_.size() < kAhead) {
      early_.emplace(number.value, event);
    }
    number = number.next();
  }
  if (!cell->events.empty()) ack_due_ = true;
  for (const InputEvent& event : out) note(event, now);
  return out;
}

void InputReceiver::note(const InputEvent& event, LocalTime now) {
  held_.apply(event);
  if (event.kind == InputKind::KeyDown && !keeps_still(event)) {
    repeated_ = event;
    repeat_at_ = now + kRepeatAfter;
  } else if (event.kind == InputKind::ReleaseAll || (event.kind == InputKind::KeyUp && repeated_ && same_key(event, *repeated_))) {
    repeated_.reset();
  }
}

std::optional<InputEvent> InputReceiver::repeat(LocalTime now) {
  if (!repeated_ || now < repeat_at_) return std::nullopt;
  repeat_at_ = now + kRepeatEvery;
  if (now - last_cell_ > kFresh) {
    repeat_at_ = kNever;   // until a cell comes
    return std::nullopt;
  }
  return repeated_;
}

bool InputReceiver::poll(LocalTime now) {
  if (!held_.any() || now < last_cell_ + kGap) return false;
  let_go();
  return true;
}

void InputReceiver::let_go() {
  held_.clear();
  repeated_.reset();
}

LocalTime InputReceiver::next_deadline() const {
  return std::min(held_.any() ? last_cell_ + kGap : kNever, repeated_ ? repeat_at_ : kNever);
}

void CursorSender::move(wire::CursorSpot spot, LocalTime now) {
  if (has_spot_ && spot == spot_) return;
  spot_ = spot;
  has_spot_ = true;
  number_ = number_.next();
  said_ = 0;
  due_ = now;
}

void CursorSender::acknowledge(EventNo input_ack, LocalTime now) {
  input_ack_ = input_ack;
  due_ = now;
}

std::optional<wire::Cell> CursorSender::poll(LocalTime now) {
  if (now < due_) return std::nullopt;
  wire::CursorCell cell;
  cell.number = number_;
  cell.ack = input_ack_;
  cell.has_spot = has_spot_;
  cell.spot = spot_;
  if (said_ < 3) ++said_;
  due_ = !has_spot_ || said_ >= 3 ? kNever : now + (said_ == 1 ? milliseconds(20) : milliseconds(60));
  return wire::build_cursor_cell(cell);
}

Result<CursorReceiver::Update> CursorReceiver::receive(ByteSpan bytes) {
  auto cell = wire::parse_cursor_cell(bytes);
  if (!cell) return fail(cell);
  Update update;
  update.input_ack = cell->ack;
  if (cell->has_spot && (!newest_ || cell->number.newer_than(*newest_))) {
    newest_ = cell->number;
    update.spot = cell->spot;
  }
  return update;
}

}  // namespace beside::flow
