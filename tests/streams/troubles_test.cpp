#include "lantern/observer.hpp"
#include "streams_world.hpp"

using namespace streams_world;

namespace {
constexpr StreamVersion at(std::int64_t version) { return StreamVersion{version}; }
const Failure away(FailureKind::unavailable, "away");
}  // namespace

TEMPLATE_TEST_CASE("T20, R8: a stream that cannot be read does not hold up the others, and the run says so", "",
                   OnMemory, OnSqlite) {
  World<TestType> world{{"a", 2}, {"b", 3}, {"c", 1}};
  Watched<decltype(world.store)> watched{world.store};
  watched.spoil = [](const std::string& stream) { return stream == "b" ? std::optional(away) : std::nullopt; };
  PerStream projector;
  const Finished end = run_projection_blocking(projector, watched, over(StreamSelection::all()));
  REQUIRE_FALSE(end);
  CHECK(end.error().kind == ErrorKind::poll_failed);
  CHECK(end.error().stream == "b");
  CHECK(end.error().cause == away);
  CHECK(watched.asked["ReadStream"] == 2 + 5);  // as often as the configuration says
  CHECK(world.cursors() == StreamCursors{{"a", at(2)}, {"c", at(1)}});
  CHECK(end.error().progress.cursors == world.cursors());
  CHECK(world.views() == views_at(world.cursors()));
  watched.spoil = {};
  CHECK(run(watched, over(StreamSelection::all())).applied == 3);
  CHECK(world.views() == views_at(StreamCursors{{"a", at(2)}, {"b", at(3)}, {"c", at(1)}}));
}

TEMPLATE_TEST_CASE("T20: an event that fails stops its stream only, unless the policy says stop", "", OnMemory,
                   OnSqlite) {
  World<TestType> world{{"a", 2}, {"b", 5}, {"c", 1}, {"d", 4}};
  const bool stops = GENERATE(false, true);
  const bool pages_of_one = GENERATE(false, true);
  PerStream projector;
  projector.fails = {{{"b", 3}, -1}, {{"c", 1}, -1}};
  projector.strategy = GENERATE(FailureStrategy::Fatal, FailureStrategy::Retry);
  auto config = over(StreamSelection::all());
  if (pages_of_one) config.page_limit(1);
  if (stops) config.when_stream_fails(WhenStreamFails::stop);
  const Finished end = run_projection_blocking(projector, world.store, config);
  REQUIRE_FALSE(end);
  CHECK(end.error().stream == "b");
  CHECK(end.error().attempt == (projector.strategy == FailureStrategy::Retry ? 3 : 1));
  const auto done =
      stops ? StreamCursors{{"a", at(2)}, {"b", at(2)}} : StreamCursors{{"a", at(2)}, {"b", at(2)}, {"d", at(4)}};
  CHECK(world.cursors() == done);
  CHECK(world.views() == views_at(done));
  run(world.store, over(StreamSelection::all()));
  CHECK(world.views() == views_at(StreamCursors{{"a", at(2)}, {"b", at(5)}, {"c", at(1)}, {"d", at(4)}}));
}

TEMPLATE_TEST_CASE("a continuous run tries a stream again that it set aside, and goes on with it", "", OnMemory,
                   OnSqlite) {
  World<TestType> world{{"a", 2}, {"b", 3}};
  PerStream projector;
  projector.fails = {{{"b", 2}, 3}};
  std::stop_source stop;
  int set_aside = 0;
  const Observer watcher([&](const ProjectionId&, const Happening& what) {
    if (const auto* aside = std::get_if<happening::StreamSetAside>(&what)) {
      ++set_aside;
      CHECK(aside->stream == "b");
      CHECK(aside->at == at(1));
    }
    if (const auto* committed = std::get_if<happening::Committed>(&what); committed && set_aside == 3)
      stop.request_stop();
  });
  auto config = over(StreamSelection::all());
  Observer observer = watcher;
  config.continuous().poll_every(std::chrono::microseconds(10)).tell(observer);
  config.poll.empty_poll_backoff = std::chrono::microseconds(1);
  const Finished end = run_projection_blocking(projector, world.store, config, stop.get_token());
  REQUIRE(end);
  CHECK(set_aside == 3);
  CHECK(world.views() == views_at(StreamCursors{{"a", at(2)}, {"b", at(3)}}));
}

TEMPLATE_TEST_CASE("quarantined events of one stream are passed, in a commit with their records", "", OnMemory,
                   OnSqlite) {
  World<TestType> world{{"a", 2}, {"b", 3}};
  PerStream projector;
  projector.fails = {{{"b", 2}, -1}};
  projector.strategy = FailureStrategy::Skip;
  const RunSummary done = run(world.store, over(StreamSelection::all()), projector);
  CHECK(done.quarantined == 1);
  CHECK(done.cursors == StreamCursors{{"a", at(2)}, {"b", at(3)}});
  CHECK(world.views().at("b") == std::to_string(link(link(0, 1), 3)));
}

TEMPLATE_TEST_CASE(
    "T49, T50: a stream that was cut off or made anew is set aside, with what was expected and what is there", "",
    OnMemory, OnSqlite) {
  World<TestType> world{{"a", 5}, {"b", 5}, {"c", 5}};
  run(world.store, over(StreamSelection::all()));
  world.append("a", 1);
  world.append("b", 1);
  world.append("c", 1);
  Watched<decltype(world.store)> watched{world.store};
  watched.relabel = [](StreamPage& page) {
    for (StreamExtent& stream : page.streams) {
      if (stream.stream == "b") stream = {"b", at(1), at(2)};  // made anew
      if (stream.stream == "c") stream = {"c", at(7), at(9)};  // event 6 is gone
    }
  };
  PerStream projector;
  const Finished end = run_projection_blocking(projector, watched, over(StreamSelection::all()));
  REQUIRE_FALSE(end);
  CHECK(end.error().kind == ErrorKind::source_changed);
  CHECK(end.error().stream == "b");
  CHECK_THAT(end.error().what, Catch::Contains("expected events up to 5, found 1 to 2") && Catch::Contains("1 other"));
  CHECK(world.cursors() == StreamCursors{{"a", at(6)}, {"b", at(5)}, {"c", at(5)}});
  CHECK(world.views() == views_at(world.cursors()));
}

TEST_CASE("a store that does not read stream by stream is told apart from one without streams") {
  World<OnMemory> world{{"a", 1}};
  struct WholeLogOnly {
    MemoryStore& store;
    LoadCheckpoint::reply perform(const LoadCheckpoint& e) { return store.perform(e); }
    ReadEvents::reply perform(const ReadEvents& e) { return store.perform(e); }
    SaveCheckpoint::reply perform(const SaveCheckpoint& e) { return store.perform(e); }
    LoadViews::reply perform(const LoadViews& e) { return store.perform(e); }
  } plain{world.store};
  Unguarded store(plain);
  PerStream projector;
  const Finished end = run_projection_blocking(projector, store, over(StreamSelection::all()));
  REQUIRE_FALSE(end);
  CHECK(end.error().kind == ErrorKind::poll_failed);
  CHECK(end.error().cause->kind == FailureKind::unsupported);
}
