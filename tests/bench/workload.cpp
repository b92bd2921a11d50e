#include "workload.hpp"

#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <vector>

#include "lantern/sqlite/sqlite_store.hpp"

namespace bench {

void must(bool held, const std::string& what) {
  if (held) return;
  std::fprintf(stderr, "lantern_bench: %s\n", what.c_str());
  std::exit(3);
}

ScratchDirectory::ScratchDirectory() {
  std::string name = (std::filesystem::temp_directory_path() / "lantern-bench-XXXXXX").string();
  must(mkdtemp(name.data()) != nullptr, "there is no room for a directory at " + name);
  path_ = name;
}

ScratchDirectory::~ScratchDirectory() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

lantern::NewEvent bank_event(std::uint64_t number, std::uint64_t of) {
  const std::uint64_t streams = of / 100 + 1;
  // Streams take turns in an order that jumps about (Fibonacci hashing), as accounts do.
  const std::uint64_t account = number * 0x9E3779B97F4A7C15ULL % streams;
  static const char* const kinds[] = {"Deposited", "Withdrawn"};
  char data[256];
  std::snprintf(data, sizeof data,
                R"({"account":"account-%06llu","amount":%llu,"currency":"EUR","channel":"branch","reference":)"
                R"("transfer %08llx of the day","balance_hint":%llu})",
                static_cast<unsigned long long>(account), static_cast<unsigned long long>(number % 997 + 1),
                static_cast<unsigned long long>(number * 2654435761U % 4294967296U),
                static_cast<unsigned long long>(number % 10007));
  lantern::NewEvent event;
  event.stream = "account-" + std::to_string(account);
  event.type = number <= streams ? "Opened" : kinds[number % 2];
  event.data = data;
  event.ts = "2026-01-01T00:00:00Z";
  return event;
}

void make_store(const std::string& file, std::uint64_t events) {
  auto store = lantern::SqliteStore::open(file);
  must(store.has_value(), "the store of the workload could not be opened: " + file);
  for (std::uint64_t number = 1; number <= events;) {
    std::vector<lantern::NewEvent> batch;
    for (; batch.size() < 10'000 && number <= events; ++number) batch.push_back(bank_event(number, events));
    must(store->append(std::move(batch)).has_value(), "the workload could not be appended to " + file);
  }
}

void make_ndjson(const std::string& file, std::uint64_t events) {
  std::ofstream out(file, std::ios::binary);
  for (std::uint64_t number = 1; number <= events; ++number) {
    const lantern::NewEvent event = bank_event(number, events);
    out << R"({"stream":")" << event.stream << R"(","type":")" << event.type << R"(","data":)" << event.data
        << R"(,"ts":")" << event.ts << "\"}\n";
  }
  must(out.flush().good(), "the workload could not be written to " + file);
}

void copy_store(const std::string& from, const std::string& to) {
  remove_store(to);
  std::filesystem::copy_file(from, to);
}

void remove_store(const std::string& file) {
  for (const char* suffix : {"", "-wal", "-shm"}) std::filesystem::remove(file + suffix);
}

Database::Database(const std::string& file) {
  // One thread uses it, so it needs no mutex: as lantern opens its own.
  const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
  expect(sqlite3_open_v2(file.c_str(), &handle_, flags, nullptr), SQLITE_OK);
  run("PRAGMA journal_mode = WAL");
  run("PRAGMA synchronous = FULL");
}

Database::~Database() {
  for (sqlite3_stmt* left = nullptr; (left = sqlite3_next_stmt(handle_, nullptr)) != nullptr;) sqlite3_finalize(left);
  sqlite3_close(handle_);
}

void Database::run(const char* sql) { expect(sqlite3_exec(handle_, sql, nullptr, nullptr, nullptr), SQLITE_OK); }

sqlite3_stmt* Database::prepare(const char* sql) {
  sqlite3_stmt* statement = nullptr;
  expect(sqlite3_prepare_v3(handle_, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement, nullptr), SQLITE_OK);
  return statement;
}

void Database::expect(int result, int wanted) const {
  must(result == wanted, std::string("the hand-written loop failed: ") + sqlite3_errmsg(handle_));
}

}  // namespace bench
