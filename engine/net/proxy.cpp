// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/net/proxy.h"

#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>

namespace beside::net {
namespace {

constexpr std::size_t kMaxChallenges = 8;

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }
bool equal_folded(std::string_view a, std::string_view b) {
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(), [](char x, char y) { return lower(x) == lower(y); });
}
bool is_blank(char c) { return c == ' ' || c == '\t'; }
std::string_view trimmed(std::string_view text) {
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}
bool is_token_char(char c) {  // RFC 9110 5.6.2
  return (c >= '0' && c <= '9') || (lower(c) >= 'a' && lower(c) <= 'z') ||
         std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
}

// Walks the value of Proxy-Authenticate (RFC 9110 11.6.1): schemes with parameters, commas between both.
class ChallengeReader {
 public:
  ChallengeReader(std::string_view text, ProxyAnswer& answer) : text_(text), answer_(answer) {}

  void read() {
    while (skip_separators(), at_ < text_.size()) {
      const std::string_view word = token();
      if (word.empty()) return;  // not a list any more: what was read so far counts
      skip_blanks();
      if (peek() == '=') {
        ++at_;
        skip_blanks();
        const std::string value = peek() == '"' ? quoted() : std::string(token());
        parameter(word, value);
      } else {
        begin(word);
      }
    }
    commit();
  }
  ~ChallengeReader() { commit(); }

 private:
  char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  void skip_blanks() {
    while (is_blank(peek())) ++at_;
  }
  void skip_separators() {
    while (is_blank(peek()) || peek() == ',') ++at_;
  }
  std::string_view token() {
    const std::size_t from = at_;
    while (at_ < text_.size() && is_token_char(text_[at_])) ++at_;
    return text_.substr(from, at_ - from);
  }
  std::string quoted() {
    std::string out;
    for (++at_; at_ < text_.size() && text_[at_] != '"'; ++at_) {
      if (text_[at_] == '\\' && at_ + 1 < text_.size()) ++at_;
      out.push_back(text_[at_]);
    }
    if (at_ < text_.size()) ++at_;
    return out;
  }

  void begin(std::string_view scheme) {
    commit();
    open_ = true;
    usable_ = true;
    now_ = {};
    if (equal_folded(scheme, "Basic")) {
      now_.scheme = ProxyScheme::Basic;
    } else if (equal_folded(scheme, "Digest")) {
      now_.scheme = ProxyScheme::DigestMd5;  // RFC 7616 3.3: MD5 when no algorithm is named
    } else {
      usable_ = false;
      answer_.other_challenge = true;
      skip_token68();
    }
  }
  // "Negotiate YII..==": one run of characters without a comma.
  void skip_token68() {
    skip_blanks();
    std::size_t end = at_;
    while (end < text_.size() && (is_token_char(text_[end]) || text_[end] == '/' || text_[end] == '=')) ++end;
    if (end == text_.size() || text_[end] == ',' || is_blank(text_[end])) {
      if (text_.substr(at_, end - at_).find('=') == std::string_view::npos || text_[end - 1] == '=') at_ = end;
    }
  }
  void parameter(std::string_view name, const std::string& value) {
    if (!open_) return;
    if (equal_folded(name, "realm")) now_.realm = value;
    if (equal_folded(name, "nonce")) now_.nonce = value;
    if (equal_folded(name, "opaque")) now_.opaque = value;
    if (equal_folded(name, "stale")) now_.stale = equal_folded(value, "true");
    if (equal_folded(name, "qop")) read_qop(value);
    if (equal_folded(name, "algorithm") && now_.scheme != ProxyScheme::Basic) read_algorithm(value);
  }
  void read_qop(std::string_view value) {
    bool any = false;
    while (!value.empty()) {
      const std::size_t comma = std::min(value.find(','), value.size());
      any = true;
      if (equal_folded(trimmed(value.substr(0, comma)), "auth")) now_.qop_auth = true;
      value.remove_prefix(std::min(comma + 1, value.size()));
    }
    if (any && !now_.qop_auth) usable_ = false;  // auth-int alone: CONNECT has no body to protect
  }
  void read_algorithm(std::string_view value) {
    if (value.size() > 5 && equal_folded(value.substr(value.size() - 5), "-sess")) {
      now_.session = true;
      value.remove_suffix(5);
    }
    if (equal_folded(value, "MD5")) now_.scheme = ProxyScheme::DigestMd5;
    else if (equal_folded(value, "SHA-256")) now_.scheme = ProxyScheme::DigestSha256;
    else usable_ = false;
  }
  void commit() {
    if (!open_) return;
    open_ = false;
    const bool complete = now_.scheme == ProxyScheme::Basic || !now_.nonce.empty();
    if (usable_ && complete && answer_.challenges.size() < kMaxChallenges) answer_.challenges.push_back(now_);
  }

