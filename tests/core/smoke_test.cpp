#include <catch2/catch.hpp>

#include "lantern/json_codec.hpp"
#include "lantern/pipeline.hpp"

using namespace lantern;

namespace {
struct Deposited {
  static constexpr std::string_view event_type = "Deposited";
  std::string account;
  std::int64_t amount{};
};
BOOST_DESCRIBE_STRUCT(Deposited, (), (account, amount))
struct Closed {
  static constexpr std::string_view event_type = "Closed";
  std::string account;
};
BOOST_DESCRIBE_STRUCT(Closed, (), (account))

struct Bank {
  static constexpr bool effects_are_durable = true;
  using codec = JsonCodec<Deposited, Closed>;
  std::int64_t total{};
  std::string name() const { return "bank"; }
  void apply(const Deposited& e, Position) { total += e.amount; }
  tl::expected<void, std::string> apply(const Closed&, Position) { return {}; }
};
}  // namespace

TEST_CASE("a batch run loads, reads, saves and ends") {
  Bank bank;
  ProjectionPipeline pipeline(bank, ProjectionConfig().page_limit(10));
  Step s = pipeline.start(Instant{});
  REQUIRE(s.asks<LoadCheckpoint>());
  s = std::move(*s.asks<LoadCheckpoint>()).answer(std::nullopt, Instant{});
  REQUIRE(s.asks<ReadEvents>());
  EventPage page;
  page.add({.position = Position{1},
            .stream = "a",
            .version = 1,
            .type = "Deposited",
            .data = R"({"account":"a","amount":5})"});
  page.scanned_to = page.head = Position{1};
  s = std::move(*s.asks<ReadEvents>()).answer(std::move(page), Instant{});
  REQUIRE(s.asks<SaveCheckpoint>());
  CHECK(s.asks<SaveCheckpoint>()->effect().through == Position{1});
  s = std::move(*s.asks<SaveCheckpoint>()).answer(Saved{}, Instant{});
  REQUIRE(s.finished());
  REQUIRE(s.finished()->has_value());
  CHECK((*s.finished())->applied == 1);
  CHECK(bank.total == 5);
}
