// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/base/log.h"
#include "relay/net/hub_clients.h"

namespace beside::relay {
namespace {
constexpr std::size_t kFetchAtOnce = 100;
}

void ControlHub::chat(Client& client, const control::Chat& message) {
  const auto side = seat_of(client, message.session_id());
  if (!side) return refuse(client, 0, control::Refused::NO_SUCH_SESSION);
  const std::string session_id = message.session_id();
  const bool taken = outside_.db([this, session_id, side = *side, id = to_bytes(as_bytes(message.client_id())),
                                  sealed = to_bytes(as_bytes(message.sealed())),
                                  at = clock_.unix_ms()](SessionRecords& records, AccountRecords&) -> Continuation {
    auto kept = records.append_chat(session_id, id, side, sealed, at);
    if (!kept) {
      BS_LOG_LIMITED(Error, "db", "{}", dump_error(kept.error()));
      return [this, session_id, side] {
        if (Client* sender = client_in(session_id, side)) refuse(*sender, 0, control::Refused::BUSY, 2s);
      };
    }
    return [this, session_id, side, kept = std::move(*kept)] {
      // Sent again: only the sender has to hear (again) which number it has.
      deliver_chat(session_id, kept, side);
      if (kept.fresh) deliver_chat(session_id, kept, other(side));
    };
  });
  if (!taken) refuse(client, 0, control::Refused::BUSY, 2s);
}

void ControlHub::deliver_chat(const std::string& session_id, const ChatRecord& chat, Side to) {
  Client* client = client_in(session_id, to);
  if (client == nullptr) return;  // he fetches it when he is back
  control::Envelope e;
  auto& d = *e.mutable_chat_delivered();
  d.set_session_id(session_id);
  d.set_seq(chat.seq);
  d.set_client_id(to_string(chat.client_id));
  d.set_from_operator(chat.from == Side::Operator);
  d.set_at_unix_ms(chat.at);
  d.set_sealed(to_string(chat.sealed));
  send(*client, std::move(e), Seat{session_id, to}, chat.seq);
}

void ControlHub::chat_fetch(Client& client, const control::ChatFetch& request) {
  const auto side = seat_of(client, request.session_id());
  if (!side) return refuse(client, 0, control::Refused::NO_SUCH_SESSION);
  (void)outside_.db([this, session_id = request.session_id(), side = *side,
                     after = request.after_seq()](SessionRecords& records, AccountRecords&) -> Continuation {
    if (after > 0) {
      // Naming a number says that everything up to it has arrived.
      const auto done = records.chat_delivered(session_id, side, after);
      if (!done) BS_LOG_LIMITED(Error, "db", "{}", dump_error(done.error()));
    }
    auto rows = records.chat_after(session_id, after, kFetchAtOnce);
    if (!rows) {
      BS_LOG_LIMITED(Error, "db", "{}", dump_error(rows.error()));
      return {};
    }
    return [this, session_id, side, rows = std::move(*rows)] {
      for (const ChatRecord& row : rows) {
        if (!row.sealed.empty()) deliver_chat(session_id, row, side);  // empty: both had it long ago
      }
    };
  });
}

}  // namespace beside::relay
