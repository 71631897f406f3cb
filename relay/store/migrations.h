// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <span>
#include <string_view>

namespace beside::relay {

// One step of the schema, forward only. Statements are divided by ';' and are SQL that SQLite and PostgreSQL both take.
struct Migration {
  int version;
  std::string_view sql;
};
// In order, versions from 1 without a gap. What was released once is never edited: add a step.
std::span<const Migration> migrations();

}  // namespace beside::relay
