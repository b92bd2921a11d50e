// How values look: in a trace, in messages, and in a test that fails.
#include <catch2/catch.hpp>

#include <sstream>

#include "lantern/generation_effects.hpp"
#include "lantern/observer.hpp"
#include "lantern/pipeline.hpp"
#include "lantern/view_follower.hpp"

using namespace lantern;
using namespace std::chrono_literals;

namespace {

template <class T>
std::string line(const T& value) {
  std::ostringstream out;
  out << value;
  return std::move(out).str();
}

std::string happened(Happening what) { return line(what); }

const ProjectionId p("p");

}  // namespace

TEST_CASE("each kind of failure has a name of its own") {
  using enum FailureKind;
  CHECK(to_string(busy) == "busy");
  CHECK(to_string(unavailable) == "unavailable");
  CHECK(to_string(denied) == "denied");
  CHECK(to_string(full) == "full");
  CHECK(to_string(corrupt) == "corrupt");
  CHECK(to_string(not_a_store) == "not a store");
  CHECK(to_string(incompatible) == "incompatible");
  CHECK(to_string(invalid) == "invalid");
  CHECK(to_string(undecodable) == "undecodable");
  CHECK(to_string(rejected) == "rejected");
  CHECK(to_string(unsupported) == "unsupported");
  CHECK(to_string(internal) == "internal");
}

TEST_CASE("each kind of error has a name of its own, and says what to do now") {
  const auto check = [](ErrorKind kind, std::string_view name, std::string_view advice) {
    CHECK(to_string(kind) == name);
    ProjectionError error;
    error.kind = kind;
    error.what = "it failed";
    INFO(error.message());
    CHECK(error.message().ends_with(" / " + std::string(advice)));
  };
  using enum ErrorKind;
  const std::string_view event = "mend the projector or the event's policy, then run again: it goes on with this event";
  const std::string_view store = "mend the store, then run again: it goes on from the checkpoint";
  check(event_failed, "event failed", event);
  check(retries_exhausted, "retries exhausted", event);
  check(poll_failed, "poll failed", store);
  check(checkpoint_load_failed, "checkpoint load failed", store);
  check(views_load_failed, "views load failed", store);
  check(checkpoint_save_failed, "checkpoint save failed",
        "mend the store, then run again: what was not committed is applied anew");
  check(checkpoint_conflict, "checkpoint conflict",
        "make sure that only one runner drives this projection, then run again");
  check(rebuild_failed, "rebuild failed", "mend the store, then run again: a rebuild goes on where it was");
  check(superseded, "superseded", "run the newer program, or look at the projection's generations");
  check(version_too_old, "version too old", "run the newer program, or roll back to a generation that this one made");
  check(leadership, "leadership", "wait for the leader to end, or run as a standby");
  check(store_contract, "store contract",
        "mend the store's reader, or restore the log that belongs to this checkpoint");
  check(source_changed, "source changed",
        "bring back the log that was processed, or rebuild the projection from the one that is there");
  check(projector, "projector", "mend the projector or its configuration, then run again");
  check(protocol, "protocol", "mend the program that drives the pipeline");
}

TEST_CASE("an error says where it happened, as far as that is known") {
  ProjectionError error;
  error.kind = ErrorKind::event_failed;
  error.what = "it failed";
  CHECK(error.message().starts_with("it failed / at the beginning of the log / "));
  error.event_type = "Paid";
  CHECK(error.message().starts_with("it failed / at position 0, Paid of stream  / "));
  error.position = Position{7};
  error.stream = "s";
  CHECK(error.message().starts_with("it failed / at position 7, Paid of stream s / "));
  error.attempt = 1;
  CHECK(error.message().starts_with("it failed / at position 7, Paid of stream s, attempt 1 / "));
  error.event_type = error.stream = "";
  CHECK(error.message().starts_with("it failed / after position 7 / "));
  error.kind = ErrorKind::protocol;
  CHECK(error.message().starts_with("it failed / after position 7 / "));
  error.kind = ErrorKind::leadership;  // a matter of the whole projection
  CHECK(error.message().starts_with("it failed / wait"));
  for (const ErrorKind kind : {ErrorKind::projector, ErrorKind::protocol}) {  // no log was looked at
    error.kind = kind;
    error.position.reset();
    CHECK(error.message().starts_with("it failed / mend"));
  }
}

