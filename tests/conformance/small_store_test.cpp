// A team's own store, as small as one can be: no appending through lantern, no leases, no statements, no hints. The
// suite takes it, and leaves out what does not apply.
#include <catch2/catch.hpp>

#include <map>
#include <mutex>

#include "lantern/names.hpp"
#include "lantern/testing/conformance.hpp"

using namespace lantern;

namespace {

struct TeamDatabase {
  std::mutex mutex{};
  std::vector<NewEvent> events{};
  std::map<ProjectionId, Position> checkpoints{};
};

struct TeamStore {
  std::shared_ptr<TeamDatabase> database;

  ReadEvents::reply perform(const ReadEvents& asked) {
    if (asked.limit == 0) return tl::unexpected(Failure(FailureKind::invalid, "a limit of 0"));
    const std::lock_guard lock(database->mutex);
    const auto count = static_cast<std::int64_t>(database->events.size());
    EventPage page;
    page.scanned_to = asked.after;
    if (count > 0) page.head = Position{10 * count};  // positions with gaps are fine
    for (std::int64_t i = 0; i < count && page.size() < asked.limit && page.bytes() < asked.byte_limit; ++i) {
      const NewEvent& event = database->events[static_cast<std::size_t>(i)];
      const RecordedEvent recorded{
          .position = Position{10 * (i + 1)}, .stream = event.stream, .type = event.type, .data = event.data};
      if (asked.after && recorded.position <= *asked.after) continue;
      page.scanned_to = recorded.position;
      if (asked.filter.matches(recorded)) page.add(recorded);
    }
    return page;
  }

  LoadCheckpoint::reply perform(const LoadCheckpoint& asked) {
    const std::lock_guard lock(database->mutex);
    const auto found = database->checkpoints.find(asked.projection);
    if (found == database->checkpoints.end()) return std::nullopt;
    return Checkpoint{found->second, {}};
  }

  SaveCheckpoint::reply perform(const SaveCheckpoint& asked) {
    if (auto failure = refuse_name("projection", asked.projection.name)) return tl::unexpected(*std::move(failure));
    if (!asked.projection.tenant.empty()) {
      if (auto failure = refuse_name("tenant", asked.projection.tenant)) return tl::unexpected(*std::move(failure));
    }
    const std::lock_guard lock(database->mutex);
    const auto found = database->checkpoints.find(asked.projection);
    const auto actual = found == database->checkpoints.end() ? std::nullopt : std::optional(found->second);
    if (asked.from != actual || asked.generation != Generation{}) return tl::unexpected(CheckpointMoved{actual});
    if (asked.through < asked.from) return tl::unexpected(Failure(FailureKind::invalid, "a checkpoint goes forward"));
    if (asked.through) database->checkpoints[asked.projection] = *asked.through;
    return Saved{};
  }
};

struct TeamWorld {
  std::shared_ptr<TeamDatabase> database = std::make_shared<TeamDatabase>();
  TeamStore open() { return {database}; }
  void add(TeamStore& store, std::vector<NewEvent> events) {
    const std::lock_guard lock(store.database->mutex);
    store.database->events.insert(store.database->events.end(), events.begin(), events.end());
  }
};

/// Its parts point into itself, and it cannot be moved.
struct PinnedWorld : TeamWorld {
  PinnedWorld() = default;
  PinnedWorld(const PinnedWorld&) = delete;
  PinnedWorld& operator=(const PinnedWorld&) = delete;
};

}  // namespace

TEST_CASE("the suite takes a small store of one's own, and leaves out what does not apply") {
  std::size_t reading = 0;
  for (const Contract& contract : conformance_suite<TeamWorld>()) {
    DYNAMIC_SECTION(contract.name) {
      const auto kept = contract.check();
      if (!kept) FAIL_CHECK(kept.error());
      for (const char* group : {"append:", "lease:", "fence:", "writes:", "quarantine:", "views:", "rebuild:"}) {
        CHECK_FALSE(contract.name.starts_with(group));
      }
    }
    reading += contract.name.starts_with("read:") ? 1 : 0;
  }
  CHECK(reading > 15);
}

TEST_CASE("a world may be made by a function, and need not be movable") {
  int made = 0;
  const auto suite = conformance_suite<PinnedWorld>([&made] { return ++made, PinnedWorld(); });
  REQUIRE_FALSE(suite.empty());
  CHECK(made == 0);  // a world for each check, made when it is needed
  CHECK(suite.front().check());
  CHECK(suite.front().check());
  CHECK(made == 2);
}

TEST_CASE("a world that throws is a broken contract, not a crash") {
  struct Unlucky : TeamWorld {
    TeamStore open() { throw std::runtime_error("no disk today"); }
  };
  const auto suite = conformance_suite<Unlucky>();
  const auto kept = suite.front().check();
  REQUIRE_FALSE(kept);
  CHECK(kept.error().contract == suite.front().name);
  CHECK_THAT(kept.error().detail, Catch::Contains("no disk today"));
}
