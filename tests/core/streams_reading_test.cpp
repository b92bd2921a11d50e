// How a run over streams lists and reads them: readers that break their contract, and streams that fail, of which each
// is tried again later, others first, and ever more seldom.
#include "streams_story.hpp"

using namespace lantern;
using namespace lantern::story;
using namespace std::chrono_literals;
using Reason = Sleep::Reason;

TEST_CASE("a list that breaks the reader's contract ends the run with an error that blames the store") {
  struct Case {
    const char* name;
    std::vector<StreamExtent> streams;
    const char* says;
  };
  const Case cases[] = {
      {"more than asked for", some({"pa", "pb", "pc", "pd"}), "4 streams where at most 3"},
      {"descending", some({"pb", "pa"}), "after stream 'pb' it listed 'pa'"},
      {"one twice", some({"pa", "pa"}), "after stream 'pa' it listed 'pa'"},
      {"of another prefix", some({"pa", "q"}), "it listed stream 'q', which does not begin with 'p'"},
      {"events from 0", {extent("pa", 0, 2)}, "has events 0 to 2"},
      {"events that end before they begin", {extent("pa", 3, 2)}, "has events 3 to 2"},
  };
  for (const Case& c : cases) {
    DYNAMIC_SECTION(c.name) {
      Probe<> probe;
      Step s = listing(probe, steady().page_limit(3).over(StreamSelection::with_prefix("p")));
      s = expect(s, ListStreams{"p", {}, 3, {}}).answer(StreamPage{c.streams, {}}, t0);
      CHECK(error(s).kind == ErrorKind::store_contract);
      CHECK_THAT(error(s).what, Catch::Contains(c.says) && Catch::Contains("broke its contract"));
    }
  }
  SECTION("the name that was asked after") {
    Probe<> probe;
    Step s = listing(probe, steady().page_limit(1).over(StreamSelection::with_prefix("p")));
    s = expect(s, ListStreams{"p", {}, 1, {}}).answer(StreamPage{some({"pa"}), {}}, t0);
    s = expect(s, ListStreams{"p", "pa", 1, {}}).answer(StreamPage{some({"pa"}), {}}, t0);
    CHECK_THAT(error(s).what, Catch::Contains("after stream 'pa' it listed 'pa'"));
  }
}

TEST_CASE("a slice that breaks the reader's contract sets its stream aside with an error that blames the store") {
  struct Case {
    const char* name;
    std::optional<std::int64_t> after;
    StreamSlice reply;
    const char* says;
  };
  const Case cases[] = {
      {"more events than asked for", {}, slice({1, 2, 3}, 3, 3), "3 events where at most 2"},
      {"of another stream", {}, slice({1}, 1, 1, "t"), "it gave an event of stream 't'"},
      {"of another type", {}, slice({1}, 1, 1, "s", "U"), "it gave event 1 of type 'U', which was not asked for"},
      {"descending", {}, slice({5, 4}, 5, 5), "after event 5 it gave event 4"},
      {"the event that was asked after", 7, slice({7}, 7, 7), "after event 7 it gave event 7"},
      {"scanned_to before the cursor", 7, slice({}, 3, 3), "ends at 3, before event 7"},
      {"scanned_to absent, with a cursor", 7, slice({}, {}, {}), "ends at the beginning, before event 7"},
      {"scanned_to before the last event", {}, slice({1, 2}, 1, 9), "before its own last event at 2"},
      {"head before scanned_to", {}, slice({1}, 5, 4), "the head is at 4, before scanned_to"},
      {"no way forward", 7, slice({}, 7, 9), "neither gave events"},
  };
  struct OfOneType : Probe<> {
    EventFilter filter() const { return {{}, {}, {"T"}}; }
  };
  for (const Case& c : cases) {
    DYNAMIC_SECTION(c.name) {
      OfOneType probe;
      StreamCursors cursors;
      if (c.after) cursors.advance("s", StreamVersion{*c.after});
      Step s = listing(probe, over_all().page_limit(2), cursors);
      s = expect<ListStreams>(s).answer(StreamPage{{extent("s", 1, 9)}, {}}, t0);
      s = expect<ReadStream>(s).answer(c.reply, t0);
      CHECK(error(s).kind == ErrorKind::store_contract);
      CHECK(error(s).stream == "s");
      CHECK_THAT(error(s).what, Catch::Contains(c.says) && Catch::Contains("broke its contract"));
      CHECK(probe.tries == 0);
    }
  }
}

TEST_CASE("a stream that was removed after it was listed is not missed") {
  Probe<> probe;
  Step s = listing(probe, over_all(), StreamCursors{{"s", StreamVersion{7}}});
  s = expect<ListStreams>(s).answer(StreamPage{{extent("s", 1, 9)}, {}}, t0);
  s = expect<ReadStream>(s).answer(slice({}, 7, {}), t0);
  CHECK(success(s).applied == 0);
}

