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
  Committer made(connection);
  auto failed = prepare_all(
      connection.db(),
      {{"SELECT position, generation FROM lantern_projections WHERE tenant = ?1 AND name = ?2", &made.find_},
       {"INSERT INTO lantern_projections(tenant, name, generation, position, updated_at) VALUES(?1, ?2, ?3, ?4, ?5) "
        "ON CONFLICT(tenant, name) DO UPDATE SET position = excluded.position, updated_at = excluded.updated_at",
        &made.move_},
       {"INSERT INTO lantern_projections(tenant, name, generation, updated_at) VALUES(?1, ?2, ?3, ?4) "
        "ON CONFLICT(tenant, name) DO UPDATE SET updated_at = excluded.updated_at",
        &made.know_},
       {"INSERT OR REPLACE INTO lantern_quarantine"
        "(tenant, name, generation, position, stream, type, reason, attempts, error, recorded_at) "
        "VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
        &made.quarantine_}});
  if (failed) return tl::unexpected(*std::move(failed));
  return made;
}

std::optional<Failure> Committer::refuse_outdated(const ProjectionId& projection, const StatementRunner& runner) {
  Generation stored = runner.generation();
  if (auto failed = connection_->db().each(
          find_, saving, [&](const Statement& row) { stored = Generation{row.integer(1)}; },
          std::string_view(projection.tenant), std::string_view(projection.name))) {
    return failed;
  }
  if (stored == runner.generation()) return std::nullopt;
  return rebuilt_elsewhere(projection);
}

std::optional<SaveError> Committer::check_fence(const SaveCheckpoint& asked, Leases& leases) {
  if (!asked.fence) return std::nullopt;
  auto lease = leases.find(asked.projection);
  if (!lease) return std::move(lease).error();
  const bool leads = *lease && (*lease)->owner && (*lease)->fence == asked.fence->value;
  if (leads) return std::nullopt;
  return LostLeadership{*lease ? (*lease)->owner.value_or("") : ""};
}

std::optional<SaveError> Committer::check_checkpoint(const SaveCheckpoint& asked) {
  if (!asked.through) return std::nullopt;  // the projection keeps no checkpoint
  std::optional<Position> position;
  Generation generation{};
  if (auto failed = connection_->db().each(
          find_, saving,
          [&](const Statement& row) {
            if (const auto stored = row.maybe_integer(0)) position = Position{*stored};
            generation = Generation{row.integer(1)};
          },
          std::string_view(asked.projection.tenant), std::string_view(asked.projection.name))) {
    return *std::move(failed);
  }
  if (position == asked.from && generation == asked.generation) return std::nullopt;
  return CheckpointMoved{position};
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

std::optional<Failure> Committer::store(const SaveCheckpoint& asked, std::string_view now) {
  const Connection& db = connection_->db();
  const std::string_view tenant = asked.projection.tenant, name = asked.projection.name;
  const std::int64_t generation = asked.generation.value;
  for (const QuarantineRecord& record : asked.quarantined) {
    if (auto failed = db.run(quarantine_, "recording an event that was passed", tenant, name, generation,
                             record.position.value, std::string_view(record.stream), std::string_view(record.type),
                             std::string_view(to_string(record.reason)), std::int64_t{record.attempts},
                             std::string_view(record.error), now)) {
      return failed;
    }
  }
  return asked.through ? db.run(move_, saving, tenant, name, generation, asked.through->value, now)
                       : db.run(know_, saving, tenant, name, generation, now);
}

SaveCheckpoint::reply Committer::save(const SaveCheckpoint& asked, Leases& leases, StatementRunner* runner,
                                      std::chrono::nanoseconds now) {
  auto transaction = Transaction::begin(*connection_);
  if (!transaction) return tl::unexpected(SaveError(std::move(transaction).error()));
  // Before the fence, which a rebuild ends too: this says why.
  if (runner) {
    if (auto refused = refuse_outdated(asked.projection, *runner))
      return tl::unexpected(SaveError(*std::move(refused)));
  }
  if (auto refused = check_fence(asked, leases)) return tl::unexpected(*std::move(refused));
  if (auto refused = check_checkpoint(asked)) return tl::unexpected(*std::move(refused));
  if (runner) {
    if (auto failed = run_statements(asked, *runner, *transaction)) return tl::unexpected(*std::move(failed));
  }
  if (auto failed = store(asked, timestamp_text(now))) return tl::unexpected(SaveError(*std::move(failed)));
  if (auto failed = transaction->commit()) {
    if (failed->outcome_known) return tl::unexpected(SaveError(std::move(failed->cause)));
    return tl::unexpected(SaveError(OutcomeUnknown{std::move(failed->cause)}));
  }
  return Saved{};
}

}  // namespace lantern::detail