  std::string_view text_;
  ProxyAnswer& answer_;
  std::size_t at_ = 0;
  bool open_ = false, usable_ = false;
  ProxyChallenge now_;
};

std::string hex_digest(ProxyScheme scheme, const std::string& text) {
  std::array<std::uint8_t, EVP_MAX_MD_SIZE> out{};
  unsigned int length = 0;
  const EVP_MD* kind = scheme == ProxyScheme::DigestSha256 ? EVP_sha256() : EVP_md5();
  if (EVP_Digest(text.data(), text.size(), out.data(), &length, kind, nullptr) != 1) return {};
  return to_hex(ByteSpan(out.data(), length));
}

std::string escaped(std::string_view text) {  // quoted-string, RFC 9110 5.6.4
  std::string out;
  for (const char c : text) {
    if (c == '"' || c == '\\') out.push_back('\\');
    if (static_cast<unsigned char>(c) >= 0x20 && c != 0x7f) out.push_back(c);
  }
  return out;
}

std::string base64(std::string_view text) {
  std::string out(4 * ((text.size() + 2) / 3), '\0');
  const int length = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()), as_bytes(text).data(),
                                     static_cast<int>(text.size()));
  out.resize(static_cast<std::size_t>(length));
  return out;
}

std::optional<std::string> percent_decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out.push_back(text[i]);
      continue;
    }
    const auto raw = i + 2 < text.size() ? from_hex(text.substr(i + 1, 2)) : std::nullopt;
    if (!raw) return std::nullopt;
    out.push_back(static_cast<char>(raw->front()));
    i += 2;
  }
  return out;
}

tl::unexpected<Error> bad_setting(const char* why) {
  // The text itself may hold a password: it is not repeated.
  return fail(ErrorKind::Environment, "net/proxy: setting", std::string("the proxy setting cannot be read: ") + why);
}

const char* environment(const char* upper, const char* small) {
  const char* value = std::getenv(upper);
  return value != nullptr && *value != '\0' ? value : std::getenv(small);
}

bool is_exempt(std::string_view host, std::string_view list) {
  while (!list.empty()) {
    const std::size_t comma = std::min(list.find(','), list.size());
    std::string_view entry = trimmed(list.substr(0, comma));
    list.remove_prefix(std::min(comma + 1, list.size()));
    if (entry == "*") return true;
    if (!entry.empty() && entry.front() == '.') entry.remove_prefix(1);
    if (entry.empty() || entry.size() > host.size()) continue;
    if (!equal_folded(host.substr(host.size() - entry.size()), entry)) continue;
    if (entry.size() == host.size() || host[host.size() - entry.size() - 1] == '.') return true;
  }
  return false;
}

}  // namespace

