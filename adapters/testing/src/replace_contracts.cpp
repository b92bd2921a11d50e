// Contracts of replacing a view from outside of its run, and of keys that are parked.
#include <algorithm>

#include "views.hpp"

namespace lantern::detail {
namespace {

const ProjectionId orders("orders");
using Keys = std::vector<std::string>;
using Records = std::vector<QuarantineRecord>;

ReplaceView with(const ViewRun& run, std::string key, std::optional<std::string> state, std::int64_t version) {
  ReplaceView replace;
  replace.projection = run.id;
  replace.key = std::move(key);
  replace.state = std::move(state);
  replace.version = version;
  replace.position = replace.state ? run.at : std::nullopt;
  replace.through = run.at;
  replace.generation = run.generation;
  return replace;
}

/// Must be taken; the run knows of the new revision afterwards.
Moment replaced(Lab& lab, ViewRun& run, const ReplaceView& replace) {
  const Moment moment = must(shown(replace), lab.perform(replace)).moment;
  ++run.revision.value;
  expect_same("the moment that " + shown(replace) + " tells", moment,
              Moment{run.generation, run.revision, replace.version});
  expect_same("the revision after " + shown(replace), run_of(lab.store(), run.id).revision, run.revision);
  return moment;
}

QuarantineRecord record(std::int64_t position, std::optional<std::string> key,
                        QuarantineReason reason = QuarantineReason::waiting) {
  return {.position = Position{position},
          .stream = "s",
          .type = "T",
          .reason = reason,
          .attempts = 1,
          .error = "no",
          .key = std::move(key)};
}

void commit_records(Lab& lab, ViewRun& run, Views views, Records records) {
  SaveCheckpoint save = run.next(std::move(views));
  save.quarantined = std::move(records);
  must(shown(save), lab.perform(save));
  run.at = save.through;
}

// ---- replacing ----

void replaced_is_read(Lab& lab) {
  ViewRun run;
  run.commit(lab, {made("a", "1"), made("b", "1")});
  run.commit(lab, {made("a", "2", 2)});
  const Moment moment = replaced(lab, run, with(run, "a", "anew", 9));
  const auto found = get(lab.store(), orders, "a");
  expect_same("the state", found.view->state, "anew");
  expect_same("the moment", detail::moment(found), moment);
  expect_same("the position", found.view->position, run.at);
  expect_same("what it is as of", found.as_of, AsOf{Generation{1}, run.at, run.revision});
  expect_same("the other view", state(lab.store(), orders, "b"), "1");
  expect_same("the checkpoint", lab.checkpoint(orders), run.at);
  replaced(lab, run, with(run, "new", "appears", 1));
  expect_same("all keys", keys_of(scan(lab.store(), orders)), Keys{"a", "b", "new"});
  lab.reopen();
  expect_same("the revision after reopening", run_of(lab.store(), orders).revision, Revision{2});
  expect_same("the view after reopening", state(lab.store(), orders, "a"), "anew");
}

void run_loads_again(Lab& lab) {
  ViewRun run;
  run.commit(lab, {made("a", "1"), made("b", "1")});
  ViewRun outside = run;
  replaced(lab, outside, with(run, "a", "anew", 5));
  std::vector<SaveCheckpoint> late(3, run.next({made("a", "2", 2), made("b", "2", 2)}));
  late[1].views.clear();
  late[2].views.clear();
  if (lab.offers().quarantine) late[2].quarantined = {record(2, "b")};
  const auto before = picture(lab, orders, {"a", "b"});
  for (const auto& save : late) {
    const std::string what = shown(save) + ", which builds on views that were replaced";
    const auto refused = must_refuse<ViewsReplaced>(what, lab.perform(save));
    expect_same(what + ": the revision that it is told", refused.actual, Revision{1});
    expect_unchanged(what, picture(lab, orders, {"a", "b"}), before);
  }
  run = run_of(lab.store(), orders);
  expect_same("what the run loads then", load(lab.store(), orders, {"a"}).views.at(0).edition, Revision{1});
  StoredView next = made("a", "6", 6);
  next.edition = Revision{1};
  run.commit(lab, {next});
  expect_same("the view", detail::moment(get(lab.store(), orders, "a")), Moment{Generation{1}, Revision{1}, 6});
}

void reset_begins_anew(Lab& lab) {
  ViewRun run;
  run.commit(lab, {made("a", "1"), made("b", "1")});
  replaced(lab, run, with(run, "a", std::nullopt, 0));
  expect_same("the view that was taken away", state(lab.store(), orders, "a"), std::nullopt);
  expect_same("all keys", keys_of(scan(lab.store(), orders)), Keys{"b"});
  const auto row = load(lab.store(), orders, {"a"}).views;
  expect_same("rows that a run loads", row.size(), 1u);
  expect(!row[0].state && row[0].version == 0 && row[0].edition == Revision{1},
         "a row of what was reset must have no state, version 0 and the new edition, but is " + shown(row[0]));
  StoredView first = made("a", "new", 1);
  first.edition = Revision{1};
  run.commit(lab, {first});
  expect_same("its moment when it is back", detail::moment(get(lab.store(), orders, "a")),
              Moment{Generation{1}, Revision{1}, 1});
}

void through_is_the_checkpoint(Lab& lab) {
  ViewRun run;
  run.commit(lab, {made("a", "1")});
  run.commit(lab, {made("a", "2", 2)});
  const auto before = picture(lab, orders, {"a"});
  for (const std::optional<Position> through : {std::optional<Position>(), std::optional(Position{1}),
                                                std::optional(Position{3}), std::optional(Position{0})}) {
    ReplaceView late = with(run, "a", "anew", 5);
    late.through = through;
    const auto moved = must_refuse<CheckpointMoved>(shown(late), lab.perform(late));
    expect_same(shown(late) + ": the checkpoint that it is told", moved.actual, run.at);
    expect_unchanged("the refused " + shown(late), picture(lab, orders, {"a"}), before);
  }
  for (const std::int64_t generation : {0, 2, 7}) {
    ReplaceView other = with(run, "a", "anew", 5);
    other.generation = Generation{generation};
    must_be_invalid(shown(other), lab.perform(other));
    expect_unchanged("the refused " + shown(other), picture(lab, orders, {"a"}), before);
  }
}

void nonsense_is_refused(Lab& lab) {
  ViewRun run;
  run.commit(lab, {made("a", "1")});
  const auto before = picture(lab, orders, {"a"});
  std::vector<ReplaceView> wrong(4, with(run, "a", "anew", 5));
  wrong[0].version = 0;
  wrong[1].version = -1;
  wrong[2].state = std::nullopt;
  wrong[3].schema_version = 0;
  for (const auto& replace : wrong) {
    must_be_invalid(shown(replace), lab.perform(replace));
    expect_unchanged("the refused " + shown(replace), picture(lab, orders, {"a"}), before);
  }
}

void before_the_first_commit(Lab& lab) {
  ViewRun run;
  replaced(lab, run, with(run, "a", "seed", 3));
  expect_same("the view", state(lab.store(), orders, "a"), "seed");
  expect_same("the checkpoint", lab.checkpoint(orders), std::nullopt);
  must_refuse<ViewsReplaced>("a first commit that knows nothing of it", lab.perform(ViewRun().next({})));
  run.commit(lab, {made("b", "1")});
  expect_same("all keys", keys_of(scan(lab.store(), orders)), Keys{"a", "b"});
}

/// Asked twice, because the reply was lost: the same state, in a later edition.
void replaced_twice(Lab& lab) {
  ViewRun run;
  run.commit(lab, {made("a", "1")});
  const Moment first = replaced(lab, run, with(run, "a", "anew", 5));
  const Moment second = replaced(lab, run, with(run, "a", "anew", 5));
  expect(first < second, "the moment did not grow");
  expect_same("the state", state(lab.store(), orders, "a"), "anew");
  const auto other = lab.open();
  const ReplaceView third = with(run, "a", "anew", 5);
  const Moment moment = must(shown(third), Lab::perform(*other, third)).moment;
  expect(second < moment, "the moment did not grow from one store to another");
}

// ---- parked keys ----

void parked_keys_are_told(Lab& lab) {
  ViewRun run;
  expect_same("parked keys of nothing", load(lab.store(), orders, {"", "a"}).parked, Keys{});
  commit_records(lab, run, {made("a", "1"), made("ab", "1")},
                 {record(1, "a", QuarantineReason::exhausted), record(1, std::nullopt, QuarantineReason::skipped)});
  expect_same("parked keys", load(lab.store(), orders, {"", "a", "ab", "b"}).parked, Keys{"a"});
  commit_records(lab, run, {}, {record(2, "a"), record(2, ""), record(2, "A", QuarantineReason::unreadable)});
  expect_same("parked keys then", load(lab.store(), orders, {"", "a", "ab", "b", "A"}).parked, Keys{"", "A", "a"});
  expect_same("those that were asked for", load(lab.store(), orders, {"ab", "A"}).parked, Keys{"A"});
  expect_same("parked keys of another tenant", load(lab.store(), {"orders", "acme"}, {"a"}).parked, Keys{});
  lab.reopen();
  expect_same("parked keys after reopening", load(lab.store(), orders, {"", "a", "ab"}).parked, Keys{"", "a"});
}

/// One event may be passed for several keys, and as a whole; each is a record. The same again is not.
void records_by_key(Lab& lab) {
  ViewRun run;
  const Records records{record(1, std::nullopt), record(1, ""), record(1, "a"), record(1, "b")};
  commit_records(lab, run, {}, {records[3], records[1], records[0], records[2]});
  commit_records(lab, run, {}, {records[2], records[0]});
  Records found = lab.store().quarantined(orders);
  expect(std::ranges::is_sorted(found, {}, &QuarantineRecord::position), "records must come by position");
  std::ranges::sort(found, {}, &QuarantineRecord::key);
  expect_same("records", found, records);
}

void replacing_frees_the_key(Lab& lab) {
  ViewRun run;
  commit_records(lab, run, {made("a", "1")},
                 {record(1, "a", QuarantineReason::exhausted), record(1, "b"), record(1, std::nullopt), record(1, "")});
  commit_records(lab, run, {}, {record(2, "a"), record(2, "b"), record(2, "aa")});
  replaced(lab, run, with(run, "a", "anew", 2));
  expect_same("parked keys", load(lab.store(), orders, {"", "a", "aa", "b"}).parked, Keys{"", "aa", "b"});
  expect_same("how many records are left", lab.store().quarantined(orders).size(), 5u);
  replaced(lab, run, with(run, "", std::nullopt, 0));
  expect_same("parked keys then", load(lab.store(), orders, {"", "a", "aa", "b"}).parked, Keys{"aa", "b"});
  for (const auto& one : lab.store().quarantined(orders)) {
    expect(one.key != "a" && one.key != "", "a record of a key that was replaced: " + shown(one));
  }
}

}  // namespace

std::span<const Rule> replace_rules() {
  // clang-format off
  static constexpr Rule rules[] = {
      {"replace: what was put in place is read back, as a new edition", views, replaced_is_read},
      {"replace: a run that built on what was there is refused whole, and loads again", views, run_loads_again},
      {"replace: a view that is reset keeps a row of version 0, which readers do not see", views, reset_begins_anew},
      {"replace: one that is as of another position, or generation, is refused", views, through_is_the_checkpoint},
      {"replace: what makes no sense is refused", views, nonsense_is_refused},
      {"replace: it may come before the first commit", views, before_the_first_commit},
      {"replace: asked twice it is done twice, and the moment grows", views, replaced_twice},
      {"parked: a run is told which of its keys are (T30)", views, parked_keys_are_told},
      {"parked: an event is recorded once for each key, and once as a whole", views | quarantine, records_by_key},
      {"parked: replacing its view frees a key, and no other", views | quarantine, replacing_frees_the_key},
  };
  // clang-format on
  return rules;
}

}  // namespace lantern::detail
