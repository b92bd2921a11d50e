// Following views: answers that come late, twice, or from a store that does not keep its promises.
#include <catch2/catch.hpp>

#include "follower_world.hpp"

using namespace follower_test;

namespace {

const ProjectionId orders("orders");
const OneKey one{"a"};

GetView get(const std::string& key) { return {orders, key, {}}; }

/// Has read what is stored, and waits for frames.
Viewer following(const World& world, const ViewScope& scope, FollowerLimits limits = {}) {
  Viewer viewer(world, scope, limits);
  viewer.begin();
  viewer.answer_all();
  REQUIRE(viewer.shows_what_is_stored());
  return viewer;
}

StoredView view(const std::string& key, const std::string& state = "s") {
  return {.key = key, .state = state, .version = 1, .position = Position{1}};
}

ScanViews::Page page_of(std::vector<StoredView> views, bool more = false, std::optional<std::string> scanned_to = {}) {
  return {std::move(views), AsOf{Generation{1}, Position{1}, {}}, more, std::move(scanned_to)};
}

std::vector<std::string> keys_shown(const FollowerSteps& steps) {
  std::vector<std::string> keys;
  for (const ViewChange& change : steps.changes) keys.push_back(std::get<ShowState>(change).key);
  return keys;
}

}  // namespace

TEST_CASE("a follower that has not begun asks for nothing, and says whom it follows") {
  ViewFollower follower(orders, one);
  CHECK(follower.check() == FollowerSteps{});
  CHECK(follower.check("a") == FollowerSteps{});
  CHECK_FALSE(follower.settled());
  CHECK(follower.projection() == orders);
  CHECK(follower.begin().reads == std::vector<ViewRead>{get("a")});
}

TEST_CASE("a key that is found wrong while it is read is read once more") {
  World world;
  (void)world.change("a");
  ViewFollower follower(orders, AllKeys{});
  const auto scan = std::get<ScanViews>(follower.begin().reads.at(0));
  (void)follower.answer(scan, world.perform(scan));
  const FollowerSteps first = follower.check("a");
  REQUIRE(first.reads == std::vector<ViewRead>{get("a")});

  CHECK(follower.check("a").reads.empty());  // one is on its way
  const FollowerSteps second = follower.answer(get("a"), world.perform(get("a")));

  CHECK(second.reads == std::vector<ViewRead>{get("a")});
  CHECK_FALSE(follower.settled());
  CHECK(follower.answer(get("a"), world.perform(get("a"))).reads.empty());
  CHECK(follower.settled());
}

TEST_CASE("an answer that comes twice changes nothing, of one key and of many") {
  World world;
  for (const char* key : {"a", "b", "c"}) (void)world.change(key);
  ViewFollower follower(orders, AllKeys{}, {.page = 1});
  const auto scan = std::get<ScanViews>(follower.begin().reads.at(0));
  const auto page = world.perform(scan);
  CHECK(follower.answer(scan, page).reads.size() == 1);
  CHECK(follower.answer(scan, page) == FollowerSteps{});  // the scan has gone on

  ViewFollower of_one(orders, one);
  (void)of_one.begin();
  const auto found = world.perform(get("a"));
  CHECK(of_one.answer(get("a"), found).changes.size() == 1);
  CHECK(of_one.answer(get("a"), found) == FollowerSteps{});
}

TEST_CASE("views of a page that it cannot tell of are not shown") {
  ViewFollower follower(orders, KeyPrefix{"k"});
  const auto scan = std::get<ScanViews>(follower.begin().reads.at(0));
  CHECK(scan.prefix == "k");

  const FollowerSteps first = follower.answer(scan, page_of({view("j"), view("ka"), view("kc")}, true, "kb"));
  CHECK(keys_shown(first) == std::vector<std::string>{"ka"});  // kc is beyond the page, j is not asked for
  const auto next = std::get<ScanViews>(first.reads.at(0));
  CHECK(next.after == "kb");
  const FollowerSteps second = follower.answer(next, page_of({view("kb"), view("kc")}));
  CHECK(keys_shown(second) == std::vector<std::string>{"kc"});  // kb is before the page
  CHECK(follower.settled());
}

TEST_CASE("a page that leads nowhere is asked for again") {
  World world;
  (void)world.change("a");
  ViewFollower follower(orders, AllKeys{});
  const auto scan = std::get<ScanViews>(follower.begin().reads.at(0));

  const FollowerSteps again = follower.answer(scan, page_of({}, true));

  CHECK(again == FollowerSteps{.changes = {}, .reads = {scan}});
  CHECK_FALSE(follower.settled());
  CHECK(follower.answer(scan, world.perform(scan)).changes.size() == 1);
  CHECK(follower.settled());
}

TEST_CASE("a page that ends where it was to begin, or before, is asked for again") {
  ViewFollower follower(orders, AllKeys{});
  const auto scan = std::get<ScanViews>(follower.begin().reads.at(0));
  const auto next = std::get<ScanViews>(follower.answer(scan, page_of({view("k")}, true)).reads.at(0));
  REQUIRE(next.after == "k");
  for (const char* end : {"k", "a"}) {
    const FollowerSteps again = follower.answer(next, page_of({view("l")}, true, end));
    CHECK(again == FollowerSteps{.changes = {}, .reads = {next}});
  }
  CHECK(keys_shown(follower.answer(next, page_of({view("l")}))) == std::vector<std::string>{"l"});
  CHECK(follower.settled());
}

