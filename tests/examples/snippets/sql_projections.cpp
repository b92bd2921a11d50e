// The code that docs/sql-projections.md shows and no example holds.
#include <filesystem>
#include <string_view>

#include "lantern/blocking/run_projection_blocking.hpp"
#include "lantern/sqlite/sql_projection.hpp"
#include "lantern/sqlite/sqlite_store.hpp"

namespace {

constexpr std::string_view text = R"sql(
-- projection: debts
-- version: 1
-- setup
CREATE TABLE debt (customer TEXT PRIMARY KEY, cents INTEGER NOT NULL);
-- on OrderPlaced
INSERT INTO debt VALUES (:stream, 1);
)sql";

bool run(const std::filesystem::path& file) {
  // clang-format off
auto projection = lantern::SqlProjection::parse(text, "debts.sql");  // an error has file, line and column
auto store = lantern::SqliteStore::open(file);
auto installed = store->install(*projection);  // registered, unchanged or rebuilt
auto config = projection->configured(lantern::ProjectionConfig());
auto finished = lantern::run_projection_blocking(*projection, *store, config, std::stop_token());
  // clang-format on
  return installed && finished;
}

}  // namespace

int main(int, char** argv) { return run(std::filesystem::path(argv[1]) / "shop.db") ? 0 : 1; }
