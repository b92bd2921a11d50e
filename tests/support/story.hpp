// Words for telling a run as a story: one effect a line, with what it is answered.
#pragma once

#include <catch2/catch.hpp>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "lantern/pipeline.hpp"

namespace lantern::story {

using Positions = std::vector<std::int64_t>;

inline std::optional<Position> at(std::optional<std::int64_t> value) {
  return value ? std::optional(Position{*value}) : std::nullopt;
}

/// The event that stands at this position in every test's log: `e7` of type T in stream s.
inline void add_event(EventPage& page, std::int64_t position) {
  const std::string data = "e" + std::to_string(position);
  page.add({.position = Position{position}, .stream = "s", .version = position, .type = "T", .data = data});
}

/// A page with these events that looked as far as `scanned`, of a log that ends at `head`.
inline EventPage page(const Positions& positions, std::optional<std::int64_t> scanned,
                      std::optional<std::int64_t> head) {
  EventPage made;
  for (const auto position : positions) add_event(made, position);
  made.scanned_to = at(scanned);
  made.head = at(head);
  return made;
}
/// These events, and the log ends with the last of them.
inline EventPage last(const Positions& positions) { return page(positions, positions.back(), positions.back()); }
/// These events, of a log that goes on after them.
inline EventPage more(const Positions& positions, std::int64_t head = 1'000'000) {
  return page(positions, positions.back(), head);
}
/// No events, and none to come: the log ends where the run is.
inline EventPage nothing(std::optional<std::int64_t> here = {}) { return page({}, here, here); }

inline const Failure busy{FailureKind::busy, "busy"};
inline const Failure broken{FailureKind::corrupt, "broken"};

/// A projector that keeps a diary, and fails as it is told.
template <bool Durable = true, bool ByStore = false>
struct Probe {
  static constexpr bool effects_are_durable = Durable;
  static constexpr bool applied_by_store = ByStore;
  std::map<std::int64_t, int> fails{};  ///< by position: how many more times; -1: for ever
  FailureStrategy strategy = FailureStrategy::Fatal;
  std::optional<Position> snapshot{};

  Positions applied{};
  std::uint64_t tries{};
  std::vector<std::uint32_t> asked{};  ///< the retry counts that on_error was given

  std::string name() const { return "p"; }
  std::optional<Position> starts_after() const { return snapshot; }
  tl::expected<void, Failure> apply(const RecordedEvent& event, Position position) {
    ++tries;
    const auto planned = fails.find(position.value);
    if (planned != fails.end() && planned->second != 0) {
      if (planned->second > 0) --planned->second;
      return tl::unexpected(Failure(FailureKind::rejected, "cannot take " + std::string(event.data)));
    }
    applied.push_back(position.value);
    return {};
  }
  FailureStrategy on_error(const FailureContext& context) {
    asked.push_back(context.retry_count);
    return strategy;
  }
};

/// What is pending must be this effect; hands over the request so that it can be answered.
template <Effect E>
Request<E> expect(Step& step, const E& effect) {
  INFO("pending: " << step);
  REQUIRE(step.asks<E>());
  CHECK(step.asks<E>()->effect() == effect);
  return std::move(*step.asks<E>());
}

/// What is pending must be a request of this kind.
template <Effect E>
Request<E> expect(Step& step) {
  INFO("pending: " << step);
  REQUIRE(step.asks<E>());
  return std::move(*step.asks<E>());
}

/// What is pending must be this effect; it stays pending.
template <Effect E>
void check_pending(Step& step, const E& effect) {
  INFO("pending: " << step);
  REQUIRE(step.asks<E>());
  CHECK(step.asks<E>()->effect() == effect);
}

inline const RunSummary& success(const Step& step) {
  INFO("pending: " << step);
  REQUIRE(step.finished());
  REQUIRE(step.finished()->has_value());
  return **step.finished();
}

inline const ProjectionError& error(const Step& step) {
  INFO("pending: " << step);
  REQUIRE(step.finished());
  REQUIRE(!step.finished()->has_value());
  return step.finished()->error();
}

inline Instant after(std::chrono::nanoseconds passed) { return Instant(passed); }

inline SaveCheckpoint save(std::optional<std::int64_t> from, std::optional<std::int64_t> through) {
  SaveCheckpoint made;
  made.projection = ProjectionId("p");
  made.from = at(from);
  made.through = at(through);
  return made;
}

inline ReadEvents read(std::optional<std::int64_t> position, std::uint32_t limit = 1000) {
  return ReadEvents{.after = at(position), .limit = limit};
}

inline Sleep sleep(std::chrono::nanoseconds length, Sleep::Reason reason, std::uint32_t attempt = 0) {
  return Sleep{length, reason, attempt};
}

/// Delays as they stand in the configuration, without chance.
inline ProjectionConfig steady() {
  ProjectionConfig config;
  config.poll.failure_backoff.jitter = 0;
  config.event_retry.backoff.jitter = 0;
  config.store_retry.backoff.jitter = 0;
  return config;
}

}  // namespace lantern::story
