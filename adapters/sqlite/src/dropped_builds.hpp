// Views and tables that are nobody's any more, deleted a few at a time: writers wait for one handful at most.
#pragma once

#include "sql_builds.hpp"
#include "write_connection.hpp"

namespace lantern::detail {

/// Statements that delete, on a write connection that must outlive them. One thread at a time. Interrupted at any
/// point, it goes on where it was: what is left is found by its mark.
class DroppedBuilds {
 public:
  [[nodiscard]] static tl::expected<DroppedBuilds, Failure> prepare(WriteConnection& connection);

  [[nodiscard]] tl::expected<bool, Failure> any();
  /// Deletes at most this many views, or rows of an SQL projection's table, in one transaction of its own. True: there
  /// is more to do.
  [[nodiscard]] tl::expected<bool, Failure> sweep(std::int64_t at_most);

 private:
  explicit DroppedBuilds(WriteConnection& connection) : connection_(&connection), builds_(connection) {}
  [[nodiscard]] tl::expected<std::optional<std::int64_t>, Failure> first();
  [[nodiscard]] std::optional<Failure> delete_views(std::int64_t build, std::int64_t at_most);

  WriteConnection* connection_;
  SqlBuilds builds_;
  Statement first_{}, end_{}, delete_some_{}, delete_rest_{}, delete_cursors_{}, forget_{};
};

}  // namespace lantern::detail
