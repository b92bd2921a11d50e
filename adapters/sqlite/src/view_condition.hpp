// A condition on a view's state, as a piece of SQL whose values are parameters.
#pragma once

#include <string>

#include "connection.hpp"
#include "lantern/view_effects.hpp"

namespace lantern::detail {

/// Parameters that the piece of SQL reads.
inline constexpr int condition_path = 4, condition_value = 5;

/// True for rows of lantern_views that match, and false, never an error, for states that are no JSON. The text depends
/// on the kind of the value only; nothing of what the user gave is in it. FailureKind::invalid, with SQLite's words,
/// for what is no path or no JSON scalar.
[[nodiscard]] tl::expected<std::string, Failure> sql_of_condition(const Connection& db, const ViewCondition& where);

/// What SQLite said of the path, just now. It reads a path only as far as a state has what it names, so some are
/// refused only once a state does.
[[nodiscard]] Failure bad_condition(const Connection& db, const ViewCondition& where);

}  // namespace lantern::detail
