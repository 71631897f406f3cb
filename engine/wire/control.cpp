// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/wire/control.h"

#include <fmt/core.h>
#include <google/protobuf/stubs/logging.h>

namespace beside::wire {
namespace {

using control::Envelope;

// Protobuf writes a line to stderr for each malformed string; a peer must not be able to fill our log.
[[maybe_unused]] const bool kQuiet = [] {
  google::protobuf::SetLogHandler(nullptr);
  return true;
}();

bool text_ok(const std::string& text, std::size_t limit) { return text.size() <= limit && is_utf8(text); }
bool sized(const std::string& bytes, std::size_t size) { return bytes.size() == size; }
bool empty_or(const std::string& bytes, std::size_t size) { return bytes.empty() || bytes.size() == size; }

bool digits(const std::string& text, std::size_t least, std::size_t most) {
  if (text.size() < least || text.size() > most) return false;
  for (char c : text)
    if (c < '0' || c > '9') return false;
  return true;
}

// 8-4-4-4-12 hexadecimal digits in lower case (RFC 9562 4), so that one id has one spelling.
bool uuid(const std::string& text) {
  if (text.size() != 36) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
    if (dash ? c != '-' : !((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'))) return false;
  }
  return true;
}

Result<void> check(const control::Hello& m) {
  BS_PEER_CHECK(m.protocol_min() >= 1 && m.protocol_min() <= m.protocol_max(), "wire/control: hello.protocol");
  BS_PEER_CHECK(text_ok(m.program(), 32), "wire/control: hello.program");
  BS_PEER_CHECK(text_ok(m.version(), 32), "wire/control: hello.version");
  BS_PEER_CHECK(sized(m.build_id(), 32), "wire/control: hello.build_id");
  BS_PEER_CHECK(m.role() >= control::ROLE_OPERATOR && m.role() <= control::ROLE_KIOSK, "wire/control: hello.role");
  BS_PEER_CHECK(text_ok(m.locale(), 16), "wire/control: hello.locale");
  BS_PEER_CHECK(empty_or(m.resume_token(), 32), "wire/control: hello.resume_token");
  return {};
}
Result<void> check(const control::Welcome& m) {
  BS_PEER_CHECK(m.protocol() >= 1, "wire/control: welcome.protocol");
  BS_PEER_CHECK(text_ok(m.relay_name(), 64), "wire/control: welcome.relay_name");
  BS_PEER_CHECK(sized(m.resume_token(), 32), "wire/control: welcome.resume_token");
  BS_PEER_CHECK(text_ok(m.organisation(), 64), "wire/control: welcome.organisation");
  return {};
}
Result<void> check(const control::Refused& m) {
  BS_PEER_CHECK(empty_or(m.challenge(), 16), "wire/control: refused.challenge");
  BS_PEER_CHECK(text_ok(m.detail(), 256), "wire/control: refused.detail");
  return {};
}
Result<void> check(const control::SignIn& m) {
  BS_PEER_CHECK(text_ok(m.login(), 64), "wire/control: sign_in.login");
  BS_PEER_CHECK(text_ok(m.password(), 1024), "wire/control: sign_in.password");
  BS_PEER_CHECK(empty_or(m.token(), 32), "wire/control: sign_in.token");
  return {};
}
Result<void> check(const control::SignedIn& m) {
  BS_PEER_CHECK(uuid(m.operator_id()), "wire/control: signed_in.operator_id");
  BS_PEER_CHECK(text_ok(m.login(), 64), "wire/control: signed_in.login");
  BS_PEER_CHECK(text_ok(m.display_name(), 64), "wire/control: signed_in.display_name");
  BS_PEER_CHECK(empty_or(m.token(), 32), "wire/control: signed_in.token");
  BS_PEER_CHECK(m.permissions_size() <= 64, "wire/control: signed_in.permissions");
  for (const auto& permission : m.permissions())
    BS_PEER_CHECK(text_ok(permission, 64), "wire/control: signed_in.permissions");
  return {};
}
Result<void> check(const control::RedeemInvitation& m) {
  BS_PEER_CHECK(sized(m.token(), 32), "wire/control: redeem_invitation.token");
  BS_PEER_CHECK(text_ok(m.display_name(), 64), "wire/control: redeem_invitation.display_name");
  BS_PEER_CHECK(text_ok(m.password(), 1024), "wire/control: redeem_invitation.password");
  return {};
}
Result<void> check(const control::Ticket& m) {
  BS_PEER_CHECK(text_ok(m.host(), 255), "wire/control: ticket.host");
  BS_PEER_CHECK(m.udp_port() <= 65535, "wire/control: ticket.udp_port");
  BS_PEER_CHECK(sized(m.ufrag(), 16) && is_utf8(m.ufrag()), "wire/control: ticket.ufrag");
  BS_PEER_CHECK(sized(m.password(), 32) && is_utf8(m.password()), "wire/control: ticket.password");
  return {};
}
Result<void> check(const control::NewSession& m) {
  BS_PEER_CHECK(m.valid_s() == 0 || (m.valid_s() >= 60 && m.valid_s() <= 3600), "wire/control: new_session.valid_s");
  return {};
}
Result<void> check(const control::SessionCreated& m) {
  BS_PEER_CHECK(uuid(m.session_id()), "wire/control: session_created.session_id");
  BS_PEER_CHECK(digits(m.locator(), 3, 9), "wire/control: session_created.locator");
  BS_PEER_CHECK(m.valid_s() <= 3600, "wire/control: session_created.valid_s");
  BS_PEER_CHECK(sized(m.leg_token(), 32), "wire/control: session_created.leg_token");
  return m.has_ticket() ? check(m.ticket()) : Result<void>{};
}
Result<void> check(const control::JoinSession& m) {
  BS_PEER_CHECK(digits(m.locator(), 3, 9), "wire/control: join_session.locator");
  BS_PEER_CHECK(empty_or(m.hashcash(), 8), "wire/control: join_session.hashcash");
  BS_PEER_CHECK(empty_or(m.challenge(), 16), "wire/control: join_session.challenge");
  BS_PEER_CHECK(m.hashcash().empty() == m.challenge().empty(), "wire/control: join_session.hashcash");
  return {};
}
Result<void> check(const control::Joined& m) {
  BS_PEER_CHECK(uuid(m.session_id()), "wire/control: joined.session_id");
  BS_PEER_CHECK(sized(m.leg_token(), 32), "wire/control: joined.leg_token");
  return m.has_ticket() ? check(m.ticket()) : Result<void>{};
}
Result<void> check(const control::RejoinSession& m) {
  BS_PEER_CHECK(uuid(m.session_id()), "wire/control: rejoin_session.session_id");
  BS_PEER_CHECK(sized(m.leg_token(), 32), "wire/control: rejoin_session.leg_token");
  return {};
}
Result<void> check(const control::Tunnel& m) {
  BS_PEER_CHECK(uuid(m.session_id()), "wire/control: tunnel.session_id");
  BS_PEER_CHECK(m.data().size() <= kMaxTunnelBytes, "wire/control: tunnel.data");
  BS_PEER_CHECK(m.offset() <= UINT64_MAX - m.data().size(), "wire/control: tunnel.offset");
  return {};
}
Result<void> check(const control::Chat& m) {
  BS_PEER_CHECK(uuid(m.session_id()), "wire/control: chat.session_id");
  BS_PEER_CHECK(sized(m.client_id(), 16), "wire/control: chat.client_id");
  BS_PEER_CHECK(!m.sealed().empty() && m.sealed().size() <= kMaxChatBytes, "wire/control: chat.sealed");
  return {};
}
Result<void> check(const control::ChatDelivered& m) {
  BS_PEER_CHECK(uuid(m.session_id()), "wire/control: chat_delivered.session_id");
  BS_PEER_CHECK(m.seq() >= 1, "wire/control: chat_delivered.seq");
  BS_PEER_CHECK(sized(m.client_id(), 16), "wire/control: chat_delivered.client_id");
  BS_PEER_CHECK(m.sealed().size() <= kMaxChatBytes, "wire/control: chat_delivered.sealed");
  return {};
}
Result<void> check(const control::ReadLog& m) {
  BS_PEER_CHECK(m.session_id().empty() || uuid(m.session_id()), "wire/control: read_log.session_id");
  BS_PEER_CHECK(text_ok(m.reason(), 256), "wire/control: read_log.reason");
  return {};
}
Result<void> check(const control::LogRows& m) {
  BS_PEER_CHECK(m.rows_size() <= 4096, "wire/control: log_rows.rows");
  for (const auto& row : m.rows())
    BS_PEER_CHECK(text_ok(row.event(), 64) && text_ok(row.detail(), 256), "wire/control: log_rows.rows");
  return {};
}
Result<void> check_session_id(const std::string& id, std::string_view where) {
  if (!uuid(id)) return fail(ErrorKind::PeerFault, where);
  return {};
}

Result<void> check_body(const Envelope& e) {
  switch (e.body_case()) {
    case Envelope::kHello: return check(e.hello());
    case Envelope::kWelcome: return check(e.welcome());
    case Envelope::kGoodbye:
      BS_PEER_CHECK(text_ok(e.goodbye().detail(), 256), "wire/control: goodbye.detail");
      return {};
    case Envelope::kRefused: return check(e.refused());
    case Envelope::kSignIn: return check(e.sign_in());
    case Envelope::kSignedIn: return check(e.signed_in());
    case Envelope::kRedeemInvitation: return check(e.redeem_invitation());
    case Envelope::kNewSession: return check(e.new_session());
    case Envelope::kSessionCreated: return check(e.session_created());
    case Envelope::kJoinSession: return check(e.join_session());
    case Envelope::kJoined: return check(e.joined());
    case Envelope::kRejoinSession: return check(e.rejoin_session());
    case Envelope::kRejoined:
      if (auto id = check_session_id(e.rejoined().session_id(), "wire/control: rejoined.session_id"); !id) return id;
      return e.rejoined().has_ticket() ? check(e.rejoined().ticket()) : Result<void>{};
    case Envelope::kLeaveSession:
      return check_session_id(e.leave_session().session_id(), "wire/control: leave_session.session_id");
    case Envelope::kPeerState:
      return check_session_id(e.peer_state().session_id(), "wire/control: peer_state.session_id");
    case Envelope::kSessionEnded:
      return check_session_id(e.session_ended().session_id(), "wire/control: session_ended.session_id");
    case Envelope::kRenewTicket:
      return check_session_id(e.renew_ticket().session_id(), "wire/control: renew_ticket.session_id");
    case Envelope::kTicketRenewed:
      if (auto id = check_session_id(e.ticket_renewed().session_id(), "wire/control: ticket_renewed.session_id"); !id) return id;
      return check(e.ticket_renewed().ticket());
    case Envelope::kTunnel: return check(e.tunnel());
    case Envelope::kChat: return check(e.chat());
    case Envelope::kChatDelivered: return check(e.chat_delivered());
    case Envelope::kChatFetch:
      return check_session_id(e.chat_fetch().session_id(), "wire/control: chat_fetch.session_id");
    case Envelope::kReadLog: return check(e.read_log());
    case Envelope::kLogRows: return check(e.log_rows());
    case Envelope::kPing:
    case Envelope::kPong:
    case Envelope::kSignOut:
    case Envelope::kRelayNotice:
    case Envelope::BODY_NOT_SET: return {};
  }
  return {};
}

const char* name_of(Envelope::BodyCase body) {
  switch (body) {
    case Envelope::kHello: return "Hello";
    case Envelope::kWelcome: return "Welcome";
    case Envelope::kGoodbye: return "Goodbye";
    case Envelope::kPing: return "Ping";
    case Envelope::kPong: return "Pong";
    case Envelope::kRefused: return "Refused";
    case Envelope::kSignIn: return "SignIn";
    case Envelope::kSignedIn: return "SignedIn";
    case Envelope::kRedeemInvitation: return "RedeemInvitation";
    case Envelope::kSignOut: return "SignOut";
    case Envelope::kNewSession: return "NewSession";
    case Envelope::kSessionCreated: return "SessionCreated";
    case Envelope::kJoinSession: return "JoinSession";
    case Envelope::kJoined: return "Joined";
    case Envelope::kRejoinSession: return "RejoinSession";
    case Envelope::kRejoined: return "Rejoined";
    case Envelope::kLeaveSession: return "LeaveSession";
    case Envelope::kPeerState: return "PeerState";
    case Envelope::kSessionEnded: return "SessionEnded";
    case Envelope::kRenewTicket: return "RenewTicket";
    case Envelope::kTicketRenewed: return "TicketRenewed";
    case Envelope::kTunnel: return "Tunnel";
    case Envelope::kChat: return "Chat";
    case Envelope::kChatDelivered: return "ChatDelivered";
    case Envelope::kChatFetch: return "ChatFetch";
    case Envelope::kRelayNotice: return "RelayNotice";
    case Envelope::kReadLog: return "ReadLog";
    case Envelope::kLogRows: return "LogRows";
    case Envelope::BODY_NOT_SET: return "-";
  }
  return "?";
}

}  // namespace

Result<void> check_envelope(const Envelope& envelope) {
  BS_PEER_CHECK(envelope.ByteSizeLong() <= kMaxControlBytes, "wire/control: too large");
  BS_PEER_CHECK(is_sequenced(envelope) || envelope.seq() == 0, "wire/control: seq on an unsequenced message");
  return check_body(envelope);
}

Result<Envelope> parse_envelope(ByteSpan message) {
  BS_PEER_CHECK(message.size() <= kMaxControlBytes, "wire/control: too large");
  Envelope envelope;
  // Protobuf itself limits nesting to 100 and checks proto3 strings for UTF-8 when it parses.
  BS_PEER_CHECK(envelope.ParseFromArray(message.data(), static_cast<int>(message.size())), "wire/control: not an Envelope");
  // A body that we do not know stays acknowledgeable: its seq is legitimate although we see no body.
  if (envelope.body_case() != Envelope::BODY_NOT_SET) {
    BS_PEER_CHECK(is_sequenced(envelope) || envelope.seq() == 0, "wire/control: seq on an unsequenced message");
  }
  if (auto ok = check_body(envelope); !ok) return fail(ok);
  return envelope;
}

Bytes serialize_envelope(const Envelope& envelope) {
  Bytes out(envelope.ByteSizeLong());
  envelope.SerializeToArray(out.data(), static_cast<int>(out.size()));
  return out;
}

bool is_sequenced(const Envelope& envelope) {
  switch (envelope.body_case()) {
    case Envelope::kHello:
    case Envelope::kWelcome:
    case Envelope::kGoodbye:
    case Envelope::kPing:
    case Envelope::kPong:
    case Envelope::kTunnel:
    case Envelope::BODY_NOT_SET: return false;
    default: return true;
  }
}

std::string dump_envelope(const Envelope& e) {
  std::string out = fmt::format("{} seq={} ack={} {} bytes", name_of(e.body_case()), e.seq(), e.ack(), e.ByteSizeLong());
  if (e.has_tunnel())
    out += fmt::format(" offset={} data={} tunnel_ack={}", e.tunnel().offset(), e.tunnel().data().size(), e.tunnel().ack());
  if (e.has_refused())
    out += fmt::format(" request={} reason={}", e.refused().request_id(), static_cast<int>(e.refused().reason()));
  if (e.has_goodbye()) out += fmt::format(" reason={}", static_cast<int>(e.goodbye().reason()));
  return out;
}

}  // namespace beside::wire
