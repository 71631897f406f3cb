// SPDX-License-Identifier: GPL-3.0-or-later
// OperatorSession's half that receives what is seen: tiles, video of regions, cursor; and how long each step took.
#include <algorithm>

#include "engine/base/log.h"
#include "engine/base/trace.h"
#include "engine/session/operator_session.h"

namespace beside::session {
namespace {

constexpr auto kLadderWindow = 5s;
constexpr const char* kTiles = "exact tiles";
constexpr std::size_t kMostWhy = 200;      // bytes
constexpr std::size_t kMostEarly = 4096;   // packets before the offer of their stream

std::int64_t percentile(std::vector<std::int64_t>& values, int percent) {
  if (values.empty()) return -1;
  const std::size_t at = std::min(values.size() - 1, values.size() * static_cast<std::size_t>(percent) / 100);
  std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(at), values.end());
  return values[at];
}

}  // namespace

void OperatorSession::make_screen() {
  if (screen_) return;
  ScreenReceiver::Events events;
  events.need_key = [this](std::uint8_t stream) {
    for (PlayedVideo& v : video_)
      if (v.stream == stream) v.receiver.request_key(ports_.clock->now());
    ports_.wake();
  };
  events.ready = [this](std::uint8_t stream) { answer_offer(stream, {}); };
  events.broken = [this](std::uint8_t stream, const Error& error) {
    const auto played = std::find_if(video_.begin(), video_.end(), [&](const PlayedVideo& v) { return v.stream == stream; });
    if (played == video_.end()) return;
    notice_ = {NoticeKind::VideoFellBack, {played->encoder, kTiles}, ++notice_id_};
    video_.erase(played);
    answer_offer(stream, dump_error(error));
    media_.encoder = kTiles;
    events_.changed();
  };
  events.refused = [this](const Error& error) {
    notice_ = {NoticeKind::VideoRefused, {dump_error(error)}, ++notice_id_};
    events_.changed();
  };
  events.shown = [this](const ports::UpdateTimes& times) { on_shown(times); };
  shown_last_ = {};
  auto canvas = std::make_shared<ports::Canvas>([id = local_id_, changed = ports_.canvas_changed] {
    if (changed) changed(id);
  }, ports::Canvas::Seen::WhenCommitted);
  if (ports_.canvas) ports_.canvas(local_id_, canvas);
  canvas_ = canvas;
  screen_ = std::make_unique<ScreenReceiver>(ScreenReceiver::Tools{ports_.make_decoder, ports_.to_pixels, ports_.make_tile_decoder()},
                                             std::move(canvas), std::move(events), ports_.post, ports_.post_unhurried ? ports_.post_unhurried : ports_.post);
}

// The right is gone, or the session: so is all that was seen. A new canvas is told with the next offer.
void OperatorSession::drop_screen() {
  video_.clear();
  tiles_.reset();
  early_.clear();
  screen_.reset();
  canvas_.reset();
  if (screenshot_) forget_screenshot();   // what waits for a picture that is gone waits no more
  ports_.gone(local_id_);
}

// ---- tiles ----

void OperatorSession::on_tile_offer(const inner::TileOffer& offer) {
  make_screen();
  screen_->begin_tiles();
  tiles_.emplace(Ssrc{offer.ssrc()}, Ssrc{own_ssrc_}, SeqNo{static_cast<std::uint16_t>(offer.first_seq())});
  media_.encoder = kTiles;
  media_.capture = offer.how();
  const auto early = std::exchange(early_, {});
  if (early_ssrc_ == tiles_->media())
    for (const EarlyTile& tile : early) tiles_->receive(tile.seq, tile.payload, tile.captured_at, tile.at);
  drain_tiles(ports_.clock->now());
}

void OperatorSession::on_tiles(const wire::RtpPacket& packet, LocalTime now) {
  const PeerTime captured = packet.header.abs_capture_time ? wire::from_uq32_32(*packet.header.abs_capture_time) : PeerTime{};
  if (tiles_ && packet.header.ssrc == tiles_->media()) {
    tiles_->receive(packet.header.seq, packet.payload, captured, now);
    return drain_tiles(now);
  }
  if (early_ssrc_ != packet.header.ssrc) early_.clear();
  early_ssrc_ = packet.header.ssrc;
  if (early_.size() < kMostEarly) early_.push_back({packet.header.seq, to_bytes(packet.payload), captured, now});
}

void OperatorSession::drain_tiles(LocalTime now) {
  if (!tiles_) return;
  if (link_->rtt()) tiles_->set_rtt(*link_->rtt());
  while (screen_->has_room()) {
    auto packet = tiles_->take(now);
    if (!packet) break;
    record_.use(Right::See);
    if (const auto header = wire::parse_tile_header(packet->payload);
        header && (header->width != media_.width || header->height != media_.height || header->monitor_id != monitor_id_)) {
      media_.width = header->width;
      media_.height = header->height;
      monitor_id_ = header->monitor_id;
      events_.changed();
    }
    screen_->push_tiles(std::move(*packet));
  }
  if (auto report = tiles_->poll(now, link_->rtcp_gathered())) link_->send_rtcp({std::move(*report)});
}

