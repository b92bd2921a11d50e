// The log with concurrent writers, and that a pipeline that reads it by a safe rule loses nothing (S4).
#include "lantern/testing/simulated_log.hpp"

#include <algorithm>
#include <map>

#include "lantern/testing/log_reader.hpp"
#include "page_world.hpp"

using namespace simulation_test;

namespace {

NewEvent event(const char* stream, const char* data = "") { return {.stream = stream, .type = "T", .data = data}; }

std::vector<std::int64_t> read_all(LogReader reader, const SimulatedLog& log) {
  std::vector<std::int64_t> all;
  const auto page = reader.read(log, {});
  for (const RecordedEvent& one : page->events()) all.push_back(one.position.value);
  return all;
}

using Numbers = std::vector<std::int64_t>;

}  // namespace

TEST_CASE("an event is seen when its transaction has committed, and a safe page ends before the first open number") {
  SimulatedLog log;
  log.write(event("a"));
  const auto slow = log.begin();
  log.append(slow, event("b"));
  log.write(event("c"));
  CHECK(read_all(LogReader(), log) == Numbers{1});
  CHECK(read_all(LogReader(newest_visible()), log) == Numbers{1, 3});
  CHECK(positions(log.events()) == Numbers{1});
  SECTION("it commits late") {
    CHECK(log.commit(slow));
    CHECK(read_all(LogReader(), log) == Numbers{1, 2, 3});
  }
  SECTION("it is rolled back: its number is missing for ever") {
    log.roll_back(slow);
    CHECK(read_all(LogReader(), log) == Numbers{1, 3});
  }
  CHECK(positions(log.events()) == read_all(LogReader(), log));
}

TEST_CASE("of two transactions that write to one stream at once, the first to commit does") {
  SimulatedLog log;
  log.write(event("s"));
  const auto first = log.begin(), second = log.begin();
  log.append(first, event("s", "of the first"));
  log.append(second, event("s", "of the second"));
  log.append(first, event("s", "of the first, too"));
  log.append(second, event("t"));
  CHECK(log.commit(second));
  CHECK_FALSE(log.commit(first));
  const auto events = log.events();
  REQUIRE(positions(events) == Numbers{1, 3, 5});
  CHECK(events[1].data == "of the second");
  CHECK(events[1].version == 2);
  CHECK(events[2].version == 1);
}

TEST_CASE("numbers at the end that were rolled back are drawn again where a store does so, others are not") {
  SimulatedLog log({}, {.reuse_numbers = true});
  const auto first = log.begin(), second = log.begin(), third = log.begin();
  log.append(first, event("a"));
  log.append(second, event("b"));
  log.append(third, event("c"));
  log.roll_back(third);
  CHECK(log.append(second, event("b")) == Position{3});
  log.roll_back(first);
  CHECK(log.commit(second));
  CHECK(positions(log.events()) == Numbers{2, 3});
  const auto last = log.begin();
  log.append(last, event("d"));
  log.roll_back(last);
  CHECK(log.write(event("e")) == Position{4});
}

TEST_CASE("a transaction that was begun before numbers were given back writes all of its events") {
  SimulatedLog log({}, {.reuse_numbers = true});
  const auto rolled = log.begin();
  log.append(rolled, event("a"));
  log.append(rolled, event("a"));
  const auto late = log.begin();
  log.roll_back(rolled);
  log.append(late, event("b"));
  log.append(late, event("b"));
  CHECK(log.commit(late));
  REQUIRE(positions(log.events()) == Numbers{1, 2});
  CHECK(log.events()[1].version == 2);
}

TEST_CASE("a page of a simulated log says how far it looked, and where the log ends") {
  SimulatedLog log;
  for (const char* stream : {"a", "b", "b", "a", "b"}) log.write(event(stream));
  const auto open = log.begin();
  log.append(open, event("a"));
  LogReader reader;
  const ReadEvents of_a{.filter = {.stream = "a"}};
  const auto page = reader.read(log, of_a);
  CHECK(page->size() == 2);
  CHECK(page->scanned_to == Position{5});
  CHECK(page->head == Position{5});
  ReadEvents one = of_a;
  one.limit = 1;
  CHECK(reader.read(log, one)->scanned_to == Position{1});
  CHECK(LogReader(never_cross_open_numbers(), {.tells_head = false}).read(log, one)->head == std::nullopt);
  one.limit = 0;
  CHECK(reader.read(log, one).error().kind == FailureKind::invalid);
}

TEST_CASE("S15: a checkpoint in a log that is empty, or that ends before it, is an error") {
  SimulatedLog log;
  if (GENERATE(false, true)) log.write(event("a"));
  PageWorld world;
  world.store.checkpoint = Position{7};
  const auto shapes = GENERATE(PageShapes{}, PageShapes{.tells_head = false});
  if (!shapes.tells_head && log.done() && !log.events().empty()) return;  // nobody can tell
  LogReader reader(never_cross_open_numbers(), shapes);
  world.read = [&](const ReadEvents& asked) { return reader.read(log, asked); };
  const Step end = world.run();
  const bool is_empty = log.events().empty();  // which shows by nothing that was looked at
  CHECK(story::error(end).kind == (is_empty ? ErrorKind::store_contract : ErrorKind::source_changed));
  CHECK_THAT(story::error(end).what, Catch::Contains(is_empty ? "truncated or replaced" : "expected events up to 7"));
  CHECK(world.store.commits == 0);
}