Result<ProxySetting> parse_proxy(std::string_view text) {
  text = trimmed(text);
  if (const std::size_t scheme = text.find("://"); scheme != std::string_view::npos) {
    if (!equal_folded(text.substr(0, scheme), "http")) return bad_setting("only http:// proxies are known");
    text.remove_prefix(scheme + 3);
  }
  if (const std::size_t slash = text.find('/'); slash != std::string_view::npos) {
    if (slash + 1 != text.size()) return bad_setting("there is a path after the port");
    text.remove_suffix(1);
  }
  ProxySetting out;
  if (const std::size_t at = text.rfind('@'); at != std::string_view::npos) {
    const std::string_view account = text.substr(0, at);
    const std::size_t colon = std::min(account.find(':'), account.size());
    const auto user = percent_decoded(account.substr(0, colon));
    const auto password = percent_decoded(colon < account.size() ? account.substr(colon + 1) : std::string_view());
    if (!user || !password || user->find(':') != std::string::npos) return bad_setting("user name or password");
    out.user = *user;
    out.password = *password;
    text.remove_prefix(at + 1);
  }
  std::string_view port;
  if (!text.empty() && text.front() == '[') {
    const std::size_t end = text.find(']');
    if (end == std::string_view::npos) return bad_setting("a bracket is missing");
    out.host = text.substr(1, end - 1);
    port = text.substr(end + 1);
    if (!port.empty() && port.front() != ':') return bad_setting("something follows the address");
    if (!port.empty()) port.remove_prefix(1);
  } else {
    const std::size_t colon = std::min(text.find(':'), text.size());
    out.host = text.substr(0, colon);
    if (colon < text.size()) port = text.substr(colon + 1);
  }
  if (out.host.empty() || out.host.size() > 255) return bad_setting("the host is missing");
  for (const char c : out.host)
    if (static_cast<unsigned char>(c) <= 0x20 || c == 0x7f) return bad_setting("the host holds blanks");
  if (!port.empty()) {
    const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), out.port);
    if (error != std::errc() || end != port.data() + port.size() || out.port == 0) return bad_setting("the port is not a number");
  }
  return out;
}

Result<std::optional<ProxySetting>> proxy_from_environment(std::string_view host) {
  const char* setting = environment("HTTPS_PROXY", "https_proxy");
  if (setting == nullptr || *setting == '\0') return std::optional<ProxySetting>();
  const char* exempt = environment("NO_PROXY", "no_proxy");
  if (exempt != nullptr && is_exempt(host, exempt)) return std::optional<ProxySetting>();
  auto parsed = parse_proxy(setting);
  if (!parsed) return fail(parsed);
  return std::optional<ProxySetting>(std::move(*parsed));
}

Result<std::optional<ProxyAnswer>> parse_proxy_answer(ByteSpan data) {
  const std::string_view all = as_text(data);
  // Say no to something that is no HTTP before a whole head's worth of it has come.
  constexpr std::string_view kStart = "HTTP/1.";
  const std::string_view begin = all.substr(0, kStart.size());
  if (begin != kStart.substr(0, begin.size()))
    return fail(ErrorKind::PeerFault, "net/proxy: not HTTP", "it does not begin with HTTP/1");
  const std::size_t end = all.substr(0, kProxyHeadLimit).find("\r\n\r\n");
  if (end == std::string_view::npos) {
    if (all.size() >= kProxyHeadLimit) return fail(ErrorKind::PeerFault, "net/proxy: head", "its head has no end");
    return std::optional<ProxyAnswer>();
  }
  ProxyAnswer answer;
  answer.head_bytes = end + 4;
  std::string_view head = all.substr(0, end);
  const std::string_view line = head.substr(0, std::min(head.find("\r\n"), head.size()));
  // RFC 9112 4: HTTP-version SP 3DIGIT SP [reason]; a missing last blank is forgiven, as everybody does.
  if (line.size() < 12 || (line[7] != '0' && line[7] != '1') || line[8] != ' ' || (line.size() > 12 && line[12] != ' '))
    return fail(ErrorKind::PeerFault, "net/proxy: status line", "its first line is not a status line");
  const auto [after, error] = std::from_chars(line.data() + 9, line.data() + 12, answer.status);
  if (error != std::errc() || after != line.data() + 12 || answer.status < 100 || answer.status > 599)
    return fail(ErrorKind::PeerFault, "net/proxy: status", "its status is not a number from 100 to 599");
  for (const char c : line.substr(std::min<std::size_t>(13, line.size())))
    if (c >= 0x20 && c < 0x7f && answer.reason.size() < 80) answer.reason.push_back(c);
  head.remove_prefix(std::min(line.size() + 2, head.size()));
  while (!head.empty()) {
    const std::size_t stop = std::min(head.find("\r\n"), head.size());
    const std::string_view field = head.substr(0, stop);
    head.remove_prefix(std::min(stop + 2, head.size()));
    const std::size_t colon = field.find(':');
    if (colon == std::string_view::npos || colon == 0)
      return fail(ErrorKind::PeerFault, "net/proxy: field", "a header field has no name");
    if (equal_folded(field.substr(0, colon), "Proxy-Authenticate"))
      ChallengeReader(trimmed(field.substr(colon + 1)), answer).read();
  }
  return std::optional<ProxyAnswer>(std::move(answer));
}

