// Contracts of the switch from one generation to another, and back: one commit each, and numbers only grow.
#include "views.hpp"

namespace lantern::detail {
namespace {

using Keys = std::vector<std::string>;
const ProjectionId orders("orders");

CodeVersion program(std::int64_t number) { return {number, 1}; }

/// Commits until this position; each commit changes view "a", and makes one that only this code has.
void fill(Lab& lab, ViewRun& run, std::int64_t until) {
  while (!run.at || run.at->value < until) {
    const std::int64_t next = run.at ? run.at->value + 1 : 1;
    const std::string text = std::to_string(run.version.program) + " at " + std::to_string(next);
    StoredView view = made("a", text, next);
    view.edition = run.revision;
    run.commit(lab, {view, made("of " + std::to_string(run.version.program), text, next)});
  }
}

ViewRun first_run(Lab& lab, std::int64_t until = 2) {
  ViewRun run;
  run.version = program(1);
  fill(lab, run, until);
  return run;
}

/// A rebuild by newer code, up to where the active one is; not switched to.
ViewRun rebuild(Lab& lab, std::int64_t number, std::int64_t until = 2) {
  ViewRun built = begin(lab.store(), orders, program(number));
  fill(lab, built, until);
  return built;
}

/// Readers see this run's generation, all of it and nothing else.
void expect_active(Lab& lab, const ViewRun& run) {
  const std::string which = "with generation " + shown(run.generation) + " active, ";
  const std::string only = "of " + std::to_string(run.version.program);
  const AsOf now{run.generation, run.at, run.revision};
  expect_same(which + "the checkpoint", run_of(lab.store(), orders).at, run.at);
  expect_same(which + "the code", run_of(lab.store(), orders).version, run.version);
  expect_same(which + "the keys", keys_of(scan(lab.store(), orders)), Keys{"a", only});
  expect_same(which + "a page is as of", scan_page(lab.store(), {.projection = orders}).as_of, now);
  expect_same(which + "a view is as of", get(lab.store(), orders, "a").as_of, now);
  expect_same(which + "the view is", state(lab.store(), orders, "a"),
              std::to_string(run.version.program) + " at " + std::to_string(run.at->value));
}

void expect_states(Lab& lab, const std::vector<std::pair<Generation, GenerationState>>& expected) {
  const auto found = list(lab.store(), orders);
  expect_same("how many generations there are, of " + shown(found), found.size(), expected.size());
  for (std::size_t i = 0; i < found.size(); ++i) {
    expect_same("generation " + std::to_string(i), found[i].generation, expected[i].first);
    expect_same("its state", std::string(to_string(found[i].state)), std::string(to_string(expected[i].second)));
  }
}

/// A late commit of a run that does not know of the switch.
void expect_moved(Lab& lab, const ViewRun& late, Generation active) {
  const auto before = picture(lab, orders, {"a"});
  const SaveCheckpoint save = late.next({made("a", "late", 99), made("late", "late")});
  const auto moved = must_refuse<GenerationMoved>("a late " + shown(save), lab.perform(save));
  expect_same("the active one that it is told", moved.active, active);
  expect_unchanged("a late " + shown(save), picture(lab, orders, {"a"}), before);
}

// ---- switching ----

void switched_whole(Lab& lab) {
  const ViewRun old = first_run(lab);
  ViewRun built = rebuild(lab, 2, 3);
  expect_active(lab, old);
  activate(lab.store(), built);
  expect_active(lab, built);
  expect_states(lab, {{old.generation, GenerationState::previous}, {built.generation, GenerationState::active}});
  expect_same("keys of the previous one", keys_of(scan(lab.store(), orders, old.generation)), Keys{"a", "of 1"});
  expect_moved(lab, old, built.generation);
  lab.reopen();
  expect_active(lab, built);
  fill(lab, built, 5);
  expect_active(lab, built);
}

void quarantine_switches_too(Lab& lab) {
  const auto park = [&](ViewRun& run, const std::string& key) {
    SaveCheckpoint save = run.next({});
    save.quarantined = {{.position = *save.through, .stream = "s", .type = "T", .key = key}};
    must(shown(save), lab.perform(save));
    run.at = save.through;
  };
  const auto keys = [&] {
    Keys found;
    for (const auto& record : lab.store().quarantined(orders)) found.push_back(record.key.value_or("none"));
    return found;
  };
  ViewRun old = first_run(lab);
  park(old, "old");
  ViewRun built = rebuild(lab, 2);
  park(built, "new");
  park(built, "new");
  expect_same("whose records there are before the switch", keys(), Keys{"old"});
  activate(lab.store(), built);
  expect_same("whose records there are after the switch", keys(), Keys{"new", "new"});
  const Generation back = must("rolling back", lab.perform(RollBack{orders}));
  expect_same("whose records there are after going back", keys(), Keys{"old"});
  expect_same("parked keys", load(lab.store(), orders, {"old", "new"}, back).parked, Keys{"old"});
  expect_same("parked keys of the previous", load(lab.store(), orders, {"old", "new"}, built.generation).parked,
              Keys{"new"});
}

/// Asked twice because the reply was lost, it is no error; asked for what is not being built, it is one.
void switched_twice(Lab& lab) {
  const ViewRun old = first_run(lab);
  const ViewRun built = rebuild(lab, 2);
  activate(lab.store(), built);
  const auto before = picture(lab, orders, {"a"});
  activate(lab.store(), built);
  expect_unchanged("the same switch again", picture(lab, orders, {"a"}), before);
  for (const std::int64_t number : {old.generation.value, built.generation.value + 1, std::int64_t{0}}) {
    const ActivateGeneration wrong{orders, Generation{number}};
    must_be_invalid(shown(wrong), lab.perform(wrong));
    expect_unchanged(shown(wrong), picture(lab, orders, {"a"}), before);
  }
}

void not_sent_back(Lab& lab) {
  ViewRun live = first_run(lab, 4);
  ViewRun built = begin(lab.store(), orders, program(2));
  for (std::int64_t until = 0; until < 4; ++until) {
    fill(lab, built, until);
    const ActivateGeneration early{orders, built.generation};
    const auto behind = must_refuse<BehindActive>("an early " + shown(early), lab.perform(early));
    expect_same("where the active one is", behind.active, live.at);
    expect_active(lab, live);
  }
  fill(lab, built, 4);
  fill(lab, live, 5);
  must_refuse<BehindActive>("a switch after the live run went on",
                            lab.perform(ActivateGeneration{orders, built.generation}));
  fill(lab, built, 5);
  activate(lab.store(), built);
  expect_active(lab, built);
}

void three_at_most(Lab& lab) {
  ViewRun previous = first_run(lab);
  ViewRun active = rebuild(lab, 2);
  activate(lab.store(), active);
  for (std::int64_t number = 3; number <= 5; ++number) {
    const ViewRun built = rebuild(lab, number);
    expect_states(lab, {{previous.generation, GenerationState::previous},
                        {active.generation, GenerationState::active},
                        {built.generation, GenerationState::building}});
    activate(lab.store(), built);
    expect_states(lab, {{active.generation, GenerationState::previous}, {built.generation, GenerationState::active}});
    expect(scan(lab.store(), orders, previous.generation).empty(), "an older previous one still has views");
    previous = active;
    active = built;
    expect_active(lab, active);
  }
}

// ---- going back ----

void rolled_back(Lab& lab) {
  ViewRun old = first_run(lab);
  const ViewRun built = rebuild(lab, 2, 4);
  activate(lab.store(), built);
  const Generation number = must("rolling back", lab.perform(RollBack{orders}));
  expect(number > built.generation, "what is active again must have a number that was never used");
  const ViewRun late = old;
  old.generation = number;
  expect_active(lab, old);
  expect_states(lab, {{built.generation, GenerationState::previous}, {number, GenerationState::active}});
  expect_moved(lab, late, number);
  expect_moved(lab, built, number);
  lab.reopen();
  expect_active(lab, old);
  fill(lab, old, 5);
  expect_active(lab, old);

  const Generation again = must("rolling back once more", lab.perform(RollBack{orders}));
  expect(again > number, "numbers never go back");
  ViewRun forth = built;
  forth.generation = again;
  expect_active(lab, forth);
  expect_states(lab, {{number, GenerationState::previous}, {again, GenerationState::active}});
}

/// What will be activated next keeps the greatest number; what is being built is kept.
void building_is_kept(Lab& lab) {
  ViewRun old = first_run(lab);
  ViewRun active = rebuild(lab, 2);
  activate(lab.store(), active);
  ViewRun built = rebuild(lab, 3, 1);
  const ViewRun late = built;
  const Generation number = must("rolling back", lab.perform(RollBack{orders}));
  expect(number > built.generation, "what is active again must have a number that was never used");
  expect_moved(lab, late, number);
  built = begin(lab.store(), orders, program(3));
  expect(built.generation > number, "what is being built must have a number above the one that is active");
  expect_same("where what is being built is", built.at, late.at);
  expect_states(lab, {{active.generation, GenerationState::previous},
                      {number, GenerationState::active},
                      {built.generation, GenerationState::building}});
  fill(lab, built, 3);
  must("finalizing", lab.perform(FinalizeRebuild{orders}));
  fill(lab, built, 4);
  old.generation = number;
  expect_active(lab, old);
  activate(lab.store(), built);
  expect_active(lab, built);
  const Generation again = must("rolling back again", lab.perform(RollBack{orders}));
  expect(again > built.generation, "numbers never go back");
}

/// Whatever is done, of two moments of one key the later is the greater one.
void moments_grow(Lab& lab) {
  std::optional<Moment> last;
  const auto look = [&](const std::string& after_what) {
    const auto now = moment(get(lab.store(), orders, "a"));
    if (!now) broken("the view is gone after " + after_what);
    if (last && !(*last < *now)) {
      broken("after " + after_what + " the moment went from " + shown(*last) + " to " + shown(*now));
    }
    last = now;
  };
  ViewRun run = first_run(lab);
  look("commits");
  fill(lab, run, 4);
  look("more commits");
  ReplaceView replace{orders, "a", "anew", 1};
  replace.through = run.at;
  must(shown(replace), lab.perform(replace));
  run = run_of(lab.store(), orders);
  look("a replacement with a smaller version");
  run.commit(lab, {erased("a", 2), made("of 1", "1", 9)});
  StoredView back = made("a", "back", 3);
  back.edition = run.revision;
  run.commit(lab, {back});
  look("being erased and made again");
  activate(lab.store(), rebuild(lab, 2, run.at->value));
  look("a rebuild");
  must("rolling back", lab.perform(RollBack{orders}));
  look("going back");
  must("rolling back", lab.perform(RollBack{orders}));
  look("going back once more");
  static_cast<void>(rebuild(lab, 3, run.at->value));
  must("rolling back", lab.perform(RollBack{orders}));
  look("going back while another is being built");
  activate(lab.store(), begin(lab.store(), orders, program(3)));
  look("activating that one");
  must("finalizing", lab.perform(FinalizeRebuild{orders}));
  static_cast<void>(rebuild(lab, 3, 1));
  must("cancelling", lab.perform(CancelRebuild{orders}));
  activate(lab.store(), rebuild(lab, 3, run.at->value));
  look("a rebuild that was cancelled, and then another");
}

}  // namespace

std::span<const Rule> switch_rules() {
  // clang-format off
  static constexpr Rule rules[] = {
      {"switch: readers see the old generation whole before, and the new one whole after (T43)", generations,
       switched_whole},
      {"switch: the quarantine is the generation's", generations | quarantine, quarantine_switches_too},
      {"switch: asked twice it is done once, and not for one that is not being built", generations, switched_twice},
      {"switch: readers are not sent back to an earlier position", generations, not_sent_back},
      {"switch: there are three generations at most", generations, three_at_most},
      {"rollback: the previous generation is active again, under a new number (T43)", generations, rolled_back},
      {"rollback: one that is being built is kept, under a number above the active one's", generations,
       building_is_kept},
      {"rollback: whatever is done, the moment of a key only grows", generations, moments_grow},
  };
  // clang-format on
  return rules;
}

}  // namespace lantern::detail
