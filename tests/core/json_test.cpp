// Payloads as JSON, events as described structs.
#include <cmath>
#include <limits>
#include <map>

#include "story.hpp"

#include "lantern/json_codec.hpp"
#include "lantern/json_views.hpp"

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
using Bank = JsonCodec<Deposited, Closed>;

struct Account {
  using codec = Bank;
  std::int64_t total{};
  int closed{};
  std::vector<FailureKind> failures{};
  std::string name() const { return "account"; }
  void apply(const Deposited& event, Position) { total += event.amount; }
  void apply(const Closed&, Position) { ++closed; }
  FailureStrategy on_error(const FailureContext& context) {
    failures.push_back(context.error.kind);
    return FailureStrategy::Skip;
  }
};

auto decode(std::string_view type, std::string_view data) { return Bank{}.decode({.type = type, .data = data}); }
}  // namespace

TEST_CASE("a payload is decoded into the struct of its type") {
  const auto event = decode("Deposited", R"({"account":"ä","amount":-5})");
  REQUIRE(event);
  CHECK(std::get<Deposited>(*event).account == "ä");
  CHECK(std::get<Deposited>(*event).amount == -5);
  CHECK(std::holds_alternative<Closed>(decode("Closed", R"({"account":"a"})").value()));
}

TEST_CASE("a payload that does not fit is undecodable, and the failure says why") {
  const std::string deep = std::string(65, '[') + std::string(65, ']');
  for (const std::string data :
       {"", "nonsense", "{", "[]", "null", R"({"account":"a"})", R"({"account":"a","amount":"5"})",
        R"({"account":"a","amount":1.5})", R"({"account":"a","amount":99999999999999999999})",
        R"({"account":"a","amount":5}x)", R"({"account":"\ud800","amount":5})"}) {
    const auto event = decode("Deposited", data);
    INFO(data);
    REQUIRE_FALSE(event);
    CHECK(event.error().kind == FailureKind::undecodable);
    CHECK_THAT(event.error().what, Catch::StartsWith("the payload is no Deposited ("));
  }
  CHECK_FALSE(decode("Deposited", deep));
  CHECK_FALSE(decode("Deposited", std::string(10'000'000, '[')));  // no stack is exhausted
  const auto unknown = decode("Withdrawn", "{}");
  CHECK(unknown.error() == Failure(FailureKind::undecodable, "no event of this codec has type Withdrawn"));
}

TEST_CASE("a projection with a codec reads the codec's types only, and its undecodable events are seen by on_error") {
  Account account;
  Step s = ProjectionPipeline(account).start(Instant{});
  auto read = story::expect<ReadEvents>(s);
  CHECK(read.effect().filter == EventFilter{.types = {"Deposited", "Closed"}});
  EventPage page;
  page.add({.position = Position{1}, .type = "Deposited", .data = R"({"account":"a","amount":3})"});
  page.add({.position = Position{2}, .type = "Deposited", .data = "broken"});
  page.add({.position = Position{3}, .type = "Closed", .data = R"({"account":"a"})"});
  page.scanned_to = page.head = Position{3};
  s = std::move(read).answer(std::move(page), Instant{});
  s = story::expect<SaveCheckpoint>(s).answer(Saved{}, Instant{});
  CHECK(story::success(s).quarantined == 1);
  CHECK(account.total == 3);
  CHECK(account.closed == 1);
  CHECK(account.failures == std::vector{FailureKind::undecodable});
}

namespace {
struct Measured {
  static constexpr std::string_view event_type = "Measured";
  double value{};
  bool good{};
  std::uint64_t serial{};
  std::vector<std::optional<int>> marks{};
};
BOOST_DESCRIBE_STRUCT(Measured, (), (value, good, serial, marks))

tl::expected<Measured, Failure> measured(const std::string& value, const std::string& good = "true") {
  const std::string data =
      "{\"value\":" + value + ",\"good\":" + good + ",\"serial\":18446744073709551615,\"marks\":[1,null]}";
  auto event = JsonCodec<Measured>{}.decode({.type = "Measured", .data = data});
  if (!event) return tl::unexpected(std::move(event).error());
  return std::get<Measured>(*std::move(event));
}
}  // namespace

