// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/base/rights.h"
#include "engine/ports/desktop.h"
#include "engine/ports/rights_gate.h"

// Stands in for the customer's consent in these tests: the only maker of grants.
namespace beside::session {
class ConsentMachine {
 public:
  static void set(ports::RightsGate& gate, Rights rights) {
    gate.open();
    gate.set(rights);
  }
  static ports::Grant grant(Right right) { return ports::Grant(right); }
};
}  // namespace beside::session

namespace beside::capture_test {

// A program that a test started; ended and reaped when it goes.
class Child {
 public:
  Child() = default;
  // Its standard output can be read from out().
  explicit Child(const std::vector<std::string>& command, const std::vector<std::string>& environment = {});
  ~Child() { end(); }
  Child(Child&& other) noexcept { *this = std::move(other); }
  Child& operator=(Child&& other) noexcept {
    end();
    pid_ = std::exchange(other.pid_, -1);
    out_ = std::exchange(other.out_, -1);
    return *this;
  }
  bool running() const { return pid_ > 0; }
  void end();
  void freeze(bool on) const;
  // One line without its end, or nothing when none comes within `wait_ms`.
  std::optional<std::string> line(int wait_ms);
  int wait_for_exit();

 private:
  int pid_ = -1, out_ = -1;
  std::string buffer_;
};

// A private Xvfb on a display number that it chose itself.
class XServer {
 public:
  explicit XServer(const std::vector<std::string>& extra = {}, const std::string& screen = "800x600x24");
  bool ok() const { return !display_.empty(); }
  const std::string& display() const { return display_; }
  void kill() { server_.end(); }
  void freeze(bool on) const { server_.freeze(on); }   // it hangs, as a driver or a debugger may make it
  bool run(const std::vector<std::string>& command) const;  // with DISPLAY set; true when it exits with 0

 private:
  Child server_;
  std::string display_;
};

bool have_program(const std::string& name);

}  // namespace beside::capture_test

// Names the case as skipped where there is no X server to start.
#define BS_NEEDS_XVFB()                                                    \
  if (!beside::capture_test::have_program("Xvfb")) {                       \
    MESSAGE("skipped: no Xvfb on this machine");                           \
    return;                                                                \
  }
