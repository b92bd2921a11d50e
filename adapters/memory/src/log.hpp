// The log: events in the order in which they were appended.
#pragma once

#include <cstdint>
#include <optional>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "lantern/effects.hpp"

namespace lantern::detail {

class Log {
 public:
  /// `time` stamps events without a time of their own.
  [[nodiscard]] AppendEvents::reply append(const AppendEvents& batch, std::string_view time);
  [[nodiscard]] ReadEvents::reply read(const ReadEvents& asked) const;
  [[nodiscard]] std::optional<Position> head() const;

 private:
  using Refusal = AppendEvents::reply::error_type;

  [[nodiscard]] const RecordedEvent& at(std::int64_t position) const noexcept;
  [[nodiscard]] std::optional<Position> last() const noexcept;
  [[nodiscard]] std::int64_t version_of(std::string_view stream) const;
  [[nodiscard]] std::optional<Refusal> find_new(const AppendEvents& batch, std::vector<bool>& is_new) const;
  [[nodiscard]] std::optional<Refusal> refuse_versions(const AppendEvents& batch,
                                                       const std::vector<bool>& is_new) const;
  void add(const NewEvent& event, std::string_view time);

  mutable std::shared_mutex mutex_;
  std::int64_t count_{};
  // The events, a fixed number to each page. A page never moves its texts, so the keys below are views into pages.
  std::vector<EventPage> pages_;
  std::unordered_map<std::string_view, std::vector<std::int64_t>> by_stream_;  ///< positions, ascending
  std::unordered_map<std::string_view, std::int64_t> by_id_;
};

}  // namespace lantern::detail
