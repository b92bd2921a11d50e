// A changed projector fills a new generation beside what readers see, and one effect switches.
#include <catch2/catch.hpp>

#include "keyed_probe.hpp"
#include "story.hpp"

using namespace lantern;
using namespace lantern::testing;
using namespace lantern::story;
using namespace std::chrono_literals;

namespace {

using Lines = std::vector<std::string>;

struct Reshaped : Chain {
  static constexpr std::int32_t state_version = 2;
};

/// What an older program has made of these events.
ViewModel made_by_code_1(const std::vector<std::string>& data) {
  ViewModel store = store_of(data);
  Chain old;
  REQUIRE(run(old, store));
  store.published.clear();
  return store;
}

ProjectionConfig led_by(const std::string& owner, WhenNotLeader when = WhenNotLeader::fail) {
  Leadership leadership(owner);
  leadership.when_not_leader = when;
  return steady().page_limit(2).with(leadership);
}

/// Performs what is asked until the run asks for `E`, or has ended.
template <Effect E>
Step run_up_to(Step step, ViewModel& store) {
  while (!step.finished() && !step.asks<E>()) {
    step = std::move(step).visit([&]<Effect Other>(Request<Other> request) -> Step {
      auto reply = lantern::perform(store, request.effect());
      return std::move(request).answer(std::move(reply), Instant{});
    });
  }
  return step;
}

}  // namespace

TEST_CASE("T46: newer code rebuilds by itself, the same code does not") {
  ViewModel store = made_by_code_1({"a", "a b", "b"});
  Chain same;
  REQUIRE(run(same, store));
  CHECK(store.active == 1);
  Chain newer{.code = 2};
  const Finished end = run(newer, store);
  REQUIRE(end);
  CHECK(end->ending == Ending::caught_up);
  CHECK(end->generation == Generation{2});
  CHECK(store.active == 2);
  CHECK(store.live().version == CodeVersion{2, 1});
  CHECK(difference(store.live().views, naive_fold(store.log, store.head(), 2)) == "");
  CHECK(store.published.empty());  // nobody follows a generation that readers do not see
  CHECK(store.generations.contains(1));
  Chain again{.code = 2};
  REQUIRE(run(again, store));
  CHECK(store.active == 2);
}

TEST_CASE("a rebuild with leases: that of the rebuild first, given back, then that of the live run") {
  ViewModel store = made_by_code_1({"a", "b", "a"});
  Chain newer{.code = 2};
  Lines trace;
  REQUIRE(run(newer, store, led_by("me"), &trace));
  CHECK(trace == Lines{"LoadCheckpoint{p, inspect}", "AcquireLease{p, me, 10000ms, rebuild}",
                       "LoadCheckpoint{p, inspect}", "BeginRebuild{p, code 2/1, fence=1}",
                       "ReadEvents{after=-, limit=2}", "LoadViews{p, 2 keys, generation 2}",
                       "SaveCheckpoint{p, from=-, through=2, writes=0, quarantined=0, views=2, generation=2, fence=1}",
                       "ReadEvents{after=2, limit=2}",
                       "SaveCheckpoint{p, from=2, through=3, writes=0, quarantined=0, views=1, generation=2, fence=1}",
                       "ActivateGeneration{p, 2, fence=1}", "ReleaseLease{p, me, fence=1, rebuild}",
                       "AcquireLease{p, me, 10000ms}", "LoadCheckpoint{p, start}", "ReadEvents{after=3, limit=2}",
                       "ReleaseLease{p, me, fence=1}"});
  CHECK(store.leases[Role::rebuild].owner.empty());
  CHECK(store.leases[Role::live].owner.empty());
}

TEST_CASE("the live run goes on meanwhile, and the switch waits until readers would not go back") {
  ViewModel store = made_by_code_1({"a", "b", "a"});
  Chain newer{.code = 2};
  Step step = run_up_to<ActivateGeneration>(ProjectionPipeline(newer, led_by("new")).start({}), store);
  REQUIRE(step.asks<ActivateGeneration>());
  store.log.push_back({4, "T", "b"});
  Chain old;
  REQUIRE(run(old, store, led_by("old")));  // another role, so both lead
  CHECK(store.live().position == Position{4});
  auto activate = expect<ActivateGeneration>(step);
  auto refused = store.perform(activate.effect());
  REQUIRE(std::get<BehindActive>(refused.error()).active == Position{4});
  step = std::move(activate).answer(refused, {});
  check_pending(step, lantern::story::read(3, 2));
  REQUIRE(drive(std::move(step), store));
  CHECK(store.active == 2);
  CHECK(difference(store.live().views, naive_fold(store.log, store.head(), 2)) == "");
}

