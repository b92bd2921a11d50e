// The tests that docs/guide-testing.md shows, in Catch2.
#include <catch2/catch.hpp>

#include "guide_testing_carts.hpp"
#include "lantern/testing/spec_json.hpp"

using namespace shop;
using lantern::testing::given;

TEST_CASE("a line that is removed is taken off the total") {
  CHECK(given<Carts>(Added{"ann", "pen", 300}, Added{"ann", "ink", 500})
            .when(Removed{"ann", "pen"})
            .then_view("ann", {.lines = {{"ink", 500}}, .total = 500})
            .then_deltas(TotalMoved{-300}));
}

TEST_CASE("a paid cart is gone") {
  CHECK(given<Carts>(Added{"ann", "pen", 300}).when(Paid{"ann"}).then_no_view("ann").then_deltas(lantern::erased));
}

TEST_CASE("what is not in the cart cannot be removed") {
  CHECK(given<Carts>(Added{"ann", "pen", 300})
            .when(Removed{"ann", "ink"})
            .then_fails("no such line")
            .then_view("ann", {.lines = {{"pen", 300}}, .total = 300}));
}

TEST_CASE("turnover counts what was added") {
  CHECK(given<Turnover>(Added{"ann", "pen", 300}).when(Added{"bob", "ink", 500}).then(&Turnover::cents, 800));
  CHECK(given<Turnover>().when(Added{"bob", "ink", 5}).then([](const Turnover& t) { return t.cents == 5; }));
}

TEST_CASE("a payload that is no event fails like any other") {
  const lantern::NewEvent event{.stream = "ann", .type = "Added", .data = "{}"};
  CHECK(given<Carts>().when(event).then_fails(FailureKind::undecodable).then_unchanged());
}

TEST_CASE("events that fail are passed over where the projector says so") {
  struct Patient : Carts {
    lantern::FailureStrategy on_error(const lantern::FailureContext&) const { return lantern::FailureStrategy::Skip; }
  };
  CHECK(lantern::testing::Spec(Patient())
            .given(Added{"ann", "pen", 300})
            .when(Removed{"ann", "ink"}, Added{"ann", "ink", 500})
            .then_fails("no such line")
            .then_deltas(TotalMoved{500}));
}
