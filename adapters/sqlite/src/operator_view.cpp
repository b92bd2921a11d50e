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
)
SELECT k.tenant, k.name, p.version, coalesce(p.generation, 1), p.position,
       l.owner, coalesce(l.fence, 0), coalesce(l.expires, 0),
       (SELECT count(*) FROM lantern_quarantine AS q
         WHERE q.tenant = k.tenant AND q.name = k.name AND q.generation = coalesce(p.generation, 1)),
       coalesce(p.state, ''), coalesce(p.retries, 0), coalesce(p.last_error, ''), coalesce(p.updated_at, '')
FROM known AS k
LEFT JOIN lantern_projections AS p ON p.tenant = k.tenant AND p.name = k.name
LEFT JOIN lantern_leases AS l ON l.tenant = k.tenant AND l.name = k.name
ORDER BY k.tenant, k.name)sql";

constexpr const char* quarantined_sql = R"sql(
SELECT position, stream, type, reason, attempts, error FROM lantern_quarantine
WHERE tenant = ?1 AND name = ?2 AND generation =
      coalesce((SELECT generation FROM lantern_projections WHERE tenant = ?1 AND name = ?2), 1)
ORDER BY position LIMIT ?3)sql";

ProjectionStatus status_of(const Statement& row, std::optional<Position> head, std::chrono::nanoseconds now) {
  ProjectionStatus status;
  status.id = ProjectionId(std::string(row.text(1)), std::string(row.text(0)));
  status.version = row.maybe_integer(2);
  status.generation = Generation{row.integer(3)};
  if (const auto position = row.maybe_integer(4)) status.position = Position{*position};
  status.head = head;
  const std::int64_t from = status.position ? status.position->value : 0;
  if (head && head->value > from) status.lag = static_cast<std::uint64_t>(head->value - from);
  if (!row.is_null(5)) {
    status.leader = LeaderStatus{std::string(row.text(5)), Fence{row.integer(6)}, detail::until(row.integer(7), now)};
  }
  status.quarantined = static_cast<std::uint64_t>(row.integer(8));
  status.run =
      RunNote{std::string(row.text(9)), static_cast<std::uint64_t>(row.integer(10)), std::string(row.text(11))};
  status.updated_at = std::string(row.text(12));
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
