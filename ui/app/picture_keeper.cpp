// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/app/picture_keeper.h"

#include <cstdlib>
#include <ctime>
#include <fstream>

#include "codec/picture/png_file.h"

namespace beside::app {
namespace {

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
  if (writer_.joinable()) writer_.join();
}

void PictureKeeper::save(std::unique_ptr<ports::PixelBuffer> pixels, std::string comment, std::function<void(Result<std::string>)> done) {
  if (writer_.joinable()) writer_.join();   // another session's, which takes a twentieth of a second
  writer_ = std::thread([this, pixels = std::move(pixels), comment = std::move(comment), done = std::move(done)]() mutable {
    net_.post([done = std::move(done), file = write(*pixels, comment)]() mutable { done(std::move(file)); });
  });
}

}  // namespace beside::app
