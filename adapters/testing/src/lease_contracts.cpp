// Contracts of leases, and of the fence in a commit.
#include <limits>

#include "lab.hpp"

namespace lantern::detail {
namespace {

using namespace std::chrono_literals;
using std::chrono::nanoseconds;

const ProjectionId orders("orders");
constexpr nanoseconds ttl = 10s;

Lease take(Lab& lab, const std::string& owner, const ProjectionId& id = orders) {
  Lease lease = must(owner + " taking the lease of " + to_string(id), lab.perform(AcquireLease{id, owner, ttl}));
  expect_same("the owner of the lease", lease.owner, owner);
  return lease;
}

void expect_held(Lab& lab, const std::string& asking, const std::string& holder) {
  const std::string what = asking + " asking for the lease that " + holder + " holds";
  const auto held = must_refuse<LeaseHeld>(what, lab.perform(AcquireLease{orders, asking, ttl}));
  expect_same(what + ": the holder that it is told", held.owner, holder);
  expect(held.expires_in > 0ns && held.expires_in <= ttl,
         what + ": it expires in " + std::to_string(held.expires_in.count()) + " ns, of 10 s");
}

/// The clock was set back by less than the lease's time.
void expect_held_longer(Lab& lab, const std::string& asking, const std::string& holder) {
  const std::string what = asking + " asking for the lease that " + holder + " was given a moment later";
  const auto held = must_refuse<LeaseHeld>(what, lab.perform(AcquireLease{orders, asking, ttl}));
  expect(held.expires_in > ttl && held.expires_in <= 2 * ttl,
         what + ": it expires in " + std::to_string(held.expires_in.count()) + " ns, of 19 s");
}

void give_back(Lab& lab, const Lease& lease) {
  must(lease.owner + " giving the lease back", lab.perform(ReleaseLease{orders, lease}));
}

SaveCheckpoint fenced(std::optional<std::int64_t> from, std::int64_t through, Fence fence) {
  SaveCheckpoint save;
  save.projection = orders;
  if (from) save.from = Position{*from};
  save.through = Position{through};
  save.fence = fence;
  return save;
}

void expect_lost(Lab& lab, SaveCheckpoint save, const std::string& holder) {
  if (lab.offers().quarantine) save.quarantined.push_back({.position = Position{1}, .stream = "s", .type = "T"});
  const auto before = lab.checkpoint(orders);
  const std::string what = shown(save) + " with a fence that does not hold";
  const auto lost = must_refuse<LostLeadership>(what, lab.perform(save));
  expect_same(what + ": who leads", lost, LostLeadership{holder});
  expect_same("the checkpoint after " + what, lab.checkpoint(orders), before);
  expect_same("records after " + what, lab.store().quarantined(orders).size(), 0u);
}

// ---- taking and giving back ----

void free_lease(Lab& lab) { take(lab, "me"); }

void second_is_blocked(Lab& lab) {
  take(lab, "first");
  expect_held(lab, "second", "first");
}

void stores_exclude(Lab& lab) {
  const auto other = lab.open();
  const Lease lease = take(lab, "first");
  const auto held = must_refuse<LeaseHeld>("the same lease through another store",
                                           Lab::perform(*other, AcquireLease{orders, "second", ttl}));
  expect_same("who holds it", held.owner, "first");
  give_back(lab, lease);
  const Lease next =
      must("the lease, given back, through another store", Lab::perform(*other, AcquireLease{orders, "second", ttl}));
  expect(next.fence > lease.fence, "the fence did not grow from one store to the other");
  expect_held(lab, "first", "second");
}

void independent(Lab& lab) {
  take(lab, "first");
  take(lab, "second", ProjectionId("other"));
  take(lab, "third", ProjectionId("orders", "acme"));
  expect_held(lab, "second", "first");
}

void released_is_free(Lab& lab) {
  give_back(lab, take(lab, "first"));
  give_back(lab, take(lab, "second"));
  take(lab, "first");
}

void release_of_lost(Lab& lab) {
  const Lease old = take(lab, "first");
  give_back(lab, old);
  give_back(lab, old);
  const Lease current = take(lab, "second");
  give_back(lab, old);
  expect_held(lab, "third", "second");
  give_back(lab, {current.owner, Fence{current.fence.value + 1}});
  give_back(lab, {current.owner, old.fence});
  expect_held(lab, "third", "second");
}

void taken_anew(Lab& lab) {
  const Lease old = take(lab, "me");
  const Lease anew = take(lab, "me");
  expect(anew.fence > old.fence, "the fence did not grow when its owner took the lease anew");
  give_back(lab, old);
  expect_held(lab, "other", "me");
  expect_lost(lab, fenced(std::nullopt, 1, old.fence), "me");
  const SaveCheckpoint save = fenced(std::nullopt, 1, anew.fence);
  must(shown(save), lab.perform(save));
}

void fence_grows(Lab& lab) {
  Fence last{std::numeric_limits<std::int64_t>::min()};
  for (int round = 0; round < 12; ++round) {
    const Lease lease = take(lab, round % 3 == 0 ? "first" : "second");
    expect(lease.fence > last, "the fence went from " + shown(last) + " to " + shown(lease.fence));
    last = lease.fence;
    if (round % 4 == 3) lab.reopen();
    give_back(lab, lease);
    if (round % 4 == 1) lab.reopen();
  }
}

void lease_survives(Lab& lab) {
  const Lease lease = take(lab, "first");
  lab.reopen();
  expect_held(lab, "second", "first");
  const SaveCheckpoint save = fenced(std::nullopt, 1, lease.fence);
  must(shown(save), lab.perform(save));
}

// ---- the clock ----

void expires_by_clock(Lab& lab) {
  const Lease first = take(lab, "first");
  lab.advance(9s);
  const auto held = must_refuse<LeaseHeld>("a lease after 9 s of 10", lab.perform(AcquireLease{orders, "second", ttl}));
  expect(held.expires_in > 0ns && held.expires_in <= 1s,
         "after 9 s of 10, a lease expires in " + std::to_string(held.expires_in.count()) + " ns");
  lab.advance(2s);
  const Lease second = take(lab, "second");
  expect(second.fence > first.fence, "the fence did not grow when an expired lease was taken");
  expect_held(lab, "first", "second");
}

void renewed_from_now(Lab& lab) {
  Lease lease = take(lab, "first");
  lab.advance(8s);
  const Lease renewed = must("renewing", lab.perform(RenewLease{orders, lease, ttl}));
  expect_same("the renewed lease", renewed == lease, true);
  lab.advance(9s);
  expect_held(lab, "second", "first");
  lab.advance(2s);
  take(lab, "second");
}

void clock_set_back(Lab& lab) {
  const Lease first = take(lab, "first");
  lab.advance(-24h);
  const Lease second = take(lab, "second");
  expect(second.fence > first.fence, "the fence did not grow when a lease of another time was taken");
  expect_held(lab, "first", "second");
  lab.advance(-9s);
  expect_held_longer(lab, "first", "second");
}

void renewed_late(Lab& lab) {
  const Lease lease = take(lab, "first");
  lab.advance(11s);
  must("renewing an expired lease that nobody took", lab.perform(RenewLease{orders, lease, ttl}));
  expect_held(lab, "second", "first");
  lab.advance(11s);
  const SaveCheckpoint save = fenced(std::nullopt, 1, lease.fence);
  must("committing under an expired lease that nobody took", lab.perform(save));
}

void renewal_of_lost(Lab& lab) {
  const Lease first = take(lab, "first");
  lab.advance(11s);
  const Lease second = take(lab, "second");
  const auto lost =
      must_refuse<LostLeadership>("renewing a lease that another has", lab.perform(RenewLease{orders, first, ttl}));
  expect_same("who leads", lost.holder, "second");
  lab.advance(9s);
  expect_held(lab, "third", "second");
  lab.advance(2s);
  const Lease third = take(lab, "third");
  expect(third.fence > second.fence, "the fence did not grow");
}

void renewal_of_released(Lab& lab) {
  const Lease lease = take(lab, "first");
  give_back(lab, lease);
  const auto lost =
      must_refuse<LostLeadership>("renewing a lease that was given back", lab.perform(RenewLease{orders, lease, ttl}));
  expect_same("who leads", lost.holder, "");
  take(lab, "second");
}

void longest_lease(Lab& lab) {
  const Lease lease =
      must("a lease of the longest time", lab.perform(AcquireLease{orders, "first", nanoseconds::max()}));
  const auto held = must_refuse<LeaseHeld>("that lease", lab.perform(AcquireLease{orders, "second", ttl}));
  expect_same("who holds it", held.owner, "first");
  expect(held.expires_in > 0ns, "the longest lease has expired");
  must("renewing it", lab.perform(RenewLease{orders, lease, nanoseconds::max()}));
  must_refuse<LeaseHeld>("that lease, renewed", lab.perform(AcquireLease{orders, "second", ttl}));
}

// ---- the fence in a commit ----

void fence_holds(Lab& lab) {
  const Lease lease = take(lab, "me");
  const SaveCheckpoint save = fenced(std::nullopt, 1, lease.fence);
  must(shown(save), lab.perform(save));
  expect_same("the checkpoint", lab.checkpoint(orders), Position{1});
  lab.save(orders, Position{1}, Position{2});  // a run without a lease: no fence, no check
}

void stale_fence(Lab& lab) {
  const Lease first = take(lab, "first");
  must("the first commit", lab.perform(fenced(std::nullopt, 1, first.fence)));
  give_back(lab, first);
  const Lease second = take(lab, "second");
  expect_lost(lab, fenced(1, 2, first.fence), "second");
  must("the commit of the new leader", lab.perform(fenced(1, 2, second.fence)));
}

void expired_fence(Lab& lab) {
  const Lease first = take(lab, "first");
  lab.advance(11s);
  take(lab, "second");
  expect_lost(lab, fenced(std::nullopt, 1, first.fence), "second");
}

void released_fence(Lab& lab) {
  const Lease lease = take(lab, "me");
  give_back(lab, lease);
  expect_lost(lab, fenced(std::nullopt, 1, lease.fence), "");
}

void foreign_fence(Lab& lab) {
  const Lease lease = take(lab, "me");
  expect_lost(lab, fenced(std::nullopt, 1, Fence{lease.fence.value + 1}), "me");
  expect_lost(lab, fenced(std::nullopt, 1, Fence{lease.fence.value - 1}), "me");
  const ProjectionId other("other"), tenant("orders", "acme");
  for (const auto& id : {other, tenant}) {
    SaveCheckpoint save = fenced(std::nullopt, 1, lease.fence);
    save.projection = id;
    must_refuse<LostLeadership>("the fence of another projection", lab.perform(save));
    expect_same("the checkpoint of " + to_string(id), lab.checkpoint(id), std::nullopt);
  }
}

}  // namespace

std::span<const Rule> lease_rules() {
  // clang-format off
  static constexpr Rule rules[] = {
      {"lease: a free one is given", leases, free_lease},
      {"lease: a second owner is told who holds it", leases, second_is_blocked},
      {"lease: two stores on one database exclude each other", leases, stores_exclude},
      {"lease: projections are independent", leases, independent},
      {"lease: given back, it is free", leases, released_is_free},
      {"lease: giving back one that is lost is no error, and takes nothing from its holder", leases, release_of_lost},
      {"lease: its owner may take it anew, and the old one is stale then", leases, taken_anew},
      {"lease: the fence only ever grows", leases, fence_grows},
      {"lease: it survives reopening", leases, lease_survives},
      {"lease: it expires by the clock", leases | clock, expires_by_clock},
      {"lease: a clock that is set back makes nobody wait for as long", leases | clock, clock_set_back},
      {"lease: renewing prolongs it from now", leases | clock, renewed_from_now},
      {"lease: expiry alone takes nothing away", leases | clock, renewed_late},
      {"lease: one that another took cannot be renewed", leases | clock, renewal_of_lost},
      {"lease: one that was given back cannot be renewed", leases, renewal_of_released},
      {"lease: the longest time is a time", leases, longest_lease},
      {"fence: the holder's commits count", leases, fence_holds},
      {"fence: a stale one changes nothing", leases, stale_fence},
      {"fence: one that expired and was taken changes nothing", leases | clock, expired_fence},
      {"fence: one that was given back changes nothing", leases, released_fence},
      {"fence: one that was never given, or for another projection, changes nothing", leases, foreign_fence},
  };
  // clang-format on
  return rules;
}

}  // namespace lantern::detail
