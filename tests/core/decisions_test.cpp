// Decisions that hang on one fact alone: each story differs in just that from others that end otherwise.
#include <catch2/catch.hpp>

#include "keyed_probe.hpp"
#include "story.hpp"

using namespace lantern;
using namespace lantern::story;
using namespace lantern::testing;
using namespace std::chrono_literals;

namespace {

constexpr Instant t0{};

SaveCheckpoint::reply refused(SaveError why) { return tl::unexpected(std::move(why)); }

/// Performs what is asked until the run asks for `E`, or has ended.
template <Effect E>
Step run_up_to(Step step, ViewModel& store, Instant now = t0) {
  while (!step.finished() && !step.asks<E>()) {
    step = std::move(step).visit([&]<Effect Other>(Request<Other> request) -> Step {
      auto reply = lantern::perform(store, request.effect());
      return std::move(request).answer(std::move(reply), now);
    });
  }
  return step;
}

/// A log that an older program has made views of.
ViewModel made_by_code_1(const std::vector<std::string>& data) {
  ViewModel store = store_of(data);
  Chain old;
  REQUIRE(run(old, store));
  return store;
}

ProjectionConfig led(WhenNotLeader when = WhenNotLeader::fail) {
  Leadership leadership("me");
  leadership.ttl = 9s;
  leadership.when_not_leader = when;
  return steady().with(leadership);
}

/// What SQL statements look like to the machine: applied by the store, and made by a version of the code.
struct Versioned final : ProjectorPort {
  CodeVersion version;
  explicit Versioned(CodeVersion of) : version(of) {}
  std::string name() const override { return "p"; }
  EventFilter filter() const override { return {}; }
  bool checkpoint_is_stored() const override { return false; }  // that it is in the store follows from the next line
  bool applied_by_store() const override { return true; }
  std::optional<Position> starts_after() const override { return {}; }
  std::optional<CodeVersion> code_version() override { return version; }
  Folded fold(std::span<const RecordedEvent>) override { return {}; }
  FailureStrategy on_error(const FailureContext&) override { return FailureStrategy::Fatal; }
};

Step versioned(CodeVersion version, const ProjectionConfig& config = steady()) {
  return ProjectionPipeline(std::make_unique<Versioned>(version), config).start(t0);
}

}  // namespace

// ---- commits ----

TEST_CASE("a keyed batch that spans pages is bounded by the bytes of a page, one folded in memory is not") {
  ProjectionConfig config = steady().page_limit(2).page_bytes_limit(8);
  config.commit.max_bytes = ByteCount(1000);
  ViewModel store = store_of({"a", "b", "c", "d", "e", "f"});
  Chain chain;
  Step step = run_up_to<SaveCheckpoint>(ProjectionPipeline(chain, config).start(t0), store);
  CHECK(expect<SaveCheckpoint>(step).effect().through == Position{4});  // of 3 bytes each: two pages are 12

  Probe<> probe;
  step = ProjectionPipeline(probe, config).start(t0);
  step = expect<LoadCheckpoint>(step).answer(std::nullopt, t0);
  step = expect<ReadEvents>(step).answer(more({1, 2}), t0);
  REQUIRE(step.asks<ReadEvents>());
  CHECK(step.asks<ReadEvents>()->effect().after == Position{2});
}

TEST_CASE("a projection that is never rebuilt, and is said to have been, is somebody else's") {
  Probe<> probe;
  Step step = ProjectionPipeline(probe, steady()).start(t0);
  step = expect<LoadCheckpoint>(step).answer(std::nullopt, t0);
  step = expect<ReadEvents>(step).answer(last({1}), t0);
  step = expect<SaveCheckpoint>(step).answer(refused(GenerationMoved{Generation{3}}), t0);
  CHECK(error(step).kind == ErrorKind::checkpoint_conflict);
  CHECK(error(step).what == "a rebuild was switched to: generation 3 is active");
  CHECK_FALSE(error(step).position);  // nothing is stored
}

