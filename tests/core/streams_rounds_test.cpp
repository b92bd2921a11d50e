// Rounds of a run over streams: which are listed and read, how far, and what ends a round or begins the next.
#include "keyed_probe.hpp"
#include "streams_story.hpp"

using namespace lantern;
using namespace lantern::story;
using namespace std::chrono_literals;
using Reason = Sleep::Reason;

TEST_CASE("of the streams that are listed, those are read that the filter and the selection both let through") {
  struct Filtered : Probe<> {
    EventFilter lets{};
    EventFilter filter() const { return lets; }
  };
  struct Case {
    const char* name;
    StreamSelection selection;
    EventFilter filter;
    std::vector<std::string> read;
  };
  using Which = StreamSelection;
  const std::vector<std::string> all = {"a", "ab", "b"};
  const Case cases[] = {
      {"all", Which::all(), {}, all},
      {"types say nothing of streams", Which::all(), {{}, {}, {"T"}}, all},
      {"one stream", Which::all(), {"a", {}, {}}, {"a"}},
      {"a prefix", Which::all(), {{}, "a", {}}, {"a", "ab"}},
      {"a stream of another prefix", Which::all(), {"b", "a", {}}, {}},
      {"a stream of that prefix", Which::all(), {"ab", "a", {}}, {"ab"}},
      {"selected by name", Which::list({"a", "b"}), {{}, "a", {}}, {"a"}},
      {"selected by prefix", Which::with_prefix("a"), {"ab", {}, {}}, {"ab"}},
      {"selected otherwise", Which::one("b"), {"a", {}, {}}, {}},
  };
  for (const Case& c : cases) {
    INFO(c.name);
    Filtered probe;
    probe.lets = c.filter;
    Step s = listing(probe, steady().over(c.selection));
    // A store may list more than has the prefix of a list of names.
    std::vector<std::string> listed = all;
    std::erase_if(listed, [&](const auto& stream) { return !stream.starts_with(c.selection.prefix()); });
    s = expect<ListStreams>(s).answer(StreamPage{some(listed), {}}, t0);
    std::vector<std::string> read;
    while (!s.finished()) {
      if (s.asks<SaveCheckpoint>()) {
        s = expect<SaveCheckpoint>(s).answer(Saved{}, t0);
        continue;
      }
      auto request = expect<ReadStream>(s);
      read.push_back(request.effect().stream);
      CHECK(request.effect().types == c.filter.types);
      s = std::move(request).answer(slice({1}, 1, 1, read.back()), t0);
    }
    CHECK(read == c.read);
    CHECK(success(s).applied == c.read.size());
  }
}

TEST_CASE("a list of names is asked for page by page, until all names are behind it") {
  Probe<> probe;
  const auto names = [&](std::vector<std::string> list) {
    return listing(probe, steady().page_limit(2).over(StreamSelection::list(std::move(list))));
  };
  SECTION("no names: one page, whatever it holds") {
    Step s = names({});
    s = expect(s, ListStreams{"", {}, 2, {}}).answer(StreamPage{some({"a", "b"}), {}}, t0);
    CHECK(success(s).applied == 0);
  }
  SECTION("a full page that ends with the last name is the last") {
    Step s = names({"pb", "pa"});
    s = expect(s, ListStreams{"p", {}, 2, {}}).answer(StreamPage{some({"pa", "pb"}), {}}, t0);
    CHECK(expect<ReadStream>(s).effect().stream == "pa");
  }
  SECTION("one that ends behind the last name is, too") {
    Step s = names({"pa", "pb"});
    s = expect(s, ListStreams{"p", {}, 2, {}}).answer(StreamPage{some({"p", "pc"}), {}}, t0);
    CHECK(success(s).applied == 0);
  }
  SECTION("one that ends before it is not") {
    Step s = names({"pa", "pc"});
    s = expect(s, ListStreams{"p", {}, 2, {}}).answer(StreamPage{some({"pa", "pb"}), {}}, t0);
    s = expect(s, ListStreams{"p", "pb", 2, {}}).answer(StreamPage{some({"pc"}), {}}, t0);
    CHECK(expect<ReadStream>(s).effect().stream == "pa");
  }
  SECTION("by prefix there may always be more") {
    Step s = listing(probe, steady().page_limit(2).over(StreamSelection::with_prefix("p")));
    s = expect(s, ListStreams{"p", {}, 2, {}}).answer(StreamPage{some({"pa", "pb"}), {}}, t0);
    s = expect(s, ListStreams{"p", "pb", 2, {}}).answer(StreamPage{}, t0);
    CHECK(expect<ReadStream>(s).effect().stream == "pa");
  }
}

