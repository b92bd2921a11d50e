// What decides in a simulated run.
#include <catch2/catch.hpp>

#include <set>

#include "lantern/testing/choices.hpp"

using namespace lantern::testing;

namespace {

std::vector<std::uint32_t> answers(Choices choices, About about, int questions, std::uint32_t ways) {
  std::vector<std::uint32_t> given;
  for (int n = 0; n < questions; ++n) given.push_back(choices.choose(about, ways));
  return given;
}

/// What a run that asks differently after each answer is told.
using Told = std::vector<std::uint32_t>;
Told winding_run(Choices& choices) {
  Told told;
  told.push_back(choices.choose(About::fault, 3));
  told.push_back(choices.choose(About::schedule, told[0] == 1 ? 1 : 2));
  if (told[1] == 0) told.push_back(choices.choose(About::fault, 2 + told[0]));
  told.push_back(choices.choose(About::log, 2));
  return told;
}

/// All ways of the same, by hand; with how many departures, but for those about the log if they are free.
std::multiset<Told> all_ways(std::uint32_t most, bool log_is_free) {
  std::multiset<Told> all;
  const auto odd = [](std::uint32_t answer) { return answer == 0 ? 0U : 1U; };
  for (std::uint32_t a = 0; a < 3; ++a) {
    for (std::uint32_t b = 0; b < (a == 1 ? 1U : 2U); ++b) {
      for (std::uint32_t c = 0; c < (b == 0 ? 2 + a : 1U); ++c) {
        for (std::uint32_t d = 0; d < 2; ++d) {
          if (odd(a) + odd(b) + odd(c) + (log_is_free ? 0 : odd(d)) > most) continue;
          all.insert(b == 0 ? Told{a, b, c, d} : Told{a, b, d});
        }
      }
    }
  }
  return all;
}

}  // namespace

TEST_CASE("random bits are SplitMix64's") {
  RandomBits random(1234567);
  CHECK(random.next() == 6457827717110365317U);
  CHECK(random.next() == 3203168211198807973U);
  CHECK(random.next() == 9817491932198370423U);
  for (std::uint32_t n : {1U, 2U, 7U, 4294967295U}) {
    for (int k = 0; k < 100; ++k) CHECK(random.below(n) < n);
  }
}

TEST_CASE("the same seed gives the same answers, another seed others") {
  const auto of = [](std::uint64_t seed) { return answers(Choices::by_seed(seed), About::fault, 200, 10); };
  CHECK(of(5) == of(5));
  CHECK(of(5) != of(6));
  CHECK(of(0) != answers(Choices::by_seed(0), About::schedule, 200, 10));
}

TEST_CASE("questions about one subject do not shift the answers about another") {
  Choices alone = Choices::by_seed(3), among_others = Choices::by_seed(3);
  for (int n = 0; n < 200; ++n) {
    (void)among_others.choose(About::log, 4);
    CHECK(alone.choose(About::fault, 10) == among_others.choose(About::fault, 10));
  }
}

TEST_CASE("neither the chance of a question nor its number of ways shifts the next one") {
  Choices one = Choices::by_seed(9), other = Choices::by_seed(9);
  for (int n = 0; n < 50; ++n) {
    (void)one.choose(About::fault, 3, Chance::never());
    (void)other.choose(About::fault, 7, Chance::percent(100));
    CHECK(one.choose(About::fault, 10) == other.choose(About::fault, 10));
  }
}

TEST_CASE("what has no chance never happens, what is certain always does, and each other way is as likely") {
  Choices choices = Choices::by_seed(1);
  int taken[4]{};
  for (int n = 0; n < 3000; ++n) {
    CHECK(choices.choose(About::delay, 5, Chance::never()) == 0);
    CHECK(choices.choose(About::delay, 5, Chance::percent(100)) != 0);
    CHECK(choices.choose(About::delay, 1, Chance::percent(100)) == 0);
    ++taken[choices.choose(About::clock, 4, Chance::percent(75))];
  }
  for (const int times : taken) {
    CHECK(times > 600);
    CHECK(times < 900);
  }
}

TEST_CASE("the departures of a run are a script that gives the same run") {
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    Choices drawn = Choices::by_seed(seed);
    std::vector<Told> runs;
    for (int n = 0; n < 10; ++n) runs.push_back(winding_run(drawn));
    Choices scripted = Choices::by_script(drawn.departures());
    for (const Told& run : runs) CHECK(winding_run(scripted) == run);
    CHECK(scripted.departures() == drawn.departures());
  }
}

TEST_CASE("a script may be in any order, and what it says of a question that cannot be answered so is passed over") {
  Choices choices = Choices::by_script({{About::log, 1, 1}, {About::fault, 2, 9}, {About::fault, 0, 2}});
  CHECK(choices.choose(About::fault, 3) == 2);
  CHECK(choices.choose(About::fault, 3) == 0);
  CHECK(choices.choose(About::fault, 9) == 0);  // 9 is not offered
  CHECK(choices.choose(About::log, 2) == 0);
  CHECK(choices.choose(About::log, 2) == 1);
  CHECK(choices.departures() == std::vector<Departure>{{About::fault, 0, 2}, {About::log, 1, 1}});
}

TEST_CASE("exploring is complete, and without repetition") {
  for (const bool log_is_free : {false, true}) {
    for (std::uint32_t most = 0; most <= 5; ++most) {
      std::multiset<Told> explored;
      DepartureBudget budget{.total = most};
      if (log_is_free) budget.free = {About::log};
      const std::uint64_t runs = explore(budget, [&](Choices& choices) { explored.insert(winding_run(choices)); });
      INFO(most << " departures" << (log_is_free ? ", not counting those about the log" : ""));
      CHECK(runs == explored.size());
      CHECK(explored == all_ways(most, log_is_free));
    }
  }
}
