// Stopped, stopped twice, dropped before or after its effect was performed: at each effect of each kind of run, what is
// stored is the fold of the log, the summary is true, and the next run does the rest, each event once.
#include <functional>
#include <set>

#include "keyed_probe.hpp"
#include "model_store.hpp"

using namespace lantern;
using namespace lantern::story;
using namespace lantern::testing;
using namespace std::chrono_literals;

namespace {

enum class Way {
  at_checkpoint,
  now,
  now_then_at_checkpoint,  ///< the stronger wins, whichever comes first
  at_checkpoint_then_now,
  now_with_the_next,  ///< at_checkpoint here, now with the next request
  with_the_answer,    ///< when the effect is done already
  dropped,
  dropped_when_done,  ///< the effect is performed, and nobody is told
};
constexpr Way ways[] = {Way::at_checkpoint,
                        Way::now,
                        Way::now_then_at_checkpoint,
                        Way::at_checkpoint_then_now,
                        Way::now_with_the_next,
                        Way::with_the_answer,
                        Way::dropped,
                        Way::dropped_when_done};
bool is_drop(Way way) { return way == Way::dropped || way == Way::dropped_when_done; }

void ask_before(Step& step, Way way) {
  if (way == Way::now || way == Way::now_then_at_checkpoint) step.ask_to_stop(Stop::now);
  if (way == Way::at_checkpoint || way == Way::now_then_at_checkpoint || way == Way::at_checkpoint_then_now ||
      way == Way::now_with_the_next) {
    step.ask_to_stop(Stop::at_checkpoint);
  }
  if (way == Way::at_checkpoint_then_now) step.ask_to_stop(Stop::now);
}

struct Seen {
  bool reached{};  ///< false: the run ended before that effect
  std::optional<Finished> end{};
  std::uint64_t commits_after{};
  std::vector<std::string> after{};  ///< what was asked after the stop
};

/// The first `refusals` who ask for a lease are told that another has it.
template <class Store>
Seen run_until(Step step, Store& store, int index, Way way, int refusals) {
  Seen seen;
  Instant now{};
  std::uint64_t commits = 0;
  for (int effects = 0; !step.finished(); ++effects) {
    if (effects > index + 50) throw std::runtime_error("it does not end");
    if (effects == index) {
      seen.reached = true;
      commits = store.commits;
      if (way == Way::dropped) return seen;
      ask_before(step, way);
    }
    if (effects == index + 1 && way == Way::now_with_the_next) step.ask_to_stop(Stop::now);
    if (effects > index) {
      std::ostringstream line;
      line << step;
      seen.after.push_back(std::move(line).str());
    }
    bool drop = false;
    Step next = std::move(step).visit([&]<Effect E>(Request<E> request) -> Step {
      now += 1ms;
      if constexpr (std::same_as<E, Sleep>) now += request.effect().duration;
      typename E::reply reply = [&]() -> typename E::reply {
        if constexpr (std::same_as<E, AcquireLease>) {
          if (refusals-- > 0) return tl::unexpected(std::variant<LeaseHeld, Failure>(LeaseHeld{"other", 1s}));
        }
        return lantern::perform(store, request.effect());
      }();
      drop = effects == index && way == Way::dropped_when_done;
      if (drop) return Finished();
      if (effects == index && way == Way::with_the_answer) request.ask_to_stop(Stop::at_checkpoint);
      return std::move(request).answer(std::move(reply), now);
    });
    if (drop) return seen;
    step = std::move(next);
  }
  if (seen.reached) seen.commits_after = store.commits - commits;
  seen.end = *step.finished();
  return seen;
}

/// Nothing is begun after a stop: what is left is to store what is applied, to publish it, and to give the lease back.
void check_after(const Seen& seen, Way way) {
  INFO("asked after the stop: " << Catch::Detail::stringify(seen.after));
  CHECK(seen.commits_after <= 1);
  CHECK(seen.after.size() <= 4);
  for (const std::string& asked : seen.after) {
    const bool to_end = asked.starts_with("ReleaseLease") || asked.starts_with("Publish") ||
                        asked.starts_with("SaveCheckpoint") || asked.starts_with("RenewLease");
    CHECK(to_end);
    const bool is_now = way == Way::now || way == Way::now_then_at_checkpoint || way == Way::at_checkpoint_then_now;
    if (is_now) CHECK_FALSE(asked.starts_with("SaveCheckpoint"));
  }
}

const RunSummary& summary_of(const Finished& end) { return end ? *end : end.error().progress; }

ProjectionConfig settings(PollMode mode, bool leads) {
  ProjectionConfig config = steady().page_limit(2);
  config.mode = mode;
  if (leads) config.leadership = Leadership("me");
  if (leads) config.leadership->when_not_leader = WhenNotLeader::stand_by;
  return config;
}

constexpr int longest = 60;  // effects of any of these runs, when it follows the log

/// Calls `at(index, way)` until that effect is not reached, or is far behind the end of the log.
void each_effect(const std::function<bool(int, Way)>& at) {
  for (const Way way : ways) {
    int index = 0;
    while (index < longest && at(index, way)) ++index;
    CHECK(index >= 4);
  }
}

}  // namespace

