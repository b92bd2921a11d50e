// How the log is read: pages, the head, filters, rests, failures of the reader, and readers that break their contract.
#include <limits>

#include "story.hpp"

using namespace lantern;
using namespace lantern::story;
using namespace std::chrono_literals;
using Reason = Sleep::Reason;

namespace {

constexpr Instant t0{};

/// A run whose first read is pending.
template <class P>
Step reading(P& probe, const ProjectionConfig& config, std::optional<std::int64_t> checkpoint = {}) {
  Step step = ProjectionPipeline(probe, config).start(t0);
  LoadCheckpoint::reply found = std::nullopt;
  if (checkpoint) found = Checkpoint{Position{*checkpoint}, Generation{1}};
  return expect(step, LoadCheckpoint{ProjectionId("p")}).answer(found, t0);
}

}  // namespace

TEST_CASE("batch mode drains to the head that was seen first, over any number of pages, and never sleeps") {
  for (const int pages : {1, 2, 3, 50}) {
    Probe<> probe;
    ProjectionConfig config;
    config.page_limit(2);
    Step s = reading(probe, config);
    const std::int64_t head = 2 * pages;
    for (std::int64_t p = 0; p < head; p += 2) {
      // The log grows meanwhile; that changes nothing.
      const auto seen = p == 0 ? head : head + p;
      const auto from = p == 0 ? std::nullopt : std::optional(p);
      s = expect(s, read(from, 2)).answer(page({p + 1, p + 2}, p + 2, seen), t0);
      s = expect(s, save(from, p + 2)).answer(Saved{}, t0);
    }
    const RunSummary& summary = success(s);
    CHECK(summary.ending == Ending::caught_up);
    CHECK(summary.applied == static_cast<std::uint64_t>(head));
    CHECK(summary.pages == static_cast<std::uint64_t>(pages));
    CHECK(summary.commits == static_cast<std::uint64_t>(pages));
    CHECK(summary.position == Position{head});
    CHECK(probe.applied.size() == static_cast<std::size_t>(head));
  }
}

TEST_CASE("a run resumes after its checkpoint") {
  Probe<> probe;
  Step s = reading(probe, {}, 7);
  s = expect(s, read(7)).answer(last({9, 12}), t0);
  s = expect(s, save(7, 12)).answer(Saved{}, t0);
  CHECK(success(s).position == Position{12});
  CHECK(probe.applied == Positions{9, 12});
}

TEST_CASE("a run that is at the head already stores nothing") {
  Probe<> probe;
  Step s = reading(probe, {}, 7);
  s = expect(s, read(7)).answer(nothing(7), t0);
  CHECK(success(s) == RunSummary{.ending = Ending::caught_up, .position = Position{7}, .generation = {1}, .pages = 1});
}

TEST_CASE("the cursor passes what the filter rejects, and what it passed is stored") {
  Probe<> probe;
  Step s = reading(probe, {});
  s = expect(s, read({})).answer(page({}, 500, 1000), t0);
  s = expect(s, save({}, 500)).answer(Saved{}, t0);
  s = expect(s, read(500)).answer(page({600}, 800, 1000), t0);
  s = expect(s, save(500, 800)).answer(Saved{}, t0);
  s = expect(s, read(800)).answer(page({}, 1000, 1000), t0);
  s = expect(s, save(800, 1000)).answer(Saved{}, t0);
  CHECK(success(s).position == Position{1000});
  CHECK(success(s).applied == 1);
}

TEST_CASE("what a projector wants to read is asked of the store") {
  struct Choosy : Probe<> {
    EventFilter filter() const { return {.stream_prefix = "a%", .types = {"T", "U"}}; }
  } choosy;
  Step s = reading(choosy, ProjectionConfig().page_limit(7).page_bytes_limit(99));
  check_pending(s, ReadEvents{{.stream_prefix = "a%", .types = {"T", "U"}}, std::nullopt, 7, 99});
}

