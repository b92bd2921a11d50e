// Old events in projections: in memory and by key, in pure folds, in given-when-then, and when upcasters are wrong.
#include <catch2/catch.hpp>
#include <stdexcept>

#include "lantern/fold.hpp"
#include "lantern/json_codec.hpp"
#include "lantern/json_upcasting.hpp"
#include "lantern/json_views.hpp"
#include "lantern/pipeline.hpp"
#include "lantern/testing/spec_json.hpp"

using namespace lantern;
using namespace lantern::testing;

namespace {

struct DepositedInEuros {
  static constexpr std::string_view event_type = "Deposited";
  static constexpr std::int32_t schema_version = 1;
  std::string account;
  std::int64_t euros{};
};
struct Deposited {
  static constexpr std::string_view event_type = "Deposited";
  static constexpr std::int32_t schema_version = 2;
  std::string account;
  std::int64_t cents{};
};
struct Closed {
  static constexpr std::string_view event_type = "AccountClosed";
  std::string account;
};
struct ClosedLongAgo {
  static constexpr std::string_view event_type = "Closed";
  std::string account;
};
BOOST_DESCRIBE_STRUCT(DepositedInEuros, (), (account, euros))
BOOST_DESCRIBE_STRUCT(Deposited, (), (account, cents))
BOOST_DESCRIBE_STRUCT(Closed, (), (account))
BOOST_DESCRIBE_STRUCT(ClosedLongAgo, (), (account))

int upcasts = 0;

tl::expected<Upcasters, Failure> bank_upcasters() {
  return Upcasters::of({
      upcast("Deposited", 1, json_upcast([](boost::json::object& payload) {
               ++upcasts;
               payload["cents"] = payload.at("euros").as_int64() * 100;
               payload.erase("euros");
             })),
      upcast({"Closed", 1}, {"AccountClosed", 1}, same_payload),
  });
}

struct Money {
  std::int64_t cents{};
  friend bool operator==(const Money&, const Money&) = default;
};
BOOST_DESCRIBE_STRUCT(Money, (), (cents))

struct Accounts {
  using State = Money;
  using Delta = Money;
  using codec = JsonCodec<Deposited, Closed>;
  using view_codec = JsonViewCodec<State, Delta>;
  std::string name() const { return "accounts"; }
  tl::expected<Upcasters, Failure> upcasters() const { return bank_upcasters(); }
  std::string keys(const auto& event) const { return event.account; }
  Change<Money> apply(Money& money, const Deposited& event) const {
    money.cents += event.cents;
    return changed(Money{event.cents});
  }
  Change<Money> apply(Money&, const Closed&) const { return erased; }
};

/// Sees the events as they are recorded, but for their shape.
struct Notes {
  std::vector<std::string> seen{};
  std::vector<std::string> types{};
  std::string name() const { return "notes"; }
  static Upcasters upcasters() { return bank_upcasters().value(); }
  EventFilter filter() const { return {.types = types}; }
  void apply(const RecordedEvent& event, Position) {
    seen.push_back(std::string(event.type) + " " + std::to_string(event.schema_version) + " " +
                   std::string(event.data));
  }
};

/// The same, by key, and without a codec.
struct NotesByStream {
  struct State {
    std::string seen;
    friend bool operator==(const State&, const State&) = default;
  };
  struct Delta {};
  struct view_codec {
    std::string encode_state(const State& state) const { return state.seen; }
    std::string encode_delta(const Delta&) const { return {}; }
    tl::expected<State, Failure> decode_state(std::string_view bytes) const { return State{std::string(bytes)}; }
  };
  std::string name() const { return "notes by stream"; }
  static Upcasters upcasters() { return Notes::upcasters(); }
  EventFilter filter() const { return {.types = {"Deposited"}}; }
  std::string keys(const RecordedEvent& event) const { return std::string(event.type); }
  Change<Delta> apply(State& state, const RecordedEvent& event) const {
    state.seen += std::string(event.data) + ";";
    return changed(Delta{});
  }
};

NewEvent old_deposit(std::string data) { return {.stream = "s", .type = "Deposited", .data = std::move(data)}; }

}  // namespace

TEST_CASE("upcasting: old events are given to a projector in today's shape, those of today as they are") {
  upcasts = 0;
  CHECK(given<Accounts>(DepositedInEuros{"ann", 3}, Deposited{"ann", 20}, ClosedLongAgo{"bob"})
            .when(DepositedInEuros{"ann", 1})
            .then_view("ann", {.cents = 420})
            .then_deltas(Money{100}));
  CHECK(upcasts == 2);
  upcasts = 0;
  CHECK(given<Accounts>(Deposited{"ann", 20}).when(Closed{"ann"}).then_no_view("ann").then_deltas(erased));
  CHECK(upcasts == 0);
}

