// Leadership: taking the lease, keeping it, losing it, standing by, and two runs that both want to lead.
#include "lantern/testing/choices.hpp"
#include "model_store.hpp"

using namespace lantern;
using namespace lantern::story;
using namespace lantern::testing;
using namespace std::chrono_literals;
using Reason = Sleep::Reason;

namespace {

constexpr Instant t0{};
const ProjectionId id("p");
const Lease lease{"me", Fence{4}};
const AcquireLease acquire{id, "me", 9s};
const RenewLease renewal{id, lease, 9s};
const ReleaseLease release{id, lease};

ProjectionConfig leading(WhenNotLeader when = WhenNotLeader::fail) {
  ProjectionConfig config = steady();
  config.leadership = Leadership("me");
  config.leadership->ttl = 9s;
  config.leadership->when_not_leader = when;
  return config;
}

AcquireLease::reply held_by(std::string owner, std::chrono::nanoseconds expires_in) {
  return tl::unexpected(std::variant<LeaseHeld, Failure>(LeaseHeld{std::move(owner), expires_in}));
}
AcquireLease::reply not_acquired(Failure failure) {
  return tl::unexpected(std::variant<LeaseHeld, Failure>(std::move(failure)));
}
RenewLease::reply lost_to(std::string owner) {
  return tl::unexpected(std::variant<LostLeadership, Failure>(LostLeadership{std::move(owner)}));
}
RenewLease::reply not_renewed(Failure failure) {
  return tl::unexpected(std::variant<LostLeadership, Failure>(std::move(failure)));
}
SaveCheckpoint::reply refused(SaveError why) { return tl::unexpected(std::move(why)); }

template <class P>
Step acquiring(P& probe, const ProjectionConfig& config) {
  return ProjectionPipeline(probe, config).start(t0);
}

/// A run that leads, and whose first read is pending.
template <class P>
Step reading(P& probe, const ProjectionConfig& config) {
  Step s = acquiring(probe, config);
  s = expect(s, acquire).answer(lease, t0);
  return expect<LoadCheckpoint>(s).answer(std::nullopt, t0);
}

}  // namespace

TEST_CASE("the lease is taken before all else, its fence goes into each commit, and it is given back in the end") {
  Probe<> probe;
  Step s = reading(probe, leading());
  s = expect(s, read({})).answer(last({1}), t0);
  SaveCheckpoint wanted = save({}, 1);
  wanted.fence = Fence{4};
  s = expect(s, wanted).answer(Saved{}, t0);
  s = expect(s, release).answer(ReleaseLease::Released{}, t0);
  CHECK(success(s).applied == 1);
}

TEST_CASE("while somebody else leads, a run fails by default, and says who and for how long") {
  Probe<> probe;
  Step s = acquiring(probe, leading());
  s = expect(s, acquire).answer(held_by("other", 1500ms), t0);
  CHECK(error(s).kind == ErrorKind::leadership);
  CHECK_THAT(error(s).what, Catch::Contains("other leads, for another 1500 ms"));
}

TEST_CASE("a standby asks again when the lease is due, at least as often as configured, and never in a hot loop") {
  Probe<> probe;
  auto config = leading(WhenNotLeader::stand_by);
  config.leadership->standby_interval = 2s;
  Step s = acquiring(probe, config);
  s = expect(s, acquire).answer(held_by("other", 500ms), t0);
  s = expect(s, sleep(500ms, Reason::standby)).answer(Slept::through, t0);
  s = expect(s, acquire).answer(held_by("other", 1h), t0);
  s = expect(s, sleep(2s, Reason::standby)).answer(Slept::through, t0);
  for (const auto due : {0ns, -5ns, std::chrono::nanoseconds::min()}) {
    s = expect(s, acquire).answer(held_by("other", due), t0);
    s = expect(s, sleep(1ms, Reason::standby)).answer(Slept::through, t0);
  }
  s = expect(s, acquire).answer(lease, t0);
  CHECK(s.asks<LoadCheckpoint>());
}

TEST_CASE("a standby that is asked to stop stops") {
  Probe<> probe;
  Step s = acquiring(probe, leading(WhenNotLeader::stand_by));
  s = expect(s, acquire).answer(held_by("other", 1h), t0);
  s.ask_to_stop(Stop::at_checkpoint);
  s = expect<Sleep>(s).answer(Slept::woken, t0);
  CHECK(success(s).ending == Ending::stopped);
}