TEST_CASE("a continuous run rests at the head only, longer after an empty look") {
  Probe<> probe;
  Step s = reading(probe, ProjectionConfig().continuous().page_limit(2));
  s = expect(s, read({}, 2)).answer(more({1, 2}), t0);
  s = expect(s, save({}, 2)).answer(Saved{}, t0);
  s = expect(s, read(2, 2)).answer(last({3, 4}), t0);  // a full page that ends at the head
  s = expect(s, save(2, 4)).answer(Saved{}, t0);
  s = expect(s, sleep(100ms, Reason::idle)).answer(Slept::through, t0);
  s = expect(s, read(4, 2)).answer(nothing(4), t0);
  s = expect(s, sleep(150ms, Reason::idle)).answer(Slept::through, t0);
  s = expect(s, read(4, 2)).answer(last({5}), t0);
  s = expect(s, save(4, 5)).answer(Saved{}, t0);
  check_pending(s, sleep(100ms, Reason::idle));
}

TEST_CASE("a hint ends an idle sleep, and only an idle one") {
  Probe<> probe;
  Step s = reading(probe, steady().continuous());
  s = expect(s, read({})).answer(nothing(), t0);
  s = expect(s, sleep(150ms, Reason::idle)).answer(Slept::woken, t0);
  s = expect(s, read({})).answer(tl::unexpected(busy), t0);
  check_pending(s, sleep(100ms, Reason::poll_retry, 1));
}

TEST_CASE("the rest of an idle run is cut to the age at which an open batch is due") {
  Probe<> probe;
  ProjectionConfig config;
  config.continuous().with(CommitPolicy{.max_age = Delay(130ms)});
  Step s = reading(probe, config);
  s = expect(s, read({})).answer(last({1}), t0);
  s = expect(s, sleep(100ms, Reason::idle)).answer(Slept::through, after(100ms));
  s = expect(s, read(1)).answer(last({2}), after(110ms));
  s = expect(s, sleep(20ms, Reason::idle)).answer(Slept::through, after(130ms));
  s = expect(s, save({}, 2)).answer(Saved{}, after(130ms));
  s = expect(s, read(2)).answer(nothing(2), after(130ms));
  check_pending(s, sleep(150ms, Reason::idle));
}

TEST_CASE("failed reads back off exponentially to a cap, and the last of them ends the run") {
  Probe<> probe;
  PollConfig poll;
  poll.failure_backoff = {.base = 10ms, .multiplier = 3, .cap = 200ms, .jitter = 0};
  poll.max_consecutive_failures = 6;
  Step s = reading(probe, ProjectionConfig().with(poll), 3);
  std::uint32_t attempt = 0;
  for (const auto delay : {10ms, 30ms, 90ms, 200ms, 200ms}) {
    s = expect(s, read(3)).answer(tl::unexpected(busy), t0);
    s = expect(s, sleep(delay, Reason::poll_retry, ++attempt)).answer(Slept::through, t0);
  }
  s = expect(s, read(3)).answer(tl::unexpected(busy), t0);
  const ProjectionError& e = error(s);
  CHECK(e.kind == ErrorKind::poll_failed);
  CHECK(e.cause == busy);
  CHECK(e.position == Position{3});
  CHECK(e.what.find("6") != std::string::npos);
}

TEST_CASE("a good read, even an empty one, begins the count of failed reads anew") {
  Probe<> probe;
  PollConfig poll;
  poll.failure_backoff.jitter = 0;
  poll.max_consecutive_failures = 2;
  Step s = reading(probe, ProjectionConfig().continuous().with(poll));
  for (int i = 0; i < 5; ++i) {
    s = expect(s, read({})).answer(tl::unexpected(busy), t0);
    s = expect(s, sleep(100ms, Reason::poll_retry, 1)).answer(Slept::through, t0);
    s = expect(s, read({})).answer(nothing(), t0);
    s = expect(s, sleep(150ms, Reason::idle)).answer(Slept::through, t0);
  }
  s = expect(s, read({})).answer(tl::unexpected(busy), t0);
  s = expect(s, sleep(100ms, Reason::poll_retry, 1)).answer(Slept::through, t0);
  s = expect(s, read({})).answer(tl::unexpected(busy), t0);
  CHECK(error(s).kind == ErrorKind::poll_failed);
}

