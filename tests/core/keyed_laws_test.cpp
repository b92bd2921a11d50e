// Laws of folding by keys, whatever the log is cut into: order counts, each event counts once, and a cursor is where
// the run begins, or an error.
#include <catch2/catch.hpp>

#include "keyed_probe.hpp"

using namespace lantern;
using namespace lantern::testing;

namespace {

ProjectionConfig pages_of(std::uint32_t events) {
  ProjectionConfig config;
  config.page_events = *BatchSize::of(events);
  return config;
}

const std::vector<std::string> mixed = {"a", "a b", "b", "a!", "b a=", "c a", "c!", "a c", "b"};

/// Notes what it is asked to apply, and in which order.
struct Noting : Chain {
  std::vector<std::pair<std::int64_t, std::string>> applied{};
  tl::expected<Change<Delta>, Failure> apply(State& state, const RecordedEvent& event, const ViewAt& at) {
    applied.emplace_back(event.position.value, at.key);
    return Chain::apply(state, event, at);
  }
};

/// The checkpoint that it has is what somebody else says it is.
struct WithCheckpoint {
  ViewModel& store;
  std::optional<Checkpoint> checkpoint{};
  template <Effect E>
  requires Performs<ViewModel, E>
  typename E::reply perform(const E& effect) {
    if constexpr (std::same_as<E, LoadCheckpoint>) return checkpoint;
    else return store.perform(effect);
  }
};

/// Counts the views of each commit.
struct CountingViews {
  ViewModel& inner;
  std::vector<std::size_t> views{};  ///< in each commit
  template <Effect E>
  requires Performs<ViewModel, E>
  typename E::reply perform(const E& effect) {
    if constexpr (std::same_as<E, SaveCheckpoint>) views.push_back(effect.views.size());
    return inner.perform(effect);
  }
};

}  // namespace

TEST_CASE("T5: a fold in two parts is the fold of the whole, and another order or a repetition is another fold") {
  const ViewModel whole = store_of(mixed);
  const auto expected = naive_fold(whole.log, whole.head());
  for (std::size_t cut = 0; cut <= mixed.size(); ++cut) {
    for (const std::uint32_t page : {1u, 2u, 100u}) {
      CAPTURE(cut, page);
      ViewModel store = whole;
      store.log.resize(cut);
      Chain first, second;
      REQUIRE(run(first, store, pages_of(page)));
      store.log = whole.log;
      REQUIRE(run(second, store, pages_of(page)));
      CHECK(difference(store.live().views, expected) == "");
    }
  }
  const auto state_of_a = [](const std::vector<std::int64_t>& positions) {
    std::uint64_t hash = 0;
    for (const std::int64_t position : positions) hash = link(hash + 1, position);
    return hash;
  };
  CHECK(state_of_a({1, 2}) != state_of_a({2, 1}));
  CHECK(state_of_a({1, 2}) != state_of_a({1, 2, 2}));
  CHECK(state_of_a({1, 2}) != state_of_a({1, 1, 2}));
}

TEST_CASE("T6: a run catches up from none, from 0, from the middle and from the end") {
  const ViewModel whole = store_of(mixed);
  const auto head = static_cast<std::int64_t>(mixed.size());
  Noting all;
  ViewModel first = whole;
  REQUIRE(run(all, first, pages_of(2)));
  for (const std::optional<std::int64_t> from : {std::optional<std::int64_t>(), std::optional<std::int64_t>(0),
                                                 std::optional<std::int64_t>(4), std::optional<std::int64_t>(head)}) {
    CAPTURE(from.value_or(-1));
    ViewModel store = whole;
    if (from) {
      store.active = store.greatest = 1;
      store.generations[1].position = Position{*from};
      store.generations[1].version = {1, 1};
    }
    Noting chain;
    const Finished end = run(chain, store, pages_of(2));
    REQUIRE(end);
    CHECK(end->position == Position{head});
    auto expected = all.applied;
    std::erase_if(expected, [&](const auto& one) { return from && one.first <= *from; });
    CHECK(chain.applied == expected);
    CHECK(end->applied == static_cast<std::uint64_t>(head - from.value_or(0)));
    CHECK(store.commits == (from == head ? 0u : (static_cast<std::uint64_t>(head - from.value_or(0)) + 1) / 2));
  }
}

