// SPDX-License-Identifier: GPL-3.0-or-later
#include "capture/x11/grabber.h"

#include <fmt/core.h>
#include <xcb/shm.h>

#include <bit>
#include <cstring>

namespace beside::capture {

Result<std::unique_ptr<Grabber>> Grabber::create(const Connection& connection) {
  std::unique_ptr<Grabber> made(new Grabber(connection));
  const auto* setup = connection.setup();
  const auto* screen = connection.screen();
  const auto layout = x11::pixel_layout(*setup, screen->root_visual, screen->root_depth);
  if (!layout)
    return fail(ErrorKind::Environment, "capture/x11: visual",
                fmt::format("this display has {} colour bits and a palette, which cannot be shared", screen->root_depth));
  made->layout_ = *layout;
  if (!layout->is_bgrx()) made->converter_ = std::make_unique<PixelConverter>(*layout);
  (void)made->shared_.make_room(static_cast<std::size_t>(layout->bytes_per_row(screen->width_in_pixels)) * screen->height_in_pixels);
  return made;
}

std::string Grabber::describe() const {
  std::string out = "GetImage (slow: no shared memory with this X server)";
  if (shared_.way() != x11::SharedMemory::Way::None) out = x11::to_string(shared_.way());
  if (!converter_) return out;
  const bool wider = std::popcount(layout_.red) > 8 || std::popcount(layout_.green) > 8 || std::popcount(layout_.blue) > 8;
  return out + fmt::format(", {}-bit colours{}", connection_.screen()->root_depth, wider ? " rounded to 24 bits" : "");
}

void Grabber::touch() {
  if (shared_.data() != nullptr) std::memset(shared_.data(), 0, shared_.capacity());
}

Result<std::vector<Grabber::Box>> Grabber::grab(const std::vector<Rect>& boxes, const std::function<void()>& asked) {
  std::size_t bytes = 0;
  for (const Rect& box : boxes)
    bytes += static_cast<std::size_t>(layout_.bytes_per_row(box.width)) * static_cast<std::size_t>(box.height);
  std::vector<Box> out;
  out.reserve(boxes.size());
  const auto read = shared_.make_room(bytes) ? read_by_segment(shared_, boxes, asked, out) : read_by_socket(boxes, asked, out);
  if (!read) return fail(read);
  if (converter_) convert(out);
  return out;
}

std::unique_ptr<x11::SharedMemory> Grabber::make_memory(int width, int height, int stride) const {
  if (converter_ || shared_.way() == x11::SharedMemory::Way::None || layout_.bytes_per_row(width) != stride) return nullptr;
  auto memory = std::make_unique<x11::SharedMemory>(connection_.xcb(), x11::SharedMemory::Server::Writes, "beside-frame");
  if (!memory->make_room(static_cast<std::size_t>(stride) * static_cast<std::size_t>(height))) return nullptr;
  return memory;
}

Result<Grabber::Box> Grabber::grab_into(const x11::SharedMemory& memory, const Rect& box, const std::function<void()>& asked) {
  std::vector<Box> out;
  if (const auto read = read_by_segment(memory, {box}, asked, out); !read) return fail(read);
  return out.front();
}

Result<void> Grabber::read_by_segment(const x11::SharedMemory& memory, const std::vector<Rect>& boxes, const std::function<void()>& asked, std::vector<Box>& out) {
  xcb_connection_t* c = connection_.xcb();
  std::vector<xcb_shm_get_image_cookie_t> cookies;
  std::size_t offset = 0;
  for (const Rect& box : boxes) {
    cookies.push_back(xcb_shm_get_image(c, connection_.root(), static_cast<std::int16_t>(box.x),
                                        static_cast<std::int16_t>(box.y), static_cast<std::uint16_t>(box.width),
                                        static_cast<std::uint16_t>(box.height), ~0u, XCB_IMAGE_FORMAT_Z_PIXMAP, memory.segment(),
                                        static_cast<std::uint32_t>(offset)));
    const int stride = layout_.bytes_per_row(box.width);
    out.push_back({box, memory.data() + offset, stride});
    offset += static_cast<std::size_t>(stride) * static_cast<std::size_t>(box.height);
  }
  if (asked) asked();
  bool refused = false;
  for (const auto& cookie : cookies) {
    xcb_generic_error_t* error = nullptr;
    Reply<xcb_shm_get_image_reply_t> reply(xcb_shm_get_image_reply(c, cookie, &error));
    std::free(error);
    refused = refused || !reply;
  }
  if (connection_.broken()) return tl::unexpected<Error>(display_gone("capture/x11: grab"));
  if (refused) return fail(ErrorKind::Limit, "capture/x11: grab", "the X server refused a part of the screen");
  return {};
}

Result<void> Grabber::read_by_socket(const std::vector<Rect>& boxes, const std::function<void()>& asked, std::vector<Box>& out) {
  xcb_connection_t* c = connection_.xcb();
  std::vector<xcb_get_image_cookie_t> cookies;
  std::size_t bytes = 0;
  for (const Rect& box : boxes) {
    cookies.push_back(xcb_get_image(c, XCB_IMAGE_FORMAT_Z_PIXMAP, connection_.root(), static_cast<std::int16_t>(box.x),
                                    static_cast<std::int16_t>(box.y), static_cast<std::uint16_t>(box.width),
                                    static_cast<std::uint16_t>(box.height), ~0u));
    bytes += static_cast<std::size_t>(layout_.bytes_per_row(box.width)) * static_cast<std::size_t>(box.height);
  }
  if (asked) asked();
  socket_memory_.resize(bytes);
  bool refused = false;
  std::size_t offset = 0;
  for (std::size_t i = 0; i < boxes.size(); ++i) {
    xcb_generic_error_t* error = nullptr;
    Reply<xcb_get_image_reply_t> reply(xcb_get_image_reply(c, cookies[i], &error));
    std::free(error);
    const int stride = layout_.bytes_per_row(boxes[i].width);
    const std::size_t size = static_cast<std::size_t>(stride) * static_cast<std::size_t>(boxes[i].height);
    if (!reply || static_cast<std::size_t>(xcb_get_image_data_length(reply.get())) < size) {
      refused = true;
      continue;
    }
    std::memcpy(socket_memory_.data() + offset, xcb_get_image_data(reply.get()), size);
    out.push_back({boxes[i], socket_memory_.data() + offset, stride});
    offset += size;
  }
  if (connection_.broken()) return tl::unexpected<Error>(display_gone("capture/x11: grab"));
  if (refused) return fail(ErrorKind::Limit, "capture/x11: grab", "the X server refused a part of the screen");
  return {};
}

void Grabber::convert(std::vector<Box>& out) {
  std::size_t bytes = 0;
  for (const Box& box : out) bytes += static_cast<std::size_t>(box.where.width) * static_cast<std::size_t>(box.where.height) * 4;
  converted_.resize(bytes);
  std::uint8_t* to = converted_.data();
  for (Box& box : out) {
    std::uint8_t* const begin = to;
    for (int y = 0; y < box.where.height; ++y) {
      converter_->convert_row(box.pixels + y * box.stride, to, box.where.width);
      to += std::ptrdiff_t{4} * box.where.width;
    }
    box.pixels = begin;
    box.stride = std::ptrdiff_t{4} * box.where.width;
  }
}

}  // namespace beside::capture