TEST_CASE("a read that fails for good is not tried again") {
  Probe<> probe;
  Step s = reading(probe, {});
  s = expect(s, read({})).answer(tl::unexpected(broken), t0);
  CHECK(error(s).kind == ErrorKind::poll_failed);
  CHECK(error(s).cause == broken);
}

TEST_CASE("jitter takes off at most its part, differs from sleep to sleep, and is the same for the same seed") {
  const auto delays = [](std::uint64_t seed) {
    Probe<> probe;
    PollConfig poll;
    poll.failure_backoff = {.base = 1000ms, .multiplier = 1, .cap = 10s, .jitter = 0.25};
    poll.max_consecutive_failures = 100;
    Step s = reading(probe, ProjectionConfig().with(poll).with_seed(seed));
    std::vector<std::chrono::nanoseconds> seen;
    for (int i = 0; i < 99; ++i) {
      s = expect(s, read({})).answer(tl::unexpected(busy), t0);
      seen.push_back(s.asks<Sleep>()->effect().duration);
      s = expect<Sleep>(s).answer(Slept::through, t0);
    }
    return seen;
  };
  const auto seen = delays(42);
  for (const auto delay : seen) {
    CHECK(delay > 750ms);
    CHECK(delay <= 1000ms);
  }
  const auto [least, most] = std::ranges::minmax(seen);
  CHECK(least < 800ms);
  CHECK(most > 950ms);
  CHECK(seen == delays(42));
  CHECK(seen != delays(43));
}

TEST_CASE("a page that breaks the reader's contract ends the run with an error that blames the store") {
  struct Case {
    const char* name;
    std::optional<std::int64_t> after;
    EventPage reply;
    const char* says;
  };
  const Case cases[] = {
      {"more events than asked for", {}, last({1, 2, 3}), "3 events where at most 2"},
      {"descending", {}, page({5, 4}, 5, 5), "after position 5 it gave an event at 4"},
      {"the same position twice", {}, page({5, 5}, 5, 5), "after position 5 it gave an event at 5"},
      {"the position that was asked after", 7, page({7}, 7, 7), "after position 7 it gave an event at 7"},
      {"a position before it", 7, page({6}, 9, 9), "after position 7 it gave an event at 6"},
      {"scanned_to before the cursor", 7, page({}, 3, 9), "truncated"},
      {"scanned_to absent, with a cursor", 7, page({}, {}, {}), "truncated"},
      {"scanned_to before the last event", {}, page({1, 2}, 1, 9), "before its own last event at 2"},
      {"scanned_to absent, with events", {}, page({1}, {}, 9), "before its own last event at 1"},
      {"head before scanned_to", {}, page({1}, 5, 4), "the head is at 4"},
      {"no way forward", 7, page({}, 7, 9), "neither gave events"},
      {"no way forward from the beginning", {}, page({}, {}, 9), "neither gave events"},
  };
  for (const Case& c : cases) {
    DYNAMIC_SECTION(c.name) {
      Probe<> probe;
      Step s = reading(probe, ProjectionConfig().page_limit(2), c.after);
      s = expect(s, read(c.after, 2)).answer(c.reply, t0);
      const ProjectionError& e = error(s);
      CHECK(e.kind == ErrorKind::store_contract);
      CHECK_THAT(e.what, Catch::Contains(c.says) && Catch::Contains("broke its contract"));
      CHECK(e.position == at(c.after));
      CHECK(probe.tries == 0);
    }
  }
}

TEST_CASE("an event that the filter does not let through ends the run with an error that blames the store") {
  struct Choosy : Probe<> {
    EventFilter wanted{};
    EventFilter filter() const { return wanted; }
  };
  const EventFilter filter = GENERATE(EventFilter{.stream = "t"}, EventFilter{.stream_prefix = "st"},
                                      EventFilter{.types = {"U", "V"}}, EventFilter{.stream = "s", .types = {"U"}});
  Choosy probe;
  probe.wanted = filter;
  Step s = reading(probe, {}, 3);
  s = expect<ReadEvents>(s).answer(last({4, 5}), t0);
  CHECK(error(s).kind == ErrorKind::store_contract);
  CHECK_THAT(error(s).what, Catch::Contains("an event at 4 that the filter does not let through"));
  CHECK_THAT(error(s).what, Catch::Contains("type 'T' of stream 's'"));
  CHECK(error(s).position == at(3));
  CHECK(probe.tries == 0);
}