TEST_CASE("T7: one pass over the log applies each event once to each of its keys, in order, and loads each key once") {
  ViewModel store = store_of(mixed);
  Noting chain;
  std::vector<std::string> trace;
  REQUIRE(run(chain, store, pages_of(2), &trace));
  std::vector<std::pair<std::int64_t, std::string>> expected;
  for (const auto& event : store.log) {
    for (const std::string& key : Chain::words(event.data, true)) expected.emplace_back(event.position, key);
  }
  CHECK(chain.applied == expected);
  CHECK(chain.keys_asked == mixed.size());
  CHECK(store.keys_loaded == 3);
}

TEST_CASE("T13: what did not change is not written: no view that is as it was, no checkpoint that stands still") {
  ViewModel store = store_of({"a b", "a= b=", "b=", "a", "c!"});
  Chain chain;
  CountingViews watching{store};
  REQUIRE(run(chain, watching, pages_of(1)));
  CHECK(watching.views == std::vector<std::size_t>{2, 0, 0, 1, 0});
  CHECK(store.live().views.size() == 2);
  watching.views.clear();
  Chain again;
  REQUIRE(run(again, watching, pages_of(1)));
  CHECK(watching.views.empty());
}

TEST_CASE("T14: a cursor that cannot be is an error, and nothing is written") {
  for (const std::int64_t beyond : {10, 1'000'000}) {
    ViewModel store = store_of({"a", "b"});
    WithCheckpoint lying{store, Checkpoint{Position{beyond}, Generation{1}, {}, {1, 1}}};
    Chain chain;
    const Finished end = run(chain, lying);
    REQUIRE_FALSE(end);
    CHECK(end.error().kind == ErrorKind::source_changed);
    CHECK(store.commits == 0);
    CHECK(store.active == 0);
  }
  // One that others moved meanwhile is an error as well.
  ViewModel store = store_of({"a", "b", "a"});
  Chain first;
  REQUIRE(run(first, store));
  WithCheckpoint behind{store, Checkpoint{Position{1}, Generation{1}, {}, {1, 1}}};
  Chain late;
  const Finished end = run(late, behind);
  REQUIRE_FALSE(end);
  CHECK(end.error().kind == ErrorKind::checkpoint_conflict);
  CHECK(difference(store.live().views, naive_fold(store.log, store.head())) == "");
}

TEST_CASE("T47: a projection, a tenant or a key with a name that is none: nothing is stored under it") {
  const std::string nul("a\0b", 3), long_one(10'000, 'x');
  struct Named : Chain {
    std::string called = "p";
    std::string name() const { return called; }
  };
  for (const std::string& bad : {nul, long_one, std::string("\xFF")}) {
    ViewModel store = store_of({"a"});
    Named badly;
    badly.called = bad;
    const Finished by_name = run(badly, store);
    REQUIRE_FALSE(by_name);
    CHECK(by_name.error().kind == ErrorKind::projector);
    Named good;
    const Finished by_tenant = run(good, store, ProjectionConfig().of_tenant(bad));
    REQUIRE_FALSE(by_tenant);
    CHECK(by_tenant.error().kind == ErrorKind::projector);
    CHECK(store.active == 0);

    // The event fails as a whole, and its other key is left alone, too.
    ViewModel with_key = store_of({"a", bad + " a", "a"});
    Chain chain{.strategy = FailureStrategy::Skip};
    REQUIRE(run(chain, with_key));
    CHECK(difference(with_key.live().views, naive_fold(with_key.log, with_key.head(), 1, {{2, "a"}, {2, bad}})) == "");
    REQUIRE(with_key.live().records.size() == 1);
    CHECK_FALSE(with_key.live().records.begin()->second.key);
  }
}
