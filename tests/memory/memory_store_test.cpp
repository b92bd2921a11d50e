// What is the memory store's own; that it keeps the contracts of all stores is tested in tests/conformance.
#include "lantern/memory/memory_store.hpp"

#include <catch2/catch.hpp>

#include <atomic>
#include <latch>
#include <thread>

using namespace lantern;
using namespace std::chrono_literals;

namespace {

NewEvent event(std::string stream, std::string data = {}, std::string type = "T") {
  NewEvent made;
  made.stream = std::move(stream);
  made.type = std::move(type);
  made.data = std::move(data);
  return made;
}

SaveCheckpoint commit(const EventPage& page) {
  SaveCheckpoint save;
  save.projection = ProjectionId("orders");
  save.through = page.scanned_to;
  save.writes.runs.push_back(page.events());
  return save;
}

}  // namespace

TEST_CASE("stores on one database share it, and so do copies of a store, and others do not") {
  MemoryStore store;
  MemoryStore copy = store, other(store.database()), stranger;
  REQUIRE(store.append({event("s", "1")}));
  CHECK(copy.head() == Position{1});
  CHECK(other.head() == Position{1});
  CHECK(stranger.head() == std::nullopt);
}

TEST_CASE("the database lives as long as a store on it") {
  std::optional<MemoryStore> store;
  {
    const auto database = std::make_shared<MemoryDatabase>();
    store.emplace(database);
  }
  REQUIRE(store->append({event("s", "1")}));
  CHECK(store->head() == Position{1});
}

TEST_CASE("positions begin at 1 and have no gaps, also after refused appends") {
  MemoryStore store;
  REQUIRE(store.append({event("s"), event("s")}));
  REQUIRE_FALSE(store.append({event("s"), event("")}));
  REQUIRE_FALSE(store.append({event("s")}, {{"s", 7}}));
  REQUIRE(store.append({event("s")}));
  const auto page = store.perform(ReadEvents{});
  REQUIRE(page);
  for (std::size_t i = 0; i < page->size(); ++i) {
    CHECK(page->events()[i].position == Position{static_cast<std::int64_t>(i) + 1});
  }
  CHECK(page->size() == 3);
}

TEST_CASE("events without a time carry the clock's, in UTC, and others carry their own") {
  MemoryStore store(MemoryOptions{.clock = [] { return std::chrono::nanoseconds(1'714'557'600'123'456'789); }});
  NewEvent own = event("s");
  own.ts = "2020-02-02 02:02:02Z";
  REQUIRE(store.append({event("s"), own}));
  const auto page = store.perform(ReadEvents{});
  CHECK(page->events()[0].ts == "2024-05-01T10:00:00.123456Z");
  CHECK(page->events()[1].ts == "2020-02-02 02:02:02Z");
}

TEST_CASE("a schema version below 1 and a lease without length are refused") {
  MemoryStore store;
  NewEvent wrong = event("s");
  wrong.schema_version = 0;
  const auto appended = store.append({wrong});
  REQUIRE_FALSE(appended);
  CHECK(std::get<Failure>(appended.error()).kind == FailureKind::invalid);
  const auto lease = store.perform(AcquireLease{ProjectionId("p"), "me", 0ns});
  REQUIRE_FALSE(lease);
  CHECK(std::get<Failure>(lease.error()).kind == FailureKind::invalid);
}

