// What one commit covers, what becomes of one that fails, and what becomes of events that fail.
#include "story.hpp"

using namespace lantern;
using namespace lantern::story;
using namespace std::chrono_literals;
using Reason = Sleep::Reason;
using StoreApplied = Probe<true, true>;

namespace {

constexpr Instant t0{};

template <class P>
Step reading(P& probe, const ProjectionConfig& config) {
  Step step = ProjectionPipeline(probe, config).start(t0);
  return expect<LoadCheckpoint>(step).answer(std::nullopt, t0);
}

SaveCheckpoint::reply refused(SaveError why) { return tl::unexpected(std::move(why)); }

/// Positions of the events whose statements are to be run.
Positions writes_of(Step& step) {
  Positions found;
  REQUIRE(step.asks<SaveCheckpoint>());
  for (const auto& run : step.asks<SaveCheckpoint>()->effect().writes.runs) {
    for (const auto& event : run) found.push_back(event.position.value);
  }
  return found;
}

Positions passed_by(Step& step) {
  Positions found;
  REQUIRE(step.asks<SaveCheckpoint>());
  for (const auto& record : step.asks<SaveCheckpoint>()->effect().quarantined) found.push_back(record.position.value);
  return found;
}

/// Checks what the pending commit covers.
void check_save(Step& s, std::optional<std::int64_t> from, std::int64_t through, const Positions& writes,
                const Positions& passed = {}) {
  INFO("pending: " << s);
  CHECK(writes_of(s) == writes);
  CHECK(passed_by(s) == passed);
  CHECK(s.asks<SaveCheckpoint>()->effect().from == at(from));
  CHECK(s.asks<SaveCheckpoint>()->effect().through == Position{through});
}

Step saved(Step s) { return expect<SaveCheckpoint>(s).answer(Saved{}, t0); }
Step write_failed(Step s, std::size_t index) {
  return expect<SaveCheckpoint>(s).answer(refused(WriteFailed{index, broken}), t0);
}

ProjectionConfig committing(CommitPolicy policy) { return steady().with(policy).page_limit(3); }

}  // namespace

// ---- commit policies ----

TEST_CASE("without a policy, each page is one commit") {
  StoreApplied probe;
  Step s = reading(probe, steady());
  s = expect<ReadEvents>(s).answer(more({1, 2, 3}), t0);
  check_save(s, {}, 3, {1, 2, 3});
  s = saved(std::move(s));
  s = expect<ReadEvents>(s).answer(last({4}), t0);
  check_save(s, 3, 4, {4});
}

TEST_CASE("commits of a number of events divide pages and span them") {
  StoreApplied probe;
  Step s = reading(probe, committing({.max_events = EventCount(2)}));
  s = expect<ReadEvents>(s).answer(more({1, 2, 3}), t0);
  check_save(s, {}, 2, {1, 2});
  s = saved(std::move(s));
  s = expect(s, read(3, 3)).answer(more({4, 5, 6}), t0);
  check_save(s, 2, 4, {3, 4});
  s = saved(std::move(s));
  check_save(s, 4, 6, {5, 6});
  s = saved(std::move(s));
  s = expect(s, read(6, 3)).answer(last({7}), t0);
  check_save(s, 6, 7, {7});  // the head closes a batch of any size
  s = saved(std::move(s));
  CHECK(success(s).commits == 4);
  CHECK(success(s).applied == 7);
}

TEST_CASE("a record of a passed event counts towards the events of a commit") {
  StoreApplied probe{.strategy = FailureStrategy::Skip};
  Step s = reading(probe, committing({.max_events = EventCount(2)}));
  s = expect<ReadEvents>(s).answer(last({1, 2, 3}), t0);
  check_save(s, {}, 2, {1, 2});
  s = write_failed(std::move(s), 0);
  check_save(s, {}, 2, {2}, {1});
}

