// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <array>
#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "engine/base/lease.h"
#include "engine/flow/line_quality.h"
#include "engine/ports/desktop.h"
#include "engine/ports/rights_gate.h"
#include "engine/ports/video.h"
#include "engine/session/tile_sender.h"
#include "engine/session/video_plan.h"
#include "engine/session/video_streams.h"

namespace beside::session {

// What a video stream will be, told before its first picture.
struct StreamInfo {
  std::uint32_t number = 0;             // grows with each encoder made
  ports::VideoCodec codec = ports::VideoCodec::H264_444;
  int width = 0, height = 0;            // as coded; its place is as large or larger
  Bytes sps, pps;
  std::string encoder;
  std::uint32_t layout_generation = 0;
  std::uint32_t monitor_id = 0;
  Rect place;                           // in the tiles' picture
  bool photo = false;                   // most of it looks like a photo
  nanoseconds interval{33'333'333};     // between its pictures
  std::uint16_t generation = 0;         // of that picture
  std::uint8_t id() const;              // on the wire
};
inline std::uint8_t stream_id(std::uint32_t number) { return static_cast<std::uint8_t>(number % 8 + 1); }
inline std::uint8_t StreamInfo::id() const { return stream_id(number); }

// The customer's screen on its way out: the `capture` thread waits for changes, grabs, decides and codes exact tiles
// (TileSender), the `encode` thread makes pictures of the region that moves like video. An unchanged screen costs neither.
//
// Nothing is grabbed before begin(), and begin() needs the customer's Grant; the source asks the gate again at each grab.
// After pause() nothing of the screen is kept, and parts that are still under way carry the number of a stream that is over.
// Thread: constructed, called and destroyed on the owner's thread (net); events arrive there through `post`. Blocking
// calls: the destructor joins both threads (the source's cancel() wakes a waiting grab).
class ScreenSender {
 public:
  using Post = std::function<void(std::function<void()>)>;
  struct Config {
    std::function<Result<std::unique_ptr<ports::FrameSource>>()> make_source;                         // capture thread
    std::function<Result<std::unique_ptr<ports::VideoEncoder>>(const ports::VideoSettings&)> make_encoder;  // encode thread
    std::function<TileTools()> make_tools;                                                            // capture thread
    bool accept_444 = true, accept_av1 = false, accept_scaled = false;   // until set_viewer()
    int target_kbps = 12'000;
    milliseconds least_interval{8};     // between two video pictures
  };
  struct Events {
    std::function<void(DesktopLayout)> layout;
    std::function<void(std::string)> opened;                    // FrameSource and ChangeDetector::describe()
    std::function<void(std::uint32_t tile_stream, std::vector<TileSender::Part>)> tiles;
    std::function<void(StreamInfo)> stream;
    std::function<void(std::uint32_t stream, ports::EncodedPicture)> picture;
    std::function<void(ports::CursorImage)> cursor_shape;
    std::function<void(ports::CursorPosition)> cursor_position;
    std::function<void(Error)> lost;                            // no more grabs will come
    std::function<void(std::string from, std::string to)> fell_back;
  };

  ScreenSender(Config config, Events events, Post post);
  ~ScreenSender();
  ScreenSender(const ScreenSender&) = delete;
  ScreenSender& operator=(const ScreenSender&) = delete;

  // A tile stream of a new number starts anew with `first_seq`; the same number goes on (another monitor).
  void begin(ports::Grant see, std::uint32_t monitor_id, std::uint32_t tile_stream, SeqNo first_seq);
  void pause();                                                 // no grab from here on
  void report(wire::TileReport report);                         // of the tile stream
  void ask_tail();                                              // no report came by the Part::tail_due of the newest part
  void refresh();                                               // all tiles anew
  void set_line(const TileLine& line);
  void accepted(std::uint32_t stream);                          // the viewer plays that video stream
  void refused();                                               // it does not: everything goes as tiles
  void drop_videos();                                           // what is coded may no longer be seen: films get new streams
  void request_key(std::uint32_t stream);                       // 0: of each
  struct Viewer { bool full_colour = true, av1 = false, scales = false; };
  void set_viewer(const Viewer& viewer);                        // what it decodes, and whether it shows video larger than it is coded
  void set_target_kbps(int kbps);
  void set_budget(const flow::VideoBudget& budget);             // of video
  // While held, nothing is encoded as video; the newest grab waits, with the damage of all it replaced.
  void set_hold(bool held);

