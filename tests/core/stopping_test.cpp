// A run is asked to stop while each of its requests is pending, in either way, and that request then succeeds, or fails
// in each of its ways.
#include "model_store.hpp"

using namespace lantern;
using namespace lantern::story;
using namespace lantern::testing;
using namespace std::chrono_literals;

namespace {

enum class Outcome { success, transient, permanent, unknown_stored, unknown_not_stored };

template <Effect E>
typename E::reply refused(const Failure& failure) {
  if constexpr (std::same_as<E, SaveCheckpoint>) return tl::unexpected(SaveError(failure));
  else if constexpr (std::same_as<E, AcquireLease>) return tl::unexpected(std::variant<LeaseHeld, Failure>(failure));
  else if constexpr (std::same_as<E, RenewLease>) return tl::unexpected(std::variant<LostLeadership, Failure>(failure));
  else return tl::unexpected(failure);
}

struct World {
  ModelStore store;
  Instant now{};

  template <Effect E>
  typename E::reply perform(const E& effect, Outcome outcome) {
    if constexpr (std::same_as<E, Sleep>) {
      if (outcome == Outcome::success) now += effect.duration;
      return outcome == Outcome::success ? Slept::through : Slept::woken;
    } else {
      if (outcome == Outcome::transient) return refused<E>(busy);
      if (outcome == Outcome::permanent) return refused<E>(broken);
      if constexpr (std::same_as<E, SaveCheckpoint>) {
        const auto unknown = tl::unexpected(SaveError(OutcomeUnknown{busy}));
        if (outcome == Outcome::unknown_not_stored) return unknown;
        auto done = lantern::perform(store, effect);
        if (outcome == Outcome::unknown_stored) return unknown;
        return done;
      } else return lantern::perform(store, effect);
    }
  }

  Step answer(Step step, Outcome outcome) {
    return std::move(step).visit([&]<Effect E>(Request<E> request) -> Step {
      auto reply = perform(request.effect(), outcome);
      return std::move(request).answer(std::move(reply), now);
    });
  }
};

struct Setting {
  const char* name;
  ProjectionConfig config;
  std::map<std::int64_t, int> poison;
  FailureStrategy strategy;
};

std::vector<Setting> settings() {
  auto base = steady().page_limit(2);
  auto spanning = base;
  spanning.with(CommitPolicy{.max_events = EventCount(3)});
  auto waiting = base;
  waiting.with(CommitPolicy{.max_age = Delay(1h)});
  std::vector<Setting> all = {
      {"by page", base, {}, FailureStrategy::Fatal},
      {"spanning pages", spanning, {}, FailureStrategy::Fatal},
      {"by age", waiting, {}, FailureStrategy::Fatal},
      {"with retries", base, {{4, -1}}, FailureStrategy::Retry},
      {"with skips", spanning, {{2, -1}, {3, -1}}, FailureStrategy::Skip},
  };
  const auto count = all.size();
  for (std::size_t i = 0; i < count; ++i) {
    all.push_back(all[i]);
    all.back().config.continuous();
  }
  const auto twice = all.size();
  for (std::size_t i = 0; i < twice; ++i) {
    all.push_back(all[i]);
    all.back().config.with(Leadership("me"));
  }
  return all;
}

/// Asks the run to stop at its effect number `index`. False when it has ended before that.
bool stop_at(const Setting& setting, int index, Stop how, Outcome outcome) {
  World world{store_with(5)};
  world.store.poison = setting.poison;
  Probe<true, true> probe{.strategy = setting.strategy};
  Step step = ProjectionPipeline(probe, setting.config).start(world.now);
  for (int i = 0; i < index && !step.finished(); ++i) step = world.answer(std::move(step), Outcome::success);
  if (step.finished()) return false;

  INFO("stop asked while pending: " << step);
  std::optional<Position> in_hand = world.store.checkpoint;
  if (const auto* save = step.asks<SaveCheckpoint>()) in_hand = save->effect().through;
  step.ask_to_stop(how);
  step.ask_to_stop(Stop::none);  // the stronger of several wins
  const bool was_saving = step.asks<SaveCheckpoint>() != nullptr;
  const bool was_releasing = step.asks<ReleaseLease>() != nullptr;
  step = world.answer(std::move(step), outcome);

  int effects = 0;
  for (; !step.finished(); ++effects) {
    INFO("then asks: " << step);
    REQUIRE(effects < 8);
    CHECK_FALSE(step.asks<ReadEvents>());
    CHECK_FALSE(step.asks<AcquireLease>());
    if (how == Stop::now) CHECK(step.asks<ReleaseLease>());
    if (const auto* nap = step.asks<Sleep>()) CHECK(nap->effect().reason == Sleep::Reason::store_retry);
    step = world.answer(std::move(step), Outcome::success);
  }

  const Finished& end = *step.finished();
  const RunSummary& summary = end ? *end : end.error().progress;
  INFO("ends: " << step);
  CHECK(world.store.is_the_fold_of_the_log());
  const bool kept = outcome == Outcome::permanent || (outcome == Outcome::transient && how == Stop::now);
  CHECK(world.store.owner.empty() == !(was_releasing && kept));
  if (!summary.commit_in_doubt) {
    if (world.store.checkpoint && summary.position) CHECK(summary.position == world.store.checkpoint);
    CHECK(summary.applied == world.store.ledger.size());
    CHECK(summary.quarantined == world.store.records.size());
  } else {
    CHECK(how == Stop::now);
    CHECK((outcome == Outcome::unknown_stored || outcome == Outcome::unknown_not_stored));
  }
  if (end) CHECK((summary.ending == Ending::stopped || world.store.checkpoint == world.store.head()));
  if (outcome == Outcome::success) CHECK((end || end.error().kind == ErrorKind::retries_exhausted));
  // A commit that was pending is finished, unless its store is broken or there is no time to try again.
  const bool may_try_again = how == Stop::at_checkpoint && outcome != Outcome::permanent;
  if (was_saving && setting.poison.empty() && (outcome == Outcome::success || may_try_again)) {
    CHECK(world.store.checkpoint == in_hand);
  }
  return true;
}

}  // namespace

