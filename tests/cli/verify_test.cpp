// `lantern verify`: tables that are what their events make, and tables that are not.
#include <signal.h>

#include <algorithm>
#include <filesystem>
#include <string>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <catch2/catch.hpp>

#include "child.hpp"
#include "lantern/sqlite/sqlite_store.hpp"
#include "steps.hpp"

namespace json = boost::json;

namespace {

// Every kind of table: with a key of one column and of two, without rowids, without a key, with a key that knows no
// case, with a key that may be NULL, with a key of any type, and with a column that is computed.
const std::string tables = R"(-- projection: all
-- version: 1
-- on error: skip
-- setup
CREATE TABLE one (k TEXT PRIMARY KEY, n INTEGER NOT NULL, t TEXT, b BLOB, r REAL) STRICT;
CREATE TABLE two (a ANY, b INTEGER, v, PRIMARY KEY (a, b)) WITHOUT ROWID;
CREATE TABLE bag (v, w);
CREATE TABLE folded (name TEXT COLLATE NOCASE PRIMARY KEY, n INTEGER, twice INTEGER AS (n * 2) STORED);
CREATE TABLE nulls (k TEXT PRIMARY KEY, v);
CREATE TABLE whole (v, id INTEGER PRIMARY KEY);
CREATE TABLE mixed (k PRIMARY KEY, t TEXT COLLATE RTRIM);
CREATE INDEX bag_v ON bag (v);
CREATE VIEW ones AS SELECT k FROM one;
-- on Counted
INSERT INTO one VALUES (:stream || :position, :data ->> 'n', 'text ' || :position, CAST(:id AS BLOB), :position);
INSERT INTO two VALUES (:stream, :position % 3, 1) ON CONFLICT DO UPDATE SET v = v + 1;
INSERT INTO bag VALUES (:position % 4, 'w');
INSERT INTO folded (name, n) VALUES (char(65 + :position % 26), 1) ON CONFLICT DO UPDATE SET n = n + 1;
INSERT INTO nulls VALUES (NULL, :position % 2);
INSERT INTO whole (id, v) VALUES (:position, :stream);
INSERT INTO mixed VALUES (:position / 2.0, 'x');
)";

struct All {
  explicit All(int events = 30) {
    write_file(file, tables);
    // One that the file's policy passes, live and when it is replayed.
    import_lines(store, chain_events(1, events) + R"({"stream":"s","type":"Counted","data":{},"id":"bad"})" + "\n");
    const Ended ran = lantern_run({"run", "--store", store, file});
    REQUIRE(ran.out.find(" applied, 1 quarantined") != std::string::npos);
  }
  [[nodiscard]] Ended verify(std::vector<std::string> more = {"--json"}) const {
    std::vector<std::string> words{"verify", "--store", store, file};
    words.insert(words.end(), more.begin(), more.end());
    return lantern_run(words);
  }
  TempFolder folder{};
  std::string store{folder / "s.db"}, file{folder / "all.sql"};
};

// The objects of differences as lines of `table key stored expected`.
std::string told(const std::string& out) {
  std::string text;
  for (const json::object& line : objects_of(out)) {
    if (line.at("event") != "difference") continue;
    text += std::string(line.at("table").as_string());
    for (const char* part : {"key", "stored", "expected"}) text += " " + json::serialize(line.at(part));
    text += "\n";
  }
  return text;
}

}  // namespace

TEST_CASE("verify finds nothing where nothing was changed, writes nothing, and leaves nothing behind") {
  const All all;
  const TempFolder scratch;
  const std::string before = read_file(all.store), status = lantern_run({"status", "--store", all.store, "--json"}).out;
  const Ended ended = run_command(
      {"env", "TMPDIR=" + scratch.path(), LANTERN_PROGRAM, "verify", "--store", all.store, "--json", all.file});
  CHECK(ended.err == "");
  CHECK(ended.code == 0);
  auto lines = objects_of(ended.out);
  REQUIRE(lines.size() == 1);
  CHECK(lines[0].at("seconds").is_double());
  lines[0].erase("seconds");
  // 30 + 21 + 30 + 26 + 30 + 30 + 30 rows.
  CHECK(lines[0] == json::parse(R"({"event":"verified","projection":"all","outcome":"identical","generation":1,
                                    "position":31,"tables":7,"rows":197,"different":0})"));
  CHECK((read_file(all.store) == before));
  CHECK(lantern_run({"status", "--store", all.store, "--json"}).out == status);
  CHECK(std::filesystem::is_empty(scratch.path()));
  CHECK(all.verify({}).out.find("all: what its events make: 197 rows of 7 tables, generation 1 at position 31, ") == 0);
  CHECK(all.verify({"--quiet"}).out == "");
  // The same of a later generation, whose tables were made under other names.
  REQUIRE(lantern_run({"rebuild", "--store", all.store, "--quiet", all.file}).code == 0);
  CHECK(objects_of(all.verify().out).back().at("generation") == 2);
}

