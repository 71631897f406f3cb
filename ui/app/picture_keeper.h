// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <thread>

#include "engine/base/result.h"
#include "engine/ports/frame.h"
#include "ui/app/net_thread.h"

namespace beside::app {

// Where people keep pictures: $XDG_PICTURES_DIR or what user-dirs.dirs names, else ~/Pictures, each with "Beside" in it.
std::filesystem::path pictures_directory();

// Writes pictures there, named by the time alone (never by who is on them), one at a time on a thread of its own.
// Thread: net; the destructor waits for the picture that is being written.
class PictureKeeper {
 public:
  explicit PictureKeeper(NetThread& net) : net_(net) {}
  ~PictureKeeper();
  PictureKeeper(const PictureKeeper&) = delete;
  PictureKeeper& operator=(const PictureKeeper&) = delete;
  void save(std::unique_ptr<ports::PixelBuffer> pixels, std::string comment, std::function<void(Result<std::string>)> done);

 private:
  NetThread& net_;
  std::thread writer_;
};

}  // namespace beside::app
