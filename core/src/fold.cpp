#include "lantern/fold.hpp"

#include <algorithm>
#include <exception>
#include <iterator>
#include <ostream>

#include "event_policy.hpp"
#include "lantern/keyed_port.hpp"

namespace lantern {
namespace {

/// What is checked, and then folded while it is still in the cache; of a keyed projection, what is decoded at once.
constexpr std::size_t chunk = 256;

std::string at(Position position) { return "position " + std::to_string(position.value); }

FoldError not_ascending(const RecordedEvent& event, Position before) {
  FoldError error;
  error.kind = FoldError::Kind::not_ascending;
  error.what = "the events do not ascend: " + at(event.position) + " comes after " + at(before) +
               "; sort them by position, each once";
  error.position = event.position;
  error.stream = event.stream;
  error.event_type = event.type;
  return error;
}

/// One projection on its way through the events.
class FoldRun {
 public:
  FoldRun(Foldable projection, std::optional<Position> after, const EventRetryConfig& retry)
      : projection_(std::move(projection)), port_(projection_.port()), keyed_(port_.keyed()), retry_(retry) {
    done_.through = after;
    try {
      filter_ = port_.filter();
      takes_all_ = filter_ == EventFilter{};
      after_ = std::max(after, port_.starts_after());
    } catch (...) {
      FoldError error;
      error.what = "it threw when it was asked for its filter or its snapshot";
      error.cause = detail::failure_of(std::current_exception());
      error_ = std::move(error);
    }
  }

  [[nodiscard]] bool stopped() const noexcept { return error_.has_value(); }
  void stop(FoldError error) { error_ = std::move(error); }

  void take(std::span<const RecordedEvent> events) {
    while (!events.empty() && !error_) {
      const std::size_t count = wanted(events.first(std::min(events.size(), chunk)));
      if (count > 0) apply(events.first(count));
      else look_at(events.front());
      if (!error_) events = events.subspan(std::max<std::size_t>(count, 1));
    }
    if (keyed_ && error_) {
      while (keyed_->prepared() > 0) keyed_->skip();  // a later fold may bring others
    }
  }

  [[nodiscard]] FoldResult result() && {
    if (keyed_) (void)keyed_->committed();
    if (!error_) return std::move(done_);
    error_->progress = std::move(done_);
    return tl::unexpected(*std::move(error_));
  }

 private:
  /// How many of the first events are in order and for this projection.
  [[nodiscard]] std::size_t wanted(std::span<const RecordedEvent> events) const noexcept {
    const Position first = events.front().position;
    if ((last_ && first <= *last_) || (after_ && first <= *after_)) return 0;
    std::size_t count = 1;
    while (count < events.size() && events[count - 1].position < events[count].position) ++count;
    if (takes_all_) return count;
    const auto end = events.begin() + static_cast<std::ptrdiff_t>(count);
    const auto other = std::find_if_not(events.begin(), end, [&](const auto& event) { return filter_.matches(event); });
    return static_cast<std::size_t>(other - events.begin());
  }

  /// One that is not applied: it is out of order, or not for this projection.
  void look_at(const RecordedEvent& event) {
    if (last_ && event.position <= *last_) error_ = not_ascending(event, *last_);
    else passed(event);
  }

  void passed(const RecordedEvent& event) {
    last_ = event.position;
    done_.through = std::max<std::optional<Position>>(done_.through, last_);
    retries_ = 0;
  }

  void apply(std::span<const RecordedEvent> events) {
    while (!events.empty() && !error_) {
      KeyedFold folded = keyed_ ? apply_by_key(events) : apply_plainly(events);
      for (QuarantineRecord& record : folded.records) done_.quarantined.push_back(std::move(record));
      done_.applied += folded.applied - folded.waited;
      if (folded.applied > 0) passed(events[folded.applied - 1]);
      events = events.subspan(folded.applied);
      if (folded.failure && settle(events.front(), folded)) events = events.subspan(1);
    }
  }

  KeyedFold apply_plainly(std::span<const RecordedEvent> events) {
    Folded plain = port_.fold(events);
    KeyedFold folded;
    folded.applied = plain.applied;
    folded.failure = std::move(plain.failure);
    return folded;
  }

  KeyedFold apply_by_key(std::span<const RecordedEvent> events) {
    if (keyed_->prepared() == 0 || retries_ > 0) keyed_->prepare(events);
    (void)keyed_->load({});  // nothing is stored that is not in memory
    return keyed_->fold(events.first(std::min(events.size(), keyed_->prepared())), {});
  }

  /// True: the event that failed is passed.
  bool settle(const RecordedEvent& event, const KeyedFold& folded) {
    const Failure& cause = *folded.failure;
    if (folded.spoiled)
      return fail(event, folded, FoldError::Kind::projector, "an event left a view half changed"), false;
    const FailureContext context{cause, event, event.position, retries_, folded.failed_key};
    switch (detail::after_failure(port_.on_error(context), retries_, retry_)) {
      case detail::AfterFailure::stop:
        fail(event, folded, FoldError::Kind::event_failed, "an event failed, and the projector's policy is to stop");
        return false;
      case detail::AfterFailure::give_up:
        fail(event, folded, FoldError::Kind::retries_exhausted, "an event still failed on its last retry");
        return false;
      case detail::AfterFailure::try_it_again:
        ++retries_;
        ++done_.retries;
        return false;
      case detail::AfterFailure::park_key:
        if (keyed_ && keyed_->park(detail::record_of(event, QuarantineReason::exhausted, retries_ + 1, cause))) {
          retries_ = 0;  // its other keys have tries of their own
          return false;
        }
        [[fallthrough]];
      case detail::AfterFailure::pass: return pass(event, QuarantineReason::exhausted, cause);
      case detail::AfterFailure::skip: break;
    }
    return pass(event, QuarantineReason::skipped, cause);
  }

