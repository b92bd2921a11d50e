#include <future>
#include <thread>

#include "lantern/blocking/wait_until.hpp"
#include "views_world.hpp"

using namespace views_world;
using std::chrono::hours;
using std::chrono::milliseconds;

namespace {

/// A store of a projection whose checkpoint moves with each look, and which may fail.
struct Scripted {
  std::vector<LoadCheckpoint::reply> answers;
  std::size_t looks = 0;
  LoadCheckpoint::reply perform(const LoadCheckpoint& asked) {
    CHECK(asked.generation == std::nullopt);
    return answers.at(std::min(looks++, answers.size() - 1));
  }
};
LoadCheckpoint::reply at(std::int64_t position) { return Checkpoint{Position{position}, {}, {}, {}}; }
LoadCheckpoint::reply failing(FailureKind kind) { return tl::unexpected(Failure(kind, "no")); }

struct WithRuns : Scripted {
  std::size_t fails_after = 0;
  tl::expected<std::optional<Failure>, Failure> failed_run(const ProjectionId&) const {
    if (looks > fails_after) return Failure(FailureKind::rejected, "the run failed");
    return tl::unexpected(Failure(FailureKind::busy, "cannot tell"));
  }
};
static_assert(TellsFailedRuns<WithRuns> && TellsFailedRuns<SqliteStore> && !TellsFailedRuns<Scripted>);
static_assert(TellsFailedRuns<Unguarded<SqliteStore>> && !TellsFailedRuns<Unguarded<MemoryStore>>);

}  // namespace

TEST_CASE("a wait looks until the checkpoint is there") {
  Scripted store{{std::nullopt, at(3), failing(FailureKind::busy), at(6), at(7), at(9)}};
  CHECK(wait_until(store, id, Position{7}, hours(1)) == Waited(Reached{{Position{7}, {}, {}, {}}}));
  CHECK(store.looks == 5);
  CHECK(wait_until(store, id, Position{7}, hours(0)) == Waited(Reached{{Position{9}, {}, {}, {}}}));
  CHECK(wait_until(store, id, Position{7}, std::chrono::nanoseconds::max()).index() == 0);
}

