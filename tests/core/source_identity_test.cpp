// T49, T50: a log that is not the one that the checkpoint is a place in is never read on from silently.
#include "keyed_probe.hpp"
#include "story.hpp"

using namespace lantern;
using namespace lantern::story;

namespace {

constexpr Instant t0{};
constexpr LogIdentity ours{0x2a}, another{0xffee0123456789ab};

/// A run whose first read is pending, with a checkpoint in our log.
template <class P>
Step reading(P& probe, std::optional<std::int64_t> checkpoint, std::optional<LogIdentity> log = ours) {
  Step step = ProjectionPipeline(probe, steady().continuous()).start(t0);
  LoadCheckpoint::reply found = std::nullopt;
  if (checkpoint) found = Checkpoint{.position = Position{*checkpoint}, .log = log};
  return expect<LoadCheckpoint>(step).answer(std::move(found), t0);
}

/// An empty page of a log with these positions.
EventPage empty_page(std::optional<std::int64_t> after, std::optional<std::int64_t> first,
                     std::optional<std::int64_t> head, std::optional<LogIdentity> log = ours) {
  EventPage made = page({}, std::max(after, head), head);
  made.first = at(first);
  made.log = log;
  return made;
}

}  // namespace

TEST_CASE("T49, T50: the log is compared with the checkpoint: which one it is, where it ends, where it begins") {
  struct Case {
    const char* name;
    std::optional<std::int64_t> after;
    EventPage found;
    const char* says;  ///< null: it is the same
  };
  const Case cases[] = {
      {"the same", 5, empty_page(5, 1, 5), nullptr},
      {"it goes on", 5, empty_page(5, 1, 9), nullptr},
      {"what was processed is removed", 5, empty_page(5, 6, 9), nullptr},
      {"it was truncated", 5, empty_page(5, 1, 4), "expected events up to 5, found 1 to 4"},
      {"it was emptied", 5, empty_page(5, {}, {}), "expected events up to 5, found none"},
      {"of one event, which is gone", 1, empty_page(1, {}, {}), "expected events up to 1, found none"},
      {"an event is gone that was not processed", 5, empty_page(5, 7, 9), "expected those from 6, found 7 to 9"},
      {"it is another one", 5, empty_page(5, 1, 9, another),
       "expected log 000000000000002a, found log ffee0123456789ab"},
      {"it is another one, and was truncated", 5, empty_page(5, 1, 2, another), "found log ffee0123456789ab"},
      {"a store that cannot tell which one", 5, empty_page(5, 1, 9, {}), nullptr},
      {"a store that cannot tell where it begins", 5, empty_page(5, {}, 4), "expected events up to 5, found up to 4"},
      {"a store that tells nothing", 5, empty_page(5, {}, {}, {}), nullptr},
      {"a checkpoint that is older than any event", 0, empty_page(0, {}, {}), nullptr},
      {"nothing was processed, and the log does not begin at 1", {}, empty_page({}, 7, 9), nullptr},
      {"nothing was processed, and the log is empty", {}, empty_page({}, {}, {}), nullptr},
  };
  for (const Case& c : cases) {
    DYNAMIC_SECTION(c.name) {
      Probe<> probe;
      Step s = reading(probe, c.after);
      s = expect(s, read(c.after)).answer(c.found, t0);
      if (c.says) {
        CHECK(error(s).kind == ErrorKind::source_changed);
        CHECK_THAT(error(s).what, Catch::Contains(c.says));
        CHECK(error(s).position == at(c.after));
      } else {
        CHECK(!s.finished());
      }
    }
  }
}

TEST_CASE("T50: a run that is under way when its log is replaced ends before it applies anything of the other one") {
  Probe<> probe;
  Step s = reading(probe, {});
  EventPage first = last({1, 2});
  first.log = ours;
  s = expect<ReadEvents>(s).answer(first, t0);
  SaveCheckpoint saved = save({}, 2);
  saved.log = ours;
  s = expect(s, saved).answer(Saved{}, t0);
  s = expect<Sleep>(s).answer(Slept::through, t0);
  EventPage other = last({3});
  other.log = another;
  s = expect<ReadEvents>(s).answer(other, t0);
  CHECK(error(s).kind == ErrorKind::source_changed);
  CHECK(probe.applied == Positions{1, 2});
}

TEST_CASE("a checkpoint of which nobody said in which log it is gets that with its next commit") {
  Probe<> probe;
  Step s = reading(probe, 1, std::nullopt);
  EventPage found = last({2});
  found.log = ours;
  s = expect<ReadEvents>(s).answer(found, t0);
  SaveCheckpoint saved = save(1, 2);
  saved.log = ours;
  check_pending(s, saved);
}

TEST_CASE("T50: streams of another log are not read") {
  Probe<> probe;
  Step s = ProjectionPipeline(probe, steady().over(StreamSelection::all())).start(t0);
  s = expect<LoadCheckpoint>(s).answer(
      LoadCheckpoint::reply(Checkpoint{.cursors = {{"s", StreamVersion{1}}}, .log = ours}), t0);
  s = expect<ListStreams>(s).answer(StreamPage{{{"s", StreamVersion{1}, StreamVersion{2}}}, Position{2}, another}, t0);
  CHECK(error(s).kind == ErrorKind::source_changed);
  CHECK(probe.tries == 0);
}

TEST_CASE("what was begun over the whole log is not gone on with over streams, nor the other way round") {
  const bool over_streams = GENERATE(false, true), rebuilds = GENERATE(false, true);
  auto config = steady();
  if (over_streams) config.over(StreamSelection::all());
  const Checkpoint place_in_log{.position = Position{3}}, places_in_streams{.cursors = {{"s", StreamVersion{3}}}};
  Checkpoint fitting = over_streams ? places_in_streams : place_in_log;
  Checkpoint other = over_streams ? place_in_log : places_in_streams;
  testing::Chain newer;
  newer.code = rebuilds ? 2 : 1;
  fitting.version = {1, 1};
  other.version = {newer.code, 1};
  other.generation = Generation{rebuilds ? 2 : 1};
  Step s = ProjectionPipeline(newer, config).start(t0);
  s = expect<LoadCheckpoint>(s).answer(LoadCheckpoint::reply(rebuilds ? fitting : other), t0);  // inspect
  if (rebuilds) s = expect<BeginRebuild>(s).answer(other, t0);
  else s = expect<LoadCheckpoint>(s).answer(LoadCheckpoint::reply(other), t0);
  CHECK(error(s).kind == ErrorKind::checkpoint_conflict);
}