std::string dump_proxy_answer(const ProxyAnswer& answer) {
  std::string out = std::to_string(answer.status) + " " + answer.reason;
  for (const auto& c : answer.challenges)
    out += c.scheme == ProxyScheme::Basic ? " [Basic]" : c.scheme == ProxyScheme::DigestMd5 ? " [Digest MD5]" : " [Digest SHA-256]";
  return out + (answer.other_challenge ? " [other]" : "");
}

std::string make_connect_request(std::string_view host, std::uint16_t port, std::string_view authorization) {
  const bool v6 = host.find(':') != std::string_view::npos;
  const std::string target = (v6 ? "[" + std::string(host) + "]" : std::string(host)) + ":" + std::to_string(port);
  std::string out = "CONNECT " + target + " HTTP/1.1\r\nHost: " + target + "\r\n";
  if (!authorization.empty()) out += "Proxy-Authorization: " + std::string(authorization) + "\r\n";
  return out + "\r\n";
}

const ProxyChallenge* choose_challenge(const ProxyAnswer& answer) {
  const ProxyChallenge* best = nullptr;
  for (const auto& challenge : answer.challenges)
    if (best == nullptr || challenge.scheme > best->scheme) best = &challenge;
  return best;
}

std::string proxy_authorization(const ProxySetting& proxy, const ProxyChallenge& challenge, std::string_view target,
                                std::string_view cnonce, std::uint32_t nonce_count) {
  if (challenge.scheme == ProxyScheme::Basic) return "Basic " + base64(proxy.user + ":" + proxy.password);
  const auto h = [&challenge](const std::string& text) { return hex_digest(challenge.scheme, text); };
  const std::string client(cnonce);
  std::string a1 = h(proxy.user + ":" + challenge.realm + ":" + proxy.password);
  if (challenge.session) a1 = h(a1 + ":" + challenge.nonce + ":" + client);
  const std::string a2 = h("CONNECT:" + std::string(target));
  std::array<char, 9> digits{};
  std::snprintf(digits.data(), digits.size(), "%08x", nonce_count);
  const std::string count(digits.data());
  const std::string response = challenge.qop_auth
                                   ? h(a1 + ":" + challenge.nonce + ":" + count + ":" + client + ":auth:" + a2)
                                   : h(a1 + ":" + challenge.nonce + ":" + a2);
  std::string out = "Digest username=\"" + escaped(proxy.user) + "\", realm=\"" + escaped(challenge.realm) + "\", nonce=\"" +
                    escaped(challenge.nonce) + "\", uri=\"" + escaped(target) + "\", response=\"" + response + "\"";
  out += std::string(", algorithm=") + (challenge.scheme == ProxyScheme::DigestSha256 ? "SHA-256" : "MD5") +
         (challenge.session ? "-sess" : "");
  if (challenge.qop_auth) out += ", qop=auth, nc=" + count + ", cnonce=\"" + client + "\"";
  else if (challenge.session) out += ", cnonce=\"" + client + "\"";
  if (!challenge.opaque.empty()) out += ", opaque=\"" + escaped(challenge.opaque) + "\"";
  return out;
}

}  // namespace beside::net