TEST_CASE("a number is the nearest that a double can be, and zero or infinite beyond that, and truth is truth") {
  struct Case {
    const char* text;
    double value;
  };
  const Case cases[] = {
      {"0.1", 0.1},
      {"-0.0", -0.0},
      {"3", 3},
      {"2.5E+2", 250},
      {"0.3e1", 3},
      {"1e-1", 0.1},
      {"0.69314718055994530941723212145818", 0.69314718055994530941723212145818},
      {"123456789012345678901234567890", 123456789012345678901234567890.0},
      {"1.7976931348623157e308", std::numeric_limits<double>::max()},
      {"5e-324", std::numeric_limits<double>::denorm_min()},
      {"1e-400", 0},
      {"1e400", std::numeric_limits<double>::infinity()},
      {"-1e400", -std::numeric_limits<double>::infinity()},
  };
  for (const Case& c : cases) {
    INFO(c.text);
    const auto read = measured(c.text);
    REQUIRE(read);
    CHECK(read->value == c.value);
    CHECK(std::signbit(read->value) == std::signbit(c.value));
    CHECK(read->good);
    CHECK(read->serial == std::numeric_limits<std::uint64_t>::max());
    CHECK(read->marks == std::vector<std::optional<int>>{1, std::nullopt});
  }
  CHECK_FALSE(measured("0", "false")->good);
  CHECK_FALSE(measured("0", "0"));
}

TEST_CASE("a number that stops too early, and a comment, are no JSON") {
  for (const std::string text : {"-", "1.", "1e", "1e+", "-0.", "+1", ".5", "01", "/* one */ 1", "1 // one", "NaN"}) {
    INFO(text);
    CHECK_FALSE(measured(text));
    // At the end of the text, where more could follow.
    CHECK_FALSE(JsonCodec<Measured>{}.decode({.type = "Measured", .data = text}));
    CHECK_FALSE(JsonCodec<Measured>{}.decode({.type = "Measured", .data = "{\"value\":" + text}));
  }
}

// ---- views ----

namespace {
struct Line {
  std::string sku;
  int count{};
  friend bool operator==(const Line&, const Line&) = default;
};
BOOST_DESCRIBE_STRUCT(Line, (), (sku, count))
struct Cart {
  std::int64_t cents{};
  std::vector<Line> lines{};
  std::map<std::string, int> notes{};
  friend bool operator==(const Cart&, const Cart&) = default;
};
BOOST_DESCRIBE_STRUCT(Cart, (), (cents, lines, notes))
struct Added {
  std::string sku;
  friend bool operator==(const Added&, const Added&) = default;
};
BOOST_DESCRIBE_STRUCT(Added, (), (sku))
constexpr JsonViewCodec<Cart, Added> carts;
}  // namespace

TEST_CASE("a state is written as JSON in the order of its members, and read back") {
  const Cart cart{INT64_MIN, {{"a\"\n\xC3\xA4", 2}, {"", -1}}, {{"z", 1}, {"b", 2}}};
  const std::string text = carts.encode_state(cart);
  CHECK(
      text ==
      "{\"cents\":-9223372036854775808,\"lines\":[{\"sku\":\"a\\\"\\n\xC3\xA4\",\"count\":2},{\"sku\":\"\",\"count\":-"
      "1}],\"notes\":{\"b\":2,\"z\":1}}");
  CHECK(carts.decode_state(text) == cart);
  CHECK(carts.decode_delta(carts.encode_delta({"a"})) == Added{"a"});
}

TEST_CASE("a state of any size is written whole and read back") {
  for (const std::size_t lines : {0, 1, 30, 31, 500, 20'000}) {
    Cart cart;
    for (std::size_t i = 0; i < lines; ++i) cart.lines.push_back({std::string(i % 97, 'x'), static_cast<int>(i)});
    CAPTURE(lines);
    CHECK(carts.decode_state(carts.encode_state(cart)) == cart);
  }
}

TEST_CASE("bytes that are no such state or delta are undecodable, and the failure says why") {
  for (const std::string bytes : {"", "{", "[]", R"({"cents":"1","lines":[],"notes":{}})", R"({"cents":1})", "\xFF"}) {
    CAPTURE(bytes);
    const auto state = carts.decode_state(bytes);
    REQUIRE_FALSE(state);
    CHECK(state.error().kind == FailureKind::undecodable);
    CHECK_THAT(state.error().what, Catch::StartsWith("the stored bytes are no such state ("));
    CHECK_FALSE(carts.decode_delta(bytes));
  }
}
