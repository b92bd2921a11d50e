// Pure folds: stories.
#include <catch2/catch.hpp>
#include <sstream>
#include <stdexcept>

#include "log_in_hand.hpp"

using namespace lantern;
using namespace lantern::testing;

namespace {

const LogInHand five = {{1, "a"}, {2, "b"}, {4, "a b"}, {7, "a"}, {9, "c"}};

std::vector<std::int64_t> seen_by(const FoldResult& result, const Hashes& hashes) {
  REQUIRE(result);
  return hashes.seen;
}

}  // namespace

TEST_CASE("fold: all events are applied in order, and it says how far it got") {
  Hashes hashes;
  const FoldResult done = fold(hashes, five.events());
  CHECK(seen_by(done, hashes) == std::vector<std::int64_t>{1, 2, 4, 7, 9});
  CHECK(*done == FoldSummary{Position{9}, 5, 0, {}});
  Hashes untouched;
  CHECK(*fold(untouched, {}) == FoldSummary{});
  CHECK(untouched.seen.empty());
}

TEST_CASE("T1: a view begins with its default state, and its first change is version 1") {
  ViewsInMemory<Chain> views;
  REQUIRE(fold(views, five.events().first(1)));
  REQUIRE(views.find("a"));
  CHECK(*views.find("a") == link(0 + 1, 1));
  CHECK(views.views().at("a").version == 1);
  CHECK_FALSE(views.find("b"));
}

TEST_CASE("T2: a fold goes on from the view that is there, and the version counts its changes") {
  ViewsInMemory<Chain> views;
  REQUIRE(fold(views, five.events().first(3)));
  REQUIRE(fold(views, five.events().subspan(3)));
  CHECK(views.views().at("a") == ViewInMemory<std::uint64_t>{link(link(link(1, 1) + 1, 4) + 1, 7), 3, Position{7}});
}

TEST_CASE("T3: an event of a type that is not asked for moves the fold on, and is not applied") {
  LogInHand log = {{1, "a"}};
  log.add(2, "a", "Unknown");
  Hashes hashes;
  const FoldResult done = fold(hashes, log.events());
  CHECK(seen_by(done, hashes) == std::vector<std::int64_t>{1});
  CHECK(done->through == Position{2});
  CHECK(done->applied == 1);
}

TEST_CASE("T4: an event with two keys changes both views, or, when it fails for one, neither") {
  const LogInHand log = {{1, "a b"}, {2, "a b"}};
  ViewsInMemory<Chain> views(Chain{.fails = {{{2, "b"}, -1}}});
  const FoldResult done = fold(views, log.events());
  REQUIRE_FALSE(done);
  CHECK(done.error().key == "b");
  CHECK(views.views().at("a").version == 1);
  CHECK(views.views().at("b").version == 1);
  CHECK_THAT(done.error().message(), Catch::Contains("at position 2, T of stream s, for key b, attempt 1 /"));
}

TEST_CASE("fold: a view that is erased is not there, until it is made anew") {
  const LogInHand log = {{1, "a b"}, {2, "a!"}, {3, "a"}};
  ViewsInMemory<Chain> views;
  REQUIRE(fold(views, log.events().first(2)));
  CHECK_FALSE(views.find("a"));
  CHECK(views.find("b"));
  CHECK(views.views().size() == 1);
  REQUIRE(fold(views, log.events().subspan(2)));
  REQUIRE(views.find("a"));
  CHECK(views.views().at("a").version == 3);
}

TEST_CASE("T6: catching up in memory: none and 0 are distinct, the start is exclusive, past the end there is nothing") {
  const LogInHand with_zero = {{0, "a"}, {1, "b"}, {2, "c"}, {5, "d"}};
  const auto caught_up = [](const LogInHand& log, std::optional<std::int64_t> after) {
    Hashes hashes;
    const FoldResult done = catch_up(hashes, log.events(), after ? std::optional(Position{*after}) : std::nullopt);
    REQUIRE(done);
    return std::pair(hashes.seen, done->through);
  };
  using Seen = std::pair<std::vector<std::int64_t>, std::optional<Position>>;
  CHECK(caught_up(with_zero, std::nullopt) == Seen{{0, 1, 2, 5}, Position{5}});
  CHECK(caught_up(with_zero, 0) == Seen{{1, 2, 5}, Position{5}});
  CHECK(caught_up(five, 0) == Seen{{1, 2, 4, 7, 9}, Position{9}});
  CHECK(caught_up(five, 2) == Seen{{4, 7, 9}, Position{9}});
  CHECK(caught_up(five, 3) == Seen{{4, 7, 9}, Position{9}});
  CHECK(caught_up(five, 9) == Seen{{}, Position{9}});
  CHECK(caught_up(five, 100) == Seen{{}, Position{100}});
  CHECK(caught_up(LogInHand{}, std::nullopt) == Seen{{}, std::nullopt});
  CHECK(caught_up(LogInHand{}, 3) == Seen{{}, Position{3}});
}

