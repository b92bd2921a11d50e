// How replies look in a trace of a store.
#include <catch2/catch.hpp>

#include "lantern/traced.hpp"

using namespace lantern;
using namespace std::chrono_literals;

namespace {

const Failure away(FailureKind::busy, "away");
const std::string failed = "failed, busy: away";

template <class Reply>
Reply no() {
  if constexpr (std::same_as<typename Reply::error_type, Failure>) return Reply(tl::unexpect, away);
  else return Reply(tl::unexpect, typename Reply::error_type(away));
}

}  // namespace

TEST_CASE("a failure is told as one, whatever was asked") {
  CHECK(describe(no<LoadCheckpoint::reply>()) == failed);
  CHECK(describe(no<ReadEvents::reply>()) == failed);
  CHECK(describe(no<SaveCheckpoint::reply>()) == "away");
  CHECK(describe(no<AcquireLease::reply>()) == failed);
  CHECK(describe(no<RenewLease::reply>()) == failed);
  CHECK(describe(no<ReleaseLease::reply>()) == failed);
  CHECK(describe(no<AppendEvents::reply>()) == failed);
  CHECK(describe(no<LoadViews::reply>()) == failed);
  CHECK(describe(no<Publish::reply>()) == failed);
  CHECK(describe(no<BeginRebuild::reply>()) == failed);
  CHECK(describe(no<ActivateGeneration::reply>()) == failed);
  CHECK(describe(no<ListStreams::reply>()) == failed);
  CHECK(describe(no<ReadStream::reply>()) == failed);
  CHECK(describe(no<GetView::reply>()) == failed);
  CHECK(describe(no<ScanViews::reply>()) == failed);
  CHECK(describe(no<ReplaceView::reply>()) == failed);
  CHECK(describe(no<ListGenerations::reply>()) == failed);
  CHECK(describe(no<RollBack::reply>()) == failed);
  CHECK(describe(no<FinalizeRebuild::reply>()) == failed);
}

TEST_CASE("what a pipeline asks for is answered like this") {
  CHECK(describe(LoadCheckpoint::reply(std::nullopt)) == "none");
  CHECK(describe(LoadCheckpoint::reply(Checkpoint{Position{4}})) == "4 (generation 1)");
  CHECK(describe(ReadEvents::reply(EventPage{})) == "0 events, scanned_to=-, head=-");
  CHECK(describe(SaveCheckpoint::reply(Saved{})) == "saved");
  CHECK(describe(AcquireLease::reply(Lease{"me", Fence{2}})) == "fence 2 for me");
  const LeaseHeld held{"other", 1500us};
  CHECK(describe(AcquireLease::reply(tl::unexpect, held)) == "held by other for another 2 ms");
  CHECK(describe(RenewLease::reply(Lease{"me", Fence{2}})) == "fence 2 for me");
  CHECK(describe(RenewLease::reply(tl::unexpect, LostLeadership{})) == "lost");
  CHECK(describe(RenewLease::reply(tl::unexpect, LostLeadership{"x"})) == "lost to x");
  CHECK(describe(ReleaseLease::reply(ReleaseLease::Released{})) == "released");
  CHECK(describe(LoadViews::reply(LoadedViews{std::vector<StoredView>(2), {"k"}})) == "2 views, 1 parked");
  CHECK(describe(Publish::reply(Publish::Published{})) == "published");
  CHECK(describe(BeginRebuild::reply(Checkpoint{})) == "- (generation 1)");
  CHECK(describe(BeginRebuild::reply(tl::unexpect, LostLeadership{"x"})) == "lost to x");
  CHECK(describe(ActivateGeneration::reply(ActivateGeneration::Activated{})) == "activated");
  CHECK(describe(ActivateGeneration::reply(tl::unexpect, BehindActive{Position{3}})) ==
        "behind the active one, which is at 3");
  CHECK(describe(ActivateGeneration::reply(tl::unexpect, BehindActive{{}, "s\n"})) ==
        "behind the active one in stream s\\n");
  CHECK(describe(ListStreams::reply(StreamPage{{}, Position{4}})) == "0 streams, as of 4");
  CHECK(describe(ReadStream::reply(StreamSlice{})) == "0 events, scanned_to=-, head=-");
  CHECK(describe(ActivateGeneration::reply(tl::unexpect, BehindActive{})) == "behind the active one, which is at -");
}

TEST_CASE("what producers, readers and operators ask for is answered like this") {
  CHECK(describe(AppendEvents::reply(Appended{2, 1, Position{3}})) == "2 added, 1 there already");
  CHECK(describe(AppendEvents::reply(tl::unexpect, VersionConflict{"s", 1, 2})) == "stream s is at version 2, not 1");
  CHECK(describe(AppendEvents::reply(tl::unexpect, IdConflict{0, "i", Position{3}})) == "the id i is taken at 3");
  CHECK(describe(GetView::reply(GetView::Answer{})) == "none, as of - (generation 1)");
  CHECK(describe(GetView::reply(GetView::Answer{StoredView{.key = "k", .version = 1}, {}})) ==
        "k version 1, of -: erased, as of - (generation 1)");
  ScanViews::Page page{std::vector<StoredView>(2), {}, false, {}};
  CHECK(describe(ScanViews::reply(page)) == "2 views, as of - (generation 1)");
  page.more = true;
  CHECK(describe(ScanViews::reply(page)) == "2 views and more, as of - (generation 1)");
  CHECK(describe(ReplaceView::reply(ReplaceView::Replaced{Moment{Generation{1}, Revision{2}, 3}})) ==
        "replaced, at 1.2.3");
  CHECK(describe(ReplaceView::reply(tl::unexpect, CheckpointMoved{})) == "checkpoint moved: absent");
  CHECK(describe(ListGenerations::reply(std::vector<GenerationStatus>{})) == "0 generations");
  CHECK(describe(ListGenerations::reply(std::vector<GenerationStatus>(1))) ==
        "1 generations; 1 active at -, code 1/1, 0 views");
  CHECK(describe(RollBack::reply(Generation{2})) == "active: 2");
  CHECK(describe(FinalizeRebuild::reply(Generation{2})) == "dropped 2");
  CHECK(describe(FinalizeRebuild::reply(std::nullopt)) == "nothing to drop");
}
