// What fails, fails for its key alone if it is to; and leaves no half change.
#include <catch2/catch.hpp>

#include "keyed_probe.hpp"
#include "story.hpp"

using namespace lantern;
using namespace lantern::testing;
using story::steady;

namespace {

ProjectionConfig pages_of(std::uint32_t events, Escalation when_exhausted, std::uint32_t attempts = 1) {
  ProjectionConfig config = steady();
  config.page_events = *BatchSize::of(events);
  config.event_retry.max_attempts = *MaxRetryAttempts::of(attempts);
  config.event_retry.when_exhausted = when_exhausted;
  return config;
}

std::vector<std::string> told(const ViewModel::Stock& stock) {
  std::vector<std::string> lines;
  for (const auto& [id, record] : stock.records) {
    lines.push_back(std::to_string(record.position.value) + " " + to_string(record.reason) + " after " +
                    std::to_string(record.attempts) + " for " + record.key.value_or("all"));
  }
  return lines;
}

using Lines = std::vector<std::string>;

/// Throws for poison; notes what it was given before.
struct Thrower {
  using State = std::vector<std::int64_t>;
  using Delta = std::int64_t;
  struct Codec {
    std::string encode_state(const State& state) const {
      std::string text;
      for (const auto position : state) text += std::to_string(position) + " ";
      return text;
    }
    std::string encode_delta(Delta delta) const { return std::to_string(delta); }
    tl::expected<State, Failure> decode_state(std::string_view bytes) const {
      std::istringstream in{std::string(bytes)};
      State state;
      for (std::int64_t position = 0; in >> position;) state.push_back(position);
      return state;
    }
  };
  using view_codec = Codec;
  std::int64_t poison{};
  std::string name() const { return "p"; }
  std::vector<std::string> keys(const RecordedEvent& event) const { return Chain::words(event.data, true); }
  Change<Delta> apply(State& state, const RecordedEvent& event, const ViewAt& at) const {
    state.push_back(event.position.value);
    if (event.position.value == poison && at.key == "b") throw std::runtime_error("poison");
    return changed(event.position.value);
  }
  FailureStrategy on_error(const FailureContext&) const { return FailureStrategy::Skip; }
};

}  // namespace

TEST_CASE("T31: an exception in apply leaves the states of all keys of its event untouched") {
  for (const std::uint32_t page : {1u, 10u}) {
    ViewModel store = store_of({"a b", "a b", "b a"});
    Thrower thrower{2};
    const Finished end = run(thrower, store, pages_of(page, Escalation::stop));
    REQUIRE(end);
    CHECK(store.live().views.at("a").state == "1 3 ");
    CHECK(store.live().views.at("b").state == "1 3 ");
    CHECK(store.live().views.at("a").version == 2);
    CHECK(told(store.live()) == Lines{"2 skipped after 1 for all"});
    CHECK(end->applied == 2);
    CHECK(end->quarantined == 1);
  }
}

TEST_CASE("T29: an event that fails at first and is tried again changes its views once") {
  ViewModel store = store_of({"a", "a b", "b"});
  Chain chain{.fails = {{{2, "b"}, 2}}, .strategy = FailureStrategy::Retry};
  const Finished end = run(chain, store, pages_of(10, Escalation::stop, 3));
  REQUIRE(end);
  CHECK(end->retries == 2);
  CHECK(difference(store.live().views, naive_fold(store.log, store.head())) == "");
  CHECK(chain.failed_keys == std::vector<std::optional<std::string>>{"b", "b"});
  CHECK(store.published.size() == 4);
}

TEST_CASE("keys that cannot be told at first are asked for again, and only of that event") {
  ViewModel store = store_of({"a", "b", "c"});
  Chain chain{.keys_fail = {{2, 1}}, .strategy = FailureStrategy::Retry};
  const Finished end = run(chain, store, pages_of(10, Escalation::stop));
  REQUIRE(end);
  CHECK(chain.keys_asked == 4);
  CHECK(chain.failed_keys == std::vector<std::optional<std::string>>{std::nullopt});
  CHECK(difference(store.live().views, naive_fold(store.log, store.head())) == "");
}

