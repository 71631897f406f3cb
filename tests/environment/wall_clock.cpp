// SPDX-License-Identifier: GPL-3.0-or-later
// For LD_PRELOAD: the wall clock of one program, as many seconds beside the machine's as the file $BESIDE_TEST_CLOCK says; read at
// each call, so that a test can set the clock under a running program. Monotonic clocks, timers and file dates stay as they
// are. (libfaketime 0.9.10 stops timerfd timers as soon as its offset is not 0, and with them every connection.)
#include <dlfcn.h>
#include <fcntl.h>
#include <sys/time.h>
#include <unistd.h>

#include <cstdlib>
#include <ctime>

namespace {

using ClockGettime = int (*)(clockid_t, timespec*);

ClockGettime real_clock() {
  static const auto found = reinterpret_cast<ClockGettime>(dlsym(RTLD_NEXT, "clock_gettime"));
  return found;
}

time_t offset() {
  static const char* const file = std::getenv("BESIDE_TEST_CLOCK");
  if (file == nullptr) return 0;
  const int fd = open(file, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return 0;
  char text[32] = {};
  const ssize_t got = read(fd, text, sizeof text - 1);
  close(fd);
  return got > 0 ? static_cast<time_t>(std::strtoll(text, nullptr, 10)) : 0;
}

}  // namespace

extern "C" {

__attribute__((visibility("default"))) int clock_gettime(clockid_t clock, timespec* out) noexcept {
  const int done = real_clock()(clock, out);
  if (done == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) out->tv_sec += offset();
  return done;
}

__attribute__((visibility("default"))) int gettimeofday(timeval* out, void*) noexcept {
  timespec now{};
  const int done = clock_gettime(CLOCK_REALTIME, &now);
  *out = {now.tv_sec, now.tv_nsec / 1000};
  return done;
}

__attribute__((visibility("default"))) time_t time(time_t* out) noexcept {
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  if (out != nullptr) *out = now.tv_sec;
  return now.tv_sec;
}

}  // extern "C"