TEST_CASE("names of what a request is for") {
  CHECK(std::string(to_string(LoadCheckpoint::Purpose::start)) == "start");
  CHECK(std::string(to_string(LoadCheckpoint::Purpose::resolve)) == "resolve");
  CHECK(std::string(to_string(LoadCheckpoint::Purpose::inspect)) == "inspect");
  CHECK(std::string(to_string(Sleep::Reason::idle)) == "idle");
  CHECK(std::string(to_string(Sleep::Reason::poll_retry)) == "poll_retry");
  CHECK(std::string(to_string(Sleep::Reason::event_retry)) == "event_retry");
  CHECK(std::string(to_string(Sleep::Reason::store_retry)) == "store_retry");
  CHECK(std::string(to_string(Sleep::Reason::standby)) == "standby");
  CHECK(std::string(to_string(Sleep::Reason::yielding)) == "yielding");
  CHECK(std::string(to_string(QuarantineReason::skipped)) == "skipped");
  CHECK(std::string(to_string(QuarantineReason::exhausted)) == "exhausted");
  CHECK(std::string(to_string(QuarantineReason::unreadable)) == "unreadable");
  CHECK(std::string(to_string(QuarantineReason::waiting)) == "waiting");
  CHECK(std::string(to_string(Role::live)) == "live");
  CHECK(std::string(to_string(Role::rebuild)) == "rebuild");
  CHECK(std::string(to_string(Frame::Kind::delta)) == "delta");
  CHECK(std::string(to_string(Frame::Kind::erased)) == "erased");
  CHECK(std::string(to_string(Frame::Kind::snapshot)) == "snapshot");
  CHECK(std::string(to_string(Frame::Kind::reset)) == "reset");
  CHECK(std::string(to_string(GenerationState::active)) == "active");
  CHECK(std::string(to_string(GenerationState::building)) == "building");
  CHECK(std::string(to_string(GenerationState::previous)) == "previous");
}

TEST_CASE("events and pages look like this") {
  RecordedEvent event{.position = Position{3}, .stream = "s", .version = 2, .type = "T", .data = "{}"};
  CHECK(line(event) == "3 T@s#2 {}");
  EventPage page;
  CHECK(line(page) == "0 events, scanned_to=-, head=-");
  page.add(event);
  page.scanned_to = Position{4};
  page.head = Position{5};
  CHECK(line(page) == "1 events, scanned_to=4, head=5");
  CHECK(line(EventFilter{}) == "[]");
  CHECK(line(EventFilter{.stream = "s", .stream_prefix = "q", .types = {"T", "U"}}) == "[stream=s prefix=q T U ]");
}

TEST_CASE("checkpoints and commits say what is not as usual") {
  CHECK(line(Checkpoint{}) == "- (generation 1)");
  CHECK(line(Checkpoint{Position{4}, Generation{2}, Revision{3}, CodeVersion{5, 6}}) ==
        "4 (generation 2, revision 3, code 5/6)");
  Checkpoint over_streams;
  over_streams.cursors = {{"a", StreamVersion{1}}};
  CHECK(line(over_streams) == "- (generation 1, 1 stream)");
  over_streams.cursors.advance("b", StreamVersion{7});
  CHECK(line(over_streams) == "- (generation 1, 2 streams)");
  LoadCheckpoint load{p, LoadCheckpoint::Purpose::resolve, Generation{4}};
  CHECK(line(load) == "LoadCheckpoint{p, resolve, generation 4}");
  SaveCheckpoint save{p};
  CHECK(line(save) == "SaveCheckpoint{p, from=-, through=-, writes=0, quarantined=0}");
  save.from = Position{1};
  save.through = Position{2};
  save.views.resize(3);
  save.generation = Generation{4};
  save.revision = Revision{5};
  save.fence = Fence{6};
  save.quarantined.resize(1);
  CHECK(line(save) ==
        "SaveCheckpoint{p, from=1, through=2, writes=0, quarantined=1, views=3, generation=4, revision=5, fence=6}");
  save.cursors.resize(2);
  CHECK_THAT(line(save), Catch::Contains("quarantined=1, cursors=2, views=3"));
  QuarantineRecord record{Position{7}, "s", "T", QuarantineReason::waiting, 2, "why", {}};
  CHECK(line(record) == "7 T@s waiting after 2: why");
  record.key = "k";
  CHECK(line(record) == "7 T@s for key k waiting after 2: why");
}

