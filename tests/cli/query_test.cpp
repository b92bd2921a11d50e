// `lantern query`: reads only, in three formats.
#include <algorithm>
#include <string>

#include <boost/json/parse.hpp>
#include <catch2/catch.hpp>

#include "child.hpp"

namespace {

struct Store {
  TempFolder folder{};
  std::string file = folder / "s.db";
  Store() {
    REQUIRE(lantern_run({"import", "--store", file, "-"}, {.input = R"({"stream":"s","type":"t","data":1})"}).code ==
            0);
  }
  [[nodiscard]] Ended ask(const std::string& sql, const std::string& format = "--table") const {
    return lantern_run({"query", "--store", file, format, sql});
  }
};

// One of each kind, and what is hard to print.
const std::string mixed =
    "SELECT * FROM (VALUES (1, 'plain', 1.5, x'00ff', NULL), (-20000, 'a \"quoted\", text', 2.0, x'', ''), "
    "(3, 'two' || char(10) || 'lines' || char(27), -1e300, NULL, 'größe')) ORDER BY column1 DESC";

}  // namespace

TEST_CASE("a table is aligned, shows NULL, hex and what cannot be printed, and is the same in a pipe") {
  const Store store;
  CHECK(store.ask(mixed).out ==
        "column1  column2           column3  column4  column5\n"
        "-------  ----------------  -------  -------  -------\n"
        "      3  two\\nlines\\x1b    -1e+300  NULL     größe\n"
        "      1  plain                 1.5  x'00ff'  NULL\n"
        " -20000  a \"quoted\", text      2.0  x''\n");
  CHECK(store.ask("SELECT '日本' AS a, 'e' || char(769) AS b, 'x' AS c UNION ALL SELECT 'abcd', 'yz', 'x'").out ==
        "a     b   c\n"
        "----  --  -\n"
        "日本  e\u0301   x\n"
        "abcd  yz  x\n");
  CHECK(store.ask("SELECT 1 AS n WHERE 0").out == "n\n-\n");
}

TEST_CASE("CSV is quoted as RFC 4180 says, and tells NULL from an empty text") {
  const Store store;
  CHECK(store.ask(mixed, "--csv").out ==
        "column1,column2,column3,column4,column5\r\n"
        "3,\"two\nlines\x1b\",-1e+300,,größe\r\n"
        "1,plain,1.5,00ff,\r\n"
        "-20000,\"a \"\"quoted\"\", text\",2.0,,\"\"\r\n");
}

TEST_CASE("JSON is one object a row, and reads back as what was stored") {
  const Store store;
  const Ended ended = store.ask(mixed, "--json");
  const std::string& out = ended.out;
  REQUIRE(std::count(out.begin(), out.end(), '\n') == 3);
  CHECK(boost::json::parse(out.substr(0, out.find('\n'))) ==
        boost::json::parse(
            R"({"column1":3,"column2":"two\nlines\u001b","column3":-1e300,"column4":null,"column5":"größe"})"));
  CHECK(store.ask("SELECT 1 AS a, 2 AS a, 3 AS a_2, 4 AS a", "--json").out ==
        "{\"a\":1,\"a_3\":2,\"a_2\":3,\"a_4\":4}\n");
  // Bytes that are no UTF-8 cannot be in JSON.
  CHECK(store.ask("SELECT CAST(x'61ff62' AS TEXT) AS t", "--json").out == "{\"t\":\"a\uFFFDb\"}\n");
}

TEST_CASE("SQLite's tables that are functions can be asked, at their first use too") {
  const Store store;
  CHECK(store.ask("SELECT value FROM json_each('[1,2]')", "--csv").out == "value\r\n1\r\n2\r\n");
  CHECK(store.ask("SELECT count(*) AS n FROM json_tree('[1,2]')", "--csv").out == "n\r\n3\r\n");
  for (const std::string table : {"table_info('lantern_events')", "table_xinfo('lantern_events')", "table_list",
                                  "index_list('lantern_events')", "index_info('lantern_events_by_id')",
                                  "index_xinfo('lantern_events_by_id')", "foreign_key_list('lantern_events')"}) {
    const Ended ended = store.ask("SELECT count(*) >= 0 AS ok FROM pragma_" + table, "--csv");
    INFO(table << ended.err);
    CHECK(ended.out == "ok\r\n1\r\n");
  }
}