TEST_CASE("however many streams are away, they share one rest before each try, and others are read first") {
  const auto streams = GENERATE(1U, 2U, 7U, 100U), healthy = GENERATE(0U, 3U), tries = GENERATE(1U, 3U, 5U);
  std::vector<std::string> names;
  for (std::uint32_t i = 0; i < streams + healthy; ++i)
    names.push_back((i < streams ? "a" : "b") + std::to_string(100 + i));
  Probe<> probe;
  auto config = over_all();
  config.poll.max_consecutive_failures = *MaxConsecutiveFailures::of(tries);
  Step s = listing(probe, config);
  s = expect<ListStreams>(s).answer(StreamPage{some(names), {}}, t0);
  std::uint32_t reads = 0;
  std::vector<std::uint32_t> read_before_rest;
  for (std::string last_first; !s.finished();) {
    if (s.asks<Sleep>()) {
      const Sleep rest = s.asks<Sleep>()->effect();
      CHECK(rest.reason == Reason::poll_retry);
      CHECK(rest.attempt == read_before_rest.size() + 1);
      read_before_rest.push_back(reads);
      s = expect<Sleep>(s).answer(Slept::through, t0);
    } else if (s.asks<SaveCheckpoint>()) {
      s = expect<SaveCheckpoint>(s).answer(Saved{}, t0);
    } else {
      auto request = expect<ReadStream>(s);
      ++reads;
      const std::string name = request.effect().stream;
      ReadStream::reply reply = tl::unexpected(busy);
      if (name.starts_with("b")) reply = slice({1}, 1, 1, name);
      s = std::move(request).answer(std::move(reply), t0);
    }
  }
  CHECK(reads == streams * tries + healthy);
  CHECK(probe.applied.size() == healthy);
  REQUIRE(read_before_rest.size() == tries - 1);
  for (std::uint32_t i = 0; i + 1 < tries; ++i) CHECK(read_before_rest[i] == streams * (i + 1) + healthy);
  CHECK(error(s).kind == ErrorKind::poll_failed);
  CHECK(error(s).stream == names.front());
  const std::string others = " (and so did " + std::to_string(streams - 1) + " other streams)";
  CHECK((error(s).what.find(others) != std::string::npos) == (streams > 1));
}

TEST_CASE("a stream that was set aside is tried ever more seldom, and soon again once it was well") {
  Probe<> probe;
  auto config = over_all().continuous().poll_every(1ms);
  config.poll.empty_poll_backoff = 1ms;
  config.poll.max_consecutive_failures = 1;
  config.poll.failure_backoff = {.base = 10ms, .multiplier = 2, .cap = 100ms, .jitter = 0};
  Step s = listing(probe, config);
  Instant now{};
  std::vector<std::chrono::nanoseconds> failed_at;
  bool listed = false;
  while (failed_at.size() < 12) {
    if (s.asks<Sleep>()) {
      now += s.asks<Sleep>()->effect().duration;
      s = expect<Sleep>(s).answer(Slept::through, now);
    } else if (s.asks<SaveCheckpoint>()) {
      s = expect<SaveCheckpoint>(s).answer(Saved{}, now);
    } else if (s.asks<ListStreams>()) {  // what did not change is not listed again
      s = expect<ListStreams>(s).answer(StreamPage{std::exchange(listed, true) ? some({}) : some({"s"}), Position{1}},
                                        now);
    } else if (failed_at.size() == 6) {
      failed_at.push_back(now.time_since_epoch());
      s = expect<ReadStream>(s).answer(slice({1}, 1, 1), now);
      listed = false;  // it goes on to be in trouble
      s = expect<SaveCheckpoint>(s).answer(Saved{}, now);
      s = expect<Sleep>(s).answer(Slept::through, now);
      s = expect<ListStreams>(s).answer(StreamPage{{extent("s", 1, 2)}, Position{2}}, now);
      listed = true;
    } else {
      failed_at.push_back(now.time_since_epoch());
      s = expect<ReadStream>(s).answer(tl::unexpected(broken), now);
    }
  }
  std::vector<std::int64_t> waits;
  for (std::size_t i = 1; i < failed_at.size(); ++i)
    waits.push_back(std::chrono::round<std::chrono::milliseconds>(failed_at[i] - failed_at[i - 1]).count());
  // A round begins each 2 ms: the time that is due, or the round after it.
  CHECK(waits == std::vector<std::int64_t>{10, 20, 40, 80, 100, 100, 0, 10, 20, 40, 80});
}

TEST_CASE("T49, T50: a stream that is not what it was is never read again, whatever becomes of it later") {
  Probe<> probe;
  auto config = over_all().continuous();
  config.poll.failure_backoff = {.base = 1ns, .multiplier = 1, .cap = 1ns, .jitter = 0};
  const bool was_away = GENERATE(false, true);  // it was set aside already, for another reason
  config.poll.max_consecutive_failures = 1;
  Step s = listing(probe, config, StreamCursors{{"s", StreamVersion{5}}});
  if (was_away) {
    s = expect<ListStreams>(s).answer(StreamPage{{extent("s", 1, 6)}, Position{6}}, t0);
    s = expect<ReadStream>(s).answer(tl::unexpected(busy), t0);
    s = expect<Sleep>(s).answer(Slept::through, t0);
  }
  Instant now{};
  s = expect<ListStreams>(s).answer(StreamPage{{GENERATE(extent("s", 1, 2), extent("s", 7, 9))}, Position{7}}, now);
  for (int round = 0; round < 20; ++round) {
    now += std::chrono::hours(1);
    s = expect<Sleep>(s).answer(Slept::through, now);
    REQUIRE(s.asks<ListStreams>());                     // and never ReadStream
    const std::int64_t first = round % 2 == 0 ? 1 : 8;  // 8: and it still is not what it was
    s = expect<ListStreams>(s).answer(StreamPage{{extent("s", first, 10 + round)}, Position{10 + round}}, now);
  }
  CHECK(probe.tries == 0);
}
