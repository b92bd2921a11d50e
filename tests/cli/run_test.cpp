// `lantern run`: to the head, for ever, several at once, interrupted, refused.
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <string>

#include <boost/json/parse.hpp>
#include <catch2/catch.hpp>

#include "child.hpp"
#include "leader.hpp"
#include "steps.hpp"

namespace json = boost::json;

namespace {

const std::string counting = R"(-- projection: counts
-- version: 1
-- setup
CREATE TABLE counts (stream TEXT PRIMARY KEY, events INTEGER NOT NULL, chain INTEGER NOT NULL) STRICT;
-- on *
-- The chain depends on order and on how often: nothing applied twice or out of turn can hide.
INSERT INTO counts VALUES (:stream, 1, :position) ON CONFLICT (stream) DO UPDATE
SET events = events + 1, chain = (chain * 31 + :position) % 1000003;
)";

// The same, to be built anew.
std::string version_two(std::string text) { return text.replace(text.find("version: 1"), 10, "version: 2"); }

// Fails at each event that says so.
std::string failing(const std::string& name, const std::string& policy) {
  return "-- projection: " + name + "\n-- version: 1\n-- on error: " + policy + "\n-- setup\nCREATE TABLE " + name +
         " (n INTEGER NOT NULL) STRICT;\n-- on *\nINSERT INTO " + name + " VALUES (json_extract(:data, '$.n'));\n";
}

std::string events(int count, const std::string& type = "Counted") {
  std::string text;
  for (int at = 1; at <= count; ++at) {
    text += "{\"stream\":\"s-" + std::to_string(at % 7) + "\",\"type\":\"" + type +
            "\",\"data\":{\"n\":" + std::to_string(at) + "},\"id\":\"" + type + std::to_string(at) + "\"}\n";
  }
  return text;
}

}  // namespace

TEST_CASE("a run goes to the head and ends, and the next goes on where it was") {
  const TempFolder folder;
  const std::string store = folder / "s.db";
  write_file(folder / "counts.sql", counting);
  import_lines(store, events(2500));
  const Ended first = lantern_run({"run", "--store", store, folder / "counts.sql"});
  CHECK(first.code == 0);
  CHECK(first.err == "");
  CHECK(first.out.find("counts: caught up at position 2,500, 2,500 applied, 0 quarantined, ") == 0);
  CHECK(rows_of(store, "counts").find("s-0,357,") != std::string::npos);
  const Ended second = lantern_run({"run", "--store", store, folder / "counts.sql"});
  CHECK(second.out.find("counts: caught up at position 2,500, 0 applied, ") == 0);
  import_lines(store, events(3, "More"));
  const Ended third = lantern_run({"run", "--store", store, "--batch", "2", folder / "counts.sql"});
  CHECK(third.out.find("counts: caught up at position 2,503, 3 applied, ") == 0);
  CHECK(lantern_run({"run", "--store", store, "--quiet", folder / "counts.sql"}).out == "");
}

TEST_CASE("run --json tells a run as one object a line, with the fields that are documented") {
  const TempFolder folder;
  const std::string store = folder / "s.db";
  write_file(folder / "skipping.sql", failing("skipping", "skip"));
  import_lines(store, events(3) + R"({"stream":"s","type":"t","data":{},"id":"bad"})" + "\n");
  const Ended ended = lantern_run({"run", "--store", store, "--json", folder / "skipping.sql"});
  CHECK(ended.code == 0);
  CHECK(ended.err == "");
  const auto lines = objects_of(ended.out);
  const auto with = [&](std::string_view event) {
    const auto found = std::find_if(lines.begin(), lines.end(),
                                    [&](const auto& line) { return line.at("event").as_string() == event; });
    REQUIRE(found != lines.end());
    return *found;
  };
  CHECK(lines.front() == json::parse(R"({"event":"started","projection":"skipping","generation":1,"position":null})"));
  CHECK(with("event_failed").at("position") == 4);
  CHECK(with("event_failed").at("attempt") == 1);
  const auto passed = with("quarantined");
  CHECK(passed.at("position") == 4);
  CHECK(passed.at("stream") == "s");
  CHECK(passed.at("type") == "t");
  CHECK(passed.at("reason") == "skipped");
  CHECK(passed.at("attempts") == 1);
  CHECK(with("progress").contains("head"));
  CHECK(with("caught_up") == json::parse(R"({"event":"caught_up","projection":"skipping","position":4})"));
  auto end = lines.back();
  CHECK(end.at("seconds").is_double());
  CHECK(end.at("commits").to_number<int>() >= 1);
  end.erase("seconds");
  end.erase("commits");
  CHECK(end == json::parse(R"({"event":"finished","projection":"skipping","outcome":"caught_up","generation":1,
                               "position":4,"applied":3,"quarantined":1,"retries":0,"error":null})"));
  const auto status = status_json(store, "skipping");
  CHECK(status.at("quarantined") == 1);
  CHECK(status.at("state") == "caught up");
}

