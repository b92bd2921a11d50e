// The log of a simulated world, as the oracle and the processes see it.
#pragma once

#include <optional>
#include <vector>

#include "lantern/testing/log_reader.hpp"
#include "lantern/testing/simulated_log.hpp"

namespace lantern::testing {

/// A log whose producers write a workload, and what of it is final.
class WorldLog {
 public:
  /// With `hold_back`, the last event is not among those that `step` writes.
  WorldLog(std::vector<NewEvent> workload, ProducerHabits habits, PageShapes shapes, bool hold_back = false)
      : events_(room_for(workload.size())),
        held_(hold_back ? last_of(workload) : std::nullopt),
        log_(std::move(workload), habits),
        reader_(never_cross_open_numbers(), shapes) {}

  /// The producers do one thing.
  void step(Choices& choices) { log_.step(choices), learn(); }
  /// They write all that is left, and nothing is open any more.
  void write_rest() { log_.write_rest(), learn(); }
  [[nodiscard]] bool done() const noexcept { return log_.done(); }
  /// An event was held back, and is not written yet.
  [[nodiscard]] bool holds_one_back() const noexcept { return held_.has_value(); }
  void write_held();

  /// Committed events before the first open number, ascending: whatever happens, this only grows at its end.
  [[nodiscard]] const std::vector<RecordedEvent>& events() const noexcept { return events_; }
  /// The final event at this position, or null.
  [[nodiscard]] const RecordedEvent* find(Position) const noexcept;
  [[nodiscard]] std::optional<Position> lowest_open() const noexcept { return lowest_open_; }
  [[nodiscard]] std::optional<Position> head() const noexcept {
    return events_.empty() ? std::nullopt : std::optional(events_.back().position);
  }
  /// Numbers were drawn and never used.
  [[nodiscard]] bool has_gaps() const noexcept { return gaps_; }

  [[nodiscard]] ReadEvents::reply read(const ReadEvents& asked, Choices& choices) {
    return reader_.read(log_, asked, choices);
  }
  [[nodiscard]] ReadEvents::reply read(const ReadEvents& asked) { return reader_.read(log_, asked); }

 private:
  static std::vector<RecordedEvent> room_for(std::size_t events) {
    std::vector<RecordedEvent> empty;
    empty.reserve(events);
    return empty;
  }
  static std::optional<NewEvent> last_of(std::vector<NewEvent>& workload);
  void learn();

  std::vector<RecordedEvent> events_;  ///< first: it is made for the size that the workload has before it is moved
  std::optional<NewEvent> held_;
  SimulatedLog log_;
  LogReader reader_;
  std::size_t known_{};  ///< numbers that are ended
  std::optional<Position> lowest_open_{};
  bool gaps_{};
};

}  // namespace lantern::testing
