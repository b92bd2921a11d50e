// The log: appending and reading.
#include <atomic>
#include <limits>
#include <map>
#include <thread>

#include "files.hpp"

using namespace lantern;
using namespace lantern::testing_sqlite;

namespace {

EventFilter of_prefix(std::string prefix) {
  EventFilter filter;
  filter.stream_prefix = std::move(prefix);
  return filter;
}
EventFilter of_stream(std::string stream) {
  EventFilter filter;
  filter.stream = std::move(stream);
  return filter;
}

}  // namespace

TEST_CASE("what is read is what was appended, byte for byte") {
  const Folder folder;
  const HandClock clock;
  auto store = open_store(folder / "a.db", {.clock = clock.source()});
  const std::string odd("\0\xFF not { json \"'", 17);
  NewEvent first = event("größe/'; DROP TABLE lantern_events;--", "Type, with \"quotes\"", odd, "id'1");
  first.meta = odd;
  first.ts = "2024-05-01T10:00:00+02:00";
  first.schema_version = 3;
  NewEvent second = event("s", "T", "");
  appended(store, {first, second});

  const auto page = store.perform(ReadEvents{});
  REQUIRE(page);
  REQUIRE(page->size() == 2);
  CHECK(page->events()[0] == RecordedEvent{Position{1}, first.stream, 1, first.type, 3, odd, first.id, odd, first.ts});
  CHECK(page->events()[1] == RecordedEvent{Position{2}, "s", 1, "T", 1, "", "", "", "2023-11-14T22:13:20.000000Z"});
  CHECK(page->head == Position{2});
  CHECK(page->scanned_to == Position{2});
  const PlainSqlite plain(folder / "a.db");
  CHECK(plain.run("SELECT id IS NULL, meta IS NULL FROM lantern_events") == std::vector<std::string>{"0|0", "1|1"});
}

TEST_CASE("an event of some MiB passes through") {
  const Folder folder;
  auto store = open_store(folder / "a.db");
  const std::string big(5 << 20, 'x');
  appended(store, {event("s", "T", big), event("s"), event("s")});
  const auto page = store.perform(ReadEvents{{}, std::nullopt, 10, 1000});
  REQUIRE(page);
  REQUIRE(page->size() == 1);  // one event is always allowed
  CHECK(page->events()[0].data == big);
  CHECK(page->scanned_to == Position{1});
  CHECK_FALSE(page->at_head());
  CHECK(store.perform(ReadEvents{{}, Position{1}, 10, 1000})->size() == 2);
  CHECK(store.perform(ReadEvents{{}, Position{1}, 10, 0})->size() == 1);
}

TEST_CASE("a conflict of versions carries both, and appends nothing") {
  const Folder folder;
  auto store = open_store(folder / "a.db");
  appended(store, {event("a"), event("a"), event("b")}, {{"a", 0}, {"b", 0}, {"c", 0}});

  const auto conflict = [&](std::vector<ExpectedVersion> expected) {
    const auto done = store.append({event("b"), event("a")}, std::move(expected));
    REQUIRE_FALSE(done);
    return std::get<VersionConflict>(done.error());
  };
  CHECK(conflict({{"a", 1}}) == VersionConflict{"a", 1, 2});
  CHECK(conflict({{"b", 1}, {"a", 0}}) == VersionConflict{"a", 0, 2});
  CHECK(conflict({{"never-seen", 4}}) == VersionConflict{"never-seen", 4, 0});
  CHECK(*store.head() == Position{3});

  CHECK(appended(store, {event("a"), event("b")}, {{"a", 2}, {"b", 1}}) == Appended{2, 0, Position{5}});
}

TEST_CASE("appending an id again adds nothing, with the same content") {
  const Folder folder;
  auto store = open_store(folder / "a.db");
  const std::vector<NewEvent> batch{event("a", "T", "1", "i1"), event("b", "T", "2", "i2"), event("a", "T", "3")};
  CHECK(appended(store, batch, {{"a", 0}}) == Appended{3, 0, Position{3}});

  // A producer that did not hear the answer asks again. The event without an id is a new one.
  CHECK(appended(store, {batch[0], batch[1]}, {{"a", 0}}) == Appended{0, 2, Position{3}});
  CHECK(appended(store, batch) == Appended{1, 2, Position{4}});
  CHECK(appended(store, {event("c", "T", "9", "i9"), event("c", "T", "9", "i9")}) == Appended{1, 1, Position{5}});
  CHECK(walk(store, of_stream("a")).size() == 3);

  // The version before a batch with something new in it must still be the expected one.
  const auto stale = store.append({batch[0], event("a")}, {{"a", 0}});
  REQUIRE_FALSE(stale);
  CHECK(std::get<VersionConflict>(stale.error()) == VersionConflict{"a", 0, 3});
}

