// kill -9 at random moments: the tables end as if nothing had happened.
#include <signal.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <random>
#include <string>

#include <catch2/catch.hpp>

#include "child.hpp"

namespace {

// A hash chain per stream, and one over the whole log: neither forgives an event twice, left out, or out of order.
const std::string chains = R"(-- projection: chains
-- version: 1
-- setup
CREATE TABLE chain (stream TEXT PRIMARY KEY, events INTEGER NOT NULL, hash INTEGER NOT NULL) STRICT;
CREATE TABLE whole (one INTEGER PRIMARY KEY, events INTEGER NOT NULL, hash INTEGER NOT NULL) STRICT;
-- on *
INSERT INTO chain VALUES (:stream, 1, :data ->> 'n') ON CONFLICT (stream) DO UPDATE
SET events = events + 1, hash = (hash * 1000003 + (:data ->> 'n')) % 2147483647;
INSERT INTO whole VALUES (1, 1, :data ->> 'n') ON CONFLICT (one) DO UPDATE
SET events = events + 1, hash = (hash * 1000003 + (:data ->> 'n')) % 2147483647;
)";

std::string tables(const std::string& store) {
  std::string text;
  for (const std::string table : {"chain", "whole"}) {
    const Ended ended = lantern_run({"query", "--store", store, "--csv", "SELECT * FROM " + table + " ORDER BY 1"});
    REQUIRE(ended.err == "");
    text += ended.out;
  }
  return text;
}

}  // namespace

TEST_CASE("200 kills at random moments of a run over 50,000 events leave exactly the tables of an undisturbed run") {
  const auto seed = std::random_device{}();
  INFO("seed " << seed);
  std::mt19937 random(seed);
  const TempFolder folder;
  write_file(folder / "chains.sql", chains);
  std::string text;
  for (int at = 0; at < 50'000; ++at) {
    text += "{\"stream\":\"s-" + std::to_string(at % 101) +
            "\",\"type\":\"t\",\"data\":{\"n\":" + std::to_string(at * 7919 % 65537) + "}}\n";
  }
  REQUIRE(lantern_run({"import", "--store", folder / "calm.db", "-"}, {.input = text}).code == 0);
  std::filesystem::copy_file(folder / "calm.db", folder / "fresh.db");
  REQUIRE(lantern_run({"run", "--store", folder / "calm.db", folder / "chains.sql"}).code == 0);
  const std::string expected = tables(folder / "calm.db");
  CHECK(expected.find("\r\n1,50000,") != std::string::npos);

  std::uniform_int_distribution<int> milliseconds(0, 12);
  constexpr int all_kills = 200, all_events = 50'000, most_runs = 2 * all_kills;
  int kills = 0, position = all_events;
  for (int runs = 0; kills < all_kills && runs < most_runs; ++runs) {
    if (position == all_events) {  // at first, and whenever a run came to its end before it was killed
      for (const char* more : {"torn.db-wal", "torn.db-shm"}) std::filesystem::remove(folder / more);
      std::filesystem::copy_file(folder / "fresh.db", folder / "torn.db",
                                 std::filesystem::copy_options::overwrite_existing);
      position = 0;
    }
    // Commits of a size that leaves work for all the kills to come, whatever the speed of this machine.
    const int batch = std::clamp((all_events - position) / (all_kills - kills) / 6, 1, 1000);
    Child child(lantern_words(
        {"run", "--store", folder / "torn.db", "--json", "--batch", std::to_string(batch), folder / "chains.sql"}));
    // Most are killed some time after they began to commit, some before.
    if (runs % 10 != 0) child.read_until("\"progress\"");
    // The fault itself: a random time, up to a few dozen commits.
    child.ends_within(std::chrono::milliseconds(milliseconds(random)));
    child.send(SIGKILL);
    const Ended ended = child.wait();
    const std::size_t reached = ended.out.rfind("\"position\":");
    if (reached != ended.out.npos) position = std::max(position, std::atoi(ended.out.c_str() + reached + 11));
    CHECK(ended.err == "");
    if (ended.signal == SIGKILL) {
      ++kills;
    } else {
      CHECK(ended.code == 0);
    }
    if (position == all_events) CHECK((tables(folder / "torn.db") == expected));
  }
  CHECK(kills == all_kills);
  const Ended last = lantern_run({"run", "--store", folder / "torn.db", folder / "chains.sql"});
  CHECK(last.err == "");
  CHECK(last.code == 0);
  CHECK((tables(folder / "torn.db") == expected));
}
