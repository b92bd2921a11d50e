// The log that everything is measured on, and the tools of the hand-written loops.
#pragma once

#include <sqlite3.h>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <string>

#include "lantern/event.hpp"

namespace bench {

/// Seconds since some point in the past.
[[nodiscard]] inline double seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

/// A directory of this process's own under the system's, gone when it ends. Ends the program when there is none.
class ScratchDirectory {
 public:
  ScratchDirectory();
  ~ScratchDirectory();
  ScratchDirectory(const ScratchDirectory&) = delete;
  ScratchDirectory& operator=(const ScratchDirectory&) = delete;
  [[nodiscard]] std::string file(const std::string& name) const { return (path_ / name).string(); }

 private:
  std::filesystem::path path_;
};

/// Event `number` (from 1) of a bank log: about 150 bytes of JSON, over as many streams as one in a hundred events.
/// Always the same for the same number.
[[nodiscard]] lantern::NewEvent bank_event(std::uint64_t number, std::uint64_t of);

/// What a fold without decoding does with an event: depends on each event and on their order, and costs little.
struct Chain {
  std::uint64_t value = 0;
  void apply(const lantern::RecordedEvent& event) {
    value = (value ^ event.data.size() ^ static_cast<std::uint64_t>(event.position.value)) * 0x9E3779B97F4A7C15ULL;
  }
};

/// The log's first `events` events in an SQLite store of lantern's own making, and the same as lines of JSON.
void make_store(const std::string& file, std::uint64_t events);
void make_ndjson(const std::string& file, std::uint64_t events);

/// Copies a store that nobody has open.
void copy_store(const std::string& from, const std::string& to);
/// Removes a store and the files beside it.
void remove_store(const std::string& file);

/// SQLite as one uses it by hand. Any error ends the program: nothing is measured then.
class Database {
 public:
  explicit Database(const std::string& file);
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;
  void run(const char* sql);
  [[nodiscard]] sqlite3_stmt* prepare(const char* sql);  ///< finalised with the database
  void expect(int result, int wanted) const;

 private:
  sqlite3* handle_ = nullptr;
};

/// Ends the program unless `held`: a number that comes from wrong work must not be printed.
void must(bool held, const std::string& what);

}  // namespace bench