TEST_CASE("T30: exhausted and told to stop: the checkpoint stays before the event") {
  ViewModel store = store_of({"a", "a b", "b"});
  Chain chain{.fails = {{{2, "b"}, -1}}, .strategy = FailureStrategy::Retry};
  const Finished end = run(chain, store, pages_of(10, Escalation::stop));
  REQUIRE(!end);
  CHECK(end.error().kind == ErrorKind::retries_exhausted);
  CHECK(end.error().position == Position{2});
  CHECK(end.error().message().find("key b") != std::string::npos);
  CHECK(store.live().position == Position{1});
  CHECK(difference(store.live().views, naive_fold(store.log, Position{1})) == "");
}

TEST_CASE("T30: exhausted and passed as a whole: cursor and record in one commit") {
  ViewModel store = store_of({"a", "a b", "b"});
  Chain chain{.fails = {{{2, "b"}, -1}}, .strategy = FailureStrategy::Retry};
  REQUIRE(run(chain, store, pages_of(10, Escalation::quarantine)));
  CHECK(told(store.live()) == Lines{"2 exhausted after 2 for all"});
  CHECK(difference(store.live().views, naive_fold(store.log, store.head(), 1, {{2, "a"}, {2, "b"}})) == "");
}

TEST_CASE("T30: exhausted on a key: the key is parked, its later events wait in order, other keys go on") {
  const LeftOut left_out = {{2, "b"}, {3, "b"}, {5, "b"}};
  for (const std::uint32_t page : {1u, 2u, 10u}) {
    ViewModel store = store_of({"a b", "a b c", "b", "c", "b c", "a"});
    Chain chain{.fails = {{{2, "b"}, -1}}, .strategy = FailureStrategy::Retry};
    const Finished end = run(chain, store, pages_of(page, Escalation::quarantine_key));
    REQUIRE(end);
    CHECK(told(store.live()) ==
          Lines{"2 exhausted after 2 for b", "3 waiting after 1 for b", "5 waiting after 1 for b"});
    CHECK(difference(store.live().views, naive_fold(store.log, store.head(), 1, left_out)) == "");
    CHECK(end->applied == 5);  // the one that waits for all of its keys is not applied
    CHECK(end->quarantined == 3);
  }
}

TEST_CASE("T30: a key that the open batch parked stays parked, however small the cache and long the batch") {
  const LeftOut left_out = {{2, "b"}, {4, "b"}, {6, "b"}};
  ViewModel store = store_of({"a", "b a", "c", "b", "a", "b c"});
  Chain chain{.fails = {{{2, "b"}, -1}}, .strategy = FailureStrategy::Retry};
  auto config = pages_of(1, Escalation::quarantine_key);
  config.cache_views(0).with(CommitPolicy{.max_events = EventCount(100)});
  REQUIRE(run(chain, store, config));
  CHECK(told(store.live()) == Lines{"2 exhausted after 2 for b", "4 waiting after 1 for b", "6 waiting after 1 for b"});
  CHECK(difference(store.live().views, naive_fold(store.log, store.head(), 1, left_out)) == "");
}

TEST_CASE("a parked key stays parked when the process begins anew, until its view is replaced") {
  ViewModel store = store_of({"b", "b", "b", "b a"});
  const auto log = store.log;
  Chain first{.fails = {{{2, "b"}, -1}}, .strategy = FailureStrategy::Retry};
  store.log.resize(2);
  REQUIRE(run(first, store, pages_of(10, Escalation::quarantine_key)));
  store.log.push_back(log[2]);
  Chain second;
  REQUIRE(run(second, store));
  CHECK(told(store.live()) == Lines{"2 exhausted after 2 for b", "3 waiting after 1 for b"});

  store.replace("b", "7", 3);
  store.log.push_back(log[3]);
  Chain third;
  REQUIRE(run(third, store));
  CHECK(told(store.live()).empty());
  CHECK(store.live().views.at("b").state == std::to_string(link(7 + 1, 4)));
  CHECK(store.live().views.at("b").version == 4);
  CHECK(store.live().views.at("b").edition == Revision{1});
}

