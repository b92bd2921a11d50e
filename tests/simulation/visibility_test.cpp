// Which rules of reading are safe while producers write: all interleavings of a few of them.
#include <catch2/catch.hpp>

#include <cstdint>
#include <vector>

#include "lantern/testing/visibility_check.hpp"

using namespace lantern::testing;

namespace {

enum class Flaw { none, losses, inversions, stalls };

struct Claim {
  ReadRule rule;
  Flaw flaw;
  std::uint64_t of_two;    ///< interleavings that show it, with two producers and two looks
  std::uint64_t of_three;  ///< with three producers
};

std::vector<Claim> claims() {
  return {{never_cross_open_numbers(), Flaw::none, 0, 0},         {gap_with_evidence(), Flaw::none, 0, 0},
          {newest_visible(), Flaw::losses, 246, 422'412},         {gap_with_timeout(1), Flaw::losses, 42, 50'160},
          {gap_with_evidence_of_ids(), Flaw::losses, 42, 39'168}, {id_horizon_by_number(), Flaw::losses, 162, 267'708},
          {id_horizon_by_id(), Flaw::inversions, 168, 302'940},   {contiguous_only(), Flaw::stalls, 2'240, 2'956'800}};
}

/// Just what is claimed, and nothing else is wrong with it.
void check(const Claim& claim, VisibilityModel model, std::uint64_t interleavings, std::uint64_t wrong) {
  const VisibilityReport report = check_visibility(claim.rule, model);
  INFO(claim.rule.name << ", for one: " << report.example);
  CHECK(report.interleavings == interleavings);
  CHECK(report.losses == (claim.flaw == Flaw::losses ? wrong : 0));
  CHECK(report.inversions == (claim.flaw == Flaw::inversions ? wrong : 0));
  CHECK(report.stalls == (claim.flaw == Flaw::stalls ? wrong : 0));
  CHECK(report.example.empty() == (wrong == 0));
}

}  // namespace

TEST_CASE("two producers, two looks: the safe rules keep all, each other one has the flaw that it is known for") {
  for (const Claim& claim : claims()) check(claim, {.writers = 2, .polls = 2}, 8'960, claim.of_two);
}

TEST_CASE("three producers, two looks: the safe rules keep all") {
  for (const Claim& claim : claims()) {
    if (claim.flaw == Flaw::none) check(claim, {.writers = 3, .polls = 2}, 5'913'600, claim.of_three);
  }
}

TEST_CASE("three producers, two looks: each rule that is not safe has the flaw that it is known for", "[.thorough]") {
  for (const Claim& claim : claims()) {
    if (claim.flaw != Flaw::none) check(claim, {.writers = 3, .polls = 2}, 5'913'600, claim.of_three);
  }
}

TEST_CASE("three producers, three looks: the safe rules keep all", "[.thorough]") {
  for (const Claim& claim : claims()) {
    if (claim.flaw == Flaw::none) check(claim, {.writers = 3, .polls = 3}, 23'654'400, 0);
  }
}

TEST_CASE("patience only makes a loss rarer: the producer that is slower than it is still lost") {
  const auto losses = [](std::int64_t patience) {
    return check_visibility(gap_with_timeout(patience), {.writers = 2, .polls = 4}).losses;
  };
  CHECK(losses(1) > losses(2));
  CHECK(losses(2) > losses(3));
  CHECK(losses(3) > 0);
}

TEST_CASE("an interleaving that goes wrong is told as a story") {
  CHECK(check_visibility(newest_visible(), {.writers = 2, .polls = 1}).example ==
        "writer 1 draws a number, writer 1 draws an id, writer 2 draws a number, writer 2 draws an id, "
        "writer 2 commits, the reader polls, writer 1 commits: loses an event");
}
