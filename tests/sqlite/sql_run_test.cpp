// SQL projections end to end: what stands in the tables, the checkpoint and the quarantine after a run.
#include <atomic>
#include <map>
#include <random>
#include <thread>

#include "lantern/observer.hpp"
#include "sql_support.hpp"

using namespace sql_support;

namespace {

const char* const quarantine =
    "SELECT generation, position, stream, type, reason, attempts, error FROM lantern_quarantine ORDER BY position";
const char* const checkpoint = "SELECT position FROM lantern_projections";

// Refuses every event whose data says so, with its second statement: the first one must leave nothing behind.
std::string picky(const std::string& policy) {
  return "-- on error: " + policy +
         "\n-- setup\nCREATE TABLE seen (position INTEGER);\n"
         "CREATE TABLE accepted (position INTEGER PRIMARY KEY, data TEXT CHECK (data <> 'bad'));\n"
         "-- on *\nINSERT INTO seen VALUES (:position);\n"
         "INSERT INTO accepted VALUES (:position, :data);\n";
}
const std::string refused = "p.sql:9:1: CHECK constraint failed: data <> 'bad'";

std::vector<NewEvent> events(const std::string& marks) {
  std::vector<NewEvent> made;
  for (const char mark : marks) {
    made.push_back({.stream = "s", .type = "T", .data = mark == '!' ? "bad" : std::string(1, mark)});
  }
  return made;
}

}  // namespace

TEST_CASE("parameters are the event's parts, NULL where there is none") {
  const Folder folder;
  SqliteStore store = open(folder / "s.db");
  append(store, {{.stream = "one's",
                  .type = "T",
                  .data = "{\"a\":1}",
                  .id = "i1",
                  .meta = "{}",
                  .ts = "2024-05-01T10:00:00+02:00"},
                 {.stream = "one's", .type = "T", .data = "", .ts = "2024-05-01T10:00:00Z"}});
  const SqlProjection p = projection(
      "p", 1,
      "-- setup\nCREATE TABLE t (x);\n-- on T\n"
      "INSERT INTO t SELECT value FROM json_each(json_array(:stream, :type, :data, :position, :id, :ts, :meta, "
      ":version));\n"
      "INSERT INTO t VALUES (typeof(:stream) || typeof(:type) || typeof(:data) || typeof(:position) || typeof(:id) || "
      "typeof(:ts) || typeof(:meta) || typeof(:version) || :version);\n");
  installed(store, p);
  REQUIRE(run(store, p));
  CHECK(Client(folder / "s.db").rows("SELECT x FROM t ORDER BY rowid") ==
        Rows{"one's", "T", "{\"a\":1}", "1", "i1", "2024-05-01T10:00:00+02:00", "{}", "1",
             "texttexttextintegertexttexttextinteger1", "one's", "T", "", "2", "", "2024-05-01T10:00:00Z", "", "2",
             "texttexttextintegernulltextnullinteger2"});
}

TEST_CASE("an event runs every section that matches it, in the order of the file") {
  const Folder folder;
  SqliteStore store = open(folder / "s.db");
  const Client client(folder / "s.db");
  const char* const types[] = {"A", "B, C", "say \"hi\"", "*", "it's; -- on A", "Ä", "other"};
  for (const char* type : types) append(store, {{.stream = "s", .type = type, .data = "{}"}});
  const std::string setup = "-- setup\nCREATE TABLE log (n INTEGER PRIMARY KEY AUTOINCREMENT, position, section);\n";
  const auto section = [](const std::string& heading, int number) {
    return "-- on " + heading + "\nINSERT INTO log (position, section) VALUES (:position, " + std::to_string(number) +
           ");\n";
  };
  const auto logged = [&](const std::string& name, const std::string& sections) {
    std::string body = setup + sections;
    for (std::size_t at = 0; (at = body.find("log ", at)) != body.npos; at += 4) body.replace(at, 4, name + " ");
    const SqlProjection p = projection(name, 1, body);
    installed(store, p);
    const Finished finished = run(store, p);
    REQUIRE(finished);
    Rows rows = client.rows("SELECT position || ':' || section FROM " + name + " ORDER BY n");
    rows.push_back("applied " + std::to_string(finished->applied));
    return rows;
  };
  CHECK(logged("mixed", section("A, \"B, C\"", 1) + section("*", 2) + section("\"B, C\"", 3) + section("\"*\"", 4)) ==
        Rows{"1:1", "1:2", "2:1", "2:2", "2:3", "3:2", "4:2", "4:4", "5:2", "6:2", "7:2", "applied 7"});
  CHECK(logged("named", section("\"say \"\"hi\"\"\"", 1) + section("\"it's; -- on A\", Ä", 2) + section("A", 3)) ==
        Rows{"1:3", "3:1", "5:2", "6:2", "applied 4"});
  CHECK(client.rows("SELECT name, position FROM lantern_projections") == Rows{"mixed|7", "named|7"});
}

