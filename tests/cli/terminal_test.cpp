// Progress is for people at a terminal, and for nobody else.
#include <signal.h>

#include <string>

#include <catch2/catch.hpp>

#include "child.hpp"
#include "lantern/sqlite/sqlite_store.hpp"
#include "terminal.hpp"
#include "text.hpp"

using namespace lantern::cli;

namespace {

std::string lines(int count) {
  std::string text;
  for (int at = 0; at < count; ++at) text += "{\"stream\":\"s\",\"type\":\"t\",\"data\":" + std::to_string(at) + "}\n";
  return text;
}
const std::string projection =
    "-- projection: p\n-- version: 1\n-- setup\nCREATE TABLE p (n INTEGER) STRICT;\n-- on *\nINSERT INTO p VALUES "
    "(:position);\n";

}  // namespace

TEST_CASE("a progress line has a bar, a percentage, a count, a rate and the time left, and fits the terminal") {
  const Progress half{.label = "totals",
                      .done = 50,
                      .total = 100,
                      .count = "50 of 100 events",
                      .per_second = 12345.6,
                      .rate_noun = "events",
                      .left = std::chrono::seconds(75)};
  CHECK(progress_line(half, 100) ==
        "totals  [###############...............]  50%  50 of 100 events  12,346 events/s  1:15 left");
  for (std::size_t columns = 70; columns < 140; ++columns) {
    CHECK(display_width(progress_line(half, columns)) <= columns);
  }
  CHECK(progress_line({.label = "reading", .done = 5, .count = "5 events"}, 80) == "reading   5 events");
  CHECK(progress_line({.label = "p", .done = 7, .total = 5, .count = ""}, 80).find("100%") != std::string::npos);
  CHECK(progress_line({.label = "p", .done = 0, .total = 0, .count = ""}, 80).find("100%") != std::string::npos);
}

TEST_CASE("a rate is that of the last seconds") {
  RateMeter meter;
  const auto begin = RateMeter::Clock::now();
  CHECK_FALSE(meter.per_second());
  for (int second = 0; second <= 20; ++second) {
    meter.sample(begin + std::chrono::seconds(second), static_cast<std::uint64_t>(second < 10 ? second * 100 : 1000));
  }
  REQUIRE(meter.per_second());
  CHECK(*meter.per_second() == 0);
}

TEST_CASE("progress is drawn on a terminal, and nothing of it in a pipe or with --quiet") {
  const TempFolder folder;
  write_file(folder / "log.ndjson", lines(5000));
  write_file(folder / "p.sql", projection);
  const std::vector<std::string> import{"import", "--store", folder / "s.db", folder / "log.ndjson"};
  const Ended drawn = lantern_run(import, {.terminal = true});
  CHECK(drawn.out == "5,000 events imported, 0 already there, 0 bad lines put aside\n");
  CHECK(drawn.err.find("checking ") != std::string::npos);
  CHECK(drawn.err.find("importing") != std::string::npos);
  CHECK(drawn.err.find("0%") != std::string::npos);
  CHECK(drawn.err.ends_with("\r\x1b[J"));  // taken away at the end
  // The whole of it: the hint of a repeated import, which is a warning, and no progress.
  const std::string hint = (folder / "log.ndjson") +
                           ": 5,000 lines without an id taken for a repeated import, not for new events: --as-new, or "
                           "an \"id\" in each line, changes that\n";
  CHECK(lantern_run(import).err == hint);
  auto quiet = import;
  quiet.push_back("--quiet");
  const Ended silent = lantern_run(quiet, {.terminal = true});
  CHECK(silent.err.find("taken for a repeated import") != std::string::npos);
  CHECK(silent.err.find('%') == std::string::npos);
  CHECK(silent.out == "");

  const std::vector<std::string> run{"run", "--store", folder / "s.db", folder / "p.sql"};
  const Ended shown = lantern_run(run, {.terminal = true});
  CHECK(shown.err.find("p  ") != std::string::npos);
  CHECK(shown.out.find("p: caught up at position 5,000") == 0);
  CHECK(lantern_run(run).err == "");
}

TEST_CASE("while a run goes on, its bar shows a rate and the time left") {
  const TempFolder folder;
  write_file(folder / "log.ndjson", lines(20000));
  // Some work for each event: it goes on until it is stopped.
  write_file(folder / "slow.sql",
             "-- projection: slow\n-- version: 1\n-- setup\nCREATE TABLE slow (n INTEGER) STRICT;\n-- on *\n"
             "INSERT INTO slow WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 20000) SELECT "
             "count(*) FROM n;\n");
  REQUIRE(lantern_run({"import", "--store", folder / "s.db", folder / "log.ndjson"}).code == 0);
  Child child(lantern_words({"run", "--store", folder / "s.db", "--batch", "1", folder / "slow.sql"}),
              {.terminal = true});
  const auto shows = [&](const char* text) { return child.err().find(text) != std::string::npos; };
  while (!(shows("of 20,000 events") && shows(" events/s") && shows(" left") && shows("["))) {
    REQUIRE_FALSE(child.ends_within(std::chrono::milliseconds(10)));
  }
  child.send(SIGINT);
  CHECK(child.wait().code == 0);
}

TEST_CASE("a run at a terminal says that it is stopping, and a second Ctrl-C ends it at once") {
  const TempFolder folder;
  write_file(folder / "log.ndjson", lines(10));
  write_file(folder / "p.sql", projection);
  REQUIRE(lantern_run({"import", "--store", folder / "s.db", folder / "log.ndjson"}).code == 0);
  {
    Child child(lantern_words({"run", "--store", folder / "s.db", "--follow", folder / "p.sql"}), {.terminal = true});
    while (child.err().find("10 of 10 events, following") == std::string::npos) {
      REQUIRE_FALSE(child.ends_within(std::chrono::milliseconds(10)));
    }
    child.send(SIGINT);
    const Ended ended = child.wait();
    CHECK(ended.code == 0);
    CHECK(ended.err.find("stopping after the commit that is under way") != std::string::npos);
    CHECK(ended.out.find("p: stopped at position 10, 10 applied") == 0);
  }
  // An event that keeps a run busy for a long time cannot keep it from ending.
  write_file(folder / "slow.sql",
             "-- projection: slow\n-- version: 1\n-- setup\nCREATE TABLE slow (n INTEGER) STRICT;\n-- on *\n"
             "INSERT INTO slow WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 1000000000) SELECT "
             "count(*) FROM n;\n");
  Child child(lantern_words({"run", "--store", folder / "s.db", "--json", folder / "slow.sql"}));
  REQUIRE(child.read_until("\"started\""));
  // The statement runs inside of the commit: once nobody else can write for a whole second, it is under way.
  auto store = lantern::SqliteStore::open(folder / "s.db", {.busy_timeout = std::chrono::seconds(1)});
  REQUIRE(store);
  for (;;) {
    const auto appended = store->append({lantern::NewEvent{.stream = "s", .type = "t", .data = "0"}});
    if (!appended) break;
    REQUIRE_FALSE(child.ends_within(std::chrono::milliseconds(1)));
  }
  child.send(SIGINT);
  while (!child.ends_within(std::chrono::milliseconds(20))) child.send(SIGINT);
  CHECK(child.wait().signal == SIGINT);
}
