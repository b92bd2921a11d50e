#include "replacer.hpp"

#include "prepare_all.hpp"
#include "times.hpp"

namespace lantern::detail {
namespace {

constexpr std::string_view replacing = "replacing a view";

Failure not_active(const ReplaceView& asked, const StoredGeneration& active) {
  return Failure(FailureKind::invalid,
                 "generation " + std::to_string(asked.generation.value) + " of " + to_string(asked.projection) +
                     " is not active; " + std::to_string(active.generation.value) + " is",
                 "read the checkpoint again, and make the view from the events up to it");
}

}  // namespace

tl::expected<Replacer, Failure> Replacer::prepare(WriteConnection& connection) {
  auto table = ViewTable::prepare(connection);
  if (!table) return tl::unexpected(std::move(table).error());
  Replacer made(connection, *std::move(table));
  auto failed = prepare_all(
      connection.db(),
      {{generations_sql, &made.find_},
       {"INSERT INTO lantern_projections(tenant, name, generation, build, revision, updated_at) "
        "VALUES(?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT(tenant, name) DO UPDATE "
        "SET build = excluded.build, revision = excluded.revision, updated_at = excluded.updated_at",
        &made.revise_},
       {"DELETE FROM lantern_quarantine WHERE tenant = ?1 AND name = ?2 AND generation = ?3 AND keyed = 1 AND key = ?4",
        &made.drop_records_}});
  if (failed) return tl::unexpected(*std::move(failed));
  return made;
}

std::optional<Failure> Replacer::store(const ReplaceView& asked, std::int64_t build, Revision revision,
                                       std::string_view now) {
  const Connection& db = connection_->db();
  const std::string_view tenant = asked.projection.tenant, name = asked.projection.name;
  StoredView view{asked.key, asked.state, asked.version, revision, asked.position, asked.schema_version, {}};
  if (auto failed = table_.put(build, view, now)) return failed;
  if (auto failed = db.run(drop_records_, replacing, tenant, name, asked.generation.value, std::string_view(view.key)))
    return failed;
  return db.run(revise_, replacing, tenant, name, asked.generation.value, build, revision.value, now);
}

ReplaceView::reply Replacer::replace(const ReplaceView& asked, std::chrono::nanoseconds now) {
  using Error = ReplaceView::reply::error_type;
  auto transaction = Transaction::begin(*connection_);
  if (!transaction) return tl::unexpected(Error(std::move(transaction).error()));
  const auto found = find_generations(connection_->db(), find_, asked.projection);
  if (!found) return tl::unexpected(Error(found.error()));
  const StoredGeneration active = found->active.value_or(StoredGeneration{});
  if (active.generation != asked.generation) return tl::unexpected(Error(not_active(asked, active)));
  if (active.position != asked.through) return tl::unexpected(Error(CheckpointMoved{active.position}));

  const auto build = active.build ? tl::expected<std::int64_t, Failure>(*active.build) : table_.new_build();
  if (!build) return tl::unexpected(Error(build.error()));
  const Revision revision{active.revision.value + 1};
  if (auto failed = store(asked, *build, revision, timestamp_text(now))) return tl::unexpected(Error(*failed));
  if (auto failed = transaction->commit()) {
    return tl::unexpected(Error(described(*std::move(failed), "read the view, and replace it again if it is the old")));
  }
  return ReplaceView::Replaced{{active.generation, revision, asked.version}};
}

}  // namespace lantern::detail
