// Memory runs out at each allocation of a run, once or for the rest of the step: the run is abandoned or ends with an
// error, what is stored stays true, and the next run does the rest, each event once.
#include "allocations.hpp"
#include "keyed_probe.hpp"
#include "model_store.hpp"

using namespace lantern;
using namespace lantern::story;
using namespace lantern::testing;
using namespace std::chrono_literals;

namespace {

/// How a run went whose `nth` allocation failed.
struct Went {
  bool unharmed{};  ///< it had fewer allocations
  bool thrown{};    ///< std::bad_alloc left the machine
  std::optional<Finished> end{};
};

/// Counts what the machine allocates, not what the store does.
template <class P, class Store>
Went run_exhausted(P& projector, Store& store, const ProjectionConfig& config, std::uint64_t nth, bool for_ever) {
  Went went;
  std::uint64_t before = 0;
  // Each step has what is left of the count; a failing step is the last that fails.
  const auto exhausting = [&](const auto& use) {
    const std::uint64_t left = nth > before ? nth - before : 0;
    {
      const Exhausted exhausted(left, for_ever && left > 0);
      use();
    }
    before += Exhausted::counted();
  };
  Instant now{};
  std::optional<Step> step;
  std::optional<AnyReply> reply;
  try {
    exhausting([&] {
      ProjectionPipeline pipeline(projector, config);
      step.emplace(pipeline.start(now));
    });
    for (int effects = 0; !step->finished(); ++effects) {
      REQUIRE(effects < 200);
      now += 1ms;
      const auto number = pending_request(*step);
      std::visit(
          [&](const auto& pending) {
            if constexpr (requires { pending.effect(); }) {
              using E = std::remove_cvref_t<decltype(pending.effect())>;
              if constexpr (std::same_as<E, Sleep>) now += pending.effect().duration;
              reply = any_reply<E>(number, lantern::perform(store, pending.effect()));
            }
          },
          static_cast<const Step::Base&>(*step));
      exhausting([&] {
        const auto taken = answer(*step, *std::move(reply), now);
        if (!taken) throw std::logic_error(taken.error().message);
      });
    }
    went.end = *step->finished();
    went.unharmed = before < nth;
  } catch (const std::bad_alloc&) {
    went.thrown = true;
    if (step && !step->finished()) {  // the run is gone, and what is held says so
      CHECK(pending_request(*step) == 0);
      CHECK_FALSE(answer(*step, any_reply<Sleep>(1, Slept::through), now));
    }
  }
  return went;
}

ProjectionConfig settings() {
  auto config = steady().page_limit(2).with(Leadership("me"));
  config.leadership->ttl = 9ms;
  return config;
}

/// Calls `run(n, for_ever)` for n = 1, 2, … until a run is unharmed. Returns how many were harmed.
template <class Run>
std::uint64_t each_allocation(const Run& run) {
  std::uint64_t harmed = 0;
  for (const bool for_ever : {false, true}) {
    for (std::uint64_t n = 1;; ++n) {
      INFO("allocation " << n << (for_ever ? " and all after it in the step" : ""));
      REQUIRE(n < 20'000);
      if (run(n, for_ever)) break;
      ++harmed;
    }
  }
  return harmed;
}

}  // namespace

TEST_CASE("memory runs out at each allocation of a run whose events the store applies") {
  for (const auto strategy : {FailureStrategy::Fatal, FailureStrategy::Retry}) {
    const auto harmed = each_allocation([&](std::uint64_t n, bool for_ever) {
      ModelStore store = store_with(5);
      store.poison = {{4, 1}};
      Probe<true, true> probe{.strategy = strategy};
      const Went went = run_exhausted(probe, store, settings(), n, for_ever);
      CHECK(store.is_the_fold_of_the_log());
      CHECK(store.records.empty());
      store.expire_lease();
      store.poison.clear();
      Probe<true, true> again;
      REQUIRE(run(again, store, settings()));
      CHECK(store.ledger == Positions{1, 2, 3, 4, 5});
      return went.unharmed;
    });
    CHECK(harmed > 20);
  }
}

TEST_CASE("memory runs out at each allocation of a keyed run, and of a rebuild") {
  for (const bool rebuild : {false, true}) {
    for (const auto strategy : {FailureStrategy::Fatal, FailureStrategy::Retry}) {
      const auto harmed = each_allocation([&](std::uint64_t n, bool for_ever) {
        ViewModel store = store_of({"a", "a b", "b a long key that is on the heap", "a!", "b"});
        const std::int64_t code = rebuild ? 2 : 1;
        if (rebuild) {
          Chain old;
          REQUIRE(run(old, store));
          store.published.clear();
        }
        Chain chain{.code = code, .strategy = strategy};
        const Went went = run_exhausted(chain, store, settings(), n, for_ever);
        CHECK(went.thrown != went.end.has_value());
        for (const auto& [number, stock] : store.generations) {
          CHECK(difference(stock.views, naive_fold(store.log, stock.position, stock.version.program)) == "");
          CHECK(stock.records.empty());
        }
        std::set<std::pair<std::string, Moment>> told;
        for (const Frame& frame : store.published) CHECK(told.emplace(frame.key, frame.moment).second);
        store.expire_leases();
        Chain again{.code = code};
        REQUIRE(run(again, store, settings()));
        CHECK(difference(store.live().views, naive_fold(store.log, store.head(), code)) == "");
        return went.unharmed;
      });
      CHECK(harmed > 100);
    }
  }
}
