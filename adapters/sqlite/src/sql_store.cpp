// The store's door for SQL projections.
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

}  // namespace lantern