TEST_CASE("upcasting: an event that got another type is read, though the filter names today's types only") {
  CHECK(given<Accounts>(Deposited{"ann", 20}).when(ClosedLongAgo{"ann"}).then_no_view("ann").then_deltas(erased));
  CHECK(Spec(Notes{.types = {"AccountClosed"}})
            .given(Deposited{"ann", 1})
            .when(ClosedLongAgo{"ann"})
            .then(&Notes::seen, std::vector<std::string>{R"(AccountClosed 1 {"account":"ann"})"}));
}

TEST_CASE("upcasting: a projector without a codec sees today's shape, and keys are made of it") {
  const std::string euros = R"({"account":"ann","euros":3})";
  CHECK(Spec(Notes{})
            .given()
            .when(old_deposit(euros), ClosedLongAgo{"ann"})
            .then(&Notes::seen, std::vector<std::string>{R"(Deposited 2 {"account":"ann","cents":300})",
                                                         R"(AccountClosed 1 {"account":"ann"})"}));
  CHECK(given<NotesByStream>(old_deposit(euros))
            .when(old_deposit(euros))
            .then_view("Deposited", {R"({"account":"ann","cents":300};{"account":"ann","cents":300};)"}));
}

TEST_CASE("upcasting: an event that becomes one of a type that is not read is passed over") {
  struct OnlyClosed : Notes {
    // An event of the old type is read because of its name, and is another one today.
    EventFilter filter() const { return {.types = {"Closed"}}; }
  };
  CHECK(Spec(OnlyClosed{}).given().when(ClosedLongAgo{"ann"}).then(&OnlyClosed::seen, std::vector<std::string>{}));
  struct ByKey : NotesByStream {
    EventFilter filter() const { return {.types = {"Closed", "Deposited"}}; }
  };
  CHECK(given<ByKey>(ClosedLongAgo{"ann"})
            .when(old_deposit(R"({"account":"ann","euros":3})"))
            .then_view("Deposited", {R"({"account":"ann","cents":300};)"})
            .then_no_view("AccountClosed"));
  CHECK(given<ByKey>(ClosedLongAgo{"ann"})
            .when(old_deposit("nonsense"))
            .then_fails("from Deposited version 1 to Deposited version 2"));
}

TEST_CASE("upcasting: in a pure fold it is the same") {
  const std::string euros = R"({"account":"ann","euros":3})", cents = R"({"account":"ann","cents":20})";
  const std::vector<RecordedEvent> events = {
      {.position = Position{1}, .stream = "s", .type = "Deposited", .schema_version = 1, .data = euros},
      {.position = Position{2}, .stream = "s", .type = "Deposited", .schema_version = 2, .data = cents},
      {.position = Position{3}, .stream = "s", .type = "Deposited", .schema_version = 1, .data = euros}};
  ViewsInMemory<Accounts> views;
  const FoldResult done = fold(views, events);
  REQUIRE(done);
  CHECK(*views.find("ann") == Money{620});
  Notes notes;
  REQUIRE(fold(notes, events));
  CHECK(notes.seen.size() == 3);
  CHECK(notes.seen[0] == R"(Deposited 2 {"account":"ann","cents":300})");
}

TEST_CASE("upcasting: an upcaster that fails is a failure of the event, with its position, stream, type and versions") {
  struct Failing : Accounts {
    FailureStrategy strategy = FailureStrategy::Fatal;
    FailureStrategy on_error(const FailureContext& context) const {
      CHECK(context.error.kind == FailureKind::undecodable);
      CHECK(context.event.schema_version == 1);  // as recorded
      CHECK_FALSE(context.key);
      return strategy;
    }
  };
  const std::string bad = R"({"account":"ann"})";
  const std::vector<RecordedEvent> events = {
      {.position = Position{5}, .stream = "till", .type = "Deposited", .schema_version = 1, .data = bad},
      {.position = Position{6}, .stream = "till", .type = "Deposited", .schema_version = 3, .data = bad}};
  ViewsInMemory<Failing> views;
  const FoldResult done = fold(views, events);
  REQUIRE_FALSE(done);
  CHECK(done.error().kind == FoldError::Kind::event_failed);
  CHECK(done.error().position == Position{5});
  CHECK(done.error().stream == "till");
  CHECK(done.error().event_type == "Deposited");
  CHECK_THAT(done.error().message(),
             Catch::Contains("the upcaster from Deposited version 1 to Deposited version 2 failed"));
  CHECK(Spec(Failing{}).given().when(old_deposit(bad)).then_fails("from Deposited version 1 to Deposited version 2"));
  CHECK(Spec(Failing{{}, FailureStrategy::Skip})
            .given(Deposited{"ann", 5})
            .when(old_deposit(bad))
            .then_fails(FailureKind::undecodable)
            .then_view("ann", {.cents = 5}));
  CHECK(given<Accounts>()
            .when(NewEvent{.stream = "s", .type = "Deposited", .data = bad, .schema_version = 3})
            .then_fails("the newest that this program knows is version 2"));
}

