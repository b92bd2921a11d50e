// Explores keyed runs and rebuilds with every kind of reply, and compares what they add to the work with the tables of
// docs/state-machine.md, both ways.
#include "keyed_probe.hpp"
#include "lantern/testing/choices.hpp"
#include "state_machine_page.hpp"
#include "story.hpp"

using namespace lantern;
using namespace lantern::story;
using namespace lantern::testing;

namespace {

/// The model store answers; a departure is one of these instead.
struct World {
  ViewModel store;
  Choices& choices;
  std::string chosen{};
  SaveCheckpoint last_save{};

  template <class Reply>
  Reply pick(std::vector<std::pair<const char*, Reply>> others, const char* usual, const auto& perform) {
    const std::uint32_t way = choices.choose(About::fault, static_cast<std::uint32_t>(others.size()) + 1);
    chosen = way == 0 ? usual : others[way - 1].first;
    return way == 0 ? Reply(perform()) : std::move(others[way - 1].second);
  }
  template <Effect E>
  typename E::reply pick(const E& asked, const char* usual,
                         std::vector<std::pair<const char*, typename E::reply>> others = {}) {
    if constexpr (!std::same_as<E, SaveCheckpoint> && !std::same_as<E, Sleep>) {
      others.emplace_back("transient", tl::make_unexpected(busy));
      others.emplace_back("permanent", tl::make_unexpected(broken));
    }
    return pick<typename E::reply>(std::move(others), usual, [&] { return store.perform(asked); });
  }

