// A pipeline on a simulated log: its store is a model of a few lines, its pages are what a test makes of them.
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include "lantern/testing/simulated_log.hpp"
#include "model_store.hpp"

namespace simulation_test {

using namespace lantern;
using namespace lantern::testing;

/// A projector whose statements the store runs, of the events that it asks for.
struct Asking : story::Probe<true, true> {
  EventFilter wanted{};
  EventFilter filter() const { return wanted; }
};

/// What is stored, and where its events come from.
struct PageWorld {
  ModelStore store{};
  std::function<ReadEvents::reply(const ReadEvents&)> read{};
  EventFilter filter{};
  ProjectionConfig config = story::steady();
  Instant now{};

  /// Runs the projection until it ends, or for so many effects.
  Step run(std::size_t effects = 10'000) {
    Asking probe;
    probe.wanted = filter;
    Step step = ProjectionPipeline(probe, config).start(now);
    while (!step.finished() && effects-- > 0) {
      step = std::move(step).visit([&]<class E>(Request<E> request) {
        typename E::reply reply = perform(request.effect());
        return std::move(request).answer(std::move(reply), now);
      });
    }
    if (step.finished()) return step;
    step.ask_to_stop(Stop::now);
    return step;
  }

 private:
  ReadEvents::reply perform(const ReadEvents& asked) { return read(asked); }
  Sleep::reply perform(const Sleep& asked) {
    now += asked.duration;
    return Slept::through;
  }
  template <Effect E>
  typename E::reply perform(const E& asked) {
    return lantern::perform(store, asked);
  }
};

/// The positions of the events that the filter lets through.
inline std::vector<std::int64_t> positions(const std::vector<RecordedEvent>& events, const EventFilter& filter = {}) {
  std::vector<std::int64_t> all;
  for (const RecordedEvent& event : events) {
    if (filter.matches(event)) all.push_back(event.position.value);
  }
  return all;
}

}  // namespace simulation_test