// ---- video of a region ----

void OperatorSession::on_offer(const inner::VideoOffer& offer) {
  ReceiveParams params;
  params.codec = static_cast<ports::VideoCodec>(offer.codec());
  params.width = static_cast<int>(offer.width());
  params.height = static_cast<int>(offer.height());
  params.shown_width = static_cast<int>(offer.shown_width() != 0 ? offer.shown_width() : offer.width());
  params.shown_height = static_cast<int>(offer.shown_height() != 0 ? offer.shown_height() : offer.height());
  params.sps = to_bytes(as_bytes(offer.sps()));
  params.pps = to_bytes(as_bytes(offer.pps()));
  params.stream = static_cast<std::uint8_t>(offer.stream_id());
  params.x = static_cast<int>(offer.x());
  params.y = static_cast<int>(offer.y());
  params.generation = static_cast<std::uint16_t>(offer.generation());
  if ((ports::is_av1(params.codec) && !ports_.decodes_av1) || offer.stream_id() > wire::kMaxVideoStream) return answer_offer(offer.stream_id(), "unknown codec");
  make_screen();
  const std::uint8_t stream = params.stream;
  const ports::VideoCodec codec = params.codec;
  screen_->configure_video(std::move(params));
  std::erase_if(video_, [&](const PlayedVideo& v) { return v.stream == stream; });
  // The customer's side counts alike: what it still sends is among them.
  if (video_.size() >= kMostVideoStreams) {
    screen_->drop_video(video_.front().stream);
    video_.pop_front();
  }
  video_.push_back({stream, Ssrc{offer.ssrc()}, flow::VideoReceiver(Ssrc{offer.ssrc()}, Ssrc{own_ssrc_}, ports::is_av1(codec)), offer.encoder()});
  media_.encoder = std::string(kTiles) + ", " + offer.encoder();
}

// Once its decoder is there, or as soon as it is known that there is none: what is accepted is sent as nothing but video.
void OperatorSession::answer_offer(std::uint32_t stream, std::string why_not) {
  while (why_not.size() > kMostWhy || !is_utf8(why_not)) why_not.pop_back();
  inner::Inner out;
  inner::VideoAnswer& answer = *out.mutable_video_answer();
  answer.set_stream_id(stream);
  answer.set_accepted(why_not.empty());
  answer.set_why(std::move(why_not));
  (void)link_->send(out, flow::InnerMux::kMedia);
}

void OperatorSession::on_rtp(const wire::RtpPacket& packet, ByteSpan whole) {
  const LocalTime now = ports_.clock->now();
  // What moves is watched: a film that stands still because the line died must not look like one that was paused.
  if (packet.header.payload_type == wire::kPayloadTiles || packet.header.payload_type == wire::kPayloadVideo) link_->attend();
  if (packet.header.payload_type == wire::kPayloadTiles) {
    media_.bytes += whole.size();
    on_tiles(packet, now);
  } else if (packet.header.payload_type == wire::kPayloadVideo) {
    media_.bytes += whole.size();
    for (PlayedVideo& v : video_) {
      if (v.ssrc != packet.header.ssrc) continue;
      if (link_->rtt()) v.receiver.set_rtt(*link_->rtt());
      if (const auto taken = v.receiver.receive(whole, now); !taken) BS_LOG_LIMITED(Warn, "video", "{}", dump_error(taken.error()));
    }
    drain_video(now);
  } else if (packet.header.payload_type == wire::kPayloadCursor) {
    auto update = cursor_.receive(packet.payload);
    if (!update) return;
    if (update->input_ack.value != 0) (void)input_.on_ack(update->input_ack, now);
    input_.set_cursor_ack(cursor_.next_expected());
    if (update->spot) ports_.cursor_position(local_id_, {update->spot->x, update->spot->y, update->spot->visible});
    send_input(now);
  }
}

void OperatorSession::drain_video(LocalTime now) {
  // As soon as it is whole: who controls wants it early more than evenly.
  for (PlayedVideo& v : video_) {
    while (auto unit = v.receiver.take()) {
      trace::span("receive video", unit->first_packet_at, unit->last_packet_at, v.stream);
      if (!screen_->push_video(v.stream, std::move(unit->annex_b), unit->rtp_timestamp, unit->captured_at, unit->last_packet_at))
        v.receiver.request_key(now);
      record_.use(Right::See);
    }
    link_->send_rtcp(v.receiver.poll(now));
  }
}

std::uint64_t OperatorSession::video_missed() const {
  std::uint64_t missed = 0;
  for (const PlayedVideo& v : video_) missed += v.receiver.packets_missed();
  return missed;
}