TEST_CASE("one projection that fails does not stop the others, and the program ends with 1 and names it") {
  const TempFolder folder;
  const std::string store = folder / "s.db";
  write_file(folder / "counts.sql", counting);
  write_file(folder / "fatal.sql", failing("fatal", "fatal"));
  import_lines(store, events(5) + R"({"stream":"s","type":"t","data":{},"id":"bad"})" + "\n" + events(5, "Later"));
  const Ended ended = lantern_run({"run", "--store", store, folder / "fatal.sql", folder / "counts.sql"});
  CHECK(ended.code == 1);
  CHECK(std::count(ended.err.begin(), ended.err.end(), '\n') == 1);
  CHECK(ended.err.find("lantern: ") == 0);
  CHECK(ended.err.find("fatal") != std::string::npos);
  CHECK(ended.err.find("6") != std::string::npos);
  CHECK(ended.out.find("counts: caught up at position 11, 11 applied") == 0);
  CHECK(rows_of(store, "fatal") == "n\r\n1\r\n2\r\n3\r\n4\r\n5\r\n");
  const auto status = status_json(store, "fatal");
  CHECK(status.at("state") == "failed");
  CHECK(status.at("position") == 5);
  CHECK(status.at("lag") == 6);
  CHECK(status.at("last_error").as_string().find("NULL") != json::string::npos);
  CHECK(status_json(store, "counts").at("last_error").is_null());
}

TEST_CASE("run --follow applies what another process appends, and SIGTERM drains it") {
  const TempFolder folder;
  const std::string store = folder / "s.db";
  write_file(folder / "counts.sql", counting);
  import_lines(store, events(10));
  for (const int signal : {SIGTERM, SIGINT}) {
    Child child(lantern_words({"run", "--store", store, "--follow", "--json", folder / "counts.sql"}));
    REQUIRE(child.read_until("\"caught_up\""));
    const auto before = objects_of(child.out().substr(0, child.out().rfind('\n') + 1)).back().at("position").as_int64();
    // The producer never feels the projection: its import ends while the run goes on.
    import_lines(store, events(500, "Live" + std::to_string(signal)));
    REQUIRE(child.read_until("\"position\":" + std::to_string(before + 500)));
    const auto live = status_json(store, "counts");
    CHECK(live.at("state") == "following");
    CHECK(live.at("leader").as_string().find(":" + std::to_string(child.pid())) != json::string::npos);
    child.send(signal);
    const Ended ended = child.wait();
    CHECK(ended.code == 0);
    CHECK(ended.err == "");
    CHECK(objects_of(ended.out).back().at("outcome") == "stopped");
    const auto status = status_json(store, "counts");
    CHECK(status.at("leader").is_null());
    CHECK(status.at("state") == "stopped");
    CHECK(status.at("position") == before + 500);
  }
}