TEST_CASE("verify tells each row that is not what the events make, whatever was changed in it") {
  struct Change {
    std::string sql, told;
  };
  const Change changes[] = {
      {"UPDATE one SET t = 'texT 4' WHERE k = 's-44'",
       R"(one {"k":"s-44"} {"k":"s-44","n":4,"t":"texT 4","b":{"blob":"6534"},"r":4E0} )"
       R"({"k":"s-44","n":4,"t":"text 4","b":{"blob":"6534"},"r":4E0})"},
      {"UPDATE one SET b = x'6535' WHERE k = 's-44'",
       R"(one {"k":"s-44"} {"k":"s-44","n":4,"t":"text 4","b":{"blob":"6535"},"r":4E0} )"
       R"({"k":"s-44","n":4,"t":"text 4","b":{"blob":"6534"},"r":4E0})"},
      {"UPDATE one SET b = NULL, t = CAST(x'ff' AS TEXT) WHERE k = 's-44'",
       R"(one {"k":"s-44"} {"k":"s-44","n":4,"t":{"text_hex":"ff"},"b":null,"r":4E0} )"
       R"({"k":"s-44","n":4,"t":"text 4","b":{"blob":"6534"},"r":4E0})"},
      // The byte after the NUL of a text.
      {"UPDATE one SET t = t || char(0) || 'x' WHERE k = 's-44'",
       R"(one {"k":"s-44"} {"k":"s-44","n":4,"t":"text 4\u0000x","b":{"blob":"6534"},"r":4E0} )"
       R"({"k":"s-44","n":4,"t":"text 4","b":{"blob":"6534"},"r":4E0})"},
      {"UPDATE two SET v = 1.0 WHERE a = 's-1' AND b = 0",
       R"(two {"a":"s-1","b":0} {"a":"s-1","b":0,"v":1E0} {"a":"s-1","b":0,"v":1})"},
      {"UPDATE two SET v = '1' WHERE a = 's-1' AND b = 0",
       R"(two {"a":"s-1","b":0} {"a":"s-1","b":0,"v":"1"} {"a":"s-1","b":0,"v":1})"},
      {"UPDATE two SET v = x'31' WHERE a = 's-1' AND b = 0",
       R"(two {"a":"s-1","b":0} {"a":"s-1","b":0,"v":{"blob":"31"}} {"a":"s-1","b":0,"v":1})"},
      {"DELETE FROM two WHERE a = 's-6' AND b = 2", R"(two {"a":"s-6","b":2} null {"a":"s-6","b":2,"v":1})"},
      {"INSERT INTO two VALUES (7, 1, NULL), (x'00', -1, '')",
       R"(two {"a":7,"b":1} {"a":7,"b":1,"v":null} null)"
       "\n"
       R"(two {"a":{"blob":"00"},"b":-1} {"a":{"blob":"00"},"b":-1,"v":""} null)"},
      // As often as it is there, and of its type.
      {"DELETE FROM bag WHERE rowid = (SELECT min(rowid) FROM bag WHERE v = 2)", R"(bag null null {"v":2,"w":"w"})"},
      {"INSERT INTO bag VALUES (2, 'w')", R"(bag null {"v":2,"w":"w"} null)"},
      {"UPDATE bag SET v = 2.0 WHERE rowid = (SELECT min(rowid) FROM bag WHERE v = 2)",
       R"(bag null null {"v":2,"w":"w"})"
       "\n"
       R"(bag null {"v":2E0,"w":"w"} null)"},
      // The key is the same as far as the table knows; what is stored is not.
      {"UPDATE folded SET name = 'b' WHERE name = 'B'",
       R"(folded {"name":"b"} {"name":"b","n":2,"twice":4} {"name":"B","n":2,"twice":4})"},
      {"UPDATE folded SET n = 7 WHERE name = 'z'",
       R"(folded {"name":"Z"} {"name":"Z","n":7,"twice":14} {"name":"Z","n":1,"twice":2})"},
      {"DELETE FROM nulls WHERE rowid = 1", R"(nulls {"k":null} null {"k":null,"v":1})"},
      {"INSERT INTO nulls VALUES ('k', 5)", R"(nulls {"k":"k"} {"k":"k","v":5} null)"},
      // A number is one key as an integer and as a real, and yet not the same value.
      {"UPDATE mixed SET k = 2 WHERE k = 2.0", R"(mixed {"k":2} {"k":2,"t":"x"} {"k":2E0,"t":"x"})"},
      {"UPDATE mixed SET k = 16 WHERE k = 1.5", R"(mixed {"k":1.5E0} null {"k":1.5E0,"t":"x"})"
                                                "\n"
                                                R"(mixed {"k":16} {"k":16,"t":"x"} null)"},
      {"UPDATE mixed SET t = 'x ' WHERE k = 1.5", R"(mixed {"k":1.5E0} {"k":1.5E0,"t":"x "} {"k":1.5E0,"t":"x"})"},
      {"UPDATE whole SET id = 31 WHERE id = 30", R"(whole {"id":30} null {"id":30,"v":"s-2"})"
                                                 "\n"
                                                 R"(whole {"id":31} {"id":31,"v":"s-2"} null)"},
  };
  const All all;
  const std::string calm = read_file(all.store);
  for (const Change& change : changes) {
    for (const char* beside : {"-wal", "-shm"}) std::filesystem::remove(all.store + beside);
    write_file(all.store, calm);
    write_raw(all.store, change.sql);
    const Ended ended = all.verify();
    CAPTURE(change.sql, ended.err);
    CHECK(ended.code == 1);
    CHECK(ended.err == "");
    CHECK(told(ended.out) == change.told + "\n");
    const auto last = objects_of(ended.out).back();
    CHECK(last.at("outcome") == "different");
    CHECK(last.at("different") == std::count(change.told.begin(), change.told.end(), '\n') + 1);
  }
}