TEST_CASE("a keyed commit of unknown outcome that turns out to be somebody else's ends the run") {
  ViewModel store = store_of({"a"});
  Chain chain;
  Step step = run_up_to<SaveCheckpoint>(ProjectionPipeline(chain, steady()).start(t0), store);
  step = expect<SaveCheckpoint>(step).answer(refused(OutcomeUnknown{busy}), t0);
  step = expect<LoadCheckpoint>(step).answer(Checkpoint{Position{9}}, t0);
  CHECK(error(step).kind == ErrorKind::checkpoint_conflict);
  CHECK_FALSE(error(step).progress.commit_in_doubt);
}

TEST_CASE("a failed save is never ignored where views depend on it") {
  ProjectionConfig config = steady();
  config.quirks.failed_saves_are_ignored = true;
  ViewModel store = store_of({"a"});
  Chain chain;
  Step step = run_up_to<SaveCheckpoint>(ProjectionPipeline(chain, config).start(t0), store);
  step = expect<SaveCheckpoint>(step).answer(refused(broken), t0);
  CHECK(error(step).kind == ErrorKind::checkpoint_save_failed);
  CHECK(store.published.empty());
}

TEST_CASE("what a store applies has a checkpoint in that store, whatever the projector says of its effects") {
  Probe<false, true> probe;
  Step step = ProjectionPipeline(probe, steady()).start(t0);
  step = expect<LoadCheckpoint>(step).answer(Checkpoint{Position{4}}, t0);
  step = expect(step, read(4)).answer(last({5}), t0);
  auto save = expect<SaveCheckpoint>(step);
  CHECK(save.effect().from == Position{4});
  CHECK(save.effect().through == Position{5});
  CHECK(save.effect().writes.size() == 1);
}

// ---- rebuilding ----

TEST_CASE("statements of newer code are rebuilt like views are, and of a newer schema always") {
  for (const CodeVersion newer : {CodeVersion{2, 1}, CodeVersion{1, 2}}) {
    Step step = versioned(newer);
    step = expect<LoadCheckpoint>(step).answer(Checkpoint{Position{1}}, t0);
    CHECK(expect<BeginRebuild>(step).effect().version == newer);
  }
  Step same = versioned(CodeVersion{1, 1});
  same = expect<LoadCheckpoint>(same).answer(Checkpoint{Position{1}}, t0);
  CHECK(expect<LoadCheckpoint>(same).effect().purpose == LoadCheckpoint::Purpose::start);
}

TEST_CASE("both numbers of a version begin with 1") {
  for (const CodeVersion none : {CodeVersion{0, 1}, CodeVersion{1, 0}}) {
    Step step = versioned(none);
    CHECK(error(step).kind == ErrorKind::projector);
    CHECK(error(step).what == "it cannot run as this version");
  }
}

TEST_CASE("a run that has rebuilt, and must rebuild again while somebody else does, has not done its work") {
  ViewModel store = made_by_code_1({"a"});
  Chain newer{.code = 2};
  Step step = run_up_to<ActivateGeneration>(ProjectionPipeline(newer, led()).start(t0), store);
  step = expect<ActivateGeneration>(step).answer(ActivateGeneration::Activated{}, t0);
  step = expect<ReleaseLease>(step).answer(ReleaseLease::Released{}, t0);
  step = expect<AcquireLease>(step).answer(Lease{"me", Fence{5}}, t0);
  // An operator went back in between, so the active generation is of older code again.
  step = expect<LoadCheckpoint>(step).answer(Checkpoint{Position{1}, Generation{3}, {}, CodeVersion{1, 1}}, t0);
  step = expect<LoadCheckpoint>(step).answer(Checkpoint{Position{1}, Generation{3}, {}, CodeVersion{1, 1}}, t0);
  step = expect<ReleaseLease>(step).answer(ReleaseLease::Released{}, t0);
  REQUIRE(step.asks<AcquireLease>());
  CHECK(step.asks<AcquireLease>()->effect().role == Role::rebuild);
  using Taken = std::variant<LeaseHeld, Failure>;
  step = expect<AcquireLease>(step).answer(tl::unexpected(Taken(LeaseHeld{"other", 1s})), t0);
  CHECK(error(step).kind == ErrorKind::leadership);
}

