// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/capture/support.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <sstream>

namespace beside::capture_test {

Child::Child(const std::vector<std::string>& command, const std::vector<std::string>& environment) {
  int pipe_fds[2];
  if (pipe2(pipe_fds, O_CLOEXEC) != 0) return;
  std::vector<char*> argv;
  std::vector<std::string> copy = command;
  for (auto& word : copy) argv.push_back(word.data());
  argv.push_back(nullptr);
  pid_ = fork();
  if (pid_ == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    dup2(pipe_fds[1], 1);
    const int null = open("/dev/null", O_WRONLY);
    dup2(null, 2);
    for (const auto& entry : environment) {
      const auto at = entry.find('=');
      setenv(entry.substr(0, at).c_str(), entry.substr(at + 1).c_str(), 1);
    }
    execvp(argv[0], argv.data());
    _exit(127);
  }
  close(pipe_fds[1]);
  out_ = pipe_fds[0];
}

void Child::end() {
  if (pid_ > 0) {
    ::kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
    pid_ = -1;
  }
  if (out_ >= 0) close(out_);
  out_ = -1;
}

void Child::freeze(bool on) const {
  if (pid_ > 0) ::kill(pid_, on ? SIGSTOP : SIGCONT);
}

int Child::wait_for_exit() {
  int status = 0;
  if (pid_ > 0) waitpid(pid_, &status, 0);
  pid_ = -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

std::optional<std::string> Child::line(int wait_ms) {
  for (;;) {
    if (const auto at = buffer_.find('\n'); at != std::string::npos) {
      std::string out = buffer_.substr(0, at);
      buffer_.erase(0, at + 1);
      return out;
    }
    pollfd fd{out_, POLLIN, 0};
    if (::poll(&fd, 1, wait_ms) <= 0) return std::nullopt;
    char chunk[512];
    const auto got = read(out_, chunk, sizeof chunk);
    if (got <= 0) return std::nullopt;
    buffer_.append(chunk, static_cast<std::size_t>(got));
  }
}

XServer::XServer(const std::vector<std::string>& extra, const std::string& screen) {
  std::vector<std::string> command = {"Xvfb", "-displayfd", "1", "-screen", "0", screen, "-nolisten", "tcp", "-noreset"};
  command.insert(command.end(), extra.begin(), extra.end());
  server_ = Child(command);
  if (const auto number = server_.line(8000)) display_ = ":" + *number;
}

bool XServer::run(const std::vector<std::string>& command) const {
  Child child(command, {"DISPLAY=" + display_});
  return child.wait_for_exit() == 0;
}

bool have_program(const std::string& name) {
  const char* path = std::getenv("PATH");
  std::stringstream folders(path == nullptr ? "" : path);
  for (std::string folder; std::getline(folders, folder, ':');)
    if (access((folder + "/" + name).c_str(), X_OK) == 0) return true;
  return false;
}

}  // namespace beside::capture_test
