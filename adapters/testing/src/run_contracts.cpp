// Contracts of whole runs: the real machine on the store, with crashes and lost replies.
#include "lab.hpp"
#include "ledger.hpp"
#include "runner.hpp"

namespace lantern::detail {
namespace {

using namespace std::chrono_literals;

/// A log with good and bad events, of which some are for the projection; and what a naive fold makes of it.
struct Story {
  EventFilter filter{};
  std::vector<AppliedEvent> good{};
  std::vector<Position> bad{};
  std::optional<Position> head{};
};

Story tell(Lab& lab, std::uint64_t seed, std::size_t count, bool with_bad_events) {
  Chance chance(seed);
  Story story;
  if (chance.one_in(2)) story.filter.stream_prefix = "mine/";
  std::vector<NewEvent> events(count);
  for (std::size_t i = 0; i < count; ++i) {
    events[i].stream = chance.one_in(3) ? "other" : "mine/1";
    events[i].type = with_bad_events && chance.one_in(4) ? refused_type : "T";
    events[i].data = std::to_string(i);
  }
  lab.append(std::move(events));
  const EventPage log = collect(lab);
  expect_same("events in the log", log.size(), count);
  for (const auto& event : log.events()) {
    if (!lets_through(story.filter, event.stream, event.type)) continue;
    if (event.type == refused_type) story.bad.push_back(event.position);
    else story.good.push_back({event.position, std::string(event.data)});
  }
  story.head = log.head;
  return story;
}

ProjectionConfig config_for(Lab& lab, const std::string& owner, std::uint64_t seed) {
  ProjectionConfig config;
  config.page_limit(3).with_seed(seed);
  if (seed % 3 == 1) config.with(CommitPolicy{.max_events = EventCount(2)});
  if (seed % 3 == 2) config.with(CommitPolicy{.max_events = EventCount(5)});
  if (lab.offers().leases) {
    Leadership leadership(owner);
    leadership.when_not_leader = WhenNotLeader::stand_by;
    config.with(leadership);
  }
  return config;
}

/// What is stored is what a naive fold of the log up to the checkpoint makes: nothing more, nothing less, nothing
/// twice.
void expect_whole(Lab& lab, SuiteStore& store, const Story& story) {
  const auto checkpoint = Lab::checkpoint(store, Ledger::id());
  std::vector<AppliedEvent> good;
  std::vector<Position> bad, recorded;
  for (const auto& event : story.good) {
    if (std::optional(event.position) <= checkpoint) good.push_back(event);
  }
  for (const auto& position : story.bad) {
    if (std::optional(position) <= checkpoint) bad.push_back(position);
  }
  expect_same("with the checkpoint at " + shown(checkpoint) + ", what is applied", store.applied(Ledger::id()), good);
  if (!lab.offers().quarantine) return;
  for (const auto& record : store.quarantined(Ledger::id())) recorded.push_back(record.position);
  expect_same("with the checkpoint at " + shown(checkpoint) + ", what is quarantined", recorded, bad);
}

std::unique_ptr<SuiteStore> open_with_ledger(Lab& lab) {
  auto store = lab.open();
  store->install(Ledger::id());
  return store;
}

void expect_done(Lab& lab, const Runner& runner, const Story& story) {
  const Finished& end = runner.end();
  if (!end) broken("the run ended with: " + end.error().message());
  expect(end->ending == Ending::caught_up, "a batch run ended before it caught up: " + shown(*end));
  expect_same("the checkpoint after the run", lab.checkpoint(Ledger::id()), story.head);
  expect_whole(lab, lab.store(), story);
}

/// Runs the ledger, and lets the process die before effect 0, 1, 2, … of the run; then runs it again.
void crash_everywhere(Lab& lab, std::uint64_t seed, bool with_bad_events) {
  bool died = true;
  for (std::size_t effects = 0; died; ++effects) {
    lab.another_world();
    lab.trying("seed " + std::to_string(seed) + ", crash before effect " + std::to_string(effects));
    const Story story = tell(lab, seed, 11, with_bad_events);
    Ledger ledger{story.filter};
    const ProjectionConfig config = config_for(lab, "me", seed);
    {
      Runner first(lab, ledger, config, open_with_ledger(lab));
      for (std::size_t i = 0; i < effects && !first.ended(); ++i) {
        first.go();
        expect_whole(lab, lab.store(), story);
      }
      died = !first.ended();
      if (!died) static_cast<void>(first.end());
    }
    expect_whole(lab, lab.reopen(), story);
    Runner second(lab, ledger, config, open_with_ledger(lab));
    second.go_to_the_end();
    expect_done(lab, second, story);
  }
}

void crash_at_each_effect(Lab& lab) {
  for (const std::uint64_t seed : {1u, 2u, 3u}) crash_everywhere(lab, seed, false);
}

void crash_with_bad_events(Lab& lab) {
  for (const std::uint64_t seed : {4u, 5u, 6u}) crash_everywhere(lab, seed, true);
}

/// Replies are lost, the store is busy, the process dies, all by chance, until a run gets through.
void lost_replies(Lab& lab) {
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    lab.another_world();
    lab.trying("seed " + std::to_string(seed));
    const Story story = tell(lab, seed, 14, true);
    Chance chance(seed);
    Ledger ledger{story.filter};
    int processes = 0;
    for (bool done = false; !done;) {
      expect(++processes < 1000, "1000 processes did not get through a few events");
      Runner runner(lab, ledger, config_for(lab, "me", seed), open_with_ledger(lab));
      while (!runner.ended() && !chance.one_in(25)) {
        constexpr Mishap all[] = {Mishap::busy, Mishap::lost_done, Mishap::lost_undone};
        runner.go(chance.one_in(4) ? all[chance.below(3)] : Mishap::none);
        expect_whole(lab, lab.store(), story);
      }
      done = runner.ended() && runner.end() && runner.end()->ending == Ending::caught_up;
      if (done) expect_done(lab, runner, story);
    }
  }
}

/// Two processes run the same projection. Each stops at any instant, for as long as it likes, and goes on without
/// knowing; or dies and comes back. The fence keeps them apart.
void two_leaders(Lab& lab) {
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    lab.another_world();
    lab.trying("seed " + std::to_string(seed));
    const Story story = tell(lab, seed, 14, true);
    Chance chance(seed);
    Ledger ledgers[] = {{story.filter}, {story.filter}};
    std::unique_ptr<Runner> runners[2];
    for (int round = 0; round < 120; ++round) {
      const std::size_t who = chance.below(2);
      auto& runner = runners[who];
      if (runner && runner->ended()) static_cast<void>(runner->end());
      if (!runner || runner->ended() || chance.one_in(30)) {
        const std::string owner = "runner " + std::to_string(who) + " since " + std::to_string(round);
        runner = std::make_unique<Runner>(lab, ledgers[who], config_for(lab, owner, seed), open_with_ledger(lab));
      }
      if (chance.one_in(12)) lab.advance(11s);  // past every lease
      runner->go();
      expect_whole(lab, lab.store(), story);
    }
    for (auto& runner : runners) runner.reset();
    lab.advance(11s);
    Ledger ledger{story.filter};
    Runner last(lab, ledger, config_for(lab, "the last one", seed), open_with_ledger(lab));
    last.go_to_the_end();
    expect_done(lab, last, story);
  }
}

