// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/app/stop_signals.h"

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <cstdint>

#include "engine/base/thread_role.h"

namespace beside::app {

StopSignals::StopSignals() {
  sigset_t set;
  sigemptyset(&set);
  for (int signal : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&set, signal);
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  signals_ = signalfd(-1, &set, SFD_CLOEXEC);
  wake_ = eventfd(0, EFD_CLOEXEC);
}

void StopSignals::disarm() {
  const std::uint64_t one = 1;
  if (::write(wake_, &one, sizeof one) < 0) {
    // An eventfd takes a first 1 always.
  }
  if (thread_.joinable()) thread_.join();
}

StopSignals::~StopSignals() {
  disarm();
  ::close(signals_);
  ::close(wake_);
}

void StopSignals::on_stop(std::function<void()> stop) {
  thread_ = std::thread([this, stop = std::move(stop)] {
    name_this_thread("signals");
    pollfd waits[2] = {{signals_, POLLIN, 0}, {wake_, POLLIN, 0}};
    while (::poll(waits, 2, -1) < 0) {
    }
    if ((waits[0].revents & POLLIN) == 0) return;
    asked_ = true;
    stop();
  });
}

}  // namespace beside::app
