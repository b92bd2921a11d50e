// Pure folds: projections of a log that is in hand. No store, no checkpoint, no clock; nothing waits, nothing is kept.
//
//     Totals totals;
//     FoldResult done = fold(totals, page.events());                          // all of them
//     done = catch_up(totals, more.events(), done->through);                  // those after that
//     std::vector<FoldResult> all = fold_all({totals, orders}, page.events());  // in one pass
#pragma once

#include <concepts>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <type_traits>
#include <vector>

#include <tl/expected.hpp>

#include "lantern/config.hpp"
#include "lantern/projector_binding.hpp"
#include "lantern/views_in_memory.hpp"

namespace lantern {

/// What a fold did. A value.
struct FoldSummary {
  /// The last event that was looked at, or where the fold was told to begin; absent: it looked at none. To go on, give
  /// it to `catch_up`.
  std::optional<Position> through{};
  std::uint64_t applied{};  ///< events applied
  std::uint64_t retries{};  ///< times an event was tried again
  std::vector<QuarantineRecord>
      quarantined{};  ///< events that were passed, as a run would have recorded them, in order
  friend bool operator==(const FoldSummary&, const FoldSummary&) = default;
};

/// Why a fold ended before the last event. What it did before stays done: see `progress`.
struct FoldError {
  enum class Kind : std::uint8_t {
    event_failed,       ///< an event failed, and the projector's policy is to stop (Fatal)
    retries_exhausted,  ///< an event still failed on its last retry
    not_ascending,      ///< the events are not in ascending order of position; the fault is the caller's
    projector,          ///< it threw when it was asked for its filter or snapshot, or left a view half changed
  };
  Kind kind{Kind::projector};
  std::string what{};                  ///< one sentence: what happened
  std::optional<Position> position{};  ///< of the event that was not folded
  std::string stream{};                ///< of that event
  std::string event_type{};            ///< of that event, as recorded
  std::optional<std::string> key{};    ///< the view that it failed for; absent: it failed as a whole
  std::uint32_t attempt{};             ///< which try it was, from 1; 0 when tries do not apply
  std::optional<Failure> cause{};      ///< what the projector said
  FoldSummary progress{};              ///< what was folded before

  /// What happened / where, in one line.
  [[nodiscard]] std::string message() const;
  friend bool operator==(const FoldError&, const FoldError&) = default;
};

/// How a fold ended.
using FoldResult = tl::expected<FoldSummary, FoldError>;

/// A projection that can be folded: a projector whose state is in memory, or the views of a keyed one (see
/// `ViewsInMemory`). Made from either where a function asks for it. Borrows it.
class Foldable {
 public:
  template <class P>
  requires(!std::same_as<std::remove_const_t<P>, Foldable>) Foldable(P& projection)  // NOLINT: implicit on purpose
      : port_(port_of(projection)) {}

  [[nodiscard]] ProjectorPort& port() const noexcept { return *port_; }

 private:
  template <class P>
  static std::shared_ptr<ProjectorPort> port_of(ViewsInMemory<P>& views) {
    return std::shared_ptr<ProjectorPort>(std::shared_ptr<void>(), &views.port());
  }
  template <class P>
  static std::shared_ptr<ProjectorPort> port_of(P& projector) {
    static_assert(!detail::is_applied_by_store<P>(),
                  "this projector's events are applied by its store: a pure fold has no store. Run it over one; a "
                  "store in memory will do");
    static_assert(detail::is_applied_by_store<P>() || !detail::looks_keyed<P>(),
                  "a keyed projector keeps no views of its own: fold lantern::ViewsInMemory<P>(projector) instead");
    if constexpr (!detail::is_applied_by_store<P>() && !detail::looks_keyed<P>()) return bind_projector(projector);
    else return nullptr;
  }

  std::shared_ptr<ProjectorPort> port_;
};

/// Applies all events, in their order, as a run would: what the projector's filter does not let through is passed
/// over, events are brought up to date and decoded, `on_error` says what becomes of one that fails. A projector that
/// `starts_after` a position is given what comes after it.
///
/// - *Order*: positions must ascend; they need not be contiguous. That is checked as it goes, so the fold stops before
/// the first event that does not come after the one before it.
/// - *Failures*: `Fatal` stops before the event. `Skip` passes it. `Retry` tries it again at once, `retry.max_attempts`
/// times, since nothing is won by waiting; then `retry.when_exhausted` holds, as in a run: stop, pass the event, or
/// park the key, whose later events wait. What is passed is in `FoldSummary::quarantined`. A parked key stays so in
/// later folds of the same views.
/// - *Errors*: all of them are in the result. What was folded before one stays.
/// - *Lifetimes*: borrows the projection and the events until it returns.
/// - *Threads*: the projection is used by the calling thread only.
[[nodiscard]] FoldResult fold(Foldable projection, std::span<const RecordedEvent> events,
                              const EventRetryConfig& retry = {});

/// The same for each of these projections, in one pass: each event is given to each projection, in the order of the
/// list, before the next event. They do not touch each other: where one stops, the others go on. Results are in the
/// order of the list. A projection that is listed twice is folded twice.
[[nodiscard]] std::vector<FoldResult> fold_all(const std::vector<Foldable>& projections,
                                               std::span<const RecordedEvent> events,
                                               const EventRetryConfig& retry = {});

/// Folds the events after this position; absent: all of them, also one at position 0. Where to begin is found by
/// binary search, so what comes before is not read; the search notices events out of order only where it looks.
/// `FoldSummary::through` is `after` where there was nothing to fold.
[[nodiscard]] FoldResult catch_up(Foldable projection, std::span<const RecordedEvent> events,
                                  std::optional<Position> after, const EventRetryConfig& retry = {});

[[nodiscard]] const char* to_string(FoldError::Kind) noexcept;
std::ostream& operator<<(std::ostream&, const FoldSummary&);
std::ostream& operator<<(std::ostream&, const FoldError&);

}  // namespace lantern