TEST_CASE("a stream is read as far as the list says, and what came since is left to the next round") {
  Probe<> probe;
  Step s = listing(probe, over_all().page_limit(2));
  s = expect<ListStreams>(s).answer(StreamPage{{extent("s", 1, 3)}, {}}, t0);
  s = expect<ReadStream>(s).answer(slice({1, 2}, 2, 9), t0);
  s = expect<SaveCheckpoint>(s).answer(Saved{}, t0);
  auto next = expect<ReadStream>(s);  // not yet as far
  CHECK(next.effect().after == StreamVersion{2});
  s = std::move(next).answer(slice({3, 4}, 4, 9), t0);
  s = expect<SaveCheckpoint>(s).answer(Saved{}, t0);
  CHECK(success(s).cursors == StreamCursors{{"s", StreamVersion{4}}});
  CHECK(probe.applied == Positions{1, 2, 3, 4});
}

TEST_CASE("a stream that is tried again is read to its head, since no list says how far") {
  Probe<> probe;
  auto config = over_all().page_limit(1).continuous();
  config.poll.max_consecutive_failures = 1;
  config.poll.failure_backoff = {.base = 1ns, .multiplier = 1, .cap = 1ns, .jitter = 0};
  Step s = listing(probe, config);
  s = expect<ListStreams>(s).answer(StreamPage{{extent("s", 1, 1)}, Position{1}}, t0);
  s = expect<ListStreams>(s).answer(StreamPage{{}, Position{1}}, t0);
  s = expect<ReadStream>(s).answer(tl::unexpected(broken), t0);
  s = expect<Sleep>(s).answer(Slept::through, after(1h));
  s = expect<ListStreams>(s).answer(StreamPage{{}, Position{1}}, after(1h));
  for (std::int64_t version = 1; version <= 3; ++version) {
    if (s.asks<SaveCheckpoint>()) s = expect<SaveCheckpoint>(s).answer(Saved{}, after(1h));
    s = expect<ReadStream>(s).answer(slice({version}, version, 3), after(1h));
  }
  s = expect<SaveCheckpoint>(s).answer(Saved{}, after(1h));
  CHECK(probe.applied == Positions{1, 2, 3});
  CHECK(s.asks<Sleep>());
}

TEST_CASE("a stream without a cursor that is gone when it is read moves nothing") {
  Probe<> probe;
  Step s = listing(probe, over_all());
  s = expect<ListStreams>(s).answer(StreamPage{{extent("s", 1, 9)}, {}}, t0);
  s = expect<ReadStream>(s).answer(slice({}, {}, {}), t0);
  CHECK(success(s).cursors.empty());
  CHECK(success(s).commits == 0);
}

TEST_CASE("of several streams that end a run, the first is named") {
  Probe<> probe;
  Step s = listing(probe, over_all().when_stream_fails(WhenStreamFails::stop),
                   StreamCursors{{"a", StreamVersion{5}}, {"b", StreamVersion{6}}});
  s = expect<ListStreams>(s).answer(StreamPage{{extent("a", 1, 2), extent("b", 8, 9)}, {}}, t0);
  CHECK(error(s).kind == ErrorKind::source_changed);
  CHECK(error(s).stream == "a");
  CHECK_THAT(error(s).what, Catch::Contains("expected events up to 5, found 1 to 2"));
}

TEST_CASE("a stream that is being tried again, and is not what it was, is set aside for good") {
  Probe<> probe;
  auto config = over_all().continuous();
  config.poll.max_consecutive_failures = 1;
  config.poll.failure_backoff = {.base = 1ns, .multiplier = 1, .cap = 1ns, .jitter = 0};
  Step s = listing(probe, config, StreamCursors{{"s", StreamVersion{5}}});
  s = expect<ListStreams>(s).answer(StreamPage{{extent("s", 1, 6)}, Position{6}}, t0);
  s = expect<ReadStream>(s).answer(tl::unexpected(busy), t0);
  for (int hour = 1; hour < 5; ++hour) {
    s = expect<Sleep>(s).answer(Slept::through, after(std::chrono::hours(hour)));
    s = expect<ListStreams>(s).answer(StreamPage{{extent("s", 1, 2)}, Position{7}}, after(std::chrono::hours(hour)));
  }
  CHECK(s.asks<Sleep>());  // and never ReadStream
}

