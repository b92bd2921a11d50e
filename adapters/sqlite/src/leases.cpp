#include "leases.hpp"

#include <algorithm>

#include "lantern/refuse.hpp"
#include "prepare_all.hpp"
#include "times.hpp"

namespace lantern::detail {
namespace {

constexpr std::string_view leasing = "looking after a lease";

bool is_this(const std::optional<StoredLease>& stored, const Lease& lease) {
  return stored && stored->owner == lease.owner && stored->fence == lease.fence.value;
}

}  // namespace

StoredLease lease_of(const Statement& row) {
  StoredLease lease{std::nullopt, row.integer(1), row.integer(2), row.integer(3)};
  if (!row.is_null(0)) lease.owner = std::string(row.text(0));
  return lease;
}

std::optional<LeaseHeld> held_by_another(const std::optional<StoredLease>& lease, const AcquireLease& asked,
                                         std::chrono::nanoseconds now) {
  using std::chrono::nanoseconds;
  if (!lease || !lease->owner || *lease->owner == asked.owner) return std::nullopt;
  if (is_over(now, nanoseconds(lease->expires), nanoseconds(lease->ttl))) return std::nullopt;
  return LeaseHeld{*lease->owner, until(lease->expires, now)};
}

tl::expected<Leases, Failure> Leases::prepare(WriteConnection& connection) {
  Leases made(connection);
  auto failed =
      prepare_all(connection.db(), {{find_lease_sql, &made.find_},
                                    {"INSERT INTO lantern_leases(tenant, name, role, owner, fence, expires, ttl) "
                                     "VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT(tenant, name, role) DO UPDATE SET "
                                     "owner = excluded.owner, fence = excluded.fence, expires = excluded.expires, "
                                     "ttl = excluded.ttl",
                                     &made.store_}});
  if (failed) return tl::unexpected(*std::move(failed));
  return made;
}

tl::expected<std::optional<StoredLease>, Failure> Leases::find(const ProjectionId& projection, Role role) {
  std::optional<StoredLease> found;
  if (auto failed = connection_->db().each(
          find_, leasing, [&](const Statement& row) { found = lease_of(row); }, std::string_view(projection.tenant),
          std::string_view(projection.name), std::string_view(to_string(role)))) {
    return tl::unexpected(*std::move(failed));
  }
  return found;
}

std::optional<Failure> Leases::store(const ProjectionId& projection, Role role, const StoredLease& lease) {
  const auto owner = lease.owner ? std::optional<std::string_view>(*lease.owner) : std::nullopt;
  return connection_->db().run(store_, leasing, std::string_view(projection.tenant), std::string_view(projection.name),
                               std::string_view(to_string(role)), owner, lease.fence, lease.expires, lease.ttl);
}

AcquireLease::reply Leases::take(const AcquireLease& asked, std::chrono::nanoseconds now) {
  using Error = AcquireLease::reply::error_type;
  const auto known = find(asked.projection, asked.role);
  if (!known) return tl::unexpected(Error(known.error()));
  if (auto held = held_by_another(*known, asked, now)) return tl::unexpected(Error(*std::move(held)));
  // One row of fences for both roles: which role a commit is of may change under a run that is paused.
  const auto other = find(asked.projection, asked.role == Role::live ? Role::rebuild : Role::live);
  if (!other) return tl::unexpected(Error(other.error()));
  const std::int64_t greatest = std::max(*known ? (*known)->fence : 0, *other ? (*other)->fence : 0);

  const StoredLease lease{asked.owner, greatest + 1, expiry(now, asked.ttl).count(), asked.ttl.count()};
  if (auto failed = store(asked.projection, asked.role, lease)) return tl::unexpected(Error(*std::move(failed)));
  return Lease{asked.owner, Fence{lease.fence}};
}

AcquireLease::reply Leases::acquire(const AcquireLease& asked, std::chrono::nanoseconds now) {
  using Error = AcquireLease::reply::error_type;
  auto transaction = Transaction::begin(*connection_);
  if (!transaction) return tl::unexpected(Error(std::move(transaction).error()));
  auto taken = take(asked, now);
  if (!taken) return taken;
  // Should this have become durable after all, it is this owner's, who may acquire again.
  if (auto failed = transaction->commit()) return tl::unexpected(Error(std::move(failed->cause)));
  return taken;
}

std::optional<Failure> Leases::end(const ProjectionId& projection, Role role) {
  const auto known = find(projection, role);
  if (!known) return known.error();
  if (!*known) return std::nullopt;
  return store(projection, role, StoredLease{std::nullopt, (*known)->fence + 1, 0, 0});
}

std::optional<Leases::Refused> Leases::refuse(const ProjectionId& projection, Role role, std::optional<Fence> fence) {
  if (!fence) return std::nullopt;
  const auto known = find(projection, role);
  if (!known) return known.error();
  const bool leads = *known && (*known)->owner && (*known)->fence == fence->value;
  if (leads) return std::nullopt;
  return LostLeadership{*known ? (*known)->owner.value_or("") : ""};
}

RenewLease::reply Leases::renew(const RenewLease& asked, std::chrono::nanoseconds now) {
  using Error = RenewLease::reply::error_type;
  auto transaction = Transaction::begin(*connection_);
  if (!transaction) return tl::unexpected(Error(std::move(transaction).error()));
  const auto known = find(asked.projection, asked.role);
  if (!known) return tl::unexpected(Error(known.error()));
  if (!is_this(*known, asked.lease)) {
    return tl::unexpected(Error(LostLeadership{*known ? (*known)->owner.value_or("") : ""}));
  }
  const StoredLease lease{asked.lease.owner, asked.lease.fence.value, expiry(now, asked.ttl).count(),
                          asked.ttl.count()};
  if (auto failed = store(asked.projection, asked.role, lease)) return tl::unexpected(Error(*std::move(failed)));
  if (auto failed = transaction->commit()) return tl::unexpected(Error(std::move(failed->cause)));
  return asked.lease;
}

ReleaseLease::reply Leases::release(const ReleaseLease& asked) {
  auto transaction = Transaction::begin(*connection_);
  if (!transaction) return tl::unexpected(std::move(transaction).error());
  const auto known = find(asked.projection, asked.role);
  if (!known) return tl::unexpected(known.error());
  if (!is_this(*known, asked.lease)) return ReleaseLease::Released{};
  // The fence stays: the next lease's must be greater.
  const StoredLease given_back{std::nullopt, asked.lease.fence.value, 0, 0};
  if (auto failed = store(asked.projection, asked.role, given_back)) return tl::unexpected(*std::move(failed));
  if (auto failed = transaction->commit()) return tl::unexpected(std::move(failed->cause));
  return ReleaseLease::Released{};
}

}  // namespace lantern::detail
