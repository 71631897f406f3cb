// SPDX-License-Identifier: GPL-3.0-or-later
#include "relay/store/store.h"

#include <fcntl.h>
#include <soci/sqlite3/soci-sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sstream>

#include "engine/base/clock.h"
#include "relay/store/migrations.h"
#include "relay/store/store_impl.h"

namespace beside::relay {
namespace {

Result<void> migrate(soci::session& sql, int& version) {
  return transacted(sql, "store: migrate", [&](soci::session& db) -> Result<void> {
    db << "CREATE TABLE IF NOT EXISTS schema_migration (version INTEGER NOT NULL, at BIGINT NOT NULL, "
          "PRIMARY KEY (version))";
    db << "SELECT COALESCE(MAX(version), 0) FROM schema_migration", soci::into(version);
    const int newest = migrations().empty() ? 0 : migrations().back().version;
    if (version > newest) {
      return fail(ErrorKind::Refused, "store: migrate",
                  "the database was made by a newer beside-relay; run that version or restore a backup");
    }
    for (const Migration& step : migrations()) {
      if (step.version <= version) continue;
      std::istringstream statements{std::string(step.sql)};
      std::string one;
      while (std::getline(statements, one, ';')) {
        if (one.find_first_not_of(" \n\t") != std::string::npos) db << one;
      }
      const long long at = unix_now_ms();
      db << "INSERT INTO schema_migration (version, at) VALUES (:v, :t)", soci::use(step.version), soci::use(at);
      version = step.version;
    }
    return {};
  });
}

// Made here, so that it is never readable by others, not even for a moment; SQLite gives its -wal and -shm files the mode of
// the database.
Result<void> make_private(const std::string& file) {
  if (file.find('"') != std::string::npos) return fail(ErrorKind::Environment, "store: open", "a path with quotes");
  const int fd = ::open(file.c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0600);
  if (fd < 0) return fail(ErrorKind::Environment, "store: open", "cannot make or open the database file");
  const bool private_now = ::fchmod(fd, 0600) == 0;
  ::close(fd);
  if (!private_now) return fail(ErrorKind::Environment, "store: open", "cannot make the database private to its owner");
  return {};
}

}  // namespace

Store::Store(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Store::~Store() = default;
int Store::schema_version() const { return impl_->version; }

Result<std::unique_ptr<Store>> Store::open(const std::string& where) {
  const bool server = where.starts_with("postgresql://") || where.starts_with("postgres://");
  if (!server) {
    if (auto own = make_private(where); !own) return fail(own);
  }
  auto impl = std::make_unique<Impl>();
  auto ready = guarded(impl->sql, "store: open", [&](soci::session& sql) -> Result<void> {
    if (server) {
      // By name, loaded when needed: a relay on its own file wants no PostgreSQL library.
      sql.open("postgresql", where);
      sql << "SET client_min_messages = warning";
      // What SQLite's BEGIN IMMEDIATE is there: one writer at a time.
      sql << "CREATE TABLE IF NOT EXISTS writer (one SMALLINT NOT NULL)";
    } else {
      sql.open(soci::sqlite3, "db=\"" + where + "\" timeout=5 shared_cache=false");
      sql << "PRAGMA busy_timeout = 5000";
      std::string mode;
      sql << "PRAGMA journal_mode = WAL", soci::into(mode);
      // A commit is on the disk before anybody is answered: kill -9 and power loss lose nothing that was promised.
      sql << "PRAGMA synchronous = FULL";
    }
    return migrate(sql, impl->version);
  });
  if (!ready) return fail(ready);
  return std::unique_ptr<Store>(new Store(std::move(impl)));
}

}  // namespace beside::relay
