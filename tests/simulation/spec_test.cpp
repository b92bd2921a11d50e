// Given, when, then: what holds is said to hold; and of small projectors that are wrong, each in its own way, what is
// wrong is said in words that help.
#include <catch2/catch.hpp>
#include <map>

#include "lantern/json_views.hpp"
#include "lantern/observer.hpp"
#include "lantern/testing/spec_json.hpp"

using namespace lantern;
using namespace lantern::testing;

namespace {

struct Deposited {
  static constexpr std::string_view event_type = "Deposited";
  std::string account{};
  std::int64_t cents{};
};
BOOST_DESCRIBE_STRUCT(Deposited, (), (account, cents))

struct Withdrawn {
  static constexpr std::string_view event_type = "Withdrawn";
  std::string account{};
  std::int64_t cents{};
};
BOOST_DESCRIBE_STRUCT(Withdrawn, (), (account, cents))

struct Closed {
  static constexpr std::string_view event_type = "Closed";
  std::string account{};
};
BOOST_DESCRIBE_STRUCT(Closed, (), (account))

struct Balance {
  std::int64_t cents{};
  std::vector<std::int64_t> last{};
};
BOOST_DESCRIBE_STRUCT(Balance, (), (cents, last))

struct Moved {
  std::int64_t cents{};
};
BOOST_DESCRIBE_STRUCT(Moved, (), (cents))

/// A projector that is right.
struct Balances {
  using State = Balance;
  using Delta = Moved;
  using codec = JsonCodec<Deposited, Withdrawn, Closed>;
  using view_codec = JsonViewCodec<Balance, Moved>;
  using Result = tl::expected<Change<Moved>, Failure>;

  std::string name() const { return "balances"; }
  std::string keys(const auto& event) const { return event.account; }
  Result apply(State& state, const Deposited& event) const { return move(state, event.cents); }
  Result apply(State& state, const Withdrawn& event) const {
    if (event.cents > state.cents) return tl::unexpected(Failure(FailureKind::rejected, "insufficient funds"));
    return move(state, -event.cents);
  }
  Result apply(State&, const Closed&) const { return erased; }

  static Change<Moved> move(State& state, std::int64_t cents) {
    if (cents == 0) return unchanged;
    state.cents += cents;
    state.last.push_back(cents);
    return changed(Moved{cents});
  }
};

/// The message, which must be there.
std::string wrong(const Verdict& verdict) {
  CHECK_FALSE(verdict);
  return verdict.message();
}

}  // namespace

TEST_CASE("what holds of a keyed projector is said to hold") {
  const auto account = given<Balances>(Deposited{"alice", 100}, Deposited{"bob", 5});
  CHECK(account.when(Withdrawn{"alice", 70})
            .then_view("alice", {.cents = 30, .last = {100, -70}})
            .then_view("bob", {5, {5}})
            .then_no_view("carol")
            .then_deltas(Moved{-70}));
  CHECK(account.when(Deposited{"alice", 0}).then_unchanged().then_deltas());
  CHECK(account.when(Closed{"alice"}).then_no_view("alice").then_deltas(erased));
  CHECK(account.when(Closed{"alice"}, Deposited{"alice", 1}, Deposited{"bob", 2})
            .then_view("alice", {1, {1}})
            .then_deltas(erased, Moved{1}, Moved{2}));
  CHECK(account.when(Withdrawn{"alice", 101}).then_fails());
  CHECK(account.when(Withdrawn{"alice", 101}).then_fails("insufficient"));
  CHECK(account.when(Withdrawn{"alice", 101}).then_fails(FailureKind::rejected).then_view("alice", {100, {100}}));
  CHECK(given<Balances>().when(Deposited{"alice", 1}).then_deltas(Moved{1}));
  CHECK(given<Balances>(Deposited{"alice", 1}).when().then_unchanged().then_view("alice", {1, {1}}));
  CHECK(given<Balances>().when().then_no_view("alice"));
}

TEST_CASE("events as they stand in the log are as good as typed ones") {
  CHECK(given<Balances>(NewEvent{.stream = "s", .type = "Deposited", .data = R"({"account":"alice","cents":3})"})
            .when(NewEvent{.stream = "s", .type = "Other", .data = "?"}, Deposited{"alice", 4})
            .then_view("alice", {7, {3, 4}}));
  CHECK(given<Balances>()
            .when(NewEvent{.stream = "s", .type = "Deposited", .data = "{}"})
            .then_fails(FailureKind::undecodable));
}

TEST_CASE("a verdict is a value with words, for any framework") {
  const Verdict holds = given<Balances>().when(Deposited{"alice", 1}).then_view("alice", {1, {1}});
  std::ostringstream out;
  out << holds;
  CHECK(out.str() == "holds");
  CHECK(holds.message().empty());
  const Verdict fails = given<Balances>().when(Deposited{"alice", 1}).then_view("alice", {2, {1}});
  out.str("");
  out << fails;
  CHECK(out.str() == fails.message());
  CHECK(holds != fails);
}

