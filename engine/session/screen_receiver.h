// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <variant>

#include "engine/ports/canvas.h"
#include "engine/ports/tile_coder.h"
#include "engine/ports/video.h"
#include "engine/session/tile_canvas.h"
#include "engine/session/tile_receiver.h"
#include "engine/session/video_streams.h"

namespace beside::session {

// What the sender promised of a video stream; the gate before the decoder holds him to it.
struct ReceiveParams {
  ports::VideoCodec codec = ports::VideoCodec::H264_444;
  int width = 0, height = 0;            // as coded
  int shown_width = 0, shown_height = 0;   // as the decoder gives it
  Bytes sps, pps;
  std::uint8_t stream = 1;              // as the tiles name it
  int x = 0, y = 0;                     // where it lies in the picture
  std::uint16_t generation = 0;         // of that picture
};

// The operator's side of a screen: the `decode` thread applies tile packets, in order, and decoded video to the canvas.
// A small part of the tile stream that comes while that thread rests (a letter) is applied where it came, which takes less time than
// to wake another thread.
// Thread: called on the owner's thread (net); the canvas is written on the decode thread, or on the owner's under the lock while the
// decode thread sleeps; events come through `post`.
// Blocking: the destructor joins the thread (a decode takes milliseconds).
class ScreenReceiver {
 public:
  using Post = std::function<void(std::function<void()>)>;
  using MakeDecoder = std::function<Result<std::unique_ptr<ports::VideoDecoder>>(const ReceiveParams&)>;
  using ToPixels = std::function<Result<void>(const ports::Planes&, std::uint8_t* bgrx, std::ptrdiff_t stride)>;
  struct Events {
    std::function<void(std::uint8_t stream)> ready;           // its decoder is made
    std::function<void(std::uint8_t stream)> need_key;
    std::function<void(std::uint8_t stream, Error)> broken;   // it has no decoder, or none that decodes: it is dropped
    std::function<void(Error)> refused;        // tiles that cannot be shown: nothing more of their stream is
    std::function<void(const ports::UpdateTimes&)> shown;   // on the canvas
  };
  struct Tools {
    MakeDecoder make_decoder;
    ToPixels to_pixels;
    std::unique_ptr<ports::TileDecoder> tiles;
  };
  // `unhurried` takes what only people's figures wait for (shown): it may stay until something else is due.
  ScreenReceiver(Tools tools, std::shared_ptr<ports::Canvas> canvas, Events events, Post post, Post unhurried);
  ~ScreenReceiver();
  ScreenReceiver(const ScreenReceiver&) = delete;
  ScreenReceiver& operator=(const ScreenReceiver&) = delete;

  void begin_tiles();                          // what comes from here on is of a new stream
  bool has_room() const;                       // for more tile packets
  void push_tiles(TileReceiver::Packet packet);
  // A stream begins anew; its older units that wait are dropped. The others go on. ready() or broken() follows.
  void configure_video(ReceiveParams params);
  void drop_video(std::uint8_t stream);
  // False: 32 units of the stream wait already; all were dropped and a key picture is needed.
  bool push_video(std::uint8_t stream, Bytes access_unit, std::uint32_t rtp_timestamp, PeerTime captured_at, LocalTime received_at);

 private:
  struct Unit {
    std::uint8_t stream = 0;
    Bytes bytes;
    std::uint32_t rtp_timestamp = 0;
    PeerTime captured_at;
    LocalTime received_at;
  };
  struct BeginTiles {};
  struct DropVideo { std::uint8_t stream = 0; };
  using Work = std::variant<BeginTiles, TileReceiver::Packet, ReceiveParams, DropVideo, Unit>;
  void decode_loop();
  void add(Work work);
  bool is_slight(ByteSpan payload);
  void drop_units(std::uint8_t stream);
  void do_work(BeginTiles);
  void do_work(TileReceiver::Packet packet);
  void do_work(ReceiveParams params);
  void do_work(DropVideo which);
  void do_work(Unit unit);
  void give_up(std::uint8_t stream, const Error& error);
  void paint(const ports::DecodedPicture& picture, const Rect& part, std::uint8_t* bgrx, std::ptrdiff_t stride) const;
  template <typename Fn>
  void tell(Fn&& fn);
  void tell_shown();

  Tools tools_;
  Events events_;
  Post post_, unhurried_;
  std::shared_ptr<std::atomic<bool>> alive_ = std::make_shared<std::atomic<bool>>(true);
  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Work> work_;
  std::size_t packets_ = 0;                    // in work_
  std::map<std::uint8_t, std::size_t> units_;  // of each stream, in work_
  bool quit_ = false;
  bool working_ = false;                       // the decode thread, without the lock
  wire::TilePacket looked_at_;
  // decode thread while it works, else whoever holds the lock
  TileCanvas canvas_;
  bool refused_ = false;                       // of the tile stream: nothing of it is used any more
  struct Played {
    ReceiveParams params;
    std::unique_ptr<ports::VideoDecoder> decoder;
    int failed = 0;                            // units in a row
    LocalTime failing_since{};
  };
  std::map<std::uint8_t, Played> played_;      // by stream
  std::thread thread_;
};

}  // namespace beside::session
