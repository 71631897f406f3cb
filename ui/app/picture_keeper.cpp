// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/app/picture_keeper.h"

#include <cstdlib>
#include <ctime>
#include <fstream>

#include "codec/picture/png_file.h"
#include "engine/base/thread_role.h"

namespace beside::app {
namespace {

constexpr std::size_t kMostWaiting = 3;   // each is as large as the customer's screen

std::filesystem::path home() {
  const char* home = std::getenv("HOME");
  return home == nullptr || *home == '\0' ? "." : home;
}

// XDG_PICTURES_DIR="$HOME/Bilder" (xdg-user-dirs: only $HOME/... or an absolute path).
std::filesystem::path from_user_dirs() {
  const char* config = std::getenv("XDG_CONFIG_HOME");
  std::ifstream in((config != nullptr && *config == '/' ? std::filesystem::path(config) : home() / ".config") / "user-dirs.dirs");
  const std::string key = "XDG_PICTURES_DIR=\"", in_home = "$HOME/";
  for (std::string line; std::getline(in, line);) {
    if (line.rfind(key, 0) != 0 || line.size() <= key.size() || line.back() != '"') continue;
    const std::string value = line.substr(key.size(), line.size() - key.size() - 1);
    if (value.rfind(in_home, 0) == 0) return home() / value.substr(in_home.size());
    if (value.rfind('/', 0) == 0) return value;
  }
  return {};
}

Result<std::string> write(const ports::PixelBuffer& pixels, const std::string& comment) {
  const auto folder = pictures_directory();
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) return fail(ErrorKind::Environment, "ui/app: pictures", folder.string() + ": " + error.message());
  const std::time_t now = std::time(nullptr);
  std::tm local{};
  localtime_r(&now, &local);
  char stamp[32];
  std::strftime(stamp, sizeof stamp, "%Y-%m-%d-%H%M%S", &local);
  for (int n = 1; n < 1000; ++n) {
    const auto file = folder / ("beside-" + std::string(stamp) + (n == 1 ? std::string() : "-" + std::to_string(n)) + ".png");
    if (std::filesystem::exists(file, error)) continue;
    if (auto written = picture::write_png(file, pixels, comment); !written) return fail(written);
    return file.string();
  }
  return fail(ErrorKind::Limit, "ui/app: pictures", folder.string() + " holds too many pictures of this second");
}

}  // namespace

std::filesystem::path pictures_directory() {
  if (const char* given = std::getenv("XDG_PICTURES_DIR"); given != nullptr && *given == '/') return std::filesystem::path(given) / "Beside";
  const auto named = from_user_dirs();
  return (named.empty() ? home() / "Pictures" : named) / "Beside";
}

PictureKeeper::~PictureKeeper() {
  {
    const std::lock_guard lock(mutex_);
    quit_ = true;
  }
  more_.notify_one();
  if (writer_.joinable()) writer_.join();
}

// A picture takes a twentieth of a second, or for ever on a disk that is gone.
void PictureKeeper::save(std::unique_ptr<ports::PixelBuffer> pixels, std::string comment, Done done) {
  {
    const std::lock_guard lock(mutex_);
    if (waiting_.size() >= kMostWaiting) {
      net_.post([done = std::move(done)] { done(fail(ErrorKind::Limit, "ui/app: pictures", "the disk has not yet taken the pictures before")); });
      return;
    }
    waiting_.push_back({std::move(pixels), std::move(comment), std::move(done)});
  }
  if (!writer_.joinable()) writer_ = std::thread([this] { write_all(); });
  more_.notify_one();
}

void PictureKeeper::write_all() {
  name_this_thread("pictures out");
  for (;;) {
    std::unique_lock lock(mutex_);
    more_.wait(lock, [this] { return quit_ || !waiting_.empty(); });
    if (waiting_.empty()) return;
    Picture next = std::move(waiting_.front());
    waiting_.pop_front();
    lock.unlock();
    net_.post([done = std::move(next.done), file = write(*next.pixels, next.comment)]() mutable { done(std::move(file)); });
  }
}

}  // namespace beside::app