TEST_CASE("a continuous rebuild over streams does not rest at the head, and goes on when it is behind the live run") {
  testing::Chain chain{.code = 2};
  Step s = ProjectionPipeline(chain, over_all().continuous()).start(t0);
  Checkpoint live;
  live.generation = Generation{1};
  live.version = CodeVersion{1, 1};
  live.cursors = {{"s", StreamVersion{1}}};
  s = expect<LoadCheckpoint>(s).answer(LoadCheckpoint::reply(live), t0);
  Checkpoint begun;
  begun.generation = Generation{2};
  begun.version = CodeVersion{2, 1};
  s = expect<BeginRebuild>(s).answer(begun, t0);
  using Refusal = std::variant<LostLeadership, BehindActive, Failure>;
  const ActivateGeneration::reply behind = tl::unexpected(Refusal(BehindActive{{}, "s"}));
  s = expect(s, ListStreams{"", {}, 1000, {}}).answer(StreamPage{{}, Position{1}}, t0);
  s = expect<ActivateGeneration>(s).answer(behind, t0);
  s = expect(s, ListStreams{"", {}, 1000, Position{1}}).answer(StreamPage{{}, Position{1}}, t0);
  s = expect<ActivateGeneration>(s).answer(behind, t0);
  REQUIRE(s.asks<Sleep>());
  const Sleep rest = s.asks<Sleep>()->effect();  // twice, and it finds nothing: what it reads may be a copy that lags
  CHECK(rest.reason == Reason::idle);
  s = expect<Sleep>(s).answer(Slept::through, t0);
  s = expect<ListStreams>(s).answer(StreamPage{some({"s"}), Position{2}}, t0);
  s = expect<ReadStream>(s).answer(slice({}, 1, 1), t0);
  REQUIRE(s.asks<SaveCheckpoint>());
  const SaveCheckpoint saved = s.asks<SaveCheckpoint>()->effect();
  CHECK(saved.generation == Generation{2});
  CHECK(saved.cursors == std::vector<CursorMove>{{"s", {}, StreamVersion{1}}});
  s = expect<SaveCheckpoint>(s).answer(Saved{}, t0);
  s = expect<ActivateGeneration>(s).answer(ActivateGeneration::Activated{}, t0);
  CHECK_FALSE(s.finished());
}

TEST_CASE("a rebuild over streams whose stream cannot be read ends with that, though the run is continuous") {
  testing::Chain chain{.code = 2};
  auto config = over_all().continuous();
  config.poll.max_consecutive_failures = 1;
  Step s = ProjectionPipeline(chain, config).start(t0);
  s = expect<LoadCheckpoint>(s).answer(LoadCheckpoint::reply(Checkpoint{{}, Generation{1}, {}, CodeVersion{1, 1}}), t0);
  s = expect<BeginRebuild>(s).answer(Checkpoint{{}, Generation{2}, {}, CodeVersion{2, 1}}, t0);
  s = expect<ListStreams>(s).answer(StreamPage{some({"s"}), Position{1}}, t0);
  s = expect<ReadStream>(s).answer(tl::unexpected(broken), t0);
  CHECK(error(s).kind == ErrorKind::poll_failed);
  CHECK(error(s).stream == "s");
}

TEST_CASE("a run over the whole log does not begin at cursors, nor one over streams at a position") {
  const bool streams = GENERATE(false, true);
  Probe<> probe;
  auto config = steady();
  if (streams) config.over(StreamSelection::all());
  const auto begun_with = [&](const Checkpoint& found) {
    Step step = ProjectionPipeline(probe, config).start(t0);
    return expect<LoadCheckpoint>(step).answer(LoadCheckpoint::reply(found), t0);
  };
  Checkpoint position{Position{3}}, cursors;
  cursors.cursors = {{"s", StreamVersion{3}}};
  const Step refused = begun_with(streams ? position : cursors);
  CHECK(error(refused).kind == ErrorKind::checkpoint_conflict);
  CHECK_FALSE(begun_with(streams ? cursors : position).finished());
  CHECK_FALSE(begun_with(Checkpoint{}).finished());
}

TEST_CASE(
    "a state that begins with a snapshot of the whole log is not run over streams, which would repeat what it has") {
  Probe<false> probe;
  Step begun = ProjectionPipeline(probe, over_all()).start(t0);
  CHECK(begun.asks<ListStreams>());
  probe.snapshot = Position{4};
  const Step refused = ProjectionPipeline(probe, over_all()).start(t0);
  CHECK(error(refused).kind == ErrorKind::projector);
  CHECK_THAT(error(refused).message(), Catch::Contains("it cannot run over streams: its state begins with a snapshot"));
  CHECK(error(refused).progress.ending == Ending::failed);
  CHECK(expect<ReadEvents>(begun = ProjectionPipeline(probe, steady()).start(t0)).effect().after == Position{4});
}