TEST_CASE("a log that ends before the checkpoint is an error, not an empty page") {
  Probe<> probe;
  Step s = reading(probe, {}, 100);
  s = expect(s, read(100)).answer(page({}, 100, 50), t0);
  CHECK(error(s).kind == ErrorKind::source_changed);
}

TEST_CASE("positions may have gaps, be 0 or negative, and reach the largest number") {
  constexpr auto most = std::numeric_limits<std::int64_t>::max(), least = std::numeric_limits<std::int64_t>::min();
  Probe<> probe;
  Step s = reading(probe, {});
  s = expect(s, read({})).answer(last({least, -5, 0, 1LL << 62, most}), t0);
  s = expect(s, save({}, most)).answer(Saved{}, t0);
  CHECK(success(s).applied == 5);
}

TEST_CASE("a store that cannot tell its head ends the log with an empty page that scanned no further") {
  Probe<> probe;
  Step s = reading(probe, {});
  s = expect(s, read({})).answer(page({1, 2}, 2, {}), t0);
  s = expect(s, save({}, 2)).answer(Saved{}, t0);
  s = expect(s, read(2)).answer(page({}, 2, {}), t0);
  CHECK(success(s).ending == Ending::caught_up);

  Probe<> follower;
  s = reading(follower, ProjectionConfig().continuous(), 2);
  s = expect(s, read(2)).answer(page({}, 2, {}), t0);
  check_pending(s, sleep(150ms, Reason::idle));
}

TEST_CASE("a checkpoint that failed to load for now is asked for again, with backoff and a limit") {
  Probe<> probe;
  ProjectionConfig config = steady();
  config.store_retry.max_attempts = 2;
  const LoadCheckpoint load{ProjectionId("p")};
  Step s = ProjectionPipeline(probe, config).start(t0);
  s = expect(s, load).answer(tl::unexpected(busy), t0);
  s = expect(s, sleep(5ms, Reason::store_retry, 1)).answer(Slept::through, t0);
  s = expect(s, load).answer(tl::unexpected(busy), t0);
  s = expect(s, sleep(10ms, Reason::store_retry, 2)).answer(Slept::through, t0);
  SECTION("it comes in the end") {
    s = expect(s, load).answer(std::nullopt, t0);
    check_pending(s, read({}));
  }
  SECTION("it does not") {
    s = expect(s, load).answer(tl::unexpected(busy), t0);
    CHECK(error(s).kind == ErrorKind::checkpoint_load_failed);
    CHECK(error(s).cause == busy);
  }
}

TEST_CASE("a checkpoint that failed to load for good ends the run") {
  Probe<> probe;
  Step s = ProjectionPipeline(probe).start(t0);
  s = expect<LoadCheckpoint>(s).answer(tl::unexpected(broken), t0);
  CHECK(error(s).kind == ErrorKind::checkpoint_load_failed);
  CHECK(error(s).cause == broken);
}

TEST_CASE("a checkpoint without a position is where a rebuild begins") {
  Probe<> probe;
  Step s = ProjectionPipeline(probe).start(t0);
  s = expect<LoadCheckpoint>(s).answer(Checkpoint{std::nullopt, Generation{3}}, t0);
  s = expect(s, read({})).answer(last({1}), t0);
  SaveCheckpoint wanted = save({}, 1);
  wanted.generation = Generation{3};
  s = expect(s, wanted).answer(Saved{}, t0);
  CHECK(success(s).generation == Generation{3});
}

TEST_CASE("time that runs backwards counts as no time") {
  Probe<> probe;
  ProjectionConfig config;
  config.with(CommitPolicy{.max_age = Delay(10s)}).page_limit(1);
  Step s = ProjectionPipeline(probe, config).start(after(100s));
  s = expect<LoadCheckpoint>(s).answer(std::nullopt, after(5s));
  s = expect(s, read({}, 1)).answer(more({1}), after(-100s));
  s = expect(s, read(1, 1)).answer(more({2}), after(109s));
  s = expect(s, read(2, 1)).answer(more({3}), after(110s));
  check_pending(s, save({}, 2));  // ten seconds since 100 s: the batch is due before the next event is applied
}

