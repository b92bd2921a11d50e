// Every fault at every effect, and every combination of a few of them, against a model store: complete, not sampled.
#include <sstream>

#include "lantern/testing/choices.hpp"
#include "model_store.hpp"

using namespace lantern;
using namespace lantern::testing;
using story::Probe;

namespace {

/// The process died.
struct Crash {};

const Failure for_now(FailureKind::unavailable, "away for now");
const Failure for_good(FailureKind::corrupt, "broken for good");

template <Effect E>
typename E::reply refused(const Failure& failure) {
  if constexpr (std::same_as<E, SaveCheckpoint>) return tl::unexpected(SaveError(failure));
  else if constexpr (std::same_as<E, AcquireLease>) return tl::unexpected(std::variant<LeaseHeld, Failure>(failure));
  else if constexpr (std::same_as<E, RenewLease>) return tl::unexpected(std::variant<LostLeadership, Failure>(failure));
  else return tl::unexpected(failure);
}

/// A store that lies where the choices say so.
struct FaultyStore {
  ModelStore& store;
  Choices& choices;
  int permanent_failures{};
  bool loaded{};
  bool lease_left{};

  enum Fault { none, crash_before, crash_after, transient, lost_after, permanent, unknown_before, unknown_after };

  template <Effect E>
  typename E::reply perform(const E& effect) {
    constexpr std::uint32_t ways = std::same_as<E, Sleep> ? 2 : std::same_as<E, SaveCheckpoint> ? 8 : 6;
    const auto fault = static_cast<Fault>(choices.choose(About::fault, ways));
    if (fault == none) {
      if constexpr (std::same_as<E, LoadCheckpoint>) loaded = true;
      return lantern::perform(store, effect);
    }
    if (fault == crash_before) throw Crash{};
    if constexpr (!std::same_as<E, Sleep>) {
      if (fault == transient) return refused<E>(for_now);
      if (fault == permanent) {
        if constexpr (std::same_as<E, ReleaseLease>) lease_left = true;  // the work is done by then
        else ++permanent_failures;
        return refused<E>(for_good);
      }
      if constexpr (std::same_as<E, SaveCheckpoint>) {
        const auto unknown = tl::unexpected(SaveError(OutcomeUnknown{for_now}));
        if (fault == unknown_before) return unknown;
        auto done = lantern::perform(store, effect);
        if (fault == crash_after) throw Crash{};
        if (fault == unknown_after) return unknown;
        return done;  // a save may not claim that nothing was stored when it was: that would be a lie, not a fault
      } else {
        static_cast<void>(lantern::perform(store, effect));
        if (fault == crash_after) throw Crash{};
        return refused<E>(for_now);
      }
    }
    return lantern::perform(store, effect);
  }
};

template <class Store>
Step perform_and_answer(Step step, Store& store, Instant& now) {
  return std::move(step).visit([&]<Effect E>(Request<E> request) -> Step {
    auto reply = lantern::perform(store, request.effect());
    if constexpr (std::same_as<E, Sleep>) now += request.effect().duration;
    return std::move(request).answer(std::move(reply), now);
  });
}

struct Setting {
  std::string name;
  ModelStore store;
  ProjectionConfig config;
  FailureStrategy strategy = FailureStrategy::Fatal;
  std::vector<std::int64_t> passed{};  ///< positions whose records must be there in the end
  std::uint32_t faults = 2;
};

[[noreturn]] void broken(const Setting& setting, const Choices& choices, const std::string& what) {
  std::ostringstream text;
  text << setting.name << ": " << what << ", with";
  for (const Departure& departure : choices.departures()) text << ' ' << departure;
  throw std::runtime_error(text.str());
}

/// One life of the process. True when the run ended well.
bool live(const Setting& setting, ModelStore& store, Choices& choices, bool& lease_left) {
  const auto require = [&](bool holds, const char* what) {
    if (!holds) broken(setting, choices, what);
  };
  Probe<true, true> probe{.strategy = setting.strategy};
  FaultyStore faulty{store, choices};
  const std::size_t applied_before = store.ledger.size();
  const std::size_t passed_before = store.records.size();
  Instant now{};
  Step step = ProjectionPipeline(probe, setting.config).start(now);
  for (int effects = 0; !step.finished(); ++effects) {
    require(effects < 200, "the run does not end");
    const auto before = store.checkpoint;
    step = perform_and_answer(std::move(step), faulty, now);
    require(store.checkpoint >= before, "the checkpoint went back");
    require(store.is_the_fold_of_the_log(), "what is stored is not the fold of the log up to the checkpoint");
  }
  lease_left = faulty.lease_left;
  const Finished& end = *step.finished();
  require(end.has_value() == (faulty.permanent_failures == 0),
          "permanent failures end the run with an error, and no others do");
  const RunSummary& summary = end ? *end : end.error().progress;
  if (!summary.commit_in_doubt) {
    require(summary.position == store.checkpoint || !faulty.loaded, "the summary's position is the stored one");
    require(summary.applied == store.ledger.size() - applied_before, "the summary counts what was applied");
    require(summary.quarantined == store.records.size() - passed_before, "the summary counts what was passed");
  }
  if (end) {
    require(!summary.commit_in_doubt, "no doubt is left when a batch run ends well");
    require(summary.ending == Ending::caught_up && store.checkpoint == store.head(), "caught up means at the head");
  }
  return end.has_value();
}

void live_until_done(const Setting& setting, Choices& choices) {
  ModelStore store = setting.store;
  bool lease_left = false;
  for (int lives = 0;; ++lives) {
    if (lives > 10) broken(setting, choices, "it never ends well");
    try {
      if (live(setting, store, choices, lease_left)) break;
    } catch (const Crash&) {
    }
    store.expire_lease();
  }
  std::vector<std::int64_t> passed;
  for (const auto& [position, record] : store.records) passed.push_back(position);
  if (passed != setting.passed) broken(setting, choices, "other events were passed than the policy says");
  if (store.ledger.size() + passed.size() != store.wanted()) broken(setting, choices, "an event is missing");
  if (!std::ranges::is_sorted(store.ledger)) broken(setting, choices, "events were applied out of order");
  if (!lease_left && !store.owner.empty()) broken(setting, choices, "the lease was not given back");
}

ProjectionConfig pages_of(std::uint32_t events) {
  ProjectionConfig config;
  config.page_events = *BatchSize::of(events);
  return config;
}

std::vector<Setting> settings() {
  std::vector<Setting> all;
  all.push_back({.name = "two pages of two", .store = store_with(4), .config = pages_of(2), .faults = 3});
  all.push_back({.name = "commits of one event", .store = store_with(3), .config = pages_of(10)});
  all.back().config.commit.max_events = EventCount(1);
  all.push_back({.name = "commits that span pages", .store = store_with(5), .config = pages_of(2)});
  all.back().config.commit.max_events = EventCount(3);
  all.push_back({.name = "filtered", .store = store_with(6), .config = pages_of(1)});
  for (const std::size_t rejected : {0u, 2u, 3u, 5u}) all.back().store.log[rejected].wanted = false;
  all.push_back({.name = "poison, skipped", .store = store_with(4), .config = pages_of(3)});
  all.back().strategy = FailureStrategy::Skip;
  all.back().store.poison = {{2, -1}, {3, -1}};
  all.back().passed = {2, 3};
  all.push_back({.name = "poison that passes", .store = store_with(3), .config = pages_of(3)});
  all.back().strategy = FailureStrategy::Retry;
  all.back().store.poison = {{2, 2}};
  all.push_back({.name = "poison, quarantined", .store = store_with(3), .config = pages_of(3)});
  all.back().strategy = FailureStrategy::Retry;
  all.back().config.event_retry.max_attempts = 1;
  all.back().config.event_retry.when_exhausted = Escalation::quarantine;
  all.back().store.poison = {{3, -1}};
  all.back().passed = {3};
  all.push_back({.name = "with a lease", .store = store_with(3), .config = pages_of(2)});
  all.back().config.leadership = Leadership("a");
  return all;
}

}  // namespace

TEST_CASE("whatever fails, and however often the process dies, every event counts exactly once") {
  for (const Setting& setting : settings()) {
    DYNAMIC_SECTION(setting.name << ", up to " << setting.faults << " faults") {
      std::uint64_t runs = 0;
      REQUIRE_NOTHROW(
          runs = explore({.total = setting.faults}, [&](Choices& choices) { live_until_done(setting, choices); }));
      CHECK(runs > 100);
    }
  }
}

TEST_CASE("whatever fails, with more failures at once", "[.thorough]") {
  for (const Setting& setting : settings()) {
    REQUIRE_NOTHROW(
        explore({.total = setting.faults + 1}, [&](Choices& choices) { live_until_done(setting, choices); }));
  }
}