TEST_CASE("commits of a number of bytes end with the event that reaches it") {
  const std::size_t one = [] {
    const auto page = last({1});
    return size_in_bytes(page.events()[0]);
  }();
  StoreApplied probe;
  Step s = reading(probe, committing({.max_bytes = *ByteCount::of(2 * one)}));
  s = expect<ReadEvents>(s).answer(more({1, 2, 3}), t0);
  check_save(s, {}, 2, {1, 2});
  s = saved(std::move(s));
  s = expect(s, read(3, 3)).answer(last({4, 5}), t0);
  check_save(s, 2, 4, {3, 4});
  s = saved(std::move(s));
  check_save(s, 4, 5, {5});

  StoreApplied tiny;  // an event is never larger than a commit may be
  s = reading(tiny, committing({.max_bytes = ByteCount(1)}));
  s = expect<ReadEvents>(s).answer(last({1, 2}), t0);
  check_save(s, {}, 1, {1});
}

TEST_CASE("a write that fails leaves a commit of bytes as if it had not been there") {
  StoreApplied probe{.strategy = FailureStrategy::Retry};
  Step s = reading(probe, committing({.max_bytes = ByteCount(1)}));
  s = expect<ReadEvents>(s).answer(last({1, 2}), t0);
  s = write_failed(std::move(s), 0);
  s = expect(s, sleep(100ms, Reason::event_retry, 1)).answer(Slept::through, t0);
  check_save(s, {}, 1, {1});
}

TEST_CASE("commits by age wait for their first event's time, at the head too") {
  StoreApplied probe;
  Step s = reading(probe, committing({.max_age = Delay(1s)}).continuous());
  s = expect(s, read({}, 3)).answer(more({1}), after(5s));
  s = expect(s, read(1, 3)).answer(last({2}), after(5900ms));
  s = expect(s, sleep(100ms, Reason::idle)).answer(Slept::through, after(6s));
  check_save(s, {}, 2, {1, 2});
  s = expect<SaveCheckpoint>(s).answer(Saved{}, after(6s));
  s = expect(s, read(2, 3)).answer(last({3}), after(7s));
  check_pending(s, sleep(100ms, Reason::idle));  // its own second has only begun
}

TEST_CASE("a cursor that moved over rejected events is due by age as well") {
  StoreApplied probe;
  Step s = reading(probe, committing({.max_age = Delay(1s)}).continuous());
  s = expect(s, read({}, 3)).answer(page({}, 10, 30), after(5s));
  s = expect(s, read(10, 3)).answer(page({}, 20, 30), after(5999ms));
  s = expect(s, read(20, 3)).answer(page({}, 25, 30), after(6s));
  check_save(s, {}, 25, {});
}

TEST_CASE("a batch run does not wait for age at the head") {
  StoreApplied probe;
  Step s = reading(probe, committing({.max_age = Delay(1h)}));
  s = expect<ReadEvents>(s).answer(last({1}), t0);
  check_save(s, {}, 1, {1});
}

TEST_CASE("pages that the filter emptied are part of a batch too") {
  StoreApplied probe;
  Step s = reading(probe, committing({.max_events = EventCount(10)}));
  s = expect<ReadEvents>(s).answer(page({}, 10, 30), t0);
  s = expect(s, read(10, 3)).answer(page({11}, 20, 30), t0);
  s = expect(s, read(20, 3)).answer(page({}, 30, 30), t0);
  check_save(s, {}, 30, {11});
}

TEST_CASE("what the store is to apply is bounded in memory, whatever the policy says") {
  StoreApplied probe;
  auto config = committing({.max_events = EventCount(1'000'000)});
  const auto three = more({1, 2, 3}).bytes();
  config.page_bytes = *ByteCount::of(2 * three);
  Step s = reading(probe, config);
  s = expect<ReadEvents>(s).answer(more({1, 2, 3}), t0);
  s = expect<ReadEvents>(s).answer(more({4, 5, 6}), t0);
  check_save(s, {}, 6, {1, 2, 3, 4, 5, 6});

  Probe<> folded;  // what is folded already is not held
  s = reading(folded, config);
  for (std::int64_t p = 1; p < 100; p += 3) s = expect<ReadEvents>(s).answer(more({p, p + 1, p + 2}), t0);
  CHECK(s.asks<ReadEvents>());
}