 private:
  using Job = std::function<void(TileSender&)>;
  void capture_loop();
  void encode_loop();
  bool apply_orders(ports::FrameSource& source, TileSender& tiles);
  bool grab(ports::FrameSource& source, TileSender& tiles);
  bool narrow_down(ports::FrameSource& source);
  void run_tiles(TileSender& tiles);
  void hand_out();
  void feed_video(TileSender& tiles);
  bool hold_back(TileSender& tiles);
  void do_later(Job job, bool wake);
  void put_frame(std::uint32_t number, ports::Frame crop);
  struct Coder;
  void open_encoder(const StreamInfo& wanted);
  void encode_one(std::uint32_t number, ports::Frame frame);
  const VideoPlan& plan_for(const StreamInfo& wanted);
  VideoFacts facts(const StreamInfo& info) const;
  int kbps_for(const Coder& coder, nanoseconds slowest) const;
  void adapt_rate(Coder& coder);
  void reconsider(Coder& coder);
  void count(Coder& coder, nanoseconds waited, nanoseconds coding, std::size_t bytes);
  void fall_back(std::string from, const Error& error);
  template <typename Fn>
  void tell(Fn&& fn) {
    post_([alive = alive_, fn = std::forward<Fn>(fn)]() mutable {
      if (alive->load(std::memory_order_acquire)) fn();
    });
  }

  Config config_;
  Events events_;
  Post post_;
  std::shared_ptr<std::atomic<bool>> alive_ = std::make_shared<std::atomic<bool>>(true);

  struct Orders {
    std::optional<ports::Grant> begin;
    std::uint32_t monitor_id = 0;
    std::uint32_t tile_stream = 0;
    SeqNo first_seq;
    bool pause = false;
  };
  std::mutex mutex_;                       // orders_, jobs_, line_, source_, wake flags
  Orders orders_;
  std::vector<Job> jobs_;
  TileLine line_;
  bool line_wanted_ = false;               // the capture thread waits for room
  ports::FrameSource* source_ = nullptr;   // while the capture thread has one
  std::condition_variable order_given_;
  bool quit_ = false;
  std::atomic<bool> held_{false};
  std::atomic<bool> left_out_{false};      // a picture of a film never came to its coder, because the line was full

  // capture thread
  bool grabbing_ = false;
  std::optional<ports::Grant> see_;
  std::uint32_t monitor_ = 0;
  std::uint32_t tile_stream_ = 0;
  std::vector<TileSender::Part> parts_;    // not handed out yet
  Rect area_;                              // root pixels of the newest frame
  ports::CursorPosition pointer_;
  StreamInfo wanted_;                      // of the newest video order
  LocalTime held_back_{};                  // the frame that a film waits with since the line is full; none: LocalTime{}
  std::array<std::uint32_t, 16> numbers_{};   // of the newest order of each id
  // Parts of frames, which have no memory of their own.
  Pool<ports::PixelBuffer> crops_{3 * kMostVideoStreams, [] { return std::make_unique<ports::PixelBuffer>(); }};

  std::mutex encode_mutex_;
  std::condition_variable encode_wake_;
  bool encode_quit_ = false;
  std::map<std::uint32_t, ports::Frame> frames_;   // by stream, its part: the newest, with the damage of what it replaced
  std::set<std::uint32_t> keys_wanted_;    // of streams; 0: of each
  std::optional<int> new_kbps_;
  std::optional<Viewer> new_viewer_;
  flow::VideoBudget budget_;
  std::deque<StreamInfo> new_streams_;     // to open encoders for

  // encode thread
  struct Coder {
    StreamInfo info;
    std::unique_ptr<ports::VideoEncoder> encoder;
    VideoChoice choice;
    VideoPlan plan;                        // of this film
    LocalTime coded_at{};                  // capture time of the newest picture
    LocalTime earliest{};                  // that the next one may be coded
    int told_kbps = 0;                     // to the encoder
    bool renewing = false;                 // another one is asked for
    bool ended = false;                    // what it coded last was not sent: it codes no more
    struct Tally {                         // since it was logged last
      LocalTime since{};
      std::int64_t pictures = 0, bytes = 0;
      nanoseconds waited{}, coding{};
    } tally;
  };
  std::map<std::uint32_t, Coder> coders_;  // by number; the newest kMostVideoStreams
  // Of the newest film of each kind, whose pixels do not take the same time: photos or not, and how large (small ones get more bytes a pixel).
  std::map<std::pair<bool, int>, VideoPlan> learnt_;
  int least_scale_ = 1;                    // that the line asks for
  nanoseconds paced_{0};                   // between two pictures, as the line asks for

  std::thread capture_thread_, encode_thread_;
};

}  // namespace beside::session
