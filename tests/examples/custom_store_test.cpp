// The warehouse of examples/custom_store.cpp keeps a store's contract, where its few movements can show it.
//
// The conformance suite appends events of its own making, which a warehouse does not take; so this asks the same
// questions with movements.
// Its `int main()` returns nothing, which only a `main` may.
#define main() \
  not_here();  \
  void example_main()
#include "custom_store.cpp"
#undef main

#include <catch2/catch.hpp>

namespace {

Warehouse stocked() {
  Warehouse warehouse;
  warehouse.movements = {{"apple", 10}, {"pear", 4}, {"apple", -3}, {"plum", 7}};
  return warehouse;
}

std::vector<std::int64_t> positions(const EventPage& page) {
  std::vector<std::int64_t> found;
  for (const RecordedEvent& event : page.events()) found.push_back(event.position.value);
  return found;
}

SaveCheckpoint commit(std::optional<Position> from, std::optional<Position> through) {
  SaveCheckpoint save;
  save.from = from;
  save.through = through;
  return save;
}

using Found = std::vector<std::int64_t>;

}  // namespace

TEST_CASE("warehouse: a filter lets through what it names, and the page says how far was looked") {
  Warehouse warehouse = stocked();
  ReadEvents asked;
  asked.filter.stream = "apple";
  asked.limit = 1;
  EventPage page = warehouse.perform(asked).value();
  CHECK(positions(page) == Found{1});
  CHECK(page.scanned_to == Position{2});
  asked.after = page.scanned_to;
  page = warehouse.perform(asked).value();
  CHECK(positions(page) == Found{3});
  CHECK(page.scanned_to == Position{4});
  CHECK(page.at_head());
  asked.after.reset();
  asked.filter = {.stream = {}, .stream_prefix = "p", .types = {"Moved"}};
  asked.limit = 10;
  CHECK(positions(warehouse.perform(asked).value()) == Found{2, 4});
  asked.filter.types = {"Sold"};
  page = warehouse.perform(asked).value();
  CHECK(page.empty());
  CHECK(page.at_head());
}

TEST_CASE("warehouse: a page ends at its limits, but has an event, and a cursor may lie anywhere") {
  Warehouse warehouse = stocked();
  ReadEvents asked;
  asked.byte_limit = 1;
  CHECK(positions(warehouse.perform(asked).value()) == Found{1});
  asked.byte_limit = 24;  // "apple", "Moved", "10" and "pear", "Moved", "4" are 22 bytes
  CHECK(positions(warehouse.perform(asked).value()) == Found{1, 2});
  asked.after = Position{99};
  const EventPage beyond = warehouse.perform(asked).value();
  CHECK(beyond.empty());
  CHECK(beyond.scanned_to == Position{99});
  asked.after = Position{-7};
  CHECK_FALSE(warehouse.perform(asked).value().empty());
  asked.limit = 0;
  CHECK(warehouse.perform(asked).error().kind == FailureKind::invalid);
}

TEST_CASE("warehouse: records alone are stored beside any checkpoint, and move none") {
  Warehouse warehouse = stocked();
  SaveCheckpoint alone = commit({}, {});
  alone.quarantined.push_back({.position = Position{1}, .stream = "apple", .type = "Moved"});
  CHECK(warehouse.perform(alone));
  CHECK(warehouse.perform(LoadCheckpoint{}).value() == std::nullopt);
  REQUIRE(warehouse.perform(commit({}, Position{2})));
  CHECK(warehouse.perform(alone));
  CHECK(warehouse.perform(LoadCheckpoint{}).value()->position == Position{2});
}

TEST_CASE("warehouse: a commit that builds on another checkpoint or generation, or goes back, changes nothing") {
  Warehouse warehouse = stocked();
  REQUIRE(warehouse.perform(commit({}, Position{2})));
  SaveCheckpoint other_generation = commit(Position{2}, Position{3});
  other_generation.generation = Generation{9};
  for (const auto& wrong : {commit({}, Position{3}), commit(Position{1}, Position{3}), other_generation}) {
    CHECK(std::get<CheckpointMoved>(warehouse.perform(wrong).error()).actual == Position{2});
  }
  CHECK_FALSE(warehouse.perform(commit(Position{2}, Position{1})));
  CHECK_FALSE(warehouse.perform(commit(Position{2}, {})));
  CHECK(warehouse.perform(LoadCheckpoint{}).value()->position == Position{2});
}

TEST_CASE("warehouse: an event that is no number of pieces fails by its index, and nothing of its commit is stored") {
  for (const std::string bad : {"", "ten", "10 ", "99999999999"}) {
    Warehouse warehouse;
    const RecordedEvent events[] = {{.position = Position{1}, .stream = "apple", .data = "5"},
                                    {.position = Position{2}, .stream = "apple", .data = bad}};
    SaveCheckpoint save = commit({}, Position{2});
    save.writes.runs.emplace_back(events);
    const auto reply = warehouse.perform(save);
    CAPTURE(bad);
    REQUIRE_FALSE(reply);
    CHECK(std::get<WriteFailed>(reply.error()).index == 1);
    CHECK(warehouse.stock.empty());
    CHECK(warehouse.perform(LoadCheckpoint{}).value() == std::nullopt);
  }
}
