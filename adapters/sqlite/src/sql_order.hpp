// The order in which SQLite sorts values, for rows that are read in it from two sides.
#pragma once

#include <compare>
#include <cstdint>
#include <string_view>

#include "lantern/sqlite/query.hpp"

namespace lantern::detail {

/// SQLite's own; lantern's connections know no others.
enum class Collation : std::uint8_t { binary, nocase, rtrim };
[[nodiscard]] Collation collation_named(std::string_view name) noexcept;
[[nodiscard]] std::string_view to_string(Collation) noexcept;

/// As `ORDER BY x COLLATE …` does: NULL, numbers by their value, texts, blobs.
[[nodiscard]] std::weak_ordering compare_values(const SqlValue& a, const SqlValue& b, Collation collation);

/// As `ORDER BY typeof(x), x COLLATE BINARY` does: equal only when type and value are.
[[nodiscard]] std::weak_ordering compare_exactly(const SqlValue& a, const SqlValue& b);

/// True when types and bytes are the same.
[[nodiscard]] bool identical(const SqlValue& a, const SqlValue& b);

}  // namespace lantern::detail
