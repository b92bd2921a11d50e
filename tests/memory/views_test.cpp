// What is the memory store's own about views; that it keeps the contracts of all stores is tested in tests/conformance.
#include <catch2/catch.hpp>

#include <latch>
#include <thread>

#include "lantern/memory/memory_store.hpp"

using namespace lantern;

namespace {

const ProjectionId orders("orders");

SaveCheckpoint commit(std::optional<Position> from, Position through, std::string state) {
  SaveCheckpoint save;
  save.projection = orders;
  save.from = from;
  save.through = through;
  save.views = {{.key = "a", .state = std::move(state), .version = through.value}};
  return save;
}

}  // namespace

TEST_CASE("readers of checkpoints, views and generations wait for no commit that is running") {
  MemoryStore store;
  REQUIRE(store.append({{.stream = "s", .type = "T"}}));
  REQUIRE(store.perform(commit(std::nullopt, Position{1}, "old")));
  std::latch inside(1), read(1);
  store.install(orders, [&](const RecordedEvent&) -> tl::expected<void, Failure> {
    inside.count_down();
    read.wait();
    return {};
  });
  const auto page = store.perform(ReadEvents{});
  SaveCheckpoint running = commit(Position{1}, Position{2}, "new");
  running.writes.runs.push_back(page->events());
  std::jthread committing([&] { CHECK(store.perform(running)); });
  inside.wait();
  CHECK(store.perform(GetView{orders, "a"})->view->state == "old");
  CHECK(store.perform(ScanViews{.projection = orders})->views.size() == 1);
  CHECK(store.perform(LoadViews{orders, {}, {"a"}})->views.size() == 1);
  CHECK(store.perform(LoadCheckpoint{orders})->value().position == Position{1});
  CHECK(store.perform(ListGenerations{orders})->size() == 1);
  CHECK(store.quarantined(orders).empty());
  read.count_down();
  committing.join();
  CHECK(store.perform(GetView{orders, "a"})->view->state == "new");
}

TEST_CASE("what a projection's own statements made is settled before its checkpoint can be seen") {
  MemoryStore store;
  REQUIRE(store.append({{.stream = "s", .type = "T"}}));
  std::optional<Position> seen = Position{-1};
  store.install(
      orders, [](const RecordedEvent&) -> tl::expected<void, Failure> { return {}; },
      [&](bool) { seen = store.perform(LoadCheckpoint{orders})->value_or(Checkpoint{}).position; });
  const auto page = store.perform(ReadEvents{});
  SaveCheckpoint save = commit(std::nullopt, Position{1}, "new");
  save.writes.runs.push_back(page->events());
  REQUIRE(store.perform(save));
  CHECK(seen == std::nullopt);
  CHECK(store.perform(LoadCheckpoint{orders})->value().position == Position{1});
}

TEST_CASE("views say when they were updated, by the store's clock") {
  MemoryStore store(MemoryOptions{.clock = [] { return std::chrono::nanoseconds(1'714'557'600'123'456'789); }});
  REQUIRE(store.perform(commit(std::nullopt, Position{1}, "x")));
  CHECK(store.perform(GetView{orders, "a"})->view->updated_at == "2024-05-01T10:00:00.123456Z");
}

TEST_CASE("conditions on states are not supported in memory, and it says so") {
  MemoryStore store;
  const auto page = store.perform(ScanViews{.projection = orders, .where = ViewCondition{"$.a", "1"}});
  REQUIRE_FALSE(page);
  CHECK(page.error().kind == FailureKind::unsupported);
  CHECK_FALSE(page.error().advice.empty());
}

TEST_CASE("a commit to the building generation is told where the active one is") {
  MemoryStore store;
  CHECK(store.perform(commit(std::nullopt, Position{4}, "old")) == Saved{});
  const auto begun = store.perform(BeginRebuild{orders, {2, 1}});
  REQUIRE(begun);
  SaveCheckpoint beside = commit(std::nullopt, Position{1}, "new");
  beside.generation = begun->generation;
  CHECK(store.perform(beside) == Saved{Position{4}});
}
