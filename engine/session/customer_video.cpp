// SPDX-License-Identifier: GPL-3.0-or-later
// CustomerSession's half that sends what is seen: layout, stream, pictures, cursor.
#include <algorithm>

#include "engine/session/customer_session.h"

namespace beside::session {
namespace {

constexpr std::size_t kMostWaitingPictures = 8;
constexpr std::size_t kMostCursorBytes = 60'000;   // an Inner message carries 64 KiB

}  // namespace

void CustomerSession::on_layout(const DesktopLayout& layout) {
  layout_ = layout;
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

void CustomerSession::on_stream(const StreamInfo& info) {
  stream_ = info;
  stream_accepted_.reset();
  waiting_pictures_.clear();
  std::uint8_t raw[6];
  ports_.random(raw);
  ByteReader random(raw);
  flow::VideoSender::Settings settings;
  settings.ssrc = Ssrc{random.u32()};
  settings.first_seq = static_cast<std::uint16_t>(random.u16() & 0x7fff);
  video_.emplace(settings);
  inner::Inner out;
  inner::VideoOffer& offer = *out.mutable_video_offer();
  offer.set_stream_id(info.number % 15 + 1);
  offer.set_codec(static_cast<std::uint32_t>(info.codec));
  offer.set_width(static_cast<std::uint32_t>(info.width));
  offer.set_height(static_cast<std::uint32_t>(info.height));
  offer.set_sps(as_text(info.sps).data(), info.sps.size());
  offer.set_pps(as_text(info.pps).data(), info.pps.size());
  offer.set_ssrc(settings.ssrc.value);
  offer.set_layout_generation(info.layout_generation);
  offer.set_monitor_id(info.monitor_id);
  offer.set_encoder(info.encoder.substr(0, 32));
  (void)link_->send(out, flow::InnerMux::kMedia);
  media_.encoder = info.encoder;
  media_.width = info.width;
  media_.height = info.height;
  events_.changed();
}

void CustomerSession::on_picture(std::uint32_t stream, ports::EncodedPicture picture) {
  if (stream != stream_.number || ended_ || !consent_.in_force().has(Right::See)) return;
  if (stream_accepted_ != stream) {
    if (waiting_pictures_.size() < kMostWaitingPictures) return waiting_pictures_.push_back(std::move(picture));
    waiting_pictures_.clear();
    screen_->request_key();
    return;
  }
  send_picture(picture);
}

void CustomerSession::send_picture(const ports::EncodedPicture& picture) {
  // A picture may have waited for the viewer's answer; the right counts when it leaves.
  if (ended_ || !consent_.in_force().has(Right::See)) return;
  const LocalTime now = ports_.clock->now();
  for (Bytes& packet : video_->packetize(picture.annex_b, picture.captured_at)) {
    const auto header = wire::peek_rtp(packet);
    Bytes sealed;
    if (!link_->send_rtp(std::move(packet), flow::Pacer::Class::Video, &sealed)) return;
    if (header) tail_.sent(header->ssrc, header->seq, now);
    media_.bytes += sealed.size();
    video_->keep(std::move(sealed), now);
  }
  ++media_.frames;
  used(Right::See);
  link_->poll(now);
  screen_->set_hold(link_->line_full(flow::Pacer::Class::Video));
}

void CustomerSession::on_rtcp(const std::vector<wire::RtcpPacket>& packets) {
  const LocalTime now = ports_.clock->now();
  for (const auto& packet : packets) {
    if (const auto* feedback = std::get_if<wire::CcFeedback>(&packet)) tail_.on_feedback(*feedback);
    if (const auto* nack = std::get_if<wire::Nack>(&packet)) media_.lost_packets += nack->lost.size();
  }
  if (!video_) return;
  // Before new pictures, but within the line's rate: what is asked for again may be much.
  for (Bytes& again : video_->on_rtcp(packets, now)) link_->send_sealed(std::move(again), flow::Pacer::Class::TilesNear);
  if (video_->take_key_request(now) && screen_) {
    ++media_.key_requests;
    screen_->request_key();
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
  if (tail_due() > now) return;
  const auto step = tail_.poll(link_->rate().rtt().value_or(100ms), link_->send_delay(), now);
  Bytes again = step == flow::TailWatch::Step::Repeat && video_ ? video_->repeat_last(now) : Bytes();
  if (!again.empty()) link_->send_sealed(std::move(again), flow::Pacer::Class::TilesNear);
  else if (step != flow::TailWatch::Step::None && screen_) screen_->request_key();
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