TEST_CASE("why a commit was refused looks like this") {
  CHECK(to_string(SaveError(CheckpointMoved{})) == "checkpoint moved: absent");
  CHECK(to_string(SaveError(CheckpointMoved{Position{4}})) == "checkpoint moved: 4");
  CHECK(to_string(SaveError(LostLeadership{"me"})) == "lost leadership: me");
  CHECK(to_string(SaveError(OutcomeUnknown{Failure(FailureKind::busy, "gone", "wait")})) ==
        "outcome unknown: gone: wait");
  CHECK(to_string(SaveError(ViewsReplaced{Revision{3}})) == "views replaced: revision 3");
  CHECK(to_string(SaveError(GenerationMoved{Generation{2}})) == "generation moved: 2 is active");
  CHECK(to_string(SaveError(WriteFailed{3, Failure(FailureKind::rejected, "no such row")})) ==
        "write 3 failed: no such row");
  CHECK(to_string(SaveError(CursorMoved{"s\n", {}})) == "cursor of s\\n moved: absent");
  CHECK(to_string(SaveError(CursorMoved{"s", StreamVersion{4}})) == "cursor of s moved: 4");
  CHECK(to_string(SaveError(Failure(FailureKind::full, "no room"))) == "no room");
}

TEST_CASE("leases, sleeps and appends look like this") {
  const Lease lease{"me", Fence{3}};
  CHECK(line(AcquireLease{p, "me", 1ns, Role::rebuild}) == "AcquireLease{p, me, 1ns, rebuild}");
  CHECK(line(RenewLease{p, lease, 1s, Role::rebuild}) == "RenewLease{p, me, fence=3, rebuild}");
  CHECK(line(ReleaseLease{p, lease, Role::rebuild}) == "ReleaseLease{p, me, fence=3, rebuild}");
  CHECK(line(Sleep{2ms, Sleep::Reason::standby, 0}) == "Sleep{2ms, standby}");
  CHECK(line(Sleep{2ms, Sleep::Reason::poll_retry, 1}) == "Sleep{2ms, poll_retry 1}");
  CHECK(line(AppendEvents{{NewEvent{}, NewEvent{}}, {{"s", 1}}}) == "AppendEvents{2 events, 1 expectations}");
}

TEST_CASE("what a run has done reads as a sentence, in the right number") {
  RunSummary one{.ending = Ending::stopped, .position = Position{9}, .applied = 1, .quarantined = 1, .retries = 1};
  one.pages = one.commits = 1;
  CHECK(line(one) == "stopped at 9: 1 applied, 1 quarantined, 1 retry, 1 page, 1 commit");
  RunSummary many{.ending = Ending::rebuilt, .applied = 2, .quarantined = 0, .retries = 2};
  many.pages = many.commits = 0;
  many.commit_in_doubt = true;
  CHECK(line(many) ==
        "rebuilt at -: 2 applied, 0 quarantined, 2 retries, 0 pages, 0 commits, the last commit in doubt");
  CHECK(line(RunSummary{}).starts_with("caught up at -"));
  CHECK(line(RunSummary{.ending = Ending::failed}).starts_with("failed at -"));
}