// ---- commits that fail ----

TEST_CASE("a commit that fails for now is asked for again as it was, with backoff, and a limit") {
  StoreApplied probe;
  auto config = steady();
  config.store_retry.max_attempts = 2;
  Step s = reading(probe, config);
  s = expect<ReadEvents>(s).answer(last({1, 2}), t0);
  check_save(s, {}, 2, {1, 2});
  s = expect<SaveCheckpoint>(s).answer(refused(busy), t0);
  s = expect(s, sleep(5ms, Reason::store_retry, 1)).answer(Slept::through, t0);
  check_save(s, {}, 2, {1, 2});
  s = expect<SaveCheckpoint>(s).answer(refused(busy), t0);
  s = expect(s, sleep(10ms, Reason::store_retry, 2)).answer(Slept::through, t0);
  SECTION("it goes through in the end") {
    s = saved(std::move(s));
    CHECK(success(s).applied == 2);
    CHECK(success(s).commits == 1);
  }
  SECTION("it does not") {
    s = expect<SaveCheckpoint>(s).answer(refused(busy), t0);
    const ProjectionError& e = error(s);
    CHECK(e.kind == ErrorKind::checkpoint_save_failed);
    CHECK(e.cause == busy);
    CHECK(e.position == std::nullopt);
    CHECK(e.progress.applied == 0);
    CHECK(e.progress.position == std::nullopt);
  }
}

TEST_CASE("a commit that goes through begins the count of failures anew") {
  StoreApplied probe;
  auto config = steady().page_limit(1);
  config.store_retry.max_attempts = 1;
  Step s = reading(probe, config);
  for (std::int64_t p = 1; p < 5; ++p) {
    s = expect<ReadEvents>(s).answer(more({p}), t0);
    s = expect<SaveCheckpoint>(s).answer(refused(busy), t0);
    s = expect(s, sleep(5ms, Reason::store_retry, 1)).answer(Slept::through, t0);
    s = saved(std::move(s));
  }
  CHECK(s.asks<ReadEvents>());
}

TEST_CASE("a commit that fails for good ends the run with what was stored before") {
  StoreApplied probe;
  Step s = reading(probe, steady().page_limit(1));
  s = saved(expect<ReadEvents>(s).answer(more({1}), t0));
  s = expect<ReadEvents>(s).answer(more({2}), t0);
  s = expect<SaveCheckpoint>(s).answer(refused(broken), t0);
  const ProjectionError& e = error(s);
  CHECK(e.kind == ErrorKind::checkpoint_save_failed);
  CHECK(e.cause == broken);
  CHECK(e.position == Position{1});
  CHECK(e.progress ==
        RunSummary{.ending = Ending::failed, .position = Position{1}, .applied = 1, .pages = 2, .commits = 1});
}

TEST_CASE("a checkpoint that somebody else moved ends the run") {
  StoreApplied probe;
  Step s = reading(probe, {});
  s = expect<ReadEvents>(s).answer(last({1}), t0);
  s = expect<SaveCheckpoint>(s).answer(refused(CheckpointMoved{Position{9}}), t0);
  CHECK(error(s).kind == ErrorKind::checkpoint_conflict);
  CHECK_THAT(error(s).what, Catch::Contains("expected absent, found at 9"));
}

