// Old events in runs over stores: live and rebuilt are the same, and an upcaster that is mended rescues what the broken
// one lost, from what the log has.
#include "lantern/blocking/rebuild_key.hpp"
#include "lantern/fold.hpp"
#include "views_world.hpp"

using namespace views_world;

namespace {

enum class Upcaster { good, broken, throwing };

/// Today an event is called "T" and of version 3. Up to version 2 its payload had a sign in front, and before that it
/// was called "Old".
struct Versioned : Chain {
  Upcaster upcaster = Upcaster::good;

  tl::expected<Upcasters, Failure> upcasters() const {
    return Upcasters::of({
        upcast({"Old", 1}, {"T", 1}, same_payload),
        upcast("T", 1,
               [how = upcaster](std::string_view payload) -> tl::expected<std::string, std::string> {
                 if (how == Upcaster::throwing && payload == "#b") throw std::runtime_error("not yet");
                 if (how == Upcaster::broken && payload == "#b") return tl::unexpected(std::string("cannot"));
                 return std::string(payload);
               }),
        upcast("T", 2, [](std::string_view payload) { return std::string(payload.substr(1)); }),
    });
  }
  EventFilter filter() const { return {.types = {"T"}}; }
};

/// The log as it came to be over the years, and what it says in today's words.
template <class Place>
void append_all(World<Place>& world) {
  const auto old_one = [](std::string type, std::int32_t version, std::string data) {
    return NewEvent{.stream = "s", .type = std::move(type), .data = std::move(data), .schema_version = version};
  };
  REQUIRE(world.store.append({old_one("Old", 1, "#a"), old_one("T", 1, "#b"), old_one("T", 2, "#a b"),
                              old_one("T", 3, "b"), old_one("T", 1, "#a"), old_one("Else", 1, "#a")}));
  for (const char* today : {"a", "b", "a b", "b", "a"}) {
    world.log.push_back({static_cast<std::int64_t>(world.log.size()) + 1, "T", today});
  }
}

}  // namespace

TEMPLATE_TEST_CASE("upcasting: live, in a rebuild and in a pure fold the views are what today's events would make", "",
                   OnMemory, OnSqlite) {
  World<TestType> world;
  append_all(world);
  Versioned live, again;
  REQUIRE(run_projection_blocking(live, world.store, ProjectionConfig().page_limit(2)));
  CHECK(testing::difference(world.views(), world.expected()) == "");
  const Finished rebuilt =
      run_projection_blocking(again, world.store, ProjectionConfig().rebuild_when(RebuildPolicy::always));
  REQUIRE(rebuilt);
  CHECK(rebuilt->generation == Generation{2});
  CHECK(testing::difference(world.views(), world.expected()) == "");

  const auto page = world.store.perform(ReadEvents{{}, {}, 100});
  REQUIRE(page);
  ViewsInMemory<Versioned> views;
  REQUIRE(fold(views, page->events()));
  const auto in_memory = views.views();
  for (const auto& [key, expected] : world.expected()) CHECK(in_memory.at(key).state == *expected.state);
}

TEMPLATE_TEST_CASE("T53 upcasting: a mended upcaster rescues what was quarantined: by key, or all in a rebuild", "",
                   OnMemory, OnSqlite) {
  const auto how = GENERATE(Upcaster::broken, Upcaster::throwing);
  const auto strategy = GENERATE(FailureStrategy::Skip, FailureStrategy::Retry);
  World<TestType> world;
  append_all(world);
  Versioned broken;
  broken.upcaster = how;
  broken.strategy = strategy;
  ProjectionConfig config;
  config.event_retry.max_attempts = 1;
  config.event_retry.backoff.base = *Delay::of(std::chrono::nanoseconds(1));
  config.event_retry.when_exhausted = Escalation::quarantine_key;
  const Finished end = run_projection_blocking(broken, world.store, config);
  REQUIRE(end);
  CHECK(end->quarantined == 1);  // of no key: that is known only once it is decoded
  CHECK(testing::difference(world.views(), testing::naive_fold(world.log, world.head(), 1, {{2, "b"}})) == "");

  Versioned mended;
  SECTION("by key") {
    const auto rebuilt = rebuild_key(mended, world.store, "b");
    REQUIRE(rebuilt);
    CHECK(rebuilt->passed == 0);
    CHECK(testing::difference(world.views(), world.expected()) == "");
  }
  SECTION("all of them") {
    REQUIRE(run_projection_blocking(mended, world.store, ProjectionConfig().rebuild_when(RebuildPolicy::always)));
    CHECK(testing::difference(world.views(), world.expected()) == "");
  }
}

TEMPLATE_TEST_CASE("upcasting: an upcaster that fails ends a run before its event, and a mended one goes on with it",
                   "", OnMemory, OnSqlite) {
  World<TestType> world;
  append_all(world);
  Versioned broken;
  broken.upcaster = Upcaster::throwing;
  const Finished end = run_projection_blocking(broken, world.store);
  REQUIRE_FALSE(end);
  CHECK(end.error().kind == ErrorKind::event_failed);
  CHECK(end.error().position == Position{2});
  CHECK(end.error().stream == "s");
  CHECK(end.error().event_type == "T");
  CHECK_THAT(end.error().message(), Catch::Contains("the upcaster from T version 1 to T version 2 failed: not yet"));
  CHECK(world.checkpoint().position == Position{1});
  Versioned mended;
  REQUIRE(run_projection_blocking(mended, world.store));
  CHECK(testing::difference(world.views(), world.expected()) == "");
}

TEST_CASE("upcasting: a view is not rebuilt with upcasters that are in error, and nothing is changed") {
  struct Wrong : Versioned {
    static tl::expected<Upcasters, Failure> upcasters() { return Upcasters::of({upcast("T", 2, same_payload)}); }
  };
  World<OnMemory> world;
  append_all(world);
  Versioned good;
  REQUIRE(run_projection_blocking(good, world.store));
  Wrong wrong;
  const auto rebuilt = rebuild_key(wrong, world.store, "b");
  REQUIRE_FALSE(rebuilt);
  CHECK_THAT(to_string(rebuilt.error()), Catch::Contains("no step leads on from T version 1"));
  CHECK(testing::difference(world.views(), world.expected()) == "");
}
