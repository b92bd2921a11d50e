#include <rapidcheck.h>

#include "lantern/refuse.hpp"
#include "streams_world.hpp"

using namespace streams_world;

namespace {

constexpr StreamVersion at(std::int64_t version) { return StreamVersion{version}; }

template <class Store>
SaveCheckpoint::reply move(Store& store, std::vector<CursorMove> moves) {
  SaveCheckpoint save;
  save.projection = id;
  save.generation = Generation{1};
  save.cursors = std::move(moves);
  return store.perform(save);
}

}  // namespace

TEST_CASE("T8: a stream without a cursor is absent, which is not 0") {
  StreamCursors cursors;
  CHECK_FALSE(cursors.of("a"));
  CHECK(cursors.advance("a", at(0)));
  CHECK(cursors.of("a") == at(0));
  CHECK_FALSE(cursors == StreamCursors{});
}

TEST_CASE("T9: a cursor only rises") {
  rc::check([](const std::vector<std::pair<std::string, std::int64_t>>& steps) {
    StreamCursors cursors;
    std::map<std::string, std::int64_t> greatest;
    for (const auto& [stream, version] : steps) {
      const auto known = greatest.find(stream);
      const bool rises = known == greatest.end() || version > known->second;
      RC_ASSERT(cursors.advance(stream, at(version)) == rises);
      if (rises) greatest[stream] = version;
      RC_ASSERT(cursors.of(stream) == at(greatest[stream]));
    }
    RC_ASSERT(cursors.size() == greatest.size());
  });
}

TEMPLATE_TEST_CASE("T8, T9: a commit that would lower a cursor, or keep it, is refused, and changes nothing", "", OnMemory,
                   OnSqlite) {
  World<TestType> world;
  REQUIRE(move(world.store, {{"a", {}, at(5)}, {"b", {}, at(2)}}));
  for (const CursorMove& bad :
       {CursorMove{"a", at(5), at(5)}, CursorMove{"a", at(5), at(4)}, CursorMove{"c", {}, at(0)}, CursorMove{"", {}, at(1)}}) {
    const auto refused = move(world.store, {{"b", at(2), at(3)}, bad});
    REQUIRE_FALSE(refused);
    CHECK(std::get<Failure>(refused.error()).kind == FailureKind::invalid);
  }
  const auto twice = move(world.store, {{"b", at(2), at(3)}, {"b", at(3), at(4)}});
  REQUIRE_FALSE(twice);
  CHECK(std::get<Failure>(twice.error()).kind == FailureKind::invalid);
  CHECK(world.cursors() == StreamCursors{{"a", at(5)}, {"b", at(2)}});
}

TEMPLATE_TEST_CASE("R2, T13: a commit moves the cursors that it names, if they are where it says, and no other", "",
                   OnMemory, OnSqlite) {
  World<TestType> world;
  REQUIRE(move(world.store, {{"a", {}, at(5)}, {"b", {}, at(2)}}));
  REQUIRE(move(world.store, {{"b", at(2), at(7)}}));
  CHECK(world.cursors() == StreamCursors{{"a", at(5)}, {"b", at(7)}});
  for (const CursorMove& bad : {CursorMove{"a", at(4), at(6)}, CursorMove{"a", {}, at(6)}, CursorMove{"c", at(1), at(2)}}) {
    const auto refused = move(world.store, {{"b", at(7), at(8)}, bad});
    REQUIRE_FALSE(refused);
    CHECK(refused.error() == SaveError(CursorMoved{bad.stream, bad.stream == "a" ? std::optional(at(5)) : std::nullopt}));
  }
  CHECK(world.cursors() == StreamCursors{{"a", at(5)}, {"b", at(7)}});
}

TEMPLATE_TEST_CASE("T12, T47: cursors of different projections and tenants are their own, whatever their names", "",
                   OnMemory, OnSqlite) {
  World<TestType> world;
  const std::vector<ProjectionId> names{{"a"}, {"a/b"}, {"a", "b"}, {"b", "a"}, {"a:b"}, {"'; --"}, {"a%"}};
  std::int64_t version = 0;
  for (const ProjectionId& name : names) {
    SaveCheckpoint save;
    save.projection = name;
    save.generation = Generation{1};
    save.cursors = {{"s", {}, at(++version)}};
    REQUIRE(world.store.perform(save));
  }
  version = 0;
  for (const ProjectionId& name : names) {
    const auto found = world.store.perform(LoadCheckpoint{name});
    REQUIRE(found);
    CHECK((*found)->cursors == StreamCursors{{"s", at(++version)}});
  }
}

