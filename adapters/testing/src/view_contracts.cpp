// Contracts of stored views: what a commit stores, and what readers see of it.
#include <limits>

#include "ledger.hpp"
#include "views.hpp"

namespace lantern::detail {
namespace {

const ProjectionId orders("orders");
using Keys = std::vector<std::string>;

std::optional<StoredView> seen(Lab& lab, const std::string& key) { return get(lab.store(), orders, key).view; }

StoredView at(StoredView view, std::int64_t position) {
  view.position = Position{position};
  return view;
}

// ---- what is stored ----

void read_back(Lab& lab) {
  std::string any;
  for (int i = 0; i < 256; ++i) any += static_cast<char>(i);
  StoredView odd = made("odd", any, std::numeric_limits<std::int64_t>::max());
  odd.edition = Revision{7};
  odd.position = Position{3};
  odd.schema_version = std::numeric_limits<std::int32_t>::max();
  StoredView large = at(made("large", std::string(1'000'000, 'x') + any), 1);
  StoredView forged = at(made("forged", "{}"), 1);
  ViewRun run;
  run.at = Position{4};
  lab.save(orders, std::nullopt, run.at);
  StoredView dated = forged;
  dated.updated_at = "1999-01-01T00:00:00Z";
  run.commit(lab, {odd, large, dated});
  for (const auto& view : {odd, large, forged}) expect_same("the view " + view.key, seen(lab, view.key), view);
  expect_same("all views", scan(lab.store(), orders), Views{forged, large, odd});
  expect_same("the loaded views", load(lab.store(), orders, {"odd", "large", "forged"}).views,
              Views{forged, large, odd});
  const auto raw = must("getting a view", lab.perform(GetView{orders, "forged"}));
  expect(raw.view->updated_at != dated.updated_at, "when a view was updated is the store's to say, not the commit's");
}

void touched_only(Lab& lab) {
  ViewRun run;
  run.commit(lab, {made("a", "1"), made("b", "1"), made("c", "1")});
  run.commit(lab, {made("b", "2", 2), made("d", "1")});
  expect_same("all views", scan(lab.store(), orders),
              Views{at(made("a", "1"), 1), at(made("b", "2", 2), 2), at(made("c", "1"), 1), at(made("d", "1"), 2)});
  run.commit(lab, {});
  expect_same("the number of views after a commit that touches none", scan(lab.store(), orders).size(), 4u);
}

void unknown_is_no_error(Lab& lab) {
  const auto none = get(lab.store(), orders, "a");
  expect(!none.view && !none.as_of.position, "a projection that is not known has a view");
  expect(scan(lab.store(), orders).empty(), "a projection that is not known has views");
  expect(load(lab.store(), orders, {"a"}).views.empty(), "a projection that is not known has views to load");
  ViewRun run;
  run.commit(lab, {made("b", "1")});
  expect_same("a key that has no view", seen(lab, "a"), std::nullopt);
  expect_same("what is loaded", load(lab.store(), orders, {"a", "b", "c"}).views, Views{at(made("b", "1"), 1)});
  const auto other = get(lab.store(), orders, "b", Generation{9});
  expect(!other.view && !other.as_of.position, "a generation that there is not has a view");
  expect(scan(lab.store(), orders, Generation{9}).empty(), "a generation that there is not has views");
  expect(load(lab.store(), orders, {"b"}, Generation{9}).views.empty(), "so it has views to load");
}

void erased_keeps_its_version(Lab& lab) {
  ViewRun run;
  run.commit(lab, {made("a", "1"), made("b", "1")});
  run.commit(lab, {erased("a", 2)});
  expect_same("the erased view", seen(lab, "a"), std::nullopt);
  expect_same("all views", scan(lab.store(), orders), Views{at(made("b", "1"), 1)});
  expect_same("what a run loads", load(lab.store(), orders, {"a"}).views, Views{at(erased("a", 2), 2)});
  run.commit(lab, {made("a", "again", 3)});
  expect_same("the view after its return", seen(lab, "a"), at(made("a", "again", 3), 3));
  expect_same("all keys", keys_of(scan(lab.store(), orders)), Keys{"a", "b"});
}

void empty_is_not_erased(Lab& lab) {
  ViewRun run;
  run.commit(lab, {made("a", ""), made("", "state of the empty key")});
  expect_same("a view whose state is empty", seen(lab, "a"), at(made("a", ""), 1));
  expect_same("the view of the empty key", seen(lab, ""), at(made("", "state of the empty key"), 1));
  expect_same("all keys", keys_of(scan(lab.store(), orders)), Keys{"", "a"});
  expect_same("loaded", keys_of(load(lab.store(), orders, {"a", ""}).views), Keys{"", "a"});
}

void says_as_of(Lab& lab) {
  expect_same("the position of nothing", get(lab.store(), orders, "a").as_of.position, std::nullopt);
  ViewRun run;
  for (std::int64_t position = 1; position <= 3; ++position) {
    run.commit(lab, position == 2 ? Views{} : Views{made("a", std::to_string(position), position)});
    const AsOf now{Generation{1}, Position{position}, Revision{}};
    expect_same("what a view is as of", get(lab.store(), orders, "a").as_of, now);
    expect_same("what no view is as of", get(lab.store(), orders, "b").as_of, now);
    expect_same("what a page is as of", scan_page(lab.store(), {.projection = orders}).as_of, now);
  }
}

void stores_agree(Lab& lab) {
  const auto other = lab.open();
  ViewRun run;
  run.commit(lab, {made("a", "1")});
  expect_same("what the other store reads", state(*other, orders, "a"), "1");
  expect_same("what the first one reads", state(lab.store(), orders, "a"), "1");
  run.commit(*other, {made("a", "2", 2)});
  expect_same("what the first one reads then", state(lab.store(), orders, "a"), "2");
  expect_same("what it loads", load(lab.store(), orders, {"a"}).views, Views{at(made("a", "2", 2), 2)});
}

void views_survive(Lab& lab) {
  ViewRun run;
  run.commit(lab, {made("a", "1"), erased("b", 4)});
  lab.reopen();
  expect_same("the view after reopening", seen(lab, "a"), at(made("a", "1"), 1));
  expect_same("what is loaded then", load(lab.store(), orders, {"a", "b"}).views,
              Views{at(made("a", "1"), 1), at(erased("b", 4), 1)});
  run.commit(lab, {made("b", "back", 5)});
  expect_same("all keys", keys_of(scan(lab.store(), orders)), Keys{"a", "b"});
}

/// What is a view at position s, and a fold of the events after it, is what a fold of all of them is.
void seeded(Lab& lab) {
  ViewRun whole;
  whole.id = ProjectionId("whole");
  std::string chain;
  for (int event = 1; event <= 6; ++event) {
    chain = "(" + chain + std::to_string(event) + ")";
    whole.commit(lab, {made("a", chain, event)});
    if (event != 4) continue;
    SaveCheckpoint seed = ViewRun().next({at(made("a", chain, 4), 4)});
    seed.through = Position{4};
    must("a first commit that begins in the middle", lab.perform(seed));
  }
  ViewRun rest = run_of(lab.store(), orders);
  expect_same("where the seeded one goes on", rest.at, Position{4});
  for (int event = 5; event <= 6; ++event) {
    Views loaded = load(lab.store(), orders, {"a"}).views;
    expect_same("rows of the seeded one", loaded.size(), 1u);
    rest.commit(lab, {made("a", "(" + *loaded[0].state + std::to_string(event) + ")", loaded[0].version + 1)});
  }
  expect_same("all views", scan(lab.store(), orders), scan(lab.store(), whole.id));
  expect_same("the checkpoint", lab.checkpoint(orders), lab.checkpoint(whole.id));
}

// ---- a commit is whole, or nothing ----

void refused_leaves_nothing(Lab& lab) {
  ViewRun run;
  run.commit(lab, {made("a", "1"), made("b", "1")});
  const auto before = picture(lab, orders, {"a", "b", "c"});
  std::vector<SaveCheckpoint> wrong(5, run.next({made("a", "2", 2), erased("b", 2), made("c", "1")}));
  wrong[0].from = std::nullopt;
  wrong[1].from = Position{7}, wrong[1].through = Position{9};
  wrong[2].through = Position{0};
  wrong[3].revision = Revision{1};
  wrong[4].generation = Generation{2};
  for (SaveCheckpoint& save : wrong) {
    if (lab.offers().quarantine) save.quarantined.push_back({.position = Position{2}, .stream = "s", .type = "T"});
    expect(!lab.perform(save), shown(save) + " was not refused");
    expect_unchanged("the refused " + shown(save), picture(lab, orders, {"a", "b", "c"}), before);
  }
}

void lost_leaves_nothing(Lab& lab) {
  const std::chrono::nanoseconds ttl = std::chrono::seconds(10);
  ViewRun run;
  run.commit(lab, {made("a", "1")});
  const Lease old = must("taking the lease", lab.perform(AcquireLease{orders, "paused", ttl}));
  must("giving it back", lab.perform(ReleaseLease{orders, old}));
  const Lease next = must("taking the lease", lab.perform(AcquireLease{orders, "next", ttl}));
  const auto before = picture(lab, orders, {"a", "b"});
  ViewRun paused = run;
  paused.fence = old.fence;
  const SaveCheckpoint late = paused.next({made("a", "late", 2), made("b", "late")});
  must_refuse<LostLeadership>("the late commit of a leader that was paused", lab.perform(late));
  expect_unchanged("a late commit", picture(lab, orders, {"a", "b"}), before);
  run.fence = next.fence;
  run.commit(lab, {made("a", "2", 2)});
  must_refuse<LostLeadership>("the same once more", lab.perform(late));
  expect_same("the view", state(lab.store(), orders, "a"), "2");
}

void failed_write_leaves_nothing(Lab& lab) {
  const ProjectionId id = Ledger::id();
  lab.store().install(id);
  lab.add("s", "T", {"good"});
  lab.add("s", std::string(refused_type), {"bad"});
  const EventPage log = collect(lab);
  expect_same("events in the log", log.size(), 2u);
  ViewRun run;
  run.id = id;
  SaveCheckpoint save = run.next({made("a", "1"), made("b", "1")});
  save.through = log.scanned_to;
  save.writes.runs.push_back(log.events());
  must_refuse<WriteFailed>("a commit with a write that fails", lab.perform(save));
  expect_same("all views", scan(lab.store(), id), Views{});
  expect_same("what a run loads", load(lab.store(), id, {"a", "b"}).views, Views{});
  save.writes.runs = {log.events().first(1)};
  save.through = log.events()[0].position;
  must("the same without it", lab.perform(save));
  expect_same("all keys", keys_of(scan(lab.store(), id)), Keys{"a", "b"});
  expect_same("what was applied", lab.store().applied(id).size(), 1u);
}

/// A run that does not know whether its commit went through reads the checkpoint; and asks again only if it did not.
void asked_twice(Lab& lab) {
  ViewRun run;
  const SaveCheckpoint save = run.next({made("a", "1")});
  must(shown(save), lab.perform(save));
  const auto before = picture(lab, orders, {"a"});
  const auto moved = must_refuse<CheckpointMoved>("the same commit again", lab.perform(save));
  expect_same("the checkpoint that it is told of", moved.actual, save.through);
  expect_unchanged("the same commit again", picture(lab, orders, {"a"}), before);
}

/// Nothing is something that can be stored: what was emptied is empty, for all who read it, and for the run that goes
/// on.
void emptied(Lab& lab) {
  ViewRun run;
  run.commit(lab, {made("a", "1"), made("b", "1")});
  run.commit(lab, {erased("a", 2), erased("b", 2)});
  run.commit(lab, {});
  for (int round = 0; round < 2; ++round) {
    expect_same("views after all were erased", scan(lab.store(), orders), Views{});
    expect_same("the view", seen(lab, "a"), std::nullopt);
    expect_same("the rows that keep their versions", load(lab.store(), orders, {"a", "b"}).views,
                Views{at(erased("a", 2), 2), at(erased("b", 2), 2)});
    expect_same("the checkpoint", lab.checkpoint(orders), run.at);
    lab.reopen();
  }
}

/// Views without a checkpoint would be of nobody knows which events. Records may come alone.
void views_need_a_checkpoint(Lab& lab) {
  const auto without = [](ViewRun run) {
    SaveCheckpoint save = run.next({made("a", "of no event")});
    save.from = save.through = std::nullopt;
    return save;
  };
  must_be_invalid("views without a checkpoint, where there is none", lab.perform(without({})));
  expect_same("the view", get(lab.store(), orders, "a").view, std::nullopt);
  ViewRun run;
  run.commit(lab, {made("a", "1")});
  const auto before = picture(lab, orders, {"a"});
  must_be_invalid("views without a checkpoint, beside one", lab.perform(without(run)));
  expect_unchanged("views without a checkpoint", picture(lab, orders, {"a"}), before);
}

}  // namespace

std::span<const Rule> view_rules() {
  // clang-format off
  static constexpr Rule rules[] = {
      {"views: what a commit stored is read back, byte for byte", views, read_back},
      {"views: a commit stores all the views that it touches, and no others (T4)", views, touched_only},
      {"views: what is not known is no error", views, unknown_is_no_error},
      {"views: an erased one is gone for readers, and goes on from its version", views, erased_keeps_its_version},
      {"views: an empty state is a state, and an empty key is a key", views, empty_is_not_erased},
      {"views: each answer says what it is as of", views, says_as_of},
      {"views: what one store committed, another reads, and builds on", views, stores_agree},
      {"views: they survive reopening", views, views_survive},
      {"views: seeded at s, then s + 1 and on, they are as if from the beginning (T45)", views, seeded},
      {"views: a refused commit leaves none", views, refused_leaves_nothing},
      {"views: a leader that was paused leaves none (T39)", views | leases, lost_leaves_nothing},
      {"views: a commit with a write that fails leaves none", views | append | writes, failed_write_leaves_nothing},
      {"views: when all are erased none is left to read (T11)", views, emptied},
      {"views: they do not come without a checkpoint", views, views_need_a_checkpoint},
      {"views: a commit whose reply was lost is not stored twice", views, asked_twice},
  };
  // clang-format on
  return rules;
}

}  // namespace lantern::detail
