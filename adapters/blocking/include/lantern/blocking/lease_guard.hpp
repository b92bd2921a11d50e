// A lease for one operation outside of a run.
#pragma once

#include <algorithm>
#include <chrono>
#include <optional>
#include <stop_token>
#include <utility>
#include <variant>

#include "lantern/blocking/patiently.hpp"
#include "lantern/blocking/runner.hpp"

namespace lantern::detail {

/// Somebody else has the lease that this operation needs.
[[nodiscard]] Failure led_by_another(const ProjectionId&, Role, const LeaseHeld&);
/// The lease expired, and somebody took it.
[[nodiscard]] Failure lease_lost(const ProjectionId&, const LostLeadership&);

/// Leads a projection in a role until it is destroyed. For what takes well less than a minute.
template <class Store>
class LeaseGuard {
 public:
  /// Waits for a lease that is about to expire, which a run that is alive would have renewed, and for no other.
  [[nodiscard]] static tl::expected<LeaseGuard, Failure> take(Store& store, const ProjectionId& projection, Role role,
                                                              const std::stop_token& stop = {}) {
    constexpr std::chrono::nanoseconds patience = std::chrono::seconds(5);
    const AcquireLease ask{projection, unique_owner(), std::chrono::minutes(1), role};
    const Instant began = steady_now();
    for (InterruptibleSleep nap;;) {
      auto lease = perform_patiently(store, ask, stop);
      if (lease) return LeaseGuard(store, projection, *std::move(lease), role);
      const auto* held = std::get_if<LeaseHeld>(&lease.error());
      if (!held) return tl::unexpected(std::get<Failure>(lease.error()));
      const std::chrono::nanoseconds left = patience - (steady_now() - began);
      if (stop.stop_requested() || held->expires_in > left) {
        return tl::unexpected(led_by_another(projection, role, *held));
      }
      const auto pause = std::max<std::chrono::nanoseconds>(held->expires_in, std::chrono::milliseconds(1));
      (void)nap.sleep({pause, Sleep::Reason::standby}, stop);
    }
  }
  LeaseGuard(LeaseGuard&& other) noexcept
      : store_(std::exchange(other.store_, nullptr)), release_(std::move(other.release_)) {}
  LeaseGuard& operator=(LeaseGuard&&) = delete;
  ~LeaseGuard() {
    if (store_) (void)perform_foreign(*store_, release_);  // else it expires
  }
  [[nodiscard]] Fence fence() const noexcept { return release_.lease.fence; }

 private:
  LeaseGuard(Store& store, const ProjectionId& projection, Lease lease, Role role)
      : store_(&store), release_{projection, std::move(lease), role} {}

  Store* store_;
  ReleaseLease release_;
};

}  // namespace lantern::detail
