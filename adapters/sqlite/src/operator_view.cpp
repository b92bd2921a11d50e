// What people look at: where projections stand, what was passed, and rows of their own queries.
#include <array>

#include "lantern/refuse.hpp"
#include "lantern/sqlite/sqlite_store.hpp"
#include "sqlite_parts.hpp"
#include "times.hpp"

namespace lantern {
namespace {

using detail::Keep;
using detail::ReadConnection;
using detail::Statement;

// A projection is known by any of its rows; one that runs for the first time has a lease only.
constexpr const char* statuses_sql = R"sql(
WITH known(tenant, name) AS (
  SELECT tenant, name FROM lantern_projections
  UNION SELECT tenant, name FROM lantern_leases
), counted(tenant, name, generation, records) AS (
  SELECT tenant, name, generation, count(*) FROM lantern_quarantine GROUP BY tenant, name, generation
)
SELECT k.tenant, k.name, p.version, coalesce(p.generation, 1), p.position, coalesce(q.records, 0),
       coalesce(p.state, ''), coalesce(p.retries, 0), coalesce(p.last_error, ''), coalesce(p.updated_at, ''),
       coalesce(p.program, 1), coalesce(p.schema, 1),
       l.owner, coalesce(l.fence, 0), coalesce(l.expires, 0),
       r.owner, coalesce(r.fence, 0), coalesce(r.expires, 0),
       b.generation, b.position, b.program, b.schema, coalesce(bq.records, 0),
       o.generation, o.position, o.program, o.schema, coalesce(oq.records, 0)
FROM known AS k
LEFT JOIN lantern_projections AS p ON p.tenant = k.tenant AND p.name = k.name
LEFT JOIN counted AS q ON q.tenant = k.tenant AND q.name = k.name AND q.generation = coalesce(p.generation, 1)
LEFT JOIN lantern_leases AS l ON l.tenant = k.tenant AND l.name = k.name AND l.role = 'live'
LEFT JOIN lantern_leases AS r ON r.tenant = k.tenant AND r.name = k.name AND r.role = 'rebuild'
LEFT JOIN lantern_generations AS b ON b.tenant = k.tenant AND b.name = k.name AND b.state = 'building'
LEFT JOIN counted AS bq ON bq.tenant = k.tenant AND bq.name = k.name AND bq.generation = b.generation
LEFT JOIN lantern_generations AS o ON o.tenant = k.tenant AND o.name = k.name AND o.state = 'previous'
LEFT JOIN counted AS oq ON oq.tenant = k.tenant AND oq.name = k.name AND oq.generation = o.generation
ORDER BY k.tenant, k.name)sql";

constexpr const char* quarantined_sql = R"sql(
SELECT position, stream, type, reason, attempts, error, keyed, key FROM lantern_quarantine
WHERE tenant = ?1 AND name = ?2 AND generation =
      coalesce((SELECT generation FROM lantern_projections WHERE tenant = ?1 AND name = ?2), 1)
ORDER BY position, keyed, key LIMIT ?3)sql";

constexpr const char* failed_run_sql = R"sql(
SELECT p.last_error, l.owner, coalesce(l.expires, 0) FROM lantern_projections AS p
LEFT JOIN lantern_leases AS l ON l.tenant = p.tenant AND l.name = p.name AND l.role = 'live'
WHERE p.tenant = ?1 AND p.name = ?2 AND p.state = 'failed')sql";

std::optional<Position> position_of(const Statement& row, int column) {
  const auto position = row.maybe_integer(column);
  return position ? std::optional(Position{*position}) : std::nullopt;
}

std::optional<LeaderStatus> leader_of(const Statement& row, int column, std::chrono::nanoseconds now) {
  if (row.is_null(column)) return std::nullopt;
  return LeaderStatus{std::string(row.text(column)), Fence{row.integer(column + 1)},
                      detail::until(row.integer(column + 2), now)};
}

CodeVersion version_of(const Statement& row, int column) {
  return {row.integer(column), static_cast<std::int32_t>(row.integer(column + 1))};
}

std::optional<GenerationBeside> beside_of(const Statement& row, int column) {
  if (row.is_null(column)) return std::nullopt;
  return GenerationBeside{Generation{row.integer(column)}, position_of(row, column + 1), version_of(row, column + 2),
                          static_cast<std::uint64_t>(row.integer(column + 4))};
}