TEST_CASE("two keys of one event are parked one after the other, each with tries of its own") {
  ViewModel store = store_of({"a b c"});
  Chain chain{.fails = {{{1, "a"}, -1}, {{1, "c"}, -1}}, .strategy = FailureStrategy::Retry};
  REQUIRE(run(chain, store, pages_of(10, Escalation::quarantine_key, 2)));
  CHECK(told(store.live()) == Lines{"1 exhausted after 3 for a", "1 exhausted after 3 for c"});
  CHECK(difference(store.live().views, naive_fold(store.log, store.head(), 1, {{1, "a"}, {1, "c"}})) == "");
}

TEST_CASE("a key that was parked is not, when the event is skipped as a whole after all") {
  struct Fickle : Chain {
    FailureStrategy on_error(const FailureContext& context) {
      return context.key == "a" ? FailureStrategy::Retry : FailureStrategy::Skip;
    }
  };
  ViewModel store = store_of({"a b", "a"});
  Fickle fickle;
  fickle.fails = {{{1, "a"}, -1}, {{1, "b"}, -1}};
  REQUIRE(run(fickle, store, pages_of(10, Escalation::quarantine_key)));
  CHECK(told(store.live()) == Lines{"1 skipped after 1 for all"});
  CHECK(store.live().views.at("a").version == 1);
}

TEST_CASE("an event that fails before its keys are known is passed as a whole, whatever is to be parked") {
  ViewModel store = store_of({"a", "a", "a"});
  Chain chain{.keys_fail = {{2, -1}}, .strategy = FailureStrategy::Retry};
  REQUIRE(run(chain, store, pages_of(10, Escalation::quarantine_key)));
  CHECK(told(store.live()) == Lines{"2 exhausted after 2 for all"});
  CHECK(store.live().views.at("a").version == 2);  // it is not parked
}

TEST_CASE("T32: a view that cannot be decoded parks its key, and its bytes stay") {
  for (const std::uint32_t page : {1u, 10u}) {
    ViewModel store = store_of({"a b", "b", "a b", "b"});
    const auto log = store.log;
    store.log.resize(2);
    Chain first, second;
    REQUIRE(run(first, store));
    store.live().views.at("b").state = "spoilt";
    store.log = log;
    REQUIRE(run(second, store, pages_of(page, Escalation::stop)));
    CHECK(told(store.live()) == Lines{"3 unreadable after 1 for b", "4 waiting after 1 for b"});
    CHECK(store.live().views.at("b").state == "spoilt");
    CHECK(store.live().views.at("b").version == 2);
    CHECK(store.live().views.at("a").version == 2);
    CHECK(store.live().position == Position{4});
  }
}

TEST_CASE("a commit of one event at a time keeps the record of a parked key with its event") {
  ViewModel store = store_of({"a b", "b"});
  Chain chain{.fails = {{{1, "b"}, -1}}, .strategy = FailureStrategy::Retry};
  ProjectionConfig config = pages_of(10, Escalation::quarantine_key);
  config.commit.max_events = EventCount(1);
  REQUIRE(run(chain, store, config));
  CHECK(store.commits == 2);
  CHECK(told(store.live()) == Lines{"1 exhausted after 2 for b", "2 waiting after 1 for b"});
}

namespace {

/// A delta that cannot be encoded, of a projector that folds in place.
struct InPlace {
  using State = std::uint64_t;
  using Delta = std::int64_t;
  struct Codec : ChainCodec {
    std::string encode_delta(Delta delta) const {
      if (delta == 2) throw std::runtime_error("no words for it");
      return std::to_string(delta);
    }
    std::string encode_state(State state) const {
      if (state == 77) throw std::runtime_error("no words for it");
      return ChainCodec::encode_state(state);
    }
  };
  using view_codec = Codec;
  std::uint64_t turns_into{};
  std::string name() const { return "p"; }
  std::string keys(const RecordedEvent& event) const { return std::string(event.data); }
  Change<Delta> apply(State& state, const RecordedEvent& event) const noexcept {
    state = turns_into != 0 ? turns_into : link(state + 1, event.position.value);
    return changed(event.position.value);
  }
  FailureStrategy on_error(const FailureContext&) const { return FailureStrategy::Retry; }
};

}  // namespace

