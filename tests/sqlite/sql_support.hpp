// A store in a folder of its own, projections from texts, and a plain SQLite client that looks on.
#pragma once

#include <sqlite3.h>

#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "lantern/blocking/run_projection_blocking.hpp"
#include "lantern/sqlite/sqlite_store.hpp"
#include "temporary_folder.hpp"

namespace sql_support {

using namespace lantern;
using Rows = std::vector<std::string>;

using Folder = testing::TemporaryFolder;

/// Anybody's connection: it knows nothing of lantern.
class Client {
 public:
  explicit Client(const std::filesystem::path& file) {
    sqlite3* db = nullptr;
    REQUIRE(sqlite3_open(file.c_str(), &db) == SQLITE_OK);
    db_.reset(db);
    sqlite3_busy_timeout(db, 10'000);
  }
  /// Rows as the sqlite3 shell lists them: columns joined by `|`, NULL as nothing.
  [[nodiscard]] Rows rows(const std::string& sql, const std::vector<std::string>& values = {}) const {
    sqlite3_stmt* stmt = nullptr;
    if (sqlite3_prepare_v2(db_.get(), sql.c_str(), -1, &stmt, nullptr) != SQLITE_OK) {
      return {sqlite3_errmsg(db_.get())};
    }
    int index = 0;
    for (const auto& value : values) sqlite3_bind_text(stmt, ++index, value.c_str(), -1, SQLITE_TRANSIENT);
    Rows rows;
    int code = SQLITE_ROW;
    while ((code = sqlite3_step(stmt)) == SQLITE_ROW) {
      std::string row;
      for (int column = 0; column < sqlite3_column_count(stmt); ++column) {
        if (column > 0) row += '|';
        const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(stmt, column));
        if (text) row.append(text, static_cast<std::size_t>(sqlite3_column_bytes(stmt, column)));
      }
      rows.push_back(std::move(row));
    }
    if (code != SQLITE_DONE) rows.push_back(sqlite3_errmsg(db_.get()));
    sqlite3_finalize(stmt);
    return rows;
  }
  void execute(const std::string& sql) const {
    INFO(sql);
    REQUIRE(sqlite3_exec(db_.get(), sql.c_str(), nullptr, nullptr, nullptr) == SQLITE_OK);
  }

 private:
  struct Close {
    void operator()(sqlite3* db) const { sqlite3_close(db); }
  };
  std::unique_ptr<sqlite3, Close> db_;
};

inline SqliteStore open(const std::filesystem::path& file) {
  auto store = SqliteStore::open(file);
  if (!store) FAIL(to_string(store.error()));
  return *std::move(store);
}

/// A store that waits for other writers, as where two of them share a file.
inline SqliteStore open_patient(const std::filesystem::path& file) {
  SqliteOptions options;
  options.busy_timeout = std::chrono::seconds(20);
  auto store = SqliteStore::open(file, options);
  if (!store) FAIL(to_string(store.error()));
  return *std::move(store);
}

inline SqlProjection parsed(std::string_view text, std::string file_name = "p.sql") {
  auto projection = SqlProjection::parse(text, std::move(file_name));
  if (!projection) FAIL(projection.error().message());
  return *std::move(projection);
}

/// `-- projection: NAME`, `-- version: N`, and then `body` from line 3 on.
inline SqlProjection projection(const std::string& name, int version, const std::string& body,
                                std::string file_name = "p.sql") {
  return parsed("-- projection: " + name + "\n-- version: " + std::to_string(version) + "\n" + body,
                std::move(file_name));
}

inline Installed installed(SqliteStore& store, const SqlProjection& projection, std::string_view tenant = {}) {
  auto done = store.install(projection, tenant);
  if (!done) FAIL(to_string(done.error()));
  return *done;
}

/// Nothing, or the failure in one line.
inline std::string refusal(SqliteStore& store, const SqlProjection& projection, std::string_view tenant = {}) {
  const auto done = store.install(projection, tenant);
  return done ? "" : std::string(to_string(done.error().kind)) + ": " + to_string(done.error());
}

inline void append(SqliteStore& store, std::vector<NewEvent> events) {
  const auto done = store.append(std::move(events));
  REQUIRE(done);
}

/// Retries that cost no time worth speaking of.
inline ProjectionConfig fast() {
  EventRetryConfig retry;
  retry.max_attempts = 2;
  retry.backoff.base = std::chrono::nanoseconds(1);
  retry.backoff.cap = std::chrono::nanoseconds(1);
  return ProjectionConfig().with(retry);
}

inline Finished run(SqliteStore& store, const SqlProjection& projection, ProjectionConfig config = fast()) {
  return run_projection_blocking(projection, store, projection.configured(std::move(config)), std::stop_token{});
}

}  // namespace sql_support