TEST_CASE("verify tells people which row, what is stored, and what it should be, and of many the first ones") {
  const All all;
  write_raw(all.store, "UPDATE one SET t = 'it''s' || char(10), r = 4.5 WHERE k = 's-44'; DELETE FROM bag WHERE v = 3");
  const Ended ended = all.verify({});
  CHECK(ended.code == 1);
  CHECK(ended.err == "");
  const std::string bag = "all: table bag\n  stored:    no such row\n  should be: v 3, w 'w'\n";
  CHECK(ended.out.find(bag + bag) == 0);
  CHECK(ended.out.find("all: table one, k 's-44'\n"
                       "  stored:    k 's-44', n 4, t CAST(x'697427730a' AS TEXT), b x'6534', r 4.5\n"
                       "  should be: k 's-44', n 4, t 'text 4', b x'6534', r 4.0\n"
                       "all: not what its events make: 8 of 197 rows differ, generation 1 at position 31, ") !=
        std::string::npos);
  const Ended few = all.verify({"--keep", "2"});
  CHECK(few.out.find(bag + bag +
                     "all: not what its events make: 8 of 197 rows differ (the first 2 are shown), "
                     "generation 1 at position 31, ") == 0);
  const Ended none = all.verify({"--keep", "0"});
  CHECK(none.code == 1);
  CHECK(none.out.find("all: not what its events make: ") == 0);
  CHECK(none.out.find("(the first 0 are shown)") != std::string::npos);
  CHECK(all.verify({"--quiet"}).out.find("all: table bag\n") == 0);
  // What a terminal would take for a command is not printed, and a reader that goes away is no error.
  const Ended head = run_script(
      "set +e; { lantern verify --store '" + all.store + "' '" + all.file + "'; echo \"code $?\" >&2; } | head -1", "");
  CHECK(head.out == "all: table bag\n");
  CHECK(head.err == "code 1\n");
}