TEST_CASE("an id that is taken by another event is a conflict that says where") {
  const Folder folder;
  auto store = open_store(folder / "a.db");
  NewEvent original = event("a", "T", "1", "i1");
  original.meta = "m";
  appended(store, {event("z"), original});
  const auto conflict = [&](std::vector<NewEvent> events) {
    const auto done = store.append(std::move(events));
    REQUIRE_FALSE(done);
    return std::get<IdConflict>(done.error());
  };
  for (const auto member : {&NewEvent::stream, &NewEvent::type, &NewEvent::data, &NewEvent::meta}) {
    NewEvent other = original;
    other.*member += "x";
    CHECK(conflict({event("new"), other}) == IdConflict{1, "i1", Position{2}});
  }
  NewEvent later = original;
  later.ts = "2030-01-01T00:00:00Z";  // when it was told is not what was told
  CHECK(appended(store, {later}).duplicates == 1);
  CHECK(conflict({event("x", "T", "1", "n"), event("x", "T", "2", "n")}) == IdConflict{1, "n", Position{0}});
  CHECK(*store.head() == Position{2});
}

TEST_CASE("positions and versions are dense whatever was refused or repeated before") {
  const Folder folder;
  auto store = open_store(folder / "a.db");
  for (int i = 0; i < 5; ++i) {
    const std::string id = "i" + std::to_string(i);
    appended(store, {event("a", "T", "1", id)});
    appended(store, {event("a", "T", "1", id)});
    CHECK_FALSE(store.append({event("a"), event("a", "T", "2", id)}));
    CHECK_FALSE(store.append({event("a")}, {{"a", 99}}));
  }
  const auto page = store.perform(ReadEvents{});
  REQUIRE(page->size() == 5);
  for (const auto& e : page->events()) CHECK(e.version == e.position.value);
}

TEST_CASE("names that no name can be are refused, and nothing is appended") {
  const Folder folder;
  auto store = open_store(folder / "a.db");
  const std::string bad = GENERATE(as<std::string>{}, std::string("a\0b", 3), "\xC0\xAF", std::string(1025, 'x'));
  for (const auto member : {&NewEvent::stream, &NewEvent::type, &NewEvent::id}) {
    NewEvent wrong = event("s", "T", "", "i");
    wrong.*member = bad;
    const auto done = store.append({event("s"), wrong});
    REQUIRE_FALSE(done);
    CHECK(std::get<Failure>(done.error()).kind == FailureKind::invalid);
  }
  CHECK_FALSE(store.append({event("")}));
  CHECK_FALSE(store.append({event("s", "")}));
  NewEvent unversioned = event("s");
  unversioned.schema_version = 0;
  CHECK_FALSE(store.append({unversioned}));
  CHECK(*store.head() == std::nullopt);
}

TEST_CASE("a page of nothing is refused, and the ends of the log are plain") {
  const Folder folder;
  auto store = open_store(folder / "a.db");
  CHECK(store.perform(ReadEvents{{}, std::nullopt, 0}).error().kind == FailureKind::invalid);

  const auto empty = store.perform(ReadEvents{});
  CHECK(empty->at_head());
  CHECK(empty->scanned_to == std::nullopt);
  CHECK(empty->head == std::nullopt);

  appended(store, {event("s"), event("s")});
  for (const std::int64_t after : {std::int64_t{2}, std::int64_t{3}, std::numeric_limits<std::int64_t>::max()}) {
    const auto page = store.perform(ReadEvents{{}, Position{after}, 10});
    REQUIRE(page);
    CHECK(page->empty());
    CHECK(page->at_head());
    CHECK(page->scanned_to == Position{after});
    CHECK(page->head == Position{2});
  }
  CHECK(store.perform(ReadEvents{{}, Position{std::numeric_limits<std::int64_t>::min()}, 10})->size() == 2);
}

