// What stands between the log and a projector's codec: old events are brought up to date.
#pragma once

#include <optional>
#include <utility>
#include <vector>

#include <tl/expected.hpp>

#include "lantern/upcasting.hpp"

namespace lantern::detail {

/// A projector's upcasters, and the types that it reads.
class EventUpdater {
 public:
  explicit EventUpdater(tl::expected<Upcasters, Failure> upcasters) : upcasters_(std::move(upcasters)) {}

  /// What the codec reads must be what the chains end with.
  void must_fit(const std::vector<EventShape>& read);
  /// The filter that lets through what may become one of its types, too. Throws std::invalid_argument when the
  /// upcasters are in error: a run with them must not begin.
  [[nodiscard]] EventFilter widened(EventFilter filter) const;
  [[nodiscard]] bool is_current(const RecordedEvent& recorded) const noexcept {
    return upcasters_ && upcasters_->is_current(recorded);
  }
  /// Absent: it became one of those that `filter` does not let through.
  [[nodiscard]] tl::expected<std::optional<Upcasted>, Failure> update(const RecordedEvent& recorded,
                                                                      const EventFilter& filter) const;

 private:
  tl::expected<Upcasters, Failure> upcasters_;
};

}  // namespace lantern::detail
