// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <soci/soci.h>

#include <string>

#include "relay/store/store.h"

// For the .cpp files of this room only: the database connection and the wall that SOCI's exceptions stop at.
namespace beside::relay {

struct Store::Impl {
  soci::session sql;
  int version = 0;
};

inline long long to_db(std::uint64_t value) { return static_cast<long long>(value); }
inline std::string b64(ByteSpan bytes) { return to_base64url(bytes); }
inline Bytes unb64(const std::string& text) { return from_base64url(text).value_or(Bytes{}); }

// A whole number of a row, whatever width the back-end gives that column.
inline long long number(const soci::row& row, std::size_t column) {
  switch (row.get_properties(column).get_data_type()) {
    case soci::dt_integer: return row.get<int>(column);
    case soci::dt_unsigned_long_long: return static_cast<long long>(row.get<unsigned long long>(column));
    default: return row.get<long long>(column);
  }
}

inline bool on_sqlite(const soci::session& sql) { return sql.get_backend_name() == "sqlite3"; }

// A server that was restarted meanwhile: this call has failed, the next one finds a new connection.
inline void heal(soci::session& sql) {
  if (sql.get_backend() == nullptr || on_sqlite(sql)) return;
  try {
    int one = 0;
    sql << "SELECT 1", soci::into(one);
  } catch (const std::exception&) {
    try {
      sql.reconnect();
    } catch (const std::exception&) {
      // Still away; tried again when the next call fails.
    }
  }
}

// Runs `work(sql)` with SOCI's exceptions turned into errors.
template <typename Work>
auto guarded(soci::session& sql, std::string_view where, Work work) -> decltype(work(sql)) {
  try {
    return work(sql);
  } catch (const std::exception& e) {
    const std::string words = e.what();
    heal(sql);
    return fail(ErrorKind::Environment, where, words);
  }
}

// The same within one write transaction: committed when `work` returns a value, undone when it returns an error or throws.
template <typename Work>
auto transacted(soci::session& sql, std::string_view where, Work work) -> decltype(work(sql)) {
  auto undo = [&] {
    try {
      sql << "ROLLBACK";
    } catch (const std::exception&) {
      // Nothing was open any more: the database undid it itself.
    }
  };
  try {
    // A reader that becomes a writer later could find the records changed under it (a number given twice, a hash chain
    // forked); so the one writer's lock is taken at the start.
    if (on_sqlite(sql)) {
      sql << "BEGIN IMMEDIATE";
    } else {
      sql << "BEGIN";
      sql << "LOCK TABLE writer IN EXCLUSIVE MODE";
    }
    auto result = work(sql);
    if (!result) {
      undo();
      return result;
    }
    sql << "COMMIT";
    return result;
  } catch (const std::exception& e) {
    const std::string words = e.what();
    undo();
    heal(sql);
    return fail(ErrorKind::Environment, where, words);
  }
}

}  // namespace beside::relay
