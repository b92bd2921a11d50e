// Events fold into one view for each key.
#include <catch2/catch.hpp>

#include "keyed_probe.hpp"
#include "story.hpp"

using namespace lantern;
using namespace lantern::testing;

namespace {

ProjectionConfig pages_of(std::uint32_t events) {
  ProjectionConfig config;
  config.page_events = *BatchSize::of(events);
  return config;
}

struct Any {
  using State = std::uint64_t;
  using Delta = std::int64_t;
  using view_codec = ChainCodec;
  std::string key{};
  std::string name() const { return "p"; }
  const std::string& keys(const RecordedEvent&) const { return key; }
  Change<Delta> apply(State& state, const RecordedEvent&) const { return ++state, changed(Delta{1}); }
};

}  // namespace

TEST_CASE("T1: a view begins with the default state, and its first change is version 1") {
  ViewModel store = store_of({"a"});
  Chain chain;
  REQUIRE(run(chain, store));
  const StoredView& view = store.live().views.at("a");
  CHECK(view.version == 1);
  CHECK(view.state == std::to_string(link(1, 1)));
  CHECK(view.position == Position{1});
  CHECK(view.schema_version == 1);
}

TEST_CASE("T2: later events fold onto what is stored, and the version counts them") {
  ViewModel store = store_of({"a", "a", "b", "a"});
  for (const std::uint32_t page : {1u, 2u, 10u}) {
    ViewModel fresh = store;
    Chain chain;
    REQUIRE(run(chain, fresh, pages_of(page)));
    CHECK(difference(fresh.live().views, naive_fold(fresh.log, fresh.head())) == "");
    CHECK(fresh.live().views.at("a").version == 3);
  }
  // A process that has nothing in memory goes on the same.
  for (std::size_t events = 1; events <= store.log.size(); ++events) {
    ViewModel growing = store;
    growing.log.resize(events);
    Chain first, second;
    REQUIRE(run(first, growing));
    growing.log = store.log;
    REQUIRE(run(second, growing));
    CHECK(difference(growing.live().views, naive_fold(growing.log, growing.head())) == "");
  }
}

TEST_CASE("T3: an event without keys moves the cursor and writes nothing") {
  ViewModel store = store_of({"", "", "a"});
  store.log.pop_back();
  Chain chain;
  const Finished end = run(chain, store);
  REQUIRE(end);
  CHECK(end->applied == 2);
  CHECK(store.live().position == Position{2});
  CHECK(store.live().views.empty());
  CHECK(store.loads == 0);
  CHECK(store.published.empty());
}

TEST_CASE("T4: an event with two keys changes both views in one commit") {
  ViewModel store = store_of({"a b"});
  Chain chain;
  std::vector<std::string> trace;
  REQUIRE(run(chain, store, {}, &trace));
  CHECK(store.commits == 1);
  CHECK(difference(store.live().views, naive_fold(store.log, store.head())) == "");
  CHECK(trace == std::vector<std::string>{"LoadCheckpoint{p, inspect}", "LoadCheckpoint{p, start}",
                                          "ReadEvents{after=-, limit=1000}", "LoadViews{p, 2 keys}",
                                          "SaveCheckpoint{p, from=-, through=1, writes=0, quarantined=0, views=2}",
                                          "Publish{p, 2 frames}"});
}

TEST_CASE("a key that an event names twice counts once") {
  ViewModel store = store_of({"a b a a"});
  Chain chain;
  REQUIRE(run(chain, store));
  CHECK(store.live().views.at("a").version == 1);
  CHECK(store.live().views.size() == 2);
}

TEST_CASE("unchanged writes nothing and publishes nothing") {
  ViewModel store = store_of({"a", "a="});
  Chain chain;
  REQUIRE(run(chain, store, pages_of(1)));
  CHECK(store.live().position == Position{2});
  CHECK(difference(store.live().views, naive_fold(store.log, store.head())) == "");
  CHECK(store.live().views.at("a").version == 1);
  CHECK(store.published.size() == 1);
}