TEST_CASE("an answer that is older than the frames shown since does not settle what was found wrong") {
  World world;
  (void)world.change("a");
  const auto scope = GENERATE(ViewScope(one), ViewScope(AllKeys{}));
  Viewer viewer = following(world, scope);
  const Answer old = perform(world, get("a"));
  viewer.take(world.change("a"));
  ViewFollower follower = viewer.follower();  // from here on by hand

  CHECK(follower.check("a").reads == std::vector<ViewRead>{get("a")});
  const FollowerSteps stale = follower.answer(get("a"), std::get<0>(old).second);

  CHECK(stale == FollowerSteps{.changes = {}, .reads = {get("a")}});
  const FollowerSteps fresh = follower.answer(get("a"), world.perform(get("a")));
  CHECK(fresh.changes.size() == 1);
  CHECK(follower.settled());
}

TEST_CASE("a page older than what is known of a key leaves the key to its own read") {
  World world;
  (void)world.change("a");
  ViewFollower follower(orders, AllKeys{});
  const auto scan = std::get<ScanViews>(follower.begin().reads.at(0));
  const auto old_page = world.perform(scan);
  (void)world.change("a");
  (void)follower.check("a");
  (void)follower.answer(get("a"), world.perform(get("a")));  // later than the page
  (void)follower.check("a");

  const FollowerSteps steps = follower.answer(scan, old_page);

  CHECK(steps == FollowerSteps{});
  CHECK_FALSE(follower.settled());
  const FollowerSteps fresh = follower.answer(get("a"), world.perform(get("a")));
  REQUIRE(fresh.changes.size() == 1);
  CHECK(std::get<ShowState>(fresh.changes[0]).state == world.state("a"));
  CHECK(follower.settled());
}

TEST_CASE("first frames of views that are gone and forgotten do not bring them back, whatever generation they are of") {
  World world;
  (void)world.change("z");
  Viewer viewer = following(world, AllKeys{}, {.gone = 1});
  const auto come_and_go = [&](const std::string& key) {
    const Frame first = world.change(key);
    viewer.take(first);
    viewer.take(world.erase(key));
    return first;
  };
  std::vector<Frame> late;
  for (const char* key : {"a", "b", "c"}) late.push_back(come_and_go(key));
  world.rebuild("nothing");
  viewer.take(world.change("z"));
  viewer.answer_all();
  for (const char* key : {"d", "e", "f"}) late.push_back(come_and_go(key));
  REQUIRE(viewer.shows_what_is_stored());

  for (const Frame& frame : late) viewer.take(frame);
  viewer.answer_all();

  CHECK(viewer.shows_what_is_stored());
}

TEST_CASE("a view that a rebuild took away while it was read is forgotten as of the later generation") {
  World world;
  for (const char* key : {"a", "b", "z"}) (void)world.change(key);
  Viewer viewer = following(world, AllKeys{}, {.gone = 1});
  ViewFollower follower = viewer.follower();
  const auto asked = follower.check("a");
  world.rebuild("a");
  (void)world.erase("b");
  const Frame frame = world.change("z");
  FollowerSteps steps = follower.take(frame);  // of a new generation: all is read again
  REQUIRE(steps.reads.size() >= 1);
  const auto scan = std::get<ScanViews>(steps.reads.back());
  const auto page = world.perform(scan);
  (void)world.change("z");
  const auto a_is_gone = world.perform(get("a"));  // later than the page
  (void)follower.answer(get("z"), world.perform(get("z")));
  (void)follower.answer(scan, page);
  (void)follower.answer(get("a"), a_is_gone);

  // Another key goes, so that more are gone than may be remembered.
  const Frame born = world.change("c");
  (void)follower.take(born);
  (void)follower.take(world.erase("c"));

  const FollowerSteps late = follower.take(born);
  CHECK(late.changes.empty());
}

TEST_CASE("what is known of the last range of keys does not become less either") {
  const auto as_of = [](std::int64_t position) { return AsOf{Generation{1}, Position{position}, {}}; };
  detail::SeenRanges ranges;
  ranges.set({}, {}, as_of(10));
  ranges.set("m", {}, as_of(9));
  CHECK(*ranges.find("z") == as_of(10));
  ranges.set("m", {}, as_of(10));
  ranges.set({}, {}, as_of(11));
  CHECK(*ranges.find("a") == as_of(11));
  CHECK(*ranges.find("z") == as_of(11));
}

TEST_CASE("a page says where to go on: after what it has looked at, else after its last view") {
  CHECK_FALSE(page_of({view("a")}).next());
  CHECK_FALSE(page_of({view("a")}, false, "b").next());
  CHECK(page_of({view("a")}, true, "b").next() == "b");
  CHECK(page_of({view("a"), view("c")}, true).next() == "c");
  CHECK_FALSE(page_of({}, true).next());
}
