// Leases in the file.
#pragma once

#include <chrono>

#include "lantern/effects.hpp"
#include "write_connection.hpp"

namespace lantern::detail {

/// A lease as it is stored.
struct StoredLease {
  std::optional<std::string> owner{};  ///< absent: it was given back
  std::int64_t fence{};
  std::int64_t expires{};  ///< nanoseconds since 1970-01-01 UTC
  std::int64_t ttl{};      ///< nanoseconds that it was given for; 0: not known
};

/// Statements of leases, on a write connection that must outlive them. One thread at a time.
class Leases {
 public:
  [[nodiscard]] static tl::expected<Leases, Failure> prepare(WriteConnection& connection);

  [[nodiscard]] AcquireLease::reply acquire(const AcquireLease& asked, std::chrono::nanoseconds now);
  [[nodiscard]] RenewLease::reply renew(const RenewLease& asked, std::chrono::nanoseconds now);
  [[nodiscard]] ReleaseLease::reply release(const ReleaseLease& asked);

  /// The same as `acquire`, inside of a transaction of the caller's.
  [[nodiscard]] AcquireLease::reply take(const AcquireLease& asked, std::chrono::nanoseconds now);
  /// Ends whatever lease there is, inside of a transaction of the caller's: no commit under its fence goes through.
  [[nodiscard]] std::optional<Failure> end(const ProjectionId& projection, Role role);
  /// Whoever holds the lease when `fence` is not its fence, inside of a transaction of the caller's. Nothing is refused
  /// without a fence.
  using Refused = std::variant<LostLeadership, Failure>;
  [[nodiscard]] std::optional<Refused> refuse(const ProjectionId& projection, Role role, std::optional<Fence> fence);

 private:
  explicit Leases(WriteConnection& connection) : connection_(&connection) {}
  [[nodiscard]] tl::expected<std::optional<StoredLease>, Failure> find(const ProjectionId& projection, Role role);
  [[nodiscard]] std::optional<Failure> store(const ProjectionId& projection, Role role, const StoredLease& lease);

  WriteConnection* connection_;
  Statement find_{}, store_{};
};

/// Who keeps `asked.owner` from leading, if anybody does.
[[nodiscard]] std::optional<LeaseHeld> held_by_another(const std::optional<StoredLease>& lease,
                                                       const AcquireLease& asked, std::chrono::nanoseconds now);

inline constexpr const char* find_lease_sql =
    "SELECT owner, fence, expires, ttl FROM lantern_leases WHERE tenant = ?1 AND name = ?2 AND role = ?3";
/// Of the current row of `find_lease_sql`.
[[nodiscard]] StoredLease lease_of(const Statement& row);

}  // namespace lantern::detail