TEST_CASE("a commit of unknown outcome is resolved by reading back before anything else") {
  StoreApplied probe;
  Step s = reading(probe, steady());
  s = expect<ReadEvents>(s).answer(last({1, 2}), t0);
  s = expect<SaveCheckpoint>(s).answer(refused(OutcomeUnknown{broken}), t0);
  const LoadCheckpoint resolve{ProjectionId("p"), LoadCheckpoint::Purpose::resolve};
  SECTION("it was stored: it is not asked for again, and counts") {
    s = expect(s, resolve).answer(Checkpoint{Position{2}, Generation{1}}, t0);
    CHECK(success(s) == RunSummary{.position = Position{2}, .applied = 2, .pages = 1, .commits = 1});
  }
  SECTION("it was not stored: it is asked for again as it was") {
    s = expect(s, resolve).answer(std::nullopt, t0);
    s = expect(s, sleep(5ms, Reason::store_retry, 1)).answer(Slept::through, t0);
    check_save(s, {}, 2, {1, 2});
    s = saved(std::move(s));
    CHECK(success(s).applied == 2);
  }
  SECTION("somebody else moved the checkpoint meanwhile") {
    s = expect(s, resolve).answer(Checkpoint{Position{1}, Generation{1}}, t0);
    CHECK(error(s).kind == ErrorKind::checkpoint_conflict);
  }
  SECTION("a rebuild began meanwhile") {
    s = expect(s, resolve).answer(Checkpoint{Position{2}, Generation{2}}, t0);
    CHECK(error(s).kind == ErrorKind::checkpoint_conflict);
    CHECK(error(s).progress.applied == 0);
  }
  SECTION("reading back fails for now: it is tried again") {
    s = expect(s, resolve).answer(tl::unexpected(busy), t0);
    s = expect(s, sleep(5ms, Reason::store_retry, 1)).answer(Slept::through, t0);
    s = expect(s, resolve).answer(Checkpoint{Position{2}, Generation{1}}, t0);
    CHECK(success(s).applied == 2);
  }
  SECTION("reading back fails for good: the run ends in doubt, and says so") {
    s = expect(s, resolve).answer(tl::unexpected(broken), t0);
    CHECK(error(s).kind == ErrorKind::checkpoint_load_failed);
    CHECK(error(s).progress.commit_in_doubt);
    CHECK(error(s).progress.applied == 0);
  }
}

TEST_CASE("commits whose outcome is always unknown, and that are never stored, are tried a limited number of times") {
  StoreApplied probe;
  auto config = steady();
  config.store_retry.max_attempts = 3;
  Step s = reading(probe, config);
  s = expect<ReadEvents>(s).answer(last({1}), t0);
  for (const auto delay : {5ms, 10ms, 20ms}) {
    s = expect<SaveCheckpoint>(s).answer(refused(OutcomeUnknown{broken}), t0);
    s = expect<LoadCheckpoint>(s).answer(std::nullopt, t0);
    CHECK(s.asks<Sleep>()->effect().duration == delay);
    s = expect<Sleep>(s).answer(Slept::through, t0);
  }
  s = expect<SaveCheckpoint>(s).answer(refused(OutcomeUnknown{broken}), t0);
  s = expect<LoadCheckpoint>(s).answer(std::nullopt, t0);
  CHECK(error(s).kind == ErrorKind::checkpoint_save_failed);
  CHECK(error(s).cause->what == broken.what);
  CHECK_FALSE(error(s).progress.commit_in_doubt);  // it was read back
}

TEST_CASE("the log fails while a batch spans pages: what is applied is stored before the run ends") {
  StoreApplied probe;
  Step s = reading(probe, committing({.max_events = EventCount(100)}));
  s = expect<ReadEvents>(s).answer(more({1, 2}), t0);
  s = expect<ReadEvents>(s).answer(tl::unexpected(broken), t0);
  check_save(s, {}, 2, {1, 2});
  SECTION("and it is") {
    s = saved(std::move(s));
    CHECK(error(s).kind == ErrorKind::poll_failed);
    CHECK(error(s).progress.applied == 2);
    CHECK(error(s).progress.position == Position{2});
  }
  SECTION("or cannot be: the first error is the one that is told") {
    s = expect<SaveCheckpoint>(s).answer(refused(Failure(FailureKind::full, "full")), t0);
    CHECK(error(s).kind == ErrorKind::poll_failed);
    CHECK(error(s).progress.applied == 0);
  }
}

