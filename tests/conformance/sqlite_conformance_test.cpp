#include <catch2/catch.hpp>

#include <atomic>
#include <filesystem>
#include <stdexcept>

#include "every_contract.hpp"
#include "lantern/sqlite/sqlite_store.hpp"
#include "temporary_folder.hpp"

using namespace lantern;

namespace {

/// One file in a directory of its own.
struct SqliteWorld {
  testing::TemporaryFolder directory{};
  std::shared_ptr<std::atomic<std::int64_t>> now =
      std::make_shared<std::atomic<std::int64_t>>(1'700'000'000'000'000'000);

  template <class T>
  static T value(tl::expected<T, Failure> result) {
    if (!result) throw std::runtime_error(to_string(result.error()));
    return *std::move(result);
  }

  SqliteStore open() {
    SqliteOptions options;
    options.durability = Durability::normal;  // no power is lost here, and syncing thousands of commits takes a minute
    options.clock = [now = now] { return std::chrono::nanoseconds(*now); };
    return value(SqliteStore::open(directory.path() / "store.db", options));
  }
  void advance(std::chrono::nanoseconds by) { *now += by.count(); }

  void install(SqliteStore& store, const ProjectionId& id) {
    const std::string text = "-- projection: " + id.name + R"(
-- version: 1
-- on error: skip
-- setup
CREATE TABLE conformance_rows (position INTEGER, data TEXT, type TEXT CHECK (type <> 'refused'));
-- on *
INSERT INTO conformance_rows VALUES (:position, :data, :type);
)";
    const auto projection = SqlProjection::parse(text, "conformance.sql");
    if (!projection) throw std::runtime_error(projection.error().message());
    static_cast<void>(value(store.install(*projection, id.tenant)));
  }
  std::vector<AppliedEvent> applied(SqliteStore& store, const ProjectionId&) {
    std::vector<AppliedEvent> rows;
    QuerySink sink;
    sink.row = [&](std::span<const SqlValue> row) {
      rows.push_back({Position{std::get<std::int64_t>(row[0])}, std::string(std::get<std::string_view>(row[1]))});
      return true;
    };
    const auto done = store.query("SELECT position, data FROM conformance_rows ORDER BY rowid", sink);
    if (!done) throw std::runtime_error(to_string(done.error()));
    return rows;
  }
  std::vector<QuarantineRecord> quarantined(SqliteStore& store, const ProjectionId& id) {
    return value(store.quarantined(id));
  }
};

}  // namespace

TEST_CASE("the SQLite store keeps every contract") { check_every_contract<SqliteWorld>(); }