TEST_CASE("a rebuild that is to hold the switch, and is stopped before its last commit, has only stopped") {
  ViewModel store = made_by_code_1({"a"});
  Chain newer{.code = 2};
  ProjectionConfig config = steady().hold_the_switch();
  Step step = run_up_to<SaveCheckpoint>(ProjectionPipeline(newer, config).start(t0), store);
  step.ask_to_stop(Stop::now);
  step = expect<SaveCheckpoint>(step).answer(refused(busy), t0);
  CHECK(success(step).ending == Ending::stopped);
  CHECK_FALSE(success(step).position);
}

TEST_CASE("a rebuild that is behind again, and has found new events meanwhile, does not rest") {
  ViewModel store = made_by_code_1({"a", "b"});
  Chain newer{.code = 2};
  Step step = run_up_to<ActivateGeneration>(ProjectionPipeline(newer, steady()).start(t0), store);
  using Refusal = std::variant<LostLeadership, BehindActive, Failure>;
  step = expect<ActivateGeneration>(step).answer(tl::unexpected(Refusal(BehindActive{Position{3}})), t0);
  store.log.push_back({3, "T", "a"});
  step = run_up_to<ActivateGeneration>(std::move(step), store);
  step = expect<ActivateGeneration>(step).answer(tl::unexpected(Refusal(BehindActive{Position{4}})), t0);
  CHECK(step.asks<ReadEvents>());  // there were events just now
}

// ---- leading ----

TEST_CASE("leadership that nobody has taken is lost all the same") {
  Probe<> probe;
  Step step = ProjectionPipeline(probe, led()).start(t0);
  step = expect<AcquireLease>(step).answer(Lease{"me", Fence{1}}, t0);
  step = expect<LoadCheckpoint>(step).answer(std::nullopt, t0);
  step = expect<ReadEvents>(step).answer(last({1}), t0);
  step = expect<SaveCheckpoint>(step).answer(refused(LostLeadership{}), t0);
  CHECK(error(step).what == "leadership was lost");
}

TEST_CASE("a rebuild whose generation was taken away, and then its lease, leads again before it looks again") {
  ViewModel store = made_by_code_1({"a"});
  Chain newer{.code = 2};
  Step step = run_up_to<SaveCheckpoint>(ProjectionPipeline(newer, led(WhenNotLeader::stand_by)).start(t0), store);
  step = expect<SaveCheckpoint>(step).answer(refused(GenerationMoved{Generation{1}}), after(8s));
  auto renew = expect<RenewLease>(step);
  using Renewed = std::variant<LostLeadership, Failure>;
  step = std::move(renew).answer(tl::unexpected(Renewed(LostLeadership{"other"})), after(8s));
  auto acquire = expect<AcquireLease>(step);
  CHECK(acquire.effect().role == Role::rebuild);
  step = std::move(acquire).answer(Lease{"me", Fence{9}}, after(8s));
  CHECK(expect<LoadCheckpoint>(step).effect().purpose == LoadCheckpoint::Purpose::inspect);
}

// ---- events that fail for a key ----

