// A keyed run that is asked to stop ends soon and truthfully, whatever it is about to do.
#include <catch2/catch.hpp>

#include "keyed_probe.hpp"
#include "story.hpp"

using namespace lantern;
using namespace lantern::testing;
using story::steady;

namespace {

struct Setting {
  std::string name{};
  bool rebuild{};
  bool leases{};
  PollMode mode{PollMode::continuous};
};

struct Stopped {
  std::optional<Finished> end{};
  std::uint64_t commits_after{};
  int effects_after{};
};

/// Runs, and asks to stop with the `nth` effect. No end: it ended before.
Stopped stop_at(int nth, Stop how, const Setting& setting, ViewModel& store) {
  Chain chain{.code = setting.rebuild ? 2 : 1};
  ProjectionConfig config = steady().page_limit(2);
  config.mode = setting.mode;
  if (setting.leases) config.leadership = Leadership("me");
  Instant now{};
  Step step = ProjectionPipeline(chain, config).start(now);
  Stopped told;
  std::uint64_t commits_before = 0;
  for (int effects = 0; !step.finished(); ++effects) {
    if (effects == nth) {
      step.ask_to_stop(how);
      commits_before = store.commits;
    }
    if (effects >= nth) ++told.effects_after;
    if (effects > nth + 100) return told;  // it does not stop
    step = std::move(step).visit([&]<Effect E>(Request<E> request) -> Step {
      auto reply = lantern::perform(store, request.effect());
      if constexpr (std::same_as<E, Sleep>) now += request.effect().duration;
      return std::move(request).answer(std::move(reply), now);
    });
  }
  if (told.effects_after > 0) told.commits_after = store.commits - commits_before;
  told.end = *step.finished();
  return told;
}

}  // namespace

TEST_CASE("T52: a stop with any effect of a keyed run ends within one commit, and the next run goes on from there") {
  const std::vector<Setting> settings = {{"live", false, false},
                                         {"live, with a lease", false, true},
                                         {"rebuild", true, false},
                                         {"rebuild, with leases", true, true},
                                         {"rebuild, to the head", true, true, PollMode::batch}};
  for (const Setting& setting : settings) {
    for (const Stop how : {Stop::at_checkpoint, Stop::now}) {
      std::set<std::string> endings;
      for (int nth = 0; nth < 30; ++nth) {
        ViewModel store = store_of({"a", "a b", "b", "a!", "b"});
        if (setting.rebuild) {
          Chain old;
          REQUIRE(run(old, store));
          store.published.clear();
        }
        const Stopped told = stop_at(nth, how, setting, store);
        INFO(setting.name << ", effect " << nth << (how == Stop::now ? ", now" : ""));
        REQUIRE(told.end);
        REQUIRE(*told.end);
        CHECK(told.commits_after <= 1);
        CHECK(told.effects_after <= 5);  // what is asked, a commit, its frames, the lease
        for (const auto& [role, hold] : store.leases) CHECK(hold.owner.empty());
        const RunSummary& summary = **told.end;
        if (store.active != 0 && summary.position) {
          CHECK(store.generations.at(summary.generation.value).position == summary.position);
        }
        for (const auto& [number, stock] : store.generations) {
          CHECK(difference(stock.views, naive_fold(store.log, stock.position, stock.version.program)) == "");
        }
        Chain again{.code = setting.rebuild ? 2 : 1};
        REQUIRE(run(again, store));
        CHECK(store.greatest <= 2);  // a rebuild that was stopped is gone on with
        CHECK(difference(store.live().views, naive_fold(store.log, store.head(), again.code)) == "");
        if (!setting.rebuild) CHECK(store.published.size() == 6);
      }
    }
  }
}