TEST_CASE("Ctrl-C half-way ends with 0, and the next run ends with the tables of an undisturbed one") {
  const TempFolder folder;
  const std::string store = folder / "s.db", undisturbed = folder / "u.db";
  write_file(folder / "counts.sql", counting);
  const std::string text = events(30000);
  import_lines(store, text);
  import_lines(undisturbed, text);
  REQUIRE(lantern_run({"run", "--store", undisturbed, folder / "counts.sql"}).code == 0);
  Child child(lantern_words({"run", "--store", store, "--json", "--batch", "10", folder / "counts.sql"}));
  REQUIRE(child.read_until("\"progress\""));
  child.send(SIGINT);
  const Ended ended = child.wait();
  CHECK(ended.code == 0);
  const auto last = objects_of(ended.out).back();
  CHECK(last.at("outcome") == "stopped");
  CHECK(last.at("position").as_int64() < 30000);
  CHECK(last.at("position") == last.at("applied"));
  CHECK(status_json(store, "counts").at("position") == last.at("position"));
  const Ended rest = lantern_run({"run", "--store", store, "--json", folder / "counts.sql"});
  CHECK(rest.code == 0);
  CHECK(objects_of(rest.out).front().at("position") == last.at("position"));
  CHECK(objects_of(rest.out).back().at("applied").as_int64() == 30000 - last.at("position").as_int64());
  CHECK(rows_of(store, "counts") == rows_of(undisturbed, "counts"));
}

TEST_CASE("who does not lead ends with 4, and a leader that was killed is not waited for, and --standby waits") {
  const TempFolder folder;
  const std::string store = folder / "s.db";
  write_file(folder / "counts.sql", counting);
  import_lines(store, events(10));
  Child leader(lantern_words({"run", "--store", store, "--follow", "--json", folder / "counts.sql"}));
  REQUIRE(leader.read_until("\"caught_up\""));
  const Ended refused = lantern_run({"run", "--store", store, folder / "counts.sql"});
  CHECK(refused.code == 4);
  CHECK(std::count(refused.err.begin(), refused.err.end(), '\n') == 1);
  CHECK(refused.err.find(":" + std::to_string(leader.pid())) != std::string::npos);
  CHECK(refused.err.find("--standby") != std::string::npos);
  // The leader as HOST:PID, without what tells it from others; and no place in the log, which it is not about.
  CHECK(refused.err.find(":" + std::to_string(leader.pid()) + " leads, ") != std::string::npos);
  CHECK(refused.err.find("position") == std::string::npos);
  CHECK(refused.err.find("of the log") == std::string::npos);
  CHECK(status_json(store, "counts").at("state") == "following");

  Child standby(lantern_words({"run", "--store", store, "--standby", "--json", folder / "counts.sql"}));
  REQUIRE(standby.read_until("\"standing_by\""));
  leader.send(SIGTERM);
  CHECK(leader.wait().code == 0);
  CHECK(standby.wait().code == 0);

  Child killed(lantern_words({"run", "--store", store, "--follow", "--json", folder / "counts.sql"}));
  REQUIRE(killed.read_until("\"caught_up\""));
  killed.send(SIGKILL);
  REQUIRE(killed.wait().signal == SIGKILL);
  CHECK(status_json(store, "counts").at("leader").is_null());
  CHECK(status_json(store, "counts").at("state") == "interrupted");
  const Ended next = lantern_run({"run", "--store", store, folder / "counts.sql"});
  CHECK(next.err == "");
  CHECK(next.code == 0);
}

TEST_CASE(
    "a rebuild beside a bad neighbour changes nothing, and the lowest code of all that is wrong is the program's") {
  const TempFolder folder;
  const std::string store = folder / "s.db";
  write_file(folder / "counts.sql", counting);
  write_file(folder / "bad.sql", "-- projection: bad\n-- version: 1\n-- on *\nDELETE FROM nothing;\n");
  import_lines(store, events(10));
  REQUIRE(lantern_run({"run", "--store", store, folder / "counts.sql"}).code == 0);
  const std::string before = rows_of(store, "counts");
  write_file(folder / "counts.sql", version_two(counting));
  for (const bool bad_first : {false, true}) {
    std::vector<std::string> words{"run", "--store", store, folder / "counts.sql"};
    words.insert(bad_first ? words.end() - 1 : words.end(), folder / "bad.sql");
    const Ended ended = lantern_run(words);
    CHECK(ended.code == 2);
    CHECK(ended.err.find("lantern: " + (folder / "bad.sql") + ":4:") == 0);
    CHECK(rows_of(store, "counts") == before);
    CHECK(status_json(store, "counts").at("generation") == 1);
    CHECK(status_json(store, "counts").at("leader").is_null());
    CHECK(status_json(store, "bad").empty());
  }
  CHECK(lantern_run({"run", "--store", store, folder / "counts.sql"}).code == 0);
  CHECK(status_json(store, "counts").at("generation") == 2);
  CHECK(rows_of(store, "counts") == before);
}

