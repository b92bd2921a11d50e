// A rebuild among real processes on one file: one runs live, one rebuilds and is killed again and again, and one reads
// all the while. Readers never see a mixture, are never sent back, and see nothing that is not the fold of the log.
#include <random>

#include "files.hpp"
#include "lantern/blocking/wait_until.hpp"
#include "talking_child.hpp"

using namespace lantern;
using namespace lantern::testing_sqlite;
using Catch::Contains;

namespace {

const ProjectionId id("p");

/// The store, whose events name seven keys, in every way that there is.
struct World {
  Folder folder;
  std::filesystem::path file = folder / "a.db";
  SqliteStore store;
  std::int64_t appended_so_far{};

  World() : store(open_store(file, patient())) {}
  static SqliteOptions patient() {
    SqliteOptions options;
    options.busy_timeout = std::chrono::seconds(30);
    return options;
  }
  void append(std::int64_t count) {
    std::vector<NewEvent> events;
    for (std::int64_t i = 0; i < count; ++i) {
      const std::int64_t n = appended_so_far++;
      std::string data = "k" + std::to_string(n * 5 % 7);
      if (n % 11 == 3) data += "!";
      if (n % 5 == 1) data += " k" + std::to_string((n * 5 + 1) % 7);
      if (n % 13 == 4) data += " k" + std::to_string((n * 5 + 2) % 7) + "=";
      events.push_back(event("s", "T", data));
    }
    appended(store, std::move(events));
  }
  [[nodiscard]] Position head() const { return Position{appended_so_far}; }
  [[nodiscard]] Checkpoint active() const {
    const auto found = store.perform(LoadCheckpoint{id, LoadCheckpoint::Purpose::inspect});
    if (!found) FAIL(found.error());
    return found->value_or(Checkpoint{});
  }
  /// How far what is building has got; none: nothing is.
  [[nodiscard]] std::optional<Position> building() const {
    const auto all = store.perform(ListGenerations{id});
    if (!all) FAIL(all.error());
    for (const GenerationStatus& one : *all) {
      if (one.state == GenerationState::building) return one.position.value_or(Position{0});
    }
    return std::nullopt;
  }
  void wait_for_head() {
    const Waited waited = wait_until(store, id, head(), std::chrono::minutes(1));
    INFO(waited);
    REQUIRE(std::holds_alternative<Reached>(waited));
  }
};

struct Runner : Child {
  Runner(const World& world, const std::string& what) : Child({VIEW_RUNNER, world.file.string(), what}) {}
};

/// Kills a process at an effect that chance decides on; the signal arrives at any instant after it. Returns how often
/// that was while a generation was being filled.
int kill_often(World& world, const std::string& what, int times, unsigned seed) {
  std::mt19937 chance(seed);
  int while_filling = 0;
  for (int i = 0; i < times; ++i) {
    Runner child(world, what);
    for (auto lines = 1 + chance() % 60; lines > 0; --lines) {
      if (child.line().empty()) break;  // it ended by itself
    }
    child.send(SIGKILL);
    child.end();
    const auto at = world.building();
    while_filling += at && *at > Position{0} ? 1 : 0;
    world.append(1 + static_cast<std::int64_t>(chance() % 3));
  }
  return while_filling;
}

}  // namespace

TEST_CASE("T42, T43: a rebuild that is killed again and again switches in the end, and no reader sees a mixture") {
  World world;
  world.append(300);
  Runner live(world, "live");
  world.wait_for_head();
  Runner reader(world, "read-next");
  reader.line_like("looking");

  CHECK(kill_often(world, "next", 12, 7) > 3);
  CHECK(world.active().generation == Generation{1});
  Runner next(world, "next");
  while (world.active().generation == Generation{1}) REQUIRE_FALSE(next.line().empty());
  world.append(1);
  CHECK_THAT(live.line_like("failed: "), Contains("made by newer code"));
  CHECK(live.end() == 5);
  next.line_like("committed " + std::to_string(world.head().value));
  CHECK(world.active().version == CodeVersion{2, 1});
  world.append(9);
  world.wait_for_head();

  next.send(SIGKILL);  // live by now
  CHECK(next.end() == -SIGKILL);
  CHECK(kill_often(world, "next", 6, 8) == 0);
  Runner last(world, "next");
  world.wait_for_head();
  reader.send(SIGTERM);
  CHECK_THAT(reader.line(),
             Contains("fine after ") && Contains("in 2 generations, at " + std::to_string(world.head().value)));
  CHECK(reader.end() == 0);
}

TEST_CASE("T42, T43: a live run goes on in what the same code has rebuilt, however often that was killed") {
  World world;
  world.append(200);
  Runner live(world, "live");
  world.wait_for_head();
  Runner reader(world, "read");
  reader.line_like("looking");

  CHECK(kill_often(world, "again", 8, 9) > 2);
  Runner again(world, "again");
  again.line_like("activated");
  again.line_like("ended");
  CHECK(again.end() == 0);
  CHECK(world.active().generation > Generation{1});
  world.append(5);
  world.wait_for_head();  // by the live run, which was not started anew
  live.send(SIGTERM);
  live.line_like("ended at " + std::to_string(world.head().value));
  CHECK(live.end() == 0);
  reader.send(SIGTERM);
  CHECK_THAT(reader.line(), Contains("fine after "));
  CHECK(reader.end() == 0);
}
