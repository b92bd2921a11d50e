#include "connection.hpp"

#include <array>
#include <thread>

namespace lantern::detail {
namespace {

struct Setting {
  int option;
  int value;
};
// A store may come from anybody, so its schema is not trusted to do more than hold data.
constexpr std::array<Setting, 5> hardening{{
    {SQLITE_DBCONFIG_DEFENSIVE, 1},
    {SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0},
    {SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0},
    {SQLITE_DBCONFIG_DQS_DML, 0},
    {SQLITE_DBCONFIG_DQS_DDL, 0},
}};

int wait_for_lock(void* patience, int looks) noexcept {
  const auto pause = static_cast<Patience*>(patience)->next(looks, Patience::Clock::now());
  if (!pause) return 0;
  std::this_thread::sleep_for(*pause);
  return 1;
}

}  // namespace

tl::expected<Connection, Failure> Connection::open(StoreFile file, Access access,
                                                   std::chrono::milliseconds busy_timeout) {
  constexpr std::string_view doing = "opening it";
  const int flags = (access == Access::read ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE) |
                    (access == Access::create ? SQLITE_OPEN_CREATE : 0) | SQLITE_OPEN_NOMUTEX |
                    SQLITE_OPEN_PRIVATECACHE | SQLITE_OPEN_NOFOLLOW | SQLITE_OPEN_EXRESCODE;
  sqlite3* opened = nullptr;
  const int code = sqlite3_open_v2(file.path.c_str(), &opened, flags, file.vfs.empty() ? nullptr : file.vfs.c_str());
  Connection connection(opened, std::move(file.path));  // also a failed one must be closed
  if (code != SQLITE_OK) return tl::unexpected(connection.failure(code, doing));
  if (access != Access::read && sqlite3_db_readonly(opened, "main") == 1) {
    return tl::unexpected(failure_from(SQLITE_READONLY, 0, "write permission is missing", connection.file_, doing));
  }

  for (const Setting& setting : hardening) sqlite3_db_config(opened, setting.option, setting.value, nullptr);
  connection.set_busy_timeout(busy_timeout);
  // Debian 12's SQLite may damage a WAL when two connections of a process checkpoint at one instant, so readers do not.
  const char* const pragmas = access == Access::read
                                  ? "PRAGMA cell_size_check=ON; PRAGMA query_only=ON; PRAGMA wal_autocheckpoint=0"
                                  : "PRAGMA cell_size_check=ON; PRAGMA foreign_keys=OFF";
  if (auto failed = connection.execute(pragmas, doing)) return tl::unexpected(*std::move(failed));
  return connection;
}

void Connection::set_busy_timeout(std::chrono::milliseconds longest) {
  // Two connections that begin to wait at one instant must not look at the same instants.
  const auto seed = reinterpret_cast<std::uintptr_t>(get()) ^
                    static_cast<std::uint64_t>(Patience::Clock::now().time_since_epoch().count());
  auto patience = std::make_unique<Patience>(longest, seed);
  sqlite3_busy_handler(get(), &wait_for_lock, patience.get());
  patience_ = std::move(patience);
}

std::optional<Failure> Connection::execute(const char* sql, std::string_view doing) const {
  const int code = sqlite3_exec(get(), sql, nullptr, nullptr, nullptr);
  return code == SQLITE_OK ? std::nullopt : std::optional(failure(code, doing));
}

tl::expected<Statement, Failure> Connection::prepare(std::string_view sql, Keep keep, Blame blame) const {
  sqlite3_stmt* stmt = nullptr;
  const unsigned flags = keep == Keep::yes ? SQLITE_PREPARE_PERSISTENT : 0;
  const int code = sqlite3_prepare_v3(get(), sql.data(), static_cast<int>(sql.size()), flags, &stmt, nullptr);
  Statement statement(stmt);
  if (code != SQLITE_OK) return tl::unexpected(failure(code, "preparing a statement", blame));
  return statement;
}

tl::expected<std::optional<std::int64_t>, Failure> Connection::number(std::string_view sql,
                                                                      std::string_view doing) const {
  auto statement = prepare(sql, Keep::no);
  if (!statement) return tl::unexpected(std::move(statement).error());
  const int code = statement->step();
  if (code == SQLITE_ROW) return statement->maybe_integer(0);
  if (code == SQLITE_DONE) return std::nullopt;
  return tl::unexpected(failure(code, doing));
}

}  // namespace lantern::detail
