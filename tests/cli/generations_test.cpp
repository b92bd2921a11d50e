// `lantern activate`, `rollback`, `finalize`, `cancel` and `status` on projections whose tables really change places,
// and under names that mean something to somebody else.
#include <string>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <catch2/catch.hpp>

#include "child.hpp"
#include "lantern/sqlite/sqlite_store.hpp"
#include "steps.hpp"

using namespace lantern;

namespace {

// Names that are quotes, patterns, statements and options to somebody, or differ by case or accents only.
const std::string hostile[] = {"o'r\"d", "100%", "%s%n",      "日本語 ☃", "a;b --c", "' OR 1=1",
                               "A",      "a",    "e\xCC\x81", "\xC3\xA9", "x.sql",   "of tenant t"};

std::string counting(const std::string& name, const std::string& table, int version) {
  return "-- projection: " + name + "\n-- version: " + std::to_string(version) + "\n-- setup\nCREATE TABLE " + table +
         " (stream TEXT PRIMARY KEY, n INTEGER NOT NULL) STRICT;\nCREATE VIEW " + table +
         "_sum AS SELECT sum(n) AS n FROM " + table + ";\n-- on *\nINSERT INTO " + table + " VALUES (:stream, " +
         std::to_string(version) + ") ON CONFLICT DO UPDATE SET n = n + " + std::to_string(version) + ";\n";
}

std::string json_name(const std::string& name) { return boost::json::serialize(boost::json::string(name)); }

}  // namespace

TEST_CASE("the tables of an SQL projection change places with activate and rollback, and go with finalize and cancel") {
  const TempFolder folder;
  const std::string store = folder / "s.db";
  import_lines(store, chain_events(1, 12, 2));
  for (int version = 1; version <= 3; ++version) {
    write_file(folder / ("v" + std::to_string(version) + ".sql"), counting("sums", "sums", version));
  }
  const auto run = [&](std::vector<std::string> words, const std::string& file = {}) {
    words.insert(words.end(), {"--store", store, file.empty() ? "sums" : folder / file});
    const Ended ended = lantern_run(words);
    INFO(ended.err);
    return ended;
  };
  const auto sum = [&] {
    return rows_of(store, "sums") +
           lantern_run({"query", "--store", store, "--csv", "SELECT n FROM sums_sum"}).out;  // its view goes with it
  };
  const auto rows = [](const std::string& each, const std::string& all) {
    return "stream,n\r\ns-0," + each + "\r\ns-1," + each + "\r\nn\r\n" + all + "\r\n";
  };
  REQUIRE(run({"run"}, "v1.sql").code == 0);
  REQUIRE(run({"rebuild", "--hold"}, "v2.sql").code == 0);
  CHECK(sum() == rows("6", "12"));
  CHECK(lantern_run({"view", "list", "--store", store}).out ==
        "projection  generation  state     position  version  views\n"
        "----------  ----------  --------  --------  -------  -----\n"
        "sums                 1  active          12        1      0\n"
        "sums                 2  building        12        2      0\n");
  CHECK(lantern_run({"status", "--store", store}).out ==
        "projection  generation  building  position  head  lag  state      leader  retries  quarantined  last error\n"
        "----------  ----------  --------  --------  ----  ---  ---------  ------  -------  -----------  ----------\n"
        "sums                 1  2 at 12         12    12    0  caught up  -             0            0  -\n");
  CHECK(run({"activate", "--json"}).out == "{\"projection\":\"sums\",\"did\":\"activated\",\"generation\":2}\n");
  CHECK(sum() == rows("12", "24"));
  CHECK(run({"rollback", "--json"}).out == "{\"projection\":\"sums\",\"did\":\"rolled_back\",\"generation\":3}\n");
  CHECK(sum() == rows("6", "12"));
  CHECK(lantern_run({"status", "--store", store}).out.find("previous") != std::string::npos);
  CHECK(lantern_run({"view", "list", "--store", store, "--json"}).out ==
        "{\"projection\":\"sums\",\"generation\":2,\"state\":\"previous\",\"position\":12,\"version\":2,\"views\":0}\n"
        "{\"projection\":\"sums\",\"generation\":3,\"state\":\"active\",\"position\":12,\"version\":1,\"views\":0}\n");
  // The old version goes on in what it made.
  import_lines(store, chain_events(13, 14, 2));
  CHECK(run({"run"}, "v1.sql").code == 0);
  CHECK(sum() == rows("7", "14"));
  // A rollback can be taken back, and the newer version goes on in its turn.
  CHECK(run({"rollback"}).out == "sums: rolled back, as generation 4\n");
  CHECK(sum() == rows("12", "24"));
  CHECK(run({"run"}, "v2.sql").code == 0);
  CHECK(sum() == rows("14", "28"));
  CHECK(run({"finalize", "--json"}).out == "{\"projection\":\"sums\",\"did\":\"dropped\",\"generation\":3}\n");
  CHECK(run({"rollback"}).code == 2);
  REQUIRE(run({"rebuild", "--hold"}, "v3.sql").code == 0);
  CHECK(run({"cancel", "--json"}).out == "{\"projection\":\"sums\",\"did\":\"dropped\",\"generation\":5}\n");
  CHECK(run({"cancel", "--json"}).out == "{\"projection\":\"sums\",\"did\":\"dropped\",\"generation\":null}\n");
  CHECK(run({"activate"}).code == 2);
  CHECK(sum() == rows("14", "28"));
  CHECK(lantern_run({"query", "--store", store, "--csv",
                     "SELECT count(*) AS hidden FROM sqlite_schema WHERE name GLOB 'lantern_b[0-9]*'"})
            .out == "hidden\r\n0\r\n");
  CHECK(lantern_run({"status", "--store", store}).out.find("building") == std::string::npos);
}

