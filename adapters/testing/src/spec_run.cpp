// Tells a projector some events, with the real machine, over a store in memory.
#include <map>
#include <set>

#include "lantern/observer.hpp"
#include "lantern/pipeline.hpp"
#include "lantern/testing/simulated_store.hpp"
#include "lantern/testing/verdict.hpp"
#include "lantern/timestamp.hpp"

namespace lantern::testing::detail {
namespace {

/// The log of a test: event i is at position i + 1.
class SpecLog {
 public:
  void append(const std::vector<NewEvent>& more) {
    for (const NewEvent& event : more) {
      Recorded& made = events_.emplace_back(Recorded{event, ++versions_[event.stream]});
      // Times that do not depend on when the test is run: one second after the other.
      if (made.event.ts.empty()) made.event.ts = to_string(first_ + std::chrono::seconds(events_.size() - 1));
    }
  }

  [[nodiscard]] EventPage read(const ReadEvents& asked) {
    EventPage page;
    page.scanned_to = asked.after;
    if (!events_.empty()) page.head = Position{static_cast<std::int64_t>(events_.size())};
    const auto begin = static_cast<std::size_t>(asked.after ? asked.after->value : 0);
    for (std::size_t i = begin; i < events_.size() && page.empty(); ++i) {
      const auto& [event, version] = events_[i];
      const Position position{static_cast<std::int64_t>(i) + 1};
      const RecordedEvent recorded{position,   event.stream, version,    event.type, event.schema_version,
                                   event.data, event.id,     event.meta, event.ts};
      page.scanned_to = position;
      if (!asked.filter.matches(recorded)) continue;
      page.add(recorded);
      through_ = i + 1;
    }
    return page;
  }

  /// One after the last event that the filter let through.
  [[nodiscard]] std::size_t through() const noexcept { return through_; }

 private:
  struct Recorded {
    NewEvent event;
    std::int64_t version;
  };
  static constexpr Timestamp first_{std::chrono::sys_days(std::chrono::January / 1 / 2024)};
  std::vector<Recorded> events_{};
  std::map<std::string, std::int64_t> versions_{};
  std::size_t through_{};
};

class SpecRun {
 public:
  SpecRun(std::vector<NewEvent> given, const std::vector<NewEvent>& when, const Observer* other)
      : when_(when), observer_([this, other](const ProjectionId& id, const Happening& what) {
          if (other) (*other)(id, what);
          watch(what);
        }) {
    outcome_.given = given.size();
    outcome_.events = std::move(given);
    log_.append(outcome_.events);
  }

  SpecOutcome operator()(std::unique_ptr<ProjectorPort> projector, ProjectionConfig config) && {
    Step step = ProjectionPipeline(std::move(projector), as_told(std::move(config))).start(now_);
    constexpr int most_effects = 1'000'000;
    for (int effects = 0; !step.finished(); ++effects) {
      if (effects == most_effects) {
        outcome_.trouble = "the run does not end: an event is retried a million times";
        break;
      }
      step = std::move(step).visit([&]<Effect E>(Request<E> request) { return perform(std::move(request)); });
    }
    if (const Finished* end = step.finished(); end && !*end) end_with(end->error());
    if (const auto* stock = store_.find(Generation{1})) {
      for (const auto& [key, view] : stock->views) outcome_.views.push_back(view);
    }
    outcome_.passed_over = !when_.empty() && log_.through() <= outcome_.given;
    return std::move(outcome_);
  }

 private:
  /// Each event is a page and a commit of its own, and each view goes through the store in between.
  ProjectionConfig as_told(ProjectionConfig config) {
    config.continuous().page_limit(1).cache_views(0).publish_changes(true).rebuild_when(RebuildPolicy::never);
    config.commit = {};
    config.leadership.reset();
    config.quirks = {};
    config.recorder = nullptr;
    return config.tell(observer_);
  }

  template <Effect E>
  Step perform(Request<E> request) {
    if constexpr (std::same_as<E, Sleep>) {
      now_ += request.effect().duration;
      if (request.effect().reason == Sleep::Reason::idle) go_on(request);
      return std::move(request).answer(Slept::through, now_);
    } else if constexpr (std::same_as<E, ReadEvents>) {
      auto page = log_.read(request.effect());
      return std::move(request).answer(std::move(page), now_);
    } else if constexpr (std::same_as<E, Publish>) {
      const auto& frames = request.effect().frames;
      if (told_) outcome_.frames.insert(outcome_.frames.end(), frames.begin(), frames.end());
      return std::move(request).answer(Publish::Published{}, now_);
    } else {
      auto reply = lantern::perform(store_, request.effect());
      return std::move(request).answer(std::move(reply), now_);
    }
  }

  /// At the head of the log: the other events come, and after those the end.
  void go_on(Request<Sleep>& nap) {
    if (told_) return nap.ask_to_stop(Stop::at_checkpoint);
    told_ = true;
    outcome_.events.insert(outcome_.events.end(), when_.begin(), when_.end());
    log_.append(when_);
  }

  void watch(const Happening& what) {
    if (const auto* failed = std::get_if<happening::EventFailed>(&what)) {
      last_failure_[failed->position] = failed->cause;
    } else if (const auto* passed = std::get_if<happening::Quarantined>(&what)) {
      const auto known = last_failure_.find(passed->record.position);
      fail(passed->record.position,
           known != last_failure_.end() ? known->second : Failure(FailureKind::rejected, passed->record.error));
    }
  }
  void end_with(const ProjectionError& error) {
    const bool of_event = error.kind == ErrorKind::event_failed || error.kind == ErrorKind::retries_exhausted;
    if (of_event && error.position && error.cause) fail(*error.position, *error.cause);
    else outcome_.trouble = error.message();
  }
  void fail(Position position, const Failure& cause) {
    outcome_.failed.push_back({static_cast<std::size_t>(position.value - 1), cause});
  }

  const std::vector<NewEvent>& when_;
  Observer observer_;
  SpecOutcome outcome_{};
  SpecLog log_{};
  SimulatedStore store_{};
  Instant now_{};
  bool told_{};  ///< the other events have come
  std::map<Position, Failure> last_failure_{};
};

}  // namespace

SpecOutcome tell(std::unique_ptr<ProjectorPort> projector, ProjectionConfig config, std::vector<NewEvent> given,
                 const std::vector<NewEvent>& when) {
  const Observer* other = config.observer;
  return SpecRun(std::move(given), when, other)(std::move(projector), std::move(config));
}

}  // namespace lantern::testing::detail
