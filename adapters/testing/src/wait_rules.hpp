// Whatever a run waits for, those who watch it are told first, and it waits no longer than that.
#pragma once

#include <chrono>
#include <concepts>
#include <cstdint>
#include <optional>

#include "lantern/observer.hpp"
#include "lantern/testing/simulation.hpp"

namespace lantern::testing {

/// Follows one run that is observed: what its observers hear, and which rests it asks for. A value; one for each run.
class WaitRules {
 public:
  using Verdict = std::optional<Violation>;
  using Time = std::chrono::nanoseconds;

  /// An observer was told this.
  void heard(const SimulationOptions&, const Happening&);

  /// P6: of any effect, before it is performed.
  template <Effect E>
  [[nodiscard]] Verdict asks(const E& asked) {
    if constexpr (std::same_as<E, Sleep>) return check(asked);
    if constexpr (std::same_as<E, ReadEvents>) at_head_.reset();
    if constexpr (std::same_as<E, AcquireLease>) standing_by_.reset();
    return std::nullopt;
  }
  /// What the run was told.
  template <Effect E>
  void told(const E&, const typename E::reply& reply) {
    // What it waits for from now on is something else; but a lease may be renewed on the way to a rest.
    if constexpr (!std::same_as<E, Sleep> && !std::same_as<E, RenewLease>) {
      if (!reply) retry_.reset();
    }
  }

 private:
  /// A rest that was announced, and how much of it is left.
  struct Announced {
    Sleep::Reason reason{};
    std::uint32_t attempt{};
    Time left{};
  };

  Verdict check(const Sleep&);
  [[nodiscard]] std::optional<Announced>& announced(Sleep::Reason) noexcept;

  std::optional<Announced> retry_{};
  std::optional<Announced> standing_by_{};
  std::optional<Announced> at_head_{};   ///< a page was told, and where it ends
  std::optional<Announced> rebuilds_{};  ///< so it leaves time to others now and then
};

}  // namespace lantern::testing
