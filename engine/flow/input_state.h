// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <bitset>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <vector>

#include "engine/base/clock.h"
#include "engine/base/input_event.h"
#include "engine/base/result.h"
#include "engine/wire/input_cells.h"

namespace beside::flow {

// Keys (by HID usage, or keysym where there is none) and buttons that are down after a run of events.
class HeldInput {
 public:
  void apply(const InputEvent& event);
  bool any() const { return !keys_.empty() || buttons_ != 0; }
  void clear();

 private:
  std::set<std::uint64_t> keys_;
  std::uint32_t buttons_ = 0;
};

// The operator's side of input: numbers events and puts them into cells until the customer's side has them. No I/O.
// A pointer move that follows an unsent pointer move replaces it, and a mark a mark. While something is held a cell leaves every 150 ms,
// so that the other side can tell silence from rest.
class InputSender {
 public:
  static constexpr std::size_t kMaxEvents = 2048;      // not yet acknowledged
  static constexpr std::size_t kMaxReleases = 256;
  static constexpr std::size_t kMaxCellsPerPoll = 8;
  // After a gap of so long nobody knows any more what a key would meet: as long as rights hold over a gap.
  static constexpr nanoseconds kKept = seconds(15);
  // Errors: Limit; the event is not taken. (Then nothing was acknowledged for very long: the session is in trouble. What lets
  // go of something is taken even then, up to kMaxReleases more.)
  Result<void> add(const InputEvent& event, LocalTime now);
  // Cells to send now, each its own datagram. Call after add() and at next_deadline().
  std::vector<wire::Cell> poll(LocalTime now);
  LocalTime next_deadline() const;
  // The `ack` of a cursor cell from the other side. Errors: PeerFault, when it was never sent.
  Result<void> on_ack(EventNo next_expected, LocalTime now);
  // The number of the next cursor cell that we expect, to be carried along.
  void set_cursor_ack(EventNo next_expected) { cursor_ack_ = next_expected; }
  // What nobody should carry out any more. What never left is gone; what left and is not acknowledged becomes ReleaseAll under its
  // old number: the other side may have applied it already or not, and applies each number once either way. It needs to know
  // nothing of it. Returns how many keys, characters and clicks were dropped: as many as that, or fewer, will not be carried out.
  std::size_t drop_unacknowledged(LocalTime now);
  // That, where the oldest has waited for kKept, or the other side was heard last so long ago. All of it, also what is newer: the end
  // of a word without its beginning is worse than nothing. Call before poll().
  std::size_t drop_stale(LocalTime heard, LocalTime now);
  std::size_t unacknowledged() const { return events_.size(); }

 private:
  struct Pending {
    EventNo number;
    InputEvent event;
    LocalTime at{};                      // added
  };
  wire::Cell make_cell(std::size_t from, std::size_t& end) const;
  std::deque<Pending> events_;
  std::size_t sent_ = 0;                 // of events_, how many were sent at least once
  EventNo next_{1};
  EventNo cursor_ack_{0};
  HeldInput held_;
  LocalTime repeat_due_ = kNever;
  LocalTime keep_alive_due_ = kNever;
  nanoseconds repeat_after_ = milliseconds(40);
};

// The customer's side: yields each event once and in order, and tells when to let go of everything. No I/O.
// A key that is held repeats here: the operator's end would fill the line with it, and the customer's desktop does not know when the
// line is silent and would type on. Like desktops, the key that went down last, unless it is a modifier or a lock.
class InputReceiver {
 public:
  static constexpr nanoseconds kGap = seconds(1);
  static constexpr nanoseconds kRepeatAfter = milliseconds(500), kRepeatEvery = milliseconds(33);
  // A cell comes every 150 ms while something is held. After a silence of kFresh nothing is repeated, since the key may be up by now, and
  // not before a cell was due that would say so.
  static constexpr nanoseconds kFresh = milliseconds(300), kSureAgain = milliseconds(200);
  // Events to apply now, in order; a ReleaseAll of ours first when something was held over a gap that poll() has not seen.
  // Errors: PeerFault.
  Result<std::vector<InputEvent>> receive(ByteSpan cell, LocalTime now);
  // For the `ack` of the cursor cells that go back.
  EventNo ack() const { return expected_; }
  bool ack_due() const { return ack_due_; }
  void ack_sent() { ack_due_ = false; }
  // True once when something is held and no cell came for kGap: release all keys and buttons.
  bool poll(LocalTime now);
  // All was let go of for another reason: nothing repeats until it goes down again.
  void let_go();
  // The key to press once more, as it was pressed; call when next_deadline() has come, after poll().
  std::optional<InputEvent> repeat(LocalTime now);
  LocalTime next_deadline() const;

 private:
  void note(const InputEvent& event, LocalTime now);
  static constexpr std::int64_t kWindow = 4096;
  std::map<std::uint32_t, InputEvent> early_;  // beyond a gap; at most 256
  EventNo expected_{1};
  bool ack_due_ = false;
  HeldInput held_;
  LocalTime last_cell_ = kNever;
  std::optional<InputEvent> repeated_;         // the key that repeats while it is held
  LocalTime repeat_at_ = kNever;
};

// The customer's cursor towards the operator: only the newest place counts, so there is no tail; a place is said three
// times (at once, after 20 and after 80 ms), and every cell carries the acknowledgement of input.
class CursorSender {
 public:
  void move(wire::CursorSpot spot, LocalTime now);
  // An input acknowledgement is owed; goes at once, with the last place.
  void acknowledge(EventNo input_ack, LocalTime now);
  std::optional<wire::Cell> poll(LocalTime now);
  LocalTime next_deadline() const { return due_; }

 private:
  wire::CursorSpot spot_;
  bool has_spot_ = false;
  EventNo number_{0};
  EventNo input_ack_{0};
  int said_ = 3;
  LocalTime due_ = kNever;
};

class CursorReceiver {
 public:
  struct Update {
    std::optional<wire::CursorSpot> spot;   // newer than the last one
    EventNo input_ack;                      // for InputSender::on_ack; 0 = none
  };
  Result<Update> receive(ByteSpan cell);
  EventNo next_expected() const { return newest_ ? newest_->next() : EventNo{0}; }

 private:
  std::optional<EventNo> newest_;
};

}  // namespace beside::flow