TEST_CASE("the difference that docs/cli.md shows is told in these words") {
  const TempFolder folder;
  const std::string page = read_file(LANTERN_SOURCE "/docs/cli.md"), store = folder / "s.db";
  const std::size_t file = page.find("-- projection: carts");
  std::string sql = "\n" + page.substr(file - 2, page.find("> END", file) - file + 2);
  for (auto at = sql.find("\n> "); at != sql.npos; at = sql.find("\n> ")) sql.erase(at + 1, 2);
  write_file(folder / "carts.sql", sql);
  import_lines(store, R"({"stream":"cart-1","type":"ItemAdded","data":{"price":7}})"
                      "\n"
                      R"({"stream":"cart-2","type":"ItemAdded","data":{"price":4.5}})"
                      "\n"
                      R"({"stream":"cart-2","type":"ItemAdded","data":{"price":1}})");
  REQUIRE(lantern_run({"run", "--store", store, folder / "carts.sql"}).code == 0);
  write_raw(store, "UPDATE carts SET total = 99 WHERE cart = 'cart-2'");
  const Ended ended = lantern_run({"verify", "--store", store, folder / "carts.sql"});
  CHECK(ended.code == 1);
  CHECK(page.find("```\n" + ended.out.substr(0, ended.out.find(", generation"))) != page.npos);
}

TEST_CASE("verify goes on beside a run that appends, and finds no difference that is only the run's progress") {
  const All all(3000);
  // A commit for each event, so that the tables change all the time: while the log is replayed, and while rows are
  // compared.
  Child live(lantern_words({"run", "--store", all.store, "--follow", "--quiet", "--batch", "1", all.file}));
  const auto position = [&] { return status_json(all.store, "all").at("position").as_int64(); };
  std::int64_t end = position();
  int moved = 0;
  for (int round = 0; round < 3; ++round) {
    std::string text;
    for (int n = 0; n < 400; ++n) text += event_line("live-" + std::to_string(n % 5), static_cast<int>(++end));
    import_lines(all.store, text);
    const auto before = position();
    const Ended ended = all.verify();
    CAPTURE(round, ended.out, ended.err);
    REQUIRE(ended.code == 0);
    if (objects_of(ended.out).back().at("position").as_int64() > before) ++moved;
  }
  CHECK(moved > 0);
  while (position() < end) REQUIRE_FALSE(live.ends_within(std::chrono::milliseconds(20)));
  CHECK(objects_of(all.verify().out).back().at("position") == end);
  live.send(SIGTERM);
  CHECK(live.wait().code == 0);
}

TEST_CASE("verify refuses what it cannot judge with 2, and a table that is gone is a difference") {
  const All all;
  const auto with = [&](const std::string& name, const std::string& text) {
    write_file(all.folder / name, text);
    return lantern_run({"verify", "--store", all.store, all.folder / name});
  };
  std::string newer = tables, changed = tables, other = tables;
  newer.replace(newer.find("version: 1"), 10, "version: 2");
  changed.replace(changed.find("v + 1"), 5, "v + 2");
  other.replace(other.find("projection: all"), 15, "projection: any");
  check_refused(with("newer.sql", newer), 2, "this is version 2 of projection all, but its tables are of version 1");
  check_refused(with("changed.sql", changed), 2, "was changed since its tables were made");
  check_refused(with("other.sql", other), 2, "the store has no SQL projection any");
  check_refused(lantern_run({"verify", "--store", all.store, "all"}), 2, "all is an SQL projection: name its file");
  check_refused(lantern_run({"verify", "--store", all.store, "absent.sql"}), 2, "absent.sql: cannot be read");
  check_refused(lantern_run({"verify", "--store", all.folder / "absent.db", all.file}), 3, "absent.db");
  check_refused(lantern_run({"verify", "--store", all.store, "--keep", "-1", all.file}), 2, "--help");
  {
    auto store = lantern::SqliteStore::open(all.store);
    REQUIRE(store);
    lantern::SaveCheckpoint save{lantern::ProjectionId("orders")};
    save.through = lantern::Position{3};
    REQUIRE(store->perform(save));
  }
  check_refused(
      lantern_run({"verify", "--store", all.store, "orders"}), 2,
      "orders is no SQL projection, and can only be verified by its own program: there, call lantern::verify");
  write_raw(all.store, "ALTER TABLE bag RENAME COLUMN w TO x");
  check_refused(all.verify(), 1, "table `bag` of all is missing, or has other columns");
  write_raw(all.store, "DROP TABLE bag");
  check_refused(all.verify(), 1, "table `bag` of all is missing, or has other columns");
}

