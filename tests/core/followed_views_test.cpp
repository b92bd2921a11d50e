// States and deltas of a program's own types, kept up to date.
#include <catch2/catch.hpp>

#include "lantern/followed_views.hpp"

#include "follower_world.hpp"

using namespace follower_test;

namespace {

/// A state is its text; one that begins with an exclamation mark is none, and no more is a delta.
struct Codec {
  static tl::expected<std::string, Failure> decode_state(std::string_view bytes) {
    if (bytes.starts_with('!')) return tl::unexpected(Failure(FailureKind::undecodable, "no state"));
    return std::string(bytes);
  }
  static tl::expected<std::string, Failure> decode_delta(std::string_view bytes) { return decode_state(bytes); }
};
struct Append {
  void operator()(std::string& state, const std::string& delta) const { state += delta; }
};
/// A world, as a store: its answers may be failures.
struct Store {
  template <class Read>
  tl::expected<decltype(std::declval<World>().perform(std::declval<Read>())), Failure> perform(const Read& read) const {
    if (down) return tl::unexpected(Failure(FailureKind::unavailable, "away"));
    return world.perform(read);
  }
  World world{};
  bool down{};
};
using Views = FollowedViews<Codec, Append>;

Views followed(Store& store) {
  Views views({"orders"}, AllKeys{}, {}, {});
  auto reads = views.begin();
  REQUIRE(views.perform(store, reads));
  return views;
}

bool same(const Views& views, const Store& store) {
  const auto stored = store.world.states(AllKeys{});
  return std::ranges::equal(views.views(), stored) && views.settled();
}

}  // namespace

TEST_CASE("states are read, patched by deltas, replaced and forgotten") {
  Store store;
  (void)store.world.change("a");
  Views views = followed(store);

  for (const Frame& frame : {store.world.change("a"), store.world.change("b"), store.world.replace("a"),
                             store.world.change("a"), store.world.erase("b")}) {
    CHECK(views.take(frame).empty());
  }
  CHECK(same(views, store));
  CHECK(views.take(store.world.change("b")).empty());
  CHECK(same(views, store));
}

TEST_CASE("reads that fail are there to be performed later") {
  Store store;
  Views views = followed(store);
  (void)store.world.change("a");
  store.down = true;

  auto reads = views.check();
  CHECK(views.perform(store, reads).error().what == "away");
  CHECK(reads.size() == 1);
  store.down = false;
  CHECK(views.perform(store, reads));

  CHECK(same(views, store));
}

TEST_CASE("a delta that cannot be decoded has its key read again") {
  Store store;
  (void)store.world.change("a");
  Views views = followed(store);
  Frame frame = store.world.change("a");
  frame.payload = "!";

  auto reads = views.take(frame);
  REQUIRE(reads.size() == 1);
  CHECK(views.perform(store, reads));

  CHECK(same(views, store));
}

TEST_CASE("deltas behind one that cannot be decoded wait for the read, and are no state of their own") {
  Store store;
  (void)store.world.change("a");
  Views views({"orders"}, AllKeys{}, {}, {});
  auto reads = views.begin();
  REQUIRE(reads.size() == 1);
  const auto first = std::get<ScanViews>(reads[0]);
  const auto found = store.perform(first);
  REQUIRE(found);
  Frame bad = store.world.change("a");
  bad.payload = "!";
  CHECK(views.take(bad).empty());
  CHECK(views.take(store.world.change("a")).empty());
  const std::string committed = found->views.at(0).state.value();

  reads = views.answer(first, *found);  // with the two that came meanwhile
  CHECK(views.views().at("a") == committed);
  REQUIRE(views.perform(store, reads));
  CHECK(same(views, store));
}

TEST_CASE("a state that cannot be decoded is told of, until there is another one") {
  Store store;
  Views views = followed(store);
  Frame frame = store.world.replace("a");
  frame.payload = "!";

  CHECK(views.take(frame).empty());
  CHECK(views.take(store.world.change("a")).empty());
  CHECK(views.views().empty());
  CHECK(views.unreadable().at("a").what == "no state");

  CHECK(views.take(store.world.replace("a")).empty());
  CHECK(views.unreadable().empty());
  CHECK(same(views, store));
}
