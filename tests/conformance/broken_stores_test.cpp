// The suite is worth something only if it finds what is wrong: each of these stores is wrong in one way.
#include "broken_stores.hpp"

#include "broken_logs.hpp"
#include "check_broken.hpp"

using namespace lantern;

namespace {

using namespace broken;

// clang-format off
const Fault faults[] = {
    {"ids are forgotten", in<IdsForgotten>, "append: an event is added once per id"},
    {"versions are not checked", in<VersionsUnchecked>, "append: a version conflict shows both versions and adds nothing"},
    {"versions are checked one by one", in<VersionsCheckedOneByOne>,
     "append: a conflict in one stream leaves all streams as they were"},
    {"NUL becomes an underscore", in<NulBecomesUnderscore>,
     "names: an event with a name that is none is refused, with its whole batch"},
    {"a payload ends at NUL", in<TextEndsAtNul>, "append: payload and metadata are any bytes"},
    {"the version is the position", in<VersionIsPosition>, "append: versions count from 1 in each stream"},
    {"hints never end", in<HintsNeverEnd>, "append: no hint comes after its subscription ended"},
    {"nothing survives", check_broken<NothingSurvives>, "append: the log survives reopening"},

    {"after is inclusive", in<AfterIsInclusive>, "read: a page begins after the position that was asked for"},
    {"one event too many", in<OneTooMany>, "read: a limited page has the first events"},
    {"a limit of 0 is no limit", in<ZeroMeansAll>, "read: a limit of 0 is refused"},
    {"bytes are not limited", in<BytesWithoutLimit>, "read: a page ends once it reaches its byte limit, and loses nothing"},
    {"a prefix is a pattern", in<PrefixLikeSql>, "read: a stream prefix is literal"},
    {"the first type only", in<FirstTypeOnly>, "read: types are a set, however large"},
    {"scanned_to is the head", in<TailIsLost>, "read: scanned_to passes no event that the filter lets through"},
    {"scanned_to is the last event", in<RejectedTailIsReadAgain>,
     "read: a filter that lets nothing through still reaches the head"},
    {"the head is not told", in<HeadIsNotTold>, "read: after the last event there is an empty page at the head"},
    {"what cannot be decoded is dropped", in<UndecodableIsDropped>, "read: events that nobody can decode pass through"},
    {"positions become visible late", in<SeenLate>, "read: cursors between appends see each event once, in order"},
    {"positions become visible late, under threads", in<SeenLate>,
     "race: cursors lose nothing and see nothing twice while others append"},

    {"checkpoints are overwritten", in<CheckpointIsOverwritten>,
     "checkpoint: a commit that builds on another one is refused, and told which is stored"},
    {"checkpoints are overwritten, under threads", in<CheckpointIsOverwritten>,
     "race: one of several commits from the same checkpoint goes through"},
    {"checkpoints go back", in<BackIsFine>, "checkpoint: it never goes back (T9)"},
    {"generations are ignored", in<GenerationIsIgnored>, "checkpoint: a commit of another generation is refused"},
    {"the log of a checkpoint is forgotten", in<LogIsForgotten>,
     "checkpoint: which log it is a place in is kept with it (T50)"},
    {"each object has a log of its own", in<LogIsOfTheObject>,
     "append: a log is the same one as before, after appends and reopening (T50)"},
    {"checkpoints are cached", in<CheckpointIsCached>, "checkpoint: what one store saved, another sees, and builds on"},
    {"tenants are joined to names", in<TenantIsJoined>, "names: the checkpoints of two tenants never meet (T12, T47)"},
    {"records are a commit of their own", in<QuarantineIsItsOwnCommit>, "quarantine: a refused commit stores no record"},
    {"records are forgotten", in<QuarantineIsForgotten>,
     "run: bad events are recorded once, and the others applied once, whatever crashes"},
    {"a write is miscounted", in<WriteIsMiscounted>, "writes: one that fails changes nothing, and is named"},
    {"the checkpoint is stored before the writes", in<CheckpointBeforeWrites>,
     "writes: one that fails changes nothing, and is named"},
    {"writes are not rolled back", check_broken<WritesAreNotRolledBack>,
     "run: bad events are recorded once, and the others applied once, whatever crashes"},

    {"fences are ignored", in<FenceIsIgnored>, "fence: a stale one changes nothing"},
    {"fences stand still", in<FenceStandsStill>, "lease: the fence only ever grows"},
    {"each store has its own leases", in<LeaseOfOneStore>, "lease: two stores on one database exclude each other"},
    {"the clock never goes back", check_broken<ClockNeverGoesBack>,
     "lease: a clock that is set back makes nobody wait for as long"},
    {"anything is renewed", in<AnythingIsRenewed>, "lease: one that another took cannot be renewed"},
    {"anyone may give a lease back", in<AnyoneReleases>,
     "lease: giving back one that is lost is no error, and takes nothing from its holder"},
};
// clang-format on

}  // namespace

TEST_CASE("the conformance suite finds what is wrong with a store") {
  for (const Fault& fault : faults) {
    DYNAMIC_SECTION(fault.name) { fault.check(fault.found_by); }
  }
}

TEST_CASE("the conformance suite finds nothing wrong with a store that only passes on") {
  for (const Contract& contract : conformance_suite<World<Sound>>()) {
    DYNAMIC_SECTION(contract.name) { CHECK(contract.check().has_value()); }
  }
}