  LoadCheckpoint::reply perform(const LoadCheckpoint& asked) {
    using Reply = LoadCheckpoint::reply;
    const auto version = [&](std::int64_t program) -> Reply {
      return Checkpoint{Position{1}, Generation{9}, {}, CodeVersion{program, 1}};
    };
    if (asked.purpose == LoadCheckpoint::Purpose::resolve) {
      const auto found = store.perform(asked);
      const auto at = *found ? (*found)->position : std::nullopt;
      return pick(asked, at == last_save.through ? "at `through`" : "at `from`", {{"dropped", Reply(std::nullopt)}});
    }
    const bool known = store.active != 0;
    const bool same = known && store.live().version.program == 2;
    return pick(asked,
                !known ? "none"
                : same ? "of this code"
                       : "of older code",
                {{"of newer code", version(3)},
                 same || !known ? std::pair{"of older code", version(1)} : std::pair{"of this code", version(2)}});
  }
  ReadEvents::reply perform(const ReadEvents& asked) {
    const auto found = store.perform(asked);
    const bool ends = found->at_head();
    if (found->empty()) return pick(asked, ends ? "empty, at the head" : "empty");
    return pick(asked, ends ? "events, at the head" : "events");
  }
  LoadViews::reply perform(const LoadViews& asked) {
    LoadedViews wrong;
    wrong.parked = {"never asked for"};
    return pick(asked, "views", {{"contract broken", LoadViews::reply(wrong)}});
  }
  SaveCheckpoint::reply perform(const SaveCheckpoint& asked) {
    const auto no = [](SaveError why) -> SaveCheckpoint::reply { return tl::unexpected(std::move(why)); };
    last_save = asked;
    std::vector<std::pair<const char*, SaveCheckpoint::reply>> others = {
        {"transient", no(busy)},
        {"permanent", no(broken)},
        {"outcome unknown", no(OutcomeUnknown{busy})},
        {"outcome unknown", no(OutcomeUnknown{broken})},
        {"views replaced", no(ViewsReplaced{Revision{asked.revision.value + 1}})},
        {"generation moved", no(GenerationMoved{Generation{9}})}};
    const Saved beside{Position{asked.through->value + 100}};
    if (asked.generation.value == store.building) others.emplace_back("saved beside a live run", beside);
    auto reply = pick(asked, "saved", std::move(others));
    if (reply == beside) {
      reply = store.perform(asked);
      if (reply) *reply = beside;
    }
    if (!reply && std::holds_alternative<OutcomeUnknown>(reply.error())) {
      // One of the two was stored.
      if (std::get<OutcomeUnknown>(reply.error()).cause == broken) static_cast<void>(store.perform(asked));
    } else if (!reply && chosen == "saved") {  // what the run was told before was no truth
      chosen = std::holds_alternative<GenerationMoved>(reply.error()) ? "generation moved" : "checkpoint moved";
    }
    return reply;
  }
  ListStreams::reply perform(const ListStreams& asked) { return store.perform(asked); }
  ReadStream::reply perform(const ReadStream& asked) { return store.perform(asked); }
  Publish::reply perform(const Publish& asked) { return pick(asked, "published"); }
  Slept perform(const Sleep& asked) { return pick(asked, "slept"); }
  BeginRebuild::reply perform(const BeginRebuild& asked) {
    using Refusal = std::variant<LostLeadership, Failure>;
    auto reply = pick(asked, "begun",
                      {{"lost leadership", BeginRebuild::reply(tl::unexpected(Refusal(LostLeadership{"other"})))}});
    if (!reply && chosen == "begun") chosen = "permanent";  // of a projection that is not known
    return reply;
  }
  ActivateGeneration::reply perform(const ActivateGeneration& asked) {
    using Refusal = std::variant<LostLeadership, BehindActive, Failure>;
    using Reply = ActivateGeneration::reply;
    return pick(asked, "activated",
                {{"lost leadership", Reply(tl::unexpected(Refusal(LostLeadership{"other"})))},
                 {"behind", Reply(tl::unexpected(Refusal(BehindActive{Position{99}})))},
                 {"contract broken", Reply(tl::unexpected(Refusal(BehindActive{})))}});
  }
  AcquireLease::reply perform(const AcquireLease& asked) {
    using Refusal = std::variant<LeaseHeld, Failure>;
    return pick(asked, asked.role == Role::live ? "leads" : "leads the rebuild",
                {{"held", AcquireLease::reply(tl::unexpected(Refusal(LeaseHeld{"other", std::chrono::seconds(1)})))}});
  }
  RenewLease::reply perform(const RenewLease& asked) { return pick(asked, "renewed"); }
  ReleaseLease::reply perform(const ReleaseLease& asked) {
    return pick(asked, asked.role == Role::live ? "released" : "released the rebuild");
  }
};

struct Setting {
  ProjectionConfig config;
  bool known{};    ///< older code has made a generation
  bool current{};  ///< this code has
};

std::vector<Setting> settings(bool leases) {
  auto base = steady().page_limit(2);
  base.store_retry.max_attempts = 1;
  base.poll.max_consecutive_failures = 2;
  std::vector<Setting> all;
  for (const auto mode : {PollMode::batch, PollMode::continuous}) {
    base.mode = mode;
    for (const auto when : {WhenNotLeader::fail, WhenNotLeader::stand_by}) {
      auto config = base;
      if (leases) {
        config.with(Leadership("me"));
        config.leadership->when_not_leader = when;
      } else if (when == WhenNotLeader::stand_by) continue;
      if (!leases) all.push_back({config});
      all.push_back({config, true});
      if (!leases) all.push_back({config, true, true});
      config.hold_switch = true;
      all.push_back({config, true});
    }
  }
  return all;
}

Table explored(bool leases, std::uint32_t departures) {
  Table seen;
  for (const Setting& setting : settings(leases)) {
    ViewModel store = store_of({"a", "b", "a c"});
    if (setting.known) {
      ViewModel young = store;
      young.log.resize(1);
      Chain old{.code = setting.current ? 2 : 1};
      if (!lantern::testing::run(old, young)) throw std::runtime_error("the older code failed");
      young.log = store.log;
      store = young;
    }
    explore({.total = departures}, [&](Choices& choices) {
      World world{store, choices};
      Chain chain{.code = 2};
      Instant now{};
      Step step = ProjectionPipeline(chain, setting.config).start(now);
      seen[{"start", ""}].insert(name(step));
      for (int effects = 0; effects < 18 && !step.finished(); ++effects) {
        const std::string pending = name(step);
        step = std::move(step).visit([&]<Effect E>(Request<E> request) -> Step {
          auto reply = world.perform(request.effect());
          if constexpr (std::same_as<E, Sleep>) now += request.effect().duration;
          now += std::chrono::milliseconds(1);  // whatever is done takes time
          return std::move(request).answer(std::move(reply), now);
        });
        seen[{pending, world.chosen}].insert(name(step));
      }
    });
  }
  return seen;
}

/// Rows whose words are those of other tables say nothing new here.
Table without(Table seen, const Table& told) {
  for (auto& [from, nexts] : seen) {
    const auto found = told.find(from);
    if (found == told.end()) continue;
    std::erase_if(nexts, [&](const std::string& next) { return found->second.contains(next); });
  }
  std::erase_if(seen, [](const auto& row) { return row.second.empty(); });
  return seen;
}

}  // namespace

TEST_CASE("the page on the state machine says what the machine does: views and generations") {
  check_same(table_of_page("Views and generations"), without(explored(false, 2), table_of_page("The work")));
}

TEST_CASE("the page on the state machine says what the machine does: two leases") {
  Table told = table_of_page("The work");
  for (const auto& page : {table_of_page("The lease"), table_of_page("Views and generations")}) {
    for (const auto& [from, nexts] : page) told[from].insert(nexts.begin(), nexts.end());
  }
  check_same(table_of_page("Two leases"), beyond(told, explored(true, 1)));
}