TEST_CASE("a higher version is built beside the one that another process leads, which then gives up") {
  const TempFolder folder;
  const std::string store = folder / "s.db";
  write_file(folder / "counts.sql", counting);
  write_file(folder / "counts2.sql", version_two(counting));
  write_file(folder / "other.sql", failing("other", "skip"));
  import_lines(store, events(10));
  Child leader(lantern_words({"run", "--store", store, "--follow", "--json", folder / "counts.sql"}));
  REQUIRE(leader.read_until("\"caught_up\""));
  const std::string before = rows_of(store, "counts");
  const Ended rebuilt = lantern_run({"run", "--store", store, folder / "counts2.sql", folder / "other.sql"});
  CHECK(rebuilt.err == "");
  CHECK(rebuilt.code == 0);
  CHECK(rows_of(store, "counts") == before);
  CHECK(status_json(store, "counts").at("generation") == 2);
  CHECK(status_json(store, "counts").at("version") == 2);

  import_lines(store, events(5, "Later"));
  CHECK(leader.wait().code == 4);
  CHECK(rows_of(store, "counts") == before);
  CHECK(lantern_run({"run", "--store", store, folder / "counts2.sql"}).code == 0);
  CHECK(rows_of(store, "counts") != before);
}

TEST_CASE("a projection file that cannot be used is told with file and line, and nothing is run") {
  const TempFolder folder;
  const std::string store = folder / "s.db";
  write_file(folder / "counts.sql", counting);
  write_file(folder / "nameless.sql", "-- version: 1\n-- on *\nSELECT 1;\n");
  write_file(folder / "evil.sql", "-- projection: evil\n-- version: 1\n-- on *\n\nDELETE FROM lantern_events;\n");
  import_lines(store, events(3));
  const auto run = [&](std::vector<std::string> files) {
    std::vector<std::string> words{"run", "--store", store};
    for (const auto& file : files) words.push_back(folder / file);
    return lantern_run(words);
  };
  const Ended nameless = run({"counts.sql", "nameless.sql"});
  CHECK(nameless.code == 2);
  CHECK(nameless.err.find("lantern: " + (folder / "nameless.sql") + ":") == 0);
  CHECK(status_json(store, "counts").empty());
  const Ended evil = run({"evil.sql"});
  CHECK(evil.code == 2);
  CHECK(evil.err.find("lantern: " + (folder / "evil.sql") + ":5") == 0);
  CHECK(run({"absent.sql"}).code == 2);
  CHECK(run({"counts.sql", "counts.sql"}).code == 2);
  // Both mistakes are told, a line each.
  const Ended both = run({"nameless.sql", "absent.sql"});
  CHECK(both.code == 2);
  CHECK(std::count(both.err.begin(), both.err.end(), '\n') == 2);
  // A file that changed without a new version says so; with one, the tables are built anew.
  REQUIRE(run({"counts.sql"}).code == 0);
  const std::string before = rows_of(store, "counts");
  std::string changed = counting;
  changed.replace(changed.find("events + 1"), 10, "events + 2");
  write_file(folder / "counts.sql", changed);
  const Ended same_version = run({"counts.sql"});
  CHECK(same_version.code == 2);
  CHECK(same_version.err.find("version") != std::string::npos);
  CHECK(rows_of(store, "counts") == before);
  changed.replace(changed.find("version: 1"), 10, "version: 2");
  write_file(folder / "counts.sql", changed);
  const Ended rebuilt = run({"counts.sql"});
  CHECK(rebuilt.code == 0);
  CHECK(status_json(store, "counts").at("generation") == 2);
  CHECK(rebuilt.out.find("3 applied") != std::string::npos);
}

