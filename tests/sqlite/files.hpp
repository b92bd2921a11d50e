// What the tests of the store share: folders that vanish, a clock by hand, and SQLite without lantern.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <sqlite3.h>
#include <catch2/catch.hpp>

#include "lantern/sqlite/sqlite_store.hpp"
#include "temporary_folder.hpp"

namespace lantern::testing_sqlite {

using Folder = testing::TemporaryFolder;

/// A clock that stands still until it is moved.
struct HandClock {
  std::shared_ptr<std::chrono::nanoseconds> now =
      std::make_shared<std::chrono::nanoseconds>(std::chrono::seconds(1'700'000'000));
  void advance(std::chrono::nanoseconds by) const { *now += by; }
  [[nodiscard]] std::function<std::chrono::nanoseconds()> source() const {
    return [now = now] { return *now; };
  }
};

inline SqliteStore open_store(const std::filesystem::path& file, SqliteOptions options = {}) {
  auto store = SqliteStore::open(file, std::move(options));
  if (!store) FAIL(store.error());
  return *std::move(store);
}

inline Failure failure_to_open(const std::filesystem::path& file, SqliteOptions options = {}) {
  auto store = SqliteStore::open(file, std::move(options));
  if (store) FAIL("it opened");
  return store.error();
}

/// SQLite as any other program uses it.
class PlainSqlite {
 public:
  explicit PlainSqlite(const std::filesystem::path& file) {
    if (sqlite3_open(file.c_str(), &db_) != SQLITE_OK) throw std::runtime_error(sqlite3_errmsg(db_));
  }
  PlainSqlite(const PlainSqlite&) = delete;
  PlainSqlite& operator=(const PlainSqlite&) = delete;
  ~PlainSqlite() { sqlite3_close_v2(db_); }

  /// Rows as text, cells joined by '|'.
  std::vector<std::string> run(const std::string& sql) const {
    std::vector<std::string> rows;
    char* error = nullptr;
    const auto take = [](void* to, int count, char** cells, char**) {
      std::string row;
      for (int i = 0; i < count; ++i) row.append(i ? "|" : "").append(cells[i] ? cells[i] : "NULL");
      static_cast<std::vector<std::string>*>(to)->push_back(std::move(row));
      return 0;
    };
    if (sqlite3_exec(db_, sql.c_str(), take, &rows, &error) != SQLITE_OK) {
      const std::string message = error ? error : "unknown";
      sqlite3_free(error);
      throw std::runtime_error(message + " in: " + sql);
    }
    return rows;
  }

 private:
  sqlite3* db_{};
};

inline NewEvent event(std::string stream, std::string type = "Happened", std::string data = "{}", std::string id = {}) {
  NewEvent made;
  made.stream = std::move(stream);
  made.type = std::move(type);
  made.data = std::move(data);
  made.id = std::move(id);
  return made;
}

/// Appends, or ends the test.
inline Appended appended(SqliteStore& store, std::vector<NewEvent> events, std::vector<ExpectedVersion> expected = {}) {
  auto done = store.append(std::move(events), std::move(expected));
  if (!done) FAIL(to_string(std::get<Failure>(done.error())));
  return *done;
}

/// The whole log that the filter lets through, page by page; checks that each page makes progress.
inline std::vector<std::pair<std::int64_t, std::string>> walk(SqliteStore& store, EventFilter filter = {},
                                                              std::uint32_t limit = 1000) {
  std::vector<std::pair<std::int64_t, std::string>> seen;
  ReadEvents ask{std::move(filter), std::nullopt, limit};
  for (;;) {
    const auto page = store.perform(ask);
    if (!page) FAIL(page.error());
    for (const auto& e : page->events()) seen.emplace_back(e.position.value, e.stream);
    if (page->at_head()) return seen;
    if (page->scanned_to <= ask.after) FAIL("no progress");
    ask.after = page->scanned_to;
  }
}

}  // namespace lantern::testing_sqlite