TEST_CASE("verify of several projections goes through all of them, and the lowest code is the program's") {
  const All all;
  write_file(all.folder / "chains.sql", chains_file());
  REQUIRE(lantern_run({"run", "--store", all.store, "--quiet", all.folder / "chains.sql"}).code == 1);  // the bad event
  std::string lenient = chains_file();
  lenient.insert(lenient.find("-- setup"), "-- on error: skip\n");
  lenient.replace(lenient.find("chains"), 6, "second");
  for (auto at = lenient.find("chains"); at != lenient.npos; at = lenient.find("chains"))
    lenient.replace(at, 6, "second");
  write_file(all.folder / "second.sql", lenient);
  REQUIRE(lantern_run({"run", "--store", all.store, "--quiet", all.folder / "second.sql"}).code == 0);
  write_raw(all.store, "UPDATE second SET hash = hash + 1 WHERE stream = 's-1'");
  write_file(all.folder / "unknown.sql", "-- projection: unknown\n-- version: 1\n-- on *\nDELETE FROM x;\n");
  const Ended ended = all.verify({"--json", all.folder / "unknown.sql", all.folder / "second.sql"});
  CHECK(ended.code == 1);
  CHECK(std::count(ended.err.begin(), ended.err.end(), '\n') == 1);
  CHECK(told(ended.out).find("second {\"stream\":\"s-1\"} ") == 0);
  CHECK(ended.out.find(R"("projection":"all","outcome":"identical")") != std::string::npos);
  CHECK(ended.out.find(R"("projection":"second","outcome":"different")") != std::string::npos);
  // One that stopped before an event it could not apply is right as far as it came.
  CHECK(objects_of(lantern_run({"verify", "--store", all.store, "--json", all.folder / "chains.sql"}).out)
            .back()
            .at("outcome") == "identical");
}

TEST_CASE("a verify that is interrupted says so with 130, and leaves nothing behind") {
  All all;
  std::string text;
  for (int n = 1000; n < 21'000; ++n) text += event_line("s-" + std::to_string(n % 5), n);
  import_lines(all.store, text);
  REQUIRE(lantern_run({"run", "--store", all.store, "--quiet", all.file}).code == 0);
  for (const int signal : {SIGINT, SIGTERM}) {
    const TempFolder scratch;
    Child child({"env", "TMPDIR=" + scratch.path(), LANTERN_PROGRAM, "verify", "--store", all.store, all.file});
    while (std::filesystem::is_empty(scratch.path())) REQUIRE_FALSE(child.ends_within(std::chrono::milliseconds(1)));
    child.send(signal);
    const Ended ended = child.wait();
    CHECK(ended.code == 130);
    CHECK(ended.out == "");
    CHECK(ended.err == "lantern: interrupted: whether the tables are right is not known\n");
    CHECK(std::filesystem::is_empty(scratch.path()));
  }
}

TEST_CASE("a verify that is interrupted twice ends at once, and leaves nothing behind either") {
  const All all(2000);
  for (int round = 0; round < 5; ++round) {
    const TempFolder scratch;
    Child child({"env", "TMPDIR=" + scratch.path(), LANTERN_PROGRAM, "verify", "--store", all.store, all.file});
    while (std::filesystem::is_empty(scratch.path())) REQUIRE_FALSE(child.ends_within(std::chrono::milliseconds(1)));
    child.send(SIGINT);
    child.send(SIGTERM);
    const Ended ended = child.wait();
    CHECK((ended.signal == SIGTERM || ended.signal == SIGINT || ended.code == 130));
    CHECK(std::filesystem::is_empty(scratch.path()));
  }
}

TEST_CASE("verify draws its progress on a terminal, and nothing of it with --quiet") {
  const All all(2000);
  const auto on_terminal = [&](std::vector<std::string> more) {
    std::vector<std::string> words{"verify", "--store", all.store, all.file};
    words.insert(words.end(), more.begin(), more.end());
    return lantern_run(words, {.terminal = true});
  };
  CHECK(on_terminal({}).err.find("all") != std::string::npos);
  CHECK(on_terminal({"--quiet"}).err == "");
  CHECK(on_terminal({"--json"}).err == "");
}
