// Statements that are prepared, used once, and forgotten.
#pragma once

#include <optional>
#include <string_view>

#include "connection.hpp"

namespace lantern::detail {

/// Binds, calls `take(statement)` for each row. `doing` completes "while …".
template <class Take, class... T>
[[nodiscard]] std::optional<Failure> each_once(const Connection& db, std::string_view sql, std::string_view doing,
                                               Take take, const T&... values) {
  auto statement = db.prepare(sql, Keep::no);
  if (!statement) return std::move(statement).error();
  return db.each(*statement, doing, take, values...);
}
/// The same, for a statement whose rows nobody wants.
template <class... T>
[[nodiscard]] std::optional<Failure> run_once(const Connection& db, std::string_view sql, std::string_view doing,
                                              const T&... values) {
  auto statement = db.prepare(sql, Keep::no);
  if (!statement) return std::move(statement).error();
  return db.run(*statement, doing, values...);
}

}  // namespace lantern::detail
