// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <functional>
#include <memory>

#include "engine/ports/canvas.h"
#include "engine/session/customer_ports.h"
#include "engine/session/screen_receiver.h"

namespace beside::session {

struct OperatorPorts : CommonPorts {
  ScreenReceiver::MakeDecoder make_decoder;                                              // decode thread
  bool decodes_av1 = false;                                                              // make_decoder makes those as well
  // The session's picture, told once before anything is on it; the same one until gone(). Net thread.
  std::function<void(std::uint32_t session, std::shared_ptr<ports::Canvas>)> canvas;
  // Something waits in Canvas::take() that nobody knew of. Decode thread; keep it short (post, wake).
  std::function<void(std::uint32_t session)> canvas_changed;
  std::function<std::unique_ptr<ports::TileDecoder>()> make_tile_decoder;                // net thread
  // Planes -> B, G, R, X rows `stride` bytes apart (engine/gpu's twin). Decode thread.
  ScreenReceiver::ToPixels to_pixels;
  std::function<void(std::uint32_t session, ports::CursorImage)> cursor_shape;           // net thread
  std::function<void(std::uint32_t session, ports::CursorPosition)> cursor_position;     // net thread; root pixels
  std::function<void(std::uint32_t session)> gone;                                       // net thread: forget its pictures
  // Writes a picture to where pictures are kept, on a thread of its own; `done` comes on net with the file. Empty: none is kept.
  std::function<void(std::unique_ptr<ports::PixelBuffer>, std::string comment, std::function<void(Result<std::string>)> done)> save_picture;
  std::function<std::vector<PastSession>()> past_sessions;                               // net thread, read from disk
};

}  // namespace beside::session
