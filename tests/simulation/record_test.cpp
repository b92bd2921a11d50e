// What a recording holds: every value comes back as it went in.
#include "lantern/observer.hpp"
#include "recorded.hpp"

using namespace lantern;
using namespace lantern::recorded;

namespace {

const std::string odd = std::string("a \"b\"\\ \n\t\x01\x7f[]{}= ~ ü \xff", 24) + std::string(1, '\0') + " end";

/// The replies of a recording that was written of these.
template <Effect E>
std::vector<typename E::reply> round_trip(const std::vector<typename E::reply>& replies) {
  RecordedText recorder;
  recorder.began({}, {}, Instant{});
  for (const auto& reply : replies) recorder.answered(ReplySeen{ReplySeen::To<E>{reply}}, Instant{});
  REQUIRE_FALSE(recorder.failure());
  std::vector<typename E::reply> found;
  for (const auto& entry : read(recorder.text()).entries) {
    const auto& any = std::get<Recording::Answer>(entry.what).reply.reply;
    found.push_back(std::get<AnyReply::To<E>>(any).value);
  }
  return found;
}

template <Effect E>
void check_round_trip(const std::vector<typename E::reply>& replies) {
  CHECK(round_trip<E>(replies) == replies);
}

const Failure odd_failure(FailureKind::undecodable, "what " + odd, "advice " + odd);

EventPage odd_page() {
  EventPage page;
  page.add({.position = Position{3}, .stream = odd, .version = 9, .type = odd, .data = odd});
  page.add({.position = Position{1LL << 62},
            .stream = "",
            .version = -1,
            .type = "T",
            .schema_version = 2,
            .data = "",
            .id = odd,
            .meta = "{}",
            .ts = "2024-05-01T10:00:00Z"});
  page.scanned_to = Position{1LL << 62};
  return page;
}

}  // namespace

TEST_CASE("every kind of reply comes back from a recording as it went in") {
  check_round_trip<LoadCheckpoint>({std::nullopt, Checkpoint{Position{7}, Generation{3}, Revision{2}, {5, 6}},
                                    Checkpoint{}, tl::make_unexpected(odd_failure)});
  check_round_trip<ReadEvents>({EventPage{}, odd_page(), tl::make_unexpected(odd_failure)});
  check_round_trip<SaveCheckpoint>(
      {Saved{}, Saved{Position{-4}}, tl::make_unexpected(CheckpointMoved{Position{5}}),
       tl::make_unexpected(CheckpointMoved{}), tl::make_unexpected(LostLeadership{odd}),
       tl::make_unexpected(WriteFailed{12, odd_failure}), tl::make_unexpected(OutcomeUnknown{odd_failure}),
       tl::make_unexpected(ViewsReplaced{Revision{4}}), tl::make_unexpected(GenerationMoved{Generation{9}}),
       tl::make_unexpected(odd_failure)});
  check_round_trip<Sleep>({Slept::through, Slept::woken});
  check_round_trip<AcquireLease>(
      {Lease{odd, Fence{8}}, tl::make_unexpected(LeaseHeld{odd, std::chrono::nanoseconds(-1500)}),
       tl::make_unexpected(LeaseHeld{"o", std::chrono::nanoseconds::max()}),
       tl::make_unexpected(LeaseHeld{"o", std::chrono::seconds(4)}), tl::make_unexpected(odd_failure)});
  check_round_trip<RenewLease>(
      {Lease{"", Fence{}}, tl::make_unexpected(LostLeadership{}), tl::make_unexpected(odd_failure)});
  check_round_trip<ReleaseLease>({ReleaseLease::Released{}, tl::make_unexpected(odd_failure)});
  StoredView erased{.key = "", .version = 3, .edition = Revision{1}, .updated_at = "2024-05-01T10:00:00Z"};
  StoredView there{.key = odd, .state = odd, .version = 1, .position = Position{2}, .schema_version = 4};
  check_round_trip<LoadViews>(
      {LoadedViews{}, LoadedViews{{erased, there}, {odd, ""}}, tl::make_unexpected(odd_failure)});
  check_round_trip<Publish>({Publish::Published{}, tl::make_unexpected(odd_failure)});
  check_round_trip<BeginRebuild>(
      {Checkpoint{}, tl::make_unexpected(LostLeadership{"x"}), tl::make_unexpected(odd_failure)});
  check_round_trip<ActivateGeneration>({ActivateGeneration::Activated{}, tl::make_unexpected(LostLeadership{"x"}),
                                        tl::make_unexpected(BehindActive{Position{2}}),
                                        tl::make_unexpected(odd_failure)});
}

