// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <functional>

#include "engine/session/customer_ports.h"
#include "engine/session/screen_receiver.h"

namespace beside::session {

struct OperatorPorts : CommonPorts {
  ScreenReceiver::MakeDecoder make_decoder;                                              // decode thread
  std::function<void(std::uint32_t session, ports::DecodedPicture)> picture;             // decode thread
  std::function<void(std::uint32_t session, ports::CursorImage)> cursor_shape;           // net thread
  std::function<void(std::uint32_t session, ports::CursorPosition)> cursor_position;     // net thread; root pixels
  std::function<void(std::uint32_t session)> gone;                                       // net thread: forget its pictures
  std::function<std::vector<PastSession>()> past_sessions;                               // net thread, read from disk
};

}  // namespace beside::session
