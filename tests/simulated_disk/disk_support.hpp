// SQLite on a simulated disk, without lantern between them.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <sqlite3.h>
#include <catch2/catch.hpp>

#include "lantern/simulated_disk/simulated_disk.hpp"

namespace lantern::testing_disk {

using testing::About;
using testing::Choices;
using testing::DiskFault;
using testing::SimulatedDisk;
using testing::Trouble;

/// A connection like any other program's.
class Client {
 public:
  Client(const SimulatedDisk& disk, const std::string& file) {
    constexpr int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_EXRESCODE;
    opened_ = sqlite3_open_v2(file.c_str(), &db_, flags, disk.vfs());
  }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;
  ~Client() { sqlite3_close_v2(db_); }

  /// A result code; rows go to `rows()`, cells joined by '|'.
  int run(const std::string& sql) {
    rows_.clear();
    if (opened_ != SQLITE_OK) return opened_;
    const auto take = [](void* to, int count, char** cells, char**) {
      std::string row;
      for (int i = 0; i < count; ++i) row.append(i ? "|" : "").append(cells[i] ? cells[i] : "NULL");
      static_cast<std::vector<std::string>*>(to)->push_back(std::move(row));
      return 0;
    };
    return sqlite3_exec(db_, sql.c_str(), take, &rows_, nullptr);
  }
  /// Rows in one line, or SQLite's complaint.
  std::string ask(const std::string& sql) {
    if (run(sql) != SQLITE_OK) return sqlite3_errmsg(db_);
    std::string all;
    for (const auto& row : rows_) all += (all.empty() ? "" : " ") + row;
    return all;
  }

 private:
  sqlite3* db_{};
  int opened_{};
  std::vector<std::string> rows_{};
};

}  // namespace lantern::testing_disk
