// The contracts of streams and cursors find what is wrong: each of these stores is wrong in one way.
#include "broken_streams.hpp"

#include "check_broken.hpp"

using namespace lantern;

namespace {

using namespace broken;

// clang-format off
const Fault faults[] = {
    {"case is ignored", in<CaseIsIgnored>,
     "streams: they are listed in order, by a literal prefix, page by page, with their extents (T17)"},
    {"what changed are new streams only", in<NewStreamsOnly>, "streams: those that got events since are listed (T21)"},
    {"0 is a fine number of streams", in<NothingIsFine>, "streams: none of them, and a slice of no events, are nothing to ask for"},
    {"a slice looks further than it gives", in<StreamTailIsLost>,
     "streams: one is read in its own order, after a version, by types, in slices"},
    {"a stream that is not known is an error", in<UnknownStreamFails>,
     "streams: one that is not known has no events, and that is no error (T18)"},
    {"cursors are forgotten", in<OnlyTheNamedAreKept>, "cursors: a commit moves those that it names, and no others (T8, T13)"},
    {"cursors are stored one by one", in<CursorByCursor>,
     "cursors: a commit that builds on another one is refused, and changes nothing"},
    {"cursors may stay where they are", in<CursorsMayStay>, "cursors: they only rise (T9)"},
    {"cursors are a name's", in<CursorsOfAName>, "cursors: those of projections and tenants are their own (T12, T47)"},
};
// clang-format on

}  // namespace

TEST_CASE("the conformance suite finds what is wrong with streams and cursors") {
  for (const Fault& fault : faults) {
    DYNAMIC_SECTION(fault.name) { fault.check(fault.found_by); }
  }
}

TEST_CASE("the contracts of streams and cursors find nothing wrong with a store that only passes on") {
  for (const Contract& contract : conformance_suite<World<SoundStreams>>()) {
    if (!contract.name.starts_with("streams:") && !contract.name.starts_with("cursors:")) continue;
    DYNAMIC_SECTION(contract.name) { CHECK(contract.check().has_value()); }
  }
}