// Every stream of up to two letters over an alphabet of troublemakers, and every prefix of up to two of them: what is
// read, in pages of any size, is what EventFilter::matches lets through.
TEST_CASE("filters are literal, for every stream, prefix and type, and for every page size") {
  const Folder folder;
  auto store = open_store(folder / "a.db", {.durability = Durability::normal});
  const std::vector<std::string> letters{"a", "A", "%", "_", "'", "\"", "\\", "*", "ä", "\x7F", "\xF4\x8F\xBF\xBF"};
  std::vector<std::string> words = letters;
  for (const auto& a : letters) {
    for (const auto& b : letters) words.push_back(a + b);
  }
  std::vector<NewEvent> events;
  for (std::size_t i = 0; i < words.size(); ++i) {
    for (std::size_t n = 0; n <= i % 3; ++n) events.push_back(event(words[i], words[(i + n) % letters.size()]));
  }
  appended(store, events);

  const auto expected = [&](const EventFilter& filter) {
    std::vector<std::pair<std::int64_t, std::string>> found;
    for (std::size_t i = 0; i < events.size(); ++i) {
      RecordedEvent e;
      e.stream = events[i].stream;
      e.type = events[i].type;
      if (filter.matches(e)) found.emplace_back(static_cast<std::int64_t>(i) + 1, events[i].stream);
    }
    return found;
  };
  words.push_back("");
  words.push_back("\xF4");                  // half a character is a prefix too
  words.push_back("\xF4\x8F\xBF\xBF\xFF");  // a prefix whose end is that of a shorter one
  words.push_back("\xFF");
  std::size_t checked = 0;
  for (const auto& word : words) {
    for (const bool with_types : {false, true}) {
      EventFilter filters[] = {of_prefix(word), of_stream(word), of_stream("a")};
      filters[2].stream_prefix = word;
      for (auto& filter : filters) {
        if (with_types) filter.types = {"a", "%", "_", "nothing", "'"};
        const auto want = expected(filter);
        for (const std::uint32_t limit : {1U, 3U, 1000U}) {
          if (limit == 1 && want.size() > 40) continue;
          const auto got = walk(store, filter, limit);
          if (got != want) {
            INFO("prefix " << word << ", limit " << limit);
            REQUIRE(got == want);
          }
          ++checked;
        }
      }
    }
  }
  CHECK(checked > 2000);
}

TEST_CASE("too many types are refused rather than half read") {
  const Folder folder;
  auto store = open_store(folder / "a.db");
  appended(store, {event("s", "t9999")});
  EventFilter filter;
  for (int i = 0; i < 10000; ++i) filter.types.push_back("t" + std::to_string(i));
  CHECK(store.perform(ReadEvents{filter})->size() == 1);
  filter.types.push_back("one more");
  CHECK(store.perform(ReadEvents{filter}).error().kind == FailureKind::unsupported);
}

TEST_CASE("while others append, a reader that follows misses nothing and sees nothing twice") {
  const Folder folder;
  constexpr int writers = 3, each = 150;
  open_store(folder / "a.db");
  std::vector<std::thread> threads;
  std::atomic<int> failures = 0;
  for (int w = 0; w < writers; ++w) {
    threads.emplace_back([&, w] {
      auto store = SqliteStore::open(folder / "a.db",
                                     {.durability = Durability::normal, .busy_timeout = std::chrono::minutes(1)});
      for (int i = 0; i < each; ++i) {
        if (!store || !store->append({event("w" + std::to_string(w), "T", std::to_string(i))})) ++failures;
      }
    });
  }
  auto store = open_store(folder / "a.db");
  std::map<std::string, int> next;
  std::optional<Position> after;
  for (int seen = 0; seen < writers * each && failures == 0;) {
    const auto page = store.perform(ReadEvents{{}, after, 7});
    if (!page) break;
    for (const auto& e : page->events()) {
      ++seen;
      const int expected = next[std::string(e.stream)]++;
      if (e.data != std::to_string(expected)) ++failures;
    }
    after = page->scanned_to;
  }
  for (auto& thread : threads) thread.join();
  CHECK(failures == 0);
  CHECK(next == std::map<std::string, int>{{"w0", each}, {"w1", each}, {"w2", each}});
}
