// The lease of one projection.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "lantern/effects.hpp"

namespace lantern::detail {

/// Everything is told the time; nothing here reads a clock. Not thread-safe.
class LeaseState {
 public:
  using Nanoseconds = std::chrono::nanoseconds;

  /// The lease, or who holds it. Its fence is the next after `greatest`, which grows.
  [[nodiscard]] tl::expected<Lease, LeaseHeld> acquire(const std::string& owner, Nanoseconds ttl, Nanoseconds now,
                                                       Fence& greatest);
  /// The prolonged lease, or who took it.
  [[nodiscard]] tl::expected<Lease, LostLeadership> renew(const Lease& lease, Nanoseconds ttl, Nanoseconds now);
  void release(const Lease& lease);
  /// Absent when this fence may commit. Expiry alone takes nothing away.
  [[nodiscard]] std::optional<LostLeadership> refuse(Fence fence) const;

 private:
  struct Holder {
    std::string owner;
    Nanoseconds expires;
    Nanoseconds ttl;
  };
  Fence fence_{};  ///< of the last lease given
  std::optional<Holder> holder_{};
};

}  // namespace lantern::detail
