// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "engine/base/hidden_parts.h"
#include "engine/base/secret.h"
#include "engine/ports/desktop.h"
#include "engine/ports/journal.h"
#include "engine/ports/relay_control.h"
#include "engine/ports/secure_channel.h"
#include "engine/ports/video.h"
#include "engine/session/control_client.h"
#include "engine/session/media_port.h"
#include "engine/session/tile_sender.h"
#include "engine/wire/relay_address.h"

namespace beside::session {

// What a secure channel is made of.
struct ChannelRequest {
  ports::End role = ports::End::Customer;
  SecretText secret;           // six digits
  std::string relay_name, locator;
  Bytes capabilities;
};

// What both roles are given by whoever assembles them. All functions are called on the net thread.
struct CommonPorts {
  const TimeSource* clock = nullptr;
  std::function<std::unique_ptr<ports::RelayControl>(const wire::RelayAddress&)> make_relay;
  std::function<Result<std::unique_ptr<ports::SecureChannel>>(ChannelRequest)> make_channel;
  std::function<Result<std::unique_ptr<ports::Sealer>>(const ports::SecureChannel&, ports::End, std::string)> make_sealer;
  MakeMedia make_media;
  std::function<void(MutableByteSpan)> random;
  std::function<void(std::function<void()>)> post;   // any thread: runs on net, in order
  std::function<void(std::function<void()>)> post_unhurried;   // the same, before the next poll: wakes nobody. May be empty
  std::function<void()> wake;                        // any thread: poll the role soon; many calls make one poll
  // A 20-bit hashcash, found on a thread of its own; `done` comes on net with 8 bytes.
  std::function<void(Bytes challenge, std::function<void(Bytes)> done)> solve_hashcash;
  std::function<std::unique_ptr<ports::Journal>()> make_journal;   // one per session; null: none can be kept
  ControlClient::Identity identity;
  std::string person, organisation, language, system;
};

struct CustomerPorts : CommonPorts {
  ports::RightsGate* gate = nullptr;
  std::function<Result<std::unique_ptr<ports::FrameSource>>()> make_source;                                // capture thread
  std::function<Result<std::unique_ptr<ports::VideoEncoder>>(const ports::VideoSettings&)> make_encoder;   // encode thread
  std::function<TileTools()> make_tile_tools;                                                              // capture thread
  std::function<Result<std::unique_ptr<ports::Desktop>>()> make_desktop;
  // From its return on no grab shows these parts (ports::OwnWindows::hide). Empty: nothing can be hidden.
  std::function<void(HiddenParts)> hide;
  // What the customer's system cannot do, by the names of what is missing: changes found or read only slowly, no control.
  std::vector<std::string> capture_lacks, control_lacks;
  bool screen_available = true;   // false: Wayland or no display; chat works, nothing is shared
};

}  // namespace beside::session