  bool pass(const RecordedEvent& event, QuarantineReason reason, const Failure& cause) {
    done_.quarantined.push_back(detail::record_of(event, reason, retries_ + 1, cause));
    if (keyed_) keyed_->skip();
    passed(event);
    return true;
  }

  void fail(const RecordedEvent& event, const KeyedFold& folded, FoldError::Kind kind, std::string what) {
    FoldError error;
    error.kind = kind;
    error.what = std::move(what);
    error.position = event.position;
    error.stream = event.stream;
    error.event_type = event.type;
    error.key = folded.failed_key;
    error.attempt = retries_ + 1;
    error.cause = folded.failure;
    error_ = std::move(error);
  }

  Foldable projection_;
  ProjectorPort& port_;
  KeyedPort* keyed_;
  EventRetryConfig retry_;
  EventFilter filter_{};
  bool takes_all_{};                 ///< the filter lets all events through
  std::optional<Position> after_{};  ///< events up to here are not for it
  std::optional<Position> last_{};   ///< the event before
  std::uint32_t retries_{};          ///< of the event that comes next
  FoldSummary done_{};
  std::optional<FoldError> error_{};
};

/// The events after this position, or what is out of order where the search looked.
tl::expected<std::span<const RecordedEvent>, FoldError> events_after(std::span<const RecordedEvent> events,
                                                                     std::optional<Position> after) {
  if (!after || events.empty()) return events;
  // All that the search comes by lies between these two, or something is out of order.
  const RecordedEvent *below = &events.front(), *above = &events.back();
  if (below != above && below->position >= above->position) {
    return tl::unexpected(not_ascending(*above, below->position));
  }
  std::size_t first = 0, end = events.size();  // the first event after it is one of these, or the end
  while (first < end) {
    const std::size_t middle = first + (end - first) / 2;
    const RecordedEvent& seen = events[middle];
    if (&seen != below && seen.position <= below->position) return tl::unexpected(not_ascending(seen, below->position));
    if (&seen != above && seen.position >= above->position) return tl::unexpected(not_ascending(*above, seen.position));
    if (seen.position <= *after) {
      first = middle + 1;
      below = &seen;
    } else {
      end = middle;
      above = &seen;
    }
  }
  return events.subspan(first);
}

}  // namespace

FoldResult fold(Foldable projection, std::span<const RecordedEvent> events, const EventRetryConfig& retry) {
  FoldRun run(std::move(projection), std::nullopt, retry);
  run.take(events);
  return std::move(run).result();
}

std::vector<FoldResult> fold_all(const std::vector<Foldable>& projections, std::span<const RecordedEvent> events,
                                 const EventRetryConfig& retry) {
  std::vector<FoldRun> runs;
  runs.reserve(projections.size());
  for (const Foldable& projection : projections) runs.emplace_back(projection, std::nullopt, retry);
  for (const RecordedEvent& event : events) {
    for (FoldRun& run : runs) run.take({&event, 1});
  }
  std::vector<FoldResult> results;
  results.reserve(runs.size());
  for (FoldRun& run : runs) results.push_back(std::move(run).result());
  return results;
}

FoldResult catch_up(Foldable projection, std::span<const RecordedEvent> events, std::optional<Position> after,
                    const EventRetryConfig& retry) {
  FoldRun run(std::move(projection), after, retry);
  if (run.stopped()) return std::move(run).result();
  auto rest = events_after(events, after);
  if (rest) run.take(*rest);
  else run.stop(std::move(rest).error());
  return std::move(run).result();
}

const char* to_string(FoldError::Kind kind) noexcept {
  switch (kind) {
    case FoldError::Kind::event_failed: return "event failed";
    case FoldError::Kind::retries_exhausted: return "retries exhausted";
    case FoldError::Kind::not_ascending: return "not ascending";
    case FoldError::Kind::projector: break;
  }
  return "projector";
}

std::string FoldError::message() const {
  std::string text = what;
  if (cause) text += ": " + to_string(*cause);
  if (position) {
    text += " / at " + at(*position) + ", " + event_type + " of stream " + stream;
    if (key) text += ", for key " + *key;
    if (attempt > 0) text += ", attempt " + std::to_string(attempt);
  }
  text += " / folded " + std::to_string(progress.applied) + " events";
  if (progress.through) text += ", through " + at(*progress.through);
  return detail::one_line(text);
}

std::ostream& operator<<(std::ostream& out, const FoldSummary& done) {
  out << done.applied << " applied, " << done.quarantined.size() << " quarantined, " << done.retries << " retries";
  if (done.through) out << ", through " << *done.through;
  return out;
}
std::ostream& operator<<(std::ostream& out, const FoldError& error) {
  return out << to_string(error.kind) << ": " << error.message();
}

}  // namespace lantern
