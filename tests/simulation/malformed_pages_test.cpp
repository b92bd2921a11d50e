// What becomes of pages that a reader must never give: a typed error that blames the store, and nothing wrong stored.
#include "lantern/testing/malformed_pages.hpp"

#include <algorithm>

#include "lantern/testing/log_reader.hpp"
#include "page_world.hpp"

using namespace simulation_test;

namespace {

/// Six events: those of stream s0 at 1, 3 and 5, of type T0 at 1, 2, 5 and 6.
SimulatedLog six_events() {
  SimulatedLog log;
  for (const auto& [stream, type] :
       {std::pair{"s0", "T0"}, {"s1", "T0"}, {"s0", "T1"}, {"s1", "T1"}, {"s0", "T0"}, {"s1", "T0"}}) {
    log.write({.stream = stream, .type = type});
  }
  return log;
}

/// Reads page by page, of which the first is spoilt. Absent: it cannot be spoilt in this way.
std::optional<Step> run_with(PageWorld& world, const SimulatedLog& log, Malformation how) {
  bool first = true, spoilt = false;
  world.config.page_limit(3);
  world.read = [&](const ReadEvents& asked) -> ReadEvents::reply {
    ReadEvents::reply good = LogReader().read(log, asked);
    if (!std::exchange(first, false)) return good;
    auto bad = spoil(*good, asked, how);
    if (!bad) return good;
    spoilt = true;
    return *std::move(bad);
  };
  Step end = world.run();
  return spoilt ? std::optional(std::move(end)) : std::nullopt;
}

}  // namespace

TEST_CASE("S6: a malformed page is answered by an error that says what is wrong with it, and nothing is stored") {
  using enum Malformation;
  struct Case {
    Malformation how;
    bool from_three;   ///< the run begins at a checkpoint
    const char* says;  ///< null: it cannot be told from a good page
  };
  const auto given = GENERATE(values<Case>({
      {unsorted, false, "after position 3 it gave an event at 2"},
      {unsorted, true, "after position 6 it gave an event at 5"},
      {overlapping, true, "after position 3 it gave an event at 3"},
      {too_many, false, "4 events where at most 3"},
      {too_many, true, "4 events where at most 3"},
      {wrong_stream, false, "an event at 5 that the filter does not let through"},
      {wrong_type, false, "an event at 5 that the filter does not let through"},
      {scanned_back, true, "it scanned to 2, before the position 3"},
      {scanned_nowhere, false, "scanned_to is the beginning, before its own last event at 3"},
      {scanned_nowhere, true, "it scanned to the beginning, before the position 3"},
      {scanned_too_little, false, "before its own last event at 3"},
      {scanned_too_little, true, "before its own last event at 6"},
      {scanned_beyond_head, false, "the head is at 6, before scanned_to at 7"},
      {scanned_beyond_head, true, "the head is at 6, before scanned_to at 7"},
      {head_regressed, false, "the head is at 2, before scanned_to at 3"},
      {head_regressed, true, "the head is at 5, before scanned_to at 6"},
      {position_zero, true, "after position 3 it gave an event at 0"},
      {position_minus_one, true, "after position 3 it gave an event at -1"},
      {position_max, false, "before its own last event at 9223372036854775807"},
      {no_way_forward, false, "neither gave events, nor scanned further"},
      {no_way_forward, true, "neither gave events, nor scanned further"},
      {position_zero, false, nullptr},  // positions may be anything that ascends
      {position_minus_one, false, nullptr},
  }));
  CAPTURE(to_string(given.how), given.from_three);
  const SimulatedLog log = six_events();
  PageWorld world;
  if (given.how == wrong_stream) world.filter.stream = "s0";
  if (given.how == wrong_type) world.filter = {.stream = "s0", .types = {"T0", "T1"}};
  if (given.from_three) world.store.checkpoint = Position{3};
  const auto checkpoint = world.store.checkpoint;

  const auto end = run_with(world, log, given.how);
  REQUIRE(end);
  if (!given.says) {
    story::success(*end);
    return;
  }
  const ProjectionError& error = story::error(*end);
  CHECK(error.kind == ErrorKind::store_contract);
  CHECK_THAT(error.what, Catch::Contains(given.says) && Catch::Contains("the store broke its contract"));
  CHECK(error.position == checkpoint);
  CHECK(world.store.ledger.empty());
  CHECK(world.store.checkpoint == checkpoint);
  CHECK(world.store.commits == 0);
}

