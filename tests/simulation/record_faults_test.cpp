// Whatever goes wrong in a run, its recording replays to the same decisions; and what is not the same is told at the
// first decision that differs.
#include "model_store.hpp"
#include "recorded.hpp"

using namespace lantern;
using namespace lantern::recorded;

namespace {

ProjectionConfig small_pages() {
  ProjectionConfig config;
  config.page_limit(2).with(Leadership("me")).with_seed(7);
  config.leadership->when_not_leader = WhenNotLeader::stand_by;
  config.event_retry.when_exhausted = Escalation::quarantine_key;
  config.event_retry.max_attempts = 1;
  return config;
}

/// A keyed projection with a past: its second code finds what the first has made, and rebuilds it.
ViewModel with_a_past() {
  ViewModel store = store_of({"a b", "a", "b!", "a c", "c= a"});
  Chain older;
  REQUIRE(testing::run(older, store));
  store.published.clear();
  return store;
}

Chain newer() {
  Chain chain;
  chain.code = 2;
  chain.strategy = FailureStrategy::Retry;
  chain.fails = {{{2, "a"}, 1}, {{4, "c"}, -1}};
  return chain;
}

using Statements = story::Probe<true, true>;

/// The first decision that a replay takes otherwise.
template <class P>
ReplayMismatch mismatch(const Recording& recording, P projector) {
  auto replayed = replay(recording, projector);
  if (replayed) throw std::runtime_error("the replay is the same");
  return std::move(replayed).error();
}

}  // namespace

TEST_CASE("any run of a keyed rebuild with up to two faults replays to the same decisions") {
  const ViewModel past = with_a_past();
  std::uint64_t decisions = 0;
  std::uint64_t unfinished = 0;
  const auto runs = explore({.total = 2, .free = {}}, [&](Choices& choices) {
    ViewModel store = past;
    const Recording recording = read(record(newer(), store, small_pages(), choices));
    Chain again = newer();
    const auto replayed = replay(recording, again, small_pages());
    if (!replayed) FAIL(replayed.error());
    if (!recording.ended) ++unfinished;
    decisions += replayed->decisions;
  });
  CHECK(runs > 2000);
  CHECK(decisions > 10 * runs);
  CHECK(unfinished > 0);
}

TEST_CASE("any run of a projection of statements with up to two faults replays to the same decisions") {
  ProjectionConfig config = small_pages();
  config.event_retry.when_exhausted = Escalation::quarantine;
  ModelStore past = store_with(4);
  past.poison = {{2, 1}, {3, -1}};
  const Statements probe{.strategy = FailureStrategy::Retry};
  const auto runs = explore({.total = 2, .free = {}}, [&](Choices& choices) {
    ModelStore store = past;
    const Recording recording = read(record(probe, store, config, choices));
    Statements again = probe;
    const auto replayed = replay(recording, again, config);
    if (!replayed) FAIL(replayed.error());
  });
  CHECK(runs > 1000);
}

TEST_CASE("another seed of the jitter is told at the first sleep that has any, field by field") {
  std::uint64_t told = 0;
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    ViewModel store = with_a_past();
    Choices choices = Choices::by_seed(seed);
    Recording recording = read(record(newer(), store, small_pages(), choices, Chance::percent(10)));
    recording.config.seed = 8;
    Chain again = newer();
    const auto replayed = replay(recording, again);
    std::size_t decision = 0;
    std::size_t first = 0;  // the first sleep whose length is left to chance, found by its reason
    for (const auto& entry : recording.entries) {
      const auto* text = std::get_if<Recording::Decision>(&entry.what);
      if (!text) continue;
      ++decision;
      if (first == 0 && text->text.find("_retry attempt=") != std::string::npos) first = decision;
    }
    REQUIRE(replayed.has_value() == (first == 0));
    if (replayed) continue;
    ++told;
    CHECK(replayed.error().step == first);
    REQUIRE(replayed.error().differences.size() == 1);
    CHECK(replayed.error().differences[0].field == "duration");
  }
  CHECK(told > 150);
}

TEST_CASE("a run with the wrong configuration is not replayed, and each value that differs is named") {
  ViewModel store = with_a_past();
  Choices choices = Choices::by_script({});
  const Recording recording = read(record(newer(), store, small_pages(), choices));
  ProjectionConfig other = small_pages();
  other.poll_every(std::chrono::milliseconds(250)).with_seed(9).cache_views(5);
  other.commit.max_age = Delay(std::chrono::nanoseconds(1500));
  Chain again = newer();
  const auto replayed = replay(recording, again, other);
  REQUIRE_FALSE(replayed);
  CHECK(replayed.error().kind == ReplayMismatch::Kind::config);
  CHECK(replayed.error().message() ==
        "test.rec: the run was recorded under another configuration\n"
        "  poll.interval: recorded 100ms, now 250ms\n"
        "  commit.max_age: recorded -, now 1500ns\n"
        "  seed: recorded 7, now 9\n"
        "  view_cache: recorded 10000, now 5");
  CHECK(again.keys_asked == 0);
}