TEST_CASE("whatever would write is refused, and nothing changes") {
  const Store store;
  for (const std::string sql : {
           "INSERT INTO lantern_events (stream) VALUES ('x')",
           "DELETE FROM lantern_events",
           "UPDATE lantern_events SET stream = 'x'",
           "CREATE TABLE t (x)",
           "DROP TABLE lantern_events",
           "ATTACH 'other.db' AS other",
           "PRAGMA user_version = 7",
           "PRAGMA query_only = 0",
           "BEGIN",
           "VACUUM",
           "WITH x AS (SELECT 1) DELETE FROM lantern_events",
           "SELECT 1; DELETE FROM lantern_events",
           "SELECT load_extension('x')",
       }) {
    const Ended ended = store.ask(sql);
    CAPTURE(sql, ended.err);
    CHECK(ended.code == 2);
    CHECK(ended.out == "");
    CHECK(ended.err.find("lantern: ") == 0);
    CHECK(std::count(ended.err.begin(), ended.err.end(), '\n') == 1);
  }
  for (const std::string sql : {"SELEC 1", "SELECT * FROM nowhere", "", "-- nothing"}) {
    const Ended ended = store.ask(sql);
    CAPTURE(sql, ended.err);
    CHECK(ended.code == 2);
    CHECK(std::count(ended.err.begin(), ended.err.end(), '\n') == 1);
  }
  CHECK(store.ask("SELECT count(*) AS n, min(stream) AS s FROM lantern_events", "--csv").out == "n,s\r\n1,s\r\n");
  CHECK_FALSE(std::filesystem::exists("other.db"));
}

TEST_CASE("rows are printed as they come, so that a reader may go away") {
  const Store store;
  const Ended head = run_script(
      "{ lantern query --store s.db --csv 'WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i "
      "FROM n'; echo code $? >&2; } | head -n 3",
      store.folder.path());
  CHECK(head.out == "i\r\n1\r\n2\r\n");
  CHECK(head.err == "code 0\n");
}

TEST_CASE("a command line that is not understood is told what is wrong with it") {
  const TempFolder folder;
  CHECK(lantern_run({"frobnicate"}).err ==
        "lantern: there is no verb \"frobnicate\": the verbs are import, run, rebuild, verify, query, status, "
        "export, view, activate, rollback, finalize, cancel; see lantern "
        "--help\n");
  CHECK(lantern_run({"frobnicate"}).code == 2);
  const std::string missing =
      "lantern: --store FILE is missing: lantern import --store FILE …; see lantern import --help\n";
  CHECK(lantern_run({"import", folder / "s.db", "events.ndjson"}).err == missing);
  CHECK(lantern_run({"import", "events.ndjson"}).err == missing);
  const Ended both = lantern_run({"query", "--store", folder / "s.db", "--csv", "--json", "SELECT 1"});
  CHECK(both.code == 2);
  CHECK(both.err.find("only one of them can be chosen") != both.err.npos);
  const Ended help = lantern_run({"query", "--help"});
  CHECK(help.out.find("Option Group") == help.out.npos);
  CHECK(help.out.find("[Exactly") == help.out.npos);
  CHECK(help.out.find("--csv") != help.out.npos);
}

TEST_CASE("the advice for a mistyped table lists the tables of projections only") {
  const Store store;
  const std::string err = store.ask("SELECT * FROM nowhere").err;
  const auto begin = err.find("SELECT name");
  REQUIRE(begin != err.npos);
  CHECK(store.ask(err.substr(begin, err.find(';', begin) - begin), "--csv").out == "name\r\n");
}