TEST_CASE("a failure makes every claim wrong that does not expect it") {
  const auto outcome = given<Balances>(Deposited{"alice", 5}).when(Withdrawn{"alice", 6});
  const std::string said = "Withdrawn {\"account\":\"alice\",\"cents\":6} failed: insufficient funds";
  CHECK(wrong(outcome.then_view("alice", {5, {5}})) == said);
  CHECK(wrong(outcome.then_unchanged()) == said);
  CHECK(wrong(outcome.then_deltas()) == said);
  CHECK(wrong(outcome.then_no_view("bob")) == said);
  CHECK(outcome.then_fails().then_unchanged());
  CHECK(wrong(given<Balances>(Withdrawn{"bob", 1}).when(Deposited{"bob", 2}).then_fails()) ==
        "given Withdrawn {\"account\":\"bob\",\"cents\":1}, it failed: insufficient funds");
}

// ---- ten projectors that are wrong ----

namespace {
struct Doubles : Balances {
  Result apply(State& state, const Deposited& event) const { return move(state, 2 * event.cents); }
};
struct Forgets : Balances {
  Result apply(State& state, const Deposited& event) const {
    state.cents += event.cents;
    return changed(Moved{event.cents});
  }
};
struct WrongKey : Balances {
  std::string keys(const auto& event) const { return event.account + ' '; }
};
struct NeverErases : Balances {
  using Balances::apply;
  Result apply(State& state, const Closed&) const {
    state = {};
    return changed(Moved{0});
  }
};
struct OverdraftAllowed : Balances {
  using Balances::apply;
  Result apply(State& state, const Withdrawn& event) const { return move(state, -event.cents); }
};
struct OtherWords : Balances {
  using Balances::apply;
  Result apply(State&, const Withdrawn&) const {
    return tl::unexpected(Failure(FailureKind::rejected, "no", "ask the bank"));
  }
};
struct Throws : Balances {
  using Balances::apply;
  Result apply(State&, const Withdrawn&) const { throw std::runtime_error("out of range"); }
};
struct WrongDelta : Balances {
  Result apply(State& state, const Deposited& event) const {
    static_cast<void>(move(state, event.cents));
    return changed(Moved{state.cents});
  }
};
struct AlwaysChanges : Balances {
  Result apply(State& state, const Deposited& event) const {
    state.cents += event.cents;
    return changed(Moved{event.cents});
  }
};
struct Deaf : Balances {
  EventFilter filter() const { return {.types = {"Withdrawn"}}; }
};
// The events that these do not treat themselves.
template <class Wrong>
struct With : Wrong {
  using Result = Balances::Result;
  Result apply(Balance& state, const Deposited& event) const { return Wrong::apply(state, event); }
  Result apply(Balance& state, const Withdrawn& event) const { return Balances{}.apply(state, event); }
  Result apply(Balance& state, const Closed& event) const { return Balances{}.apply(state, event); }
};
}  // namespace