namespace {

/// A state that cannot be put in place, once.
struct Brittle {
  std::int64_t value{};
  bool* breaks{};
  Brittle() = default;
  Brittle(const Brittle&) = default;
  Brittle(Brittle&&) = default;
  Brittle& operator=(const Brittle&) = default;
  Brittle& operator=(Brittle&& other) {
    if (other.breaks && std::exchange(*other.breaks, false)) throw std::runtime_error("it broke");
    value = other.value;
    return *this;
  }
};

struct Breaking {
  using State = Brittle;
  using Delta = std::int64_t;
  struct Codec {
    std::string encode_state(const State& state) const { return std::to_string(state.value); }
    std::string encode_delta(Delta delta) const { return std::to_string(delta); }
    tl::expected<State, Failure> decode_state(std::string_view) const { return State{}; }
  };
  using view_codec = Codec;
  bool breaks{true};
  std::string name() const { return "p"; }
  std::string keys(const RecordedEvent& event) const { return std::string(event.data); }
  tl::expected<Change<Delta>, Failure> apply(State& state, const RecordedEvent& event) {
    if (event.type == "bad") return tl::unexpected(Failure(FailureKind::rejected, "bad"));
    state.value += event.position.value;
    state.breaks = &breaks;
    return changed(event.position.value);
  }
};

/// `a` fails for position 1 for good, then `b` does too, and that event is skipped; `a` fails again at 2.
struct TwiceParked : Chain {
  FailureStrategy on_error(const FailureContext& context) {
    const bool skips = context.position == Position{1} && context.key == "b";
    return skips ? FailureStrategy::Skip : FailureStrategy::Retry;
  }
};

/// Reads what it wrote, unless it is told not to; and older states by `upcast_view`.
struct Picky {
  using State = std::uint64_t;
  using Delta = std::int64_t;
  struct Codec : ChainCodec {
    tl::expected<std::uint64_t, Failure> decode_state(std::string_view bytes) const {
      if (bytes == "13") throw std::runtime_error("not that one");
      return ChainCodec::decode_state(bytes);
    }
  };
  using view_codec = Codec;
  static constexpr std::int32_t state_version = 2;
  std::string name() const { return "p"; }
  std::string keys(const RecordedEvent& event) const { return std::string(event.data); }
  Change<Delta> apply(State& state, const RecordedEvent& event) {
    ++state;
    return changed(event.position.value);
  }
  tl::expected<State, Failure> upcast_view(std::int32_t from, std::string_view bytes) {
    return static_cast<State>(from * 1000) + std::stoull(std::string(bytes));
  }
};

}  // namespace

TEST_CASE("a view that breaks while it is put in place ends the run, and no key is blamed") {
  ViewModel store = store_of({"a"});
  Breaking projector;
  const Finished end = run(projector, store);
  REQUIRE_FALSE(end);
  CHECK(end.error().kind == ErrorKind::projector);
  CHECK(end.error().what == "an event left a view half changed");
  CHECK(end.error().position == Position{1});
  CHECK(end.error().message().find("for key") == std::string::npos);
  CHECK(store.commits == 0);

  store.log.push_back({2, "bad", "a"});  // it breaks once; this one is the event's own fault
  const Finished later = run(projector, store);
  REQUIRE_FALSE(later);
  CHECK(later.error().kind == ErrorKind::event_failed);
  CHECK_THAT(later.error().what, Catch::Contains("(for key a)"));
  CHECK(store.commits == 1);
}

TEST_CASE("a key that is parked, let go of and parked again within a batch is parked once") {
  ViewModel store = store_of({"a b", "a", "a"});
  TwiceParked projector;
  projector.fails = {{{1, "a"}, -1}, {{1, "b"}, -1}, {{2, "a"}, -1}};
  ProjectionConfig config = steady();
  config.commit.max_events = EventCount(100);
  config.event_retry.max_attempts = 0;
  config.event_retry.when_exhausted = Escalation::quarantine_key;
  REQUIRE(run(projector, store, config));
  std::vector<std::string> lines;
  for (const auto& [id, record] : store.live().records) {
    lines.push_back(std::to_string(record.position.value) + " " + to_string(record.reason) + " for " +
                    record.key.value_or("all"));
  }
  CHECK(lines == std::vector<std::string>{"1 skipped for all", "2 exhausted for a", "3 waiting for a"});
}

TEST_CASE("views are read by the codec if they are of its schema, by upcast_view if of an older one") {
  ViewModel store = store_of({"a", "b", "c", "a", "b", "c"});
  const auto log = store.log;
  store.log.resize(3);
  Picky picky;
  REQUIRE(run(picky, store));
  store.live().views.at("b").schema_version = 1;
  store.live().views.at("c").state = "13";
  store.log = log;
  REQUIRE(run(picky, store));
  CHECK(store.live().views.at("a").state == "2");
  CHECK(store.live().views.at("b").state == "1002");
  CHECK(store.live().views.at("c").state == "13");  // it threw: its key waits
  CHECK(store.live().records.size() == 1);
}
