// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <algorithm>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "engine/ports/change_detector.h"
#include "engine/ports/tile_coder.h"
#include "engine/session/cell_map.h"
#include "engine/session/tile_history.h"

namespace beside::session {

// What finds, decides and codes; made by whoever assembles.
struct TileTools {
  std::unique_ptr<ports::TileEncoder> encoder;
  std::unique_ptr<ports::ChangeDetector> detector;
  std::unique_ptr<ports::MoveFinder> mover;
  std::unique_ptr<ports::TileClassifier> classifier;
};

// What the network says: at most this much should wait in front of a new packet.
struct TileLine {
  int kbps = 8000;
  std::size_t queued_bytes = 0;      // in our own queue
  std::uint64_t taken_bytes = 0;     // payload bytes of parts that reached the queue since the stream began
  nanoseconds rtt = 100ms;
  std::size_t part_bytes = 0;        // of a payload, where the path takes no large ones; 0: no limit but the format's
  bool lost = false;                 // nothing is heard from the other end
};

// The customer's screen as numbered updates of exact tiles and copies, and of who draws what moves like video.
//
// It keeps the picture that the viewer has if all arrives (the shadow; not where a video has a whole tile) and what it believes of
// each cell (CellMap). Invariants:
//  1. Nothing waits but the newest frame: what does not fit the line stays dirty and is sent as it looks later.
//  2. A cell is clean only if the viewer, having applied all that was sent, has exactly the shadow's pixels there.
//  3. What a report names as lost, and what was copied from it, becomes stale and is sent anew, whole cells.
//  4. When every cell is clean and no packet's fate is unknown, nothing is sent.
//  5. Where something new had to wait for the line the viewer was told that what it has is old, and is told once it is not.
// Order within one round: copies, then what is new, then what is stale or older, nearest the pointer first, then what is
// still coarse. Where all this would take kCoarseAbove, what is dense (photos) goes coarse first, and text as well if it alone
// would take as long.
//
// Thread: one (capture). No clock, no I/O but the sink. Failure: none; a frame without pixels is ignored.
class TileSender {
 public:
  static constexpr nanoseconds kQueue = 25ms;          // what may wait in front of a new packet
  static constexpr nanoseconds kCoarseAbove = 150ms;   // of line time for what is new
  static constexpr nanoseconds kRest = 80ms;           // after which a video's tile is sent exactly; later where it moves seldom
  static constexpr std::int64_t kMostPixels = 64'000'000;   // of a picture: what a viewer agrees to keep (TileCanvas)
  static constexpr std::size_t kMostUnknown = 8192;    // packets without a report; then it waits
  static constexpr int kMostContinued = 15;            // parts that build on one another, where nothing is lost
  static constexpr std::uint64_t kCleanForSome = 200, kCleanForAll = 1000;   // parts applied since the last loss
  static constexpr nanoseconds kHandOut = 700us;       // of coding: what is ready by then leaves while the rest is coded

  struct Part {
    Bytes payload;
    LocalTime captured_at{};
    bool last = false;
    bool go = false;                        // hand out now what is ready: the rest takes a while, or there is none
    LocalTime tail_due{};                   // without a report by then ask_tail() is due
  };
  using Sink = std::function<void(Part)>;
  // `now` is asked while coding, for the ladder's stamps.
  TileSender(TileTools tools, Sink sink, std::function<LocalTime()> now);

  void begin_stream(SeqNo first_seq);       // a new viewer: everything anew
  void refresh();                           // everything anew in the stream that there is
  void stop();                              // forgets the picture; nothing is sent until the next frame
  static bool can_send(int width, int height);
  void frame(ports::Frame frame);           // the newest; takes over the lease, replaces an older one with its damage
  void set_line(const TileLine& line) { line_ = line; }
  void set_pointer(int x, int y) { pointer_x_ = x, pointer_y_ = y; }   // pixels of the picture
  // False: the report fits nothing that was sent.
  bool on_report(const wire::TileReport& report, LocalTime now);
  // Before pump(): true when take_video_frame() has what an encoder can begin with while the rest is still looked at.
  bool find_played();
  // Sends what is due and fits the line.
  void pump(LocalTime now);
  LocalTime next_deadline() const { return std::min(wake_at_, tail_at_); }
  // The same for whoever hears of reports on another thread, and so can see to Part::tail_due without waking this one: mostly a
  // report comes, and nothing is due.
  LocalTime next_work() const { return wake_at_; }
  void ask_tail() { tail_asked_ = true; }
  // Something is due and only the line keeps it: better news of the line are worth a wake.
  bool wants_room() const { return wants_room_; }
  bool has_room() const { return room() > 0; }

  // ---- video ----
  // Where an encoder is wanted and there is none yet; told once. Answer with video_ready() or video_failed().
  struct VideoOrder {
    Rect place;
    bool photo = false;                     // most of it looks like a photo
    nanoseconds interval{};                 // between its changes
  };
  std::optional<VideoOrder> take_video_order();
  void video_ready(std::uint8_t stream, const Rect& place);   // the viewer accepted it; 1..8
  void video_failed(LocalTime now);                           // everything goes as tiles, for a while
  void drop_videos();                                         // what was coded may not be built upon: new orders follow
  struct VideoFrame {
    std::uint8_t stream = 0;
    Rect place;
    const ports::Frame* frame = nullptr;    // valid until the next call of any function
    LocalTime taken_before{};               // for put_back()
    LocalTime captured_at{};                // the frame's, or just after the picture before: no two have the same
    std::vector<Rect> damage;               // within place, picture's pixels
  };
  // What an encoder should code now; nothing when nothing moved in what any of them owns. Ask until then.
  std::optional<VideoFrame> take_video_frame();
  void put_back(const VideoFrame& frame);    // it could not be taken: with the next one
  // Also when nothing moved: a key picture is wanted of that stream; 0: of each.
  void request_video(std::uint8_t stream);
  // Another encoder for the same place; the old one goes on until the new one is ready.
  void renew_video(std::uint8_t stream);

