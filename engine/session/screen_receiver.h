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

#include "engine/ports/canvas.h"
#include "engine/ports/video.h"

namespace beside::session {

// What the sender promised of a stream; the gate before the decoder holds him to it.
struct ReceiveParams {
  ports::VideoCodec codec = ports::VideoCodec::H264_444;
  int width = 0, height = 0;
  Bytes sps, pps;
  std::uint32_t layout_generation = 0;
  std::uint32_t monitor_id = 0;
};

// When one picture passed which step; captured_at is on the sender's clock.
struct PictureTimes {
  std::uint64_t number = 0;
  PeerTime captured_at{};
  LocalTime received_at{}, decoded_at{};
};

// The operator's side of a stream: the `decode` thread turns access units into pictures and writes them into the canvas.
// Thread: called on the owner's thread (net); `picture` comes on the decode thread, the other events through `post`.
// Blocking: the destructor joins the thread (a decode takes milliseconds).
class ScreenReceiver {
 public:
  using Post = std::function<void(std::function<void()>)>;
  using MakeDecoder = std::function<Result<std::unique_ptr<ports::VideoDecoder>>(const ReceiveParams&)>;
  using ToPixels = std::function<Result<void>(const ports::Planes&, std::uint8_t* bgrx, std::ptrdiff_t stride)>;
  struct Events {
    std::function<void(ports::DecodedPicture)> picture;
    std::function<void()> need_key;
    std::function<void(Error)> refused;        // the stream cannot be shown at all
    std::function<void(const PictureTimes&)> decoded;
  };
  // `canvas` and `to_pixels`: both or neither; without them pictures go to Events::picture only.
  ScreenReceiver(MakeDecoder make_decoder, std::shared_ptr<ports::Canvas> canvas, ToPixels to_pixels, Events events, Post post);
  ~ScreenReceiver();
  ScreenReceiver(const ScreenReceiver&) = delete;
  ScreenReceiver& operator=(const ScreenReceiver&) = delete;

  // From here on units belong to this stream; older units that wait are dropped.
  void configure(ReceiveParams params);
  // False: 32 units wait already; all were dropped and a key picture is needed.
  bool push(Bytes access_unit, PeerTime captured_at, LocalTime received_at);

 private:
  struct Unit {
    Bytes bytes;
    PeerTime captured_at;
    LocalTime received_at;
  };
  void decode_loop();
  void paint(const ports::DecodedPicture& picture);

  MakeDecoder make_decoder_;
  std::shared_ptr<ports::Canvas> canvas_;
  ToPixels to_pixels_;
  Events events_;
  Post post_;
  std::shared_ptr<std::atomic<bool>> alive_ = std::make_shared<std::atomic<bool>>(true);
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Unit> units_;
  std::optional<ReceiveParams> new_params_;
  bool quit_ = false;
  // decode thread
  std::unique_ptr<ports::PixelBuffer> pixels_;
  std::uint32_t painted_layout_ = 0, painted_monitor_ = 0;
  bool painted_ = false;
  std::thread thread_;
};

}  // namespace beside::session
