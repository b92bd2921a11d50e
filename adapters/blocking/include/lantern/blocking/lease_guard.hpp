// A lease for one operation outside of a run.
#pragma once

#include <chrono>
#include <optional>
#include <utility>

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
  [[nodiscard]] static tl::expected<LeaseGuard, Failure> take(Store& store, const ProjectionId& projection, Role role) {
    auto lease = perform_patiently(store, AcquireLease{projection, unique_owner(), std::chrono::minutes(1), role});
    if (lease) return LeaseGuard(store, projection, *std::move(lease), role);
    if (const auto* held = std::get_if<LeaseHeld>(&lease.error())) {
      return tl::unexpected(led_by_another(projection, role, *held));
    }
    return tl::unexpected(std::get<Failure>(lease.error()));
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
