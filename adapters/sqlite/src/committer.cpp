#include "committer.hpp"

#include "prepare_all.hpp"
#include "times.hpp"

namespace lantern::detail {
namespace {
constexpr std::string_view saving = "saving a checkpoint";
}

Failure rebuilt_elsewhere(const ProjectionId& projection) {
  return Failure(FailureKind::incompatible,
                 "another program rebuilt " + to_string(projection) + " with another version of its statements",
                 "install that version here, and run it again");
}

tl::expected<Committer, Failure> Committer::prepare(WriteConnection& connection) {
  auto table = ViewTable::prepare(connection);
  if (!table) return tl::unexpected(std::move(table).error());
  auto cursors = CursorTable::prepare(connection);
  if (!cursors) return tl::unexpected(std::move(cursors).error());
  Committer made(connection, *std::move(table), *std::move(cursors));
  auto failed = prepare_all(
      connection.db(),
      {{"SELECT fingerprint FROM lantern_projections WHERE tenant = ?1 AND name = ?2", &made.meaning_},
       {generations_sql, &made.find_},
       {"INSERT INTO lantern_projections(tenant, name, generation, build, position, program, schema, log, updated_at) "
        "VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) ON CONFLICT(tenant, name) DO UPDATE SET build = excluded.build, "
        "position = excluded.position, program = excluded.program, schema = excluded.schema, log = excluded.log, "
        "updated_at = excluded.updated_at",
        &made.move_active_},
       {"UPDATE lantern_generations SET build = ?4, position = ?5, program = ?6, schema = ?7, log = ?8 "
        "WHERE tenant = ?1 AND name = ?2 AND generation = ?3",
        &made.move_building_},
       {"INSERT OR REPLACE INTO lantern_quarantine"
        "(tenant, name, generation, position, keyed, key, stream, type, reason, attempts, error, recorded_at) "
        "VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
        &made.quarantine_}});
  if (failed) return tl::unexpected(*std::move(failed));
  return made;
}

std::optional<Failure> Committer::refuse_outdated(const ProjectionId& projection, const StatementRunner& runner) {
  bool same = true;
  if (auto failed = connection_->db().each(
          meaning_, saving, [&](const Statement& row) { same = row.text(0) == runner.fingerprint(); },
          std::string_view(projection.tenant), std::string_view(projection.name))) {
    return failed;
  }
  if (same) return std::nullopt;
  return rebuilt_elsewhere(projection);
}

/// Why the commit must not be stored, as the store stands; absent: it may be.
std::optional<SaveError> Committer::check(const SaveCheckpoint& asked, const StoredGeneration& of, Leases& leases) {
  const Role role = of.state == GenerationState::active ? Role::live : Role::rebuild;
  if (auto refused = leases.refuse(asked.projection, role, asked.fence)) {
    return std::visit([](auto& why) { return SaveError(std::move(why)); }, *refused);
  }
  if (!asked.through && asked.cursors.empty()) return std::nullopt;  // the projection keeps no checkpoint
  if (of.position != asked.from) return CheckpointMoved{of.position};
  const auto moved = cursors_.check(of.build, asked.cursors);
  if (!moved) return moved.error();
  if (*moved) return **moved;
  if (of.revision != asked.revision) return ViewsReplaced{of.revision};
  return std::nullopt;
}

std::optional<SaveError> Committer::run_statements(const SaveCheckpoint& asked, StatementRunner& runner,
                                                   const Transaction& transaction) {
  struct Forbid {
    WriteConnection& connection;
    explicit Forbid(WriteConnection& which) : connection(which) { connection.forbid_commit(true); }
    ~Forbid() { connection.forbid_commit(false); }
  };
  const Forbid forbid(*connection_);
  std::size_t index = 0;
  for (const auto& run : asked.writes.runs) {
    for (const RecordedEvent& event : run) {
      auto failed = runner.run(event);
      if (failed && is_transaction_wide(failed->kind)) return *std::move(failed);
      if (failed) return WriteFailed{index, *std::move(failed)};
      if (!transaction.is_open()) {  // ON CONFLICT ROLLBACK may do this, with what comes after it in autocommit mode
        return WriteFailed{index, Failure(FailureKind::rejected,
                                          "a statement of " + to_string(asked.projection) + " ended the transaction",
                                          "statements must not commit or roll back, nor use ON CONFLICT ROLLBACK")};
      }
      ++index;
    }
  }
  return std::nullopt;
}

std::optional<SaveError> Committer::run_beside(const SaveCheckpoint& asked, const StoredGenerations& known,
                                               StatementRunner& runner, const Transaction& transaction) {
  const auto meaning = builds_.fingerprint(known.building->build);
  if (!meaning) return SaveError(meaning.error());
  if (*meaning != runner.fingerprint()) return SaveError(rebuilt_elsewhere(asked.projection));
  if (asked.writes.size() == 0) return std::nullopt;
  auto window = builds_.open_window(known.active->build, known.building->build);
  if (!window) return SaveError(std::move(window).error());
  if (auto failed = run_statements(asked, runner, transaction)) return failed;  // the rollback closes the window
  if (auto failed = builds_.close_window(*std::move(window))) return SaveError(*std::move(failed));
  return std::nullopt;
}

std::optional<Failure> Committer::store(const SaveCheckpoint& asked, StoredGeneration of, std::string_view now) {
  const Connection& db = connection_->db();
  const std::string_view tenant = asked.projection.tenant, name = asked.projection.name;
  const std::int64_t generation = asked.generation.value;
  if ((!asked.views.empty() || !asked.cursors.empty()) && !of.build) {
    const auto build = views_.new_build();
    if (!build) return build.error();
    of.build = *build;
  }
  for (const StoredView& view : asked.views) {
    if (auto failed = views_.put(*of.build, view, now)) return failed;
  }
  if (!asked.cursors.empty()) {
    if (auto failed = cursors_.store(*of.build, asked.cursors)) return failed;
  }
  for (const QuarantineRecord& record : asked.quarantined) {
    if (auto failed =
            db.run(quarantine_, "recording an event that was passed", tenant, name, generation, record.position.value,
                   record.key ? 1 : 0, std::string_view(record.key.value_or("")), std::string_view(record.stream),
                   std::string_view(record.type), std::string_view(to_string(record.reason)),
                   std::int64_t{record.attempts}, std::string_view(record.error), now)) {
      return failed;
    }
  }
  // Records alone leave the checkpoint where it is, and the version with it.
  const auto through = asked.through ? asked.through : of.position;
  const CodeVersion version = asked.through || !asked.cursors.empty() ? asked.version : of.version;
  const auto position = through ? std::optional(through->value) : std::nullopt;
  const auto log = column_of(asked.log ? asked.log : of.log);
  if (of.state == GenerationState::active) {
    return db.run(move_active_, saving, tenant, name, generation, of.build, position, version.program, version.schema,
                  log, now);
  }
  return db.run(move_building_, saving, tenant, name, generation, of.build, position, version.program, version.schema,
                log);
}

SaveCheckpoint::reply Committer::save(const SaveCheckpoint& asked, Leases& leases, StatementRunner* runner,
                                      std::chrono::nanoseconds now) {
  auto transaction = Transaction::begin(*connection_);
  if (!transaction) return tl::unexpected(SaveError(std::move(transaction).error()));
  auto known = find_generations(connection_->db(), find_, asked.projection);
  if (!known) return tl::unexpected(SaveError(std::move(known).error()));
  if (!known->active) known->active.emplace();  // it begins with this commit
  const StoredGeneration* const of = known->find(asked.generation);
  if (!of || of->state == GenerationState::previous) {
    return tl::unexpected(SaveError(GenerationMoved{known->active->generation}));
  }
  if (auto refused = check(asked, *of, leases)) return tl::unexpected(*std::move(refused));
  if (runner && of->state == GenerationState::building) {
    if (auto failed = run_beside(asked, *known, *runner, *transaction)) return tl::unexpected(*std::move(failed));
  } else if (runner) {
    if (auto refused = refuse_outdated(asked.projection, *runner)) {
      return tl::unexpected(SaveError(*std::move(refused)));
    }
    if (auto failed = run_statements(asked, *runner, *transaction)) return tl::unexpected(*std::move(failed));
  }
  if (auto failed = store(asked, *of, timestamp_text(now))) return tl::unexpected(SaveError(*std::move(failed)));
  if (auto failed = transaction->commit()) {
    if (failed->outcome_known) return tl::unexpected(SaveError(std::move(failed->cause)));
    return tl::unexpected(SaveError(OutcomeUnknown{std::move(failed->cause)}));
  }
  return Saved{of->state == GenerationState::building ? known->active->position : std::nullopt};
}

}  // namespace lantern::detail
