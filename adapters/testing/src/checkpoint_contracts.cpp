// Contracts of checkpoints and of the records that are stored with them.
#include <limits>

#include "lab.hpp"

namespace lantern::detail {
namespace {

const ProjectionId orders("orders");

SaveCheckpoint commit(std::optional<std::int64_t> from, std::optional<std::int64_t> through) {
  SaveCheckpoint save;
  save.projection = orders;
  if (from) save.from = Position{*from};
  if (through) save.through = Position{*through};
  return save;
}

std::optional<Position> at(std::int64_t position) { return Position{position}; }

QuarantineRecord record(std::int64_t position, std::string error = "no") {
  return {.position = Position{position},
          .stream = "s",
          .type = "T",
          .reason = QuarantineReason::skipped,
          .attempts = 1,
          .error = std::move(error)};
}

/// The commit must be refused because the checkpoint is somewhere else, and change nothing.
void expect_moved(Lab& lab, const SaveCheckpoint& save, std::optional<Position> actual) {
  const auto moved = must_refuse<CheckpointMoved>(shown(save), lab.perform(save));
  expect_same(shown(save) + ", which must tell the actual checkpoint", moved, CheckpointMoved{actual});
  expect_same("the checkpoint after " + shown(save), lab.checkpoint(orders), actual);
}

// ---- saving and loading ----

void absent_at_first(Lab& lab) {
  const auto found = must("loading", lab.perform(LoadCheckpoint{orders}));
  expect(!found || !found->position, "a projection that was never saved has a checkpoint at " + shown(found));
  lab.save(ProjectionId("other"), std::nullopt, at(3));
  expect_same("the checkpoint of orders", lab.checkpoint(orders), std::nullopt);
}

void save_and_load(Lab& lab) {
  lab.save(orders, std::nullopt, at(5));
  const auto found = must("loading", lab.perform(LoadCheckpoint{orders}));
  expect_same("the checkpoint", found, Checkpoint{Position{5}, Generation{1}});
  const auto again = must("loading", lab.perform(LoadCheckpoint{orders, LoadCheckpoint::Purpose::resolve}));
  expect_same("the checkpoint, asked for to resolve a commit", again, found);
}

void moves_on(Lab& lab) {
  std::optional<Position> from;
  for (const std::int64_t through : {1, 2, 10, 1000, 1001}) {
    lab.save(orders, from, at(through));
    from = at(through);
    expect_same("the checkpoint", lab.checkpoint(orders), from);
  }
}

void zero_is_not_absent(Lab& lab) {
  lab.save(orders, std::nullopt, at(0));
  expect_same("the checkpoint", lab.checkpoint(orders), at(0));
  expect_moved(lab, commit(std::nullopt, 4), at(0));
  lab.save(orders, at(0), at(4));
}

void largest_position(Lab& lab) {
  const std::int64_t largest = std::numeric_limits<std::int64_t>::max();
  lab.save(orders, std::nullopt, at(largest - 1));
  lab.save(orders, at(largest - 1), at(largest));
  expect_same("the checkpoint", lab.checkpoint(orders), at(largest));
}

void independent(Lab& lab) {
  const ProjectionId other("other");
  lab.save(orders, std::nullopt, at(5));
  lab.save(other, std::nullopt, at(7));
  lab.save(orders, at(5), at(6));
  expect_same("the checkpoint of orders", lab.checkpoint(orders), at(6));
  expect_same("the checkpoint of other", lab.checkpoint(other), at(7));
}

void stores_agree(Lab& lab) {
  const auto other = lab.open();
  expect_same("the checkpoint that the other store sees at first", Lab::checkpoint(*other, orders), std::nullopt);
  lab.save(orders, std::nullopt, at(4));
  expect_same("the checkpoint that the other store sees", Lab::checkpoint(*other, orders), at(4));
  lab.save(orders, at(4), at(5));
  expect_same("the checkpoint that the other store sees then", Lab::checkpoint(*other, orders), at(5));
  must("a commit of the other store", Lab::perform(*other, commit(5, 6)));
  expect_moved(lab, commit(5, 7), at(6));
}

void checkpoint_survives(Lab& lab) {
  lab.save(orders, std::nullopt, at(5));
  lab.reopen();
  expect_same("the checkpoint after reopening", must("loading", lab.perform(LoadCheckpoint{orders})),
              Checkpoint{Position{5}, Generation{1}});
  lab.save(orders, at(5), at(6));
  lab.reopen();
  expect_same("the checkpoint after reopening twice", lab.checkpoint(orders), at(6));
}

void log_is_kept(Lab& lab) {
  if (!lab.read({}).log) return;  // nothing that it reads has a log to be kept
  SaveCheckpoint save = commit({}, 5);
  save.log = LogIdentity{7};
  must("a commit", lab.perform(save));
  const auto expect_log = [&](const char* when, std::uint64_t log) {
    const auto found = must("loading", lab.perform(LoadCheckpoint{orders}));
    expect_same("the log of the checkpoint, " + std::string(when), found ? found->log : std::nullopt,
                std::optional(LogIdentity{log}));
  };
  expect_log("after a commit with it", 7);
  lab.reopen();
  expect_log("after reopening", 7);
  lab.save(orders, at(5), at(6));
  expect_log("after a commit that does not say it", 7);
  save = commit(6, 7);
  save.log = LogIdentity{std::numeric_limits<std::uint64_t>::max()};
  must("a commit", lab.perform(save));
  expect_log("after a commit with another one", std::numeric_limits<std::uint64_t>::max());
}

void pages_name_their_log(Lab& lab) {
  const auto before = lab.read({}).log;
  lab.add("s", "T", {"{}"});
  expect_same("the log of a page, after an append", lab.read({}).log, before);
  lab.reopen();
  expect_same("the log of a page, after reopening", lab.read({}).log, before);
}

// ---- what is refused ----

void builds_on_the_stored(Lab& lab) {
  expect_moved(lab, commit(3, 5), std::nullopt);
  expect_moved(lab, commit(0, 5), std::nullopt);
  lab.save(orders, std::nullopt, at(5));
  expect_moved(lab, commit(std::nullopt, 6), at(5));
  expect_moved(lab, commit(4, 6), at(5));
  expect_moved(lab, commit(6, 7), at(5));
  expect_moved(lab, commit(std::nullopt, 5), at(5));
}

void never_back(Lab& lab) {
  lab.save(orders, std::nullopt, at(5));
  for (const SaveCheckpoint& save : {commit(5, 4), commit(5, 0), commit(5, std::nullopt)}) {
    must_be_invalid(shown(save), lab.perform(save));
    expect_same("the checkpoint after " + shown(save), lab.checkpoint(orders), at(5));
  }
}

void generation_is_compared(Lab& lab) {
  lab.save(orders, std::nullopt, at(5));
  for (const std::int64_t generation : {0, 2, 7}) {
    SaveCheckpoint save = commit(5, 6);
    save.generation = Generation{generation};
    const auto reply = lab.perform(save);
    expect(!reply, shown(save) + " was not refused");
    // A store that knows of no other generation may say that the checkpoint is another.
    if (lab.offers().generations || !alternative<CheckpointMoved>(reply.error())) {
      expect_same(shown(save) + ", which must tell the active generation",
                  must_refuse<GenerationMoved>(shown(save), reply), GenerationMoved{Generation{1}});
    }
    expect_same("the checkpoint after " + shown(save), lab.checkpoint(orders), at(5));
  }
  lab.save(orders, at(5), at(6));
}

// ---- quarantine ----

using Records = std::vector<QuarantineRecord>;

void same_commit(Lab& lab) {
  SaveCheckpoint save = commit(std::nullopt, 5);
  save.quarantined = {record(2), record(4)};
  must(shown(save), lab.perform(save));
  expect_same("records", lab.store().quarantined(orders), Records{record(2), record(4)});
  SaveCheckpoint next = commit(5, 9);
  next.quarantined = {record(7)};
  must(shown(next), lab.perform(next));
  expect_same("records", lab.store().quarantined(orders), Records{record(2), record(4), record(7)});
  expect_same("records of another", lab.store().quarantined(ProjectionId("other")), Records{});
}

void refused_with_commit(Lab& lab) {
  lab.save(orders, std::nullopt, at(5));
  SaveCheckpoint other_generation = commit(5, 6);
  other_generation.generation = Generation{2};
  for (SaveCheckpoint save : {commit(4, 6), commit(std::nullopt, 6), commit(5, 4), other_generation}) {
    save.quarantined = {record(3)};
    expect(!lab.perform(save), shown(save) + " was not refused");
    expect_same("records after the refused " + shown(save), lab.store().quarantined(orders), Records{});
  }
}

void records_read_back(Lab& lab) {
  QuarantineRecord odd = record(3, std::string(100'000, 'e') + "'\"%\n");
  odd.stream = "'; DROP TABLE lantern_quarantine; --";
  odd.type = "\xC3\xA1, \"T\"";
  odd.reason = QuarantineReason::exhausted;
  odd.attempts = std::numeric_limits<std::uint32_t>::max();
  SaveCheckpoint save = commit(std::nullopt, 3);
  save.quarantined = {odd, record(1, "")};
  must("a commit with an odd record", lab.perform(save));
  expect_same("records, by position", lab.store().quarantined(orders), Records{record(1, ""), odd});
}

void again_is_no_error(Lab& lab) {
  SaveCheckpoint save = commit(std::nullopt, 5);
  save.quarantined = {record(2), record(2)};
  must("a commit with the same record twice", lab.perform(save));
  SaveCheckpoint again = commit(5, 5);
  again.quarantined = {record(2)};
  must("a commit that stands still, with a record that is there", lab.perform(again));
  expect_same("records", lab.store().quarantined(orders), Records{record(2)});
  expect_same("the checkpoint", lab.checkpoint(orders), at(5));
}

void records_alone(Lab& lab) {
  SaveCheckpoint save = commit(std::nullopt, std::nullopt);
  save.quarantined = {record(2)};
  must("a commit of a record alone", lab.perform(save));
  expect_same("records", lab.store().quarantined(orders), Records{record(2)});
  expect_same("the checkpoint", lab.checkpoint(orders), std::nullopt);
  lab.save(orders, std::nullopt, at(5));

  // The same beside a checkpoint, which another run of that name has stored: it stays where it is.
  save.quarantined = {record(3)};
  must("a commit of a record alone beside a checkpoint", lab.perform(save));
  expect_same("records", lab.store().quarantined(orders), Records{record(2), record(3)});
  expect_same("the checkpoint", lab.checkpoint(orders), at(5));
}

void records_survive(Lab& lab) {
  SaveCheckpoint save = commit(std::nullopt, 5);
  save.quarantined = {record(2)};
  must(shown(save), lab.perform(save));
  const auto other = lab.open();
  expect_same("records that another store sees", other->quarantined(orders), Records{record(2)});
  lab.reopen();
  expect_same("records after reopening", lab.store().quarantined(orders), Records{record(2)});
}

}  // namespace

std::span<const Rule> checkpoint_rules() {
  // clang-format off
  static constexpr Rule rules[] = {
      {"checkpoint: there is none at first (T8)", nothing, absent_at_first},
      {"checkpoint: what was saved is loaded", nothing, save_and_load},
      {"checkpoint: it moves on", nothing, moves_on},
      {"checkpoint: position 0 is not the same as none (T8)", nothing, zero_is_not_absent},
      {"checkpoint: the largest position is a position", nothing, largest_position},
      {"checkpoint: projections are independent (T12)", nothing, independent},
      {"checkpoint: what one store saved, another sees, and builds on", nothing, stores_agree},
      {"checkpoint: it survives reopening", nothing, checkpoint_survives},
      {"checkpoint: which log it is a place in is kept with it (T50)", nothing, log_is_kept},
      {"append: a log is the same one as before, after appends and reopening (T50)", append, pages_name_their_log},
      {"checkpoint: a commit that builds on another one is refused, and told which is stored", nothing,
       builds_on_the_stored},
      {"checkpoint: it never goes back (T9)", nothing, never_back},
      {"checkpoint: a commit of another generation is refused", nothing, generation_is_compared},
      {"quarantine: records are stored with their commit", quarantine, same_commit},
      {"quarantine: a refused commit stores no record", quarantine, refused_with_commit},
      {"quarantine: a record is read back as it was written", quarantine, records_read_back},
      {"quarantine: storing a record again is no error", quarantine, again_is_no_error},
      {"quarantine: records alone move no checkpoint", quarantine, records_alone},
      {"quarantine: records survive reopening", quarantine, records_survive},
  };
  // clang-format on
  return rules;
}

}  // namespace lantern::detail
