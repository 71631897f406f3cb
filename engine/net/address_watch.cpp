// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/net/address_watch.h"

#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <utility>

namespace beside::net {
namespace {

class Watch final : public AddressWatch {
 public:
  Watch(Loop& loop, int fd, std::function<void()> changed) : fd_(fd), changed_(std::move(changed)) {
    watch_ = watch_fd(loop, fd_, [this] { drain(); });
  }
  ~Watch() override {
    watch_.reset();
    ::close(fd_);
  }
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;

 private:
  // What they say does not matter: whoever listens asks the kernel which address it would take now.
  void drain() {
    std::array<std::uint8_t, 4096> message;
    bool any = false;
    // ENOBUFS: more happened than the buffer holds. That is a change, too.
    while (::recv(fd_, message.data(), message.size(), MSG_DONTWAIT) > 0 || errno == ENOBUFS) any = true;
    if (any) changed_();
  }

  int fd_;
  std::function<void()> changed_;
  FdWatch watch_;
};

}  // namespace

std::unique_ptr<AddressWatch> AddressWatch::create(Loop& loop, std::function<void()> changed) {
  const int fd = ::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);
  if (fd < 0) return nullptr;
  sockaddr_nl all{};
  all.nl_family = AF_NETLINK;
  all.nl_groups = RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR | RTMGRP_IPV4_ROUTE | RTMGRP_IPV6_ROUTE;
  if (::bind(fd, reinterpret_cast<const sockaddr*>(&all), sizeof all) != 0) {
    ::close(fd);
    return nullptr;
  }
  return std::make_unique<Watch>(loop, fd, std::move(changed));
}

}  // namespace beside::net