TEST_CASE("every failure's kind comes back from a recording") {
  for (int kind = 0; kind <= static_cast<int>(FailureKind::internal); ++kind) {
    check_round_trip<Publish>({tl::make_unexpected(Failure(static_cast<FailureKind>(kind), "what"))});
  }
}

TEST_CASE("what a run is and how it is configured comes back from a recording") {
  RunFacts facts{.projection = ProjectionId(odd, odd),
                 .filter = {.stream = odd, .stream_prefix = "", .types = {"A", odd}},
                 .keyed = true,
                 .keeps_checkpoint = true,
                 .starts_after = Position{4},
                 .version = CodeVersion{3, 2}};
  ProjectionConfig config = ProjectionConfig::eventcore_compatible();
  config.continuous().with_seed(~0ULL).of_tenant(odd).cache_views(0).publish_changes(false).hold_the_switch();
  config.rebuild_when(RebuildPolicy::never).limit_rebuild(33).page_limit(17).page_bytes_limit(1ULL << 40);
  config.with(CommitPolicy{
      .max_events = EventCount(9), .max_bytes = ByteCount(8), .max_age = Delay(std::chrono::nanoseconds(7))});
  config.with(Leadership(odd));
  config.leadership->ttl = std::chrono::hours(24 * 365 * 200);
  config.poll.failure_backoff.jitter = 0.1;
  config.event_retry.backoff.multiplier = 1e300;
  config.event_retry.when_exhausted = Escalation::quarantine_key;
  RecordedText recorder;
  recorder.began(facts, config, Instant(std::chrono::nanoseconds(-5)));
  const Recording found = read(recorder.text());
  CHECK(found.facts == facts);
  CHECK(found.began == Instant(std::chrono::nanoseconds(-5)));
  RecordedText again;
  again.began(found.facts, found.config, found.began);
  CHECK(again.text() == recorder.text());
  CHECK(found.config.leadership == config.leadership);
  CHECK(found.config.event_retry == config.event_retry);
  CHECK(found.config.commit == config.commit);
  CHECK(found.config.poll == config.poll);
  CHECK(found.config.quirks == config.quirks);
}

TEST_CASE("a recording shows what a run asked, was told, and decided, a line each") {
  story::Probe<> probe;
  RecordedText recorder;
  ProjectionConfig config;
  Step step = ProjectionPipeline(probe, config.record(recorder)).start(story::after(std::chrono::nanoseconds(1)));
  step = story::expect<LoadCheckpoint>(step).answer(std::nullopt, story::after(std::chrono::nanoseconds(2)));
  auto reading = story::expect<ReadEvents>(step);
  reading.ask_to_stop(Stop::none);
  reading.ask_to_stop(Stop::at_checkpoint);
  reading.ask_to_stop(Stop::at_checkpoint);
  step = std::move(reading).answer(story::last({1, 2}), story::after(std::chrono::nanoseconds(1)));
  CHECK(story::success(step).ending == Ending::stopped);

  std::vector<std::string> lines;
  std::istringstream in(recorder.text());
  for (std::string line; std::getline(in, line);) {
    REQUIRE(line.size() > 10);
    CHECK(line.substr(line.size() - 10, 2) == " ~");
    lines.push_back(line.substr(0, line.size() - 10));
  }
  REQUIRE(lines.size() == 10);
  CHECK(lines[0] == "lantern recording 1");
  CHECK(lines[1].starts_with("run {projection={name=\"p\" tenant=\"\"} filter="));
  CHECK(lines[2].starts_with("config {mode=batch poll={interval=100ms "));
  CHECK(lines[3] == "start 1");
  CHECK(lines[4] == "ask LoadCheckpoint {projection={name=\"p\" tenant=\"\"} purpose=start generation=-}");
  CHECK(lines[5] == "answer 2 LoadCheckpoint ok -");
  CHECK(lines[6].starts_with("ask ReadEvents {filter={"));
  CHECK(lines[7] == "stop at_checkpoint");
  CHECK(lines[8] ==
        "answer 1 ReadEvents ok {scanned_to=2 head=2 events=[{position=1 stream=\"s\" version=1 type=\"T\" "
        "data=\"e1\"} {position=2 stream=\"s\" version=2 type=\"T\" data=\"e2\"}]}");
  CHECK(lines[9] ==
        "end ok {ending=stopped position=- generation=1 applied=0 quarantined=0 retries=0 pages=1 commits=0 "
        "commit_in_doubt=no}");
}