TEMPLATE_TEST_CASE("T17: streams are listed in order, by a literal prefix, page by page, each with its extent", "",
                   OnMemory, OnSqlite) {
  World<TestType> world{{"t1/a", 2}, {"t10/a", 1}, {"t1/b", 3}, {"T1/a", 1}, {"t1", 1}, {"%", 1}, {"t1/\xC3\xA4", 1}};
  std::vector<std::string> names;
  for (const auto& [stream, events] : world.written) names.push_back(stream);
  std::ranges::sort(names);
  for (const std::string prefix : {"", "t1", "t1/", "t", "%", "t1/\xC3", "u", "t1/b"}) {
    for (std::uint32_t limit = 1; limit <= 8; ++limit) {
      std::vector<StreamExtent> found;
      ListStreams list{prefix, {}, limit, {}};
      for (;;) {
        const auto page = world.store.perform(list);
        REQUIRE(page);
        REQUIRE(page->streams.size() <= limit);
        found.insert(found.end(), page->streams.begin(), page->streams.end());
        if (page->streams.size() < limit) break;
        list.after = found.back().stream;
      }
      std::vector<StreamExtent> expected;
      for (const std::string& name : names) {
        if (name.starts_with(prefix)) expected.push_back({name, at(1), at(world.written[name])});
      }
      CHECK(found == expected);
    }
  }
}

TEMPLATE_TEST_CASE("streams that got events since are listed, and the same is found among few events and among many", "",
                   OnMemory, OnSqlite) {
  World<TestType> world;
  for (int i = 0; i < 40; ++i) world.append("s" + std::to_string(i), 1);
  const auto before = world.store.perform(ListStreams{"s", {}, 1000, {}});
  REQUIRE(before);
  REQUIRE(before->streams.size() == 40);
  world.append("s3", 1);
  world.append("s77", 2);
  world.append("other", 1);
  const auto few = world.store.perform(ListStreams{"s", {}, 1000, before->as_of});
  REQUIRE(few);
  CHECK(few->streams == std::vector<StreamExtent>{{"s3", at(1), at(2)}, {"s77", at(1), at(2)}});
  CHECK(world.store.perform(ListStreams{"s", "s3", 1000, before->as_of})->streams ==
        std::vector<StreamExtent>{{"s77", at(1), at(2)}});
  CHECK(world.store.perform(ListStreams{"s", {}, 1000, few->as_of})->streams.empty());
  world.append("other", 5000);
  const auto many = world.store.perform(ListStreams{"s", {}, 1000, before->as_of});
  REQUIRE(many);
  CHECK(many->streams.size() >= 2);
  CHECK(std::ranges::find(many->streams, StreamExtent{"s77", at(1), at(2)}) != many->streams.end());
}

TEMPLATE_TEST_CASE("a stream is read in its own order, after a version, by types, in slices", "", OnMemory, OnSqlite) {
  World<TestType> world;
  for (int i = 0; i < 30; ++i) world.append(i % 3 == 0 ? "b" : "a", 1, i % 2 == 0 ? "even" : "odd");
  for (const std::vector<std::string>& types : {std::vector<std::string>{}, {"even"}, {"odd", "none"}, {"none"}}) {
    for (std::uint32_t limit : {1U, 2U, 7U, 100U}) {
      std::vector<std::int64_t> versions;
      ReadStream read{"a", types, {}, limit};
      for (;;) {
        const auto slice = world.store.perform(read);
        REQUIRE(slice);
        CHECK(slice->head == at(20));
        for (const RecordedEvent& event : slice->page.events()) {
          CHECK(event.stream == "a");
          CHECK((types.empty() || std::ranges::find(types, event.type) != types.end()));
          versions.push_back(event.version);
        }
        if (slice->at_head()) break;
        REQUIRE(slice->scanned_to > read.after);
        read.after = slice->scanned_to;
      }
      CHECK(std::ranges::is_sorted(versions));
      CHECK(versions.size() == (types.empty() ? 20U : types[0] == "none" ? 0U : 10U));
    }
  }
  const auto unknown = world.store.perform(ReadStream{"nobody", {}, {}, 10});
  REQUIRE(unknown);
  CHECK((unknown->page.empty() && !unknown->head && unknown->at_head()));
  const auto beyond = world.store.perform(ReadStream{"a", {}, at(20), 10});
  REQUIRE(beyond);
  CHECK((beyond->page.empty() && beyond->scanned_to == at(20) && beyond->at_head()));
  CHECK_FALSE(world.store.perform(ReadStream{"a", {}, {}, 0}));
  CHECK_FALSE(world.store.perform(ReadStream{"", {}, {}, 1}));
  CHECK_FALSE(world.store.perform(ListStreams{"", {}, 0, {}}));
}

TEST_CASE("selections: names, prefixes and categories are literal") {
  const auto named = StreamSelection::list({"b", "a", "b"});
  CHECK(named.names() == std::vector<std::string>{"a", "b"});
  CHECK((named.contains("a") && !named.contains("c") && named.prefix().empty()));
  CHECK(StreamSelection::list({"order-1", "order-22"}).prefix() == "order-");
  CHECK(StreamSelection::list({"order-1", "order-22"}).contains("order-22"));
  CHECK_FALSE(StreamSelection::list({"order-1", "order-22"}).contains("order-2"));
  CHECK_FALSE(StreamSelection::list({}).contains(""));
  const auto orders = StreamSelection::category("order");
  CHECK((orders.contains("order-1") && !orders.contains("order") && !orders.contains("orders-1")));
  CHECK_FALSE(StreamSelection::category("a-b").contains("a-b-1"));
  CHECK(StreamSelection::all().contains("anything"));
}
