// Typed events, and views as described structs in JSON.
#include <catch2/catch.hpp>
#include <limits>
#include <stdexcept>

#include "keyed_probe.hpp"
#include "lantern/json_codec.hpp"
#include "lantern/json_views.hpp"
#include "story.hpp"

using namespace lantern;
using namespace lantern::testing;

namespace {

struct Opened {
  static constexpr std::string_view event_type = "Opened";
  std::string account;
};
struct Moved {
  static constexpr std::string_view event_type = "Moved";
  std::string from, to;
  std::int64_t cents{};
};
BOOST_DESCRIBE_STRUCT(Opened, (), (account))
BOOST_DESCRIBE_STRUCT(Moved, (), (from, to, cents))

struct Account {
  std::int64_t cents{};
  std::vector<std::int64_t> moves{};
};
BOOST_DESCRIBE_STRUCT(Account, (), (cents, moves))
struct Booked {
  std::int64_t cents{};
};
BOOST_DESCRIBE_STRUCT(Booked, (), (cents))
struct Ranking {
  std::map<std::string, int> points;
  std::string last;
};
BOOST_DESCRIBE_STRUCT(Ranking, (), (points, last))

struct Note {
  boost::json::value any;
  boost::json::string key;
};
BOOST_DESCRIBE_STRUCT(Note, (), (any, key))
struct Tree {
  std::string label;
  std::vector<Tree> below;
};
BOOST_DESCRIBE_STRUCT(Tree, (), (label, below))

int decoded = 0;
struct Counting : JsonCodec<Opened, Moved> {
  tl::expected<event_type, Failure> decode(const RecordedEvent& recorded) const {
    ++decoded;
    return JsonCodec::decode(recorded);
  }
};

struct Accounts {
  using State = Account;
  using Delta = Booked;
  using codec = Counting;
  using view_codec = JsonViewCodec<Account, Booked>;
  std::string name() const { return "accounts"; }
  const std::string& keys(const Opened& event) const { return event.account; }
  std::vector<std::string> keys(const Moved& event) const { return {event.from, event.to}; }

  Change<Booked> apply(Account&, const Opened&) const noexcept { return changed(Booked{}); }
  tl::expected<Change<Booked>, std::string> apply(Account& account, const Moved& event, const ViewAt& at) const {
    const std::int64_t cents = at.key == event.from ? -event.cents : event.cents;
    account.cents += cents;
    account.moves.push_back(cents);
    if (account.cents < 0) return tl::unexpected("no money in " + std::string(at.key));
    return changed(Booked{cents});
  }
  FailureStrategy on_error(const FailureContext&) const { return FailureStrategy::Skip; }
};

ViewModel bank() {
  ViewModel store;
  const auto add = [&](const char* type, std::string data) {
    store.log.push_back({static_cast<std::int64_t>(store.log.size()) + 1, type, std::move(data)});
  };
  add("Opened", R"({"account":"a"})");
  add("Moved", R"({"from":"bank","to":"a","cents":5})");
  add("Opened", R"({"account":"bank"})");
  add("Moved", R"({"from":"a","to":"b","cents":0})");
  add("Moved", "no JSON");
  return store;
}

/// Takes the variant as a whole, and gives keys of all kinds.
struct Whole {
  using State = Account;
  using Delta = Booked;
  using codec = JsonCodec<Opened, Moved>;
  using view_codec = JsonViewCodec<Account, Booked>;
  std::string name() const { return "whole"; }
  std::optional<std::string> keys(const codec::event_type& event) const {
    if (const auto* opened = std::get_if<Opened>(&event)) return opened->account;
    return std::nullopt;
  }
  Change<Booked> apply(Account& account, const codec::event_type&) const {
    ++account.cents;
    return changed(Booked{1});
  }
};

static_assert(KeyedProjector<Accounts>);
static_assert(KeyedProjector<Whole>);
static_assert(KeyedProjector<Chain>);

}  // namespace

TEST_CASE("JSON that is kept as it is lives on after it was read") {
  struct Stack {
    static std::size_t filled(std::uint8_t with) {  // writes over what the codec had on the stack
      std::array<volatile std::uint8_t, 16384> bytes{};
      for (auto& byte : bytes) byte = with;
      return bytes[100];
    }
  };
  const JsonViewCodec<Note, boost::json::value> codec;
  const std::string note = R"({"any":{"a":[1,2,{"b":"a text that is long enough for the heap"}]},"key":"k"})";
  const auto state = codec.decode_state(note);
  const auto delta = codec.decode_delta(note);
  REQUIRE((state && delta));
  CHECK(Stack::filled(0xAA) == 0xAA);
  CHECK(codec.encode_state(*state) == note);
  CHECK(codec.encode_delta(*delta) == note);
  CHECK_FALSE(detail::is_detached<Note>());
  CHECK_FALSE(detail::is_detached<std::map<std::string, std::vector<boost::json::string>>>());
  CHECK_FALSE(detail::is_detached<std::optional<Note>>());
  CHECK(detail::is_detached<Account>());
  CHECK(detail::is_detached<Ranking>());
  CHECK(detail::is_detached<Tree>());
  CHECK(detail::is_detached<std::variant<std::pair<int, bool>, std::optional<Account>>>());
}