TEST_CASE("the failure of one event is reported with its index, and stores nothing") {
  const Folder folder;
  SqliteStore store = open(folder / "s.db");
  const Client client(folder / "s.db");
  installed(store, projection("p", 1, picky("fatal")));
  for (std::size_t bad = 0; bad < 5; ++bad) {
    std::vector<RecordedEvent> recorded;
    for (std::size_t i = 0; i < 5; ++i) {
      recorded.push_back({.position = Position{static_cast<std::int64_t>(i) + 1},
                          .stream = "s",
                          .version = 1,
                          .type = "T",
                          .data = i == bad ? "bad" : "fine"});
    }
    SaveCheckpoint save;
    save.projection = ProjectionId("p");
    save.through = Position{5};
    save.writes.runs = {std::span(recorded).first(2), std::span(recorded).subspan(2)};
    const auto reply = store.perform(save);
    REQUIRE_FALSE(reply);
    CHECK(std::get<WriteFailed>(reply.error()) == WriteFailed{bad, Failure(FailureKind::rejected, refused)});
    CHECK(client.rows("SELECT * FROM seen").empty());
    CHECK(client.rows(checkpoint) == Rows{""});
  }
}

TEST_CASE("fatal ends the run before the event, with everything before it stored") {
  const Folder folder;
  SqliteStore store = open(folder / "s.db");
  const Client client(folder / "s.db");
  append(store, events("ab!c"));
  const SqlProjection p = projection("p", 1, picky("fatal"));
  installed(store, p);
  for (int again = 0; again < 2; ++again) {
    const Finished finished = run(store, p);
    REQUIRE_FALSE(finished);
    CHECK(finished.error().kind == ErrorKind::event_failed);
    CHECK(finished.error().position == Position{3});
    CHECK(finished.error().cause == Failure(FailureKind::rejected, refused));
    CHECK(client.rows("SELECT * FROM accepted") == Rows{"1|a", "2|b"});
    CHECK(client.rows("SELECT * FROM seen") == Rows{"1", "2"});
    CHECK(client.rows(checkpoint) == Rows{"2"});
    CHECK(client.rows(quarantine).empty());
  }
}

TEST_CASE("skip records the event and goes on") {
  const Folder folder;
  SqliteStore store = open(folder / "s.db");
  const Client client(folder / "s.db");
  append(store, events("!ab!!c!"));
  const SqlProjection p = projection("p", 1, picky("skip"));
  installed(store, p);
  const Finished finished = run(store, p);
  REQUIRE(finished);
  CHECK(finished->applied == 3);
  CHECK(finished->quarantined == 4);
  CHECK(client.rows("SELECT * FROM accepted") == Rows{"2|a", "3|b", "6|c"});
  CHECK(client.rows("SELECT * FROM seen") == Rows{"2", "3", "6"});
  CHECK(client.rows(checkpoint) == Rows{"7"});
  const auto row = [](int position) { return "1|" + std::to_string(position) + "|s|T|skipped|1|" + refused; };
  CHECK(client.rows(quarantine) == Rows{row(1), row(4), row(5), row(7)});
}

TEST_CASE("retry ends the run after the last try, and quarantine records the event then, and goes on") {
  const Folder folder;
  SqliteStore store = open(folder / "s.db");
  const Client client(folder / "s.db");
  append(store, events("a!b"));
  const std::string policy = GENERATE("retry", "quarantine");
  const SqlProjection p = projection("p", 1, picky(policy));
  installed(store, p);
  const Finished finished = run(store, p);
  if (policy == "retry") {
    REQUIRE_FALSE(finished);
    CHECK(finished.error().kind == ErrorKind::retries_exhausted);
    CHECK(finished.error().attempt == 3);
    CHECK(client.rows("SELECT * FROM accepted") == Rows{"1|a"});
    CHECK(client.rows(checkpoint) == Rows{"1"});
    CHECK(client.rows(quarantine).empty());
  } else {
    REQUIRE(finished);
    CHECK(finished->retries == 2);
    CHECK(client.rows("SELECT * FROM accepted") == Rows{"1|a", "3|b"});
    CHECK(client.rows("SELECT * FROM seen") == Rows{"1", "3"});
    CHECK(client.rows(checkpoint) == Rows{"3"});
    CHECK(client.rows(quarantine) == Rows{"1|2|s|T|exhausted|3|" + refused});
  }
}

