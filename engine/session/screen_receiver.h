// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
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

namespace beside::session {

// What the sender promised of a video stream; the gate before the decoder holds him to it.
struct ReceiveParams {
  ports::VideoCodec codec = ports::VideoCodec::H264_444;
  int width = 0, height = 0;
  Bytes sps, pps;
  std::uint8_t stream = 1;              // as the tiles name it
  int x = 0, y = 0;                     // where it lies in the picture
  std::uint16_t generation = 0;         // of that picture
};

// The operator's side of a screen: the `decode` thread applies tile packets, in order, and decoded video to the canvas.
// Thread: called on the owner's thread (net); the canvas is written on the decode thread; events come through `post`.
// Blocking: the destructor joins the thread (a decode takes milliseconds).
class ScreenReceiver {
 public:
  using Post = std::function<void(std::function<void()>)>;
  using MakeDecoder = std::function<Result<std::unique_ptr<ports::VideoDecoder>>(const ReceiveParams&)>;
  using ToPixels = std::function<Result<void>(const ports::Planes&, std::uint8_t* bgrx, std::ptrdiff_t stride)>;
  struct Events {
    std::function<void()> need_key;
    std::function<void(Error)> refused;        // what comes cannot be shown
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
  // From here on units belong to this stream; older units that wait are dropped.
  void configure_video(ReceiveParams params);
  // False: 32 units wait already; all were dropped and a key picture is needed.
  bool push_video(Bytes access_unit, std::uint32_t rtp_timestamp, PeerTime captured_at, LocalTime received_at);

 private:
  struct Unit {
    Bytes bytes;
    std::uint32_t rtp_timestamp = 0;
    PeerTime captured_at;
    LocalTime received_at;
  };
  struct BeginTiles {};
  using Work = std::variant<BeginTiles, TileReceiver::Packet, ReceiveParams, Unit>;
  void decode_loop();
  void add(Work work);
  void drop_units();
  void do_work(BeginTiles);
  void do_work(TileReceiver::Packet packet);
  void do_work(ReceiveParams params);
  void do_work(Unit unit);
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
  std::size_t units_ = 0, packets_ = 0;        // in work_
  bool quit_ = false;
  // decode thread
  TileCanvas canvas_;
  bool refused_ = false;                       // of the tile stream: nothing of it is used any more
  std::unique_ptr<ports::VideoDecoder> decoder_;
  ReceiveParams params_;
  std::unique_ptr<ports::PixelBuffer> pixels_;
  std::thread thread_;
};

}  // namespace beside::session
