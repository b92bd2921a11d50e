// `lantern rebuild`: the same tables once more, beside those that readers see.
#include <signal.h>

#include <algorithm>
#include <string>

#include <boost/json/parse.hpp>
#include <catch2/catch.hpp>

#include "child.hpp"
#include "lantern/sqlite/sqlite_store.hpp"
#include "steps.hpp"

namespace json = boost::json;

namespace {

// A store over which the chains have run, and their file.
struct Chains {
  explicit Chains(int events) {
    write_file(file, chains_file());
    import_lines(store, chain_events(1, events));
    REQUIRE(lantern_run({"run", "--store", store, "--quiet", file}).code == 0);
  }
  [[nodiscard]] Ended rebuild(std::vector<std::string> more = {}) const {
    std::vector<std::string> words{"rebuild", "--store", store, file};
    words.insert(words.end(), more.begin(), more.end());
    return lantern_run(words);
  }
  [[nodiscard]] json::object status() const { return status_json(store, "chains"); }
  [[nodiscard]] std::string rows() const { return rows_of(store, "chains"); }

  TempFolder folder{};
  std::string store{folder / "s.db"}, file{folder / "chains.sql"};
};

std::vector<std::string> names_of(const std::vector<json::object>& lines) {
  std::vector<std::string> names;
  for (const json::object& line : lines) {
    const std::string name(line.at("event").as_string());
    if (names.empty() || names.back() != name) names.push_back(name);
  }
  return names;
}

}  // namespace

TEST_CASE("a rebuild of the same version makes the tables anew, tells it line by line, and keeps the old ones") {
  const Chains chains(2500);
  write_raw(chains.store, "UPDATE chains SET hash = hash + 1 WHERE stream = 's-3'");
  const std::string spoilt = chains.rows();
  REQUIRE(spoilt != naive_chains(2500));
  const Ended ended = chains.rebuild({"--json"});
  CHECK(ended.err == "");
  CHECK(ended.code == 0);
  CHECK(chains.rows() == naive_chains(2500));
  const auto lines = objects_of(ended.out);
  CHECK(names_of(lines) ==
        std::vector<std::string>{"rebuild_begun", "progress", "switched", "started", "caught_up", "finished"});
  CHECK(lines.front() ==
        json::parse(R"({"event":"rebuild_begun","projection":"chains","generation":2,"position":null})"));
  CHECK(std::ranges::count(lines, json::parse(R"({"event":"switched","projection":"chains","generation":2})")) == 1);
  CHECK(lines.back().at("outcome") == "caught_up");
  CHECK(lines.back().at("generation") == 2);
  CHECK(lines.back().at("applied") == 2500);
  const auto status = chains.status();
  CHECK(status.at("generation") == 2);
  CHECK(status.at("state") == "caught up");
  CHECK(status.at("building").is_null());
  CHECK(status.at("previous") == json::parse(R"({"generation":1,"position":2500,"version":1,"quarantined":0})"));
  CHECK(lantern_run({"rollback", "--store", chains.store, "chains"}).code == 0);
  CHECK(chains.rows() == spoilt);

  const Ended again = chains.rebuild();
  CHECK(again.out.find("chains: rebuilt as generation 4, caught up at position 2,500, 2,500 applied, ") == 0);
  CHECK(chains.rebuild({"--quiet"}).out == "");
}

TEST_CASE("a rebuild that is held shows readers nothing, and goes on where it was") {
  const Chains chains(100);
  write_file(chains.file, chains_file(2, 37));
  const Ended held = chains.rebuild({"--hold"});
  CHECK(held.err == "");
  CHECK(held.code == 0);
  CHECK(held.out.find("chains: built generation 2 up to position 100, to be activated or cancelled, 100 applied, ") ==
        0);
  CHECK(chains.rows() == naive_chains(100));
  auto status = chains.status();
  CHECK(status.at("generation") == 1);
  CHECK(status.at("state") == "caught up");
  CHECK(status.at("building") ==
        json::parse(R"({"generation":2,"position":100,"version":2,"quarantined":0,"leader":null})"));
  import_lines(chains.store, chain_events(101, 150));
  const auto last = objects_of(chains.rebuild({"--hold", "--json"}).out).back();
  CHECK(last.at("outcome") == "rebuilt");
  CHECK(last.at("applied") == 50);
  CHECK(chains.rows() == naive_chains(100));
  // Without the hold it has nothing left to do but to switch.
  const auto lines = objects_of(chains.rebuild({"--json"}).out);
  CHECK(lines.front() ==
        json::parse(R"({"event":"rebuild_begun","projection":"chains","generation":2,"position":150})"));
  CHECK(chains.rows() == naive_chains(150, 7, 37));
}