TEST_CASE("a real number is read back as the very one that was written") {
  // Boost 1.81 alone misses each of these by the last bit.
  for (const double value : {1.8088101387491814e-140, 6.689921856898562e-217, -2.128409656321987e-239,
                             3.936162278297495e69, 0.97025440571803571, 5e-324, 1.7976931348623157e308}) {
    const JsonViewCodec<double, double> codec;
    const std::string text = codec.encode_state(value);
    INFO(text);
    REQUIRE(codec.decode_state(text));
    CHECK(*codec.decode_state(text) == value);
  }
  std::uint64_t random = 1;
  int missed = 0;
  for (int i = 0; i < 20'000; ++i) {
    random = random * 6364136223846793005u + 1442695040888963407u;
    const double value = static_cast<double>(random >> 11) * 0x1.0p-53;
    const JsonViewCodec<double, double> codec;
    missed += *codec.decode_state(codec.encode_state(value)) != value;
  }
  CHECK(missed == 0);
}

TEST_CASE("typed events fold into described structs, stored as JSON") {
  ViewModel store = bank();
  store.log[4].data = R"({"from":"a","to":"b","cents":2})";
  Accounts accounts;
  const Finished end = run(accounts, store);
  REQUIRE(end);
  CHECK(end->quarantined == 2);  // neither the bank nor a has the money
  CHECK(store.live().views.size() == 3);
  CHECK(store.live().views.at("a").state == R"({"cents":0,"moves":[0]})");
  CHECK(store.live().views.at("a").version == 2);
  CHECK(store.live().views.at("b").state == R"({"cents":0,"moves":[0]})");
  CHECK(store.live().views.at("bank").state == R"({"cents":0,"moves":[]})");
  REQUIRE(store.published.size() == 4);
  CHECK(store.published[0].payload == R"({"cents":0})");
}

TEST_CASE("T10: states go through JSON and back, sorted as they are described, and the same state is the same bytes") {
  using Codec = JsonViewCodec<Ranking, Booked>;
  Ranking one, other;
  for (const char* name : {"b", "a", "\xC3\xA9", "a\"b", "B", ""}) ++one.points[name];
  for (const char* name : {"", "B", "a\"b", "\xC3\xA9", "a", "b"}) ++other.points[name];
  one.last = other.last = "z";
  const std::string bytes = Codec{}.encode_state(one);
  CHECK(bytes == R"({"points":{"":1,"B":1,"a":1,"a\"b":1,"b":1,"é":1},"last":"z"})");
  CHECK(Codec{}.encode_state(other) == bytes);
  const auto back = Codec{}.decode_state(bytes);
  REQUIRE(back);
  CHECK(back->points == one.points);
  CHECK(Codec{}.encode_state(*back) == bytes);
}

TEST_CASE("an event is decoded once, for its keys and for its views") {
  ViewModel store = bank();
  store.log.resize(4);
  Accounts accounts;
  decoded = 0;
  ProjectionConfig config;
  config.commit.max_events = EventCount(4);
  REQUIRE(run(accounts, store, config));
  CHECK(decoded == 4);
}

TEST_CASE("an event that cannot be decoded fails before its keys are known") {
  ViewModel store = bank();
  Accounts accounts;
  REQUIRE(run(accounts, store));
  const auto& records = store.live().records;
  REQUIRE(records.contains({5, std::nullopt}));
  CHECK(records.at({5, std::nullopt}).reason == QuarantineReason::skipped);
}

TEST_CASE("a projector may take the event as a whole, and give no key for it") {
  ViewModel store = bank();
  store.log.resize(4);
  Whole whole;
  REQUIRE(run(whole, store));
  CHECK(store.live().views.size() == 2);
  CHECK(store.live().views.at("a").state == R"({"cents":1,"moves":[]})");
}

namespace {
struct Measured {
  double value{};
  std::string text{};
  boost::json::value nested{};
};
BOOST_DESCRIBE_STRUCT(Measured, (), (value, text, nested))
using MeasuredCodec = JsonViewCodec<Measured, Measured>;

boost::json::value nested(std::size_t levels) {
  boost::json::value value = 1;
  for (std::size_t i = 0; i < levels; ++i) value = boost::json::array{std::move(value)};
  return value;
}
}  // namespace

TEST_CASE("a state or delta that could not be read back is not written") {
  constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();
  constexpr double infinite = std::numeric_limits<double>::infinity();
  const MeasuredCodec codec;
  for (const Measured& bad :
       {Measured{not_a_number}, Measured{infinite}, Measured{-infinite}, Measured{1, "cut \xc3"}, Measured{1, "\xff"},
        Measured{1, "", nested(deepest_json)}, Measured{1, "", boost::json::value("\xed\xa0\x80")}}) {
    CHECK_THROWS_AS(codec.encode_state(bad), std::invalid_argument);
    CHECK_THROWS_AS(codec.encode_delta(bad), std::invalid_argument);
  }
  // What only looks like one of these is written, and read back.
  boost::json::array wide(3 * deepest_json, boost::json::object{});
  for (const Measured& good : {Measured{1.5, "NaN, Infinity, [[[{{{"}, Measured{-1e300, "日本語 🏮 é"},
                               Measured{1, "", nested(deepest_json - 1)}, Measured{1, std::string(200, '['), wide}}) {
    const auto back = codec.decode_state(codec.encode_state(good));
    REQUIRE(back);
    CHECK(back->value == good.value);
    CHECK(back->text == good.text);
    CHECK(back->nested == good.nested);
  }
}