TEST_CASE("an erased view keeps its row without a state, and its version goes on") {
  ViewModel store = store_of({"a", "a!", "a", "b!"});
  for (const std::uint32_t page : {1u, 10u}) {
    ViewModel fresh = store;
    fresh.log.resize(2);
    Chain first, second;
    REQUIRE(run(first, fresh, pages_of(page)));
    CHECK(fresh.live().views.at("a").state == std::nullopt);
    CHECK(fresh.live().views.at("a").version == 2);
    fresh.log = store.log;
    REQUIRE(run(second, fresh, pages_of(page)));
    CHECK(fresh.live().views.at("a").state == std::to_string(link(1, 3)));  // begins with a fresh state
    CHECK(fresh.live().views.at("a").version == 3);
    CHECK(difference(fresh.live().views, naive_fold(fresh.log, fresh.head())) == "");
    CHECK(!fresh.live().views.contains("b"));  // there was nothing to erase
    REQUIRE(fresh.published.size() == 3);
    CHECK(fresh.published[1].kind == Frame::Kind::erased);
    CHECK(fresh.published[1].moment == Moment{Generation{1}, {}, 2});
  }
}

TEST_CASE("views are loaded once for each batch, and only those that are not in memory") {
  ViewModel store = store_of({"a", "b", "a", "a b", "c a", "a"});
  Chain chain;
  REQUIRE(run(chain, store, pages_of(2)));
  CHECK(store.loads == 2);        // {a, b}, and c; the third page has nothing new
  CHECK(store.keys_loaded == 3);  // each once
}

TEST_CASE("the cache keeps as many views as it is allowed, and what it drops is loaded again") {
  ViewModel store = store_of({"a", "b", "c", "d", "a", "b", "c", "d"});
  for (const std::uint32_t size : {0u, 1u, 2u, 3u, 4u, 100u}) {
    ViewModel fresh = store;
    Chain chain;
    ProjectionConfig config = pages_of(1);
    config.view_cache = *ViewCacheSize::of(size);
    REQUIRE(run(chain, fresh, config));
    CHECK(difference(fresh.live().views, naive_fold(fresh.log, fresh.head())) == "");
    CHECK(fresh.keys_loaded == (size >= 4 ? 4u : size == 0 ? 8u : fresh.keys_loaded));
    CHECK(fresh.keys_loaded >= 4);
  }
}

TEST_CASE("what the open batch changed is not dropped, however small the cache") {
  ViewModel store = store_of({"a", "b", "c", "a", "b", "c"});
  Chain chain;
  ProjectionConfig config = pages_of(1);  // a batch of six pages
  config.commit.max_events = EventCount(6);
  config.view_cache = 0;
  REQUIRE(run(chain, store, config));
  CHECK(store.commits == 1);
  CHECK(store.keys_loaded == 3);
  CHECK(difference(store.live().views, naive_fold(store.log, store.head())) == "");
}

TEST_CASE("keys are data, and what cannot be one fails its event") {
  for (const std::string& good :
       {std::string(), std::string("a'b\"c/d:e%_"), std::string("\xC3\xA9"), std::string(longest_view_key, 'k')}) {
    ViewModel store = store_of({"x"});
    Any projector{good};
    REQUIRE(run(projector, store));
    CHECK(store.live().views.contains(good));
  }
  for (const std::string& bad :
       {std::string(1, '\0'), std::string("a\0b", 3), std::string(longest_view_key + 1, 'k'), std::string("\xFF")}) {
    ViewModel store = store_of({"x"});
    Any projector{bad};
    const Finished end = run(projector, store);
    REQUIRE(!end);
    CHECK(end.error().kind == ErrorKind::event_failed);
    CHECK(end.error().position == Position{1});
    CHECK(store.generations.empty());
  }
}

TEST_CASE("T34: one frame for each applied change, in order, with consecutive versions") {
  ViewModel store = store_of({"a", "b a", "a=", "b", "a!", "a"});
  for (const std::uint32_t page : {1u, 3u, 10u}) {
    ViewModel fresh = store;
    Chain chain;
    REQUIRE(run(chain, fresh, pages_of(page)));
    std::vector<std::string> told;
    for (const Frame& frame : fresh.published) {
      std::ostringstream line;
      line << frame;
      told.push_back(line.str());
    }
    CHECK(told == std::vector<std::string>{"delta a at 1.0.1 of 1: 1", "delta b at 1.0.1 of 2: 2",
                                           "delta a at 1.0.2 of 2: 2", "delta b at 1.0.2 of 4: 4",
                                           "erased a at 1.0.3 of 5", "delta a at 1.0.4 of 6: 6"});
  }
}

TEST_CASE("nothing is published when the caller says so") {
  ViewModel store = store_of({"a", "b"});
  Chain chain;
  std::vector<std::string> trace;
  REQUIRE(run(chain, store, ProjectionConfig().publish_changes(false), &trace));
  for (const auto& line : trace) CHECK(line.find("Publish") == line.npos);
}