TEST_CASE("a rebuild that is interrupted, however that comes, goes on when it is asked for again") {
  constexpr int count = 20'000;
  const Chains chains(count);
  for (const int signal : {SIGINT, SIGTERM, SIGKILL}) {
    write_raw(chains.store, "DELETE FROM chains WHERE stream = 's-1'");
    const std::string before = chains.rows();
    Child child(lantern_words({"rebuild", "--store", chains.store, "--batch", "10", "--json", chains.file}));
    REQUIRE(child.read_until("\"progress\""));
    child.send(signal);
    const Ended ended = child.wait();
    CAPTURE(signal, ended.out, ended.err);
    CHECK(ended.err == "");
    CHECK((signal == SIGKILL ? ended.signal == SIGKILL : ended.code == 0));
    REQUIRE(ended.out.find("\"switched\"") == std::string::npos);
    CHECK(chains.rows() == before);
    const auto status = chains.status();
    CHECK(status.at("leader").is_null());
    const auto building = status.at("building").as_object();
    const auto position = building.at("position").as_int64();
    CHECK(position > 0);
    CHECK(position < count);
    CHECK(building.at("leader").is_null());  // also of one that was killed: it is known to be dead
    const Ended rest = chains.rebuild({"--json"});
    CHECK(rest.err == "");
    CHECK(rest.code == 0);
    const auto lines = objects_of(rest.out);
    CHECK(lines.front().at("event") == "rebuild_begun");
    CHECK(lines.front().at("position") == position);
    CHECK(lines.front().at("generation") == building.at("generation"));
    CHECK(lines.back().at("applied") == count - position);
    CHECK(chains.rows() == naive_chains(count));
  }
}

TEST_CASE("a live run goes on beside a rebuild, and then in what it made, with the rows of a naive computation") {
  int events = 10'000;
  const Chains chains(events);
  Child live(lantern_words({"run", "--store", chains.store, "--follow", "--json", chains.file}));
  REQUIRE(live.read_until("\"caught_up\""));
  Child rebuild(lantern_words({"rebuild", "--store", chains.store, "--batch", "10", "--json", chains.file}));
  REQUIRE(rebuild.read_until("\"progress\""));
  int beside = 0;
  for (int round = 0; round < 5; ++round, events += 100) {
    import_lines(chains.store, chain_events(events + 1, events + 100));
    // The live run keeps what readers see up to date, whichever generation that is.
    REQUIRE(live.read_until("\"caught_up\",\"projection\":\"chains\",\"position\":" + std::to_string(events + 100)));
    CHECK(chains.rows() == naive_chains(events + 100));
    if (!chains.status().at("building").is_null()) ++beside;
  }
  CHECK(beside > 0);
  const Ended rebuilt = rebuild.wait();
  CHECK(rebuilt.err == "");
  CHECK(rebuilt.code == 0);
  CHECK(rebuilt.out.find(R"({"event":"switched","projection":"chains","generation":2})") != std::string::npos);
  CHECK(objects_of(rebuilt.out).back().at("outcome") == "rebuilt");
  import_lines(chains.store, chain_events(events + 1, events + 10));
  REQUIRE(live.read_until("\"position\":" + std::to_string(events + 10)));
  CHECK(live.out().find(R"({"event":"started","projection":"chains","generation":2,)") != std::string::npos);
  CHECK(chains.rows() == naive_chains(events + 10));
  const auto status = chains.status();
  CHECK(status.at("generation") == 2);
  CHECK(status.at("state") == "following");
  CHECK(status.at("leader").as_string().find(":" + std::to_string(live.pid()) + ":") != json::string::npos);
  live.send(SIGTERM);
  CHECK(live.wait().code == 0);
  CHECK(chains.status().at("state") == "stopped");
}

TEST_CASE("a live run of older code ends with 4 after the switch, and says that newer code made what is active") {
  const Chains chains(50);
  Child live(lantern_words({"run", "--store", chains.store, "--follow", "--json", chains.file}));
  REQUIRE(live.read_until("\"caught_up\""));
  const std::string newer = chains.folder / "newer.sql";
  write_file(newer, chains_file(2, 37));
  const Ended rebuilt = lantern_run({"rebuild", "--store", chains.store, newer});
  CHECK(rebuilt.err == "");
  CHECK(rebuilt.out.find("chains: rebuilt as generation 2, caught up at position 50, 50 applied, ") == 0);
  CHECK(chains.status().at("state") == "following");  // the live run has the word
  import_lines(chains.store, chain_events(51, 60));
  const Ended ended = live.wait();
  CAPTURE(ended.err);
  CHECK(ended.code == 4);
  CHECK(std::count(ended.err.begin(), ended.err.end(), '\n') == 1);
  CHECK((ended.err.find("newer code") != std::string::npos || ended.err.find("another version") != std::string::npos));
  CHECK(chains.rows() == naive_chains(50, 7, 37));
  CHECK(lantern_run({"run", "--store", chains.store, newer}).code == 0);
  CHECK(chains.rows() == naive_chains(60, 7, 37));
}

