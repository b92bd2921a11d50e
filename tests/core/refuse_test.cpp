// What no store may do is refused by one set of functions, and what a store may do passes.
#include <catch2/catch.hpp>

#include "lantern/names.hpp"
#include "lantern/refuse.hpp"

using namespace lantern;
using namespace std::chrono_literals;

namespace {

const ProjectionId good("orders", "acme");
const std::string too_long(longest_name + 1, 'x');
const std::string with_nul("a\0b", 3);

template <class E>
void check_refused(const E& asked, const std::string& why) {
  const auto failure = refuse(asked);
  INFO(why);
  REQUIRE(failure);
  CHECK(failure->kind == FailureKind::invalid);
  CHECK_THAT(failure->what, Catch::Contains(why));
}

}  // namespace

TEST_CASE("requests that make sense are the store's to decide") {
  CHECK_FALSE(refuse(LoadCheckpoint{good}));
  CHECK_FALSE(refuse(LoadCheckpoint{ProjectionId("orders")}));  // no tenants
  CHECK_FALSE(refuse(ReadEvents{}));
  CHECK_FALSE(refuse(AcquireLease{good, "me", 1ns}));
  CHECK_FALSE(refuse(RenewLease{good, Lease{"me", Fence{1}}, 1ns}));
  CHECK_FALSE(refuse(ReleaseLease{good, Lease{"me", Fence{1}}}));
  CHECK_FALSE(refuse(ListStreams{}));
  CHECK_FALSE(refuse(ReadStream{.stream = "s"}));
  CHECK_FALSE(refuse(AppendEvents{}));
  CHECK_FALSE(refuse(AppendEvents{{NewEvent{.stream = "s", .type = "T"}}, {{"s", 0}}}));
  for (const auto& [from, through] : {std::pair<std::optional<Position>, std::optional<Position>>{{}, {}},
                                      {{}, Position{1}},
                                      {Position{1}, Position{1}},
                                      {Position{1}, Position{2}}}) {
    SaveCheckpoint save{good};
    save.from = from;
    save.through = through;
    CHECK_FALSE(refuse(save));
  }
}

TEST_CASE("names that are no names are refused wherever they stand") {
  for (const auto& [bad, why] : {std::pair<std::string, std::string>{"", "empty"},
                                 {too_long, "1025 bytes"},
                                 {with_nul, "NUL"},
                                 {"\xC3(", "UTF-8"}}) {
    check_refused(LoadCheckpoint{ProjectionId(bad)}, why);
    if (!bad.empty()) check_refused(LoadCheckpoint{ProjectionId("orders", bad)}, why);
    check_refused(SaveCheckpoint{ProjectionId(bad)}, why);
    check_refused(AcquireLease{ProjectionId(bad), "me", 1s}, why);
    check_refused(AcquireLease{good, bad, 1s}, why);
    check_refused(RenewLease{good, Lease{bad, Fence{1}}, 1s}, why);
    check_refused(ReleaseLease{good, Lease{bad, Fence{1}}}, why);
    check_refused(AppendEvents{{NewEvent{.stream = bad, .type = "T"}}, {}}, why);
    check_refused(AppendEvents{{NewEvent{.stream = "s", .type = bad}}, {}}, why);
    if (!bad.empty()) check_refused(AppendEvents{{NewEvent{.stream = "s", .type = "T", .id = bad}}, {}}, why);
    check_refused(AppendEvents{{}, {{bad, 0}}}, why);
    check_refused(ReadStream{.stream = bad}, why);
    SaveCheckpoint moves{good};
    moves.cursors = {{"s", {}, StreamVersion{1}}, {bad, {}, StreamVersion{1}}};
    check_refused(moves, why);
  }
}

TEST_CASE("lengths, limits and checkpoints that make no sense are refused") {
  check_refused(ReadEvents{.limit = 0}, "a page of 0 events");
  check_refused(ListStreams{.limit = 0}, "a page of 0 streams");
  check_refused(ReadStream{.stream = "s", .limit = 0}, "a slice of 0 events");
  check_refused(AcquireLease{good, "me", 0ns}, "a lease of 0 ns");
  check_refused(RenewLease{good, Lease{"me", Fence{1}}, -1ns}, "a lease of -1 ns");
  check_refused(AppendEvents{{NewEvent{.stream = "s", .type = "T", .schema_version = 0}}, {}}, "schema version is 0");
  SaveCheckpoint back{good};
  back.from = Position{7};
  check_refused(back, "back, from 7 to none");
  back.through = Position{6};
  check_refused(back, "the checkpoint of orders of tenant acme back, from 7 to 6");
}

TEST_CASE("views and writes without a checkpoint are refused, records are not") {
  SaveCheckpoint save{good};
  save.quarantined = {QuarantineRecord{.position = Position{1}, .stream = "s", .type = "T"}};
  CHECK_FALSE(refuse(save));
  save.views = {StoredView{.key = "k", .state = "s", .version = 1}};
  check_refused(save, "no checkpoint to go with them");
  save.through = Position{1};
  CHECK_FALSE(refuse(save));
  EventPage page;
  page.add(RecordedEvent{.position = Position{1}, .stream = "s", .type = "T"});
  SaveCheckpoint writes{good};
  writes.writes.runs = {page.events()};
  check_refused(writes, "no checkpoint to go with them");
  writes.through = Position{1};
  CHECK_FALSE(refuse(writes));
}

TEST_CASE("a commit moves each cursor once, forward, and no position besides") {
  const auto moving = [](std::vector<CursorMove> moves) {
    SaveCheckpoint save{good};
    save.cursors = std::move(moves);
    return save;
  };
  const auto at = [](std::int64_t version) { return StreamVersion{version}; };
  CHECK_FALSE(refuse(moving({{"a", {}, at(1)}, {"b", at(1), at(2)}})));
  check_refused(moving({{"a", {}, at(0)}}), "the cursor of stream 'a' back, from none to 0");
  check_refused(moving({{"a", at(-2), at(-1)}}), "back, from -2 to -1");
  check_refused(moving({{"a", at(2), at(2)}}), "back, from 2 to 2");
  check_refused(moving({{"b", {}, at(1)}, {"a", at(3), at(2)}}), "the cursor of stream 'a' back, from 3 to 2");
  check_refused(moving({{"a", {}, at(1)}, {"b", {}, at(1)}, {"a", at(1), at(2)}}),
                "moves the cursor of stream 'a' twice");
  for (const bool from : {false, true}) {
    for (const bool through : {false, true}) {
      auto both = moving({{"a", {}, at(1)}});
      if (from) both.from = Position{1};
      if (through) both.through = Position{1};
      if (from || through) check_refused(both, "has both a position and cursors");
      else CHECK_FALSE(refuse(both));
    }
  }
}

TEST_CASE("a lease that outlasts the clock never expires") {
  constexpr auto end = std::chrono::nanoseconds::max();
  CHECK(expiry(10ns, 5ns) == 15ns);
  CHECK(expiry(-10ns, 5ns) == -5ns);  // a clock before 1970
  CHECK(expiry(10ns, end) == end);
  CHECK(expiry(end, 1ns) == end);
  CHECK(expiry(0ns, end) == end);
  CHECK(expiry(-10ns, end) == end - 10ns);
}
