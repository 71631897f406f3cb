// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/shell/event_wait.h"

#include <X11/Xlib.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <span>
#include <utility>

#define GLFW_INCLUDE_NONE
#include <GLFW/glfw3.h>

// As GLFW's glfw3native.h declares it; that header would ask for Xrandr's, of which nothing else is needed.
extern "C" {
GLFWAPI Display* glfwGetX11Display(void);
}

namespace beside::shell {
namespace {

// As ppoll(); below 0: a signal came.
int poll_until(std::span<pollfd> waits, LocalTime until) {
  timespec left{};
  if (until != kNever) {
    const auto ns = std::max<std::int64_t>(0, (until - local_now()).count());
    left = {static_cast<time_t>(ns / 1'000'000'000), static_cast<long>(ns % 1'000'000'000)};
  }
  const int ready = ppoll(waits.data(), static_cast<nfds_t>(waits.size()), until == kNever ? nullptr : &left, nullptr);
  return ready < 0 && errno != EINTR ? 0 : ready;
}

}  // namespace

Result<Bell> Bell::create() {
  Bell bell;
  bell.fd_ = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (bell.fd_ < 0) return fail(ErrorKind::Environment, "shell/bell", "The system has no file descriptors left.");
  return bell;
}

Bell::~Bell() {
  if (fd_ >= 0) close(fd_);
}

Bell::Bell(Bell&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
Bell& Bell::operator=(Bell&& other) noexcept {
  std::swap(fd_, other.fd_);
  return *this;
}

void Bell::ring() const {
  const std::uint64_t one = 1;
  // Full is as good as rung.
  if (fd_ >= 0) (void)!write(fd_, &one, sizeof one);
}

void Bell::silence() const {
  std::uint64_t count = 0;
  if (fd_ >= 0) (void)!read(fd_, &count, sizeof count);
}

bool wait_for_events(const Bell& bell, int other, LocalTime until) {
  Display* const display = glfwGetX11Display();
  // Events may lie read already in Xlib's queue, where no poll() sees them. A dead display ends the program in here.
  while (XPending(display) == 0) {
    pollfd waits[3] = {{ConnectionNumber(display), POLLIN, 0}, {bell.fd(), POLLIN, 0}, {other, POLLIN, 0}};
    const int ready = poll_until(std::span(waits, other >= 0 ? 3 : 2), until);
    if (ready < 0) continue;
    if (ready == 0) return false;
    if (waits[1].revents != 0) bell.silence();
    else if (waits[2].revents == 0) continue;
    return waits[0].revents != 0;
  }
  return true;
}

void wait_for_bell(const Bell& bell, int other, LocalTime until) {
  pollfd waits[2] = {{bell.fd(), POLLIN, 0}, {other, POLLIN, 0}};
  if (poll_until(std::span(waits, other >= 0 ? 2 : 1), until) > 0 && waits[0].revents != 0) bell.silence();
}

}  // namespace beside::shell
