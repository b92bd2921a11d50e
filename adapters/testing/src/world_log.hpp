// The log of a simulated world.
#pragma once

#include <optional>
#include <vector>

#include "lantern/effects.hpp"
#include "lantern/testing/choices.hpp"

namespace lantern::testing {

class WorldLog {
 public:
  explicit WorldLog(std::vector<NewEvent> workload) : workload_(std::move(workload)) {
    events_.reserve(workload_.size());
  }
  /// The next event is written.
  void step(Choices&) {
    const NewEvent& next = workload_[events_.size()];
    const auto number = static_cast<std::int64_t>(events_.size()) + 1;
    events_.push_back(
        {.position = Position{number}, .stream = next.stream, .version = number, .type = next.type, .data = next.data});
  }
  [[nodiscard]] bool done() const noexcept { return events_.size() == workload_.size(); }
  void settle(Choices& c) {
    while (!done()) step(c);
  }
  [[nodiscard]] const std::vector<RecordedEvent>& events() const noexcept { return events_; }
  [[nodiscard]] const RecordedEvent* find(Position p) const noexcept {
    return p.value >= 1 && p.value <= static_cast<std::int64_t>(events_.size())
               ? &events_[static_cast<std::size_t>(p.value - 1)]
               : nullptr;
  }
  [[nodiscard]] std::optional<Position> lowest_open() const noexcept { return std::nullopt; }
  [[nodiscard]] std::optional<Position> head() const noexcept {
    return events_.empty() ? std::nullopt : std::optional(events_.back().position);
  }
  [[nodiscard]] ReadEvents::reply read(const ReadEvents& asked) const {
    EventPage page;
    page.scanned_to = asked.after;
    page.head = head();
    for (std::size_t n = asked.after ? static_cast<std::size_t>(asked.after->value) : 0;
         n < events_.size() && page.size() < asked.limit; ++n) {
      page.add(events_[n]);
      page.scanned_to = events_[n].position;
    }
    return page;
  }

 private:
  std::vector<NewEvent> workload_;
  std::vector<RecordedEvent> events_{};
};

}  // namespace lantern::testing