TEST_CASE("a lease that cannot be taken for now is tried again, and for good, the run ends") {
  Probe<> probe;
  Step s = acquiring(probe, leading());
  s = expect(s, acquire).answer(not_acquired(busy), t0);
  s = expect(s, sleep(5ms, Reason::store_retry, 1)).answer(Slept::through, t0);
  s = expect(s, acquire).answer(not_acquired(broken), t0);
  CHECK(error(s).kind == ErrorKind::leadership);
  CHECK(error(s).cause == broken);
}

TEST_CASE("the lease is renewed after a third of its time, before anything else is asked") {
  Probe<> probe;
  Step s = reading(probe, leading().continuous());
  s = expect(s, read({})).answer(nothing(), after(2999ms));
  s = expect(s, sleep(1ms, Reason::idle)).answer(Slept::through, after(3s));
  s = expect(s, renewal).answer(lease, after(3100ms));  // counted from when it was asked for, 3 s
  s = expect(s, sleep(149ms, Reason::idle)).answer(Slept::through, after(3249ms));
  s = expect(s, read({})).answer(nothing(), after(5999ms));
  s = expect<Sleep>(s).answer(Slept::through, after(6s));
  check_pending(s, renewal);
}

TEST_CASE("a long sleep is cut into slices, so that the lease can be renewed") {
  Probe<> probe;
  auto config = leading().continuous();
  config.poll.interval = 7s;
  config.poll.empty_poll_backoff = 1s;
  Step s = reading(probe, config);
  s = expect(s, read({})).answer(nothing(), after(1s));
  s = expect(s, sleep(2s, Reason::idle)).answer(Slept::through, after(3s));
  s = expect(s, renewal).answer(lease, after(3s));
  s = expect(s, sleep(3s, Reason::idle)).answer(Slept::through, after(6s));
  s = expect(s, renewal).answer(lease, after(6s));
  s = expect(s, sleep(3s, Reason::idle)).answer(Slept::woken, after(7s));  // a hint ends all of it
  check_pending(s, read({}));
}

TEST_CASE("renewals leave room for other work, however short the lease is and however long they take") {
  for (const auto ttl : {1ns, 2ns, 3ns, 1000ns}) {
    Probe<> probe;
    auto config = leading();
    config.leadership->ttl = *Delay::of(ttl);
    Step s = acquiring(probe, config);
    Instant now = t0;
    int effects = 0;
    for (; effects < 100 && !s.finished(); ++effects) {
      if (ttl == 1000ns) now += 1us;  // each answer takes as long as the lease lasts
      if (s.asks<AcquireLease>()) s = expect<AcquireLease>(s).answer(lease, now);
      else if (s.asks<RenewLease>()) s = expect<RenewLease>(s).answer(lease, now);
      else if (s.asks<LoadCheckpoint>()) s = expect<LoadCheckpoint>(s).answer(std::nullopt, now);
      else if (s.asks<ReadEvents>()) s = expect<ReadEvents>(s).answer(last({1}), now);
      else if (s.asks<SaveCheckpoint>()) s = expect<SaveCheckpoint>(s).answer(Saved{}, now);
      else s = expect<ReleaseLease>(s).answer(ReleaseLease::Released{}, now);
    }
    CHECK(success(s).applied == 1);
    CHECK(effects <= 10);
  }
}

TEST_CASE("a renewal that fails for now is tried again soon, and other work goes on meanwhile") {
  Probe<> probe;
  Step s = reading(probe, leading());
  s = expect(s, read({})).answer(last({1}), after(3s));
  s = expect(s, renewal).answer(not_renewed(busy), after(3s));
  s = expect<SaveCheckpoint>(s).answer(refused(busy), after(3900ms));
  s = expect(s, renewal).answer(lease, after(3900ms));  // a tenth of the lease's time later
  s = expect<Sleep>(s).answer(Slept::through, after(4s));
  CHECK(s.asks<SaveCheckpoint>());
}

