// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/flow/inner_mux.h"

#include <algorithm>

namespace beside::flow {
namespace {
constexpr std::size_t kHeader = 5;
constexpr std::uint8_t kPartFrame = 1, kLastFrame = 2, kCreditFrame = 3;
// Credit goes back in pieces of a quarter window, not for every message.
constexpr std::uint32_t kGiveBack = InnerMux::kCredit / 4;

void put_header(ByteWriter& w, std::uint8_t type, std::uint8_t stream, std::size_t length) {
  w.u8(type);
  w.u8(stream);
  w.u24(static_cast<std::uint32_t>(length));
}
}  // namespace

Result<void> InnerMux::send(std::uint8_t stream, ByteSpan message) {
  if (stream >= kStreams || message.empty() || message.size() > kMaxMessage)
    return fail(ErrorKind::Limit, "flow/mux: stream or size of message");
  Out& out = out_[stream];
  if (out.queued + message.size() > kMaxQueued) return fail(ErrorKind::Limit, "flow/mux: queue full");
  out.messages.push_back(to_bytes(message));
  out.queued += message.size();
  return {};
}

std::size_t InnerMux::queued(std::uint8_t stream) const { return stream < kStreams ? out_[stream].queued : 0; }

bool InnerMux::has_outgoing() const {
  return std::any_of(in_.begin(), in_.end(), [](const In& in) { return in.owed >= kGiveBack; }) ||
         std::any_of(out_.begin(), out_.end(), [](const Out& out) { return !out.messages.empty() && out.credit > 0; });
}

Bytes InnerMux::take_outgoing(std::size_t budget) {
  Bytes bytes;
  ByteWriter w(bytes);
  const auto room = [&](std::size_t frame) { return bytes.empty() || bytes.size() + frame <= budget; };
  if (budget == 0) return bytes;
  for (std::size_t i = 0; i < kStreams; ++i) {
    In& in = in_[i];
    if (in.owed < kGiveBack || !room(kHeader + 4)) continue;
    put_header(w, kCreditFrame, static_cast<std::uint8_t>(i), 4);
    w.u32(in.owed);
    in.credit += in.owed;
    in.owed = 0;
  }
  for (std::size_t i = 0; i < kStreams; ++i) {
    Out& out = out_[i];
    while (!out.messages.empty() && out.credit > 0) {
      const Bytes& message = out.messages.front();
      const std::size_t left = message.size() - out.at;
      const std::size_t part = std::min({left, kPart, std::size_t{out.credit}});
      if (!room(kHeader + part)) return bytes;
      const bool last = part == left;
      put_header(w, last ? kLastFrame : kPartFrame, static_cast<std::uint8_t>(i), part);
      w.bytes(ByteSpan(message).subspan(out.at, part));
      out.credit -= static_cast<std::uint32_t>(part);
      out.queued -= part;
      out.at += part;
      if (last) {
        out.messages.pop_front();
        out.at = 0;
      }
    }
  }
  return bytes;
}

Result<void> InnerMux::take_frame(std::uint8_t type, std::uint8_t stream, ByteSpan payload, std::vector<Message>& out) {
  if (type == kCreditFrame) {
    const std::uint32_t more = ByteReader(payload).u32();
    // Credit never exceeds a window: the other end may only return what we used.
    BS_PEER_CHECK(more >= 1 && more <= kCredit - out_[stream].credit, "flow/mux: credit");
    out_[stream].credit += more;
    return {};
  }
  In& in = in_[stream];
  BS_PEER_CHECK(payload.size() <= in.credit, "flow/mux: more than its credit");
  BS_PEER_CHECK(in.message.size() + payload.size() <= kMaxMessage, "flow/mux: message too large");
  in.credit -= static_cast<std::uint32_t>(payload.size());
  in.message.insert(in.message.end(), payload.begin(), payload.end());
  if (!in.manual) in.owed += static_cast<std::uint32_t>(payload.size());
  if (type == kLastFrame) {
    out.push_back({stream, std::move(in.message)});
    in.message = {};
  }
  return {};
}

Result<std::vector<InnerMux::Message>> InnerMux::receive(ByteSpan plaintext) {
  std::vector<Message> out;
  if (dead_) return fail(ErrorKind::PeerFault, "flow/mux: after an error");
  dead_ = true;  // until this call ends well
  partial_.insert(partial_.end(), plaintext.begin(), plaintext.end());
  std::size_t at = 0;
  while (partial_.size() - at >= kHeader) {
    ByteReader in(ByteSpan(partial_).subspan(at));
    const std::uint8_t type = in.u8(), stream = in.u8();
    const std::size_t length = in.u24();
    BS_PEER_CHECK(type >= kPartFrame && type <= kCreditFrame, "flow/mux: type of frame");
    BS_PEER_CHECK(stream < kStreams, "flow/mux: stream");
    BS_PEER_CHECK(type == kCreditFrame ? length == 4 : length >= 1 && length <= kPart, "flow/mux: length of frame");
    if (in.remaining() < length) break;
    if (auto ok = take_frame(type, stream, in.bytes(length), out); !ok) return fail(ok);
    at += kHeader + length;
  }
  partial_.erase(partial_.begin(), partial_.begin() + static_cast<std::ptrdiff_t>(at));
  dead_ = false;
  return out;
}

void InnerMux::consumed(std::uint8_t stream, std::size_t bytes) {
  if (stream >= kStreams || !in_[stream].manual) return;
  In& in = in_[stream];
  const std::uint32_t most = kCredit - in.credit - in.owed;
  in.owed += static_cast<std::uint32_t>(std::min<std::size_t>(bytes, most));
}

}  // namespace beside::flow