TEST_CASE("a page that is cut early ends after one event, or before the first but further than was asked for") {
  SimulatedLog log;
  for (const char* stream : {"b", "a", "a"}) log.write(event(stream));
  LogReader reader(never_cross_open_numbers(), {.cut = Chance::percent(50)});
  const auto cut = [&](std::uint32_t how) {
    Choices choices = Choices::by_script({{About::log, 0, how}});
    return *reader.read(log, {.filter = {.stream = "a"}}, choices);
  };
  CHECK(cut(0).size() == 2);
  CHECK(cut(1).size() == 1);
  CHECK(cut(1).scanned_to == Position{2});
  CHECK(cut(2).empty());
  CHECK(cut(2).scanned_to == Position{1});
}

namespace {

/// What a seed is about: producers, the shape of pages, and how often producers do something.
struct Story {
  ProducerHabits habits{};
  PageShapes shapes{};
  EventFilter filter{};
  std::uint32_t limit{};
  std::uint32_t busy{};
};

Story story_of(Choices& choices) {
  const auto flip = [&] { return choices.choose(About::workload, 2, Chance::percent(50)) == 1; };
  Story made;
  made.habits = {.open_at_once = 1 + choices.choose(About::workload, 3, Chance::percent(75)),
                 .most_in_one = 1 + choices.choose(About::workload, 3, Chance::percent(75)),
                 .roll_back = flip(),
                 .late_ids = flip(),
                 .reuse_numbers = flip()};
  made.shapes = {.tells_head = !flip(), .cut = flip() ? Chance::percent(25) : Chance::never()};
  if (flip()) made.filter.stream = "s1";
  made.limit = 1 + choices.choose(About::workload, 4, Chance::percent(75));
  made.busy = 1 + choices.choose(About::workload, 3, Chance::percent(75));
  return made;
}

enum class Outcome { all_stored, events_lost, out_of_order, never_done };

/// Runs that read while producers write, and one that reads when they are done.
Outcome run(std::uint64_t seed, ReadRule rule) {
  Choices choices = Choices::by_seed(seed);
  const Story told = story_of(choices);
  SimulatedLog log(make_workload(choices, 14), told.habits);
  LogReader reader(rule, told.shapes);
  PageWorld world;
  world.filter = told.filter;
  world.config.page_limit(*BatchSize::of(told.limit));
  std::int64_t time = 0;
  world.read = [&](const ReadEvents& asked) {
    for (std::uint32_t i = 0; i < told.busy; ++i) log.step(choices);
    return reader.read(log, asked, choices, ++time);
  };
  for (int runs = 0; runs < 100 && !log.done(); ++runs) (void)world.run();
  log.settle();
  for (int runs = 0; runs < 10; ++runs) {
    const Step end = world.run();
    if (!end.finished() || !end.finished()->has_value()) return Outcome::never_done;
  }
  auto stored = world.store.ledger;
  const auto expected = positions(log.events(), told.filter);
  if (stored == expected) return Outcome::all_stored;
  std::ranges::sort(stored);
  return stored == expected ? Outcome::out_of_order : Outcome::events_lost;
}

}  // namespace

TEST_CASE("S4: a run that reads by a safe rule stores each event once, in order, whatever producers do") {
  const auto rule = GENERATE(never_cross_open_numbers(), gap_with_evidence());
  for (std::uint64_t seed = 0; seed < 5'000; ++seed) {
    CAPTURE(seed, rule.name);
    REQUIRE(run(seed, rule) == Outcome::all_stored);
  }
}

TEST_CASE("S4: a run that reads by a rule that is not safe loses events, and a few seeds show it") {
  const auto first_loss = [](ReadRule rule) {
    std::uint64_t seed = 0;
    while (seed < 2'000 && run(seed, rule) != Outcome::events_lost) ++seed;
    return seed;
  };
  CHECK(first_loss(newest_visible()) < 20);
  CHECK(first_loss(gap_with_timeout(2)) < 200);  // a gap that is crossed by the wall clock
  CHECK(first_loss(id_horizon_by_number()) < 200);
  CHECK(first_loss(gap_with_evidence_of_ids()) < 200);
  CHECK(first_loss(contiguous_only()) < 50);
}

TEST_CASE("a simulated log is the same for the same seed") {
  const auto told = [](std::uint64_t seed) {
    Choices choices = Choices::by_seed(seed);
    SimulatedLog log(make_workload(choices, 20), {.late_ids = true, .reuse_numbers = true});
    while (!log.done()) log.step(choices);
    std::string all;
    for (const RecordedEvent& one : log.events()) {
      all += std::to_string(one.position.value) + std::string(one.stream) + std::string(one.data) + " ";
    }
    return all;
  };
  CHECK(told(7) == told(7));
  CHECK(told(7) != told(8));
}

TEST_CASE("the events of a simulated log never change once no open number stands before them") {
  for (std::uint64_t seed = 0; seed < 500; ++seed) {
    CAPTURE(seed);
    Choices choices = Choices::by_seed(seed);
    SimulatedLog log(make_workload(choices, 20), {.late_ids = true, .reuse_numbers = (seed & 1) != 0});
    Numbers before;
    while (!log.done()) {
      log.step(choices);
      const Numbers now = positions(log.events());
      REQUIRE(now.size() >= before.size());
      REQUIRE(std::equal(before.begin(), before.end(), now.begin()));
      before = now;
    }
    std::map<std::string, std::int64_t> versions;
    for (const RecordedEvent& one : log.events()) REQUIRE(one.version == ++versions[std::string(one.stream)]);
  }
}
