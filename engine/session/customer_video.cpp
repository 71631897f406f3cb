// SPDX-License-Identifier: GPL-3.0-or-later
// CustomerSession's half that sends what is seen: layout, stream, pictures, cursor.
#include <algorithm>
#include <utility>

#include "engine/base/log.h"
#include "engine/base/trace.h"
#include "engine/session/customer_session.h"

namespace beside::session {
namespace {

constexpr const char* kTiles = "exact tiles";
constexpr auto kRefreshPause = 500ms;              // between two refreshes that a viewer asks for
constexpr std::size_t kAroundTiles = 86;           // header, extension, tag; and those of the parity that protects a packet
constexpr std::size_t kMostCursorBytes = 60'000;   // an Inner message carries 64 KiB

}  // namespace

bool CustomerSession::has_monitor(std::uint32_t id) const {
  return id == 0 || std::any_of(layout_.monitors.begin(), layout_.monitors.end(), [&](const MonitorInfo& m) { return m.id == id; });
}

// Two threads watch the desktop, and number what they see alike.
void CustomerSession::on_new_layout(const DesktopLayout& layout) {
  if (!ended_ && layout.generation > layout_.generation) on_layout(layout);
}

void CustomerSession::on_layout(const DesktopLayout& layout) {
  layout_ = layout;
  if (!has_monitor(consent_.monitor_id())) {
    // It was for that monitor only, and what is left was never granted.
    const Rights shared = consent_.granted() & (Right::See | Right::Point | Rights(Right::Control));
    take_back(shared, "the monitor that was shared is gone");
    if (!shared.empty()) events_.notice(NoticeKind::MonitorGone, {});
  } else if (!has_monitor(viewed_monitor_)) {
    viewed_monitor_ = 0;
    apply_screen();
  }
  if (consent_.in_force().has(Right::See)) {
    inner::Inner out;
    inner::Layout& l = *out.mutable_layout();
    l.set_generation(layout.generation);
    l.set_width(static_cast<std::uint32_t>(layout.width));
    l.set_height(static_cast<std::uint32_t>(layout.height));
    for (const MonitorInfo& m : layout.monitors) {
      if (consent_.monitor_id() != 0 && m.id != consent_.monitor_id()) continue;
      inner::Monitor& w = *l.add_monitors();
      w.set_id(m.id);
      w.set_x(m.area.x);
      w.set_y(m.area.y);
      w.set_width(static_cast<std::uint32_t>(m.area.width));
      w.set_height(static_cast<std::uint32_t>(m.area.height));
      w.set_name(m.name.substr(0, 32));
      w.set_primary(m.primary);
    }
    (void)link_->send(out);
  }
  events_.changed();
}

// ---- tiles ----

// A viewer that has nothing: numbers, keys and picture begin anew.
void CustomerSession::new_tile_stream() {
  std::uint8_t raw[6];
  ports_.random(raw);
  ByteReader random(raw);
  tiles_.number += 1;
  tiles_.ssrc = Ssrc{random.u32()};
  tiles_.next = SeqNo{static_cast<std::uint16_t>(random.u16() & 0x7fff)};
  tiles_.taken = 0;
  tiles_.tail_due = kNever;
  inner::Inner out;
  out.mutable_tile_offer()->set_ssrc(tiles_.ssrc.value);
  out.mutable_tile_offer()->set_first_seq(tiles_.next.value);
  std::string how = capture_limits_;
  while (how.size() > 200 || !is_utf8(how)) how.pop_back();
  out.mutable_tile_offer()->set_how(how);
  (void)link_->send(out);
  media_.encoder = kTiles;
}

void CustomerSession::on_tiles(std::uint32_t stream, std::vector<TileSender::Part> parts) {
  if (stream != tiles_.number) return;
  const LocalTime now = ports_.clock->now();
  for (TileSender::Part& part : parts) {
    tiles_.taken += part.payload.size();
    tiles_.tail_due = part.tail_due;
    wire::RtpHeader header;
    header.marker = part.last;
    header.payload_type = wire::kPayloadTiles;
    header.seq = std::exchange(tiles_.next, tiles_.next.next());
    header.timestamp = wire::to_90khz(part.captured_at);
    header.ssrc = tiles_.ssrc;
    header.abs_capture_time = wire::to_uq32_32(part.captured_at);
    // A part may have waited; the right counts when it leaves. Its number is used up all the same: the viewer reports it as
    // lost, and what it held is sent again as far as it may be seen then.
    const auto what = wire::parse_tile_header(part.payload);
    const bool narrowed = consent_.monitor_id() != 0 && what && what->monitor_id != consent_.monitor_id();
    if (ended_ || !consent_.in_force().has(Right::See) || !what || narrowed || part.captured_at < hidden_since_) continue;
    if (what->width != media_.width || what->height != media_.height) {
      media_.width = what->width;
      media_.height = what->height;
      events_.changed();
    }
    wire::stamp_tiles_sent(part.payload, std::chrono::duration_cast<microseconds>(std::max<nanoseconds>(now - part.captured_at, 0ns)));
    Bytes packet = wire::build_rtp(header, part.payload);
    media_.bytes += packet.size();
    if (!link_->send_rtp(std::move(packet), flow::Pacer::Class::Tiles)) continue;
    media_.frames += part.last ? 1 : 0;
    if (!std::exchange(first_told_, true))
      BS_LOG(Info, "video", "first tiles captured_us={} decided_us={} sent_us={}", to_us(part.captured_at), what->decided.count(), to_us(now));
  }
  used(Right::See);
  link_->poll(now);
  tell_line();
}

void CustomerSession::tell_line() {
  if (!screen_ || !see_running_) return;
  using Class = flow::Pacer::Class;
  TileLine line;
  line.kbps = link_->rate().target_kbps();
  for (const Class cls : {Class::Urgent, Class::Voice, Class::Tiles}) line.queued_bytes += link_->queued_bytes(cls);
  line.taken_bytes = tiles_.taken;
  line.rtt = link_->rate().rtt().value_or(link_->rtt().value_or(100ms));
  line.lost = link_->line_lost();
  // A tunnel that takes less than what passes nearly everywhere. Below 512 bytes parts are padded in such steps.
  if (const std::size_t most = link_->datagram_bytes(); most < flow::PathMtu::kBase)
    line.part_bytes = (most - std::min(most, kAroundTiles)) / wire::kTilePadStep * wire::kTilePadStep;
  screen_->set_line(line);
}

// ---- video of a region ----

void CustomerSession::on_stream(const StreamInfo& info) {
  std::uint8_t raw[6];
  ports_.random(raw);
  ByteReader random(raw);
  flow::VideoSender::Settings settings;
  settings.ssrc = Ssrc{random.u32()};
  settings.first_seq = static_cast<std::uint16_t>(random.u16() & 0x7fff);
  settings.av1 = ports::is_av1(info.codec);
  if (video_.size() >= kMostVideoStreams) video_.pop_front();   // the viewer does the same
  video_.push_back({info, false, flow::VideoSender(settings), {}});
  inner::Inner out;
  inner::VideoOffer& offer = *out.mutable_video_offer();
  offer.set_stream_id(info.id());
  offer.set_codec(static_cast<std::uint32_t>(info.codec));
  offer.set_width(static_cast<std::uint32_t>(info.width));
  offer.set_height(static_cast<std::uint32_t>(info.height));
  offer.set_sps(as_text(info.sps).data(), info.sps.size());
  offer.set_pps(as_text(info.pps).data(), info.pps.size());
  offer.set_ssrc(settings.ssrc.value);
  offer.set_encoder(info.encoder.substr(0, 32));
  offer.set_x(static_cast<std::uint32_t>(info.place.x));
  offer.set_y(static_cast<std::uint32_t>(info.place.y));
  if (info.place.width != info.width || info.place.height != info.height) {
    offer.set_shown_width(static_cast<std::uint32_t>(info.place.width));
    offer.set_shown_height(static_cast<std::uint32_t>(info.place.height));
  }
  offer.set_generation(info.generation);
  (void)link_->send(out, flow::InnerMux::kMedia);
  events_.changed();
}

// The viewer can play the newest stream, or cannot; or it could not go on with one.
void CustomerSession::on_video_answer(const inner::VideoAnswer& answer) {
  if (!screen_ || video_.empty()) return;
  if (!answer.accepted()) {
    const auto refused = std::find_if(video_.begin(), video_.end(), [&](const SentVideo& v) { return v.info.id() == answer.stream_id(); });
    if (refused == video_.end()) return;
    BS_LOG(Warn, "video", "the viewer does not play {}: {}", refused->info.encoder, answer.why());
    media_.encoder = kTiles;
    events_.notice(NoticeKind::VideoFellBack, {refused->info.encoder, kTiles});
    video_.erase(refused);
    return screen_->refused();
  }
  SentVideo& video = video_.back();
  if (answer.stream_id() != video.info.id() || video.accepted) return;
  video.accepted = true;
  media_.encoder = std::string(kTiles) + ", " + video.info.encoder;
  screen_->accepted(video.info.number);
}

void CustomerSession::on_picture(std::uint32_t stream, ports::EncodedPicture picture) {
  for (SentVideo& video : video_)
    if (video.info.number == stream && video.accepted && picture.captured_at >= hidden_since_) send_picture(video, picture);
}

void CustomerSession::send_picture(SentVideo& video, const ports::EncodedPicture& picture) {
  // A picture may have waited for the viewer's answer; the right counts when it leaves.
  if (ended_ || !consent_.in_force().has(Right::See)) return;
  const LocalTime now = ports_.clock->now();
  video.sender.set_datagram(link_->datagram_bytes());
  for (Bytes& packet : video.sender.packetize(picture.annex_b, picture.captured_at)) {
    const auto header = wire::peek_rtp(packet);
    Bytes sealed;
    if (!link_->send_rtp(std::move(packet), flow::Pacer::Class::Video, &sealed)) return;
    if (header) tail_.sent(header->ssrc, header->seq, now);
    media_.bytes += sealed.size();
    quality_.on_video(sealed.size());
    video.sender.keep(std::move(sealed), now);
  }
  ++media_.frames;
  film_until_ = now + kFilmRests;
  video.sent_at = now;
  used(Right::See);
  link_->poll(now);
  if (trace::on()) trace::span("send video", picture.encoded_at, ports_.clock->now(), video.info.number);
  screen_->set_hold(link_->line_full(flow::Pacer::Class::Video));
}

void CustomerSession::on_rtcp(const std::vector<wire::RtcpPacket>& packets) {
  const LocalTime now = ports_.clock->now();
  const bool tiles_run = screen_ && see_running_;   // else nobody would carry out what is asked for
  for (const auto& packet : packets) {
    if (const auto* report = std::get_if<wire::TileReport>(&packet); report != nullptr && tiles_run && report->media == tiles_.ssrc) {
      media_.lost_packets += static_cast<std::size_t>(std::count(report->applied.begin(), report->applied.end(), false));
      // Mostly the report is there long before anybody would ask, and the capture thread sleeps on.
      if (static_cast<std::uint16_t>(report->begin_seq + report->applied.size()) == tiles_.next.value) tiles_.tail_due = kNever;
      screen_->report(*report);
    }
    if (const auto* pli = std::get_if<wire::Pli>(&packet); pli != nullptr && tiles_run && pli->media == tiles_.ssrc && now >= refresh_due_) {
      refresh_due_ = now + kRefreshPause;
      ++media_.key_requests;
      screen_->refresh();
    }
    if (const auto* feedback = std::get_if<wire::CcFeedback>(&packet)) tail_.on_feedback(*feedback);
    if (const auto* nack = std::get_if<wire::Nack>(&packet)) media_.lost_packets += nack->lost.size();
  }
  tell_line();
  for (SentVideo& video : video_) {
    // Before new pictures, but within the line's rate: what is asked for again may be much.
    video.sender.set_repeat_pause(link_->rate().rtt().value_or(0ns) + link_->send_delay());
    for (Bytes& again : video.sender.on_rtcp(packets, now)) link_->send_sealed(std::move(again), flow::Pacer::Class::VideoAgain);
    if (!video.sender.take_key_request(now) || !screen_) continue;
    ++media_.key_requests;
    screen_->request_key(video.info.number);
  }
  if (!screen_) return;
  screen_->set_target_kbps(link_->rate().target_kbps());
  screen_->set_hold(link_->line_full(flow::Pacer::Class::Video));
}

LocalTime CustomerSession::tail_due() const {
  if (!see_running_ || link_->line_lost()) return kNever;
  return tail_.due(link_->rate().rtt().value_or(100ms), link_->send_delay());
}

void CustomerSession::watch_tail(LocalTime now) {
  if (tiles_.tail_due <= now && screen_) {
    tiles_.tail_due = kNever;   // what is sent then tells of the next
    screen_->ask_tail();
  }
  if (tail_due() > now) return;
  const auto step = tail_.poll(link_->rate().rtt().value_or(100ms), link_->send_delay(), now);
  Bytes again;
  for (SentVideo& video : video_)
    if (step == flow::TailWatch::Step::Repeat && tail_.ssrc() == video.sender.ssrc()) again = video.sender.repeat_last(now);
  if (!again.empty()) link_->send_sealed(std::move(again), flow::Pacer::Class::VideoAgain);
  else if (step != flow::TailWatch::Step::None && screen_) screen_->request_key(0);
}

void CustomerSession::on_cursor_shape(const ports::CursorImage& image) {
  if (!consent_.in_force().has(Right::See)) return;
  cursor_serial_ = image.serial;
  int step = 1;
  while (static_cast<std::size_t>(image.width / step) * static_cast<std::size_t>(image.height / step) * 4 > kMostCursorBytes) ++step;
  inner::Inner out;
  inner::CursorShape& shape = *out.mutable_cursor_shape();
  const int width = image.width / step, height = image.height / step;
  std::string bgra;
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      const std::size_t at = (static_cast<std::size_t>(y * step) * static_cast<std::size_t>(image.width) + static_cast<std::size_t>(x * step)) * 4;
      for (std::size_t c = 0; c < 4; ++c) bgra.push_back(static_cast<char>(image.bgra[at + c]));
    }
  }
  shape.set_serial(image.serial);
  shape.set_width(static_cast<std::uint32_t>(width));
  shape.set_height(static_cast<std::uint32_t>(height));
  shape.set_hot_x(static_cast<std::uint32_t>(std::clamp(image.hot_x / step, 0, std::max(0, width - 1))));
  shape.set_hot_y(static_cast<std::uint32_t>(std::clamp(image.hot_y / step, 0, std::max(0, height - 1))));
  shape.set_bgra(std::move(bgra));
  (void)link_->send(out);
}

void CustomerSession::send_cursor(LocalTime now) {
  while (const auto cell = cursor_.poll(now)) {
    wire::RtpHeader header;
    header.payload_type = wire::kPayloadCursor;
    header.seq = SeqNo{cursor_seq_++};
    header.timestamp = wire::to_90khz(now);
    header.ssrc = Ssrc{cursor_ssrc_};
    if (!link_->send_rtp(wire::build_rtp(header, *cell), flow::Pacer::Class::Urgent)) break;
  }
}

}  // namespace beside::session
