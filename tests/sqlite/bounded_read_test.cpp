// One read looks at a bounded part of the log, however little of it the filter lets through.
#include "files.hpp"

using namespace lantern;
using namespace lantern::testing_sqlite;

namespace {

using Found = std::vector<std::pair<std::int64_t, std::string>>;

/// Fills the log by SQL, without lantern. Events 1 to `last` go to the stream "other" when `i % every` is 0, and to "s"
/// otherwise; their versions are dense.
void fill(const PlainSqlite& plain, int last, int every, const std::string& type_of_i) {
  const std::string n = std::to_string(last), k = std::to_string(every);
  plain.run("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < " + n +
            ") INSERT INTO lantern_events(stream, version, type, schema_version, data, ts) SELECT iif(i % " + k +
            ", 's', 'other'), iif(i % " + k + ", i - i / " + k + ", i / " + k + "), " + type_of_i +
            ", 1, '', '' FROM n");
}

std::int64_t number(const PlainSqlite& plain, const std::string& sql) { return std::stoll(plain.run(sql).at(0)); }

std::int64_t value_or_0(std::optional<Position> position) { return position ? position->value : 0; }

}  // namespace

TEST_CASE("a filter that lets nothing through still moves on, in steps of bounded size") {
  const Folder folder;
  auto store = open_store(folder / "a.db", {.durability = Durability::normal});
  fill(PlainSqlite(folder / "a.db"), 150'000, 1'000'000, "iif(i = 140000, 'Rare', 'Common')");
  EventFilter rare;
  rare.types = {"Rare"};
  const auto first = store.perform(ReadEvents{rare});
  CHECK(first->empty());
  CHECK(first->scanned_to == Position{65536});
  CHECK(first->head == Position{150000});
  CHECK(walk(store, rare) == Found{{140000, "s"}});
  EventFilter absent;
  absent.stream = "absent";
  CHECK(store.perform(ReadEvents{absent})->at_head());

  // Within one long stream, pages begin where the last one ended.
  EventFilter stream;
  stream.stream = "s";
  const auto page = store.perform(ReadEvents{stream, Position{149'998}, 10});
  REQUIRE(page->size() == 2);
  CHECK(page->events()[0].position == Position{149'999});
}

TEST_CASE("types that are rare in one long stream are found in steps of bounded size") {
  const Folder folder;
  auto store = open_store(folder / "a.db", {.durability = Durability::normal});
  const PlainSqlite plain(folder / "a.db");
  // 100,000 events of the stream among 50,000 of another, all of which have the type that is sought.
  fill(plain, 150'000, 3, "iif(i % 3 = 0 OR i = 149999, 'Rare', 'Common')");
  EventFilter filter;
  filter.stream = "s";
  filter.types = {"Rare", "Absent"};

  Found found;
  int pages = 0;
  for (ReadEvents ask{filter};; ++pages) {
    const auto page = store.perform(ask);
    REQUIRE(page);
    CHECK(page->head == Position{150'000});
    for (const auto& e : page->events()) found.emplace_back(e.position.value, e.stream);
    REQUIRE(page->scanned_to > ask.after);
    const auto looked_at = number(plain, "SELECT count(*) FROM lantern_events WHERE stream = 's' AND position > " +
                                             std::to_string(value_or_0(ask.after)) +
                                             " AND position <= " + std::to_string(value_or_0(page->scanned_to)));
    CHECK(looked_at <= 8192);
    if (page->at_head()) break;
    CHECK(looked_at == 8192);  // no step is smaller than it need be
    ask.after = page->scanned_to;
  }
  CHECK(found == Found{{149'999, "s"}});
  CHECK(pages == 100'000 / 8192);
}

TEST_CASE("events at the ends of the steps are neither missed nor read twice, for every size of page") {
  const Folder folder;
  auto store = open_store(folder / "a.db", {.durability = Durability::normal});
  const PlainSqlite plain(folder / "a.db");
  fill(plain, 40'000, 7, "'Common'");
  plain.run(
      "UPDATE lantern_events SET type = 'Rare' WHERE stream = 's' AND "
      "version IN (1, 2, 8191, 8192, 8193, 8194, 16383, 16384, 16385, 24576, 24577)");
  EventFilter filter;
  filter.stream = "s";
  filter.types = {"Rare"};
  Found want;
  for (const auto& position : plain.run("SELECT position FROM lantern_events WHERE type = 'Rare' ORDER BY position")) {
    want.emplace_back(std::stoll(position), "s");
  }
  REQUIRE(want.size() == 11);
  for (const std::uint32_t limit : {1U, 2U, 3U, 1000U}) {
    INFO("limit " << limit);
    CHECK(walk(store, filter, limit) == want);
  }
}

TEST_CASE("a page of one stream without types is bounded by what was asked for alone") {
  const Folder folder;
  auto store = open_store(folder / "a.db", {.durability = Durability::normal});
  const PlainSqlite plain(folder / "a.db");
  fill(plain, 40'000, 4, "'T'");  // 30,000 of the stream; the last event is another's
  EventFilter filter;
  filter.stream = "s";
  if (GENERATE(false, true)) filter.stream_prefix = "s";  // which says nothing new

  const auto first = store.perform(ReadEvents{filter, std::nullopt, 20'000});
  REQUIRE(first);
  REQUIRE(first->size() == 20'000);
  CHECK(first->scanned_to == first->events().back().position);
  CHECK(first->events().back().version == 20'000);

  const auto rest = store.perform(ReadEvents{filter, first->scanned_to, 20'000});
  REQUIRE(rest);
  REQUIRE(rest->size() == 10'000);
  CHECK(rest->events().front().version == 20'001);
  CHECK(rest->scanned_to == Position{40'000});
  CHECK(rest->at_head());
}
