// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/hostile/tap.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <vector>

namespace beside::test {
namespace {

sockaddr_in address(const std::string& ip, std::uint16_t port) {
  sockaddr_in out{};
  out.sin_family = AF_INET;
  out.sin_port = htons(port);
  inet_pton(AF_INET, ip.c_str(), &out.sin_addr);
  return out;
}

int open_socket(int type, const std::string& ip, std::uint16_t port, bool connect_on, std::uint16_t to) {
  const int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);
  const int one = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  const sockaddr_in here = address(ip, port), there = address("127.0.0.1", to);
  const bool good = bind(fd, reinterpret_cast<const sockaddr*>(&here), sizeof here) == 0 &&
                    (!connect_on || connect(fd, reinterpret_cast<const sockaddr*>(&there), sizeof there) == 0);
  if (good) return fd;
  close(fd);
  return -1;
}

}  // namespace

Tap::Tap(const std::string& listen_ip, const std::string& source_ip, std::uint16_t port) : source_ip_(source_ip), port_(port) {
  tcp_ = open_socket(SOCK_STREAM, listen_ip, port, false, 0);
  if (tcp_ >= 0) listen(tcp_, 16);
  udp_ = open_socket(SOCK_DGRAM, listen_ip, port, false, 0);
  udp_out_ = open_socket(SOCK_DGRAM, source_ip, 0, true, port);
  if (works()) thread_ = std::thread([this] { run(); });
}

Tap::~Tap() {
  stop_ = true;
  if (thread_.joinable()) thread_.join();
  for (int fd : {tcp_, udp_, udp_out_}) {
    if (fd >= 0) close(fd);
  }
}

Bytes Tap::to_relay() const {
  std::lock_guard lock(mutex_);
  return to_relay_;
}
Bytes Tap::from_relay() const {
  std::lock_guard lock(mutex_);
  return from_relay_;
}

void Tap::run() {
  std::vector<std::array<int, 2>> pairs;   // client, relay
  sockaddr_in client{};
  std::array<std::uint8_t, 65536> piece{};
  const auto keep = [&](Bytes& where, std::size_t size) {
    std::lock_guard lock(mutex_);
    where.insert(where.end(), piece.begin(), piece.begin() + static_cast<std::ptrdiff_t>(size));
  };
  while (!stop_) {
    std::vector<pollfd> fds = {{tcp_, POLLIN, 0}, {udp_, POLLIN, 0}, {udp_out_, POLLIN, 0}};
    for (const auto& pair : pairs) {
      fds.push_back({pair[0], POLLIN, 0});
      fds.push_back({pair[1], POLLIN, 0});
    }
    if (poll(fds.data(), fds.size(), 20) <= 0) continue;
    if (fds[1].revents != 0) {
      socklen_t length = sizeof client;
      const ssize_t n = recvfrom(udp_, piece.data(), piece.size(), MSG_DONTWAIT, reinterpret_cast<sockaddr*>(&client), &length);
      if (n > 0) {
        keep(to_relay_, static_cast<std::size_t>(n));
        ++datagrams_;
        (void)::send(udp_out_, piece.data(), static_cast<std::size_t>(n), 0);
      }
    }
    if (fds[2].revents != 0) {
      const ssize_t n = recv(udp_out_, piece.data(), piece.size(), MSG_DONTWAIT);
      if (n > 0) {
        keep(from_relay_, static_cast<std::size_t>(n));
        (void)sendto(udp_, piece.data(), static_cast<std::size_t>(n), 0, reinterpret_cast<const sockaddr*>(&client), sizeof client);
      }
    }
    std::vector<std::array<int, 2>> alive;
    for (std::size_t i = 0; i < pairs.size(); ++i) {
      bool open = true;
      for (std::size_t side : {0u, 1u}) {
        if (fds[3 + i * 2 + side].revents == 0 || !open) continue;
        const ssize_t n = recv(pairs[i][side], piece.data(), piece.size(), MSG_DONTWAIT);
        if (n <= 0) {
          open = false;
          continue;
        }
        keep(side == 0 ? to_relay_ : from_relay_, static_cast<std::size_t>(n));
        for (ssize_t at = 0; at < n;) {
          const ssize_t wrote = ::send(pairs[i][1 - side], piece.data() + at, static_cast<std::size_t>(n - at), MSG_NOSIGNAL);
          if (wrote <= 0) {
            open = false;
            break;
          }
          at += wrote;
        }
      }
      if (open) {
        alive.push_back(pairs[i]);
      } else {
        close(pairs[i][0]);
        close(pairs[i][1]);
      }
    }
    pairs.swap(alive);
    if (fds[0].revents != 0) {
      const int in = accept4(tcp_, nullptr, nullptr, SOCK_CLOEXEC);
      const int out = in < 0 ? -1 : open_socket(SOCK_STREAM, source_ip_, 0, true, port_);
      if (out >= 0) pairs.push_back({in, out});
      else if (in >= 0) close(in);
    }
  }
  for (const auto& pair : pairs) {
    close(pair[0]);
    close(pair[1]);
  }
}

}  // namespace beside::test