TEST_CASE("T7: in one pass each event goes to each projection, in the order of the list") {
  std::vector<std::pair<std::string, std::int64_t>> calls;
  Hashes first{.calls = &calls, .called = "first"}, second{.calls = &calls, .called = "second"};
  ViewsInMemory<Chain> views;
  const auto results = fold_all({second, views, first}, five.events());
  REQUIRE(results.size() == 3);
  for (const FoldResult& one : results) CHECK(one->applied == 5);
  std::vector<std::pair<std::string, std::int64_t>> expected;
  for (const auto& event : five.events()) {
    expected.emplace_back("second", event.position.value);
    expected.emplace_back("first", event.position.value);
  }
  CHECK(calls == expected);
  CHECK(views.views().at("a").version == 3);
  CHECK(fold_all({}, five.events()).empty());
}

TEST_CASE("T20: in one pass, a projection that fails does not hold up the others") {
  Hashes poor{.fails = {{4, -1}}}, good;
  const auto results = fold_all({poor, good}, five.events());
  REQUIRE_FALSE(results[0]);
  CHECK(results[0].error().position == Position{4});
  CHECK(results[0].error().progress.through == Position{2});
  CHECK(poor.seen == std::vector<std::int64_t>{1, 2});
  CHECK(seen_by(results[1], good) == std::vector<std::int64_t>{1, 2, 4, 7, 9});
}

TEST_CASE("fold: events out of order stop it before the first of them, which is named with its neighbour") {
  for (const std::int64_t again : {4, 3, 0}) {
    const LogInHand log = {{1, "a"}, {4, "b"}, {again, "c"}, {9, "d"}};
    Hashes hashes;
    const FoldResult done = fold(hashes, log.events());
    REQUIRE_FALSE(done);
    CHECK(done.error().kind == FoldError::Kind::not_ascending);
    CHECK(done.error().position == Position{again});
    CHECK(done.error().progress.through == Position{4});
    CHECK_THAT(done.error().message(),
               Catch::Contains("position " + std::to_string(again) + " comes after position 4"));
    CHECK(hashes.seen == std::vector<std::int64_t>{1, 4});
  }
  // Where the filter lets nothing through, too.
  LogInHand others;
  others.add(5, "a", "Unknown");
  others.add(3, "a", "Unknown");
  Hashes hashes;
  CHECK(fold(hashes, others.events()).error().position == Position{3});
}

TEST_CASE("fold: a search among events out of order says so where it sees it, and folds nothing") {
  struct Search {
    LogInHand log;
    std::int64_t after, named, before;
  };
  const Search searches[] = {
      {{{5, "a"}, {1, "b"}, {2, "c"}, {3, "d"}, {9, "e"}, {4, "f"}}, 6, 4, 5},  // the ends
      {{{3, "a"}, {4, "b"}, {2, "c"}, {9, "d"}}, 2, 2, 3},                      // below
      {{{1, "a"}, {8, "b"}, {12, "c"}, {9, "d"}}, 2, 9, 12},                    // above
  };
  for (const Search& search : searches) {
    Hashes hashes;
    const FoldResult done = catch_up(hashes, search.log.events(), Position{search.after});
    REQUIRE_FALSE(done);
    CHECK(done.error().kind == FoldError::Kind::not_ascending);
    CHECK(done.error().position == Position{search.named});
    CHECK_THAT(done.error().message(), Catch::Contains("comes after position " + std::to_string(search.before)));
    CHECK(hashes.seen.empty());
    CHECK(done.error().progress.through == Position{search.after});
  }
}

TEST_CASE("fold: what comes before the start is not read, but for the few events that the search comes by") {
  const LogInHand log = {{1, "a"}, {3, "b"}, {2, "c"}, {4, "d"}, {5, "e"}, {6, "f"}, {7, "g"}, {8, "h"}, {9, "i"}};
  Hashes hashes;
  CHECK(seen_by(catch_up(hashes, log.events(), Position{7}), hashes) == std::vector<std::int64_t>{8, 9});
}

