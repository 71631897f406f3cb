// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/tools/headless/words.h"

#include <algorithm>
#include <array>
#include <utility>

namespace beside::headless {
namespace {

template <typename Enum, std::size_t N>
const char* look_up(Enum value, const std::array<std::pair<Enum, const char*>, N>& names) {
  for (const auto& [one, name] : names) {
    if (one == value) return name;
  }
  return "?";
}

constexpr auto kCustomerStages = std::to_array<std::pair<session::CustomerStage, const char*>>({
    {session::CustomerStage::NeedAddress, "need_address"}, {session::CustomerStage::Start, "start"},
    {session::CustomerStage::Connecting, "connecting"}, {session::CustomerStage::Securing, "securing"},
    {session::CustomerStage::Live, "live"}, {session::CustomerStage::Ended, "ended"},
});
constexpr auto kOperatorStages = std::to_array<std::pair<session::OperatorStage, const char*>>({
    {session::OperatorStage::NeedAddress, "need_address"}, {session::OperatorStage::SignIn, "sign_in"},
    {session::OperatorStage::SigningIn, "signing_in"}, {session::OperatorStage::Redeem, "redeem"},
    {session::OperatorStage::Console, "console"},
});
constexpr auto kSessionStages = std::to_array<std::pair<session::SessionStage, const char*>>({
    {session::SessionStage::WaitingForCustomer, "waiting_for_customer"}, {session::SessionStage::Securing, "securing"},
    {session::SessionStage::Live, "live"}, {session::SessionStage::Recovering, "recovering"},
    {session::SessionStage::Ended, "ended"},
});
constexpr auto kVerified = std::to_array<std::pair<session::Verified, const char*>>({
    {session::Verified::No, "no"}, {session::Verified::ByCode, "by_code"}, {session::Verified::ByWords, "by_words"},
});
constexpr auto kRungs = std::to_array<std::pair<session::Rung, const char*>>({
    {session::Rung::None, "none"}, {session::Rung::Udp, "udp"}, {session::Rung::Tls, "tls"},
    {session::Rung::TlsProxy, "tls_proxy"},
});
constexpr auto kRungReasons = std::to_array<std::pair<session::RungReason, const char*>>({
    {session::RungReason::Best, "best"}, {session::RungReason::UdpBlocked, "udp_blocked"},
    {session::RungReason::UdpNotTriedByPolicy, "udp_not_tried_by_policy"},
    {session::RungReason::StillTrying, "still_trying"}, {session::RungReason::ProxyOnly, "proxy_only"},
});
constexpr auto kCauses = std::to_array<std::pair<session::EndView::Cause, const char*>>({
    {session::EndView::Cause::CustomerStop, "customer_stop"}, {session::EndView::Cause::CustomerKeys, "customer_keys"},
    {session::EndView::Cause::PanelClosed, "panel_closed"}, {session::EndView::Cause::OperatorEnded, "operator_ended"},
    {session::EndView::Cause::PeerLost, "peer_lost"}, {session::EndView::Cause::CodeDead, "code_dead"},
    {session::EndView::Cause::Error, "error"}, {session::EndView::Cause::RelayEnded, "relay_ended"},
    {session::EndView::Cause::Expired, "expired"},
});
constexpr auto kNotices = std::to_array<std::pair<session::NoticeKind, const char*>>({
    {session::NoticeKind::None, "none"}, {session::NoticeKind::RelayUnreachable, "relay_unreachable"},
    {session::NoticeKind::RelayWrongPin, "relay_wrong_pin"}, {session::NoticeKind::RelayUntrusted, "relay_untrusted"},
    {session::NoticeKind::RelayOtherVersion, "relay_other_version"},
    {session::NoticeKind::RelayRestarting, "relay_restarting"}, {session::NoticeKind::RelayTooOld, "relay_too_old"},
    {session::NoticeKind::AddressMalformed, "address_malformed"}, {session::NoticeKind::CodeMistyped, "code_mistyped"},
    {session::NoticeKind::CodeUnknown, "code_unknown"}, {session::NoticeKind::CodeExpired, "code_expired"},
    {session::NoticeKind::CodeUsed, "code_used"}, {session::NoticeKind::CodeWrong, "code_wrong"},
    {session::NoticeKind::CodeSilent, "code_silent"}, {session::NoticeKind::CodeTampered, "code_tampered"},
    {session::NoticeKind::CodeThrottled, "code_throttled"},
    {session::NoticeKind::SomebodyTriedWrongCode, "somebody_tried_wrong_code"},
    {session::NoticeKind::PeerDisconnected, "peer_disconnected"},
    {session::NoticeKind::PeerOtherVersion, "peer_other_version"}, {session::NoticeKind::SignInWrong, "sign_in_wrong"},
    {session::NoticeKind::SignInThrottled, "sign_in_throttled"}, {session::NoticeKind::SignInDisabled, "sign_in_disabled"},
    {session::NoticeKind::PasswordWeak, "password_weak"}, {session::NoticeKind::PasswordCommon, "password_common"},
    {session::NoticeKind::InvitationUsed, "invitation_used"}, {session::NoticeKind::InvitationExpired, "invitation_expired"},
    {session::NoticeKind::TokenFileUnreadable, "token_file_unreadable"}, {session::NoticeKind::Reconnecting, "reconnecting"},
    {session::NoticeKind::Reconnected, "reconnected"},
    {session::NoticeKind::RightsPausedAfterGap, "rights_paused_after_gap"},
    {session::NoticeKind::RightsVoidAfterGap, "rights_void_after_gap"}, {session::NoticeKind::PanelHidden, "panel_hidden"},
    {session::NoticeKind::DisplayLost, "display_lost"}, {session::NoticeKind::CaptureLimited, "capture_limited"},
    {session::NoticeKind::ControlUnavailable, "control_unavailable"},
    {session::NoticeKind::WaylandUnsupported, "wayland_unsupported"}, {session::NoticeKind::VideoRefused, "video_refused"},
    {session::NoticeKind::VideoFellBack, "video_fell_back"}, {session::NoticeKind::UdpBlocked, "udp_blocked"},
    {session::NoticeKind::DiskFull, "disk_full"}, {session::NoticeKind::PeerCannotShare, "peer_cannot_share"},
    {session::NoticeKind::PeerCannotBeControlled, "peer_cannot_be_controlled"}, {session::NoticeKind::KeysDropped, "keys_dropped"},
});
constexpr auto kInputKinds = std::to_array<std::pair<InputKind, const char*>>({
    {InputKind::PointerMove, "pointer_move"}, {InputKind::ButtonDown, "button_down"}, {InputKind::ButtonUp, "button_up"},
    {InputKind::Wheel, "wheel"}, {InputKind::KeyDown, "key_down"}, {InputKind::KeyUp, "key_up"}, {InputKind::Text, "text"},
    {InputKind::ReleaseAll, "release_all"}, {InputKind::PointMark, "point_mark"}, {InputKind::PointHide, "point_hide"},
});

constexpr std::uint32_t kLastRight = static_cast<std::uint32_t>(Right::Restart);

}  // namespace

const char* name_of(session::CustomerStage stage) { return look_up(stage, kCustomerStages); }
const char* name_of(session::OperatorStage stage) { return look_up(stage, kOperatorStages); }
const char* name_of(session::SessionStage stage) { return look_up(stage, kSessionStages); }
const char* name_of(session::Verified verified) { return look_up(verified, kVerified); }
const char* name_of(session::Rung rung) { return look_up(rung, kRungs); }
const char* name_of(session::RungReason reason) { return look_up(reason, kRungReasons); }
const char* name_of(session::EndView::Cause cause) { return look_up(cause, kCauses); }
std::string name_of(session::NoticeKind kind) { return look_up(kind, kNotices); }

std::vector<std::string> names_of(Rights rights) {
  std::vector<std::string> out;
  for (std::uint32_t bit = 1; bit <= kLastRight; bit <<= 1) {
    if ((rights.bits & bit) != 0) out.emplace_back(beside::name_of(static_cast<Right>(bit)));
  }
  return out;
}

std::optional<Rights> rights_named(const std::vector<std::string>& names) {
  Rights out;
  for (const std::string& name : names) {
    Rights one;
    for (std::uint32_t bit = 1; bit <= kLastRight; bit <<= 1) {
      if (name == beside::name_of(static_cast<Right>(bit))) one = Rights(bit);
    }
    if (one.empty()) return std::nullopt;
    out = out | one;
  }
  return out;
}

std::optional<InputKind> input_kind_named(const std::string& name) {
  const auto at = std::find_if(kInputKinds.begin(), kInputKinds.end(), [&](const auto& k) { return name == k.second; });
  return at == kInputKinds.end() ? std::nullopt : std::optional(at->first);
}

}  // namespace beside::headless