TEST_CASE("a run of a newer version that follows takes over from the one of the older version, which ends with 4") {
  const Chains chains(50);
  Child older(lantern_words({"run", "--store", chains.store, "--follow", "--json", chains.file}));
  REQUIRE(older.read_until("\"caught_up\""));
  const std::string file = chains.folder / "newer.sql";
  write_file(file, chains_file(2, 37));
  Child newer(lantern_words({"run", "--store", chains.store, "--follow", "--json", file}));
  REQUIRE(newer.read_until("\"switched\""));
  import_lines(chains.store, chain_events(51, 60));
  CHECK(older.wait().code == 4);
  REQUIRE(newer.read_until("\"caught_up\",\"projection\":\"chains\",\"position\":60"));
  CHECK(chains.rows() == naive_chains(60, 7, 37));
  CHECK(chains.status().at("state") == "following");
  newer.send(SIGTERM);
  CHECK(newer.wait().code == 0);
}

TEST_CASE("a rebuild is refused, with nothing changed, where it would not be what was asked for") {
  const Chains chains(20'000);
  const auto in_folder = [&](const std::string& name, const std::string& text) {
    write_file(chains.folder / name, text);
    return chains.folder / name;
  };
  const auto rebuild = [&](const std::string& file) { return lantern_run({"rebuild", "--store", chains.store, file}); };
  check_refused(rebuild(in_folder("unknown.sql", "-- projection: other\n-- version: 1\n-- on *\nDELETE FROM x;\n")), 2,
                "the store has no projection other to build anew: lantern run builds it");
  check_refused(rebuild(in_folder("changed.sql", chains_file(1, 37))), 2, "was changed, but still says version 1");
  check_refused(rebuild("absent.sql"), 2, "absent.sql: cannot be read");
  check_refused(rebuild("chains"), 2, "chains is an SQL projection: name its file");
  check_refused(lantern_run({"rebuild", "--store", chains.folder / "absent.db", chains.file}), 3, "absent.db");
  check_refused(lantern_run({"rebuild", "--store", chains.store}), 2, "--help");
  {
    auto store = lantern::SqliteStore::open(chains.store);
    REQUIRE(store);
    lantern::SaveCheckpoint save{lantern::ProjectionId("orders")};
    save.through = lantern::Position{3};
    REQUIRE(store->perform(save));
  }
  check_refused(rebuild("orders"), 2, "orders is no SQL projection, and can only be rebuilt by its own program");

  // One that is under way is not disturbed, and one of a newer version that is held is not dropped.
  Child other(lantern_words({"rebuild", "--store", chains.store, "--batch", "10", "--json", chains.file}));
  REQUIRE(other.read_until("\"progress\""));
  check_refused(rebuild(chains.file), 4, ":" + std::to_string(other.pid()) + " leads, ");
  check_refused(lantern_run({"activate", "--store", chains.store, "chains"}), 4,
                ":" + std::to_string(other.pid()) + " is filling generation 2 of chains");
  other.send(SIGKILL);
  REQUIRE(other.wait().signal == SIGKILL);
  REQUIRE(lantern_run({"cancel", "--store", chains.store, "chains"}).code == 0);
  const std::string newer = in_folder("newer.sql", chains_file(2, 37));
  REQUIRE(lantern_run({"rebuild", "--store", chains.store, "--hold", newer}).code == 0);
  check_refused(rebuild(chains.file), 2, "version 2 is being built: use that version, or cancel its rebuild");
  CHECK(chains.status().at("building").at("version") == 2);
  CHECK(chains.rows() == naive_chains(20'000));
}

TEST_CASE("a rebuild whose event fails ends with 1, readers see what they saw, and it waits to be mended") {
  const Chains chains(50);
  std::string failing = chains_file(2);
  failing.replace(failing.find("hash INTEGER NOT NULL"), 21, "hash INTEGER CHECK (events < 6)");
  const std::string mended = chains_file(2, 37);
  write_file(chains.file, failing);
  const Ended ended = chains.rebuild({"--batch", "1"});
  CHECK(ended.code == 1);
  CHECK(ended.out == "");
  CHECK(ended.err.find("position 36") != std::string::npos);
  CHECK(chains.rows() == naive_chains(50));
  CHECK(chains.status().at("state") == "caught up");
  CHECK(chains.status().at("building").at("position") == 35);
  // Its version has begun with other statements.
  write_file(chains.file, mended);
  check_refused(chains.rebuild(), 2, "cancel the rebuild");
  REQUIRE(lantern_run({"cancel", "--store", chains.store, "chains"}).code == 0);
  CHECK(chains.rebuild().code == 0);
  CHECK(chains.rows() == naive_chains(50, 7, 37));
}

TEST_CASE("a rebuild that is cancelled while it runs ends with 4, and readers see what they saw") {
  const Chains chains(20'000);
  Child child(lantern_words({"rebuild", "--store", chains.store, "--batch", "5", "--json", chains.file}));
  REQUIRE(child.read_until("\"progress\""));
  REQUIRE(lantern_run({"cancel", "--store", chains.store, "chains"}).out == "chains: dropped generation 2\n");
  const Ended ended = child.wait();
  CHECK(ended.code == 4);
  CHECK(ended.err.find("generation 2 was given up, and generation 1 is active") != std::string::npos);
  CHECK(chains.status().at("building").is_null());
  CHECK(chains.rows() == naive_chains(20'000));
}
