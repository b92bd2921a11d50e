#include "leading.hpp"

#include <algorithm>

#include "batch.hpp"
#include "instants.hpp"
#include "trouble.hpp"

namespace lantern::detail {

using std::chrono::nanoseconds;

bool must_lead(const Run& r) { return r.config.leadership && !r.lease; }

bool leads_another_role(const Run& r) { return r.lease && r.lease_role != r.role(); }

bool renewal_is_due(const Run& r) { return r.lease && (r.confirming || between(r.renew_from, r.now) >= r.renew_after); }

void renew_soon(Run& r) {
  r.renew_from = r.now;
  r.renew_after = std::max(r.config.leadership->ttl.value() / 10, nanoseconds(1));
}

void lead(Run& r, Lease lease) {
  const bool gained = !r.lease;
  if (gained) r.lease_role = r.role();
  r.lease = std::move(lease);
  // The lease runs from some instant after it was asked for. A third of it leaves time for two more tries.
  r.renew_from = r.lease_asked_at;
  r.renew_after = r.config.leadership->ttl.value() / 3;
  if (renewal_is_due(r)) renew_soon(r);  // the answer took that long
  if (gained) {
    r.store_failures = 0;                   // renewing says nothing about commits, so it leaves their count alone
    if (r.rebuilding) r.inspected = false;  // who led before may have rebuilt it already
    tell(r, [&] { return happening::LeaseGained{*r.lease}; });
  }
}

std::string namesake(const Run& r, std::string_view holder) {
  const bool same = r.config.leadership && r.config.leadership->owner == holder;
  return same ? " (that is this run's own name: two runners use the same owner name)" : "";
}

void lose_leadership(Run& r, const LostLeadership& lost) {
  r.lease.reset();
  r.leave_in_doubt();
  tell(r, [&] { return happening::LeaseLost{lost.holder}; });
  if (!r.config.leadership || r.config.leadership->when_not_leader == WhenNotLeader::fail) {
    fail(r, ErrorKind::leadership,
         lost.holder.empty() ? "leadership was lost"
                             : "leadership was lost to " + lost.holder + namesake(r, lost.holder));
    return abandon_batch(r);
  }
  if (!r.keeps_checkpoint) {                                              // what is in memory stays true
    if (r.wait && r.wait->reason == Sleep::Reason::idle) r.wait.reset();  // there is better to do: to lead again
    return;
  }
  abandon_batch(r);
  r.loaded = r.begun = false;
}

}  // namespace lantern::detail