// ---- events that fail ----

TEST_CASE("progress made before a failing event is saved before the policy acts") {
  Probe<> probe{.fails = {{3, -1}}};
  Step s = reading(probe, {});
  s = expect<ReadEvents>(s).answer(last({1, 2, 3, 4}), t0);
  CHECK(probe.asked.empty());
  s = expect(s, save({}, 2)).answer(Saved{}, t0);
  const ProjectionError& e = error(s);
  CHECK(e.kind == ErrorKind::event_failed);
  CHECK(e.projection == ProjectionId("p"));
  CHECK(e.position == Position{3});
  CHECK(e.stream == "s");
  CHECK(e.event_type == "T");
  CHECK(e.attempt == 1);
  CHECK(e.cause == Failure(FailureKind::rejected, "cannot take e3"));
  CHECK(e.progress.applied == 2);
  CHECK(e.progress.position == Position{2});
  CHECK(probe.applied == Positions{1, 2});
}

TEST_CASE("an event that fails on every retry ends the run, or is quarantined, as the configuration names") {
  Probe<> probe{.fails = {{2, -1}}, .strategy = FailureStrategy::Retry};
  auto config = steady();
  config.event_retry.max_attempts = 2;
  SECTION("stop") {
    Step s = reading(probe, config);
    s = expect<ReadEvents>(s).answer(last({1, 2, 3}), t0);
    s = expect(s, save({}, 1)).answer(Saved{}, t0);
    s = expect(s, sleep(100ms, Reason::event_retry, 1)).answer(Slept::through, t0);
    s = expect(s, sleep(200ms, Reason::event_retry, 2)).answer(Slept::through, t0);
    CHECK(error(s).kind == ErrorKind::retries_exhausted);
    CHECK(error(s).attempt == 3);
    CHECK(error(s).progress.retries == 2);
    CHECK(probe.asked == std::vector<std::uint32_t>{0, 1, 2});
  }
  SECTION("quarantine") {
    // Where there are no keys, there is none to park.
    config.event_retry.when_exhausted = GENERATE(Escalation::quarantine, Escalation::quarantine_key);
    Step s = reading(probe, config);
    s = expect<ReadEvents>(s).answer(last({1, 2, 3}), t0);
    s = expect(s, save({}, 1)).answer(Saved{}, t0);
    s = expect<Sleep>(s).answer(Slept::through, t0);
    s = expect<Sleep>(s).answer(Slept::through, t0);
    SaveCheckpoint wanted = save(1, 3);
    wanted.quarantined = {{Position{2}, "s", "T", QuarantineReason::exhausted, 3, "cannot take e2"}};
    s = expect(s, wanted).answer(Saved{}, t0);
    CHECK(success(s).applied == 2);
    CHECK(success(s).quarantined == 1);
    CHECK(success(s).retries == 2);
    CHECK(probe.applied == Positions{1, 3});
  }
}

TEST_CASE("each event has retries of its own") {
  Probe<> probe{.fails = {{1, 2}, {2, 2}}, .strategy = FailureStrategy::Retry};
  auto config = steady();
  config.event_retry.max_attempts = 2;
  Step s = reading(probe, config);
  s = expect<ReadEvents>(s).answer(last({1, 2}), t0);
  s = expect(s, sleep(100ms, Reason::event_retry, 1)).answer(Slept::through, t0);
  s = expect(s, sleep(200ms, Reason::event_retry, 2)).answer(Slept::through, t0);
  s = expect(s, save({}, 1)).answer(Saved{}, t0);  // the first is stored before the second's policy acts
  s = expect(s, sleep(100ms, Reason::event_retry, 1)).answer(Slept::through, t0);
  s = expect(s, sleep(200ms, Reason::event_retry, 2)).answer(Slept::through, t0);
  s = expect(s, save(1, 2)).answer(Saved{}, t0);
  CHECK(success(s).retries == 4);
}

