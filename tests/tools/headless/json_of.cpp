// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/tools/headless/json_of.h"

#include <nlohmann/json.hpp>

#include "tests/tools/headless/words.h"

namespace beside::headless {
namespace {

using nlohmann::json;

json notice_of(const session::Notice& notice) {
  if (notice.kind == session::NoticeKind::None) return nullptr;
  return {{"kind", name_of(notice.kind)}, {"args", notice.args}, {"id", notice.id}};
}

json peer_of(const session::PeerView& peer) {
  return {{"name", peer.name}, {"organisation", peer.organisation}, {"system", peer.system}, {"verified", name_of(peer.verified)},
          {"words", peer.check_words}};
}

json chat_of(const std::vector<session::ChatLine>& chat) {
  json out = json::array();
  for (const session::ChatLine& line : chat) {
    out.push_back({{"mine", line.mine}, {"system", line.system}, {"text", line.text}, {"pending", line.pending}, {"seq", line.seq}});
  }
  return out;
}

json layout_of(const DesktopLayout& layout) {
  json monitors = json::array();
  for (const MonitorInfo& m : layout.monitors) {
    monitors.push_back({{"id", m.id}, {"area", {m.area.x, m.area.y, m.area.width, m.area.height}}, {"name", m.name}, {"primary", m.primary}});
  }
  return {{"generation", layout.generation}, {"width", layout.width}, {"height", layout.height}, {"monitors", monitors}};
}

json media_of(const session::MediaView& media) {
  return {{"rung", name_of(media.rung)}, {"reason", name_of(media.reason)}, {"encoder", media.encoder}, {"width", media.width},
          {"height", media.height}, {"most_fps", media.most_fps}, {"scale", media.video_scale}, {"datagram", media.datagram_bytes}, {"peer_rung", name_of(media.peer_rung)},
          {"peer_reason", name_of(media.peer_reason)}, {"failed_ways", media.failed_ways}};
}

json end_of(const session::EndView& end) {
  json uses = json::array();
  for (const auto& use : end.uses) uses.push_back({{"right", beside::name_of(use.right)}, {"granted_ms", use.granted_ms}, {"used", use.used}});
  return {{"cause", name_of(end.cause)}, {"uses", uses}, {"duration_ms", end.duration_ms}, {"journal", end.journal_path},
          {"receipt", end.receipt_hex}, {"receipt_matches", end.receipt_matches}};
}

json step_of(const session::LadderView::Step& step) { return {{"p50_us", step.p50_us}, {"p95_us", step.p95_us}}; }

}  // namespace

json state_of(const session::CustomerSnapshot& s) {
  json ask = nullptr;
  if (s.ask) ask = {{"id", s.ask->id}, {"rights", names_of(s.ask->rights)}, {"reason", s.ask->reason}};
  return {{"stage", name_of(s.stage)},
          {"company", s.company},
          {"relay_up", s.relay_up},
          {"notice", notice_of(s.notice)},
          {"peer", peer_of(s.peer)},
          {"ask", ask},
          {"granted", names_of(s.granted)},
          {"in_use", names_of(s.in_use)},
          {"paused", names_of(s.paused)},
          {"control_paused_by_me", s.control_paused_by_me},
          {"monitor", s.monitor_id},
          {"layout", layout_of(s.layout)},
          {"capture_limits", s.capture_limits},
          {"screen_available", s.screen_available},
          {"chat", chat_of(s.chat)},
          {"peer_typing", s.peer_typing},
          {"recovering", s.recovering},
          {"media", media_of(s.media)},
          {"end", s.stage == session::CustomerStage::Ended ? end_of(s.end) : json(nullptr)}};
}

json state_of(const session::OperatorSnapshot& s) {
  return {{"stage", name_of(s.stage)}, {"company", s.company},         {"relay_up", s.relay_up},
          {"notice", notice_of(s.notice)}, {"login", s.login}, {"display_name", s.display_name}, {"past", s.past.size()}};
}

json state_of(const session::SessionView& s) {
  return {{"stage", name_of(s.stage)},
          {"code", s.code},
          {"code_replaces_dead_one", s.code_replaces_dead_one},
          {"peer", peer_of(s.peer)},
          {"notice", notice_of(s.notice)},
          {"granted", names_of(s.granted)},
          {"paused", names_of(s.paused)},
          {"asked", names_of(s.asked)},
          {"refused", names_of(s.refused)},
          {"control_paused_by_customer", s.control_paused_by_customer},
          {"refused_events", s.refused_events},
          {"layout", layout_of(s.layout)},
          {"monitor", s.monitor_id},
          {"chat", chat_of(s.chat)},
          {"peer_typing", s.peer_typing},
          {"unread", s.unread},
          {"media", media_of(s.media)},
          {"picture_current", s.picture_current},
          {"end", s.stage == session::SessionStage::Ended ? end_of(s.end) : json(nullptr)}};
}

json figures_of(const session::MediaView& media) {
  return {{"rtt_ms", media.rtt_ms},       {"frames", media.frames},           {"bytes", media.bytes},
          {"lost_packets", media.lost_packets}, {"key_requests", media.key_requests}, {"encoder", media.encoder},
          {"rung", name_of(media.rung)}};
}

json figures_of(const session::LadderView& ladder) {
  return {{"decided", step_of(ladder.decided)}, {"encoded", step_of(ladder.encoded)}, {"sent", step_of(ladder.sent)}, {"received", step_of(ladder.received)},
          {"decoded", step_of(ladder.decoded)}, {"shown", step_of(ladder.shown)}};
}

}  // namespace beside::headless