TEST_CASE("a renewal that fails for good ends the run, with what is applied stored first") {
  Probe<> probe;
  Step s = reading(probe, leading());
  s = expect(s, read({})).answer(last({1}), t0);
  s = expect<SaveCheckpoint>(s).answer(refused(busy), after(3s));
  s = expect(s, renewal).answer(not_renewed(broken), after(3s));
  s = expect(s, sleep(5ms, Reason::store_retry, 1)).answer(Slept::through, after(3s));
  s = expect<SaveCheckpoint>(s).answer(Saved{}, after(3s));
  s = expect(s, release).answer(ReleaseLease::Released{}, after(3s));
  CHECK(error(s).kind == ErrorKind::leadership);
  CHECK(error(s).cause == broken);
  CHECK(error(s).progress.applied == 1);
}

TEST_CASE("a renewal that fails for good does not wait for the next poll before it ends the run") {
  Probe<> probe;
  auto config = leading().with(CommitPolicy{.max_events = EventCount(10)}).continuous();
  config.poll.failure_backoff.base = 20s;
  Step s = reading(probe, config);
  s = expect(s, read({})).answer(more({1}), t0);
  s = expect(s, read(1)).answer(tl::unexpected(busy), t0);
  s = expect(s, sleep(3s, Reason::poll_retry, 1)).answer(Slept::through, after(3s));
  s = expect(s, renewal).answer(not_renewed(broken), after(3s));
  CHECK(s.asks<SaveCheckpoint>());
}

TEST_CASE("renewals do not begin the count of failed commits anew") {
  Probe<> probe;
  auto config = leading();
  config.store_retry.max_attempts = 3;
  Step s = reading(probe, config);
  Instant now = t0;
  s = expect(s, read({})).answer(last({1}), now);
  int saves = 0;
  for (; saves < 10 && !s.asks<ReleaseLease>(); ++saves) {
    now += 3s;
    s = expect<SaveCheckpoint>(s).answer(refused(busy), now);
    if (s.asks<RenewLease>()) s = expect<RenewLease>(s).answer(lease, now);
    if (s.asks<Sleep>()) s = expect<Sleep>(s).answer(Slept::through, now);
  }
  CHECK(saves == 4);
  s = expect(s, release).answer(ReleaseLease::Released{}, now);
  CHECK(error(s).kind == ErrorKind::checkpoint_save_failed);
}

TEST_CASE("a store that was rebuilt by another version says so at the lease or in a commit: the run is superseded") {
  const Failure other(FailureKind::incompatible, "another program rebuilt it", "run that one");
  Probe<> probe;
  Step s = acquiring(probe, leading());
  SECTION("when the lease is taken") { s = expect(s, acquire).answer(not_acquired(other), t0); }
  SECTION("when it is renewed") {
    s = expect(s, acquire).answer(lease, t0);
    s = expect<LoadCheckpoint>(s).answer(std::nullopt, t0 + 4s);
    s = expect(s, renewal).answer(not_renewed(other), t0 + 4s);
  }
  SECTION("in a commit") {
    s = expect(s, acquire).answer(lease, t0);
    s = expect<LoadCheckpoint>(s).answer(std::nullopt, t0);
    s = expect(s, read({})).answer(last({1}), t0);
    s = expect<SaveCheckpoint>(s).answer(refused(other), t0);
  }
  if (s.asks<ReleaseLease>()) s = expect<ReleaseLease>(s).answer(ReleaseLease::Released{}, t0);
  CHECK(error(s).kind == ErrorKind::superseded);
  CHECK(error(s).cause == other);
}

TEST_CASE("leadership lost at a renewal or in a commit ends the run by default, and nothing is given back") {
  Probe<> probe;
  Step s = reading(probe, leading());
  SECTION("renewal") {
    s = expect(s, read({})).answer(last({1}), after(3s));
    s = expect(s, renewal).answer(lost_to("other"), after(3s));
  }
  SECTION("commit") {
    s = expect(s, read({})).answer(last({1}), t0);
    s = expect<SaveCheckpoint>(s).answer(refused(LostLeadership{"other"}), t0);
  }
  CHECK(error(s).kind == ErrorKind::leadership);
  CHECK_THAT(error(s).what, Catch::Contains("other"));
  CHECK(error(s).progress.applied == 0);
}