TEST_CASE("fold: after an error other events may come than those that were left") {
  const LogInHand others = {{20, "z"}, {21, "y"}, {22, "z"}};
  ViewsInMemory<Chain> views(Chain{.fails = {{{4, "b"}, -1}}});
  REQUIRE_FALSE(fold(views, five.events()));
  REQUIRE(fold(views, others.events()));
  const auto all = views.views();
  CHECK(all.size() == 4);
  CHECK(all.at("a").version == 1);
  CHECK(all.at("y").version == 1);
  CHECK(all.at("z").state == link(link(0 + 1, 20) + 1, 22));
}

TEST_CASE("fold: many events are folded, whatever they are cut into, and an error in the middle is where it is") {
  LogInHand log;
  for (std::int64_t i = 1; i <= 1000; ++i) log.add(i, "k" + std::to_string(i % 7), i % 3 ? "T" : "Unknown");
  log.add(1000, "k");
  Hashes hashes;
  const FoldResult done = fold(hashes, log.events());
  REQUIRE_FALSE(done);
  CHECK(done.error().kind == FoldError::Kind::not_ascending);
  CHECK(done.error().progress == FoldSummary{Position{1000}, 667, 0, {}});
  ViewsInMemory<Chain> views;
  REQUIRE(fold(views, log.events().first(1000)));
  CHECK(views.views().size() == 7);
}

TEST_CASE("T30: what a failed event becomes is as in a run: stop, skip, or after retries stop, pass or park the key") {
  const auto failing = [](FailureStrategy strategy) { return Hashes{.fails = {{4, -1}}, .strategy = strategy}; };
  EventRetryConfig retry;
  retry.max_attempts = 2;
  SECTION("stop") {
    Hashes hashes = failing(FailureStrategy::Fatal);
    const FoldResult done = fold(hashes, five.events(), retry);
    REQUIRE_FALSE(done);
    const FoldError& error = done.error();
    CHECK(error.kind == FoldError::Kind::event_failed);
    CHECK(error.position == Position{4});
    CHECK(error.stream == "s");
    CHECK(error.event_type == "T");
    CHECK(error.attempt == 1);
    CHECK(error.cause == Failure(FailureKind::rejected, "cannot take it"));
    CHECK(error.progress == FoldSummary{Position{2}, 2, 0, {}});
    CHECK(error.message() ==
          "an event failed, and the projector's policy is to stop: cannot take it / at position 4, T of stream s, "
          "attempt 1 / folded 2 events, through position 2");
    hashes.fails.clear();  // mended: it goes on
    CHECK(seen_by(catch_up(hashes, five.events(), error.progress.through), hashes) ==
          std::vector<std::int64_t>{1, 2, 4, 7, 9});
  }
  SECTION("skip") {
    Hashes hashes = failing(FailureStrategy::Skip);
    const FoldResult done = fold(hashes, five.events(), retry);
    CHECK(seen_by(done, hashes) == std::vector<std::int64_t>{1, 2, 7, 9});
    CHECK(done->applied == 4);
    CHECK(done->quarantined ==
          std::vector<QuarantineRecord>{{Position{4}, "s", "T", QuarantineReason::skipped, 1, "cannot take it", {}}});
  }
  SECTION("retries in vain") {
    Hashes hashes = failing(FailureStrategy::Retry);
    const FoldResult done = fold(hashes, five.events(), retry);
    REQUIRE_FALSE(done);
    CHECK(done.error().kind == FoldError::Kind::retries_exhausted);
    CHECK(done.error().attempt == 3);
    CHECK(done.error().progress.retries == 2);
  }
  SECTION("retries in vain, and it is passed") {
    retry.when_exhausted = Escalation::quarantine;
    Hashes hashes = failing(FailureStrategy::Retry);
    const FoldResult done = fold(hashes, five.events(), retry);
    CHECK(seen_by(done, hashes) == std::vector<std::int64_t>{1, 2, 7, 9});
    REQUIRE(done->quarantined.size() == 1);
    CHECK(done->quarantined[0].reason == QuarantineReason::exhausted);
    CHECK(done->quarantined[0].attempts == 3);
  }
  SECTION("the key is parked, and its later events wait, also in a later fold") {
    retry.when_exhausted = Escalation::quarantine_key;
    const LogInHand log = {{1, "a b"}, {2, "a b"}, {3, "a"}, {4, "b"}, {5, "a b"}};
    ViewsInMemory<Chain> views(Chain{.fails = {{{2, "a"}, -1}}, .strategy = FailureStrategy::Retry});
    FoldResult done = fold(views, log.events().first(4), retry);
    REQUIRE(done);
    CHECK(done->applied == 3);
    REQUIRE(done->quarantined.size() == 2);
    CHECK(done->quarantined[0].key == "a");
    CHECK(done->quarantined[0].reason == QuarantineReason::exhausted);
    CHECK(done->quarantined[1] == QuarantineRecord{Position{3}, "s", "T", QuarantineReason::waiting, 1,
                                                   "an earlier event of this key waits", "a"});
    done = catch_up(views, log.events(), done->through, retry);
    REQUIRE(done);
    CHECK(done->quarantined.size() == 1);
    CHECK(views.views().at("a").version == 1);
    CHECK(views.views().at("b").version == 4);
  }
}

