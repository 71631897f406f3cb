// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "engine/base/bytes.h"

namespace beside {

// Overwrites memory in a way that the compiler may not drop.
void wipe(MutableByteSpan memory);

// Key material of N bytes. Wipes itself, cannot be printed, copied or compared by accident; moving wipes the source.
template <std::size_t N>
class Secret {
 public:
  Secret() = default;
  explicit Secret(ByteSpan from) { std::memcpy(bytes_.data(), from.data(), from.size() < N ? from.size() : N); }
  Secret(const Secret&) = delete;
  Secret& operator=(const Secret&) = delete;
  Secret(Secret&& other) noexcept : bytes_(other.bytes_) { wipe(other.bytes_); }
  Secret& operator=(Secret&& other) noexcept {
    if (this != &other) {
      bytes_ = other.bytes_;
      wipe(other.bytes_);
    }
    return *this;
  }
  ~Secret() { wipe(bytes_); }
  // The only ways to the bytes: named so that a reader of the code sees them.
  ByteSpan reveal() const { return bytes_; }
  MutableByteSpan fill() { return bytes_; }
  static constexpr std::size_t size() { return N; }

 private:
  std::array<std::uint8_t, N> bytes_{};
};

// A secret of any length (a password, code digits). Same rules.
class SecretText {
 public:
  SecretText() = default;
  explicit SecretText(std::string_view text) : bytes_(text.begin(), text.end()) {}
  SecretText(const SecretText&) = delete;
  SecretText& operator=(const SecretText&) = delete;
  SecretText(SecretText&& other) noexcept : bytes_(std::move(other.bytes_)) { other.bytes_.clear(); }
  SecretText& operator=(SecretText&& other) noexcept {
    if (this != &other) {
      wipe(bytes_);
      bytes_ = std::move(other.bytes_);
      other.bytes_.clear();
    }
    return *this;
  }
  ~SecretText() { wipe(bytes_); }
  std::string_view reveal() const { return as_text(bytes_); }
  bool empty() const { return bytes_.empty(); }

 private:
  Bytes bytes_;
};

}  // namespace beside
