// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/flow/fec.h"

#include <algorithm>
#include <cmath>

#include "engine/flow/reed_solomon.h"
#include "engine/wire/rtp.h"

namespace beside::flow {
namespace {
constexpr double kUnrepaired = 0.01;
constexpr std::size_t kSmall = 4;                    // packets
constexpr nanoseconds kAskTime = milliseconds(10);   // reorder window and timers of a NACK
constexpr std::int64_t kMaxJump = 8192;

// The chance that more than `most` of `n` independent events of chance `p` happen.
double more_than(std::size_t most, std::size_t n, double p) {
  double term = std::pow(1 - p, static_cast<double>(n)), sum = term;
  for (std::size_t i = 0; i < most && i < n; ++i) {
    term *= static_cast<double>(n - i) / static_cast<double>(i + 1) * p / (1 - p);
    sum += term;
  }
  return 1 - sum;
}
}  // namespace

RepairPlan plan_repair(std::size_t packets, double loss, double burst, nanoseconds rtt, nanoseconds until_next) {
  RepairPlan plan;
  if (packets == 0 || loss < kLossSeen) return plan;
  if (packets == 1) {
    plan.twice = true;
    return plan;
  }
  // Of a small update the lost one is likely the last one, which nobody asks for: the sender finds out after two round trips.
  if (packets > kSmall && rtt + kAskTime <= until_next) return plan;
  const double p = std::min(loss, 0.5), length = std::clamp(burst, 1.0, 16.0);
  const std::size_t blocks = (packets + wire::kFecMaxSources - 1) / wire::kFecMaxSources;
  const std::size_t sources = (packets + blocks - 1) / blocks;
  const std::size_t most = std::max<std::size_t>(1, (sources + 2) / 3);
  // Losses come as bursts of that mean length; enough parity for the number of bursts that all but 1 % of blocks meet.
  std::size_t bursts = 0;
  while (bursts < sources) {
    plan.parity = static_cast<std::size_t>(std::ceil(static_cast<double>(bursts) * length));
    if (plan.parity >= most) break;
    if (plan.parity > 0 && more_than(bursts, sources + plan.parity, p / length) < kUnrepaired) break;
    ++bursts;
  }
  plan.parity = std::clamp<std::size_t>(plan.parity, 1, std::min(most, wire::kFecMaxParity));
  return plan;
}

std::vector<Bytes> FecSender::protect(std::span<const Bytes> packets, std::size_t parity, LocalTime now) {
  std::vector<Bytes> out;
  parity = std::min(parity, wire::kFecMaxParity);
  if (packets.empty() || parity == 0) return out;
  const std::size_t blocks = (packets.size() + wire::kFecMaxSources - 1) / wire::kFecMaxSources;
  const std::size_t each = (packets.size() + blocks - 1) / blocks;
  for (std::size_t from = 0; from < packets.size(); from += each) {
    const auto block = packets.subspan(from, std::min(each, packets.size() - from));
    const auto first = wire::peek_rtp(block.front());
    std::size_t longest = 0;
    for (const Bytes& packet : block) longest = std::max(longest, packet.size());
    if (!first || longest + 2 > wire::kFecMaxSymbol) continue;
    std::vector<Bytes> rows(parity, Bytes(longest + 2, 0));
    Bytes symbol;
    for (std::size_t column = 0; column < block.size(); ++column) {
      symbol.clear();
      ByteWriter w(symbol);
      w.u16(static_cast<std::uint16_t>(block[column].size()));
      w.bytes(block[column]);
      for (std::size_t row = 0; row < parity; ++row) ReedSolomon::add(row, column, symbol, rows[row]);
    }
    for (std::size_t row = 0; row < parity; ++row) {
      wire::FecHeader header;
      header.media = first->ssrc;
      header.first_seq = first->seq.value;
      header.sources = static_cast<std::uint8_t>(block.size());
      header.parity = static_cast<std::uint8_t>(parity);
      header.row = static_cast<std::uint8_t>(row);
      header.symbol_bytes = static_cast<std::uint16_t>(rows[row].size());
      wire::RtpHeader rtp;
      rtp.payload_type = wire::kPayloadFec;
      rtp.marker = row + 1 == parity;
      rtp.seq = next_;
      rtp.timestamp = wire::to_90khz(now);
      rtp.ssrc = own_;
      out.push_back(wire::build_rtp(rtp, wire::build_fec(header, rows[row])));
      next_ = next_.next();
    }
  }
  sent_ += out.size();
  return out;
}

std::int64_t FecReceiver::extend(std::uint16_t seq) const {
  return highest_ + SeqNo{seq}.since(SeqNo{static_cast<std::uint16_t>(highest_)});
}

void FecReceiver::restart(Ssrc media) {
  media_ = media;
  started_ = false;
  packets_.clear();
  blocks_.clear();
  bytes_ = 0;
}

void FecReceiver::expire(LocalTime now) {
  while (!packets_.empty() && (packets_.size() > kMaxPackets || bytes_ > kMaxBytes || packets_.begin()->first < highest_ - std::int64_t{kMaxPackets})) {
    bytes_ -= packets_.begin()->second.size();
    packets_.erase(packets_.begin());
  }
  for (auto it = blocks_.begin(); it != blocks_.end();)
    it = now - it->second.at > kKeep || it->first < highest_ - std::int64_t{kMaxPackets} ? blocks_.erase(it) : std::next(it);
  while (blocks_.size() > kMaxBlocks) blocks_.erase(blocks_.begin());
}

std::vector<Bytes> FecReceiver::on_media(SeqNo seq, ByteSpan packet, LocalTime now) {
  std::vector<Bytes> out;
  if (packet.size() + 2 > wire::kFecMaxSymbol) return out;
  if (!started_) {
    started_ = true;
    highest_ = std::int64_t{seq.value} + 65536;
  }
  const std::int64_t number = extend(seq.value);
  if (number > highest_ + kMaxJump) {   // a new start
    restart(media_);
    return on_media(seq, packet, now);
  }
  if (number <= highest_ - std::int64_t{kMaxPackets}) return out;
  highest_ = std::max(highest_, number);
  const auto [it, fresh] = packets_.emplace(number, Bytes());
  if (!fresh) return out;
  it->second = to_bytes(packet);
  bytes_ += packet.size();
  expire(now);
  for (const auto& [base, block] : blocks_) {
    if (number < base || number >= base + block.shape.sources) continue;
    return try_block(base, now);
  }
  return out;
}

Result<std::vector<Bytes>> FecReceiver::on_parity(ByteSpan payload, LocalTime now) {
  auto packet = wire::parse_fec(payload);
  if (!packet) return fail(packet);
  if (packet->header.media != media_) return std::vector<Bytes>();
  if (!started_) {
    started_ = true;
    highest_ = std::int64_t{packet->header.first_seq} + 65536;
  }
  const std::int64_t base = extend(packet->header.first_seq);
  if (base > highest_ + kMaxJump || base <= highest_ - std::int64_t{kMaxPackets}) return std::vector<Bytes>();
  Block& block = blocks_[base];
  wire::FecHeader shape = packet->header;
  shape.row = 0;
  if (block.parity.empty()) {
    block.shape = shape;
    block.at = now;
  }
  if (!(block.shape == shape)) return fail(ErrorKind::PeerFault, "flow/fec: parity packets of one block disagree");
  block.parity.emplace(packet->header.row, to_bytes(packet->symbol));
  expire(now);
  return try_block(base, now);
}

std::vector<Bytes> FecReceiver::try_block(std::int64_t base, LocalTime now) {
  std::vector<Bytes> out;
  const auto found = blocks_.find(base);
  if (found == blocks_.end()) return out;
  const Block& block = found->second;
  std::vector<std::size_t> missing;
  for (std::size_t i = 0; i < block.shape.sources; ++i)
    if (!packets_.contains(base + static_cast<std::int64_t>(i))) missing.push_back(i);
  if (missing.size() > block.parity.size()) return out;   // more may come
  if (!missing.empty()) {
    std::vector<Bytes> symbols;
    symbols.reserve(block.shape.sources);
    std::vector<ReedSolomon::Symbol> sources, parity;
    bool fits = true;
    for (std::size_t i = 0; i < block.shape.sources; ++i) {
      const auto it = packets_.find(base + static_cast<std::int64_t>(i));
      if (it == packets_.end()) continue;
      fits = fits && it->second.size() + 2 <= block.shape.symbol_bytes;
      Bytes symbol;
      symbol.reserve(it->second.size() + 2);
      ByteWriter w(symbol);
      w.u16(static_cast<std::uint16_t>(it->second.size()));
      w.bytes(it->second);
      symbols.push_back(std::move(symbol));
      sources.push_back({i, symbols.back()});
    }
    for (const auto& [row, symbol] : block.parity) parity.push_back({row, symbol});
    const auto recovered = fits ? ReedSolomon::recover(sources, parity, missing, block.shape.symbol_bytes) : std::nullopt;
    for (std::size_t i = 0; recovered && i < missing.size(); ++i) {
      ByteReader in{ByteSpan((*recovered)[i])};
      const std::size_t size = in.u16();
      if (size > in.remaining()) continue;   // not what our own sender makes: that packet stays lost
      Bytes packet = to_bytes(in.bytes(size));
      const std::int64_t number = base + static_cast<std::int64_t>(missing[i]);
      const auto header = wire::peek_rtp(packet);
      if (!header || header->ssrc != media_ || header->seq.value != static_cast<std::uint16_t>(number)) continue;
      bytes_ += packet.size();
      packets_.emplace(number, packet);
      highest_ = std::max(highest_, number);
      ++recovered_;
      out.push_back(std::move(packet));
    }
  }
  blocks_.erase(found);
  expire(now);
  return out;
}

}  // namespace beside::flow