TEST_CASE("S6: an event that comes twice on one page is an error") {
  // The limit leaves room for one more.
  const SimulatedLog log = six_events();
  PageWorld world;
  world.filter.stream = "s0";
  world.config.page_limit(4);
  world.read = [&](const ReadEvents& asked) -> ReadEvents::reply {
    return *spoil(*LogReader().read(log, asked), asked, Malformation::doubled);
  };
  const Step end = world.run();
  CHECK_THAT(story::error(end).what, Catch::Contains("after position 5 it gave an event at 5"));
  CHECK(world.store.ledger.empty());
}

namespace {

/// Runs the projection again and again while pages are spoilt by choice, until a run catches up. Every event that the
/// filter lets through must be stored once, in order. Returns how many pages were spoilt.
std::size_t outlive(Choices& choices, const SimulatedLog& log, const EventFilter& filter, std::uint32_t limit) {
  PageWorld world;
  world.filter = filter;
  world.config.page_limit(*BatchSize::of(limit));
  const auto expected = positions(log.events(), filter);
  std::size_t spoilt = 0;
  world.read = [&](const ReadEvents& asked) -> ReadEvents::reply {
    const auto good = LogReader().read(log, asked);
    SpoiltPage page = maybe_spoil(*good, asked, choices);
    // From the beginning of a log, positions may be anything that ascends: there, such an event would be taken.
    const bool is_plausible =
        !asked.after && (page.by == Malformation::position_zero || page.by == Malformation::position_minus_one);
    if (is_plausible) return good;
    spoilt += page.by != Malformation::none;
    return std::move(page.page);
  };
  for (int runs = 0; runs < 1000; ++runs) {
    const Step end = world.run();
    if (!end.finished()) throw std::logic_error("a run does not end");
    const auto& ledger = world.store.ledger;
    if (ledger.size() > expected.size() || !std::equal(ledger.begin(), ledger.end(), expected.begin())) {
      throw std::logic_error("what is stored is not the beginning of the log");
    }
    if (end.finished()->has_value()) {
      if (ledger != expected) throw std::logic_error("a run said that it was done, and left events behind");
      return spoilt;
    }
    const ErrorKind kind = end.finished()->error().kind;  // a log that was truncated looks like some of these
    if (kind != ErrorKind::store_contract && kind != ErrorKind::source_changed)
      throw std::logic_error("the wrong kind of error");
  }
  throw std::logic_error("it never gets to the end");
}

}  // namespace

TEST_CASE("S6: whatever pages are spoilt, and how, runs that are begun again store each event once") {
  const SimulatedLog log = six_events();
  const auto filter = GENERATE(EventFilter{}, EventFilter{.stream = "s0"}, EventFilter{.types = {"T1"}});
  const auto limit = GENERATE(1U, 2U, 4U);
  std::size_t spoilt = 0;
  const auto runs = explore({.total = 2}, [&](Choices& choices) { spoilt += outlive(choices, log, filter, limit); });
  CHECK(runs > 100);
  CHECK(spoilt > 100);
}

TEST_CASE("S6: thousands of logs of which every fourth page is spoilt") {
  std::array<std::size_t, 3> spoilt{};
  for (std::uint64_t seed = 0; seed < 5'000; ++seed) {
    Choices choices = Choices::by_seed(seed);
    SimulatedLog log(make_workload(choices, 12));
    log.write_rest();
    const std::array filters{EventFilter{}, EventFilter{.stream = "s1"}, EventFilter{.types = {"T0"}}};
    try {
      spoilt[seed % 3] += outlive(choices, log, filters[seed % 3], 1 + static_cast<std::uint32_t>(seed / 3 % 4));
    } catch (const std::exception& error) {
      FAIL("seed " << seed << ": " << error.what());
    }
  }
  for (const std::size_t pages : spoilt) CHECK(pages > 500);
}
