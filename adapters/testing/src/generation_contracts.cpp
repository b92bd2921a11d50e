// Contracts of generations: how one is begun, filled and dropped, while readers see another.
#include "views.hpp"

namespace lantern::detail {
namespace {

using Keys = std::vector<std::string>;
using Status = std::vector<GenerationStatus>;
const ProjectionId orders("orders");
constexpr CodeVersion second{2, 1}, third{2, 2};

GenerationStatus status(const ViewRun& run, GenerationState state, std::uint64_t count) {
  return {run.generation, state, run.at, run.version, count};
}

/// A projection with three keys, of which one is erased.
ViewRun with_views(Lab& lab, const ProjectionId& id = orders) {
  ViewRun run;
  run.id = id;
  run.commit(lab, {made("a", "1"), made("b", "1"), made("c", "1")});
  run.commit(lab, {made("a", "2", 2), erased("c", 2)});
  return run;
}

void park(Lab& lab, ViewRun& run, const std::string& key) {
  SaveCheckpoint save = run.next({});
  save.quarantined = {{.position = *save.through, .stream = "s", .type = "T", .error = "no", .key = key}};
  must(shown(save), lab.perform(save));
  run.at = save.through;
}

// ---- which there are ----

void first_is_active(Lab& lab) {
  expect_same("generations of what is not known", list(lab.store(), orders), Status{});
  ViewRun run = with_views(lab);
  expect_same("generations", list(lab.store(), orders), Status{status(run, GenerationState::active, 2)});
}

void nothing_to_change(Lab& lab) {
  must_be_invalid("a rebuild of what is not known", lab.perform(BeginRebuild{orders, second}));
  must_be_invalid("activating nothing", lab.perform(ActivateGeneration{orders, Generation{2}}));
  must_be_invalid("rolling back what is not known", lab.perform(RollBack{orders}));
  expect_same("what finalizing drops", must("finalizing", lab.perform(FinalizeRebuild{orders})), std::nullopt);
  expect_same("what cancelling drops", must("cancelling", lab.perform(CancelRebuild{orders})), std::nullopt);
  expect_same("generations", list(lab.store(), orders), Status{});
  ViewRun run = with_views(lab);
  const auto before = picture(lab, orders, {"a", "c"});
  must_be_invalid("rolling back to nothing", lab.perform(RollBack{orders}));
  must_be_invalid("activating what is not built", lab.perform(ActivateGeneration{orders, Generation{2}}));
  expect_same("what finalizing drops", must("finalizing", lab.perform(FinalizeRebuild{orders})), std::nullopt);
  expect_same("what cancelling drops", must("cancelling", lab.perform(CancelRebuild{orders})), std::nullopt);
  expect_unchanged("all this", picture(lab, orders, {"a", "c"}), before);
  run.commit(lab, {});
}

/// The code that made a generation is stored with it; whether a rebuild is due is seen from that alone.
void version_is_kept(Lab& lab) {
  ViewRun run;
  run.version = second;
  run.commit(lab, {made("a", "1")});
  const LoadCheckpoint inspect{orders, LoadCheckpoint::Purpose::inspect};
  expect_same("what is inspected", must(shown(inspect), lab.perform(inspect)),
              Checkpoint{run.at, run.generation, {}, second});
  const ViewRun built = begin(lab.store(), orders, third);
  expect_same("what is inspected beside a rebuild", must(shown(inspect), lab.perform(inspect))->version, second);
  expect_same("the version of what is built", run_of(lab.store(), orders, built.generation).version, third);
  lab.reopen();
  expect_same("the version after reopening", run_of(lab.store(), orders).version, second);
}

void bad_names_are_refused(Lab& lab) {
  for (const auto& name : bad_names()) {
    lab.trying("name " + shown(name));
    std::vector<ProjectionId> ids{ProjectionId(name)};
    if (!name.empty()) ids.emplace_back("p", name);
    for (const auto& id : ids) {
      must_be_invalid("beginning", lab.perform(BeginRebuild{id, second}));
      must_be_invalid("activating", lab.perform(ActivateGeneration{id, Generation{2}}));
      must_be_invalid("listing", lab.perform(ListGenerations{id}));
      must_be_invalid("rolling back", lab.perform(RollBack{id}));
      must_be_invalid("finalizing", lab.perform(FinalizeRebuild{id}));
      must_be_invalid("cancelling", lab.perform(CancelRebuild{id}));
    }
  }
}

// ---- beginning and filling ----

void begun_beside(Lab& lab) {
  ViewRun live = with_views(lab);
  const ViewRun built = begin(lab.store(), orders, second);
  expect(built.generation > live.generation, "a new generation must have a greater number");
  expect_same("its position", built.at, std::nullopt);
  expect_same("its revision", built.revision, Revision{});
  expect_same("its views", scan(lab.store(), orders, built.generation), Views{});
  expect_same("generations", list(lab.store(), orders),
              Status{status(live, GenerationState::active, 2), status(built, GenerationState::building, 0)});
  expect_same("keys that readers see", keys_of(scan(lab.store(), orders)), Keys{"a", "b"});
  expect_same("what they are as of", get(lab.store(), orders, "a").as_of, AsOf{live.generation, live.at, {}});
}

void filled_beside(Lab& lab) {
  ViewRun live = with_views(lab);
  ViewRun built = begin(lab.store(), orders, second);
  built.commit(lab, {made("a", "x"), made("d", "x")});
  live.commit(lab, {made("b", "3", 2)});
  built.commit(lab, {made("a", "xx", 2)});
  expect_same("keys that readers see", keys_of(scan(lab.store(), orders)), Keys{"a", "b"});
  expect_same("the view that they see", state(lab.store(), orders, "a"), "2");
  expect_same("the checkpoint that they see", lab.checkpoint(orders), live.at);
  expect_same("keys of what is built", keys_of(scan(lab.store(), orders, built.generation)), Keys{"a", "d"});
  expect_same("its view", get(lab.store(), orders, "a", built.generation).view->state, "xx");
  expect_same("what it is as of", get(lab.store(), orders, "a", built.generation).as_of,
              AsOf{built.generation, built.at, {}});
  expect_same("what its run loads", keys_of(load(lab.store(), orders, {"a", "b", "c", "d"}, built.generation).views),
              Keys{"a", "d"});
  expect_same("what the live run loads", keys_of(load(lab.store(), orders, {"a", "b", "c", "d"}).views),
              Keys{"a", "b", "c"});
  SaveCheckpoint wrong = built.next({});
  wrong.from = live.at, wrong.through = Position{live.at->value + 1};
  must_refuse<CheckpointMoved>("a commit to one that builds on the other's checkpoint", lab.perform(wrong));
}

void parked_beside(Lab& lab) {
  ViewRun live = with_views(lab);
  park(lab, live, "a");
  ViewRun built = begin(lab.store(), orders, second);
  built.commit(lab, {made("a", "x")});
  park(lab, built, "b");
  const Keys keys{"a", "b"};
  expect_same("parked keys of the active one", load(lab.store(), orders, keys).parked, Keys{"a"});
  expect_same("parked keys of the one that is built", load(lab.store(), orders, keys, built.generation).parked,
              Keys{"b"});
  if (lab.offers().quarantine) expect_same("records of the active one", lab.store().quarantined(orders).size(), 1u);
}

void replaced_beside(Lab& lab) {
  ViewRun live = with_views(lab);
  ViewRun built = begin(lab.store(), orders, second);
  ReplaceView replace{orders, "a", "anew", 5};
  replace.through = live.at;
  must(shown(replace), lab.perform(replace));
  built.commit(lab, {made("a", "x")});  // knows nothing of it, and need not
  must_refuse<ViewsReplaced>("the live run's commit", lab.perform(live.next({})));
  replace.generation = built.generation;
  replace.through = built.at;
  must_be_invalid("replacing a view of what is built", lab.perform(replace));
}

/// Asked again, because the reply was lost or the process died: it goes on where it was.
void begun_again(Lab& lab) {
  with_views(lab);
  ViewRun built = begin(lab.store(), orders, second);
  const ViewRun again = begin(lab.store(), orders, second);
  expect_same("the generation that is begun again", again.generation, built.generation);
  built.commit(lab, {made("a", "x")});
  lab.reopen();
  const ViewRun resumed = begin(lab.store(), orders, second);
  expect_same("the generation that is resumed", resumed.generation, built.generation);
  expect_same("where it stands", resumed.at, built.at);
  expect_same("its keys", keys_of(scan(lab.store(), orders, built.generation)), Keys{"a"});
}

void other_version_drops(Lab& lab) {
  ViewRun live = with_views(lab);
  ViewRun built = begin(lab.store(), orders, second);
  built.commit(lab, {made("a", "x")});
  park(lab, built, "b");
  const ViewRun next = begin(lab.store(), orders, third);
  expect(next.generation > built.generation, "a new generation must have a number that was never used");
  expect_same("where it stands", next.at, std::nullopt);
  expect_same("generations", list(lab.store(), orders),
              Status{status(live, GenerationState::active, 2), status(next, GenerationState::building, 0)});
  for (const Generation number : {built.generation, next.generation}) {
    expect_same("views", scan(lab.store(), orders, number), Views{});
    expect_same("parked keys", load(lab.store(), orders, {"b"}, number).parked, Keys{});
  }
  const auto moved = must_refuse<GenerationMoved>("a commit to what was dropped", lab.perform(built.next({})));
  expect_same("the active one that it is told", moved.active, live.generation);
}

// ---- dropping ----

/// Views, checkpoint and quarantine go together, and with them all that a reader or a run could find.
void expect_gone(Lab& lab, const ViewRun& gone, const std::string& parked) {
  const std::string which = "generation " + shown(gone.generation) + ", which was dropped";
  const LoadCheckpoint asked{orders, LoadCheckpoint::Purpose::inspect, gone.generation};
  expect_same("the checkpoint of " + which, must(shown(asked), lab.perform(asked)), std::nullopt);
  expect_same("views of " + which, scan(lab.store(), orders, gone.generation), Views{});
  expect_same("the view of " + which, get(lab.store(), orders, "a", gone.generation).view, std::nullopt);
  const auto loaded = load(lab.store(), orders, {"a", "b", "c", parked}, gone.generation);
  expect_same("rows of " + which, loaded.views, Views{});
  expect_same("parked keys of " + which, loaded.parked, Keys{});
  for (const auto& one : list(lab.store(), orders)) {
    expect(one.generation != gone.generation, which + ", is listed: " + shown(one));
  }
  must_refuse<GenerationMoved>("a commit to " + which, lab.perform(gone.next({made("a", "late", 9)})));
}

void cancelled_is_gone(Lab& lab) {
  ViewRun live = with_views(lab);
  ViewRun built = begin(lab.store(), orders, second);
  built.commit(lab, {made("a", "x"), made("b", "x")});
  park(lab, built, "parked");
  expect_same("what was dropped", must("cancelling", lab.perform(CancelRebuild{orders})), built.generation);
  expect_gone(lab, built, "parked");
  expect_same("what is dropped again", must("cancelling again", lab.perform(CancelRebuild{orders})), std::nullopt);
  lab.reopen();
  expect_gone(lab, built, "parked");
  live.commit(lab, {made("b", "goes on", 2)});
  const ViewRun next = begin(lab.store(), orders, second);
  expect(next.generation > built.generation, "a number was used twice");
  expect_same("views of the next", scan(lab.store(), orders, next.generation), Views{});
}

void finalized_is_gone(Lab& lab) {
  ViewRun old = with_views(lab);
  park(lab, old, "parked");
  ViewRun built = begin(lab.store(), orders, second);
  while (built.at < old.at) built.commit(lab, {made("a", "x", built.at ? built.at->value + 1 : 1)});
  activate(lab.store(), built);
  expect_same("what was dropped", must("finalizing", lab.perform(FinalizeRebuild{orders})), old.generation);
  expect_gone(lab, old, "parked");
  expect_same("what is dropped again", must("finalizing again", lab.perform(FinalizeRebuild{orders})), std::nullopt);
  must_be_invalid("rolling back after that", lab.perform(RollBack{orders}));
  lab.reopen();
  expect_gone(lab, old, "parked");
  if (lab.offers().quarantine) expect_same("records", lab.store().quarantined(orders).size(), 0u);
  built.commit(lab, {});
  expect_same("generations", list(lab.store(), orders), Status{status(built, GenerationState::active, 1)});
}

// ---- whose it is ----

void projections_are_apart(Lab& lab) {
  const std::vector<ProjectionId> ids{{"orders"},   {"orders", "acme"}, {"acme", "orders"}, {"a", "b:c"},
                                      {"a:b", "c"}, {"'", "%"},         {"%", "'"},         {"orders", "ACME"}};
  for (const auto& id : ids) with_views(lab, id);
  for (const auto& id : ids) {
    lab.trying(to_string(id));
    ViewRun built = begin(lab.store(), id, second);
    while (built.at < Position{2}) built.commit(lab, {made("of " + id.tenant, "x")});
    expect_same("the keys before the switch", keys_of(scan(lab.store(), id)), Keys{"a", "b"});
    activate(lab.store(), built);
    expect_same("the keys after the switch", keys_of(scan(lab.store(), id)), Keys{"of " + id.tenant});
  }
  must("rolling back one", lab.perform(RollBack{ids[0]}));
  must("finalizing another", lab.perform(FinalizeRebuild{ids[1]}));
  static_cast<void>(begin(lab.store(), ids[2], third));
  for (std::size_t i = 0; i < ids.size(); ++i) {
    const std::size_t expected = i == 1 ? 1 : i == 2 ? 3 : 2;
    expect_same("generations of " + to_string(ids[i]), list(lab.store(), ids[i]).size(), expected);
    expect_same("the keys of " + to_string(ids[i]), keys_of(scan(lab.store(), ids[i])),
                i == 0 ? Keys{"a", "b"} : Keys{"of " + ids[i].tenant});
  }
}

}  // namespace

std::span<const Rule> generation_rules() {
  // clang-format off
  static constexpr Rule rules[] = {
      {"generation: the first commit makes the first", generations, first_is_active},
      {"generation: where there is nothing to change, nothing changes", generations, nothing_to_change},
      {"generation: which code made it is stored with it (T46)", generations, version_is_kept},
      {"generation: names that are none are refused", generations, bad_names_are_refused},
      {"generation: those of two tenants never meet (T47)", generations, projections_are_apart},
      {"rebuild: it begins empty, beside what readers see (T42)", generations, begun_beside},
      {"rebuild: it is filled beside what readers see, and both go on (T42)", generations, filled_beside},
      {"rebuild: keys are parked in their generation only", generations, parked_beside},
      {"rebuild: replacing a view does not disturb it", generations, replaced_beside},
      {"rebuild: begun again with the same version, it goes on", generations, begun_again},
      {"rebuild: begun with another version, it begins anew", generations, other_version_drops},
      {"rebuild: cancelled, it is gone with views, checkpoint and quarantine (T44)", generations, cancelled_is_gone},
      {"rebuild: finalized, the previous one is gone with views, checkpoint and quarantine (T44)", generations,
       finalized_is_gone},
  };
  // clang-format on
  return rules;
}

}  // namespace lantern::detail