TEST_CASE("activate is refused while the built generation is behind, and a rebuild catches it up") {
  const TempFolder folder;
  const std::string store = folder / "s.db";
  import_lines(store, chain_events(1, 4, 2));
  write_file(folder / "v1.sql", counting("sums", "sums", 1));
  write_file(folder / "v2.sql", counting("sums", "sums", 2));
  REQUIRE(lantern_run({"run", "--store", store, folder / "v1.sql"}).code == 0);
  REQUIRE(lantern_run({"rebuild", "--store", store, "--hold", folder / "v2.sql"}).code == 0);
  import_lines(store, chain_events(5, 6, 2));
  REQUIRE(lantern_run({"run", "--store", store, folder / "v1.sql"}).code == 0);
  const Ended behind = lantern_run({"activate", "--store", store, "sums"});
  CHECK(behind.code == 2);
  CHECK(behind.err ==
        "lantern: generation 2 of sums is behind the active one, which is at position 6: let lantern run or lantern "
        "rebuild go on with it, and activate it then\n");
  REQUIRE(lantern_run({"rebuild", "--store", store, "--hold", folder / "v2.sql"}).code == 0);
  CHECK(lantern_run({"activate", "--store", store, "sums"}).out == "sums: activated generation 2\n");
  CHECK(rows_of(store, "sums") == "stream,n\r\ns-0,6\r\ns-1,6\r\n");
}

TEST_CASE("every verb takes names as they are, whatever they mean elsewhere") {
  const TempFolder folder;
  const std::string store = folder / "s.db";
  import_lines(store, chain_events(1, 4, 2));
  int number = 0;
  for (const std::string& name : hostile) {
    CAPTURE(name);
    const std::string table = "t" + std::to_string(++number), file = folder / ("p" + std::to_string(number) + ".sql");
    const auto act = [&](const std::string& verb) {
      return lantern_run({verb, "--store", store, "--json", "--", name}).out;
    };
    const auto did = [&](const std::string& what, const std::string& generation) {
      return "{\"projection\":" + json_name(name) + ",\"did\":\"" + what + "\",\"generation\":" + generation + "}\n";
    };
    write_file(file, counting(name, table, 1));
    REQUIRE(lantern_run({"run", "--store", store, "--quiet", file}).code == 0);
    write_file(file, counting(name, table, 2));
    const Ended held = lantern_run({"rebuild", "--store", store, "--hold", "--json", file});
    CHECK(held.code == 0);
    CHECK(objects_of(held.out).front().at("projection").as_string() == name);
    CHECK(act("activate") == did("activated", "2"));
    CHECK(rows_of(store, table) == "stream,n\r\ns-0,4\r\ns-1,4\r\n");
    CHECK(act("rollback") == did("rolled_back", "3"));
    CHECK(rows_of(store, table) == "stream,n\r\ns-0,2\r\ns-1,2\r\n");
    CHECK(act("rollback") == did("rolled_back", "4"));
    CHECK(act("finalize") == did("dropped", "3"));
    CHECK(act("cancel") == did("dropped", "null"));
    const Ended verified = lantern_run({"verify", "--store", store, "--json", file});
    CHECK(verified.code == 0);
    CHECK(objects_of(verified.out).back().at("projection").as_string() == name);
    CHECK(status_json(store, name).at("generation") == 4);
    CHECK(lantern_run({"status", "--store", store}).code == 0);
  }
}