TEST_CASE("a standby that lost leadership goes on from what is stored once it leads again") {
  const bool at_the_head = GENERATE(true, false);
  const auto mode = GENERATE(PollMode::batch, PollMode::continuous);
  Probe<true, true> probe;
  auto config = leading(WhenNotLeader::stand_by);
  config.mode = mode;
  Step s = reading(probe, config);
  s = expect(s, read({})).answer(at_the_head ? last({1, 2, 3}) : more({1, 2, 3}), t0);
  s = expect<SaveCheckpoint>(s).answer(refused(LostLeadership{"other"}), t0);
  s = expect(s, acquire).answer(held_by("other", 10ms), t0);
  s = expect(s, sleep(10ms, Reason::standby)).answer(Slept::through, t0);
  const Lease again{"me", Fence{6}};
  s = expect(s, acquire).answer(again, t0);
  s = expect(s, LoadCheckpoint{id}).answer(Checkpoint{Position{2}, Generation{1}}, t0);
  s = expect(s, read(2)).answer(last({3}), t0);  // what it had in hand is read again
  REQUIRE(s.asks<SaveCheckpoint>());
  CHECK(s.asks<SaveCheckpoint>()->effect().from == Position{2});
  CHECK(s.asks<SaveCheckpoint>()->effect().fence == Fence{6});
  CHECK(s.asks<SaveCheckpoint>()->effect().writes.size() == 1);
  s = expect<SaveCheckpoint>(s).answer(Saved{}, t0);
  if (mode == PollMode::continuous) return check_pending(s, sleep(100ms, Reason::idle));
  s = expect(s, ReleaseLease{id, again}).answer(ReleaseLease::Released{}, t0);
  CHECK(success(s).applied == 1);
  CHECK(success(s).position == Position{3});
}

TEST_CASE("leadership lost while a commit's outcome is unknown: what is stored settles the doubt") {
  Probe<> probe;
  const bool waits = GENERATE(true, false);
  Step s = reading(probe, leading(waits ? WhenNotLeader::stand_by : WhenNotLeader::fail));
  s = expect(s, read({})).answer(last({1}), t0);
  s = expect<SaveCheckpoint>(s).answer(refused(OutcomeUnknown{busy}), after(3s));
  s = expect(s, renewal).answer(lost_to("other"), after(3s));
  if (!waits) {
    CHECK(error(s).kind == ErrorKind::leadership);
    CHECK(error(s).progress.commit_in_doubt);
    return;
  }
  s = expect(s, acquire).answer(lease, after(3s));
  s = expect(s, LoadCheckpoint{id}).answer(Checkpoint{Position{1}, Generation{1}}, after(3s));
  s = expect(s, release).answer(ReleaseLease::Released{}, after(3s));
  CHECK_FALSE(success(s).commit_in_doubt);
  CHECK(success(s).position == Position{1});
}

TEST_CASE("leadership lost while an event waits for its retry: the wait is over too") {
  Probe<> probe{.fails = {{1, -1}}, .strategy = FailureStrategy::Retry};
  auto config = leading(WhenNotLeader::stand_by);
  config.event_retry.backoff.base = 4s;
  Step s = reading(probe, config);
  s = expect(s, read({})).answer(last({1}), t0);
  s = expect(s, sleep(3s, Reason::event_retry, 1)).answer(Slept::through, after(3s));
  s = expect(s, renewal).answer(lost_to("other"), after(3s));
  check_pending(s, acquire);
}

TEST_CASE("a projector in memory that lost leadership keeps its state, and goes on where it was") {
  Probe<false> probe{.fails = {{1, -1}}, .strategy = FailureStrategy::Skip};
  auto config = leading(WhenNotLeader::stand_by).page_limit(2);
  Step s = acquiring(probe, config);
  s = expect(s, acquire).answer(lease, t0);
  s = expect(s, read({}, 2)).answer(more({1, 2}), t0);
  s = expect<SaveCheckpoint>(s).answer(refused(LostLeadership{"other"}), t0);
  s = expect(s, acquire).answer(held_by("other", 1h), t0);
  SECTION("it leads again") {
    s = expect<Sleep>(s).answer(Slept::through, t0);
    s = expect(s, acquire).answer(lease, t0);
    s = expect<SaveCheckpoint>(s).answer(Saved{}, t0);
    s = expect(s, read(2, 2)).answer(last({3}), t0);
    s = expect(s, release).answer(ReleaseLease::Released{}, t0);
    CHECK(success(s).applied == 2);
    CHECK(success(s).quarantined == 1);
  }
  SECTION("it is asked to stop meanwhile, and does") {
    s.ask_to_stop(Stop::at_checkpoint);
    s = expect<Sleep>(s).answer(Slept::woken, t0);
    CHECK(success(s).ending == Ending::stopped);
    CHECK(success(s).applied == 1);
    CHECK(success(s).quarantined == 0);
  }
}