TEST_CASE("a run whose output nobody reads any more ends, quietly, and one whose output is full ends with 3") {
  const TempFolder folder;
  write_file(folder / "counts.sql", counting);
  import_lines(folder / "s.db", events(10));
  const std::string run = "lantern run --store s.db --follow --json counts.sql";
  for (const std::string reader : {"head -1", "{ read -r a; read -r b; read -r c; }"}) {
    const Ended ended = run_script("{ " + run + "; echo \"code $?\" >&2; } | " + reader, folder.path());
    CHECK(ended.err == "code 0\n");
    CHECK(status_json(folder / "s.db", "counts").at("state") == "stopped");
    import_lines(folder / "s.db", events(10, "Later"));
  }
  const Ended full = run_script("set +e; " + run + " > /dev/full; echo \"code $?\"", folder.path());
  CHECK(full.out == "code 3\n");
  CHECK(std::count(full.err.begin(), full.err.end(), '\n') == 1);
  CHECK(full.err.find("lantern: cannot write to standard output") == 0);
}

TEST_CASE("exit codes: 2 for the command line, 3 for the store, with one line that says what and where") {
  const TempFolder folder;
  write_file(folder / "counts.sql", counting);
  write_file(folder / "no.db", "this is no database, but long enough to be taken for one, were it not for its words");
  const std::vector<std::vector<std::string>> wrong = {
      {},
      {""},
      {"frobnicate"},
      {"run"},
      {"run", "--store", folder / "s.db"},
      {"run", "--store", folder / "s.db", folder / "counts.sql", "--batch", "0"},
      {"run", "--store", folder / "s.db", folder / "counts.sql", "--batch", "many"},
      {"import", "--store", folder / "s.db", "--frobnicate"},
      {"query", "--store", folder / "s.db"},
      {"query", "--store", folder / "s.db", "--json", "--csv", "SELECT 1"},
      {"export", "--store", folder / "s.db", "--from", "0"},
  };
  for (const auto& words : wrong) {
    const Ended ended = lantern_run(words);
    CAPTURE(words, ended.err);
    CHECK(ended.code == 2);
    CHECK(ended.out == "");
    CHECK(std::count(ended.err.begin(), ended.err.end(), '\n') == 1);
    CHECK(ended.err.find("lantern: ") == 0);
    CHECK(ended.err.find("--help") != std::string::npos);
  }
  for (const std::string& store : {folder / "absent.db", folder / "no.db", folder.path()}) {
    const std::vector<std::vector<std::string>> on_it = {{"run", "--store", store, folder / "counts.sql"},
                                                         {"query", "--store", store, "SELECT 1"},
                                                         {"status", "--store", store},
                                                         {"export", "--store", store}};
    for (const auto& words : on_it) {
      const Ended ended = lantern_run(words);
      CAPTURE(words, ended.err);
      CHECK(ended.code == 3);
      CHECK(ended.out == "");
      CHECK(std::count(ended.err.begin(), ended.err.end(), '\n') == 1);
      CHECK(ended.err.find(store) != std::string::npos);
    }
  }
  CHECK_FALSE(std::filesystem::exists(folder / "absent.db"));
  CHECK(lantern_run({"import", "--store", folder / "no.db", "-"}, {.input = events(1)}).code == 3);
  // Output that cannot be written is an error; a reader that has gone away is none.
  import_lines(folder / "s.db", events(20000));
  CHECK(run_script("lantern export --store s.db > /dev/full", folder.path()).code == 3);
  const Ended head = run_script("{ lantern export --store s.db; echo code $? >&2; } | head -n 1", folder.path());
  CHECK(head.err == "code 0\n");
  CHECK(std::count(head.out.begin(), head.out.end(), '\n') == 1);
}

TEST_CASE("a leader counts as dead only when that is certain") {
  using namespace lantern::cli;
  const std::string self = this_process();
  CHECK_FALSE(has_ended(self));
  CHECK(without_mark(self).ends_with(":" + std::to_string(::getpid())));
  // The same number, started at another time: it was given to us since.
  std::string before_us = self;
  before_us.insert(before_us.rfind(':') + 1, "1");
  CHECK(has_ended(before_us));
  // Another machine, another boot, or somebody whose names mean nothing to us.
  CHECK_FALSE(has_ended(before_us.substr(0, before_us.size() - 16) + "0123456789abcdef"));
  for (const std::string owner : {"", "alice", "host:1", "host:1:2", "host:x:2-0123456789abcdef", "::-", "a:1:-"}) {
    CHECK_FALSE(has_ended(owner));
    CHECK(without_mark(owner) == owner);
  }
}