TEST_CASE("the cost of poison events is linear: nothing is applied again because of another event") {
  constexpr std::int64_t n = 300;
  for (const std::int64_t every : {2, 3, 10, 299}) {
    Probe<> probe{.strategy = FailureStrategy::Skip};
    Positions all, good;
    for (std::int64_t p = 1; p <= n; ++p) {
      all.push_back(p);
      if (p % every == 0) probe.fails[p] = -1;
      else good.push_back(p);
    }
    Step s = reading(probe, {});
    s = expect<ReadEvents>(s).answer(last(all), t0);
    std::uint64_t commits = 0;
    for (; s.asks<SaveCheckpoint>(); ++commits) s = saved(std::move(s));
    CHECK(success(s).quarantined == probe.fails.size());
    CHECK(probe.tries == n);
    CHECK(probe.applied == good);
    CHECK(commits <= probe.fails.size() + 1);
  }
}

TEST_CASE("neighbours that fail are passed one by one, each with its record") {
  Probe<> probe{.fails = {{1, -1}, {2, -1}, {3, -1}}, .strategy = FailureStrategy::Skip};
  Step s = reading(probe, {});
  s = expect<ReadEvents>(s).answer(page({1, 2, 3}, 9, 9), t0);
  for (const auto& [from, through] : {std::pair{0, 1}, {1, 2}, {2, 9}}) {
    CHECK(passed_by(s) == Positions{from + 1});
    CHECK(s.asks<SaveCheckpoint>()->effect().through == Position{through});
    s = saved(std::move(s));
  }
  CHECK(success(s).quarantined == 3);
  CHECK(success(s).position == Position{9});
}

// ---- events that fail inside of the commit ----

TEST_CASE("a write that fails ends the batch before it, and its policy acts once that is stored") {
  const auto strategy = GENERATE(FailureStrategy::Fatal, FailureStrategy::Skip, FailureStrategy::Retry);
  const std::size_t index = GENERATE(0u, 1u, 2u);
  StoreApplied probe{.strategy = strategy};
  Step s = reading(probe, steady());
  s = expect<ReadEvents>(s).answer(last({1, 2, 3}), t0);
  check_save(s, {}, 3, {1, 2, 3});
  s = write_failed(std::move(s), index);
  const auto bad = static_cast<std::int64_t>(index) + 1;
  std::optional<std::int64_t> stored;
  if (index > 0) {
    CHECK(probe.asked.empty());
    Positions prefix{1, 2};
    prefix.resize(index);
    check_save(s, {}, bad - 1, prefix);
    s = saved(std::move(s));
    stored = bad - 1;
  }
  CHECK(probe.asked == std::vector<std::uint32_t>{0});
  Positions rest{1, 2, 3};
  if (strategy == FailureStrategy::Fatal) {
    CHECK(error(s).kind == ErrorKind::event_failed);
    CHECK(error(s).position == Position{bad});
    CHECK(error(s).cause == broken);
    CHECK(error(s).progress.applied == index);
  } else if (strategy == FailureStrategy::Skip) {
    rest.erase(rest.begin(), rest.begin() + bad);
    check_save(s, stored, 3, rest, {bad});
    s = saved(std::move(s));
    CHECK(success(s).applied == 2);
    CHECK(success(s).quarantined == 1);
  } else {
    s = expect(s, sleep(100ms, Reason::event_retry, 1)).answer(Slept::through, t0);
    rest.erase(rest.begin(), rest.begin() + (bad - 1));
    check_save(s, stored, 3, rest);
    s = saved(std::move(s));
    CHECK(success(s).applied == 3);
    CHECK(success(s).retries == 1);
  }
}

