// Contracts of whole runs of a keyed projection, live and rebuilding: the real machine on the store, with crashes and
// lost replies. Whatever happens, what is stored is the fold of the log up to the stored checkpoint.
#include "chain.hpp"
#include "runner.hpp"

namespace lantern::detail {
namespace {

using namespace std::chrono_literals;
using Keys = std::vector<std::string>;

void append_some(Lab& lab, Chance& chance, std::size_t count, bool with_bad_events) {
  const Keys keys{"", "a", "a:b", "b", "%"};
  std::vector<NewEvent> events(count);
  for (NewEvent& event : events) {
    event.stream = chance.one_in(4) ? "other" : "mine/1";
    event.type = chance.one_in(6) ? forgetting_type : chance.one_in(6) ? looking_type : "T";
    if (with_bad_events && chance.one_in(5)) event.type = refused_type;
    const std::size_t first = chance.below(keys.size());
    event.data = chance.one_in(3) ? for_keys({keys[first], keys[(first + 1) % keys.size()]}) : keys[first];
  }
  lab.append(std::move(events));
}

Chain chain_for(std::uint64_t seed, std::int64_t code = 1) {
  Chain chain;
  chain.code = code;
  if (seed % 2 == 0) chain.events.stream_prefix = "mine/";
  return chain;
}

ProjectionConfig config_for(Lab& lab, const Chain& chain, const std::string& owner, std::uint64_t seed) {
  ProjectionConfig config = chain.config();
  config.with_seed(seed);
  if (seed % 3 == 1) config.with(CommitPolicy{.max_events = EventCount(2)});
  if (seed % 3 == 2) config.with(CommitPolicy{.max_events = EventCount(5)}).cache_views(1);
  if (lab.offers().leases) {
    Leadership leadership(owner);
    if (lab.offers().clock) leadership.when_not_leader = WhenNotLeader::stand_by;
    config.with(leadership);
  }
  return config;
}

/// A process that runs this code.
std::unique_ptr<Runner> process(Lab& lab, Chain& chain, const std::string& owner, std::uint64_t seed) {
  return std::make_unique<Runner>(lab, chain, config_for(lab, chain, owner, seed), lab.open());
}

void expect_done(Lab& lab, const Runner& runner, const Chain& chain, const EventPage& log) {
  const Finished& end = runner.end();
  if (!end) broken("the run ended with: " + end.error().message());
  expect(end->ending == Ending::caught_up, "a batch run ended before it caught up: " + shown(*end));
  const ViewRun now = run_of(lab.store(), chain.id);
  expect_same("the checkpoint after the run", now.at, log.head);
  if (lab.offers().generations) expect_same("the code that made what is active", now.version.program, chain.code);
  expect_folded(lab, lab.store(), chain, log);
}

/// What a reader of the active generation has seen: it must never be sent back.
struct Reader {
  AsOf last{Generation{0}, {}, {}};