// Everything anew: tiles by a PLI for their stream, video by a key picture.
void OperatorSession::refresh() {
  const LocalTime now = ports_.clock->now();
  for (PlayedVideo& v : video_) v.receiver.request_key(now);
  if (tiles_ && link_) link_->send_rtcp({wire::Pli{Ssrc{own_ssrc_}, tiles_->media()}});
  ports_.wake();
}

// ---- the ladder ----

void OperatorSession::on_shown(const ports::UpdateTimes& t) {
  const auto captured = link_ ? link_->to_local(t.captured_at) : std::nullopt;
  if (media_.frames++ == 0) BS_LOG(Info, "video", "first picture received_us={} decoded_us={}", to_us(t.received_at), to_us(t.decoded_at));
  if (!t.visible) return;   // it would be taken for shown when the next one is
  Shown step;
  step.number = t.number;
  step.captured = captured.value_or(LocalTime{});
  step.decided = t.decided;
  step.coded = t.coded;
  step.sent = t.sent;
  step.received = t.received_at;
  step.decoded = t.decoded_at;
  // The window may have said so before the decoder could.
  if (t.number <= shown_last_.number) step.shown = shown_last_.at;
  if (step.shown != LocalTime{}) trace_update(step);
  times_.push_back(step);
  while (!times_.empty() && ports_.clock->now() - times_.front().received > kLadderWindow) times_.pop_front();
}

void OperatorSession::picture_shown(std::uint64_t number, LocalTime at) {
  if (!std::exchange(any_shown_, true)) BS_LOG(Info, "video", "first picture shown_us={}", to_us(at));
  shown_last_ = {number, at};
  for (Shown& t : times_) {
    if (t.number > number || t.shown != LocalTime{}) continue;
    t.shown = at;
    trace_update(t);
  }
  if (at - ladder_logged_ >= kLadderWindow) log_ladder(at);
}

// The same of one update, for the trace file.
void OperatorSession::trace_update(const Shown& t) {
  if (!trace::on() || t.captured == LocalTime{}) return;
  const auto number = static_cast<std::int64_t>(t.number);
  LocalTime from = t.captured;
  const auto until = [&](const char* name, LocalTime to) {
    trace::step("ladder", name, from, to, number);
    from = std::max(from, to);
  };
  if (t.decided > 0ns) until("decided", t.captured + t.decided);
  if (t.coded > 0ns) until("coded", t.captured + t.coded);
  if (t.sent > 0ns) until("sent", t.captured + t.sent);
  until("received", t.received);
  until("decoded", t.decoded);
  until("shown", t.shown);
}

// What the operator could have read on F12, for whoever looks at the log later: one line in 5 s at most, none while nothing moves.
void OperatorSession::log_ladder(LocalTime at) {
  const bool first = ladder_logged_ == LocalTime{};
  ladder_logged_ = at;
  if (first) return;   // one picture is no ladder
  const LadderView l = ladder();
  BS_LOG(Info, "ladder", "us p50/p95 decided={}/{} coded={}/{} sent={}/{} received={}/{} decoded={}/{} shown={}/{} updates={} lost={}", l.decided.p50_us, l.decided.p95_us,
         l.encoded.p50_us, l.encoded.p95_us, l.sent.p50_us, l.sent.p95_us, l.received.p50_us, l.received.p95_us, l.decoded.p50_us,
         l.decoded.p95_us, l.shown.p50_us, l.shown.p95_us, times_.size(), video_missed() + (tiles_ ? tiles_->lost() : 0));
}

LadderView OperatorSession::ladder() const {
  std::vector<std::int64_t> decided, coded, sent, received, decoded, shown;
  const auto us = [](nanoseconds span) { return std::chrono::duration_cast<microseconds>(span).count(); };
  for (const Shown& t : times_) {
    if (t.decided > 0ns) decided.push_back(us(t.decided));
    if (t.coded > 0ns) coded.push_back(us(t.coded));
    if (t.sent > 0ns) sent.push_back(us(t.sent));
    if (t.captured == LocalTime{}) continue;
    received.push_back(us(t.received - t.captured));
    decoded.push_back(us(t.decoded - t.captured));
    if (t.shown != LocalTime{}) shown.push_back(us(t.shown - t.captured));
  }
  LadderView out;
  out.decided = {percentile(decided, 50), percentile(decided, 95)};
  out.encoded = {percentile(coded, 50), percentile(coded, 95)};
  out.sent = {percentile(sent, 50), percentile(sent, 95)};
  out.received = {percentile(received, 50), percentile(received, 95)};
  out.decoded = {percentile(decoded, 50), percentile(decoded, 95)};
  out.shown = {percentile(shown, 50), percentile(shown, 95)};
  return out;
}

}  // namespace beside::session
