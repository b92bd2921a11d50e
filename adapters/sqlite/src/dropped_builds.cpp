#include "dropped_builds.hpp"

#include "prepare_all.hpp"

namespace lantern::detail {

namespace {
constexpr std::string_view sweeping = "deleting what was dropped";
}

tl::expected<DroppedBuilds, Failure> DroppedBuilds::prepare(WriteConnection& connection) {
  DroppedBuilds made(connection);
  auto failed = prepare_all(
      connection.db(), {{"SELECT build FROM lantern_builds WHERE dropped = 1 ORDER BY build LIMIT 1", &made.first_},
                        {"SELECT key FROM lantern_views WHERE build = ?1 ORDER BY key LIMIT 1 OFFSET ?2", &made.end_},
                        {"DELETE FROM lantern_views WHERE build = ?1 AND key < ?2", &made.delete_some_},
                        {"DELETE FROM lantern_views WHERE build = ?1", &made.delete_rest_},
                        {"DELETE FROM lantern_cursors WHERE build = ?1 AND stream IN (SELECT stream FROM "
                         "lantern_cursors WHERE build = ?1 ORDER BY stream LIMIT ?2)",
                         &made.delete_cursors_},
                        {"DELETE FROM lantern_builds WHERE build = ?1", &made.forget_}});
  if (failed) return tl::unexpected(*std::move(failed));
  return made;
}

tl::expected<std::optional<std::int64_t>, Failure> DroppedBuilds::first() {
  std::optional<std::int64_t> build;
  if (auto failed = connection_->db().each(first_, sweeping, [&](const Statement& row) { build = row.integer(0); })) {
    return tl::unexpected(*std::move(failed));
  }
  return build;
}

tl::expected<bool, Failure> DroppedBuilds::any() {
  const auto build = first();
  if (!build) return tl::unexpected(build.error());
  return build->has_value();
}

/// The last handful takes the build itself along.
std::optional<Failure> DroppedBuilds::delete_views(std::int64_t build, std::int64_t at_most) {
  const Connection& db = connection_->db();
  std::optional<std::string> end;  // the first key that is to stay for now
  auto failed = db.each(
      end_, sweeping, [&](const Statement& row) { end = row.text(0); }, build, at_most);
  if (failed) return failed;
  if (end) return db.run(delete_some_, sweeping, build, std::string_view(*end));
  failed = db.run(delete_rest_, sweeping, build);
  if (!failed) failed = db.run(delete_cursors_, sweeping, build, at_most);
  if (!failed && sqlite3_changes64(db.get()) == at_most) return std::nullopt;  // there may be more
  return failed ? failed : db.run(forget_, sweeping, build);
}

tl::expected<bool, Failure> DroppedBuilds::sweep(std::int64_t at_most) {
  auto transaction = Transaction::begin(*connection_);
  if (!transaction) return tl::unexpected(std::move(transaction).error());
  const auto build = first();
  if (!build) return tl::unexpected(build.error());
  if (!*build) return false;

  const auto dropped = builds_.drop_some(**build, at_most);
  if (!dropped) return dropped;
  if (!*dropped) {
    if (auto failed = delete_views(**build, at_most)) return tl::unexpected(*std::move(failed));
  }
  const auto more = any();
  if (!more) return more;
  if (auto not_committed = transaction->commit()) return tl::unexpected(std::move(not_committed->cause));
  return more;
}

}  // namespace lantern::detail