/// Without statements of the store: effects elsewhere are done at least once, in order, and never skipped.
void durable_elsewhere(Lab& lab) {
  bool died = true;
  for (std::size_t effects = 0; died; ++effects) {
    lab.another_world();
    lab.trying("crash before effect " + std::to_string(effects));
    const Story story = tell(lab, 3, 11, true);
    Diary diary{story.filter};
    const ProjectionConfig config = config_for(lab, "me", 3);
    {
      Runner first(lab, diary, config, lab.open());
      for (std::size_t i = 0; i < effects && !first.ended(); ++i) first.go();
      died = !first.ended();
      if (!died) static_cast<void>(first.end());
    }
    const auto checkpoint = Lab::checkpoint(lab.reopen(), Diary::id());
    std::size_t stored = 0;
    for (const auto& event : story.good) stored += std::optional(event.position) <= checkpoint ? 1 : 0;
    expect(diary.seen.size() >= stored, "the checkpoint is ahead of what was applied");
    diary.seen.resize(stored);  // what came after the checkpoint comes again
    Runner second(lab, diary, config, lab.open());
    second.go_to_the_end();
    if (!second.end()) broken("the run ended with: " + second.end().error().message());
    expect_same("what was applied", diary.seen, story.good);
    expect_same("the checkpoint", lab.checkpoint(Diary::id()), story.head);
    if (!lab.offers().quarantine) continue;
    std::vector<Position> recorded;
    for (const auto& record : lab.store().quarantined(Diary::id())) recorded.push_back(record.position);
    expect_same("what is quarantined", recorded, story.bad);
  }
}

}  // namespace

std::span<const Rule> run_rules() {
  // clang-format off
  static constexpr Rule rules[] = {
      {"run: a crash before any effect, and a restart, skip nothing", nothing, durable_elsewhere},
      {"run: a crash before any effect, and a restart, end where an undisturbed run ends", writes, crash_at_each_effect},
      {"run: bad events are recorded once, and the others applied once, whatever crashes", writes,
       crash_with_bad_events},
      {"run: lost replies change nothing in what is stored", writes, lost_replies},
      {"run: two leaders, of which one is late, change nothing in what is stored", writes | leases | clock,
       two_leaders},
  };
  // clang-format on
  return rules;
}

}  // namespace lantern::detail
