// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/views/shared/format.h"

#include <ctime>

#include <array>

#include "ui/kit/catalogue.h"
#include "ui/kit/icons.h"

namespace beside::views {

using kit::tr;
using kit::trn;

std::string minutes_text(std::int64_t minutes) {
  if (minutes < 1) return tr("shared.under_a_minute");
  if (minutes < 60) return trn("shared.minutes", static_cast<std::uint64_t>(minutes));
  const auto rest = minutes % 60;
  return tr("shared.hours_minutes", minutes / 60, (rest < 10 ? "0" : "") + std::to_string(rest));
}

std::string duration_text(std::int64_t ms) {
  if (ms < 60'000) return trn("shared.seconds", static_cast<std::uint64_t>(ms < 0 ? 0 : ms / 1000));
  return minutes_text(ms / 60'000);
}

std::string size_text(std::uint64_t bytes) {
  static constexpr std::array<const char*, 5> kUnits{"B", "kB", "MB", "GB", "TB"};  // SI symbols, the same everywhere
  if (bytes < 1000) return std::to_string(bytes) + " " + kUnits[0];
  std::uint64_t tenths = bytes * 10;
  std::size_t unit = 0;
  if (bytes > UINT64_MAX / 10) {
    tenths = bytes / 1000 * 10;
    unit = 1;
  }
  while (tenths >= 10'000 && unit + 1 < kUnits.size()) {
    tenths /= 1000;
    ++unit;
  }
  return std::to_string(tenths / 10) + tr("shared.decimal_sign") + std::to_string(tenths % 10) + " " + kUnits[unit];
}

std::string clock_text(std::int64_t unix_ms) {
  const std::time_t t = static_cast<std::time_t>(unix_ms / 1000);
  std::tm local{};
  if (localtime_r(&t, &local) == nullptr) return {};
  std::array<char, 16> out{};
  return std::string(out.data(), std::strftime(out.data(), out.size(), "%H:%M", &local));
}

namespace {
std::string right_key(const char* prefix, Right right) {
  // name_of() gives journal words; those are the catalogue's keys too.
  return std::string(prefix) + name_of(right);
}
}  // namespace

std::string right_name(Right right) {
  return tr(right_key("right.name.", right));
}
std::string right_detail(Right right) {
  return tr(right_key("right.detail.", right));
}
std::string right_doing(Right right) {
  return tr(right_key("right.doing.", right));
}

const char* right_icon(Right right) {
  switch (right) {
    case Right::See:
      return kit::icon::kEye;
    case Right::Point:
      return kit::icon::kHand;
    case Right::Control:
      return kit::icon::kKeyboard;
    default:
      return kit::icon::kLock;
  }
}

std::string verified_text(session::Verified verified) {
  switch (verified) {
    case session::Verified::No:
      return tr("verified.no");
    case session::Verified::ByCode:
      return tr("verified.by_code");
    case session::Verified::ByWords:
      return tr("verified.by_words");
  }
  return {};
}

std::string rung_text(session::Rung rung) {
  switch (rung) {
    case session::Rung::None:
      return tr("rung.none");
    case session::Rung::Udp:
      return tr("rung.udp");
    case session::Rung::Tls:
      return tr("rung.tls");
    case session::Rung::TlsProxy:
      return tr("rung.tls_proxy");
  }
  return {};
}

std::string rung_reason_text(session::RungReason reason) {
  switch (reason) {
    case session::RungReason::Best:
      return tr("rung_reason.best");
    case session::RungReason::UdpBlocked:
      return tr("rung_reason.udp_blocked");
    case session::RungReason::UdpNotTriedByPolicy:
      return tr("rung_reason.policy");
    case session::RungReason::StillTrying:
      return tr("rung_reason.still_trying");
    case session::RungReason::ProxyOnly:
      return tr("rung_reason.proxy_only");
  }
  return {};
}

std::string peer_way_text(const session::MediaView& media) {
  switch (media.peer_reason) {
    case session::RungReason::UdpBlocked:
      return rung_text(media.peer_rung) + ": " + tr("peer_rung_reason.udp_blocked");
    case session::RungReason::UdpNotTriedByPolicy:
      return rung_text(media.peer_rung) + ": " + tr("peer_rung_reason.policy");
    default:
      return rung_text(media.peer_rung) + ": " + rung_reason_text(media.peer_reason);
  }
}

std::string end_cause_text(session::EndView::Cause cause) {
  using Cause = session::EndView::Cause;
  switch (cause) {
    case Cause::CustomerStop:
      return tr("end_cause.customer_stop");
    case Cause::CustomerKeys:
      return tr("end_cause.customer_keys");
    case Cause::PanelClosed:
      return tr("end_cause.panel_closed");
    case Cause::OperatorEnded:
      return tr("end_cause.operator_ended");
    case Cause::PeerLost:
      return tr("end_cause.peer_lost");
    case Cause::CodeDead:
      return tr("end_cause.code_dead");
    case Cause::Error:
      return tr("end_cause.error");
    case Cause::RelayEnded:
      return tr("end_cause.relay_ended");
    case Cause::Expired:
      return tr("end_cause.expired");
  }
  return {};
}

std::string monitor_text(const MonitorInfo& m) {
  return tr(m.primary ? "shared.monitor_main" : "shared.monitor", m.id, m.area.width, m.area.height);
}

}  // namespace beside::views