TEST_CASE("a write that fails after the batch has grown over several pages") {
  StoreApplied probe{.strategy = FailureStrategy::Skip};
  Step s = reading(probe, committing({.max_events = EventCount(100)}));
  s = expect<ReadEvents>(s).answer(more({1, 2, 3}), t0);
  s = expect<ReadEvents>(s).answer(more({4, 5}), t0);
  s = expect<ReadEvents>(s).answer(last({6}), t0);
  check_save(s, {}, 6, {1, 2, 3, 4, 5, 6});
  s = write_failed(std::move(s), 4);
  check_save(s, {}, 4, {1, 2, 3, 4});
  s = saved(std::move(s));
  check_save(s, 4, 6, {6}, {5});
  s = saved(std::move(s));
  CHECK(success(s).applied == 5);
}

TEST_CASE("a second write fails right behind a passed one: the record is stored first") {
  StoreApplied probe{.strategy = FailureStrategy::Skip};
  Step s = reading(probe, steady());
  s = expect<ReadEvents>(s).answer(last({1, 2, 3}), t0);
  s = write_failed(std::move(s), 0);
  check_save(s, {}, 3, {2, 3}, {1});
  s = write_failed(std::move(s), 0);
  check_save(s, {}, 1, {}, {1});
  s = saved(std::move(s));
  check_save(s, 1, 3, {3}, {2});
}

TEST_CASE("an empty page behind a write that fails is read again") {
  StoreApplied probe{.strategy = FailureStrategy::Skip};
  Step s = reading(probe, committing({.max_events = EventCount(100)}));
  s = expect<ReadEvents>(s).answer(more({1, 2}), t0);
  s = expect<ReadEvents>(s).answer(page({}, 50, 50), t0);
  check_save(s, {}, 50, {1, 2});
  s = write_failed(std::move(s), 1);
  s = saved(std::move(s));
  s = expect(s, read(2, 3)).answer(page({}, 50, 50), t0);
  check_save(s, 1, 50, {}, {2});
  s = saved(std::move(s));
  CHECK(success(s).position == Position{50});
}

TEST_CASE("a store that blames a write that it was not given breaks its contract") {
  StoreApplied probe;
  Step s = reading(probe, {});
  s = expect<ReadEvents>(s).answer(last({1, 2}), t0);
  s = write_failed(std::move(s), 2);
  CHECK(error(s).kind == ErrorKind::store_contract);
  CHECK(error(s).progress.applied == 0);

  Probe<> folded;  // there are no writes at all
  s = reading(folded, {});
  s = expect<ReadEvents>(s).answer(last({1}), t0);
  s = write_failed(std::move(s), 0);
  CHECK(error(s).kind == ErrorKind::store_contract);
}

TEST_CASE("a prefix that was fine fails at the second try: it is taken as it comes") {
  StoreApplied probe{.strategy = FailureStrategy::Retry};
  Step s = reading(probe, steady());
  s = expect<ReadEvents>(s).answer(last({1, 2, 3}), t0);
  s = write_failed(std::move(s), 2);
  check_save(s, {}, 2, {1, 2});
  s = write_failed(std::move(s), 1);
  check_save(s, {}, 1, {1});
  s = saved(std::move(s));
  s = expect(s, sleep(100ms, Reason::event_retry, 1)).answer(Slept::through, t0);
  check_save(s, 1, 3, {2, 3});
}

// ---- user code that throws ----

namespace {
struct Thrower {
  static constexpr bool effects_are_durable = true;
  int kind{};
  std::string name() const { return "p"; }
  void apply(const RecordedEvent& event, Position) {
    if (event.position.value < 3) return;
    if (kind == 0) throw std::runtime_error("no such account");
    throw 42;
  }
};
struct ThrowsInOnError : Probe<> {
  FailureStrategy on_error(const FailureContext&) { throw std::runtime_error("again"); }
};
struct ThrowingCodec {
  using event_type = int;
  tl::expected<int, Failure> decode(const RecordedEvent&) const { throw std::runtime_error("bad bytes"); }
};
struct Decoded {
  using codec = ThrowingCodec;
  FailureKind seen{};
  std::string name() const { return "p"; }
  void apply(int, Position) {}
  FailureStrategy on_error(const FailureContext& context) {
    seen = context.error.kind;
    return FailureStrategy::Fatal;
  }
};
struct ThrowsInName {
  std::string name() const { throw std::runtime_error("nameless"); }
  void apply(const RecordedEvent&, Position) {}
};
}  // namespace

