// Cells of a row, as values.
#pragma once

#include <sqlite3.h>

#include "lantern/sqlite/query.hpp"

namespace lantern::detail {

/// The value of this column, from 0, of the statement's row. Views live until the next step or reset.
[[nodiscard]] inline SqlValue value_of(sqlite3_stmt* row, int column) {
  const auto size = [&] { return static_cast<std::size_t>(sqlite3_column_bytes(row, column)); };
  switch (sqlite3_column_type(row, column)) {
    case SQLITE_INTEGER: return std::int64_t{sqlite3_column_int64(row, column)};
    case SQLITE_FLOAT: return sqlite3_column_double(row, column);
    case SQLITE_TEXT: {
      const auto* const text = reinterpret_cast<const char*>(sqlite3_column_text(row, column));
      return std::string_view(text ? text : "", text ? size() : 0);
    }
    case SQLITE_BLOB: {
      const auto* const bytes = static_cast<const std::byte*>(sqlite3_column_blob(row, column));
      return std::span<const std::byte>(bytes, bytes ? size() : 0);
    }
    default: return std::monostate{};
  }
}

}  // namespace lantern::detail
