// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/wire/relay_address.h"

#include <algorithm>
#include <charconv>

#include "engine/base/bytes.h"

namespace beside::wire {
namespace {

auto refused(std::string sentence) { return fail(ErrorKind::Refused, "wire/relay_address", std::move(sentence)); }

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_alnum(char c) { return is_digit(c) || (c >= 'a' && c <= 'z'); }

// RFC 1123 names (letters, digits, hyphens, labels of 63), which covers dotted IPv4 too.
bool is_host_name(std::string_view host) {
  if (host.empty() || host.size() > 253) return false;
  std::size_t label = 0;
  char before = '.';
  for (char c : host) {
    if (c == '.') {
      if (label == 0 || before == '-') return false;
      label = 0;
    } else {
      if (!(is_alnum(c) || (c == '-' && label > 0)) || ++label > 63) return false;
    }
    before = c;
  }
  return label > 0 && before != '-';
}

// Enough to tell an IPv6 address from a slip; the resolver has the last word.
bool is_ipv6(std::string_view host) {
  if (host.size() < 2 || host.size() > 45) return false;
  return std::count(host.begin(), host.end(), ':') >= 2 && std::all_of(host.begin(), host.end(), [](char c) {
           return is_digit(c) || (c >= 'a' && c <= 'f') || c == ':' || c == '.';
         });
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t' || text.front() == '\n')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t' || text.back() == '\n' || text.back() == '\r'))
    text.remove_suffix(1);
  return text;
}

Result<std::array<std::uint8_t, 32>> parse_pin(std::string_view fragment) {
  if (fragment.substr(0, 4) != "pin=") return refused("After # only pin=... may stand in a relay address.");
  const auto bytes = from_base64url(fragment.substr(4));
  if (!bytes || bytes->size() != 32)
    return refused("The pin in the relay address is damaged: it must be 43 letters, digits, - or _.");
  std::array<std::uint8_t, 32> pin{};
  std::copy(bytes->begin(), bytes->end(), pin.begin());
  return pin;
}

Result<void> parse_host_port(std::string_view text, RelayAddress& address) {
  std::string_view host = text, port;
  bool has_port = false;
  if (!text.empty() && text.front() == '[') {
    const std::size_t close = text.find(']');
    if (close == std::string_view::npos) return refused("The ] after the IPv6 address is missing.");
    host = text.substr(1, close - 1);
    const std::string_view after = text.substr(close + 1);
    if (!after.empty() && after.front() != ':') return refused("After ] only a port may follow, as in [2001:db8::1]:443.");
    has_port = !after.empty();
    if (has_port) port = after.substr(1);
  } else if (const std::size_t colon = text.find(':'); colon != std::string_view::npos) {
    if (text.find(':', colon + 1) != std::string_view::npos)
      return refused("An IPv6 address must stand in brackets, as in [2001:db8::1]:443.");
    host = text.substr(0, colon);
    port = text.substr(colon + 1);
    has_port = true;
  }
  address.host.assign(host);
  std::transform(address.host.begin(), address.host.end(), address.host.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; });
  const bool bracketed = !text.empty() && text.front() == '[';
  if (bracketed ? !is_ipv6(address.host) : !is_host_name(address.host))
    return refused(address.host.empty() ? "The name of the relay is missing."
                                        : "The name of the relay holds signs that no host name has.");
  if (has_port) {
    unsigned value = 0;
    const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), value);
    if (port.empty() || error != std::errc{} || end != port.data() + port.size() || value < 1 || value > 65535)
      return refused("The port must be a number from 1 to 65535.");
    address.port = static_cast<std::uint16_t>(value);
  }
  return {};
}

}  // namespace

Result<RelayAddress> parse_relay_address(std::string_view text, SecretText* code) {
  text = trimmed(text);
  if (text.empty()) return refused("The address of the relay is missing.");
  if (text.size() > 512) return refused("The address of the relay is too long.");
  RelayAddress address;
  constexpr std::string_view kScheme = "beside://";
  const std::size_t scheme = text.find("://");
  if (scheme == std::string_view::npos) {
    // Plain host[:port]: no pin and no code can be meant.
    if (auto ok = parse_host_port(text, address); !ok) return fail(ok);
    return address;
  }
  std::string lower(text.substr(0, scheme + 3));
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; });
  if (lower != kScheme) return refused("A relay address begins with beside:// and with nothing else.");
  text.remove_prefix(kScheme.size());
  if (const std::size_t hash = text.find('#'); hash != std::string_view::npos) {
    auto pin = parse_pin(text.substr(hash + 1));
    if (!pin) return fail(pin);
    address.pin = *pin;
    text = text.substr(0, hash);
  }
  if (const std::size_t slash = text.find('/'); slash != std::string_view::npos) {
    const std::string_view path = text.substr(slash + 1);
    text = text.substr(0, slash);
    const bool code_like = path.size() <= 32 && std::all_of(path.begin(), path.end(), [](char c) {
                             return is_digit(c) || c == '-' || c == '.';
                           });
    if (!code_like) return refused("After the / only a session code may stand in a relay address.");
    if (!path.empty()) {
      if (code == nullptr) return refused("A session code does not belong into this address.");
      *code = SecretText(path);
    }
  }
  if (auto ok = parse_host_port(text, address); !ok) return fail(ok);
  return address;
}

std::string format_host_port(const RelayAddress& address) {
  const bool v6 = address.host.find(':') != std::string::npos;
  return (v6 ? "[" + address.host + "]" : address.host) + ":" + std::to_string(address.port);
}

std::string format_relay_address(const RelayAddress& address) {
  std::string out = "beside://" + format_host_port(address);
  if (address.port == 443) out.resize(out.size() - 4);
  if (address.pin) out += "#pin=" + to_base64url(*address.pin);
  return out;
}

}  // namespace beside::wire
