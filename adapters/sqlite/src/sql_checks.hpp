// What can be said against a statement by looking at its words alone, before any database is there.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "sql_lexer.hpp"

namespace lantern::detail {

/// The names that a section's statements may bind, without their colon.
inline constexpr std::string_view sql_parameters[] = {"stream", "type", "data", "position",
                                                      "id",     "ts",   "meta", "version"};
inline constexpr const char* sql_parameters_allowed =
    "allowed are :stream, :type, :data, :position, :id, :ts, :meta and :version";

enum class SqlPart { setup, section };

struct SqlObjection {
  std::size_t at{};  ///< offset of the token that is objected to
  std::string what;
  std::string advice;
};

/// The first thing that is wrong, if anything is. `statement` has no comments in it, and at least one token.
[[nodiscard]] std::optional<SqlObjection> object_to(std::span<const SqlToken> statement, SqlPart part);

/// Functions whose results differ from one run to the next, in lower case: a rebuild must come out the same.
[[nodiscard]] bool is_unrepeatable_function(std::string_view lower_name) noexcept;

}  // namespace lantern::detail