TEST_CASE("a run of older code ends when newer code has switched") {
  ViewModel store = made_by_code_1({"a", "b"});
  Chain old;
  Step live = run_up_to<Sleep>(ProjectionPipeline(old, led_by("old").continuous()).start({}), store);
  Chain newer{.code = 2};
  // It cannot lead the live run yet, and has done what it was to do.
  const Finished rebuilt = run(newer, store, led_by("new"));
  REQUIRE(rebuilt);
  CHECK(rebuilt->ending == Ending::rebuilt);
  CHECK(store.active == 2);

  store.log.push_back({3, "T", "a"});
  const Finished end = drive(std::move(live), store);
  REQUIRE(!end);
  CHECK(end.error().kind == ErrorKind::superseded);
  CHECK(store.leases[Role::live].owner.empty());
  CHECK(store.published.empty());
  CHECK(difference(store.live().views, naive_fold(store.log, Position{2}, 2)) == "");

  Chain goes_on{.code = 2};
  REQUIRE(run(goes_on, store, led_by("new")));
  CHECK(difference(store.live().views, naive_fold(store.log, store.head(), 2)) == "");
  CHECK(store.published.back().moment.generation == Generation{2});
}

TEST_CASE("a run of the same code goes on in the generation that another one has rebuilt") {
  ViewModel store = made_by_code_1({"a", "b"});
  Chain first;
  Step live = run_up_to<Sleep>(ProjectionPipeline(first, led_by("old").continuous()).start({}), store);
  Chain second;
  const Finished rebuilt = run(second, store, led_by("new").rebuild_when(RebuildPolicy::always));
  REQUIRE(rebuilt);
  CHECK(rebuilt->ending == Ending::rebuilt);
  store.log.push_back({3, "T", "a"});
  live = run_up_to<Publish>(std::move(live), store);
  REQUIRE(live.asks<Publish>());
  CHECK(live.asks<Publish>()->effect().frames.at(0).moment == Moment{Generation{2}, {}, 2});
  CHECK(difference(store.live().views, naive_fold(store.log, store.head())) == "");
}

TEST_CASE("a run that follows the log takes over from older code, which ends, and not from its own") {
  ViewModel store = made_by_code_1({"a", "b"});
  Chain first;
  Step live = run_up_to<Sleep>(ProjectionPipeline(first, led_by("old").continuous()).start({}), store);
  SECTION("older code") {
    Chain newer{.code = 2};
    Step next = run_up_to<Sleep>(ProjectionPipeline(newer, led_by("new").continuous()).start({}), store);
    REQUIRE(store.active == 2);
    REQUIRE(next.asks<Sleep>());
    CHECK(next.asks<Sleep>()->effect().reason == Sleep::Reason::standby);
    store.log.push_back({3, "T", "a"});
    const Finished end = drive(std::move(live), store);
    REQUIRE(!end);
    CHECK(end.error().kind == ErrorKind::superseded);
    next = run_up_to<Publish>(std::move(next), store);
    REQUIRE(next.asks<Publish>());
    CHECK(difference(store.live().views, naive_fold(store.log, store.head(), 2)) == "");
  }
  SECTION("the same code") {
    Chain same;
    const Finished end = run(same, store, led_by("new").continuous().rebuild_when(RebuildPolicy::always));
    REQUIRE(end);
    CHECK(end->ending == Ending::rebuilt);
  }
}

TEST_CASE("older code refuses to begin on what newer code has made") {
  ViewModel store = made_by_code_1({"a"});
  Chain newer{.code = 3}, older{.code = 2};
  REQUIRE(run(newer, store));
  for (const auto policy : {RebuildPolicy::when_newer, RebuildPolicy::always, RebuildPolicy::never}) {
    const Finished end = run(older, store, led_by("me").rebuild_when(policy));
    REQUIRE(!end);
    CHECK(end.error().kind == ErrorKind::version_too_old);
    CHECK(store.leases[Role::live].fence == 0);  // before it asks for any lease
  }
}

TEST_CASE("always rebuilds once a run, never does not") {
  ViewModel store = made_by_code_1({"a", "b"});
  Chain same;
  REQUIRE(run(same, store, ProjectionConfig().rebuild_when(RebuildPolicy::always)));
  CHECK(store.active == 2);
  CHECK(store.greatest == 2);
  Chain newer{.code = 2};
  store.log.push_back({3, "T", "a"});
  REQUIRE(run(newer, store, ProjectionConfig().rebuild_when(RebuildPolicy::never)));
  CHECK(store.active == 2);
  CHECK(store.live().version == CodeVersion{2, 1});  // as if this code had made it
  // There is nothing to rebuild of a projection that is not known yet.
  ViewModel fresh = store_of({"a"});
  Chain first;
  const Finished end = run(first, fresh, ProjectionConfig().rebuild_when(RebuildPolicy::always));
  REQUIRE(end);
  CHECK(fresh.greatest == 1);
  CHECK(end->generation == Generation{1});
}