TEST_CASE("a clock at its extremes neither overflows nor stalls the run") {
  for (const auto& [start, end] : {std::pair{Instant::min(), Instant::max()},
                                   {Instant::max(), Instant::max()},
                                   {Instant::min(), Instant::min()}}) {
    Probe<> probe;
    ProjectionConfig config;
    config.continuous().with(CommitPolicy{.max_age = Delay(std::chrono::nanoseconds::max())}).with(Leadership("me"));
    config.leadership->ttl = *Delay::of(std::chrono::nanoseconds::max());
    config.poll.interval = *Delay::of(std::chrono::nanoseconds::max());
    Step s = ProjectionPipeline(probe, config).start(start);
    s = expect<AcquireLease>(s).answer(Lease{"me", Fence{1}}, start);
    s = expect<LoadCheckpoint>(s).answer(std::nullopt, start);
    s = expect<ReadEvents>(s).answer(last({1}), start);
    CHECK(s.asks<Sleep>()->effect().duration > 0s);
    s = expect<Sleep>(s).answer(Slept::woken, end);
    if (s.asks<RenewLease>()) s = expect<RenewLease>(s).answer(Lease{"me", Fence{1}}, end);
    if (s.asks<SaveCheckpoint>()) s = expect<SaveCheckpoint>(s).answer(Saved{}, end);
    s = expect<ReadEvents>(s).answer(last({2}), end);
    CHECK((s.asks<Sleep>() || s.asks<SaveCheckpoint>()));
  }
}

TEST_CASE("a projector whose state is in memory loads and moves no checkpoint, and begins after its snapshot") {
  Probe<false> probe;
  probe.snapshot = Position{41};
  Step s = ProjectionPipeline(probe, ProjectionConfig().page_limit(1)).start(t0);
  s = expect(s, read(41, 1)).answer(more({42}), t0);
  s = expect(s, read(42, 1)).answer(last({43}), t0);
  CHECK(success(s) == RunSummary{.position = Position{43}, .applied = 2, .pages = 2});
}

TEST_CASE("a projector whose state is in memory does not stall on a commit policy") {
  Probe<false> probe;
  ProjectionConfig config;
  config.with(CommitPolicy{.max_events = EventCount(1), .max_bytes = ByteCount(1), .max_age = Delay(1ns)});
  Step s = ProjectionPipeline(probe, config).start(t0);
  s = expect(s, read({})).answer(last({1, 2, 3}), after(1s));
  CHECK(success(s).applied == 3);
}

TEST_CASE("a projector whose state is in memory stores the records of what it skipped") {
  Probe<false> probe{.fails = {{2, -1}}, .strategy = FailureStrategy::Skip};
  Step s = ProjectionPipeline(probe, {}).start(t0);
  s = expect(s, read({})).answer(last({1, 2, 3}), t0);
  SaveCheckpoint wanted = save({}, {});
  wanted.quarantined = {{Position{2}, "s", "T", QuarantineReason::skipped, 1, "cannot take e2"}};
  SECTION("saved") {
    s = expect(s, wanted).answer(Saved{}, t0);
    const RunSummary& summary = success(s);
    CHECK(summary.applied == 2);
    CHECK(summary.quarantined == 1);
    CHECK(summary.position == Position{3});
    CHECK(summary.ending == Ending::caught_up);
  }
  SECTION("unknown: records may be stored twice, so it is asked again") {
    s = expect(s, wanted).answer(tl::unexpected(OutcomeUnknown{broken}), t0);
    s = expect<Sleep>(s).answer(Slept::through, t0);
    s = expect(s, wanted).answer(Saved{}, t0);
    CHECK(success(s).quarantined == 1);
  }
  SECTION("refused for good") {
    s = expect(s, wanted).answer(tl::unexpected(SaveError(broken)), t0);
    CHECK(error(s).kind == ErrorKind::checkpoint_save_failed);
    CHECK(error(s).progress.applied == 2);
    CHECK(error(s).progress.quarantined == 0);
  }
}