TEST_CASE("of ten wrong projectors it is said what is wrong") {
  CHECK(
      wrong(given<With<Doubles>>(Deposited{"alice", 1}).when(Deposited{"alice", 2}).then_view("alice", {3, {1, 2}})) ==
      "the view of \"alice\" is not as expected, after Deposited {\"account\":\"alice\",\"cents\":2}\n"
      "  cents: expected 3, is 6\n"
      "  last[0]: expected 1, is 2\n"
      "  last[1]: expected 2, is 4");
  CHECK(wrong(given<With<Forgets>>().when(Deposited{"alice", 1}).then_view("alice", {1, {1}})) ==
        "the view of \"alice\" is not as expected, after Deposited {\"account\":\"alice\",\"cents\":1}\n"
        "  last[0]: expected 1, is not there");
  CHECK(wrong(given<WrongKey>(Deposited{"bob", 1}).when(Deposited{"alice", 1}).then_view("alice", {1, {1}})) ==
        "there is no view of \"alice\", after Deposited {\"account\":\"alice\",\"cents\":1}\n"
        "  there are views of \"alice \", \"bob \"\n"
        "  expected {\"cents\":1,\"last\":[1]}");
  CHECK(wrong(given<NeverErases>(Deposited{"alice", 1}).when(Closed{"alice"}).then_no_view("alice")) ==
        "there is a view of \"alice\", after Closed {\"account\":\"alice\"}\n"
        "  it is {\"cents\":0,\"last\":[]}");
  CHECK(wrong(given<OverdraftAllowed>().when(Withdrawn{"alice", 1}).then_fails("insufficient")) ==
        "nothing failed, after Withdrawn {\"account\":\"alice\",\"cents\":1}");
  CHECK(wrong(given<OtherWords>().when(Withdrawn{"alice", 1}).then_fails("insufficient")) ==
        "Withdrawn {\"account\":\"alice\",\"cents\":1} failed, but not as expected\n"
        "  expected \"insufficient\", is \"no: ask the bank\"");
  CHECK(wrong(given<Throws>().when(Withdrawn{"alice", 1}).then_fails(FailureKind::undecodable)) ==
        "Withdrawn {\"account\":\"alice\",\"cents\":1} failed, but not as expected\n"
        "  expected undecodable, is rejected: out of range");
  CHECK(wrong(given<With<WrongDelta>>(Deposited{"alice", 1})
                  .when(Deposited{"alice", 2}, Deposited{"bob", 3}, Closed{"bob"})
                  .then_deltas(Moved{2}, erased)) ==
        "the deltas are not as expected, after Closed {\"account\":\"bob\"}\n"
        "  1. of \"alice\": expected {\"cents\":2}, is {\"cents\":3}\n"
        "  2. of \"bob\": expected erased, is {\"cents\":3}\n"
        "  3. of \"bob\": not expected, is erased");
  CHECK(wrong(given<With<AlwaysChanges>>().when(Deposited{"alice", 0}).then_unchanged()) ==
        "something changed, after Deposited {\"account\":\"alice\",\"cents\":0}\n"
        "  of \"alice\": {\"cents\":0}");
  CHECK(wrong(given<Deaf>().when(Deposited{"alice", 1}).then_deltas(Moved{1})) ==
        "the deltas are not as expected, after Deposited {\"account\":\"alice\",\"cents\":1} (which the projector's "
        "filter "
        "does not let through)\n"
        "  1. expected {\"cents\":1}, is not there");
}

// ---- projectors without keys ----

namespace {
struct Totals {
  using codec = JsonCodec<Deposited, Withdrawn>;
  std::string name() const { return "totals"; }
  void apply(const Deposited& event, Position) { sum += event.cents; }
  void apply(const Withdrawn& event, Position) {
    if (event.cents > sum) throw std::runtime_error("less than nothing");
    sum -= event.cents;
  }
  std::int64_t sum{};
  std::map<std::string, int> unprintable{};
};
template <bool Durable>
struct Diary {
  static constexpr bool effects_are_durable = Durable;
  std::vector<std::string> lines{};
  std::string name() const { return "diary"; }
  void apply(const RecordedEvent& event, Position at) {
    lines.push_back(std::to_string(at.value) + ' ' + std::string(event.stream) + '#' + std::to_string(event.version) +
                    ' ' + std::string(event.ts));
  }
};
}  // namespace

TEST_CASE("what holds of a projector without keys is said to hold, or what is wrong") {
  const auto outcome = given<Totals>(Deposited{"alice", 100}).when(Withdrawn{"bob", 30});
  CHECK(outcome.then(&Totals::sum, 70));
  CHECK(outcome.then([](const Totals& totals) { return totals.sum == 70; }));
  CHECK(outcome.projector().sum == 70);
  CHECK(wrong(outcome.then(&Totals::sum, 71)) ==
        "the projector is not as expected, after Withdrawn {\"account\":\"bob\",\"cents\":30}\n  expected 71, is 70");
  CHECK(wrong(outcome.then([](const Totals& totals) { return totals.sum == 71; })) ==
        "the projector is not as expected, after Withdrawn {\"account\":\"bob\",\"cents\":30}");
  CHECK(wrong(outcome.then([](const Totals&) { return Verdict::wrong("too little"); })) == "too little");
  CHECK(wrong(outcome.then([](const Totals&) -> bool { throw std::runtime_error("oh"); })) == "the check threw: oh");
  CHECK(wrong(outcome.then(&Totals::unprintable, std::map<std::string, int>{{"a", 1}})) ==
        "the projector is not as expected, after Withdrawn {\"account\":\"bob\",\"cents\":30}");
  CHECK(given<Totals>().when(Withdrawn{"bob", 30}).then_fails("less than nothing").then(&Totals::sum, 0));
}

TEST_CASE("events of a test have positions, versions and times that do not depend on when it is run") {
  const auto check = []<class P>(const P&) {
    const NewEvent a{.stream = "a", .type = "T"};
    const NewEvent late{.stream = "b", .type = "T", .ts = "2025-05-05T05:05:05Z"};
    const auto outcome = given<P>(a, late).when(a);
    CHECK(outcome.then(&P::lines,
                       std::vector<std::string>{"1 a#1 2024-01-01T00:00:00.000000Z", "2 b#1 2025-05-05T05:05:05Z",
                                                "3 a#2 2024-01-01T00:00:02.000000Z"}));
  };
  check(Diary<false>{});
  check(Diary<true>{});
}