TEST_CASE("a step shows what is pending, or how it ended") {
  Step pending = Finished(RunSummary{});
  CHECK(line(pending) == "Finished{caught up at -: 0 applied, 0 quarantined, 0 retries, 0 pages, 0 commits}");
  ProjectionError error;
  error.what = "no";
  pending = Finished(tl::unexpect, error);
  CHECK(line(pending) == "Finished{error: no / mend the program that drives the pipeline}");
}

TEST_CASE("what an observer is told reads as a sentence") {
  using namespace happening;
  const Failure cause(FailureKind::busy, "away");
  CHECK(happened(Started{}) == "started after -, generation 1");
  CHECK(happened(PublishFailed{cause, 1}) == "1 frame was not published: busy: away");
  CHECK(happened(PublishFailed{cause, 2}) == "2 frames were not published: busy: away");
  CHECK(happened(ViewsReloaded{Revision{4}}) == "views replaced, revision 4");
  CHECK(happened(RebuildBegun{Generation{3}, Position{2}}) == "rebuilding as generation 3 after 2");
  CHECK(happened(RebuildBegun{Generation{3}, {}}) == "rebuilding as generation 3 after -");
  CHECK(happened(Activated{Generation{3}}) == "generation 3 is active");
  CHECK(happened(StreamsListed{0}) == "0 streams to be read");
  CHECK(happened(StreamsListed{1}) == "1 stream to be read");
  CHECK(happened(StreamRead{"s\n", 2, StreamVersion{5}, {}}) == "2 events of stream s\\n, scanned to 5, head -");
  CHECK(happened(StreamSetAside{"s", {}, "it changed", {}}) == "stream s is set aside at -: it changed");
  CHECK(happened(StreamSetAside{"s", StreamVersion{3}, "it failed", cause}) ==
        "stream s is set aside at 3: it failed: busy: away");
  CHECK(happened(LeaseLost{"other"}) == "lease lost to other");
}

TEST_CASE("streams, and what is asked of them, look like this") {
  const StreamVersion two{2};
  CHECK(line(two) == "2");
  CHECK(line(StreamCursors{}) == "");
  CHECK(line(StreamCursors{{"b", two}, {"a\n", StreamVersion{1}}}) == "a\\n: 1, b: 2");
  CHECK(line(StreamSelection::all()) == "streams *");
  CHECK(line(StreamSelection::category("order")) == "streams order-*");
  CHECK(line(StreamSelection::list({})) == "[]");
  CHECK(line(StreamSelection::one("a")) == "[a]");
  CHECK(line(StreamSelection::list({"b\t", "a"})) == "[a b\\t]");
  const StreamExtent extent{"s", StreamVersion{1}, two};
  CHECK(line(extent) == "s 1..2");
  CHECK(line(StreamPage{{}, {}}) == "0 streams");
  CHECK(line(StreamPage{{extent}, Position{9}}) == "1 stream, as of 9");
  CHECK(line(StreamPage{{extent, extent}, {}}) == "2 streams");
  CHECK(line(StreamPage{{}, Position{9}, LogIdentity{10}}) == "0 streams, as of 9, log 000000000000000a");
  StreamSlice slice;
  CHECK(line(slice) == "0 events, scanned_to=-, head=-");
  slice.page.add({.position = Position{3}, .stream = "s", .version = 2});
  slice.scanned_to = two;
  slice.head = StreamVersion{4};
  CHECK(line(slice) == "1 events, scanned_to=2, head=4");
  CHECK(line(ListStreams{}) == "ListStreams{prefix=, limit=1000}");
  CHECK(line(ListStreams{"p", "pa", 3, Position{7}}) == "ListStreams{prefix=p, after=pa, changed since 7, limit=3}");
  CHECK(line(ReadStream{.stream = "s", .limit = 3}) == "ReadStream{s, after=-, limit=3}");
  CHECK(line(ReadStream{.stream = "s", .types = {"T", "U"}, .after = two, .limit = 3}) ==
        "ReadStream{s, after=2, limit=3, 2 types}");
}