TEST_CASE("a reply that an unfitting one stands for is recorded as what the run takes it for") {
  story::Probe<> probe{.snapshot = Position{1}};
  RecordedText recorder;
  ProjectionConfig config = ProjectionConfig::eventcore_compatible();
  Step step = ProjectionPipeline(probe, config.record(recorder)).start(Instant{});
  step = story::expect<LoadCheckpoint>(step).answer(std::nullopt, Instant{});
  step = story::expect<ReadEvents>(step).answer(story::last({1}), Instant{});
  REQUIRE(step.asks<SaveCheckpoint>());
  REQUIRE(answer(step, any_reply<ReadEvents>(99, EventPage{}), Instant{}));
  story::Probe<> again{.snapshot = Position{1}};
  const auto replayed = replay(read(recorder.text()), again);
  REQUIRE(replayed);
  CHECK(replayed->decisions == 4);
}

TEST_CASE("a replay hands over the end, and the projector as the run left it") {
  ViewModel store = store_of({"a", "b", "a"});
  Choices choices = Choices::by_script({});
  const Recording recording = read(record(Chain{}, store, {}, choices));
  CHECK(recording.ended);
  CHECK_FALSE(recording.truncated);
  Chain again;
  const auto replayed = replay(recording, again);
  REQUIRE(replayed);
  REQUIRE(replayed->end);
  REQUIRE(replayed->end->has_value());
  CHECK((*replayed->end)->applied == 3);
  CHECK(again.keys_asked == 3);
}

TEST_CASE("a replay can be watched") {
  ViewModel store = store_of({"a", "b"});
  Choices choices = Choices::by_script({});
  const Recording recording = read(record(Chain{}, store, {}, choices));
  std::vector<std::string> seen;
  Observer observer([&](const ProjectionId&, const Happening& what) {
    std::ostringstream line;
    line << what;
    seen.push_back(line.str());
  });
  Chain again;
  REQUIRE(replay(recording, again, ProjectionConfig().tell(observer)));
  CHECK(seen.size() == 4);
}

TEST_CASE("a run that is refused leaves an empty recording, and a second run none") {
  RecordedText recorder;
  ProjectionConfig config;
  Chain chain;
  Step refused =
      ProjectionPipeline(chain, ProjectionConfig().of_tenant(std::string(1, '\0')).record(recorder)).start({});
  CHECK(refused.finished());
  CHECK(recorder.text().empty());
  Step first = ProjectionPipeline(chain, config.record(recorder)).start({});
  const std::string before = recorder.text();
  Step second = ProjectionPipeline(chain, config.record(recorder)).start({});
  REQUIRE(recorder.failure());
  CHECK(recorder.failure()->what == "a second run began");
  CHECK(recorder.text() == before);
}

TEST_CASE("a reply is recorded before the projector sees what is in it") {
  struct Looks {
    const RecordedText* recorder{};
    std::string seen{};
    std::string name() const { return "looks"; }
    void apply(const RecordedEvent&, Position) { seen = recorder->text(); }
  };
  RecordedText recorder;
  Looks looks{&recorder};
  ProjectionConfig config;
  Step step = ProjectionPipeline(looks, config.record(recorder)).start({});
  step = story::expect<ReadEvents>(step).answer(story::last({1}), {});
  CHECK(looks.seen.find("\nanswer 0 ReadEvents ok {") != std::string::npos);
  CHECK(recorder.text().starts_with(looks.seen));
}

TEST_CASE("a page is not copied for a run that nobody records") {
  // The events that the projector sees are the very bytes that were given.
  struct Seer {
    const char* seen{};
    std::string name() const { return "seer"; }
    void apply(const RecordedEvent& event, Position) { seen = event.data.data(); }
  } seer;
  Step step = ProjectionPipeline(seer).start({});
  EventPage page = story::last({1});
  const char* given = page.events()[0].data.data();
  step = story::expect<ReadEvents>(step).answer(std::move(page), {});
  CHECK(seer.seen == given);
}