TEST_CASE("data that is no JSON fails its own event, and no other") {
  const Folder folder;
  SqliteStore store = open(folder / "s.db");
  const Client client(folder / "s.db");
  append(store, {{.stream = "s", .type = "T", .data = "{\"a\":1}"},
                 {.stream = "s", .type = "T", .data = "{\"a\":"},
                 {.stream = "s", .type = "T", .data = std::string("\xFF\x00", 2)},
                 {.stream = "s", .type = "T", .data = "{\"a\":4}"}});
  const SqlProjection p = projection("p", 1,
                                     "-- on error: skip\n-- setup\nCREATE TABLE t (a);\n-- on T\n"
                                     "INSERT INTO t VALUES (json_extract(:data, '$.a'));\n");
  installed(store, p);
  REQUIRE(run(store, p));
  CHECK(client.rows("SELECT * FROM t") == Rows{"1", "4"});
  CHECK(client.rows("SELECT position, error FROM lantern_quarantine") ==
        Rows{"2|p.sql:7:1: malformed JSON", "3|p.sql:7:1: malformed JSON"});
}

TEST_CASE("a transaction that ends under a statement's feet takes only that event with it") {
  const Folder folder;
  SqliteStore store = open(folder / "s.db");
  const Client client(folder / "s.db");
  append(store, events("abcde"));
  const SqlProjection p = projection("p", 1, picky("skip"));
  installed(store, p);
  // No file can do this, but somebody with the sqlite3 shell can.
  client.execute(
      "CREATE TRIGGER trap AFTER INSERT ON seen WHEN new.position = 3 BEGIN SELECT RAISE(ROLLBACK, 'trapped'); END");
  REQUIRE(run(store, p));
  CHECK(client.rows("SELECT * FROM accepted") == Rows{"1|a", "2|b", "4|d", "5|e"});
  CHECK(client.rows("SELECT * FROM seen") == Rows{"1", "2", "4", "5"});
  CHECK(client.rows("SELECT position, error FROM lantern_quarantine") == Rows{"3|p.sql:8:1: trapped"});
}

TEST_CASE("trouble of the store is not blamed on an event") {
  const Folder folder;
  SqliteStore store = open(folder / "s.db");
  const Client client(folder / "s.db");
  append(store, events("abc"));
  const SqlProjection p = projection("p", 1, picky("skip"));
  installed(store, p);

  SECTION("a table that is gone") {
    client.execute("DROP TABLE accepted");
    const Finished finished = run(store, p);
    REQUIRE_FALSE(finished);
    REQUIRE(finished.error().cause);
    CHECK(*finished.error().cause ==
          Failure(FailureKind::corrupt, "p.sql:9:1: no such table: accepted",
                  "the projection's tables were changed from outside; raise its version to build them anew"));
    CHECK(refusal(store, p) == "invalid: p.sql:9:1: no such table: accepted");
  }
  SECTION("a lock that is never given back") {
    client.execute("BEGIN IMMEDIATE");
    StoreRetryConfig once;
    once.max_attempts = 1;
    once.backoff.base = std::chrono::nanoseconds(1);
    once.backoff.cap = std::chrono::nanoseconds(1);
    const Finished finished = run(store, p, fast().with(once));
    REQUIRE_FALSE(finished);
    REQUIRE(finished.error().cause);
    CHECK(finished.error().cause->kind == FailureKind::busy);
    client.execute("ROLLBACK");
  }
  CHECK(client.rows("SELECT * FROM seen").empty());
  CHECK(client.rows(quarantine).empty());
}

TEST_CASE("any SQLite client sees whole commits, at any time, while the projection runs") {
  const Folder folder;
  SqliteStore store = open(folder / "s.db");
  append(store, std::vector<NewEvent>(3000, NewEvent{.stream = "s", .type = "T", .data = "x"}));
  const SqlProjection p = projection("p", 1, picky("fatal"));
  installed(store, p);
  std::atomic<bool> over{false};
  Rows torn;
  std::size_t looks = 0;
  std::thread reader([&] {
    const Client client(folder / "s.db");
    do {
      const Rows rows = client.rows(
          "SELECT coalesce(position, 0), (SELECT count(*) FROM seen), (SELECT count(*) FROM accepted) "
          "FROM lantern_projections WHERE name = 'p'");
      const std::string n = rows.at(0).substr(0, rows.at(0).find('|'));
      if (rows != Rows{n + "|" + n + "|" + n}) torn.insert(torn.end(), rows.begin(), rows.end());
      ++looks;
    } while (!over);
  });
  const Finished finished = run(store, p, fast().page_limit(7));
  over = true;
  reader.join();
  REQUIRE(finished);
  CHECK(torn == Rows{});
  CHECK(looks > 0);
  CHECK(Client(folder / "s.db").rows("SELECT count(*), max(position) FROM accepted") == Rows{"3000|3000"});
}

