// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <memory>
#include <optional>
#include <set>
#include <string>

#include "engine/base/channels.h"
#include "engine/session/command.h"
#include "engine/session/customer_session.h"
#include "engine/wire/session_code.h"

namespace beside::session {

// The customer's program as a state machine: company and code, the way into a session, the session, the end page.
//
//   stage       | event                              | next
//   ------------+------------------------------------+------------------------------------
//   NeedAddress | address understood                 | Start
//   Start       | code with a right check digit      | Connecting
//   Connecting  | relay put both ends together       | Securing
//   Connecting  | refused, cancelled                 | Start, with a notice
//   Securing    | channel open                       | Live
//   Securing    | any fault: the code is dead        | Start, with a notice
//   Live        | Stop, keys, panel closed, line     | Ended
//   Ended       | back to start (kiosk), quit        | Start
//
// A code that spent its guess here is never tried again from here, whatever the relay says.
// Thread: net. poll() when next_deadline() passes and whenever CommonPorts::wake was called.
class CustomerRole {
 public:
  CustomerRole(CustomerPorts ports, std::optional<wire::RelayAddress> address, std::string company, std::string code_prefill,
               Published<CustomerSnapshot>& published);
  ~CustomerRole();
  void handle(const CustomerCommand& command);
  void poll(LocalTime now);
  LocalTime next_deadline() const;
  bool wants_quit() const { return quit_; }
  void wind_down();                                   // Stop if live; goes on being polled until
  bool wound_down() const;                            // the other end has answered, or had its time to
  void shut_down();                                   // what is left, then Goodbye; blocks nothing

 private:
  void enter_code(const std::string& typed);
  void connect();
  void join();
  void on_ready(const control::Welcome& welcome);
  void on_message(const control::Envelope& message);
  void on_refused(const control::Refused& refused);
  void on_joined(const control::Joined& joined);
  void on_fault(ports::ChannelFault fault);
  void back_to_start(NoticeKind kind, std::vector<std::string> args = {});
  bool exchange_not_begun() const;
  void set_notice(NoticeKind kind, std::vector<std::string> args = {});
  void publish();

  CustomerPorts ports_;
  Published<CustomerSnapshot>& published_;
  std::optional<wire::RelayAddress> address_;
  std::string company_, code_prefill_;
  std::unique_ptr<ControlClient> control_;
  std::unique_ptr<CustomerSession> session_;
  bool session_over_ = false, session_dead_ = false, control_dead_ = false;
  CustomerStage stage_ = CustomerStage::Start;
  std::optional<wire::SessionCode> code_;             // while connecting
  std::set<std::string> dead_codes_;                  // digits
  std::uint64_t request_id_ = 0;
  Bytes challenge_;
  Notice notice_;
  std::uint64_t notice_id_ = 0;
  bool dirty_ = true, quit_ = false;
  LocalTime connecting_since_{};
};

}  // namespace beside::session
