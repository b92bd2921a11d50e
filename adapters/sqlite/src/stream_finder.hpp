// Which streams there are, and how far each goes.
#pragma once

#include <memory>

#include "connection.hpp"
#include "lantern/stream_effects.hpp"

namespace lantern::detail {

/// Statements on a connection that must outlive them. Not thread-safe; within a snapshot of the caller.
class StreamFinder {
 public:
  [[nodiscard]] static tl::expected<std::unique_ptr<StreamFinder>, Failure> prepare(const Connection& db);

  /// `head`: of the snapshot; `log`: which one it is.
  [[nodiscard]] ListStreams::reply list(const ListStreams& asked, std::optional<Position> head, LogIdentity log);
  /// The versions that there are; absent: the stream has no events.
  [[nodiscard]] tl::expected<std::optional<StreamExtent>, Failure> extent(std::string_view stream);

 private:
  explicit StreamFinder(const Connection& db) : db_(&db) {}
  [[nodiscard]] tl::expected<std::vector<std::string>, Failure> changed(const ListStreams& asked);
  [[nodiscard]] tl::expected<std::vector<std::string>, Failure> all(const ListStreams& asked);

  const Connection* db_;
  Statement changed_{}, first_{}, next_{}, extent_{};
};

}  // namespace lantern::detail
