// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <functional>
#include <string>

#include "engine/base/bytes.h"
#include "engine/base/ids.h"
#include "relay/core/forwarder.h"
#include "relay/core/records.h"
#include "relay/helpdesk/account_records.h"
#include "relay/helpdesk/login_guard.h"

namespace beside::relay {

using Continuation = std::function<void()>;
// Runs on the db thread; what it returns runs on the control thread afterwards.
using DbJob = std::function<Continuation(SessionRecords&, AccountRecords&)>;
// Runs on an auth worker (a password hash takes a tenth of a second); its continuation on the control thread.
using HashJob = std::function<Continuation()>;

// What the control hub needs from the world. Thread: control. Nothing here blocks; false means "full, not taken".
class HubOutside {
 public:
  virtual ~HubOutside() = default;
  virtual bool send(ConnectionId to, Bytes message) = 0;
  virtual void close(ConnectionId connection, const std::string& reason) = 0;
  virtual bool db(DbJob job) = 0;
  // At most a few jobs of one source wait at a time; the better the standing, the sooner.
  virtual bool hash(const std::string& source, LoginGuard::Standing standing, HashJob job) = 0;
  virtual void media_put(MediaLeg leg) = 0;
  virtual void media_remove(const std::string& session_id) = 0;
};

}  // namespace beside::relay