TEST_CASE("a newer schema rebuilds, if older views cannot be read") {
  ViewModel store = made_by_code_1({"a", "b"});
  Reshaped reshaped;
  REQUIRE(run(reshaped, store));
  CHECK(store.active == 2);
  CHECK(store.live().version == CodeVersion{1, 2});
  CHECK(store.live().views.at("a").schema_version == 2);
}

TEST_CASE("the switch can be held, to compare first, and is made by the next run") {
  ViewModel store = made_by_code_1({"a", "b", "a"});
  Chain newer{.code = 2};
  const Finished held = run(newer, store, led_by("me").hold_the_switch());
  REQUIRE(held);
  CHECK(held->ending == Ending::rebuilt);
  CHECK(held->generation == Generation{2});
  CHECK(held->position == Position{3});
  CHECK(store.active == 1);
  CHECK(difference(store.generations.at(2).views, naive_fold(store.log, store.head(), 2)) == "");
  store.log.push_back({4, "T", "c"});
  Chain next{.code = 2};
  REQUIRE(run(next, store, led_by("me")));
  CHECK(store.active == 2);
  CHECK(store.greatest == 2);  // the one that was filled already
  CHECK(difference(store.live().views, naive_fold(store.log, store.head(), 2)) == "");
}

TEST_CASE("a rebuild that was cancelled ends the run that fills it") {
  ViewModel store = made_by_code_1({"a", "b", "a"});
  Chain newer{.code = 2};
  Step step = run_up_to<SaveCheckpoint>(ProjectionPipeline(newer, led_by("me")).start({}), store);
  store.cancel_rebuild();
  const Finished end = drive(std::move(step), store);
  REQUIRE(!end);
  CHECK(end.error().kind == ErrorKind::superseded);
  CHECK(store.generations.size() == 1);
  CHECK(store.leases[Role::rebuild].owner.empty());
}

TEST_CASE("a standby of the rebuild that finds it done goes on as the live run") {
  ViewModel store = made_by_code_1({"a", "b"});
  store.leases[Role::rebuild].owner = "other";
  Chain newer{.code = 2};
  Step step = run_up_to<Sleep>(ProjectionPipeline(newer, led_by("me", WhenNotLeader::stand_by)).start({}), store);
  REQUIRE(step.asks<Sleep>());
  CHECK(step.asks<Sleep>()->effect().reason == Sleep::Reason::standby);
  store.leases[Role::rebuild].owner.clear();
  Chain other{.code = 2};
  REQUIRE(run(other, store, led_by("other")));
  CHECK(store.active == 2);
  REQUIRE(drive(std::move(step), store));
  CHECK(store.greatest == 2);
  CHECK(store.leases[Role::rebuild].owner.empty());
}

TEST_CASE("who is to fail when somebody else rebuilds, fails") {
  ViewModel store = made_by_code_1({"a"});
  store.leases[Role::rebuild].owner = "other";
  Chain newer{.code = 2};
  const Finished end = run(newer, store, led_by("me"));
  REQUIRE(!end);
  CHECK(end.error().kind == ErrorKind::leadership);
  CHECK(store.generations.size() == 1);
}

TEST_CASE("an operator who goes back to what older code made is not overruled by the run that is on") {
  const auto policy = GENERATE(RebuildPolicy::when_newer, RebuildPolicy::always);
  ViewModel store = made_by_code_1({"a", "b"});
  Chain newer{.code = 2};
  const ProjectionConfig config = led_by("me").continuous().rebuild_when(policy);
  Step live = run_up_to<Sleep>(ProjectionPipeline(newer, config).start({}), store);
  REQUIRE(store.active == 2);
  // A rollback: what was previous becomes active under a new number.
  store.generations[3] = store.generations[1];
  store.generations.erase(1);
  store.active = store.greatest = 3;
  store.log.push_back({3, "T", "a"});
  const Finished end = drive(std::move(live), store);
  REQUIRE(!end);
  CHECK(end.error().kind == ErrorKind::superseded);
  CHECK(store.building == 0);
}

