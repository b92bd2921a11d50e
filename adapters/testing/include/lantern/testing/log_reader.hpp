// Pages of a simulated log, by one of the rules of reading, in every shape that a page may have.
#pragma once

#include <cstdint>
#include <vector>

#include "lantern/effects.hpp"
#include "lantern/testing/choices.hpp"
#include "lantern/testing/read_rules.hpp"
#include "lantern/testing/simulated_log.hpp"

namespace lantern::testing {

/// What a store's pages look like beyond what they must.
struct PageShapes {
  bool tells_head{true};           ///< false: a store that cannot tell where its log ends
  Chance cut{Chance::percent(0)};  ///< that a page ends early: after one event, or before any but further than `after`
};

/// Reads a log for one run of a projection. What the rule remembers is in here, so each run needs one of its own.
/// A value; not thread-safe.
class LogReader {
 public:
  explicit LogReader(ReadRule rule = never_cross_open_numbers(), PageShapes shapes = {})
      : rule_(rule), shapes_(shapes) {}

  /// Answers as a store does (see `ReadEvents`). Asks `About::log` how the page is cut, if it may be. `time` is what
  /// the reader's clock says, in the units of `ReadRule::patience`.
  [[nodiscard]] ReadEvents::reply read(const SimulatedLog&, const ReadEvents&, Choices&, std::int64_t time = 0);
  /// The same, never cut.
  [[nodiscard]] ReadEvents::reply read(const SimulatedLog&, const ReadEvents&, std::int64_t time = 0);

  [[nodiscard]] const ReadRule& rule() const noexcept { return rule_; }

 private:
  enum class Cut : std::uint8_t { none, after_one_event, before_any };
  [[nodiscard]] EventPage page(const SimulatedLog&, const ReadEvents&, Cut, std::int64_t time);

  ReadRule rule_;
  PageShapes shapes_;
  ReadMemory memory_{};
  std::vector<LogNumber> in_order_{};  ///< of a rule with another order; kept for its room
};

}  // namespace lantern::testing