namespace {

// A fold that is neither commutative nor idempotent, in SQL and in C++.
const std::string chains =
    "-- on error: skip\n-- setup\n"
    "CREATE TABLE chain (stream TEXT PRIMARY KEY, n INTEGER, link INTEGER CHECK (link <> 13)) WITHOUT ROWID;\n"
    "CREATE TABLE last (type TEXT PRIMARY KEY, position INTEGER);\n"
    "-- on \"Moved, fast\", Moved\n"
    "INSERT INTO chain VALUES (:stream, 1, :data % 29)\n"
    "  ON CONFLICT DO UPDATE SET n = n + 1, link = (link * 7 + excluded.link + :position) % 29;\n"
    "-- on Reset\n"
    "DELETE FROM chain WHERE stream = :stream;\n"
    "-- on *\n"
    "INSERT INTO last VALUES (:type, :position) ON CONFLICT DO UPDATE SET position = excluded.position;\n";

struct Oracle {
  struct Link {
    int n;
    std::int64_t link;
  };
  std::map<std::string, Link> chain{};
  std::map<std::string, std::int64_t> last{};
  Rows skipped{};

  void apply(const NewEvent& event, std::int64_t position) {
    if (event.type == "Moved" || event.type == "Moved, fast") {
      const std::int64_t value = std::stoll(event.data) % 29;
      const auto found = chain.find(event.stream);
      const Link next = found == chain.end()
                            ? Link{1, value}
                            : Link{found->second.n + 1, (found->second.link * 7 + value + position) % 29};
      if (value == 13 && found == chain.end()) return skip(position);
      if (next.link == 13) return skip(position);
      // An upsert checks the row that it would insert, too.
      if (value == 13) return skip(position);
      chain[event.stream] = next;
    }
    if (event.type == "Reset") chain.erase(event.stream);
    last[event.type] = position;
  }
  void skip(std::int64_t position) { skipped.push_back(std::to_string(position)); }

  [[nodiscard]] Rows chains() const {
    Rows rows;
    for (const auto& [stream, link] : chain) {
      rows.push_back(stream + "|" + std::to_string(link.n) + "|" + std::to_string(link.link));
    }
    return rows;
  }
  [[nodiscard]] Rows lasts() const {
    Rows rows;
    for (const auto& [type, position] : last) rows.push_back(type + "|" + std::to_string(position));
    return rows;
  }
};

/// Asks the run to stop after so many pages.
Observer stop_after(unsigned pages, std::stop_source stop) {
  return Observer([pages, stop](const ProjectionId&, const Happening& what) mutable {
    if (std::holds_alternative<happening::PageRead>(what) && pages-- == 0) stop.request_stop();
  });
}

}  // namespace

TEST_CASE("whatever the pages, commits, stops and restarts: the tables are those of the naive fold") {
  const auto seed = GENERATE(range(0U, 25U));
  INFO("seed " << seed);
  std::mt19937 random(seed);
  const auto below = [&](std::uint32_t n) { return std::uniform_int_distribution<std::uint32_t>(0, n - 1)(random); };
  const Folder folder;
  const char* const types[] = {"Moved", "Moved, fast", "Reset", "Seen"};
  const char* const streams[] = {"a", "it's", "b%", "\"q\"", "-- on x"};
  const SqlProjection p = projection("chains", 1, chains);
  Oracle oracle;
  std::int64_t position = 0;
  for (std::uint32_t round = 0, rounds = 1 + below(4); round < rounds; ++round) {
    SqliteStore store = open(folder / "s.db");
    installed(store, p);
    std::vector<NewEvent> more;
    for (std::uint32_t i = 0, n = below(120); i < n; ++i) {
      more.push_back({.stream = streams[below(5)],
                      .type = types[below(8) < 5 ? below(2) : 2 + below(2)],
                      .data = std::to_string(below(1000))});
      oracle.apply(more.back(), ++position);
    }
    if (!more.empty()) append(store, std::move(more));
    for (bool caught_up = false; !caught_up;) {
      std::stop_source stop;
      Observer observer = stop_after(below(6), stop);
      CommitPolicy commit;
      if (below(2) == 0) commit.max_events = *EventCount::of(1 + below(40));
      ProjectionConfig config = fast().page_limit(*BatchSize::of(1 + below(30))).with(commit).tell(observer);
      const Finished finished = run_projection_blocking(p, store, p.configured(std::move(config)), stop.get_token());
      REQUIRE(finished);
      caught_up = finished->ending == Ending::caught_up;
    }
  }
  const Client client(folder / "s.db");
  CHECK(client.rows("SELECT * FROM chain ORDER BY stream") == oracle.chains());
  CHECK(client.rows("SELECT * FROM last ORDER BY type") == oracle.lasts());
  CHECK(client.rows("SELECT position FROM lantern_quarantine ORDER BY position") == oracle.skipped);
}
