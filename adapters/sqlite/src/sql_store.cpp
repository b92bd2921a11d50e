// The store's door for SQL projections.
#include "lantern/refuse.hpp"
#include "lantern/sqlite/sqlite_store.hpp"
#include "sql_install.hpp"
#include "sqlite_parts.hpp"

namespace lantern {

tl::expected<Installed, Failure> SqliteStore::install(const SqlProjection& projection, std::string_view tenant) {
  return parts_->write([&](detail::Writer& writer) -> tl::expected<Installed, Failure> {
    auto installation = detail::install_sql(*writer.connection, writer.leases, projection, std::string(tenant));
    if (!installation) return tl::unexpected(std::move(installation).error());
    writer.runners[installation->installed.projection] = std::move(installation->runner);
    return installation->installed;
  });
}

tl::expected<std::vector<SqliteStore::InstallReply>, std::vector<Failure>> SqliteStore::install_all(
    std::span<const SqlProjection> projections, const RebuildLease& lease) {
  using Reply = tl::expected<std::vector<InstallReply>, std::vector<Failure>>;
  const auto refuse = [](Failure why) { return tl::unexpected(std::vector{std::move(why)}); };
  for (const SqlProjection& projection : projections) {
    const AcquireLease wanted{ProjectionId(projection.name()), lease.owner, lease.ttl};
    if (auto refused = lantern::refuse(wanted)) return refuse(*std::move(refused));
  }
  if (!parts_->writer) {
    return refuse(Failure(FailureKind::denied, "the store was opened read-only (" + parts_->file.string() + ")",
                          "open it for writing"));
  }
  const std::lock_guard lock(parts_->writer->mutex);
  detail::Writer& writer = *parts_->writer;
  auto installations = detail::install_all_sql(*writer.connection, writer.leases, projections, lease, parts_->clock());
  if (!installations) return tl::unexpected(std::move(installations).error());
  Reply replies;
  for (detail::SqlInstallReply& one : *installations) {
    if (!one) {
      replies->emplace_back(tl::unexpected(std::move(one).error()));
      continue;
    }
    writer.runners[one->installed.projection] = std::move(one->runner);
    replies->emplace_back(std::move(one->installed));
  }
  return replies;
}

}  // namespace lantern