TEST_CASE("a page with a sparse filter looks at a bounded part of the log, and says how far") {
  constexpr std::int64_t events = 200'000, bound = 65'536;
  MemoryStore store;
  std::vector<NewEvent> batch(events, event("many"));
  batch.back() = event("many", "found", "Rare");
  REQUIRE(store.append(std::move(batch)));
  ReadEvents asked;
  asked.filter.types = {"Rare"};
  int pages = 0;
  for (EventPage page; !page.at_head() || pages == 0; ++pages) {
    auto reply = store.perform(asked);
    REQUIRE(reply);
    page = *std::move(reply);
    REQUIRE(page.scanned_to->value - (asked.after ? asked.after->value : 0) <= bound);
    asked.after = page.scanned_to;
    if (page.at_head()) {
      REQUIRE(page.size() == 1);
      CHECK(page.events()[0].data == "found");
    }
  }
  CHECK(pages == (events + bound - 1) / bound);

  asked = {};
  asked.filter.stream = "many";  // has an index, so that no page is empty on the way
  asked.after = Position{150'000};
  const auto page = store.perform(asked);
  REQUIRE(page->size() == asked.limit);
  CHECK(page->events()[0].position == Position{150'001});
}

TEST_CASE("a page of one stream looks at a bounded part of it, too, and says how far") {
  constexpr std::int64_t events = 150'000, bound = 65'536;
  MemoryStore store;
  std::vector<NewEvent> batch(events, event("many"));
  batch.back() = event("many", "found", "Rare");
  batch.push_back(event("other"));
  REQUIRE(store.append(std::move(batch)));
  ReadEvents asked;
  asked.filter.stream = "many";
  asked.filter.types = {"Rare"};
  std::vector<std::int64_t> ends;
  std::size_t found = 0;
  for (EventPage page; !page.at_head() || ends.empty(); asked.after = page.scanned_to) {
    page = store.perform(asked).value();
    REQUIRE(page.scanned_to > asked.after);
    ends.push_back(page.scanned_to->value);
    found += page.size();
  }
  CHECK(ends == std::vector<std::int64_t>{bound, 2 * bound, events + 1});
  CHECK(found == 1);
}

TEST_CASE("readers that never rest do not keep a producer waiting, and see whole batches in order") {
  constexpr int readers = 4, appends = 3000;
  MemoryStore store;
  std::vector<NewEvent> many(20'000, event("many"));
  REQUIRE(store.append(std::move(many)));
  std::latch reading(readers);
  std::atomic<bool> correct = true;
  std::vector<std::jthread> threads;
  for (int i = 0; i < readers; ++i) {
    threads.emplace_back([&, i](const std::stop_token& stop) {
      ReadEvents asked;
      if (i % 2 == 1) asked.filter.stream = "pairs";
      else asked.filter.types = {"None"};
      for (bool first = true; first || !stop.stop_requested(); first = false) {
        const auto page = store.perform(asked);
        if (first) reading.count_down();
        if (!page || page->head->value % 2 != 0 || page->size() % 2 != 0) correct = false;
        for (std::size_t n = 0; page && n < page->size(); ++n) {
          if (page->events()[n].version != static_cast<std::int64_t>(n) + 1) correct = false;
        }
      }
    });
  }
  reading.wait();
  for (int i = 0; i < appends; ++i) REQUIRE(store.append({event("pairs"), event("pairs")}));
  threads.clear();
  CHECK(correct);
  CHECK(store.head() == Position{20'000 + 2 * appends});
}

TEST_CASE("an append rings once, when its events can be read, and one that adds nothing does not ring") {
  MemoryStore store;
  MemoryStore other = store;
  std::vector<std::optional<Position>> heard;
  const Subscription subscription = store.on_append([&] { heard.push_back(other.head()); });
  NewEvent once = event("s");
  once.id = "id";
  REQUIRE(other.append({once, event("s")}));
  REQUIRE(other.append({once}));
  REQUIRE(other.append({}));
  REQUIRE_FALSE(other.append({event("s")}, {{"s", 9}}));
  REQUIRE(other.append({event("s")}));
  CHECK(heard == std::vector<std::optional<Position>>{Position{2}, Position{3}});
}

TEST_CASE("a subscription may outlive its store, and be moved") {
  Subscription subscription;
  {
    MemoryStore store;
    subscription = store.on_append([] {});
    const Subscription moved = std::move(subscription);
    subscription = store.on_append([] {});
  }
  subscription = Subscription();
  SUCCEED();
}

TEST_CASE("whoever ends a subscription waits for a call that is under way") {
  MemoryStore store;
  std::latch inside(1);
  std::atomic<bool> left{};
  std::optional<Subscription> subscription(store.on_append([&] {
    inside.count_down();
    for (int i = 0; i < 1000; ++i) std::this_thread::yield();
    left = true;
  }));
  std::jthread appender([&] { static_cast<void>(store.append({event("s")})); });
  inside.wait();
  subscription.reset();
  CHECK(left);
}

TEST_CASE("an exception in an installed function refuses the commit, and says which event") {
  MemoryStore store;
  REQUIRE(store.append({event("s"), event("s")}));
  std::vector<bool> settled;
  store.install(
      ProjectionId("orders"),
      [](const RecordedEvent& e) -> tl::expected<void, Failure> {
        if (e.position == Position{2}) throw std::runtime_error("table is gone");
        return {};
      },
      [&](bool stored) { settled.push_back(stored); });
  const auto page = store.perform(ReadEvents{});
  const auto saved = store.perform(commit(*page));
  REQUIRE_FALSE(saved);
  const auto& failed = std::get<WriteFailed>(saved.error());
  CHECK(failed.index == 1);
  CHECK_THAT(failed.cause.what, Catch::Contains("table is gone"));
  CHECK(settled == std::vector<bool>{false});
  CHECK(store.perform(LoadCheckpoint{ProjectionId("orders")}) == std::nullopt);
}

TEST_CASE("what is installed is settled once for each commit that it is called for") {
  MemoryStore store;
  REQUIRE(store.append({event("s"), event("s")}));
  std::vector<std::string> calls;
  store.install(
      ProjectionId("orders"),
      [&](const RecordedEvent&) -> tl::expected<void, Failure> {
        calls.push_back("apply");
        return {};
      },
      [&](bool stored) { calls.push_back(stored ? "keep" : "drop"); });
  const auto page = store.perform(ReadEvents{});
  SaveCheckpoint moved = commit(*page);
  moved.from = Position{1};
  REQUIRE_FALSE(store.perform(moved));
  CHECK(calls.empty());
  REQUIRE(store.perform(commit(*page)));
  CHECK(calls == std::vector<std::string>{"apply", "apply", "keep"});
}

TEST_CASE("an installed function may read and append") {
  MemoryStore store;
  REQUIRE(store.append({event("s")}));
  store.install(ProjectionId("orders"), [&](const RecordedEvent& e) -> tl::expected<void, Failure> {
    if (!store.append({event("derived", std::string(e.stream))})) return tl::unexpected(Failure());
    return {};
  });
  const auto page = store.perform(ReadEvents{});
  REQUIRE(store.perform(commit(*page)));
  CHECK(store.head() == Position{2});
}

TEST_CASE("appends go on while another thread is inside of a commit") {
  MemoryStore store;
  REQUIRE(store.append({event("s")}));
  std::latch inside(1), appended(1);
  store.install(ProjectionId("orders"), [&](const RecordedEvent&) -> tl::expected<void, Failure> {
    inside.count_down();
    appended.wait();
    return {};
  });
  const auto page = store.perform(ReadEvents{});
  std::jthread folding([&] { static_cast<void>(store.perform(commit(*page))); });
  inside.wait();
  CHECK(store.append({event("s")}));  // does not wait for the projection
  CHECK(store.perform(ReadEvents{})->size() == 2);
  appended.count_down();
}

TEST_CASE("by default, leases expire by the system's clock") {
  MemoryStore store;
  REQUIRE(store.perform(AcquireLease{ProjectionId("p"), "first", 1h}));
  const auto held = store.perform(AcquireLease{ProjectionId("p"), "second", 1h});
  REQUIRE_FALSE(held);
  CHECK(std::get<LeaseHeld>(held.error()).expires_in <= 1h);
  CHECK(std::get<LeaseHeld>(held.error()).expires_in > 1min);
}