TEST_CASE("a stop asked for at any effect is honoured, whether that effect then succeeds or fails") {
  int number = 0;
  for (const Setting& setting : settings()) {
    DYNAMIC_SECTION(++number << ": " << setting.name) {
      for (const auto how : {Stop::at_checkpoint, Stop::now}) {
        for (const auto outcome : {Outcome::success, Outcome::transient, Outcome::permanent, Outcome::unknown_stored,
                                   Outcome::unknown_not_stored}) {
          int index = 0;
          while (index < 25 && stop_at(setting, index, how, outcome)) ++index;
          CHECK(index >= 5);
        }
      }
    }
  }
}

TEST_CASE("what is applied when a stop is asked for is committed, and nothing after it is applied") {
  Probe<> probe;
  auto config = steady().page_limit(2).with(CommitPolicy{.max_events = EventCount(100)});
  Step s = ProjectionPipeline(probe, config).start(Instant{});
  s = expect<LoadCheckpoint>(s).answer(std::nullopt, Instant{});
  s = expect<ReadEvents>(s).answer(more({1, 2}), Instant{});
  s.ask_to_stop(Stop::at_checkpoint);
  s = expect<ReadEvents>(s).answer(more({3, 4}), Instant{});  // it came too late
  s = expect(s, save({}, 2)).answer(Saved{}, Instant{});
  CHECK(success(s) ==
        RunSummary{.ending = Ending::stopped, .position = Position{2}, .applied = 2, .pages = 2, .commits = 1});
  CHECK(probe.applied == Positions{1, 2});
}

TEST_CASE("a stop now abandons what is not committed, and says where the store stands") {
  Probe<true, true> probe;
  auto config = steady().page_limit(2).with(CommitPolicy{.max_events = EventCount(100)});
  Step s = ProjectionPipeline(probe, config).start(Instant{});
  s = expect<LoadCheckpoint>(s).answer(std::nullopt, Instant{});
  s = expect<ReadEvents>(s).answer(more({1, 2}), Instant{});
  s.ask_to_stop(Stop::now);
  s = expect<ReadEvents>(s).answer(more({3, 4}), Instant{});
  CHECK(success(s) == RunSummary{.ending = Ending::stopped, .pages = 2});
}

TEST_CASE("a run that is asked to stop as it catches up has caught up") {
  Probe<> probe;
  Step s = ProjectionPipeline(probe).start(Instant{});
  s = expect<LoadCheckpoint>(s).answer(std::nullopt, Instant{});
  s = expect<ReadEvents>(s).answer(last({1}), Instant{});
  s.ask_to_stop(Stop::at_checkpoint);
  s = expect<SaveCheckpoint>(s).answer(Saved{}, Instant{});
  CHECK(success(s).ending == Ending::caught_up);
}

TEST_CASE("an event that fails as a stop is asked for stays next in line, and its policy is not asked") {
  Probe<> probe{.fails = {{2, -1}}};
  Step s = ProjectionPipeline(probe).start(Instant{});
  s = expect<LoadCheckpoint>(s).answer(std::nullopt, Instant{});
  s = expect<ReadEvents>(s).answer(last({1, 2, 3}), Instant{});
  s.ask_to_stop(Stop::at_checkpoint);
  s = expect(s, save({}, 1)).answer(Saved{}, Instant{});
  CHECK(success(s).ending == Ending::stopped);
  CHECK(success(s).position == Position{1});
  CHECK(probe.asked.empty());
}

TEST_CASE("a step that has ended takes no notice of a stop") {
  Probe<false> probe;
  Step s = ProjectionPipeline(probe).start(Instant{});
  s = expect<ReadEvents>(s).answer(nothing(), Instant{});
  const Finished before = *s.finished();
  s.ask_to_stop(Stop::now);
  CHECK(*s.finished() == before);
}