TEST_CASE("a projector that cannot fail folds in place, to the same views") {
  ViewModel store = store_of({"a", "b", "a"});
  InPlace projector;
  REQUIRE(run(projector, store, ProjectionConfig().publish_changes(false)));
  CHECK(difference(store.live().views, naive_fold(store.log, store.head())) == "");
}

TEST_CASE("what was changed in place and cannot be told is not stored, nor tried again") {
  ViewModel store = store_of({"a", "a"});
  InPlace projector;
  const Finished end = run(projector, store, pages_of(1, Escalation::quarantine));
  REQUIRE(!end);
  CHECK(end.error().kind == ErrorKind::projector);
  CHECK(end.error().position == Position{2});
  CHECK(difference(store.live().views, naive_fold(store.log, Position{1})) == "");
}

TEST_CASE("a state that cannot be encoded ends the run, with nothing of its batch stored") {
  ViewModel store = store_of({"a"});
  InPlace projector{77};
  const Finished end = run(projector, store);
  REQUIRE(!end);
  CHECK(end.error().kind == ErrorKind::projector);
  CHECK(end.error().message().find("the view of key 'a' cannot be encoded") != std::string::npos);
  CHECK(store.generations.empty());
}

namespace {

/// The second shape of Chain's state: a letter in front. It reads the first one too.
struct Lettered {
  using State = std::uint64_t;
  using Delta = std::int64_t;
  struct Codec : ChainCodec {
    std::string encode_state(State state) const { return "x" + ChainCodec::encode_state(state); }
    tl::expected<State, Failure> decode_state(std::string_view bytes) const {
      return ChainCodec::decode_state(bytes.starts_with('x') ? bytes.substr(1) : "");
    }
  };
  using view_codec = Codec;
  static constexpr std::int32_t state_version = 2;
  std::vector<std::int32_t> upcast_from{};
  std::string name() const { return "p"; }
  std::string keys(const RecordedEvent& event) const { return std::string(event.data); }
  Change<Delta> apply(State& state, const RecordedEvent& event) const {
    state = link(state + 1, event.position.value);
    return changed(event.position.value);
  }
  tl::expected<State, Failure> upcast_view(std::int32_t from, std::string_view bytes) {
    upcast_from.push_back(from);
    return ChainCodec().decode_state(bytes);
  }
};

}  // namespace

TEST_CASE("a view of an older schema is read by upcast_view, without a rebuild") {
  ViewModel store = store_of({"a", "b", "a", "b"});
  const auto log = store.log;
  store.log.resize(2);
  Chain old;
  REQUIRE(run(old, store));
  store.log = log;
  store.log.pop_back();
  Lettered lettered;
  REQUIRE(run(lettered, store));
  CHECK(lettered.upcast_from == std::vector<std::int32_t>{1});
  CHECK(store.active == 1);
  CHECK(store.live().version == CodeVersion{1, 2});
  const auto expected = naive_fold(store.log, store.head());
  CHECK(store.live().views.at("a").state == "x" + std::to_string(*expected.at("a").state));
  CHECK(store.live().views.at("a").schema_version == 2);
  CHECK(store.live().views.at("b").schema_version == 1);  // not touched yet

  store.log = log;
  Lettered later;
  REQUIRE(run(later, store));
  CHECK(later.upcast_from == std::vector<std::int32_t>{1});
  CHECK(store.live().views.at("b").schema_version == 2);
}

TEST_CASE("a view of a newer schema than the code knows parks its key") {
  ViewModel store = store_of({"a", "a"});
  const auto log = store.log;
  store.log.resize(1);
  Chain first, second;
  REQUIRE(run(first, store));
  store.live().views.at("a").schema_version = 2;
  store.log = log;
  REQUIRE(run(second, store));
  CHECK(told(store.live()) == Lines{"2 unreadable after 1 for a"});
}
