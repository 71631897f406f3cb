// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "engine/base/channels.h"
#include "engine/session/operator_session.h"

namespace beside::session {

// The operator's console as a state machine: company, sign-in, and any number of sessions at once.
// Thread: net. poll() when next_deadline() passes and whenever CommonPorts::wake was called.
class OperatorRole {
 public:
  OperatorRole(OperatorPorts ports, std::optional<wire::RelayAddress> address, std::string company,
               Published<OperatorSnapshot>& published);
  ~OperatorRole();
  void handle(const OperatorCommand& command);
  void poll(LocalTime now);
  LocalTime next_deadline() const;
  bool wants_quit() const { return quit_; }
  void wind_down();                                   // ends all sessions; goes on being polled until
  bool wound_down() const;                            // the other ends have answered, or had their time to
  void shut_down();                                   // what is left, then Goodbye; blocks nothing

 private:
  void connect();
  void sign_in();
  void on_ready(const control::Welcome& welcome);
  void on_message(const control::Envelope& message);
  void on_refused(const control::Refused& refused);
  void ask_for_code(std::uint32_t local_id);
  void rejoin(OperatorSession& session);
  void set_notice(NoticeKind kind, std::vector<std::string> args = {});
  OperatorSession* find(std::uint32_t local_id);
  OperatorSession* find(const std::string& session_id);
  bool send(const control::Envelope& message) { return control_ && control_->send(message); }
  void in_session_changed();
  void publish();
  void tell_namesakes_apart(std::vector<SessionView>& views);

  OperatorPorts ports_;
  Published<OperatorSnapshot>& published_;
  std::optional<wire::RelayAddress> address_;
  std::string company_;
  std::unique_ptr<ControlClient> control_;
  OperatorStage stage_ = OperatorStage::SignIn;
  // What signs us in: a password or invitation once, afterwards the token that the relay gave.
  struct Credentials {
    std::string login;
    SecretText password;
    Bytes token, invitation;
    std::string display_name;
    bool renewed = false;      // token came from an earlier sign-in
  };
  Credentials credentials_;
  std::uint64_t sign_in_request_ = 0, request_id_ = 0;
  bool signed_in_ = false;
  std::string login_, display_name_;
  std::vector<std::unique_ptr<OperatorSession>> sessions_;
  std::map<std::uint64_t, std::uint32_t> code_requests_, rejoin_requests_;   // request id -> local id
  std::uint32_t next_local_id_ = 1;
  std::vector<PastSession> past_;
  Notice notice_;
  std::uint64_t notice_id_ = 0;
  bool dirty_ = true, quit_ = false;
  std::map<std::uint32_t, std::uint32_t> namesakes_;   // session -> its number among those of the same name
  LocalTime ladder_due_ = kNever;              // when the latency figures are published again, while somebody looks at them
  std::optional<std::size_t> past_read_for_;   // number of ended sessions when the list was read
};

}  // namespace beside::session
