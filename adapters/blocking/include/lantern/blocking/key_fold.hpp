// The fold of one key, through the same door as a run's.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include <tl/expected.hpp>

#include "lantern/event.hpp"
#include "lantern/keyed_port.hpp"
#include "lantern/projector.hpp"

namespace lantern::detail {

/// Folds events for one key, in the order in which they come; all other keys are as if they were parked, so that their
/// views are neither needed nor kept.
class KeyFold {
 public:
  KeyFold(std::unique_ptr<ProjectorPort> projector, std::string key);

  /// Why this event is not of the key, if it is not. The port is as new afterwards, so ask before anything is folded.
  [[nodiscard]] std::optional<Failure> refuse(const RecordedEvent& event);
  /// Folds all of them. An event that fails before its keys are known is passed, as the run has passed it. One that
  /// fails for the key is passed if the projector's on_error says Skip; else this is how it failed.
  [[nodiscard]] std::optional<Failure> apply(std::span<const RecordedEvent> events);
  /// What the key's view is now; without a state, and with version 0, if there is none.
  [[nodiscard]] tl::expected<StoredView, Failure> view();

  [[nodiscard]] CodeVersion code() const;
  [[nodiscard]] bool upcasts() const;
  /// Which events to read; or why nothing can be read: the projector threw, or its upcasters are in error.
  [[nodiscard]] tl::expected<EventFilter, Failure> filter() const;
  [[nodiscard]] std::uint64_t passed() const noexcept { return passed_; }
  /// Begins anew.
  void reset();

 private:
  [[nodiscard]] std::optional<Failure> load_missing();
  [[nodiscard]] std::optional<Failure> pass(const RecordedEvent& event, const KeyedFold& folded);

  std::unique_ptr<ProjectorPort> projector_;
  KeyedPort& port_;
  std::string key_;
  std::uint64_t passed_{};
};

/// The events of a page up to `last`.
[[nodiscard]] std::span<const RecordedEvent> up_to(const EventPage& page, Position last) noexcept;

}  // namespace lantern::detail
