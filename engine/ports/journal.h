// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <string>

#include "engine/base/bytes.h"
#include "engine/base/rights.h"

namespace beside::ports {

enum class JournalKind : std::uint8_t {
  SessionBegan, PeerVerified, Asked, Granted, Refused, Used, Revoked, Paused, Resumed, ControlPaused, InputRefused, ChatSent,
  ChatReceived, GuessSpent, SessionEnded, Receipt, Hidden, PictureKept,
};

struct JournalLine {
  JournalKind kind = JournalKind::SessionBegan;
  Rights rights;          // concerned, if any
  std::string text;       // reason asked, name of the peer, why it ended; never chat text, keys or screen content
};

// The record that each end keeps of a session, hash-chained. Calls return at once; the disk thread writes.
class Journal {
 public:
  virtual ~Journal() = default;
  virtual void begin(const std::string& session_id, const std::string& peer_name) = 0;
  virtual void add(const JournalLine& line) = 0;
  // SHA-256 over the chain so far and the number of lines: exchanged at the end as the receipt.
  virtual std::array<std::uint8_t, 32> head() const = 0;
  virtual std::uint64_t lines() const = 0;
  // What both ends call the receipt once they know both heads: the same 32 bytes at both.
  virtual std::array<std::uint8_t, 32> receipt(ByteSpan customer_head, ByteSpan operator_head) const = 0;
  virtual void end() = 0;
  // Called once, on any thread, when a line could not be written, also when that was before this call.
  virtual void on_failure(std::function<void()>) {}
  // Where it lies, for the end page.
  virtual std::string path() const = 0;
};

}  // namespace beside::ports
