// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/net/way_book.h"

#include "engine/base/log.h"

namespace beside::net {

const char* to_string(Way way) {
  switch (way) {
    case Way::Control: return "control";
    case Way::Udp: return "udp";
    case Way::Tls: return "tls";
    case Way::TlsProxy: return "tls_proxy";
    case Way::kCount: break;
  }
  return "unknown";
}

const char* to_string(WayFailure failure) {
  switch (failure) {
    case WayFailure::Setting: return "proxy_setting";
    case WayFailure::Resolve: return "resolve";
    case WayFailure::Connect: return "connect";
    case WayFailure::ProxyGone: return "proxy_gone";
    case WayFailure::ProxyRefused: return "proxy_refused";
    case WayFailure::ProxyNonsense: return "proxy_nonsense";
    case WayFailure::Untrusted: return "untrusted";
    case WayFailure::Tls: return "tls";
    case WayFailure::NotRelay: return "not_a_relay";
    case WayFailure::Timeout: return "timeout";
    case WayFailure::Closed: return "closed";
    case WayFailure::NoAnswer: return "no_answer";
    case WayFailure::kCount: break;
  }
  return "unknown";
}

WayFailure way_failure_of(const Error& error) {
  const std::string_view where = error.where;
  if (where == "net/proxy: setting") return WayFailure::Setting;
  if (where.starts_with("net/proxy")) {
    if (error.kind == ErrorKind::PeerFault) return WayFailure::ProxyNonsense;
    return error.kind == ErrorKind::Refused ? WayFailure::ProxyRefused : WayFailure::ProxyGone;
  }
  if (where == "net/resolve") return WayFailure::Resolve;
  if (where == "net/pin" || where == "net/trust") return WayFailure::Untrusted;
  if (where == "net/tls") return WayFailure::Tls;
  if (where == "net/websocket") return WayFailure::NotRelay;
  if (where == "net/timeout") return WayFailure::Timeout;
  if (where == "net/closed") return WayFailure::Closed;
  return WayFailure::Connect;
}

void WayBook::failed(Way way, WayFailure why) {
  ++at(way).failures.at(static_cast<std::size_t>(why));
  BS_LOG_LIMITED(Info, "net", "a way out failed, {} by {}; so far {}", to_string(way), to_string(why), failures());
}

std::string WayBook::failures() const {
  std::string out;
  for (std::size_t w = 0; w < ways_.size(); ++w) {
    std::string one;
    for (std::size_t f = 0; f < ways_.at(w).failures.size(); ++f) {
      const std::uint64_t times = ways_.at(w).failures.at(f);
      if (times > 0) one += (one.empty() ? "" : ", ") + std::string(to_string(static_cast<WayFailure>(f))) + " " + std::to_string(times);
    }
    if (one.empty()) continue;
    out += (out.empty() ? "" : "; ") + std::string(to_string(static_cast<Way>(w))) + ": " + one + " of " + std::to_string(ways_.at(w).tried) + " tries";
  }
  return out;
}

}  // namespace beside::net
