// Contracts of who may build and who may lead: each role has a lease, and no fence fits both.
#include "views.hpp"

namespace lantern::detail {
namespace {

using namespace std::chrono_literals;
const ProjectionId orders("orders");
constexpr CodeVersion second{2, 1};

/// A projection with a view and a past.
ViewRun with_views(Lab& lab) {
  ViewRun run;
  run.commit(lab, {made("a", "1"), made("b", "1")});
  run.commit(lab, {made("a", "2", 2)});
  return run;
}

Fence take(Lab& lab, const std::string& owner, Role role) {
  return must(owner + " taking a lease", lab.perform(AcquireLease{orders, owner, 10s, role})).fence;
}

void give_back(Lab& lab, const std::string& owner, Fence fence, Role role) {
  must(owner + " giving back", lab.perform(ReleaseLease{orders, {owner, fence}, role}));
}

void fences_by_role(Lab& lab) {
  ViewRun live = with_views(lab);
  live.fence = take(lab, "live", Role::live);
  const Fence stale = take(lab, "old", Role::rebuild);
  must("giving back", lab.perform(ReleaseLease{orders, {"old", stale}, Role::rebuild}));
  const Fence fence = take(lab, "builder", Role::rebuild);
  const auto held =
      must_refuse<LeaseHeld>("a second builder", lab.perform(AcquireLease{orders, "x", 10s, Role::rebuild}));
  expect_same("who builds", held.owner, "builder");

  must_refuse<LostLeadership>("a rebuild with a stale fence", lab.perform(BeginRebuild{orders, second, stale}));
  expect_same("how many generations there are", list(lab.store(), orders).size(), 1u);
  ViewRun built = begin(lab.store(), orders, second, fence);
  live.commit(lab, {made("a", "3", 3)});
  while (built.at < live.at) built.commit(lab, {made("a", "x")});

  ViewRun wrong = built;
  wrong.fence = stale;
  const auto lost = must_refuse<LostLeadership>("a commit of the builder before", lab.perform(wrong.next({})));
  expect_same("who builds", lost.holder, "builder");
  wrong.fence = Fence{fence.value + 1};
  must_refuse<LostLeadership>("a commit with a fence of nobody", lab.perform(wrong.next({})));
  must("renewing", lab.perform(RenewLease{orders, {"builder", fence}, 10s, Role::rebuild}));
  must_refuse<LostLeadership>("renewing for the other role",
                              lab.perform(RenewLease{orders, {"builder", fence}, 10s, Role::live}));
  must("giving back for the other role", lab.perform(ReleaseLease{orders, {"builder", fence}, Role::live}));
  built.commit(lab, {});

  must_refuse<LostLeadership>("switching with a stale fence",
                              lab.perform(ActivateGeneration{orders, built.generation, stale}));
  expect_same("the active one", run_of(lab.store(), orders).generation, live.generation);
  activate(lab.store(), built);
  must_refuse<GenerationMoved>("a commit of the live run, which still leads, to what was active",
                               lab.perform(live.next({made("a", "late", 4)})));
  built.fence = live.fence;
  built.commit(lab, {made("a", "y", 2)});  // what was built is live now, and so is its fence
}

/// Which role a commit is of may change under a run that is paused: its fence must then fit neither lease.
void fences_grow_across_roles(Lab& lab) {
  std::optional<Fence> greatest;
  for (int round = 0; round < 12; ++round) {
    const Role role = round % 3 == 1 ? Role::live : Role::rebuild;
    const std::string owner = "owner " + std::to_string(round);
    const Fence fence = take(lab, owner, role);
    expect(!greatest || fence > *greatest,
           "the fence went from " + shown(greatest) + " to " + shown(fence) + ", counting the leases of both roles");
    greatest = fence;
    if (round % 4 == 2) lab.reopen();
    give_back(lab, owner, fence, role);
  }
}

/// One that led, and was paused while its generation came and went, is refused whatever it is now.
void paused_builder(Lab& lab) {
  ViewRun live = with_views(lab);
  const Fence builder = take(lab, "builder", Role::rebuild);
  ViewRun built = begin(lab.store(), orders, second, builder);
  while (built.at < live.at) built.commit(lab, {made("a", "x", built.at ? built.at->value + 1 : 1)});
  activate(lab.store(), built);
  give_back(lab, "builder", builder, Role::rebuild);
  static_cast<void>(take(lab, "leader", Role::live));
  const SaveCheckpoint late = built.next({made("a", "late", 9)});
  const auto lost = must_refuse<LostLeadership>("a commit of the builder, which woke up late", lab.perform(late));
  expect_same("who leads", lost.holder, "leader");
}

}  // namespace

std::span<const Rule> role_rules() {
  // clang-format off
  static constexpr Rule rules[] = {
      {"rebuild: each role has a lease, and a fence, of its own (T39)", generations | leases, fences_by_role},
      {"rebuild: fences grow across both roles (T39)", generations | leases, fences_grow_across_roles},
      {"rebuild: who built and was paused through the switch is not taken for the new leader (T39)",
       generations | leases, paused_builder},
  };
  // clang-format on
  return rules;
}

}  // namespace lantern::detail