  void look(SuiteStore& store, const ProjectionId& id) {
    const AsOf now = get(store, id, "a").as_of;
    expect(now.generation >= last.generation && now.position >= last.position,
           "a reader was sent back from " + shown(last) + " to " + shown(now));
    last = now;
  }
};

// ---- live runs ----

/// The process dies before effect 0, 1, 2, … of the run; then another one goes on. A projection for each.
void crash_everywhere(Lab& lab, std::uint64_t seed, bool with_bad_events) {
  lab.another_world();
  Chance chance(seed);
  append_some(lab, chance, 11, with_bad_events);
  const EventPage log = collect(lab);
  bool died = true;
  for (std::size_t effects = 0; died; ++effects) {
    lab.trying("seed " + std::to_string(seed) + ", crash before effect " + std::to_string(effects));
    Chain chain = chain_for(seed);
    chain.id.name += std::to_string(effects);
    {
      const auto first = process(lab, chain, "me", seed);
      for (std::size_t i = 0; i < effects && !first->ended(); ++i) {
        first->go();
        expect_folded(lab, lab.store(), chain, log);
      }
      died = !first->ended();
    }
    expect_folded(lab, *lab.open(), chain, log);
    const auto second = process(lab, chain, "me", seed);
    second->go_to_the_end();
    expect_done(lab, *second, chain, log);
  }
}

void crash_at_each_effect(Lab& lab) {
  for (const std::uint64_t seed : {1u, 2u, 3u}) crash_everywhere(lab, seed, false);
  for (const std::uint64_t seed : {4u, 5u, 6u}) crash_everywhere(lab, seed, true);
}

Mishap any_mishap(Chance& chance) {
  constexpr Mishap all[] = {Mishap::busy, Mishap::lost_done, Mishap::lost_undone};
  return chance.one_in(4) ? all[chance.below(3)] : Mishap::none;
}

/// Replies are lost, the store is busy, the process dies, all by chance, until a run gets through.
void until_done(Lab& lab, Chance& chance, Chain& chain, const EventPage& log, std::uint64_t seed) {
  int processes = 0;
  Reader reader;
  for (bool done = false; !done;) {
    expect(++processes < 1000, "1000 processes did not get through a few events");
    const auto runner = process(lab, chain, "me", seed);
    while (!runner->ended() && !chance.one_in(25)) {
      runner->go(any_mishap(chance));
      expect_folded(lab, lab.store(), chain, log);
      reader.look(lab.store(), chain.id);
    }
    done = runner->ended() && runner->end() && runner->end()->ending == Ending::caught_up;
    if (done) expect_done(lab, *runner, chain, log);
  }
}

void lost_replies(Lab& lab) {
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    lab.another_world();
    lab.trying("seed " + std::to_string(seed));
    Chance chance(seed);
    append_some(lab, chance, 14, true);
    const EventPage log = collect(lab);
    Chain chain = chain_for(seed);
    until_done(lab, chance, chain, log, seed);
  }
}

/// Two processes, each of its code. Each stops at any instant, for as long as it likes, and goes on without knowing; or
/// dies and comes back. More events come meanwhile.
void take_turns(Lab& lab, std::uint64_t seed, std::int64_t second_code) {
  lab.another_world();
  lab.trying("seed " + std::to_string(seed));
  Chance chance(seed);
  append_some(lab, chance, 9, true);
  EventPage log = collect(lab);
  Chain chains[] = {chain_for(seed), chain_for(seed, second_code)};
  std::unique_ptr<Runner> runners[2];
  Reader reader;
  for (int round = 0; round < 150; ++round) {
    const std::size_t who = chance.below(2);
    auto& runner = runners[who];
    if (runner && runner->ended()) static_cast<void>(runner->end());
    if (!runner || runner->ended() || chance.one_in(30)) {
      const std::string owner = "runner " + std::to_string(who) + " since " + std::to_string(round);
      runner = process(lab, chains[who], owner, seed);
    }
    if (chance.one_in(12)) lab.advance(11s);  // past every lease
    if (chance.one_in(30)) {
      append_some(lab, chance, 2, false);
      log = collect(lab);
    }
    runner->go();
    expect_folded(lab, lab.store(), chains[1], log);
    reader.look(lab.store(), chains[1].id);
  }
  for (auto& runner : runners) runner.reset();
  lab.advance(11s);
  const auto last = process(lab, chains[1], "the last one", seed);
  last->go_to_the_end();
  expect_done(lab, *last, chains[1], log);
}

void two_leaders(Lab& lab) {
  for (std::uint64_t seed = 1; seed <= 10; ++seed) take_turns(lab, seed, 1);
}

/// Fails at one event, on its machine.
struct Stumbling : Chain {
  Position at{};
  [[nodiscard]] tl::expected<Change<Delta>, Failure> apply(State& state, const RecordedEvent& event,
                                                           const ViewAt& view) const {
    if (event.position == at) return tl::unexpected(Failure(FailureKind::rejected, "not on this machine"));
    return Chain::apply(state, event, view);
  }
  [[nodiscard]] FailureStrategy on_error(const FailureContext&) const { return FailureStrategy::Fatal; }
};

/// Nobody leads, and both begin anew whenever they end: one where the other got, to fail there again; or too late. What
/// one could not take is not lost because the other one is further.
void one_fails_one_passes(Lab& lab) {
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    lab.another_world();
    lab.trying("seed " + std::to_string(seed));
    Chance chance(seed);
    append_some(lab, chance, 12, false);
    const EventPage log = collect(lab);
    Chain chain;
    Stumbling stumbling;
    stumbling.at = log.events()[5].position;
    const auto config = chain.config().with(CommitPolicy{.max_events = EventCount(1)});
    std::unique_ptr<Runner> failing, passing;
    for (int round = 0; round < 100; ++round) {
      const bool stumbles = chance.one_in(2);
      auto& next = stumbles ? failing : passing;
      if (!next || next->ended()) {
        next = stumbles ? std::make_unique<Runner>(lab, stumbling, config, lab.open())
                        : std::make_unique<Runner>(lab, chain, config, lab.open());
      }
      next->go();
      expect_folded(lab, lab.store(), chain, log);
    }
    Runner last(lab, chain, config, lab.open());
    last.go_to_the_end();
    expect_done(lab, last, chain, log);
  }
}

