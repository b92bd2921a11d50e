// Rows of a user's own SELECT.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <variant>

namespace lantern {

/// One cell: NULL, INTEGER, REAL, TEXT or BLOB. Views live during the call that shows them.
using SqlValue = std::variant<std::monostate, std::int64_t, double, std::string_view, std::span<const std::byte>>;

/// Takes what a query yields; see SqliteStore::query. Either function may be empty. They must not throw, nor write to
/// the store.
struct QuerySink {
  /// Called once, before the first row, also when there is none.
  std::function<void(std::span<const std::string> columns)> columns{};
  /// Called for each row. False: enough, no more rows are wanted.
  std::function<bool(std::span<const SqlValue> row)> row{};
};

}  // namespace lantern
