// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/wire/session_message.h"

#include <fmt/core.h>

namespace beside::wire {
namespace {

using inner::Inner;

constexpr std::uint32_t kMaxSide = 16384;   // pixels of a monitor
constexpr std::uint32_t kMostGrowth = 8;    // of video that is shown larger than it is coded
constexpr std::uint32_t kMaxDesktop = 65535;  // pixels of the whole desktop, a side
constexpr std::uint32_t kMaxMonitor = 16;
constexpr std::uint32_t kMaxCursorSide = 256;
constexpr std::uint32_t kMaxHidden = 64;    // parts of a kind

bool text_ok(const std::string& text, std::size_t limit) { return text.size() <= limit && is_utf8(text); }

Result<void> check(const inner::Introduce& m) {
  BS_PEER_CHECK(text_ok(m.name(), 64), "wire/inner: introduce.name");
  BS_PEER_CHECK(text_ok(m.organisation(), 64), "wire/inner: introduce.organisation");
  BS_PEER_CHECK(text_ok(m.program_version(), 32), "wire/inner: introduce.program_version");
  BS_PEER_CHECK(text_ok(m.locale(), 16), "wire/inner: introduce.locale");
  BS_PEER_CHECK(m.video_codecs_size() <= 16, "wire/inner: introduce.video_codecs");
  BS_PEER_CHECK(text_ok(m.system(), 96), "wire/inner: introduce.system");
  return {};
}
Result<void> check(const inner::Layout& m) {
  BS_PEER_CHECK(m.width() <= kMaxDesktop && m.height() <= kMaxDesktop, "wire/inner: layout.size");
  BS_PEER_CHECK(m.monitors_size() <= static_cast<int>(kMaxMonitor), "wire/inner: layout.monitors");
  std::uint32_t seen = 0;
  for (const auto& monitor : m.monitors()) {
    BS_PEER_CHECK(monitor.id() >= 1 && monitor.id() <= kMaxMonitor, "wire/inner: monitor.id");
    BS_PEER_CHECK((seen >> monitor.id() & 1u) == 0, "wire/inner: monitor.id twice");
    seen |= 1u << monitor.id();
    BS_PEER_CHECK(monitor.width() >= 1 && monitor.width() <= kMaxSide && monitor.height() >= 1 &&
                      monitor.height() <= kMaxSide, "wire/inner: monitor.size");
    // In 64 bits: x is any int32, so x + width may not fit.
    BS_PEER_CHECK(monitor.x() >= 0 && std::int64_t{monitor.x()} + monitor.width() <= std::int64_t{m.width()} &&
                      monitor.y() >= 0 && std::int64_t{monitor.y()} + monitor.height() <= std::int64_t{m.height()},
                  "wire/inner: monitor outside of the desktop");
    BS_PEER_CHECK(text_ok(monitor.name(), 32), "wire/inner: monitor.name");
  }
  return {};
}
Result<void> check(const inner::VideoOffer& m) {
  BS_PEER_CHECK(m.stream_id() >= 1 && m.stream_id() <= 15, "wire/inner: video_offer.stream_id");
  BS_PEER_CHECK(m.codec() >= 1 && m.codec() <= 4, "wire/inner: video_offer.codec");
  BS_PEER_CHECK(m.width() >= 1 && m.width() <= kMaxSide && m.height() >= 1 && m.height() <= kMaxSide,
                "wire/inner: video_offer.size");
  BS_PEER_CHECK(!m.sps().empty() && m.sps().size() <= 256, "wire/inner: video_offer.sps");
  BS_PEER_CHECK(m.pps().size() <= 256 && m.pps().empty() == (m.codec() > 2), "wire/inner: video_offer.pps");
  BS_PEER_CHECK(m.monitor_id() <= kMaxMonitor, "wire/inner: video_offer.monitor_id");
  BS_PEER_CHECK(text_ok(m.encoder(), 32), "wire/inner: video_offer.encoder");
  BS_PEER_CHECK(m.x() < kMaxSide && m.y() < kMaxSide && m.generation() <= 0xffff, "wire/inner: video_offer.place");
  if (m.shown_width() == 0 && m.shown_height() == 0) return {};
  const auto grows = [](std::uint32_t coded, std::uint32_t shown) { return shown >= coded && shown <= kMaxSide && shown <= coded * kMostGrowth; };
  BS_PEER_CHECK(grows(m.width(), m.shown_width()) && grows(m.height(), m.shown_height()), "wire/inner: video_offer.shown");
  return {};
}
Result<void> check(const inner::CursorShape& m) {
  BS_PEER_CHECK(m.width() >= 1 && m.width() <= kMaxCursorSide && m.height() >= 1 && m.height() <= kMaxCursorSide,
                "wire/inner: cursor_shape.size");
  BS_PEER_CHECK(m.hot_x() < m.width() && m.hot_y() < m.height(), "wire/inner: cursor_shape.hot");
  BS_PEER_CHECK(m.bgra().size() == std::size_t{m.width()} * m.height() * 4, "wire/inner: cursor_shape.bgra");
  return {};
}

Result<void> check_body(const Inner& m) {
  switch (m.body_case()) {
    case Inner::kIntroduce: return check(m.introduce());
    case Inner::kAsk:
      BS_PEER_CHECK(text_ok(m.ask().reason(), 200), "wire/inner: ask.reason");
      return {};
    case Inner::kRightsNow:
      BS_PEER_CHECK(m.rights_now().monitor_id() <= kMaxMonitor, "wire/inner: rights_now.monitor_id");
      return {};
    case Inner::kStop:
      BS_PEER_CHECK(text_ok(m.stop().detail(), 200), "wire/inner: stop.detail");
      return {};
    case Inner::kLayout: return check(m.layout());
    case Inner::kVideoOffer: return check(m.video_offer());
    case Inner::kTileOffer:
      BS_PEER_CHECK(m.tile_offer().first_seq() <= 0xffff, "wire/inner: tile_offer.first_seq");
      BS_PEER_CHECK(text_ok(m.tile_offer().how(), 200), "wire/inner: tile_offer.how");
      return {};
    case Inner::kVideoAnswer:
      BS_PEER_CHECK(m.video_answer().stream_id() >= 1 && m.video_answer().stream_id() <= 15, "wire/inner: video_answer.stream_id");
      BS_PEER_CHECK(text_ok(m.video_answer().why(), 200), "wire/inner: video_answer.why");
      return {};
    case Inner::kStreamAnnounce:
      BS_PEER_CHECK(m.stream_announce().stream_id() <= 15, "wire/inner: stream_announce.stream_id");
      BS_PEER_CHECK(m.stream_announce().kind() >= 1 && m.stream_announce().kind() <= 3, "wire/inner: stream_announce.kind");
      return {};
    case Inner::kChooseMonitor:
      BS_PEER_CHECK(m.choose_monitor().monitor_id() <= kMaxMonitor, "wire/inner: choose_monitor.monitor_id");
      return {};
    case Inner::kCursorShape: return check(m.cursor_shape());
    case Inner::kHidden:
      BS_PEER_CHECK(m.hidden().windows() <= kMaxHidden && m.hidden().monitors() <= kMaxHidden && m.hidden().areas() <= kMaxHidden,
                    "wire/inner: hidden");
      return {};
    case Inner::kPictureKept:
      BS_PEER_CHECK(m.picture_kept().width() >= 1 && m.picture_kept().width() <= kMaxSide && m.picture_kept().height() >= 1 &&
                        m.picture_kept().height() <= kMaxSide, "wire/inner: picture_kept.size");
      return {};
    case Inner::kVideoBudget:
      BS_PEER_CHECK(m.video_budget().most_fps() <= 240 && m.video_budget().scale() >= 1 && m.video_budget().scale() <= 8, "wire/inner: video_budget");
      return {};
    case Inner::kJournalHead:
      BS_PEER_CHECK(m.journal_head().head().size() == 32, "wire/inner: journal_head.head");
      return {};
    case Inner::kReceiptHeld:
      BS_PEER_CHECK(m.receipt_held().receipt().size() == 32, "wire/inner: receipt_held.receipt");
      return {};
    case Inner::kAnswer:
    case Inner::kGiveBack:
    case Inner::kWithdraw:
    case Inner::kPause:
    case Inner::kTyping:
    case Inner::kMediaWay:   // numbers beyond ours are a later version's
    case Inner::kProbe:
    case Inner::kProbeReply:
    case Inner::BODY_NOT_SET: return {};
  }
  return {};
}

}  // namespace

Result<void> check_inner(const Inner& message) {
  BS_PEER_CHECK(message.ByteSizeLong() <= kMaxInnerBytes, "wire/inner: too large");
  return check_body(message);
}

Result<Inner> parse_inner(ByteSpan message) {
  BS_PEER_CHECK(message.size() <= kMaxInnerBytes, "wire/inner: too large");
  Inner parsed;
  BS_PEER_CHECK(parsed.ParseFromArray(message.data(), static_cast<int>(message.size())), "wire/inner: not an Inner");
  if (auto ok = check_body(parsed); !ok) return fail(ok);
  return parsed;
}

Bytes serialize_inner(const Inner& message) {
  Bytes out(message.ByteSizeLong());
  message.SerializeToArray(out.data(), static_cast<int>(out.size()));
  return out;
}

std::string dump_inner(const Inner& m) {
  const std::size_t size = m.ByteSizeLong();
  switch (m.body_case()) {
    case Inner::kIntroduce: return fmt::format("Introduce built_rights={:#x} {} bytes", m.introduce().built_rights(), size);
    case Inner::kAsk: return fmt::format("Ask id={} rights={:#x}", m.ask().ask_id(), m.ask().rights());
    case Inner::kAnswer: return fmt::format("Answer id={} granted={:#x}", m.answer().ask_id(), m.answer().granted());
    case Inner::kRightsNow:
      return fmt::format("RightsNow rights={:#x} revision={} monitor={} cause={}", m.rights_now().rights(),
                         m.rights_now().revision(), m.rights_now().monitor_id(), m.rights_now().cause());
    case Inner::kGiveBack: return fmt::format("GiveBack rights={:#x}", m.give_back().rights());
    case Inner::kWithdraw: return fmt::format("Withdraw id={}", m.withdraw().ask_id());
    case Inner::kStop: return fmt::format("Stop reason={}", static_cast<int>(m.stop().reason()));
    case Inner::kPause: return fmt::format("Pause {} refused={}", m.pause().paused(), m.pause().refused_events());
    case Inner::kLayout:
      return fmt::format("Layout generation={} {}x{} monitors={}", m.layout().generation(), m.layout().width(),
                         m.layout().height(), m.layout().monitors_size());
    case Inner::kVideoOffer:
      return fmt::format("VideoOffer stream={} codec={} {}x{} shown={}x{} ssrc={:08x}", m.video_offer().stream_id(), m.video_offer().codec(),
                         m.video_offer().width(), m.video_offer().height(), m.video_offer().shown_width(), m.video_offer().shown_height(),
                         m.video_offer().ssrc());
    case Inner::kTileOffer:
      return fmt::format("TileOffer ssrc={:08x} first_seq={}", m.tile_offer().ssrc(), m.tile_offer().first_seq());
    case Inner::kVideoAnswer:
      return fmt::format("VideoAnswer stream={} accepted={}", m.video_answer().stream_id(), m.video_answer().accepted());
    case Inner::kStreamAnnounce:
      return fmt::format("StreamAnnounce stream={} ssrc={:08x} kind={}", m.stream_announce().stream_id(),
                         m.stream_announce().ssrc(), m.stream_announce().kind());
    case Inner::kChooseMonitor: return fmt::format("ChooseMonitor {}", m.choose_monitor().monitor_id());
    case Inner::kCursorShape:
      return fmt::format("CursorShape serial={} {}x{}", m.cursor_shape().serial(), m.cursor_shape().width(), m.cursor_shape().height());
    case Inner::kHidden:
      return fmt::format("Hidden windows={} monitors={} areas={} one_window={}", m.hidden().windows(), m.hidden().monitors(), m.hidden().areas(), m.hidden().one_window());
    case Inner::kPictureKept: return fmt::format("PictureKept {}x{}", m.picture_kept().width(), m.picture_kept().height());
    case Inner::kVideoBudget: return fmt::format("VideoBudget most_fps={} scale={}", m.video_budget().most_fps(), m.video_budget().scale());
    case Inner::kMediaWay: return fmt::format("MediaWay rung={} reason={}", m.media_way().rung(), m.media_way().reason());
    case Inner::kTyping: return fmt::format("Typing {}", m.typing().typing());
    case Inner::kJournalHead: return fmt::format("JournalHead lines={}", m.journal_head().lines());
    case Inner::kReceiptHeld: return "ReceiptHeld";
    case Inner::kProbe: return "Probe";
    case Inner::kProbeReply: return "ProbeReply";
    case Inner::BODY_NOT_SET: break;
  }
  return fmt::format("- {} bytes", size);
}

}  // namespace beside::wire