// ---- rebuilds ----

/// Older code folds most of the log, under no lease, and ends.
void rebuild_is_due(Lab& lab, const Chain& chain, const EventPage& log) {
  Chain old = chain;
  old.code = 1;
  Runner before(lab, old, old.config(), lab.open());
  const Position enough = log.events()[log.size() - 4].position;
  while (!before.ended() && run_of(lab.store(), old.id).at < enough) before.go();
  expect_folded(lab, lab.store(), chain, log);
}

/// The process that rebuilds dies before effect 0, 1, 2, …: while it fills, before the switch, after it. The old
/// program goes on meanwhile, or does not. Another process then goes on with the rebuild. A projection for each.
void crash_in_rebuild(Lab& lab, std::uint64_t seed, bool with_bad_events, bool old_goes_on) {
  lab.another_world();
  Chance chance(seed);
  append_some(lab, chance, 11, with_bad_events);
  const EventPage log = collect(lab);
  bool died = true;
  for (std::size_t effects = 0; died; ++effects) {
    lab.trying("seed " + std::to_string(seed) + ", crash before effect " + std::to_string(effects) +
               (old_goes_on ? ", the old program goes on" : ""));
    Chain chain = chain_for(seed, 2);
    chain.id.name += std::to_string(effects);
    rebuild_is_due(lab, chain, log);
    Reader reader;
    {
      const auto first = process(lab, chain, "me", seed);
      for (std::size_t i = 0; i < effects && !first->ended(); ++i) {
        first->go();
        expect_folded(lab, lab.store(), chain, log);
        reader.look(lab.store(), chain.id);
      }
      died = !first->ended();
    }
    expect_folded(lab, *lab.open(), chain, log);
    if (old_goes_on) {
      lab.advance(11s);
      Chain old = chain;
      old.code = 1;
      const auto other = process(lab, old, "old", seed);
      other->go_to_the_end();  // unless it is too old by now
      static_cast<void>(other->end());
      expect_folded(lab, lab.store(), chain, log);
      reader.look(lab.store(), chain.id);
    }
    const auto second = process(lab, chain, "me", seed);
    second->go_to_the_end();
    expect_done(lab, *second, chain, log);
    reader.look(lab.store(), chain.id);
  }
}

void crash_in_each_rebuild(Lab& lab) {
  for (const std::uint64_t seed : {1u, 2u}) crash_in_rebuild(lab, seed, false, false);
  for (const std::uint64_t seed : {3u, 4u, 5u}) crash_in_rebuild(lab, seed, true, lab.offers().clock);
}

void lost_replies_in_rebuild(Lab& lab) {
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    lab.another_world();
    lab.trying("seed " + std::to_string(seed));
    Chance chance(seed);
    append_some(lab, chance, 11, true);
    const EventPage log = collect(lab);
    Chain chain = chain_for(seed, 2);
    rebuild_is_due(lab, chain, log);
    until_done(lab, chance, chain, log, seed);
  }
}

void two_programs(Lab& lab) {
  for (std::uint64_t seed = 1; seed <= 6; ++seed) take_turns(lab, seed, 2);
}

}  // namespace

std::span<const Rule> keyed_run_rules() {
  // clang-format off
  static constexpr Rule rules[] = {
      {"keyed run: whatever effect it dies before, views are the fold of the log (T5)", views,
       crash_at_each_effect},
      {"keyed run: lost replies change nothing in what is stored", views, lost_replies},
      {"keyed run: two leaders, of which one is late, change nothing in what is stored (T39)", views | leases | clock,
       two_leaders},
      {"keyed run: an event that one process fails on is not lost when another is further (T24)", views,
       one_fails_one_passes},
      {"keyed rebuild: whatever effect it dies before, each generation is the fold of the log (T42)", generations,
       crash_in_each_rebuild},
      {"keyed rebuild: lost replies change nothing in what is stored", generations, lost_replies_in_rebuild},
      {"keyed rebuild: an old program and a new one, dying and late, never mix (T43)", generations | leases | clock,
       two_programs},
  };
  // clang-format on
  return rules;
}

}  // namespace lantern::detail