TEST_CASE("a projector in memory that loses leadership while it is idle asks for the lease again at once") {
  Probe<false> probe;
  auto config = leading(WhenNotLeader::stand_by).continuous();
  config.poll.interval = 1h;
  Step s = acquiring(probe, config);
  s = expect(s, acquire).answer(lease, t0);
  s = expect(s, read({})).answer(last({1}), t0);
  s = expect(s, sleep(3s, Reason::idle)).answer(Slept::through, after(3s));
  s = expect(s, renewal).answer(lost_to("other"), after(3s));
  s = expect(s, acquire).answer(lease, after(3s));
  check_pending(s, read(1));
}

TEST_CASE("a leader of the run's own name is pointed out") {
  Probe<> probe;
  Step s = acquiring(probe, leading());
  SECTION("held") { s = expect(s, acquire).answer(held_by("me", 1s), t0); }
  SECTION("lost") {
    s = expect(s, acquire).answer(lease, t0);
    s = expect<LoadCheckpoint>(s).answer(std::nullopt, after(3s));
    s = expect(s, renewal).answer(lost_to("me"), after(3s));
  }
  CHECK_THAT(error(s).what, Catch::Contains("two runners use the same owner name"));
}

TEST_CASE("names that no store takes end the run before it asks for anything") {
  struct Named {
    std::string called;
    std::string name() const { return called; }
    void apply(const RecordedEvent&, Position) {}
  };
  const auto refused = [](std::string name, const std::string& tenant, std::string owner) {
    Named projector{std::move(name)};
    auto config = ProjectionConfig().of_tenant(tenant).with(Leadership(std::move(owner)));
    Step s = ProjectionPipeline(projector, config).start(t0);
    if (!s.finished()) return std::string();
    CHECK(error(s).kind == ErrorKind::projector);
    return error(s).cause->what;
  };
  CHECK(refused("p", "", "me").empty());
  CHECK(refused("", "", "me") == "a projection's name must not be empty");
  CHECK(refused("p", "\xff", "me") == "a tenant's name must be UTF-8");
  CHECK(refused("p", "", "") == "an owner's name must not be empty");
  CHECK(refused(std::string(1 << 20, 'x'), "", "me").starts_with("a projection's name has 1048576 bytes"));
}

TEST_CASE("a lease that cannot be given back for now is given back later, and for good, it is left to expire") {
  Probe<> probe;
  auto config = leading();
  config.store_retry.max_attempts = 2;
  Step s = reading(probe, config);
  s = expect(s, read({})).answer(nothing(), t0);
  s = expect(s, release).answer(tl::unexpected(busy), t0);
  SECTION("later") {
    s = expect(s, sleep(5ms, Reason::store_retry, 1)).answer(Slept::through, after(1h));
    s = expect(s, release).answer(tl::unexpected(busy), after(1h));
    s = expect(s, sleep(10ms, Reason::store_retry, 2)).answer(Slept::through, after(1h));
    SECTION("given back") { s = expect(s, release).answer(ReleaseLease::Released{}, t0); }
    SECTION("left alone") { s = expect(s, release).answer(tl::unexpected(busy), t0); }
  }
  SECTION("for good") {
    s = expect<Sleep>(s).answer(Slept::through, t0);
    s = expect(s, release).answer(tl::unexpected(broken), t0);
  }
  SECTION("asked to stop now") {
    s.ask_to_stop(Stop::now);
    s = expect<Sleep>(s).answer(Slept::woken, t0);
    s = expect(s, release).answer(tl::unexpected(busy), t0);
  }
  CHECK(success(s).ending == Ending::caught_up);
}

