// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <string_view>

#include "engine/base/clock.h"

// Where time goes, for whoever looks into a delay afterwards: BESIDE_TRACE=FOLDER in the environment makes a program write
// FOLDER/beside-PROGRAM-PID.json in the Trace Event Format (JSON array), which ui.perfetto.dev and chrome://tracing read. Times
// are CLOCK_MONOTONIC, so that the files of two programs on one machine, joined, stand on one axis. Names are fixed words of
// the source: no content, no addresses, no names of people or files come in.
namespace beside::trace {

// Opens the file when the environment asks for it; says in the log why it cannot. Call once, before threads start.
// `program`: for the file's name, letters, digits and '-'.
void open(std::string_view program);
bool on();

// What one thread did from `from` to `to`, drawn on that thread's line. `number` names the picture or update, -1 none.
// `name` must live as long as the program does. Any thread; a few hundred nanoseconds, and at most once a second for a thread
// (or with 32 kB) a write to the file.
void span(const char* name, LocalTime from, LocalTime to, std::int64_t number = -1);
// The same on a line of its own, called `line`, for what passes more than one thread or program. Overlapping ones are kept apart.
void step(const char* line, const char* name, LocalTime from, LocalTime to, std::int64_t number);
// A number over time: bit/s, bytes, milliseconds, as `name` says.
void value(const char* name, LocalTime at, double value);

// From here to the end of the block.
class Scope {
 public:
  explicit Scope(const char* name) : name_(on() ? name : nullptr), from_(name_ != nullptr ? local_now() : LocalTime{}) {}
  ~Scope() {
    if (name_ != nullptr) span(name_, from_, local_now());
  }
  Scope(const Scope&) = delete;
  Scope& operator=(const Scope&) = delete;

 private:
  const char* name_;
  LocalTime from_;
};

}  // namespace beside::trace