TEST_CASE("T29: an event that fails for a while is applied once, and each event has tries of its own") {
  EventRetryConfig retry;
  retry.max_attempts = 2;
  Hashes hashes{.fails = {{2, 2}, {4, 2}}, .strategy = FailureStrategy::Retry};
  const FoldResult done = fold(hashes, five.events(), retry);
  CHECK(seen_by(done, hashes) == std::vector<std::int64_t>{1, 2, 4, 7, 9});
  CHECK(done->retries == 4);
  ViewsInMemory<Chain> views(
      Chain{.fails = {{{4, "b"}, 2}}, .keys_fail = {{2, 1}}, .strategy = FailureStrategy::Retry});
  REQUIRE(fold(views, five.events(), retry));
  CHECK(views.views().at("b").version == 2);
}

TEST_CASE("T31: an event that fails leaves its views untouched, and what comes with a later fold is folded") {
  ViewsInMemory<Chain> views(Chain{.fails = {{{4, "b"}, 1}}});
  const FoldResult failed = fold(views, five.events());
  REQUIRE_FALSE(failed);
  const auto before = views.views();
  CHECK(before.at("a").version == 1);
  REQUIRE(catch_up(views, five.events(), failed.error().progress.through));
  std::vector<ViewModel::Event> log;
  for (const auto& event : five.events()) log.push_back({event.position.value, "T", std::string(event.data)});
  CHECK(difference(views.views(), naive_fold(log, Position{9})) == "");
}

TEST_CASE("fold: a projector whose state begins with a snapshot is given what comes after it") {
  Hashes hashes{.snapshot = Position{4}};
  CHECK(seen_by(fold(hashes, five.events()), hashes) == std::vector<std::int64_t>{7, 9});
  Hashes later{.snapshot = Position{4}};
  CHECK(seen_by(catch_up(later, five.events(), Position{7}), later) == std::vector<std::int64_t>{9});
  Hashes earlier{.snapshot = Position{4}};
  CHECK(seen_by(catch_up(earlier, five.events(), Position{1}), earlier) == std::vector<std::int64_t>{7, 9});
}

TEST_CASE("fold: a projector that throws when asked for its filter is an error, and nothing is folded") {
  struct Throwing : Hashes {
    EventFilter filter() const { throw std::runtime_error("no filter"); }
  };
  Throwing throwing;
  const FoldResult done = fold(throwing, five.events());
  REQUIRE_FALSE(done);
  CHECK(done.error().kind == FoldError::Kind::projector);
  CHECK_THAT(done.error().message(), Catch::Contains("no filter"));
  CHECK(throwing.seen.empty());
}

TEST_CASE("fold: a projection that is listed twice is folded twice") {
  Hashes hashes;
  const auto results = fold_all({hashes, hashes}, five.events().first(2));
  CHECK(results.size() == 2);
  CHECK(hashes.seen == std::vector<std::int64_t>{1, 1, 2, 2});
  ViewsInMemory<Chain> views(Chain{.fails = {{{2, "b"}, 1}}});
  const auto twice = fold_all({views, views}, five.events().first(2));
  CHECK_FALSE(twice[0]);
  CHECK(twice[1]);
  CHECK(views.views().at("a").version == 2);
  CHECK(views.views().at("b").version == 1);
}