TEST_CASE("stores that break the contract of generations are not believed for ever") {
  ViewModel store = made_by_code_1({"a"});
  SECTION("a commit is refused, although nothing has moved") {
    store.log.push_back({2, "T", "a"});
    Chain chain;
    Step step = run_up_to<SaveCheckpoint>(ProjectionPipeline(chain, steady()).start({}), store);
    step = expect<SaveCheckpoint>(step).answer(tl::unexpected(SaveError(GenerationMoved{Generation{7}})), {});
    const Finished end = drive(std::move(step), store);
    REQUIRE(!end);
    CHECK(end.error().kind == ErrorKind::store_contract);
  }
  SECTION("behind an active one that is not ahead") {
    Chain newer{.code = 2};
    Step step = run_up_to<ActivateGeneration>(ProjectionPipeline(newer, steady()).start({}), store);
    using Refusal = std::variant<LostLeadership, BehindActive, Failure>;
    step = expect<ActivateGeneration>(step).answer(tl::unexpected(Refusal(BehindActive{Position{1}})), {});
    CHECK(error(step).kind == ErrorKind::store_contract);
  }
}

TEST_CASE("a rebuild that has nothing more to read, and is behind, does not ask without a pause") {
  ViewModel store = made_by_code_1({"a", "b"});
  store.log.resize(1);  // a copy that lags, or was restored from before
  Chain newer{.code = 2};
  ProjectionConfig config = steady();
  config.poll.interval = 3s;
  Step step = run_up_to<Sleep>(ProjectionPipeline(newer, config).start({}), store);
  for (int round = 0; round < 3; ++round) {
    check_pending(step, Sleep{3s, Sleep::Reason::idle});
    step = expect<Sleep>(step).answer(Slept::through, {});
    step = run_up_to<Sleep>(std::move(step), store);
  }
  CHECK(store.active == 1);
  store.log.push_back({2, "T", "b"});
  REQUIRE(drive(std::move(step), store));
  CHECK(store.active == 2);
  CHECK(difference(store.live().views, naive_fold(store.log, store.head(), 2)) == "");
}

TEST_CASE("a rebuild that is behind since the live run went on, reads on at once") {
  ViewModel store = made_by_code_1({"a", "b"});
  Chain newer{.code = 2};
  Step step = run_up_to<ActivateGeneration>(ProjectionPipeline(newer, steady()).start({}), store);
  store.log.push_back({3, "T", "a"});
  Chain old;
  REQUIRE(run(old, store));
  using Refusal = std::variant<LostLeadership, BehindActive, Failure>;
  step = expect<ActivateGeneration>(step).answer(tl::unexpected(Refusal(BehindActive{Position{3}})), {});
  CHECK(step.asks<ReadEvents>());
}

TEST_CASE("a version that is no version is refused before anything is asked") {
  for (const std::int64_t code : {0, -1}) {
    Chain chain{.code = code};
    Step step = ProjectionPipeline(chain, {}).start({});
    CHECK(error(step).kind == ErrorKind::projector);
  }
}

TEST_CASE("a view that is replaced right after the switch is seen by the live run") {
  ViewModel store = made_by_code_1({"a", "b"});
  Chain newer{.code = 2};
  Step step = run_up_to<ActivateGeneration>(ProjectionPipeline(newer, led_by("me")).start({}), store);
  auto activate = expect<ActivateGeneration>(step);
  auto done = store.perform(activate.effect());
  step = std::move(activate).answer(std::move(done), {});
  store.replace("a", "7", 3);
  store.log.push_back({3, "T", "a"});
  REQUIRE(drive(std::move(step), store));
  CHECK(store.live().views.at("a").state == std::to_string(link(7 + 2, 3)));
  CHECK(store.live().views.at("a").version == 4);
}

TEST_CASE("a standby that leads again forgets what it had folded and not stored") {
  ViewModel store = store_of({"a", "b", "a"});
  const auto log = store.log;
  store.log.resize(2);
  Chain first, second;
  REQUIRE(run(first, store));
  store.log = log;
  Step step =
      run_up_to<SaveCheckpoint>(ProjectionPipeline(second, led_by("me", WhenNotLeader::stand_by)).start({}), store);
  // It is said to have lost, and takes the lease again, with the checkpoint where it was.
  step = expect<SaveCheckpoint>(step).answer(tl::unexpected(SaveError(LostLeadership{})), {});
  check_pending(step, AcquireLease{ProjectionId("p"), "me", 10s});
  REQUIRE(drive(std::move(step), store));
  CHECK(difference(store.live().views, naive_fold(store.log, store.head())) == "");
}

TEST_CASE("a store that is said to have one runner only takes no fence from thin air, in a rebuild either") {
  ViewModel store = made_by_code_1({"a", "b"});
  store.leases[Role::rebuild].fence = store.leases[Role::live].fence = 7;  // of runs that did lead
  Unguarded alone(store);
  Chain newer{.code = 2};
  REQUIRE(run(newer, alone, led_by("me")));
  CHECK(store.active == 2);
  CHECK(difference(store.live().views, naive_fold(store.log, store.head(), 2)) == "");
}