// ---- what a projector does about failures ----

namespace {
struct Patient : Balances {
  FailureStrategy strategy = FailureStrategy::Skip;
  int asked{};
  FailureStrategy on_error(const FailureContext&) {
    ++asked;
    return strategy;
  }
};
struct Stateless : Balances {
  // Loses what the codec does not write.
  struct Lossy : JsonViewCodec<Balance, Moved> {
    tl::expected<Balance, Failure> decode_state(std::string_view bytes) const {
      return JsonViewCodec<Balance, Moved>::decode_state(bytes).map([](Balance b) { return Balance{b.cents, {}}; });
    }
  };
  using view_codec = Lossy;
};
}  // namespace

TEST_CASE("an event that is skipped or quarantined has failed, and the next ones count") {
  for (const auto strategy : {FailureStrategy::Skip, FailureStrategy::Retry}) {
    Patient patient;
    patient.strategy = strategy;
    EventRetryConfig retry;
    retry.when_exhausted = Escalation::quarantine;
    const auto outcome = Spec(patient, ProjectionConfig().with(retry))
                             .given(Deposited{"alice", 5})
                             .when(Withdrawn{"alice", 6}, Deposited{"alice", 1});
    CHECK(outcome.then_fails("insufficient funds").then_view("alice", {6, {5, 1}}).then_deltas(Moved{1}));
    CHECK(outcome.projector().asked == (strategy == FailureStrategy::Skip ? 1 : 4));
  }
}

TEST_CASE("each state goes through the codec between two events") {
  CHECK(wrong(given<Stateless>(Deposited{"alice", 1}).when(Deposited{"alice", 2}).then_view("alice", {3, {1, 2}})) ==
        "the view of \"alice\" is not as expected, after Deposited {\"account\":\"alice\",\"cents\":2}\n"
        "  last[0]: expected 1, is 2\n"
        "  last[1]: expected 2, is not there");
}

TEST_CASE("who watches a run watches this one too") {
  int committed = 0;
  Observer observer([&](const ProjectionId&, const Happening& what) {
    if (std::holds_alternative<happening::Committed>(what)) ++committed;
  });
  CHECK(Spec(Balances(), ProjectionConfig().tell(observer))
            .given(Deposited{"alice", 1})
            .when(Deposited{"alice", 1})
            .then_deltas(Moved{1}));
  CHECK(committed == 2);
}

// ---- states that are no JSON, or have an equality of their own ----

namespace {
struct TextCodec {
  std::string encode_state(const std::string& state) const { return state; }
  std::string encode_delta(const std::string& delta) const { return delta; }
  tl::expected<std::string, Failure> decode_state(std::string_view bytes) const { return std::string(bytes); }
};
struct Texts {
  using State = std::string;
  using Delta = std::string;
  using view_codec = TextCodec;
  std::string name() const { return "texts"; }
  std::string keys(const RecordedEvent& event) const { return std::string(event.stream); }
  Change<std::string> apply(std::string& state, const RecordedEvent& event) const {
    state += event.data;
    return changed(std::string(event.data));
  }
};
struct Sum {
  std::int64_t value{};
  friend bool operator==(const Sum& a, const Sum& b) { return a.value % 10 == b.value % 10; }
};
BOOST_DESCRIBE_STRUCT(Sum, (), (value))
struct LastDigit {
  using State = Sum;
  using Delta = Sum;
  using codec = JsonCodec<Deposited>;
  using view_codec = JsonViewCodec<Sum, Sum>;
  std::string name() const { return "digit"; }
  std::string keys(const Deposited& event) const { return event.account; }
  Change<Sum> apply(Sum& state, const Deposited& event) const {
    state.value += event.cents;
    return changed(Sum{event.cents});
  }
};
}  // namespace

TEST_CASE("states that are no JSON are shown as they are, escaped") {
  const NewEvent event{.stream = "k", .type = "T", .data = "one\n[two"};
  CHECK(given<Texts>().when(event).then_view("k", "one\n[two"));
  CHECK(wrong(given<Texts>().when(event).then_view("k", "one")) ==
        "the view of \"k\" is not as expected, after T one\\n[two\n  expected one, is one\\n[two");
  const NewEvent large{.stream = "k", .type = "T", .data = std::string(1000, 'x')};
  CHECK(wrong(given<Texts>().when(large).then_view("k", "y")).size() < 600);
}

TEST_CASE("a state with an equality of its own is compared by that") {
  CHECK(given<LastDigit>().when(Deposited{"a", 13}).then_view("a", {3}));
  CHECK(wrong(given<LastDigit>().when(Deposited{"a", 13}).then_view("a", {4})) ==
        "the view of \"a\" is not as expected, after Deposited {\"account\":\"a\",\"cents\":13}\n"
        "  value: expected 4, is 13");
}