  // ---- for people and tests ----
  bool settled() const;                     // every cell clean, every packet's fate known; video keeps it from that
  std::uint16_t generation() const { return update_.generation; }
  std::uint32_t updates() const { return update_.number; }
  std::uint64_t bytes() const { return bytes_; }              // of payload, in this stream
  const TileHistory& history() const { return history_; }
  const CellMap& cells() const { return cells_; }

 private:
  struct Block;
  struct Video {                            // an encoder that is ready
    std::uint8_t stream = 0;
    Rect place;
    std::vector<Rect> damage;               // not coded yet
    bool due = false, owns = false, renew = false;
    bool early = false;                     // find_played() saw to what changed of it
    LocalTime taken{};                      // captured_at of its newest picture
  };
  struct Pace {                             // of one tile of a video
    LocalTime last{}, since{};              // the newest change; the first of this movement
    nanoseconds interval = 33ms;            // between changes, smoothed
  };
  void new_picture();
  bool open();                              // begins the update of this round if it has not begun
  void close();
  void on_part(const ports::TilePart& part);
  int most_continued() const;
  std::int64_t room() const;                // bytes that may be sent now
  void look(LocalTime now);
  LocalTime picture_time(const Video& video) const;
  void carry_moves();
  void find_changes();
  bool all_played(const Rect& part) const;
  void note_pace(const Rect& change, LocalTime now);
  nanoseconds rest_of(const Pace& pace, LocalTime now) const;
  void own_video(LocalTime now);
  void order_video(LocalTime now);
  Video* video_of(std::uint8_t stream);
  Video* video_for(const Rect& tile);       // the newest whose place holds all of it
  std::optional<Rect> place_for(const Rect& group) const;
  void cluster();
  std::vector<Block> blocks();
  void send_blocks(std::vector<Block> blocks);
  void send_exact(const Rect& area, bool whole);
  void estimate(std::vector<Block>& blocks) const;
  double seconds_for(double bytes) const;   // on the line, as it is now
  std::size_t send_coarse(std::vector<Block>& blocks, std::size_t from);
  void tell_old(const Rect& area);
  void tell_not_old();
  LocalTime tail_due() const;
  void plan_wake(LocalTime now);

  TileTools tools_;
  Sink sink_;
  std::function<LocalTime()> now_;
  TileLine line_;
  TileHistory history_;
  CellMap cells_;
  std::optional<ports::Frame> frame_;       // the newest
  std::unique_ptr<ports::PixelBuffer> shadow_;
  ports::TileUpdate update_;
  LocalTime captured_at_{};
  LocalTime handed_out_at_{};
  bool open_ = false;
  std::uint64_t bytes_ = 0;                 // of this stream
  std::vector<Rect> damage_;                // not looked at yet
  std::vector<Rect> changed_, fresh_, video_wanted_;
  std::vector<Rect> sent_areas_;            // in this round: the shadow gets them when all of it is sent
  std::vector<Rect> boxes_, played_, still_;   // scratch: damage of each tile, of what a video owns, and the rest
  std::vector<Rect> told_old_;              // what the viewer was told waits, and where copies took that; in no order
  std::vector<ports::Move> moves_;
  bool work_ = false;                       // some cell may not be clean
  bool wants_room_ = false;
  bool look_again_ = false;                 // at who owns what, though nothing changed
  bool found_ = false;                      // changed_ is what changed in frame_, and nothing came of it yet
  double bytes_per_pixel_ = 0.1;            // of exact tiles, as of late
  int pointer_x_ = 0, pointer_y_ = 0;
  LocalTime wake_at_ = kNever;
  LocalTime tail_at_ = kNever;              // probe_at_ while it lies ahead
  bool tail_asked_ = false;
  LocalTime told_tail_ = LocalTime::min();  // tail_due of the newest part: by then the owner asks
  LocalTime probe_at_ = kNever, probed_at_{};   // when a packet whose fate is unknown is asked after; when one was last
  int probes_ = 0;
  std::uint64_t clean_ = kCleanForAll;      // parts applied since the last loss
  wire::TilePacket parsed_;

  // video
  std::vector<Video> videos_;               // oldest first; with what is being opened kMostVideoStreams at most
  std::vector<Rect> clustered_, groups_;    // of which the groups were made; rectangles that each want an encoder
  std::optional<Rect> ordered_;             // being opened
  bool order_told_ = false;
  std::optional<Rect> growing_;             // where one was wanted when that was asked last
  LocalTime growing_since_{}, alike_at_{};   // since when one is; captured_at of the picture that was asked with
  int pictures_alike_ = 0;                      // since it grew
  bool any_owned_ = false;
  std::vector<Pace> paces_;                 // one per tile
  LocalTime rest_at_ = kNever;              // when the next tile of a video will have rested
  LocalTime video_barred_until_{}, next_order_{};
  LocalTime stumbled_at_{};                 // a film stood still for a moment and went on
  int video_failures_ = 0;
};

}  // namespace beside::session