TEST_CASE("a wait pauses for a quarter of the time waited, from 1 to 50 ms, and never past its end") {
  using std::chrono::microseconds, std::chrono::nanoseconds;
  const auto pause = [](nanoseconds timeout, nanoseconds waited, bool stop = false) {
    const Instant began{hours(5)};
    const auto next = detail::Waiting(Position{7}, timeout, began).rest(began + waited, stop);
    const auto* nap = std::get_if<Sleep>(&next);
    return nap ? std::optional(nap->duration) : std::nullopt;
  };
  CHECK(pause(hours(1), nanoseconds(0)) == milliseconds(1));
  CHECK(pause(hours(1), milliseconds(8)) == milliseconds(2));
  CHECK(pause(hours(1), milliseconds(500)) == milliseconds(50));
  CHECK(pause(nanoseconds::max(), milliseconds(100)) == milliseconds(25));
  CHECK(pause(milliseconds(100), microseconds(99'500)) == microseconds(500));
  CHECK(pause(milliseconds(100), milliseconds(100)) == std::nullopt);
  CHECK(pause(hours(0), nanoseconds(0)) == std::nullopt);
  CHECK(pause(-hours(1), nanoseconds(0)) == std::nullopt);
  CHECK(pause(hours(1), nanoseconds(0), true) == std::nullopt);
}

TEST_CASE("a wait that is too short says how far the projection got") {
  Scripted store{{at(3), at(6)}};
  CHECK(wait_until(store, id, Position{7}, milliseconds(5)) == Waited(TimedOut{Position{6}}));
  CHECK(store.looks >= 2);
  CHECK(store.looks < 50);  // it does not spin
  Scripted none{{std::nullopt}};
  CHECK(wait_until(none, id, Position{1}, milliseconds(0)) == Waited(TimedOut{}));
  CHECK(none.looks == 1);
  Scripted away{{at(2), failing(FailureKind::unavailable)}};
  CHECK(wait_until(away, id, Position{3}, milliseconds(5)) == Waited(TimedOut{Position{2}}));
}

TEST_CASE("a store that is broken, or a run that failed, is not waited for") {
  Scripted store{{at(3), failing(FailureKind::corrupt), at(7)}};
  CHECK(wait_until(store, id, Position{7}, hours(1)) == Waited(WaitFailed{Failure(FailureKind::corrupt, "no")}));
  WithRuns runs{{{at(3), at(4), at(5)}}, 2};
  CHECK(wait_until(runs, id, Position{7}, hours(1)) ==
        Waited(WaitFailed{Failure(FailureKind::rejected, "the run failed")}));
  CHECK(runs.looks == 3);
  WithRuns there{{{at(7)}}, 0};
  CHECK(wait_until(there, id, Position{7}, hours(1)).index() == 0);  // what is reached is reached
}

TEST_CASE("a wait is cut short by a stop") {
  Scripted store{{at(3)}};
  std::stop_source stop;
  auto waited =
      std::async(std::launch::async, [&] { return wait_until(store, id, Position{7}, hours(1), stop.get_token()); });
  stop.request_stop();
  REQUIRE(waited.wait_for(std::chrono::seconds(60)) == std::future_status::ready);
  CHECK(waited.get() == Waited(TimedOut{Position{3}}));
}

TEST_CASE("how a wait ended is said on one line") {
  const auto line = [](const Waited& waited) {
    std::ostringstream out;
    lantern::operator<<(out, waited);
    return out.str();
  };
  CHECK(line(Reached{{Position{7}, {}, {}, {}}}) == "reached 7");
  CHECK(line(WaitFailed{Failure(FailureKind::corrupt, "broken")}).rfind("failed, ", 0) == 0);
  CHECK(line(TimedOut{Position{7}}) == "timed out at 7");
  CHECK(line(TimedOut{}) == "timed out at the beginning");
}

TEMPLATE_TEST_CASE("read-your-writes: once a position is reached, readers see what was folded from it", "", OnMemory,
                   OnSqlite) {
  World<TestType> world;
  Chain chain;
  std::stop_source stop;
  auto run = std::async(std::launch::async, [&] {
    return run_projection_blocking(chain, world.store, ProjectionConfig().continuous(), stop.get_token());
  });
  for (int n = 0; n < 50; ++n) {
    world.append({"a k" + std::to_string(n % 3)});
    const Waited waited = wait_until(world.store, id, world.head(), std::chrono::seconds(60));
    if (waited.index() != 0) FAIL("not reached");
    CHECK(world.view("a")->state == std::to_string(*world.expected().at("a").state));
    CHECK(testing::difference(world.views(), world.expected()) == "");
  }
  stop.request_stop();
  CHECK(run.get());
}

TEST_CASE("a run that noted its failure in the file is not waited for, unless somebody leads again") {
  World<OnSqlite> world({"a"});
  world.run();
  REQUIRE(world.store.record_run(id, Generation{1}, RunNote{"caught up", 0, {}}));
  CHECK(wait_until(world.store, id, Position{5}, milliseconds(2)) == Waited(TimedOut{Position{1}}));
  REQUIRE(world.store.record_run(id, Generation{1}, RunNote{"failed", 0, "event 2 is bad"}));
  const Waited waited = wait_until(world.store, id, Position{5}, hours(1));
  REQUIRE(std::holds_alternative<WaitFailed>(waited));
  CHECK(to_string(std::get<WaitFailed>(waited).reason) == "the latest run of p failed: event 2 is bad: run it again");
  REQUIRE(world.store.perform(AcquireLease{id, "next", hours(1)}));
  CHECK(wait_until(world.store, id, Position{5}, milliseconds(2)) == Waited(TimedOut{Position{1}}));
}
