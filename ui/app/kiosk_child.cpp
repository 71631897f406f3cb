// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/app/kiosk_child.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>

#include "engine/base/clock.h"
#include "engine/base/log.h"
#include "engine/base/thread_role.h"

namespace beside::app {
namespace {

constexpr auto kFirstPause = 1s, kLongestPause = 15s;
constexpr auto kLivedWell = 10s;       // longer than this: the next start comes soon again
constexpr auto kGrace = 2s;            // between asking it to end and ending it

}  // namespace

KioskChild::KioskChild(std::vector<std::string> command, std::function<void(std::int64_t)> started)
    : command_(std::move(command)), started_(std::move(started)), thread_([this] { run(); }) {}

KioskChild::~KioskChild() {
  {
    std::unique_lock lock(mutex_);
    stopping_ = true;
    // Its whole group, so that helpers of the application go too.
    if (child_ > 0) ::kill(-child_, SIGTERM);
    changed_.notify_all();
    if (!changed_.wait_for(lock, kGrace, [&] { return child_ <= 0; }) && child_ > 0) ::kill(-child_, SIGKILL);
  }
  thread_.join();
}

int KioskChild::start() {
  // Only calls that are safe in a fork of a threaded process come after it, so all is prepared before.
  std::vector<char*> argv;
  for (std::string& word : command_) argv.push_back(word.data());
  argv.push_back(nullptr);
  int gate[2];
  if (pipe2(gate, O_CLOEXEC) != 0) return -1;
  const pid_t parent = getpid();
  const pid_t child = fork();
  if (child == 0) {
    setsid();
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    close(gate[1]);
    char go = 0;
    if (getppid() != parent || read(gate[0], &go, 1) != 1) _exit(127);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, nullptr);
    signal(SIGPIPE, SIG_DFL);
    execv(argv[0], argv.data());
    _exit(127);
  }
  close(gate[0]);
  if (child > 0) {
    // The child may be quicker than its setsid(): the number is the same either way.
    if (started_) started_(child);
    const char go = 1;
    if (write(gate[1], &go, 1) != 1) BS_LOG(Error, "kiosk", "the application could not be started");
  }
  close(gate[1]);
  return child;
}

void KioskChild::run() {
  name_this_thread("application");
  seconds pause = kFirstPause;
  for (;;) {
    const LocalTime began = local_now();
    const int child = start();
    std::unique_lock lock(mutex_);
    child_ = child;
    if (stopping_ && child > 0) ::kill(-child, SIGKILL);
    lock.unlock();
    int status = 0;
    if (child > 0) waitpid(child, &status, 0);
    lock.lock();
    child_ = -1;
    changed_.notify_all();
    if (stopping_) return;
    BS_LOG(Warn, "kiosk", "the application ended with status {}", WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
    pause = local_now() - began > kLivedWell ? kFirstPause : std::min<seconds>(pause * 2, kLongestPause);
    if (changed_.wait_for(lock, pause, [&] { return stopping_; })) return;
  }
}

}  // namespace beside::app
