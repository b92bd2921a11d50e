// Bundles of statements, prepared together.
#pragma once

#include <initializer_list>
#include <utility>

#include "connection.hpp"

namespace lantern::detail {

/// Prepares each, or says why one could not be: on a file that passed for a store, because its tables were changed.
[[nodiscard]] inline std::optional<Failure> prepare_all(
    const Connection& db, std::initializer_list<std::pair<const char*, Statement*>> statements) {
  for (const auto& [sql, statement] : statements) {
    auto prepared = db.prepare(sql);
    if (!prepared) {
      Failure failure = std::move(prepared).error();
      // Only then is it the statement that does not fit; what the disk has trouble with says nothing of the tables.
      if ((sqlite3_errcode(db.get()) & 0xff) == SQLITE_ERROR) {
        failure.kind = FailureKind::corrupt;
        failure.advice = "its tables are not as lantern made them; restore a backup";
      }
      return failure;
    }
    *statement = *std::move(prepared);
  }
  return std::nullopt;
}

}  // namespace lantern::detail
