#include "leases.hpp"

#include "lantern/refuse.hpp"

namespace lantern::detail {

tl::expected<Lease, LeaseHeld> LeaseState::acquire(const std::string& owner, Nanoseconds ttl, Nanoseconds now,
                                                   Fence& greatest) {
  if (holder_ && holder_->owner != owner && !is_over(now, holder_->expires, holder_->ttl)) {
    return tl::unexpected(LeaseHeld{holder_->owner, holder_->expires - now});
  }
  holder_ = Holder{owner, expiry(now, ttl), ttl};
  fence_ = Fence{++greatest.value};
  return Lease{owner, fence_};
}

tl::expected<Lease, LostLeadership> LeaseState::renew(const Lease& lease, Nanoseconds ttl, Nanoseconds now) {
  if (auto lost = refuse(lease.fence)) return tl::unexpected(*std::move(lost));
  if (holder_->owner != lease.owner) return tl::unexpected(LostLeadership{holder_->owner});
  holder_->expires = expiry(now, ttl);
  holder_->ttl = ttl;
  return Lease{holder_->owner, fence_};
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