TEST_CASE("tenants whose names are anything keep their generations apart") {
  const TempFolder folder;
  auto store = SqliteStore::open(folder / "s.db");
  REQUIRE(store);
  REQUIRE(store->append({NewEvent{.stream = "s", .type = "t", .data = "{}"}}));
  for (const std::string& tenant : hostile) {
    const ProjectionId id("orders", tenant);
    for (const std::string state : {"\"old\"", "\"new\""}) {
      SaveCheckpoint save{id};
      if (state == "\"new\"") save.generation = store->perform(BeginRebuild{id, CodeVersion{2}})->generation;
      save.through = Position{1};
      save.views = {StoredView{.key = "k", .state = state, .version = 1, .position = Position{1}}};
      REQUIRE(store->perform(save));
    }
  }
  for (const std::string& tenant : hostile) {
    CAPTURE(tenant);
    const auto run = [&](std::vector<std::string> words) {
      words.insert(words.end(), {"--store", folder / "s.db", "--tenant=" + tenant});
      return lantern_run(words).out;
    };
    CHECK(run({"view", "get", "orders", "k"}) == "\"old\"\n");
    CHECK(run({"activate", "orders", "--json"}) ==
          "{\"projection\":\"orders\",\"tenant\":" + json_name(tenant) + ",\"did\":\"activated\",\"generation\":2}\n");
    CHECK(run({"view", "get", "orders", "k"}) == "\"new\"\n");
    CHECK(run({"rollback", "orders"}) == "orders of tenant " + tenant + ": rolled back, as generation 3\n");
    CHECK(run({"view", "get", "orders", "k"}) == "\"old\"\n");
    CHECK(run({"finalize", "orders"}) == "orders of tenant " + tenant + ": dropped generation 2\n");
  }
}

TEST_CASE("names that are none are refused with 2") {
  const TempFolder folder;
  const std::string store = folder / "s.db";
  import_lines(store, chain_events(1, 2));
  const std::string longest(1024, 'n'), too_long(1025, 'n');
  for (const std::string verb : {"activate", "rollback", "finalize", "cancel"}) {
    const Ended refused = lantern_run({verb, "--store", store, too_long});
    CHECK(refused.code == 2);
    CHECK(refused.err.find("1024") != std::string::npos);
    CHECK(lantern_run({verb, "--store", store, ""}).code == 2);
    const Ended tenant = lantern_run({verb, "--store", store, "p", "--tenant", too_long});
    CHECK(tenant.code == 2);
    CHECK(tenant.err.find("1024") != std::string::npos);
    CHECK(lantern_run({verb, "--store", store, longest}).err.find("the store has no projection nnn") !=
          std::string::npos);
  }
  using namespace std::string_literals;
  for (const std::string& name : {too_long, "a\0b"s, ""s, "\xFF"s}) {
    write_file(folder / "p.sql", counting(name, "t", 1));
    for (const std::string verb : {"run", "rebuild", "verify"}) {
      const Ended refused = lantern_run({verb, "--store", store, folder / "p.sql"});
      CAPTURE(verb, refused.err);
      CHECK(refused.code == 2);
      CHECK(refused.out == "");
    }
  }
  CHECK(status_json(store, longest).empty());
}
