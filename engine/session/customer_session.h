// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>

#include "engine/flow/input_state.h"
#include "engine/flow/line_quality.h"
#include "engine/flow/tail_watch.h"
#include "engine/flow/video_send.h"
#include "engine/session/command.h"
#include "engine/session/consent_machine.h"
#include "engine/session/customer_ports.h"
#include "engine/session/peer_link.h"
#include "engine/session/screen_sender.h"
#include "engine/session/session_record.h"

namespace beside::session {

// One session at the customer's: from the moment the relay put the two ends together until it has ended.
//
// Invariants
//  1. The desktop is not watched, grabbed or touched before the channel is open, and not grabbed or touched without the
//     right in the gate (ConsentMachine).
//  2. end() shuts the gate first, then stops the threads, then tells the other end.
//  3. After end() only the journal's heads are still exchanged, for kFarewell at most.
//
// Thread: net.
class CustomerSession {
 public:
  static constexpr auto kFarewell = 700ms;
  static constexpr auto kLiveMark = 1200ms;   // no flicker, and no frames for it, between the letters of a slow typist
  static constexpr auto kFilmRests = 2s;

  struct Events {
    std::function<void(ports::ChannelFault)> not_opened;   // the code is dead
    std::function<void()> over;                            // destroy me; snapshot's end page is complete
    std::function<void()> changed;
    std::function<void()> line_returned;                   // media came again after a hole
    std::function<void(NoticeKind, std::vector<std::string>)> notice;
  };
  CustomerSession(const CustomerPorts& ports, std::string session_id, Bytes leg_token,
                  std::unique_ptr<ports::SecureChannel> channel, std::function<bool(const control::Envelope&)> send_control,
                  const control::Ticket& ticket, Events events);
  ~CustomerSession();

  PeerLink& link() { return *link_; }
  bool live() const { return live_; }
  bool ended() const { return ended_; }
  bool finished() const { return finished_; }           // and the farewell is over

  void decide(const DecideAsk& decision);
  void revoke(Rights rights);
  // What is hidden from now on. Of what was grabbed before, nothing more leaves when something new is hidden.
  void hide(HiddenParts parts);
  void panel_visible(bool visible);
  void words_confirmed(bool same);
  void typing(bool typing);
  // From here on nothing is shared; idempotent.
  void end(EndView::Cause cause, const std::string& detail = {});
  void poll(LocalTime now);
  void finish();               // after end(): leaves now, without waiting for the other end's receipt
  LocalTime next_deadline() const;
  void fill(CustomerSnapshot& snapshot) const;

 private:
  Rights offered() const;
  void tell_limits();
  void opened();
  void on_message(const inner::Inner& message);
  void on_ask(const inner::Ask& ask);
  void on_rtp(const wire::RtpPacket& packet);
  void on_rtcp(const std::vector<wire::RtcpPacket>& packets);
  void on_input(const InputEvent& event);
  void injected(ports::InjectOutcome outcome, Right needed, bool key);
  void new_tile_stream();
  void on_tiles(std::uint32_t stream, std::vector<TileSender::Part> parts);
  void tell_line();
  void on_stream(const StreamInfo& info);
  void on_video_answer(const inner::VideoAnswer& answer);
  void on_picture(std::uint32_t stream, ports::EncodedPicture picture);
  struct SentVideo { StreamInfo info; bool accepted = false; flow::VideoSender sender; LocalTime sent_at{}; };
  void send_picture(SentVideo& video, const ports::EncodedPicture& picture);
  void on_cursor_shape(const ports::CursorImage& image);
  void on_new_layout(const DesktopLayout& layout);
  void on_layout(const DesktopLayout& layout);
  bool has_monitor(std::uint32_t id) const;         // 0, the whole desktop, always
  void on_line(bool lost, LocalTime since);
  void rights_changed(std::uint32_t cause);
  void take_back(Rights rights, const char* why);
  void apply_screen();
  void used(Right right);
  void on_picture_kept(const inner::PictureKept& kept);
  void note(ports::JournalKind kind, Rights rights, std::string text);
  void send_cursor(LocalTime now);
  LocalTime tail_due() const;
  void watch_tail(LocalTime now);
  void keep_quality(LocalTime now);
  LocalTime quality_due() const;

  const CustomerPorts& ports_;
  Events events_;
  std::function<bool(const control::Envelope&)> send_control_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);   // net thread only
  SessionRecord record_{ports::End::Customer};
  ConsentMachine consent_;
  std::unique_ptr<PeerLink> link_;
  std::unique_ptr<ports::Desktop> desktop_;
  std::unique_ptr<ScreenSender> screen_;
  flow::InputReceiver input_;
  flow::CursorSender cursor_;
  std::deque<SentVideo> video_;             // in the order of their offers, the newest kMostVideoStreams
  flow::TailWatch tail_;                    // of the newest picture
  flow::LineQuality quality_{false};
  LocalTime film_until_ = LocalTime::min(); // without another picture, nothing moves like video from then on
  std::int64_t film_pixels_ = 0;            // of what moved when the line was last judged
  LocalTime quality_at_ = LocalTime::min(); // when it was last judged
  std::uint32_t cursor_ssrc_ = 0;
  std::uint16_t cursor_seq_ = 0;
  std::uint32_t cursor_serial_ = 0;

  bool live_ = false, ended_ = false, finished_ = false;
  LocalTime began_{}, farewell_until_ = kNever;
  struct TileStream {
    std::uint32_t number = 0;            // of the streams of this session
    Ssrc ssrc;
    SeqNo next;
    std::uint64_t taken = 0;             // payload bytes that came to be sent
    LocalTime tail_due = kNever;         // when the viewer is asked for its report on the newest of them
  } tiles_;
  LocalTime refresh_due_{};
  bool first_told_ = false;
  bool see_running_ = false;
  bool viewer_keeps_ = false;                            // its canvas and our stream, while rights pause because of the line
  std::uint32_t viewed_monitor_ = 0, running_monitor_ = 0;
  std::uint32_t told_revision_ = 0;
  DesktopLayout layout_;
  HiddenParts hidden_;
  LocalTime hidden_since_{};                        // what was grabbed before may show what is hidden now
  std::uint32_t pictures_kept_ = 0;
  std::int64_t picture_kept_unix_ms_ = 0;
  std::string capture_limits_;
  PeerView peer_;
  bool peer_typing_ = false, peer_444_ = true;
  bool peer_av1_ = false;        // decodes it
  bool peer_scales_ = false;     // shows video larger than it is coded
  bool control_paused_ = false;
  LocalTime control_paused_until_{};
  std::uint64_t refused_told_ = 0;
  std::map<std::uint32_t, LocalTime> used_at_;      // bit of the right -> last use
  std::map<std::uint32_t, LocalTime> used_noted_;   // -> last line in the journal
  MediaView media_;
  EndView end_;
};

}  // namespace beside::session