TEST_CASE("fold: a key is parked where the event failed for one, else the event is passed as a whole") {
  EventRetryConfig retry;
  retry.max_attempts = 1;
  retry.when_exhausted = Escalation::quarantine_key;
  const QuarantineRecord passed{Position{4}, "s", "T", QuarantineReason::exhausted, 2, "cannot take it", {}};
  SECTION("without keys") {
    Hashes hashes{.fails = {{4, -1}}, .strategy = FailureStrategy::Retry};
    const FoldResult done = fold(hashes, five.events(), retry);
    CHECK(seen_by(done, hashes) == std::vector<std::int64_t>{1, 2, 7, 9});
    CHECK(done->quarantined == std::vector{passed});
  }
  SECTION("its keys are not known") {
    ViewsInMemory<Chain> views(Chain{.keys_fail = {{4, -1}}, .strategy = FailureStrategy::Retry});
    const FoldResult done = fold(views, five.events(), retry);
    REQUIRE(done);
    REQUIRE(done->quarantined.size() == 1);
    CHECK(done->quarantined[0].position == Position{4});
    CHECK(done->quarantined[0].attempts == 2);
    CHECK_FALSE(done->quarantined[0].key);
    CHECK(views.views().at("a").version == 2);  // of events 1 and 7
  }
}

namespace {

/// A state that cannot be put in place.
struct Brittle {
  std::int64_t value{};
  bool breaks{};
  Brittle() = default;
  Brittle(const Brittle&) = default;
  Brittle(Brittle&&) = default;
  Brittle& operator=(const Brittle&) = default;
  Brittle& operator=(Brittle&& other) {
    if (other.breaks) throw std::runtime_error("it broke");
    value = other.value;
    return *this;
  }
};
struct Breaking {
  using State = Brittle;
  using Delta = std::int64_t;
  struct view_codec {
    std::string encode_state(const State& state) const { return std::to_string(state.value); }
    std::string encode_delta(Delta delta) const { return std::to_string(delta); }
    tl::expected<State, Failure> decode_state(std::string_view) const { return State{}; }
  };
  std::string name() const { return "p"; }
  std::string keys(const RecordedEvent& event) const { return std::string(event.data); }
  Change<Delta> apply(State& state, const RecordedEvent& event) {
    state.breaks = event.position == Position{2};
    return changed(event.position.value);
  }
  FailureStrategy on_error(const FailureContext&) const { return FailureStrategy::Skip; }
};

}  // namespace

TEST_CASE(
    "fold: a view that breaks while it is put in place ends the fold, whatever the policy, and no key is blamed") {
  ViewsInMemory<Breaking> views;
  const FoldResult done = fold(views, five.events());
  REQUIRE_FALSE(done);
  CHECK(done.error().kind == FoldError::Kind::projector);
  CHECK(done.error().message() ==
        "an event left a view half changed: it broke / at position 2, T of stream s, attempt 1 / folded 1 events, "
        "through position 1");
}

TEST_CASE("fold: a projector that fails before it begins is blamed, not the order of the events") {
  struct Throwing : Hashes {
    EventFilter filter() const { throw std::runtime_error("no filter"); }
  };
  const LogInHand log = {{2, "a"}, {1, "b"}};
  Throwing throwing;
  const FoldResult done = catch_up(throwing, log.events(), Position{1});
  REQUIRE_FALSE(done);
  CHECK(done.error().kind == FoldError::Kind::projector);
  CHECK(done.error().progress.through == Position{1});
}

TEST_CASE("fold: what it did, and why it ended, print as a sentence") {
  const auto line = [](const auto& value) {
    std::ostringstream out;
    out << value;
    return std::move(out).str();
  };
  CHECK(line(FoldSummary{}) == "0 applied, 0 quarantined, 0 retries");
  CHECK(line(FoldSummary{Position{9}, 5, 2, std::vector<QuarantineRecord>(1)}) ==
        "5 applied, 1 quarantined, 2 retries, through 9");
  CHECK(std::string(to_string(FoldError::Kind::event_failed)) == "event failed");
  CHECK(std::string(to_string(FoldError::Kind::retries_exhausted)) == "retries exhausted");
  CHECK(std::string(to_string(FoldError::Kind::projector)) == "projector");
  FoldError error;
  error.kind = FoldError::Kind::not_ascending;
  error.what = "they\nfall";
  error.progress.applied = 3;
  CHECK(line(error) == "not ascending: they\\nfall / folded 3 events");
}
