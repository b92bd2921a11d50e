// Runs that are recorded, and runs that go wrong on the way.
#pragma once

#include <catch2/catch.hpp>
#include <string>
#include <utility>

#include "keyed_probe.hpp"
#include "lantern/testing/choices.hpp"
#include "lantern/testing/recording.hpp"
#include "story.hpp"

namespace lantern::recorded {

using namespace lantern::testing;

/// The recording, which must be readable.
inline Recording read(const std::string& text) {
  auto recording = read_recording(text, "test.rec");
  if (!recording) throw std::runtime_error(to_string(recording.error()));
  return *std::move(recording);
}

/// The process died.
struct Crash {};

/// A store that goes wrong where the choices say so, and is told to stop where they say so.
template <class Store>
struct Rough {
  Store& store;
  Choices& choices;
  Chance chance = Chance::percent(25);
  Stop stop = Stop::none;  ///< asked for during the last effect

  enum Fault { none, transient, lost, stop_soon, stop_now, permanent, taken_over, crash };

  template <Effect E>
  typename E::reply perform(const E& effect) {
    const Failure busy(FailureKind::busy, "busy\nfor \"now\"");
    const auto fault = static_cast<Fault>(choices.choose(About::fault, 8, chance));
    stop = fault == stop_soon ? Stop::at_checkpoint : fault == stop_now ? Stop::now : Stop::none;
    if (fault == crash) throw Crash{};
    if constexpr (std::same_as<E, Sleep>) {
      return fault == lost ? Slept::woken : Slept::through;
    } else {
      if (fault == transient) return tl::make_unexpected(busy);
      if (fault == permanent) return tl::make_unexpected(Failure(FailureKind::corrupt, "for good"));
      if constexpr (std::same_as<E, SaveCheckpoint> || std::same_as<E, RenewLease>) {
        if (fault == taken_over) return tl::make_unexpected(LostLeadership{"another"});
      }
      auto reply = lantern::perform(store, effect);
      if (fault != lost) return reply;
      if constexpr (std::same_as<E, SaveCheckpoint>) return tl::make_unexpected(OutcomeUnknown{busy});
      else return tl::make_unexpected(busy);
    }
  }
};

/// Drives a run on a rough store; time passes while it works and sleeps.
template <class Store>
void drive_roughly(Step step, Rough<Store>& store) {
  Instant now{std::chrono::hours(5)};
  for (int effects = 0; !step.finished() && effects < 500; ++effects) {
    step = std::move(step).visit([&]<Effect E>(Request<E> request) -> Step {
      auto reply = store.perform(request.effect());
      now += std::chrono::microseconds(1);
      if constexpr (std::same_as<E, Sleep>) now += request.effect().duration;
      request.ask_to_stop(store.stop);
      return std::move(request).answer(std::move(reply), now);
    });
  }
}

/// One recorded life of a process.
template <class P, class Store>
std::string record(P projector, Store& store, ProjectionConfig config, Choices& choices,
                   Chance chance = Chance::percent(25)) {
  RecordedText recorder;
  Rough<Store> rough{store, choices, chance};
  try {
    drive_roughly(ProjectionPipeline(projector, config.record(recorder)).start(Instant(std::chrono::hours(5))), rough);
  } catch (const Crash&) {
  }
  return recorder.text();
}

}  // namespace lantern::recorded
