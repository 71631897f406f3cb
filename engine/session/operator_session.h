// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <deque>
#include <memory>
#include <optional>

#include "engine/flow/input_state.h"
#include "engine/flow/video_receive.h"
#include "engine/session/command.h"
#include "engine/session/operator_ports.h"
#include "engine/session/peer_link.h"
#include "engine/session/screenshot.h"
#include "engine/session/session_record.h"

namespace beside::session {

// One session at the operator's: a code that waits for its customer, then the customer, then what is left to read.
//
//   stage              | event                                   | next
//   -------------------+-----------------------------------------+--------------------------------------------
//   WaitingForCustomer | first bytes of the exchange             | Securing
//   Waiting, Securing  | fault: the code is dead                 | WaitingForCustomer with the next code
//   WaitingForCustomer | the code's time is up                   | Ended
//   Securing           | channel open                            | Live
//   Live <-> Recovering| nothing heard for 3.5 s / heard again   |
//   Live, Recovering   | Stop, End, peer lost                    | Ended
//
// Rights are the customer's; what is kept here is what he told (RightsNow), and input is held back by it as a courtesy.
// Thread: net.
class OperatorSession {
 public:
  struct Events {
    std::function<void(std::uint32_t local_id)> need_code;     // ask the relay for a (next) code
    std::function<void()> changed;
    std::function<void()> line_returned;                   // media came again after a hole
  };
  OperatorSession(const OperatorPorts& ports, std::uint32_t local_id, NewSession order,
                  std::function<bool(const control::Envelope&)> send_control, Events events);
  ~OperatorSession();

  std::uint32_t local_id() const { return local_id_; }
  std::string session_id() const { return link_ ? link_->session_id() : std::string(); }
  PeerLink* link() { return link_.get(); }
  SessionStage stage() const { return stage_; }
  bool over() const { return stage_ == SessionStage::Ended && !dead_link_ && farewell_until_ == kNever; }   // farewell included
  std::uint32_t valid_minutes() const { return order_.valid_minutes; }   // of a code; 0: as the organisation set it
  bool wants_code() const { return code_wanted_ && stage_ == SessionStage::WaitingForCustomer; }

  void created(const control::SessionCreated& created, const std::string& relay_name);
  void peer_left_for_good(EndView::Cause cause);
  void ask(Rights rights, std::string reason);
  void withdraw_ask();
  void give_back(Rights rights);
  void choose_monitor(std::uint32_t monitor_id);
  void input(const InputEvent& event);
  void watch_picture();                      // his pointer moves over it
  void say(const std::string& text);
  void typing(bool typing);
  void mark_read();
  void words_confirmed(bool same);
  void picture_shown(std::uint64_t number, LocalTime at);
  void refresh();
  void take_screenshot(bool as_it_is);
  void forget_screenshot();
  void dismiss_notice(std::uint64_t id);
  void end(EndView::Cause cause);
  void poll(LocalTime now);
  LocalTime next_deadline() const;
  SessionView view() const;

 private:
  void opened();
  void fault(ports::ChannelFault fault);
  void on_message(const inner::Inner& message);
  void on_offer(const inner::VideoOffer& offer);
  void answer_offer(std::uint32_t stream, std::string why_not);   // empty: accepted
  std::uint64_t video_missed() const;
  void on_tile_offer(const inner::TileOffer& offer);
  void make_screen();
  void on_tiles(const wire::RtpPacket& packet, LocalTime now);
  void drain_tiles(LocalTime now);
  void on_shown(const ports::UpdateTimes& times);
  void drop_screen();
  LadderView ladder() const;
  void log_ladder(LocalTime at);
  struct Shown;
  static void trace_update(const Shown& t);
  void on_rights(const inner::RightsNow& now);
  void on_hidden(const inner::Hidden& hidden);
  void watch_screenshot(LocalTime now);
  void save_picture(std::unique_ptr<ports::PixelBuffer> pixels);
  void on_rtp(const wire::RtpPacket& packet, ByteSpan whole);
  void drop_stale_input(LocalTime now);
  void send_input(LocalTime now);
  void drain_video(LocalTime now);
  void note(ports::JournalKind kind, Rights rights, std::string text);
  void next_code(NoticeKind why);
  void leave(control::SessionEnded::Reason reason);

  const OperatorPorts& ports_;
  const std::uint32_t local_id_;
  NewSession order_;
  std::function<bool(const control::Envelope&)> send_control_;
  Events events_;
  SessionRecord record_{ports::End::Operator};
  std::unique_ptr<PeerLink> link_;
  std::unique_ptr<PeerLink> dead_link_;      // a link may not be destroyed from inside its own event
  std::unique_ptr<ScreenReceiver> screen_;
  struct PlayedVideo { std::uint8_t stream = 0; Ssrc ssrc; flow::VideoReceiver receiver; std::string encoder; };
  std::deque<PlayedVideo> video_;            // in the order of their offers; kMostVideoStreams at most
  std::optional<TileReceiver> tiles_;
  // Packets may overtake the offer of their stream, which goes another way.
  struct EarlyTile { SeqNo seq; Bytes payload; PeerTime captured_at; LocalTime at; };
  Ssrc early_ssrc_;
  std::vector<EarlyTile> early_;
  flow::InputSender input_;
  flow::CursorReceiver cursor_;
  std::uint32_t own_ssrc_ = 0, input_ssrc_ = 0;
  std::uint16_t input_seq_ = 0;

  SessionStage stage_ = SessionStage::WaitingForCustomer;
  std::string code_;
  bool replaces_dead_ = false, code_wanted_ = true;
  LocalTime code_expires_ = kNever, farewell_until_ = kNever, began_{};
  PeerView peer_;
  Notice notice_;
  std::uint64_t notice_id_ = 0;
  Rights offered_ = kBuiltRights;   // what the customer's system can do at all
  std::shared_ptr<int> alive_ = std::make_shared<int>(0);
  Rights granted_, paused_, asked_, refused_;
  std::uint32_t rights_revision_ = 0, ask_id_ = 0;
  std::string ask_reason_;
  bool paused_by_customer_ = false, peer_typing_ = false;
  std::uint32_t refused_events_ = 0;
  std::size_t chat_read_ = 0;
  DesktopLayout layout_;
  SessionView::Hidden hidden_;
  std::shared_ptr<ports::Canvas> canvas_;    // while the screen is seen
  std::optional<Screenshot> screenshot_;     // waits
  SessionView::Kept kept_;
  std::uint32_t monitor_id_ = 0;
  MediaView media_;
  struct Shown {
    std::uint64_t number = 0;
    LocalTime captured{};
    nanoseconds decided{}, coded{}, sent{};  // after that; zero: not told
    LocalTime received{}, decoded{}, shown{};
  };
  std::deque<Shown> times_;                  // the last 5 s
  struct { std::uint64_t number = 0; LocalTime at{}; } shown_last_;
  bool any_shown_ = false;
  LocalTime ladder_logged_{};
  EndView end_;
};

}  // namespace beside::session
