// The suite is worth something only if it finds what is wrong with views and generations, too: each contract of theirs
// is broken by one of these stores, at least.
#include <algorithm>

#include "broken_runs.hpp"
#include "check_broken.hpp"

using namespace lantern;

namespace {

using namespace broken;

// clang-format off
const Fault faults[] = {
    {"a state ends at NUL", in<StateEndsAtNul>, "views: what a commit stored is read back, byte for byte"},
    {"one view of two is stored", in<OneViewIsStored>,
     "views: a commit stores all the views that it touches, and no others (T4)"},
    {"what is not known is an error", in<UnknownIsAnError>, "views: what is not known is no error"},
    {"erased views are forgotten", in<ErasedAreForgotten>,
     "views: an erased one is gone for readers, and goes on from its version"},
    {"an empty state is an erased one", in<EmptyIsErased>, "views: an empty state is a state, and an empty key is a key"},
    {"as of what is not told", in<AsOfIsNotTold>, "views: each answer says what it is as of"},
    {"views are cached", in<ViewsAreCached>, "views: what one store committed, another reads, and builds on"},
    {"nothing survives", check_broken<NothingSurvives>, "views: they survive reopening"},
    {"versions begin at 1", in<FirstCommitIsFromTheBeginning>,
     "views: seeded at s, then s + 1 and on, they are as if from the beginning (T45)"},
    {"views are a commit of their own", in<ViewsAreTheirOwnCommit>, "views: a refused commit leaves none"},
    {"fences are ignored", in<FenceIsIgnored>, "views: a leader that was paused leaves none (T39)"},
    {"views are stored before the writes", in<CheckpointBeforeWrites>,
     "views: a commit with a write that fails leaves none"},
    {"erased views are forgotten, all of them", in<ErasedAreForgotten>,
     "views: when all are erased none is left to read (T11)"},
    {"views alone are dropped", in<ViewsAloneAreDropped>, "views: they do not come without a checkpoint"},
    {"checkpoints are overwritten", in<CheckpointIsOverwritten>,
     "views: a commit whose reply was lost is not stored twice"},

    {"keys are in the order of letters", in<ScanOrderIsOfLetters>, "scan: keys ascend by their bytes"},
    {"a prefix is a pattern", in<ScanPrefixLikeSql>, "scan: a prefix is literal bytes"},
    {"there is never more", in<MoreIsDenied>, "scan: pages are complete, whatever their limit"},
    {"after is inclusive", in<ScanAfterIsInclusive>, "scan: a page begins after any text"},
    {"a page has no end", in<ScanByteLimitIsIgnored>, "scan: a page ends once it reaches its byte limit, and loses nothing"},
    {"a scan skips ahead", in<ScanSkipsAhead>, "scan: pages are complete, whatever their limit"},
    {"a scan looks back", in<ScanLooksBack>, "scan: pages are complete, whatever their limit"},
    {"erased views fill pages", in<ErasedFillPages>, "scan: erased views fill no page"},
    {"conditions are ignored", in<ConditionIsIgnored>, "scan: a condition is kept, or refused as not supported"},
    {"keys have no case", in<KeysHaveNoCase>, "keys: odd ones are data"},
    {"keys end at NUL", in<KeysEndAtNul>, "keys: one that is none is refused, with its whole commit"},
    {"any name has views", in<AnyNameHasViews>, "keys: views of a projection with a name that is none are refused"},
    {"tenants share views", in<TenantsShareViews>,
     "keys: same ones of two tenants never meet, in get, scan, load, checkpoint, quarantine (T47, T48)"},

    {"the moment is mistold", in<MomentIsMistold>, "replace: what was put in place is read back, as a new edition"},
    {"revisions are not checked", in<RevisionUnchecked>,
     "replace: a run that built on what was there is refused whole, and loads again"},
    {"revisions are not checked without views", in<RevisionUncheckedWithoutViews>,
     "replace: a run that built on what was there is refused whole, and loads again"},
    {"what was reset is forgotten", in<ResetIsForgotten>,
     "replace: a view that is reset keeps a row of version 0, which readers do not see"},
    {"through is not checked", in<ThroughUnchecked>,
     "replace: one that is as of another position, or generation, is refused"},
    {"a state of version 0 is fine", in<VersionZeroIsFine>, "replace: what makes no sense is refused"},
    {"there must be a checkpoint", in<NothingToReplace>, "replace: it may come before the first commit"},
    {"the edition stands still", in<MomentIsMistold>, "replace: asked twice it is done twice, and the moment grows"},
    {"no key is the empty key", in<NoKeyIsTheEmptyKey>, "parked: a run is told which of its keys are (T30)"},
    {"one record for each event", in<OneRecordForEachEvent>,
     "parked: an event is recorded once for each key, and once as a whole"},
    {"parked for ever", in<ParkedForEver>, "parked: replacing its view frees a key, and no other"},

    {"erased views are counted", in<ErasedAreCounted>, "generation: the first commit makes the first"},
    {"nothing can be rebuilt", in<RebuildOfNothing>, "generation: where there is nothing to change, nothing changes"},
    {"the code is forgotten", in<CodeIsForgotten>, "generation: which code made it is stored with it (T46)"},
    {"any name has generations", in<AnyNameHasGenerations>, "generation: names that are none are refused"},
    {"tenants share generations", in<TenantsShareGenerations>, "generation: those of two tenants never meet (T47)"},
    {"readers see the rebuild", in<ReadersSeeTheRebuild>, "rebuild: it begins empty, beside what readers see (T42)"},
    {"readers see the checkpoint of the rebuild", in<ReadersSeeItsCheckpoint>,
     "rebuild: it is filled beside what readers see, and both go on (T42)"},
    {"keys are parked in all generations", in<ParkedInAllGenerations>,
     "rebuild: keys are parked in their generation only"},
    {"replacing ends a rebuild", in<ReplacingEndsTheRebuild>, "rebuild: replacing a view does not disturb it"},
    {"a rebuild is always begun anew", in<AlwaysBegunAnew>, "rebuild: begun again with the same version, it goes on"},
    {"a rebuild is never begun anew", in<NeverBegunAnew>, "rebuild: begun with another version, it begins anew"},
    {"what is cancelled goes on", in<CancelledGoesOn>,
     "rebuild: cancelled, it is gone with views, checkpoint and quarantine (T44)"},
    {"commits to what was dropped count", in<GenerationIsIgnored>,
     "rebuild: cancelled, it is gone with views, checkpoint and quarantine (T44)"},
    {"what is finalized stays", in<FinalizedStays>,
     "rebuild: finalized, the previous one is gone with views, checkpoint and quarantine (T44)"},
    {"all roles have one lease", in<OneLeaseForAllRoles>, "rebuild: each role has a lease, and a fence, of its own (T39)"},
    {"who rebuilds needs no fence", in<BuildersNeedNoFence>,
     "rebuild: each role has a lease, and a fence, of its own (T39)"},

    {"each role counts its fences", check_broken<RolesWorld>, "rebuild: fences grow across both roles (T39)"},
    {"each role counts its fences, and a builder is late", check_broken<RolesWorld>,
     "rebuild: who built and was paused through the switch is not taken for the new leader (T39)"},

    {"nothing is kept for a rollback", in<NothingIsKeptForRollback>,
     "switch: readers see the old generation whole before, and the new one whole after (T43)"},
    {"the quarantine stays", in<QuarantineStays>, "switch: the quarantine is the generation's"},
    {"a switch can be asked for once", in<SwitchIsNotIdempotent>,
     "switch: asked twice it is done once, and not for one that is not being built"},
    {"the switch is too early", in<SwitchedTooEarly>, "switch: readers are not sent back to an earlier position"},
    {"old generations are listed", in<OldOnesAreListed>, "switch: there are three generations at most"},
    {"the old number is told", in<OldNumberIsTold>,
     "rollback: the previous generation is active again, under a new number (T43)"},
    {"a rollback ends the rebuild", in<RollbackEndsTheRebuild>, "rollback: one that is being built is kept, under a number above the active one's"},
    {"moments have no generation", in<MomentsHaveNoGeneration>,
     "rollback: whatever is done, the moment of a key only grows"},

    {"checkpoints are overwritten, under threads", in<CheckpointIsOverwritten>,
     "race: 20 writers of 5 keys lose no change (T37)"},
    {"a scan is of two instants", in<ScanOfTwoInstants>,
     "race: readers see only what was committed, all of one instant (T38)"},
    {"as of another instant", in<AsOfIsOfAnotherInstant>,
     "race: readers see only what was committed, all of one instant (T38)"},
    {"the generation is looked up first", in<GenerationIsLookedUpFirst>,
     "race: readers see one generation whole, whatever is switched (T43)"},
    {"editions are forgotten", in<EditionIsForgotten>,
     "race: views that are replaced while a run goes on undo nothing, and are not undone"},
    {"a rollback ends the rebuild, in a long story", in<RollbackEndsTheRebuild>,
     "story: any commits, replacements, rebuilds and rollbacks give what a naive model gives (T44)"},

    {"one view of two is stored, in a run", in<OneViewIsStored>,
     "keyed run: whatever effect it dies before, views are the fold of the log (T5)"},
    {"erased views are forgotten, in a run", in<ErasedAreForgotten>,
     "keyed run: lost replies change nothing in what is stored"},
    {"views are a commit of their own, with two leaders", in<ViewsAreTheirOwnCommit>,
     "keyed run: two leaders, of which one is late, change nothing in what is stored (T39)"},
    {"views are a commit of their own, in two runs", in<ViewsAreTheirOwnCommit>,
     "keyed run: an event that one process fails on is not lost when another is further (T24)"},
    {"readers see the rebuild, in a run", in<ReadersSeeTheRebuild>,
     "keyed rebuild: whatever effect it dies before, each generation is the fold of the log (T42)"},
    {"the code is forgotten, in a run", in<CodeIsForgotten>,
     "keyed rebuild: lost replies change nothing in what is stored"},
    {"commits to what was dropped count, in a run", in<GenerationIsIgnored>,
     "keyed rebuild: an old program and a new one, dying and late, never mix (T43)"},
    {"tenants have no case, in a run", in<TenantsHaveNoCase>,
     "keyed names: whatever they are, two tenants are folded, parked and mended apart (T47, T48)"},
    {"nothing is kept for a rollback, in a run", in<NothingIsKeptForRollback>,
     "keyed names: whatever they are, two tenants are rebuilt, switched and dropped apart (T47, T48)"},
};
// clang-format on

}  // namespace

TEST_CASE("the conformance suite finds what is wrong with views and generations") {
  for (const Fault& fault : faults) {
    DYNAMIC_SECTION(fault.name) { fault.check(fault.found_by); }
  }
}

TEST_CASE("each contract of views and generations is broken by a store") {
  for (const auto& name : conformance_contracts()) {
    const std::string group = name.substr(0, name.find(':'));
    const std::vector<std::string> groups{"views",      "scan",          "keys",       "replace",  "parked",
                                          "generation", "rebuild",       "switch",     "rollback", "story",
                                          "keyed run",  "keyed rebuild", "keyed names"};
    if (std::ranges::find(groups, group) == groups.end()) continue;
    INFO(name);
    CHECK(std::ranges::any_of(faults, [&](const Fault& fault) { return fault.found_by == name; }));
  }
}