// ---- two runs ----

namespace {

/// Two runs on one store. A choice at each effect: the same run goes on, the other does, or the leader's time is up.
void two_runs(Choices& choices) {
  ModelStore store = store_with(3);
  Probe<true, true> probes[2];
  std::vector<Step> steps;
  Instant now{};
  for (int i = 0; i < 2; ++i) {
    ProjectionConfig config;
    config.page_limit(1).with(Leadership(i == 0 ? "a" : "b"));
    config.leadership->when_not_leader = WhenNotLeader::stand_by;
    steps.push_back(ProjectionPipeline(probes[i], config).start(now));
  }
  std::size_t current = 0;
  for (int effects = 0; effects < 300; ++effects) {
    if (steps[0].finished() && steps[1].finished()) break;
    const std::uint32_t choice = choices.choose(About::schedule, 3);
    if (choice == 1) current = 1 - current;
    if (choice == 2) store.expire_lease();
    if (steps[current].finished()) current = 1 - current;
    const auto before = store.checkpoint;
    steps[current] = std::move(steps[current]).visit([&]<Effect E>(Request<E> request) -> Step {
      auto reply = lantern::perform(store, request.effect());
      return std::move(request).answer(std::move(reply), now);
    });
    // The leader of a run that only waits is on its turn.
    auto* nap = steps[current].asks<Sleep>();
    if (nap && nap->effect().reason == Reason::standby) current = 1 - current;
    if (store.checkpoint < before) throw std::runtime_error("the checkpoint went back");
    if (!store.is_the_fold_of_the_log()) throw std::runtime_error("an event counts twice, or is lost");
  }
  for (const Step& step : steps) {
    if (!step.finished() || !step.finished()->has_value()) throw std::runtime_error("a run did not end well");
  }
  if (store.ledger != std::vector<std::int64_t>{1, 2, 3}) throw std::runtime_error("not every event was applied");
}

}  // namespace

TEST_CASE("two runs that both want to lead store every event exactly once, whoever is paused, and whenever") {
  std::uint64_t schedules = 0;
  REQUIRE_NOTHROW(schedules = explore({.total = 3}, two_runs));
  CHECK(schedules > 1'000);
}

TEST_CASE("two runs that both want to lead, with more changes between them", "[.thorough]") {
  REQUIRE_NOTHROW(explore({.total = 5}, two_runs));
}

TEST_CASE("a commit in doubt that ended where the checkpoint is was this run's own if it still leads") {
  Probe<> probe;
  Step s = reading(probe, leading(WhenNotLeader::stand_by));
  s = expect(s, read({})).answer(more({1}), t0);
  s = expect<SaveCheckpoint>(s).answer(refused(OutcomeUnknown{busy}), t0);
  s = expect<LoadCheckpoint>(s).answer(Checkpoint{Position{1}, Generation{1}}, t0);
  auto renewing = expect(s, renewal);
  SECTION("it leads: the commit went through") {
    s = std::move(renewing).answer(lease, t0);
    CHECK(expect<ReadEvents>(s).effect().after == Position{1});
  }
  SECTION("somebody else leads, and may have got as far: nothing is known") {
    s = std::move(renewing).answer(lost_to("other"), t0);
    s = expect(s, acquire).answer(lease, t0);
    CHECK(expect<LoadCheckpoint>(s).effect().purpose == LoadCheckpoint::Purpose::start);
  }
  SECTION("the lease cannot be renewed: it rests, and looks again") {
    s = std::move(renewing).answer(not_renewed(busy), t0);
    auto nap = expect<Sleep>(s);
    CHECK(nap.effect().reason == Reason::store_retry);
    s = std::move(nap).answer(Slept::through, t0);
    CHECK(expect<LoadCheckpoint>(s).effect().purpose == LoadCheckpoint::Purpose::resolve);
  }
  SECTION("asked to stop now, it ends in doubt") {
    renewing.ask_to_stop(Stop::now);
    s = std::move(renewing).answer(not_renewed(busy), t0);
    s = expect(s, release).answer(ReleaseLease::Released{}, t0);
    REQUIRE(s.finished()->has_value());
    CHECK((*s.finished())->commit_in_doubt);
  }
}
