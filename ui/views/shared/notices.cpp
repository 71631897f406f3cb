// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/views/shared/notices.h"

#include <imgui.h>

#include <array>
#include <utility>

#include "ui/kit/catalogue.h"

namespace beside::views {
namespace {

using session::NoticeKind;

struct Entry {
  NoticeKind kind;
  const char* key;  // the catalogue has key.title, key.sentence and key.action
  bool warning;
};

constexpr Entry kEntries[] = {
    {NoticeKind::RelayUnreachable, "relay_unreachable", true},
    {NoticeKind::RelayWrongPin, "relay_wrong_pin", true},
    {NoticeKind::RelayUntrusted, "relay_untrusted", true},
    {NoticeKind::RelayOtherVersion, "relay_other_version", true},
    {NoticeKind::RelayRestarting, "relay_restarting", false},
    {NoticeKind::RelayTooOld, "relay_too_old", true},
    {NoticeKind::AddressMalformed, "address_malformed", true},
    {NoticeKind::CodeMistyped, "code_mistyped", true},
    {NoticeKind::CodeUnknown, "code_unknown", true},
    {NoticeKind::CodeExpired, "code_expired", true},
    {NoticeKind::CodeUsed, "code_used", true},
    {NoticeKind::CodeWrong, "code_wrong", true},
    {NoticeKind::CodeSilent, "code_silent", true},
    {NoticeKind::CodeTampered, "code_tampered", true},
    {NoticeKind::CodeThrottled, "code_throttled", true},
    {NoticeKind::SomebodyTriedWrongCode, "somebody_tried_wrong_code", true},
    {NoticeKind::PeerDisconnected, "peer_disconnected", true},
    {NoticeKind::PeerOtherVersion, "peer_other_version", true},
    {NoticeKind::SignInWrong, "sign_in_wrong", true},
    {NoticeKind::SignInThrottled, "sign_in_throttled", true},
    {NoticeKind::SignInDisabled, "sign_in_disabled", true},
    {NoticeKind::PasswordWeak, "password_weak", true},
    {NoticeKind::PasswordCommon, "password_common", true},
    {NoticeKind::InvitationUsed, "invitation_used", true},
    {NoticeKind::InvitationExpired, "invitation_expired", true},
    {NoticeKind::TokenFileUnreadable, "token_file_unreadable", true},
    {NoticeKind::Reconnecting, "reconnecting", false},
    {NoticeKind::Reconnected, "reconnected", false},
    {NoticeKind::RightsPausedAfterGap, "rights_paused_after_gap", false},
    {NoticeKind::RightsVoidAfterGap, "rights_void_after_gap", false},
    {NoticeKind::PanelHidden, "panel_hidden", true},
    {NoticeKind::MonitorGone, "monitor_gone", true},
    {NoticeKind::DisplayLost, "display_lost", true},
    {NoticeKind::CaptureLimited, "capture_limited", false},
    {NoticeKind::ControlUnavailable, "control_unavailable", false},
    {NoticeKind::WaylandUnsupported, "wayland_unsupported", false},
    {NoticeKind::VideoRefused, "video_refused", true},
    {NoticeKind::VideoFellBack, "video_fell_back", false},
    {NoticeKind::UdpBlocked, "udp_blocked", false},
    {NoticeKind::DiskFull, "disk_full", true},
    {NoticeKind::PeerCannotShare, "peer_cannot_share", true},
    {NoticeKind::PeerCannotBeControlled, "peer_cannot_be_controlled", false},
    {NoticeKind::KeysDropped, "keys_dropped", true},
};
constexpr std::size_t kCount = std::size(kEntries);
static_assert(kCount == static_cast<std::size_t>(NoticeKind::KeysDropped), "every kind but None needs its words");

const Entry* entry_of(NoticeKind kind) {
  for (const Entry& e : kEntries)
    if (e.kind == kind) return &e;
  return nullptr;
}

// The sentences name at most two arguments; a missing one must not show as {0}.
std::string words(const Entry& entry, const char* part, std::span<const std::string> args, Reader reader) {
  std::string key = std::string("notice.") + entry.key + "." + part;
  if (reader == Reader::Operator && kit::translated(key + ".operator")) key += ".operator";
  return kit::tr(key, args.size() > 0 ? args[0] : std::string("?"), args.size() > 1 ? args[1] : std::string("?"));
}

}  // namespace

NoticeText notice_text(NoticeKind kind, std::span<const std::string> args, Reader reader) {
  const Entry* e = entry_of(kind);
  if (e == nullptr) return {};
  return {words(*e, "title", args, reader), words(*e, "sentence", args, reader), words(*e, "action", args, reader)};
}

std::span<const NoticeKind> all_notice_kinds() {
  static const auto kinds = [] {
    std::array<NoticeKind, kCount> out{};
    for (std::size_t i = 0; i < kCount; ++i) out[i] = kEntries[i].kind;
    return out;
  }();
  return kinds;
}

bool is_warning(NoticeKind kind) {
  const Entry* e = entry_of(kind);
  return e != nullptr && e->warning;
}

bool draw_notice(kit::Ui& ui, std::string_view id, const session::Notice& notice, bool dismissible) {
  if (notice.kind == NoticeKind::None) return false;
  const NoticeText t = notice_text(notice.kind, notice.args);
  const bool warning = is_warning(notice.kind);
  const std::string name(id);
  bool dismissed = false;
  kit::begin_card(ui, name, {.tone = warning ? kit::Tone::Warning : kit::Tone::Accent});
  kit::icon_text(ui, name + ".title", warning ? kit::icon::kWarning : kit::icon::kInfo, t.title,
                 {kit::Face::Strong, kit::Size::Body, warning ? kit::Tone::Warning : kit::Tone::Normal});
  kit::text(ui, name + ".sentence", t.sentence);
  kit::text(ui, name + ".action", t.action, {kit::Face::Strong, kit::Size::Body});
  if (dismissible)
    dismissed = kit::button(ui, name + ".dismiss", kit::tr("shared.understood"), {.kind = kit::ButtonKind::Quiet});
  kit::end_card(ui);
  return dismissed;
}

}  // namespace beside::views
