// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>

#include "engine/ports/journal.h"
#include "engine/session/peer_link.h"
#include "engine/session/snapshot.h"

namespace beside::session {

// What one end keeps of a session: its journal, and which right was granted for how long. When the session is over the two ends
// tell each other the heads of their journals, each makes the receipt of both, and each says which one it holds.
//
// Thread: net.
class SessionRecord {
 public:
  explicit SessionRecord(ports::End own) : own_(own) {}
  ~SessionRecord() { end(); }
  SessionRecord(const SessionRecord&) = delete;
  SessionRecord& operator=(const SessionRecord&) = delete;

  // False: no journal can be written. `failed` is called once, on any thread, when a line could not be.
  bool begin(std::unique_ptr<ports::Journal> journal, const std::string& session_id);
  bool on_failure(std::function<void()> failed);
  void note(ports::JournalKind kind, Rights rights, std::string text);
  // The rights in force from now on.
  void in_force(Rights rights, LocalTime now);
  void use(Right right) { used_ = used_ | right; }
  Rights used() const { return used_; }

  // The session is over and its last line noted: fills in `page`, and tells the other end our head.
  void close(LocalTime now, PeerLink& link, EndView& page);
  // True when `message` belongs to the receipt; also after close().
  bool on_message(const inner::Inner& message, PeerLink& link, EndView& page);
  bool answered() const { return answered_; }   // the other end said which receipt it holds: nothing more will come
  // No line comes after this.
  void end();

 private:
  void settle(PeerLink& link, EndView& page);

  const ports::End own_;
  std::unique_ptr<ports::Journal> journal_;
  struct Held {
    std::optional<LocalTime> since;
    nanoseconds total{0};
  };
  std::map<Right, Held> held_;
  Rights used_;
  Bytes own_head_, peer_head_, receipt_;   // of the journals, once each has ended
  bool answered_ = false;
};

}  // namespace beside::session