TEST_CASE("what user code throws becomes a failure of that event, and nothing before it is lost") {
  for (const int kind : {0, 1}) {
    Thrower thrower{kind};
    Step s = reading(thrower, {});
    s = expect<ReadEvents>(s).answer(last({1, 2, 3}), t0);
    s = expect(s, save({}, 2)).answer(Saved{}, t0);
    CHECK(error(s).position == Position{3});
    CHECK(error(s).cause->kind == FailureKind::rejected);
    CHECK(error(s).cause->what == (kind == 0 ? "no such account" : "an exception that is not a std::exception"));
  }
}

TEST_CASE("an exception out of on_error is fatal") {
  ThrowsInOnError probe;
  probe.fails = {{1, -1}};
  Step s = reading(probe, {});
  s = expect<ReadEvents>(s).answer(last({1}), t0);
  CHECK(error(s).kind == ErrorKind::event_failed);
}

TEST_CASE("an exception out of a codec is a failure to decode") {
  Decoded projector;
  Step s = ProjectionPipeline(projector).start(t0);
  s = expect<ReadEvents>(s).answer(last({1}), t0);
  CHECK(error(s).cause == Failure(FailureKind::undecodable, "bad bytes"));
  CHECK(projector.seen == FailureKind::undecodable);
}

TEST_CASE("an exception out of a projector's description ends the run before it begins") {
  ThrowsInName projector;
  Step s = ProjectionPipeline(projector).start(t0);
  CHECK(error(s).kind == ErrorKind::projector);
  CHECK(error(s).cause == Failure(FailureKind::rejected, "nameless"));
}

// ---- other languages ----

namespace {
struct Port final : ProjectorPort {
  Folded answer;
  explicit Port(Folded folded) : answer(std::move(folded)) {}
  std::string name() const override { return "p"; }
  EventFilter filter() const override { return {}; }
  bool checkpoint_is_stored() const override { return true; }
  bool applied_by_store() const override { return false; }
  std::optional<Position> starts_after() const override { return {}; }
  Folded fold(std::span<const RecordedEvent>) override { return answer; }
  FailureStrategy on_error(const FailureContext&) override { return FailureStrategy::Fatal; }
};
}  // namespace

TEST_CASE("a port that claims to have applied too much, or stops for no reason, is not believed") {
  const auto run = [](Folded folded) {
    Step s = ProjectionPipeline(std::make_unique<Port>(std::move(folded)), {}).start(t0);
    s = expect<LoadCheckpoint>(s).answer(std::nullopt, t0);
    return expect<ReadEvents>(s).answer(last({1, 2, 3}), t0);
  };
  Step s = run({99, {}});
  check_pending(s, save({}, 3));
  s = run({3, broken});
  check_pending(s, save({}, 2));
  s = run({0, {}});
  CHECK(error(s).kind == ErrorKind::event_failed);
  CHECK(error(s).position == Position{1});
  s = run({1, {}});
  check_pending(s, save({}, 1));
}

TEST_CASE("a commit in doubt stays so when it cannot be resolved at once, also after the run has failed") {
  StoreApplied probe;
  ProjectionConfig config = steady();
  config.commit.max_events = *EventCount::of(3);
  Step s = reading(probe, config);
  s = expect<ReadEvents>(s).answer(more({1}), t0);
  s = expect<ReadEvents>(s).answer(tl::unexpected(broken), t0);
  s = expect<SaveCheckpoint>(s).answer(refused(OutcomeUnknown{busy}), t0);
  s = expect<LoadCheckpoint>(s).answer(tl::unexpected(busy), t0);
  s = expect<Sleep>(s).answer(Slept::through, t0);
  CHECK(expect<LoadCheckpoint>(s).effect().purpose == LoadCheckpoint::Purpose::resolve);
}
