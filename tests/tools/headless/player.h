// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <deque>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "engine/base/clock.h"

namespace beside::headless {

// One role played from a script: JSON objects on stdin, one per line, carried out in order; JSON events on stdout, one per
// line, for every change. What each line may say is in tests/tools/README.md.
// Thread: main; wake() anywhere.
class Player {
 public:
  Player();
  virtual ~Player();
  Player(const Player&) = delete;
  Player& operator=(const Player&) = delete;

  // Until the script quits or ends. 0: all was done; 1: a wait was in vain; 2: a line made no sense.
  int run();
  void wake();

 protected:
  using json = nlohmann::json;

  // Reads the newest snapshot; tells changes through changed() and emit().
  virtual void look() = 0;
  // Carries out one step that is not the loop's own; empty: done, else why it cannot be.
  virtual std::string act(const std::string& what, const json& step) = 0;
  virtual void quit() = 0;
  virtual bool has_quit() const = 0;

  // One event for each key that differs from what was told before. session 0 is the program itself.
  void changed(std::uint32_t session, const json& now);
  void emit(json event);
  // The session a step means: the one it names, else the newest.
  virtual std::uint32_t session_of(const json& step) const;

 private:
  struct Wait {
    json step;
    LocalTime until;
  };
  bool read_script();          // false: stdin has ended
  void next_steps();
  void take(const json& step);
  bool fulfilled(const json& step) const;
  void fail(int status, const std::string& why);

  int wake_fd_ = -1;
  std::string unread_;
  std::deque<json> steps_;
  std::optional<Wait> wait_;
  std::map<std::uint32_t, json> told_;
  bool script_over_ = false, quitting_ = false;
  LocalTime quit_until_ = kNever;
  int status_ = 0;
};

}  // namespace beside::headless
