// SPDX-License-Identifier: GPL-3.0-or-later
#include "codec/picture/png_file.h"

#include <fcntl.h>
#include <png.h>
#include <unistd.h>

#include <cerrno>
#include <csetjmp>
#include <cstdio>
#include <cstring>
#include <memory>

namespace beside::picture {
namespace {

constexpr int kLevel = 3;   // of deflate: text is small at any, a photo is not worth a second

struct Close {
  void operator()(std::FILE* file) const { std::fclose(file); }
};

// libpng leaves by longjmp: nothing with a destructor lives in here.
bool write_rows(std::FILE* file, const ports::PixelBuffer& pixels, const char* comment) {
  png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, nullptr, nullptr, nullptr);
  if (png == nullptr) return false;
  png_infop info = png_create_info_struct(png);
  if (info == nullptr || setjmp(png_jmpbuf(png)) != 0) {
    png_destroy_write_struct(&png, &info);
    return false;
  }
  png_init_io(png, file);
  png_set_compression_level(png, kLevel);
  png_set_IHDR(png, info, static_cast<png_uint_32>(pixels.width), static_cast<png_uint_32>(pixels.height), 8, PNG_COLOR_TYPE_RGB, PNG_INTERLACE_NONE,
               PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
  if (*comment != '\0') {
    png_text text{};
    char key[] = "Comment";
    text.compression = PNG_TEXT_COMPRESSION_NONE;
    text.key = key;
    text.text = const_cast<char*>(comment);   // libpng only reads it
    png_set_text(png, info, &text, 1);
  }
  png_write_info(png, info);
  png_set_bgr(png);
  png_set_filler(png, 0, PNG_FILLER_AFTER);
  for (int y = 0; y < pixels.height; ++y) png_write_row(png, pixels.row(y));
  png_write_end(png, info);
  png_destroy_write_struct(&png, &info);
  return true;
}

}  // namespace

Result<void> write_png(const std::filesystem::path& file, const ports::PixelBuffer& pixels, const std::string& comment) {
  const auto failed = [](const char* what) { return fail(ErrorKind::Environment, "codec/picture: png", std::string(what) + ": " + std::strerror(errno)); };
  const std::string part = file.string() + ".part";
  const int fd = open(part.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (fd < 0) return failed("the file cannot be made");
  std::unique_ptr<std::FILE, Close> out(fdopen(fd, "wb"));
  bool good = out && write_rows(out.get(), pixels, comment.c_str());
  good = good && std::fflush(out.get()) == 0;
  out.reset();
  if (!good || std::rename(part.c_str(), file.c_str()) != 0) {
    const auto error = failed("the file cannot be written");
    unlink(part.c_str());
    return error;
  }
  return {};
}

}  // namespace beside::picture
