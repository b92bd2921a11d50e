// Makes a projection's tables, once, and prepares its statements.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "lantern/sqlite/sql_projection.hpp"
#include "statement_runner.hpp"
#include "write_connection.hpp"

namespace lantern::detail {

struct SqlInstallation {
  Installed installed;
  std::unique_ptr<StatementRunner> runner;  ///< must not outlive the connection
};

/// All of it in one transaction, or nothing. See SqliteStore::install.
[[nodiscard]] tl::expected<SqlInstallation, Failure> install_sql(WriteConnection& connection,
                                                                 const SqlProjection& projection,
                                                                 const std::string& tenant);

/// All of them in one transaction, or nothing. See SqliteStore::install_all.
[[nodiscard]] tl::expected<std::vector<SqlInstallation>, std::vector<Failure>> install_all_sql(
    WriteConnection& connection, std::span<const SqlProjection> projections);

}  // namespace lantern::detail
