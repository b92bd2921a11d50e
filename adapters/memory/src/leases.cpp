#include "leases.hpp"

#include "lantern/refuse.hpp"

namespace lantern::detail {

tl::expected<Lease, LeaseHeld> LeaseState::acquire(const std::string& owner, Nanoseconds ttl, Nanoseconds now,
                                                   Fence& greatest) {
  if (holder_ && holder_->owner != owner && !is_over(now, holder_->expires, holder_->ttl)) {
    return tl::unexpected(LeaseHeld{holder_->owner, holder_->expires - now});
  }
  // What needs memory comes first: the lease is taken as a whole, or not at all.
  Lease given{owner, Fence{greatest.value + 1}};
  Holder holder{owner, expiry(now, ttl), ttl};
  holder_ = std::move(holder);
  greatest = fence_ = given.fence;
  return given;
}

tl::expected<Lease, LostLeadership> LeaseState::renew(const Lease& lease, Nanoseconds ttl, Nanoseconds now) {
  if (auto lost = refuse(lease.fence)) return tl::unexpected(*std::move(lost));
  if (holder_->owner != lease.owner) return tl::unexpected(LostLeadership{holder_->owner});
  Lease renewed{holder_->owner, fence_};
  holder_->expires = expiry(now, ttl);
  holder_->ttl = ttl;
  return renewed;
}

void LeaseState::release(const Lease& lease) {
  if (!refuse(lease.fence) && holder_->owner == lease.owner) holder_.reset();
}

std::optional<LostLeadership> LeaseState::refuse(Fence fence) const {
  if (!holder_) return LostLeadership{};
  if (fence != fence_) return LostLeadership{holder_->owner};
  return std::nullopt;
}

}  // namespace lantern::detail
