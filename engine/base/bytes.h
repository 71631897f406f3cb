// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace beside {

using Bytes = std::vector<std::uint8_t>;
using ByteSpan = std::span<const std::uint8_t>;
using MutableByteSpan = std::span<std::uint8_t>;

inline ByteSpan as_bytes(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}
inline std::string_view as_text(ByteSpan bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}
inline Bytes to_bytes(ByteSpan bytes) { return Bytes(bytes.begin(), bytes.end()); }
inline std::string to_string(ByteSpan bytes) { return std::string(as_text(bytes)); }

// Reads big-endian fields from foreign bytes. Every read is checked: past the end it yields zero (or an empty span) and
// sets failed(), so a parser may read a whole header and ask once.
class ByteReader {
 public:
  explicit ByteReader(ByteSpan data) : data_(data) {}
  std::uint8_t u8() { return static_cast<std::uint8_t>(number(1)); }
  std::uint16_t u16() { return static_cast<std::uint16_t>(number(2)); }
  std::uint32_t u24() { return static_cast<std::uint32_t>(number(3)); }
  std::uint32_t u32() { return static_cast<std::uint32_t>(number(4)); }
  std::uint64_t u64() { return number(8); }
  ByteSpan bytes(std::size_t count) {
    if (count > data_.size() - at_) {
      failed_ = true;
      at_ = data_.size();
      return {};
    }
    ByteSpan out = data_.subspan(at_, count);
    at_ += count;
    return out;
  }
  ByteSpan rest() { return bytes(remaining()); }
  void skip(std::size_t count) { (void)bytes(count); }
  std::size_t remaining() const { return data_.size() - at_; }
  std::size_t position() const { return at_; }
  bool failed() const { return failed_; }

 private:
  std::uint64_t number(std::size_t width) {
    ByteSpan raw = bytes(width);
    std::uint64_t value = 0;
    for (std::uint8_t byte : raw) value = value << 8 | byte;
    return value;
  }
  ByteSpan data_;
  std::size_t at_ = 0;
  bool failed_ = false;
};

// Appends big-endian fields to a vector that it does not own.
class ByteWriter {
 public:
  explicit ByteWriter(Bytes& out) : out_(out) {}
  void u8(std::uint8_t v) { out_.push_back(v); }
  void u16(std::uint16_t v) { number(v, 2); }
  void u24(std::uint32_t v) { number(v, 3); }
  void u32(std::uint32_t v) { number(v, 4); }
  void u64(std::uint64_t v) { number(v, 8); }
  void bytes(ByteSpan data) { out_.insert(out_.end(), data.begin(), data.end()); }
  std::size_t size() const { return out_.size(); }

 private:
  void number(std::uint64_t v, int width) {
    for (int shift = (width - 1) * 8; shift >= 0; shift -= 8) out_.push_back(static_cast<std::uint8_t>(v >> shift));
  }
  Bytes& out_;
};

std::string to_hex(ByteSpan bytes);
std::optional<Bytes> from_hex(std::string_view text);
// RFC 4648 section 5, without padding.
std::string to_base64url(ByteSpan bytes);
std::optional<Bytes> from_base64url(std::string_view text);
// True when the text is well-formed UTF-8 (no surrogates, no overlong forms).
bool is_utf8(std::string_view text);

}  // namespace beside
