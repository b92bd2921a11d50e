// The store's door for SQL projections.
#include "lantern/refuse.hpp"
#include "lantern/sqlite/sqlite_store.hpp"
#include "sql_install.hpp"
#include "sqlite_parts.hpp"

namespace lantern {

tl::expected<Installed, Failure> SqliteStore::install(const SqlProjection& projection, std::string_view tenant) {
  return parts_->write([&](detail::Writer& writer) -> tl::expected<Installed, Failure> {
    auto installation = detail::install_sql(*writer.connection, projection, std::string(tenant));
    if (!installation) return tl::unexpected(std::move(installation).error());
    writer.runners[installation->installed.projection] = std::move(installation->runner);
    return installation->installed;
  });
}

tl::expected<std::vector<Installed>, std::vector<Failure>> SqliteStore::install_all(
    std::span<const SqlProjection> projections) {
  const auto refuse = [](Failure why) { return tl::unexpected(std::vector{std::move(why)}); };
  for (const SqlProjection& projection : projections) {
    if (auto refused = lantern::refuse(ProjectionId(projection.name()))) return refuse(*std::move(refused));
  }
  if (!parts_->writer) {
    return refuse(Failure(FailureKind::denied, "the store was opened read-only (" + parts_->file.string() + ")",
                          "open it for writing"));
  }
  const std::lock_guard lock(parts_->writer->mutex);
  detail::Writer& writer = *parts_->writer;
  auto installations = detail::install_all_sql(*writer.connection, projections);
  if (!installations) return tl::unexpected(std::move(installations).error());
  std::vector<Installed> replies;
  for (detail::SqlInstallation& one : *installations) {
    writer.runners[one.installed.projection] = std::move(one.runner);
    replies.push_back(std::move(one.installed));
  }
  return replies;
}

}  // namespace lantern
