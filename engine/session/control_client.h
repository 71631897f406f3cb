// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <functional>
#include <string>

#include "engine/base/clock.h"
#include "engine/flow/reliable_control.h"
#include "engine/ports/relay_control.h"
#include "engine/session/notice.h"
#include "engine/wire/control.h"

namespace beside::session {

// The client's side of the control protocol (PROTOCOL 1): Hello and Welcome, sequencing and resumption, pings, and the
// words for what went wrong. What the messages mean is for the roles.
// Thread: net.
class ControlClient {
 public:
  struct Identity {
    control::Role role = control::ROLE_CUSTOMER;
    std::string program, version, locale;
    Bytes build_id;               // SHA-256 of the executable
  };
  struct Handlers {
    // After each Welcome. resumed false: what the relay knew of this connection is gone; re-join sessions.
    std::function<void(const control::Welcome&)> ready;
    std::function<void(const control::Envelope&)> message;
    std::function<void(Notice)> down;         // the connection is gone, or could not be made; it is trying again
  };
  ControlClient(std::unique_ptr<ports::RelayControl> relay, const TimeSource& clock, Identity identity, Handlers handlers);
  ~ControlClient();

  void open();
  void close();                              // says Goodbye
  // Kept and sent again until the relay has it or has forgotten this connection (ready with resumed = false), unless it is a
  // Tunnel or a Ping. False: too much is waiting.
  bool send(const control::Envelope& message);
  bool ready() const { return ready_; }
  const std::string& relay_name() const { return relay_name_; }
  const std::string& organisation() const { return organisation_; }
  std::string describe() const { return relay_->describe(); }
  // In a session silence is noticed after 2 s, otherwise after a minute. check(): the line was dead and media is back; a connection
  // that does not answer at once waits for TCP's timers and is replaced.
  void check();
  void set_in_session(bool in_session);
  void reconnect_now();
  void poll(LocalTime now);
  LocalTime next_deadline() const;

 private:
  void on_up();
  void on_message(const Bytes& bytes);
  void on_down(const Error& error);
  void flush();
  bool mute(LocalTime now) const;
  nanoseconds silence() const;
  void lost(Notice notice);

  std::unique_ptr<ports::RelayControl> relay_;
  const TimeSource& clock_;
  Identity identity_;
  Handlers handlers_;
  flow::ReliableControl reliable_;
  Bytes resume_token_;
  std::string relay_name_, organisation_;
  bool ready_ = false, in_session_ = false, opened_ = false, never_again_ = false;
  LocalTime last_heard_{}, ping_due_ = kNever, checked_at_ = kNever;
  LocalTime asked_at_ = kNever;   // the oldest ping without an answer
  nanoseconds rtt_{0};            // of the last one that was answered
  nanoseconds idle_ping_ = 25s;
};

}  // namespace beside::session
