// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <condition_variable>
#include <deque>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "engine/base/result.h"
#include "engine/ports/frame.h"
#include "ui/app/net_thread.h"

namespace beside::app {

// Where people keep pictures: $XDG_PICTURES_DIR or what user-dirs.dirs names, else ~/Pictures, each with "Beside" in it.
std::filesystem::path pictures_directory();

// Writes pictures there, named by the time alone (never by who is on them), one at a time on a thread of its own.
// Thread: net, which never waits for a disk; the destructor waits for what is being written. Failure: Limit, told by `done`, where as many wait already.
class PictureKeeper {
 public:
  explicit PictureKeeper(NetThread& net) : net_(net) {}
  ~PictureKeeper();
  PictureKeeper(const PictureKeeper&) = delete;
  PictureKeeper& operator=(const PictureKeeper&) = delete;
  using Done = std::function<void(Result<std::string>)>;
  void save(std::unique_ptr<ports::PixelBuffer> pixels, std::string comment, Done done);

 private:
  struct Picture {
    std::unique_ptr<ports::PixelBuffer> pixels;
    std::string comment;
    Done done;
  };
  void write_all();
  NetThread& net_;
  std::mutex mutex_;
  std::condition_variable more_;
  std::deque<Picture> waiting_;
  bool quit_ = false;
  std::thread writer_;                 // from the first picture on
};

}  // namespace beside::app
