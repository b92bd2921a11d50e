// kill -9 at random moments of the real program, a thousand times: what is stored ends as if nothing had happened.
// LANTERN_KILLS is another number of kills, for a soak.
#include <signal.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <random>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "child.hpp"
#include "steps.hpp"

namespace {

/// Of the thousand, or of as many as are asked for, those of one test.
int share(int of_a_thousand) {
  const char* const asked = std::getenv("LANTERN_KILLS");
  return std::max(1, asked ? static_cast<int>(std::atol(asked) * of_a_thousand / 1000) : of_a_thousand);
}

struct Killing {
  int kills{};                       ///< until there were so many
  std::vector<std::string> words{};  ///< of the program
  std::string sign{};                ///< on standard output that work has begun; empty: there is none
  int most_milliseconds = 12;        ///< that the program lives on from there
  std::function<void()> begin{};     ///< at first, and whenever the program came to its end before it was killed
  std::function<void()> look{};      ///< now and then after a kill
  std::function<void()> at_end{};    ///< after the program came to its end
};

void kill_over_and_over(const Killing& killing) {
  const auto seed = std::random_device{}();
  CAPTURE(seed);
  std::mt19937 random(seed);
  std::uniform_int_distribution<int> milliseconds(0, killing.most_milliseconds);
  killing.begin();
  int kills = 0;
  for (int runs = 0; kills < killing.kills && runs < 4 * killing.kills; ++runs) {
    Child child(lantern_words(killing.words));
    // Most are killed some time after they began to work, some before.
    if (runs % 10 != 0 && !killing.sign.empty()) child.read_until(killing.sign);
    // The fault itself: a random time, up to a few dozen commits.
    child.ends_within(std::chrono::milliseconds(milliseconds(random)));
    child.send(SIGKILL);
    const Ended ended = child.wait();
    if (ended.err != "") FAIL(ended.err);
    if (ended.signal == SIGKILL) {
      if (++kills % 25 == 0 && killing.look) killing.look();
      continue;
    }
    if (ended.code != 0) FAIL("it ended with " << ended.code);
    killing.at_end();
    killing.begin();
  }
  CHECK(kills == killing.kills);
  const Ended last = lantern_run(killing.words);
  CHECK(last.err == "");
  CHECK(last.code == 0);
  killing.at_end();
}

void copy_store(const std::string& from, const std::string& to) {
  for (const char* more : {"-wal", "-shm"}) std::filesystem::remove(to + more);
  std::filesystem::copy_file(from, to, std::filesystem::copy_options::overwrite_existing);
}

}  // namespace

TEST_CASE("500 kills at random moments of a run leave exactly the tables of an undisturbed run") {
  const TempFolder folder;
  const std::string fresh = folder / "fresh.db", torn = folder / "torn.db";
  constexpr int events = 20'000;
  write_file(folder / "chains.sql", chains_file());
  import_lines(fresh, chain_events(1, events));
  kill_over_and_over({
      .kills = share(500),
      .words = {"run", "--store", torn, "--json", "--batch", "20", folder / "chains.sql"},
      .sign = "\"progress\"",
      .begin = [&] { copy_store(fresh, torn); },
      .at_end = [&] { CHECK((rows_of(torn, "chains") == naive_chains(events))); },
  });
}

TEST_CASE("250 kills at random moments of a rebuild: readers see the old tables whole until they see the new ones") {
  const TempFolder folder;
  const std::string built = folder / "built.db", torn = folder / "torn.db";
  constexpr int events = 10'000;
  write_file(folder / "old.sql", chains_file());
  write_file(folder / "new.sql", chains_file(2, 37));
  import_lines(built, chain_events(1, events));
  REQUIRE(lantern_run({"run", "--store", built, "--quiet", folder / "old.sql"}).code == 0);
  const std::string before = naive_chains(events), after = naive_chains(events, 7, 37);
  kill_over_and_over({
      .kills = share(250),
      .words = {"run", "--store", torn, "--json", "--batch", "20", folder / "new.sql"},
      .sign = "\"progress\"",
      .begin = [&] { copy_store(built, torn); },
      .look =
          [&] {
            const std::string seen = rows_of(torn, "chains");
            CHECK((seen == before || seen == after));
          },
      .at_end = [&] { CHECK((rows_of(torn, "chains") == after)); },
  });
}

TEST_CASE("250 kills at random moments of an import leave every line once, in order") {
  const TempFolder folder;
  const std::string torn = folder / "torn.db";
  constexpr int events = 3'000;
  write_file(folder / "events.ndjson", chain_events(1, events));
  const auto in_order = [&] {
    const Ended ended = lantern_run({"query", "--store", torn, "--csv",
                                     "SELECT count(*), count(DISTINCT id), sum(id = 'e' || position) FROM "
                                     "lantern_events"});
    const auto line = ended.out.substr(ended.out.find('\n') + 1);
    const std::string all = std::to_string(events);
    CHECK(line == all + "," + all + "," + all + "\r\n");
  };
  kill_over_and_over({
      .kills = share(250),
      .words = {"import", "--store", torn, "--quiet", folder / "events.ndjson"},
      .most_milliseconds = 40,
      .begin =
          [&] {
            for (const char* more : {"", "-wal", "-shm"}) std::filesystem::remove(torn + more);
          },
      .at_end = in_order,
  });
}