TEST_CASE("views and generations look like this") {
  StoredView view{.key = "k", .version = 2};
  CHECK(line(view) == "k version 2, of -: erased");
  view.state = "a\nb";
  view.edition = Revision{3};
  view.position = Position{4};
  view.schema_version = 5;
  CHECK(line(view) == "k version 2, edition 3, schema 5, of 4: a\\nb");
  CHECK(line(AsOf{}) == "- (generation 1)");
  CHECK(line(AsOf{Generation{2}, Position{3}, Revision{4}}) == "3 (generation 2, revision 4)");
  Frame frame{"k", Moment{Generation{1}, Revision{2}, 3}, Position{4}, Frame::Kind::snapshot, {}};
  CHECK(line(frame) == "snapshot k at 1.2.3 of 4");
  frame.payload = "{}";
  CHECK(line(frame) == "snapshot k at 1.2.3 of 4: {}");
  CHECK(line(GenerationStatus{Generation{2}, GenerationState::building, Position{3}, CodeVersion{4, 5}, 6}) ==
        "2 building at 3, code 4/5, 6 views");
}

TEST_CASE("requests of views and generations look like this") {
  CHECK(line(LoadViews{p, Generation{1}, {"a"}}) == "LoadViews{p, 1 key}");
  CHECK(line(LoadViews{p, Generation{2}, {"a", "b"}}) == "LoadViews{p, 2 keys, generation 2}");
  CHECK(line(Publish{p, std::vector<Frame>(1)}) == "Publish{p, 1 frame}");
  CHECK(line(Publish{p, std::vector<Frame>(2)}) == "Publish{p, 2 frames}");
  CHECK(line(BeginRebuild{p, CodeVersion{2, 3}, {}}) == "BeginRebuild{p, code 2/3}");
  CHECK(line(ActivateGeneration{p, Generation{2}, Fence{3}}) == "ActivateGeneration{p, 2, fence=3}");
  CHECK(line(GetView{p, "k", {}}) == "GetView{p, k}");
  CHECK(line(GetView{p, "k", Generation{2}}) == "GetView{p, k, generation 2}");
  CHECK(line(ScanViews{.projection = p}) == "ScanViews{p, prefix=, limit=100}");
  CHECK(line(ScanViews{p, "q", "a", 3, ViewCondition{"$.x", "1"}, Generation{2}}) ==
        "ScanViews{p, prefix=q, after=a, limit=3, where $.x = 1, generation 2}");
  ReplaceView replace{.projection = p, .key = "k"};
  CHECK(line(replace) == "ReplaceView{p, k, reset, through=-, generation 1}");
  replace.state = "{}";
  replace.version = 2;
  replace.through = Position{3};
  CHECK(line(replace) == "ReplaceView{p, k, version=2, through=3, generation 1}");
  CHECK(line(ListGenerations{p}) == "ListGenerations{p}");
  CHECK(line(RollBack{p}) == "RollBack{p}");
  CHECK(line(FinalizeRebuild{p}) == "FinalizeRebuild{p}");
  CHECK(line(CancelRebuild{p}) == "CancelRebuild{p}");
}

TEST_CASE("a follower's steps look like this") {
  const Frame frame{"k", Moment{Generation{1}, Revision{0}, 1}, Position{4}, Frame::Kind::delta, "d"};
  FollowerSteps steps;
  steps.changes = {ShowDelta{frame, true}, ShowDelta{frame, false},
                   ShowState{"k\n", frame.moment, Position{4}, "s\t", 1}, ShowGone{"g\n"}};
  steps.reads = {GetView{p, "k", {}}};
  CHECK(line(steps) ==
        "ShowDelta{delta k at 1.0.1 of 4: d, from nothing}\n"
        "ShowDelta{delta k at 1.0.1 of 4: d}\n"
        "ShowState{k\\n, 1.0.1, s\\t}\n"
        "ShowGone{g\\n}\n"
        "GetView{p, k}\n");
}