TEST_CASE(
    "upcasting: upcasters that are in error, and those that end elsewhere than the codec, end a run as it begins") {
  struct Missing : Accounts {
    tl::expected<Upcasters, Failure> upcasters() const { return Upcasters::of({upcast("Deposited", 2, same_payload)}); }
  };
  struct Short : Accounts {
    tl::expected<Upcasters, Failure> upcasters() const {
      return Upcasters::of({upcast("Deposited", 1, same_payload), upcast("Deposited", 2, same_payload)});
    }
  };
  struct Long : Accounts {
    tl::expected<Upcasters, Failure> upcasters() const { return Upcasters::of({}, {{"Deposited", 1}}); }
  };
  struct Throwing : Notes {
    static Upcasters upcasters() { throw std::runtime_error("no upcasters today"); }
  };
  const auto error_of = [](auto projector) {
    Step step = ProjectionPipeline(projector).start(Instant{});
    REQUIRE(step.finished());
    REQUIRE_FALSE(*step.finished());
    CHECK(step.finished()->error().kind == ErrorKind::projector);
    return step.finished()->error().message();
  };
  CHECK_THAT(error_of(Missing{}), Catch::Contains("no step leads on from Deposited version 1"));
  CHECK_THAT(error_of(Short{}),
             Catch::Contains("the codec reads Deposited version 2, but the chain ends at version 3") &&
                 Catch::Contains("let the codec read the newest version"));
  CHECK_THAT(error_of(Long{}),
             Catch::Contains("the codec reads Deposited version 2, but the chain ends at version 1") &&
                 Catch::Contains("add the missing steps"));
  CHECK_THAT(error_of(Throwing{}), Catch::Contains("no upcasters today"));
  ViewsInMemory<Missing> views;
  const FoldResult done = fold(views, {});
  REQUIRE_FALSE(done);
  CHECK(done.error().kind == FoldError::Kind::projector);
  CHECK_THAT(done.error().message(), Catch::Contains("no step leads on from Deposited version 1"));
}

TEST_CASE("upcasting: what the upcasters say nothing of is read as the codec reads it") {
  struct Renamed : Accounts {
    tl::expected<Upcasters, Failure> upcasters() const {
      return Upcasters::of({upcast({"Closed", 1}, {"AccountClosed", 1}, same_payload)});
    }
  };
  CHECK(given<Renamed>(Deposited{"ann", 20}, ClosedLongAgo{"bob"})
            .when(Deposited{"ann", 1})
            .then_view("ann", {.cents = 21}));
}

TEST_CASE("upcasting: with upcasters that are in error, no event is applied, and each says why") {
  struct Throwing : Notes {
    static Upcasters upcasters() { throw std::runtime_error("no upcasters today"); }
  } throwing;
  const std::vector<RecordedEvent> events = {
      {.position = Position{1}, .stream = "s", .type = "Deposited", .schema_version = 2, .data = "{}"}};
  const Folded folded = bind_projector(throwing)->fold(events);
  CHECK(folded.applied == 0);
  REQUIRE(folded.failure);
  CHECK_THAT(to_string(*folded.failure), Catch::Contains("no upcasters today"));
  CHECK(throwing.seen.empty());
}

TEST_CASE("upcasting: without upcasters, an event that says which version it is is not read as another") {
  using Codec = JsonCodec<Deposited, Closed>;
  CHECK(Codec::shapes() == std::vector<EventShape>{{"Deposited", 2}});
  RecordedEvent event{.type = "Deposited", .schema_version = 2, .data = R"({"account":"a","cents":1})"};
  CHECK(Codec().decode(event));
  event.schema_version = 1;
  CHECK(to_string(Codec().decode(event).error()) ==
        "Deposited of schema version 1 cannot be read as version 2: add an upcaster for it");
  event.schema_version = 3;
  CHECK(Codec().decode(event).error().kind == FailureKind::undecodable);
  event.type = "AccountClosed";
  event.data = R"({"account":"a"})";
  CHECK(Codec().decode(event));
}
