// Views as rows, where they are written.
#pragma once

#include <string_view>

#include "lantern/view.hpp"
#include "write_connection.hpp"

namespace lantern::detail {

/// Statements that write views, on a write connection that must outlive them; inside of a transaction of the caller's.
/// One thread at a time.
class ViewTable {
 public:
  [[nodiscard]] static tl::expected<ViewTable, Failure> prepare(WriteConnection& connection);

  /// A number under which no views were ever stored.
  [[nodiscard]] tl::expected<std::int64_t, Failure> new_build();
  /// Nothing refers to this build any more; see DroppedBuilds.
  [[nodiscard]] std::optional<Failure> drop_build(std::optional<std::int64_t> build);
  /// In place of the view that is stored under its key.
  [[nodiscard]] std::optional<Failure> put(std::int64_t build, const StoredView& view, std::string_view now);

 private:
  explicit ViewTable(WriteConnection& connection) : connection_(&connection) {}

  WriteConnection* connection_;
  Statement new_build_{}, drop_build_{}, put_{};
};

}  // namespace lantern::detail