TEST_CASE("2.4f: a run whose events the store applies may end at any effect, in any way") {
  for (const auto mode : {PollMode::batch, PollMode::continuous}) {
    for (const int refusals : {-1, 0, 2}) {  // no lease, a leader, a standby
      each_effect([&](int index, Way way) {
        INFO((mode == PollMode::batch ? "batch" : "continuous")
             << ", refused " << refusals << ", effect " << index << ", way " << static_cast<int>(way));
        ModelStore store = store_with(5);
        store.poison = {{4, 1}};
        Probe<true, true> probe{.strategy = FailureStrategy::Retry};
        const auto config = settings(mode, refusals >= 0);
        const Seen seen = run_until(ProjectionPipeline(probe, config).start({}), store, index, way, refusals);
        if (!seen.reached) return false;
        CHECK(store.is_the_fold_of_the_log());
        CHECK(is_drop(way) != seen.end.has_value());
        if (seen.end) {
          const RunSummary& summary = summary_of(*seen.end);
          check_after(seen, way);
          CHECK(summary.applied == store.ledger.size());
          CHECK_FALSE(summary.commit_in_doubt);
          if (summary.position) CHECK(summary.position == store.checkpoint);
          CHECK((!store.checkpoint || store.owner.empty()));
        }
        store.expire_lease();  // of one that was dropped
        Probe<true, true> again{.strategy = FailureStrategy::Retry};
        const Seen rest =
            run_until(ProjectionPipeline(again, settings(PollMode::batch, false)).start({}), store, 99, way, 0);
        CHECK(rest.end->has_value());
        CHECK(store.ledger == Positions{1, 2, 3, 4, 5});
        return true;
      });
    }
  }
}

TEST_CASE("2.4f: a run in memory may end at any effect, in any way, and no record is lost") {
  for (const auto mode : {PollMode::batch, PollMode::continuous}) {
    each_effect([&](int index, Way way) {
      INFO((mode == PollMode::batch ? "batch" : "continuous")
           << ", effect " << index << ", way " << static_cast<int>(way));
      ModelStore store = store_with(5);
      Probe<false> probe{.fails = {{2, -1}, {4, -1}}, .strategy = FailureStrategy::Skip};
      const Seen seen = run_until(ProjectionPipeline(probe, settings(mode, false)).start({}), store, index, way, 0);
      if (!seen.reached) return false;
      CHECK_FALSE(store.checkpoint);
      if (seen.end) {
        const RunSummary& summary = summary_of(*seen.end);
        check_after(seen, way);
        CHECK(summary.quarantined == store.records.size());
        CHECK(summary.applied == probe.applied.size());
      }
      Probe<false> again{.fails = {{2, -1}, {4, -1}}, .strategy = FailureStrategy::Skip};
      const Seen rest =
          run_until(ProjectionPipeline(again, settings(PollMode::batch, false)).start({}), store, 99, way, 0);
      CHECK(rest.end->has_value());
      CHECK(again.applied == Positions{1, 3, 5});
      CHECK(store.records.size() == 2);
      return true;
    });
  }
}

TEST_CASE("2.4f: a keyed run, and a rebuild, may end at any effect, in any way") {
  for (const bool rebuild : {false, true}) {
    for (const auto mode : {PollMode::batch, PollMode::continuous}) {
      for (const int refusals : {-1, 0, 2}) {
        each_effect([&](int index, Way way) {
          INFO((rebuild ? "rebuild, " : "live, ")
               << (mode == PollMode::batch ? "batch" : "continuous") << ", refused " << refusals << ", effect " << index
               << ", way " << static_cast<int>(way));
          ViewModel store = store_of({"a", "a b", "b", "a!", "b"});
          const std::int64_t code = rebuild ? 2 : 1;
          if (rebuild) {
            Chain old;
            REQUIRE(run(old, store));
            store.published.clear();
          }
          Chain chain{.code = code};
          const Seen seen = run_until(ProjectionPipeline(chain, settings(mode, refusals >= 0)).start({}), store, index,
                                      way, refusals);
          if (!seen.reached) return false;
          for (const auto& [number, stock] : store.generations) {
            CHECK(difference(stock.views, naive_fold(store.log, stock.position, stock.version.program)) == "");
          }
          if (seen.end) {
            check_after(seen, way);
            const RunSummary& summary = summary_of(*seen.end);
            if (store.active != 0 && summary.position) {
              CHECK(store.generations.at(summary.generation.value).position == summary.position);
            }
            for (const auto& [role, hold] : store.leases) CHECK(hold.owner.empty());
          }
          std::set<std::pair<std::string, Moment>> told;
          for (const Frame& frame : store.published) CHECK(told.emplace(frame.key, frame.moment).second);
          store.expire_leases();
          Chain again{.code = code};
          REQUIRE(run(again, store));
          CHECK(store.greatest <= 2);
          CHECK(difference(store.live().views, naive_fold(store.log, store.head(), code)) == "");
          for (const Frame& frame : store.published) told.emplace(frame.key, frame.moment);
          CHECK(told.size() == store.published.size());
          return true;
        });
      }
    }
  }
}

TEST_CASE("a pipeline that is never started asks for nothing, and its projector is as it was") {
  Probe<> probe;
  { const ProjectionPipeline unstarted(probe); }
  CHECK((probe.tries == 0 && probe.applied.empty()));
}
