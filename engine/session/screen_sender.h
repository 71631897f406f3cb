// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "engine/base/channels.h"
#include "engine/ports/desktop.h"
#include "engine/ports/rights_gate.h"
#include "engine/ports/video.h"

namespace beside::session {

// What the stream will be, told before its first picture.
struct StreamInfo {
  std::uint32_t number = 0;             // grows with each encoder made
  ports::VideoCodec codec = ports::VideoCodec::H264_444;
  int width = 0, height = 0;
  Bytes sps, pps;
  std::string encoder;
  std::uint32_t layout_generation = 0;
  std::uint32_t monitor_id = 0;
};

// The customer's screen as a stream of encoded pictures: the `capture` thread waits for changes and grabs, the `encode`
// thread makes pictures of the newest grab. An unchanged screen costs neither.
//
// Nothing is grabbed before begin(), and begin() needs the customer's Grant; the source asks the gate again at each grab.
// Thread: constructed, called and destroyed on the owner's thread (net); events arrive there through `post`. Blocking
// calls: the destructor joins both threads (the source's cancel() wakes a waiting grab).
class ScreenSender {
 public:
  using Post = std::function<void(std::function<void()>)>;
  struct Config {
    std::function<Result<std::unique_ptr<ports::FrameSource>>()> make_source;                         // capture thread
    std::function<Result<std::unique_ptr<ports::VideoEncoder>>(const ports::VideoSettings&)> make_encoder;  // encode thread
    bool accept_444 = true;             // what the viewer can decode
    int target_kbps = 12'000;
    milliseconds least_interval{15};    // between two pictures
  };
  struct Events {
    std::function<void(DesktopLayout)> layout;
    std::function<void(std::string)> opened;                    // FrameSource::describe()
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

  void begin(ports::Grant see, std::uint32_t monitor_id);
  void pause();                                                 // no grab from here on
  void request_key();
  void set_target_kbps(int kbps);
  // While held, nothing is encoded; the newest grab waits, with the damage of all it replaced.
  void set_hold(bool held);
  std::uint64_t dropped_frames() const { return frames_.dropped(); }

 private:
  void capture_loop();
  void encode_loop();
  bool apply_orders(ports::FrameSource& source);
  void encode_one(ports::Frame frame);
  Result<void> open_encoder(int width, int height);
  void announce(const ports::Frame& frame);
  bool make_encoder_for(const ports::Frame& frame);
  template <typename Fn>
  void tell(Fn&& fn);

  Config config_;
  Events events_;
  Post post_;
  std::shared_ptr<std::atomic<bool>> alive_ = std::make_shared<std::atomic<bool>>(true);

  struct Orders {
    std::optional<ports::Grant> begin;
    std::uint32_t monitor_id = 0;
    bool pause = false;
    bool full = false;
  };
  std::mutex mutex_;                       // orders_, source_, wake flags
  Orders orders_;
  ports::FrameSource* source_ = nullptr;   // while the capture thread has one
  std::condition_variable order_given_;
  bool quit_ = false;
  bool grabbing_ = false;                  // capture thread

  Mailbox<ports::Frame> frames_;
  std::mutex encode_mutex_;
  std::condition_variable encode_wake_;
  bool frame_waits_ = false, held_ = false, key_wanted_ = false;
  std::optional<int> new_kbps_;
  std::optional<DesktopLayout> expected_;   // what will probably be shown, once it may be

  // encode thread
  std::unique_ptr<ports::VideoEncoder> encoder_;
  std::optional<ports::Frame> last_frame_;  // for a key picture of a resting screen
  StreamInfo stream_;
  bool allow_444_ = true;
  bool announced_ = false;                  // the other end knows of encoder_
  int failures_ = 0;

  std::thread capture_thread_, encode_thread_;
};

}  // namespace beside::session
