// Views that are nobody's any more, deleted a few at a time: writers wait for one handful at most.
#pragma once

#include "write_connection.hpp"

namespace lantern::detail {

/// Statements that delete, on a write connection that must outlive them. One thread at a time. Interrupted at any
/// point, it goes on where it was: what is left is found by its mark.
class DroppedBuilds {
 public:
  [[nodiscard]] static tl::expected<DroppedBuilds, Failure> prepare(WriteConnection& connection);

  [[nodiscard]] tl::expected<bool, Failure> any();
  /// Deletes at most this many views, in one transaction of its own. True: there is more to do.
  [[nodiscard]] tl::expected<bool, Failure> sweep(std::int64_t at_most);

 private:
  explicit DroppedBuilds(WriteConnection& connection) : connection_(&connection) {}
  [[nodiscard]] tl::expected<std::optional<std::int64_t>, Failure> first();

  WriteConnection* connection_;
  Statement first_{}, end_{}, delete_some_{}, delete_rest_{}, forget_{};
};

}  // namespace lantern::detail