TEST_CASE("what a driver adds to a configuration, and who leads, need not be given again") {
  ViewModel store = with_a_past();
  Choices choices = Choices::by_script({});
  ProjectionConfig driven;
  driven.with(Leadership("host:17:1-1")).publish_changes(false);
  const Recording recording = read(record(newer(), store, driven, choices));
  Chain again = newer();
  CHECK(replay(recording, again, ProjectionConfig()));
  again = newer();
  CHECK(replay(recording, again, ProjectionConfig().with(Leadership("host:18:1-1"))));
  Leadership shorter("host:17:1-1");
  shorter.ttl = std::chrono::seconds(3);
  const auto other = replay(recording, again, ProjectionConfig().with(shorter));
  REQUIRE_FALSE(other);
  CHECK(other.error().differences == std::vector<FieldDifference>{{"leadership.ttl", "10000ms", "3000ms"}});
}

TEST_CASE("another projector is told before anything is replayed") {
  ViewModel store = with_a_past();
  Choices choices = Choices::by_script({});
  const Recording recording = read(record(newer(), store, small_pages(), choices));
  Chain later = newer();
  later.code = 3;
  const auto mismatched = mismatch(recording, later);
  CHECK(mismatched.kind == ReplayMismatch::Kind::projection);
  CHECK(mismatched.message() ==
        "test.rec: this is another projector than the one that was recorded\n"
        "  version.program: recorded 2, now 3");
  CHECK(mismatch(recording, Statements{}).differences.size() == 5);
}

namespace {
/// The same, but for the event at position 4.
struct Mended : Chain {
  tl::expected<Change<Delta>, Failure> apply(State& state, const RecordedEvent& event, const ViewAt& at) {
    auto change = Chain::apply(state, event, at);
    if (event.position == Position{4}) state += 1;
    return change;
  }
};
}  // namespace

TEST_CASE("other code is told at the first decision that it changes") {
  ViewModel store = with_a_past();
  Choices choices = Choices::by_script({});
  Chain recorded = newer();
  recorded.fails.clear();
  const Recording recording = read(record(recorded, store, small_pages(), choices));
  Mended mended;
  static_cast<Chain&>(mended) = recorded;
  const auto mismatched = mismatch(recording, mended);
  const auto hash = [](std::initializer_list<std::int64_t> positions) {
    std::uint64_t state = 0;
    for (const auto position : positions) state = link(state + 2, position);
    return state;
  };
  const auto quoted = [](std::uint64_t state) { return '"' + std::to_string(state) + '"'; };
  CHECK(mismatched.kind == ReplayMismatch::Kind::decision);
  CHECK(mismatched.after == "LoadViews: 0 views, 0 parked");
  const auto a = hash({1, 2, 4});
  const auto c = hash({4});
  CHECK(mismatched.differences == std::vector<FieldDifference>{{"views[1].state", quoted(a), quoted(a + 1), "\"a\""},
                                                               {"views[2].state", quoted(c), quoted(c + 1), "\"c\""}});
  CHECK(mismatched.message() == "test.rec, line " + std::to_string(mismatched.line) + ": decision " +
                                    std::to_string(mismatched.step) +
                                    " is another one\n"
                                    "  after LoadViews: 0 views, 0 parked\n"
                                    "  both: ask SaveCheckpoint\n"
                                    "  views[1].state (of \"a\"): recorded " +
                                    quoted(a) + ", now " + quoted(a + 1) +
                                    "\n"
                                    "  views[2].state (of \"c\"): recorded " +
                                    quoted(c) + ", now " + quoted(c + 1));
}

TEST_CASE("code that asks for something else is told with both decisions") {
  ViewModel store = with_a_past();
  Choices choices = Choices::by_script({});
  Chain recorded = newer();
  recorded.fails.clear();
  const Recording recording = read(record(recorded, store, small_pages(), choices));
  Chain failing = recorded;
  failing.fails = {{{1, "b"}, 1}};
  const auto mismatched = mismatch(recording, failing);
  CHECK(mismatched.differences.empty());
  CHECK(mismatched.recorded.starts_with("ask SaveCheckpoint {projection={name=\"p\" tenant=\"\"} generation=2 "));
  CHECK(mismatched.now.starts_with("ask Sleep {duration="));
  CHECK(mismatched.message().find("\n  recorded: ask SaveCheckpoint {") != std::string::npos);
  CHECK(mismatched.message().find("\n  now:      ask Sleep {") != std::string::npos);
}
