// Appending to the log.
#pragma once

#include <chrono>
#include <functional>

#include "lantern/effects.hpp"
#include "write_connection.hpp"

namespace lantern::detail {

/// Statements of appending, on a write connection that must outlive them. One thread at a time.
class Appender {
 public:
  [[nodiscard]] static tl::expected<Appender, Failure> prepare(WriteConnection& connection);

  /// In one transaction of its own.
  [[nodiscard]] AppendEvents::reply append(const AppendEvents& asked,
                                           const std::function<std::chrono::nanoseconds()>& clock);

 private:
  using Error = AppendEvents::reply::error_type;
  explicit Appender(WriteConnection& connection) : connection_(&connection) {}
  [[nodiscard]] tl::expected<std::int64_t, Failure> version_of(std::string_view stream);
  [[nodiscard]] tl::expected<void, Error> compare(const AppendEvents& asked, std::size_t index, std::int64_t old_head);
  [[nodiscard]] tl::expected<std::optional<std::int64_t>, Failure> head();

  WriteConnection* connection_;
  Statement insert_{}, last_version_{}, by_id_{}, head_{};
};

}  // namespace lantern::detail