ProjectionStatus status_of(const Statement& row, std::optional<Position> head, std::chrono::nanoseconds now) {
  ProjectionStatus status;
  status.id = ProjectionId(std::string(row.text(1)), std::string(row.text(0)));
  status.version = row.maybe_integer(2);
  status.generation = Generation{row.integer(3)};
  status.position = position_of(row, 4);
  status.head = head;
  const std::int64_t from = status.position ? status.position->value : 0;
  if (head && head->value > from) status.lag = static_cast<std::uint64_t>(head->value - from);
  status.quarantined = static_cast<std::uint64_t>(row.integer(5));
  status.run = RunNote{std::string(row.text(6)), static_cast<std::uint64_t>(row.integer(7)), std::string(row.text(8))};
  status.updated_at = std::string(row.text(9));
  status.code = version_of(row, 10);
  status.leader = leader_of(row, 12, now);
  status.builder = leader_of(row, 15, now);
  status.building = beside_of(row, 18);
  status.previous = beside_of(row, 23);
  return status;
}

QuarantineRecord record_of(const Statement& row) {
  QuarantineRecord record;
  record.position = Position{row.integer(0)};
  record.stream = std::string(row.text(1));
  record.type = std::string(row.text(2));
  record.reason = QuarantineReason::exhausted;
  for (const auto reason : {QuarantineReason::skipped, QuarantineReason::unreadable, QuarantineReason::waiting}) {
    if (row.text(3) == to_string(reason)) record.reason = reason;
  }
  record.attempts = static_cast<std::uint32_t>(row.integer(4));
  record.error = std::string(row.text(5));
  if (row.integer(6) != 0) record.key = std::string(row.text(7));
  return record;
}

}  // namespace

tl::expected<std::vector<ProjectionStatus>, Failure> SqliteStore::projections() const {
  using Reply = tl::expected<std::vector<ProjectionStatus>, Failure>;
  const auto now = parts_->clock();
  return parts_->readers->with([&](ReadConnection& connection) -> Reply {
    auto statement = connection.db().prepare(statuses_sql, Keep::no);
    if (!statement) return tl::unexpected(std::move(statement).error());
    if (auto failed = connection.begin_snapshot()) return tl::unexpected(*std::move(failed));
    std::vector<ProjectionStatus> found;
    std::optional<Failure> failed;
    const auto head = connection.head();
    if (!head) failed = head.error();
    else
      failed = connection.db().each(*statement, "listing projections",
                                    [&](const Statement& row) { found.push_back(status_of(row, *head, now)); });
    connection.end_snapshot();
    if (failed) return tl::unexpected(*std::move(failed));
    return found;
  });
}

tl::expected<std::optional<Failure>, Failure> SqliteStore::failed_run(const ProjectionId& id) const {
  using Reply = tl::expected<std::optional<Failure>, Failure>;
  if (auto refused = refuse(id)) return tl::unexpected(*std::move(refused));
  const auto now = parts_->clock();
  return parts_->readers->with([&](ReadConnection& connection) -> Reply {
    auto statement = connection.db().prepare(failed_run_sql, Keep::no);
    if (!statement) return tl::unexpected(std::move(statement).error());
    std::optional<Failure> found;
    const auto take = [&](const Statement& row) {
      const bool led = !row.is_null(1) && row.integer(2) > now.count();
      if (led) return;
      found.emplace(FailureKind::rejected,
                    "the latest run of " + to_string(id) + " failed: " + std::string(row.text(0)), "run it again");
    };
    if (auto failed = connection.db().each(*statement, "looking for a failed run", take, std::string_view(id.tenant),
                                           std::string_view(id.name))) {
      return tl::unexpected(*std::move(failed));
    }
    return found;
  });
}

tl::expected<std::vector<QuarantineRecord>, Failure> SqliteStore::quarantined(const ProjectionId& id,
                                                                              std::size_t limit) const {
  using Reply = tl::expected<std::vector<QuarantineRecord>, Failure>;
  if (auto refused = refuse(id)) return tl::unexpected(*std::move(refused));
  return parts_->readers->with([&](ReadConnection& connection) -> Reply {
    auto statement = connection.db().prepare(quarantined_sql, Keep::no);
    if (!statement) return tl::unexpected(std::move(statement).error());
    constexpr std::size_t most = std::numeric_limits<std::int64_t>::max();
    std::vector<QuarantineRecord> found;
    if (auto failed = connection.db().each(
            *statement, "listing the quarantine", [&](const Statement& row) { found.push_back(record_of(row)); },
            std::string_view(id.tenant), std::string_view(id.name), static_cast<std::int64_t>(std::min(limit, most)))) {
      return tl::unexpected(*std::move(failed));
    }
    return found;
  });
}

}  // namespace lantern
