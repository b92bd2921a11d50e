// Following views, one story each.
#include <catch2/catch.hpp>

#include "follower_world.hpp"

using namespace follower_test;

namespace {

const OneKey one{"a"};

/// Has read what is stored, and waits for frames.
Viewer following(const World& world, const ViewScope& scope = one, FollowerLimits limits = {}) {
  Viewer viewer(world, scope, limits);
  viewer.begin();
  viewer.answer_all();
  REQUIRE(viewer.shows_what_is_stored());
  return viewer;
}

GetView get(const std::string& key) { return {ProjectionId("orders"), key, {}}; }

}  // namespace

TEST_CASE("frames that follow what was read are shown without another read") {
  World world;
  (void)world.change("a");
  Viewer viewer = following(world);

  viewer.take(world.change("a"));
  viewer.take(world.change("a"));

  CHECK(viewer.asked().empty());
  CHECK(viewer.shows_what_is_stored());
}

TEST_CASE("T36: a follower heals a dropped frame") {
  World world;
  Viewer viewer = following(world);
  viewer.take(world.change("a"));
  (void)world.change("a");

  viewer.take(world.change("a"));

  REQUIRE(viewer.asked() == std::vector<ViewRead>{get("a")});
  CHECK_FALSE(viewer.follower().settled());
  viewer.answer_all();
  CHECK(viewer.shows_what_is_stored());
}

TEST_CASE("T36: a follower drops a duplicate") {
  World world;
  Viewer viewer = following(world);
  const Frame frame = world.change("a");

  viewer.take(frame);
  viewer.take(frame);

  CHECK(viewer.asked().empty());
  CHECK(viewer.shows_what_is_stored());
}

TEST_CASE("T36: a follower of a key reads again when a frame is of another generation") {
  World world;
  (void)world.change("a");
  Viewer viewer = following(world);
  world.rebuild("b");

  viewer.take(world.change("a"));

  REQUIRE(viewer.asked() == std::vector<ViewRead>{get("a")});
  viewer.answer_all();
  CHECK(viewer.shows_what_is_stored());
}

TEST_CASE("T36: a follower of many keys lets go of those that a rebuild leaves out") {
  World world;
  for (const char* key : {"a", "b", "c"}) (void)world.change(key);
  Viewer viewer = following(world, AllKeys{});
  world.rebuild("b");

  viewer.take(world.change("a"));
  viewer.answer_all();

  CHECK(viewer.shown().size() == 2);
  CHECK(viewer.shows_what_is_stored());
}

TEST_CASE("T36: a change between subscribing and reading is shown once, whichever of the two tells of it") {
  World world;
  (void)world.change("a");
  const auto scope = GENERATE(ViewScope(one), ViewScope(AllKeys{}));
  Viewer viewer(world, scope);
  const Frame before_begin = world.change("a");
  viewer.take(before_begin);
  viewer.begin();
  const ViewRead read = viewer.asked().front();
  viewer.asked().clear();
  const Frame before_read = world.change("a");
  const Answer answer = perform(world, read);
  const Frame after_read = world.change("a");

  viewer.take(before_read);
  viewer.take(after_read);
  viewer.answer(answer);

  CHECK(viewer.asked().empty());
  CHECK(viewer.shows_what_is_stored());
}

TEST_CASE("a snapshot, a reset, an erasure and a first version need no frame before them") {
  World world;
  Viewer viewer = following(world);
  viewer.take(world.change("a"));

  (void)world.change("a");
  viewer.take(world.replace("a"));
  CHECK(viewer.shows_what_is_stored());
  (void)world.change("a");
  viewer.take(world.erase("a"));
  CHECK(viewer.shows_what_is_stored());
  viewer.take(world.change("a"));
  CHECK(viewer.shows_what_is_stored());
  viewer.take(world.reset("a"));
  CHECK(viewer.shows_what_is_stored());
  (void)world.reset("a");
  viewer.take(world.change("a"));
  CHECK(viewer.shows_what_is_stored());

  CHECK(viewer.asked().empty());
}

TEST_CASE("a gap in one key leaves the others alone") {
  World world;
  for (const char* key : {"a", "b"}) (void)world.change(key);
  Viewer viewer = following(world, AllKeys{});
  (void)world.change("a");

  viewer.take(world.change("a"));
  viewer.take(world.change("b"));

  CHECK(viewer.asked() == std::vector<ViewRead>{get("a")});
  CHECK(viewer.shown().at("b") == world.state("b"));
}

TEST_CASE("frames in the wrong order are put right when the missing one comes before the answer") {
  World world;
  Viewer viewer = following(world);
  viewer.take(world.change("a"));
  const Frame second = world.change("a");
  const Frame third = world.change("a");
  viewer.take(world.change("a"));
  viewer.take(third);

  viewer.take(second);

  CHECK(viewer.shown() == world.states(one));
  viewer.answer_all();
  CHECK(viewer.shows_what_is_stored());
}

TEST_CASE("T36: what was missed is read again, and a view that went away unheard goes away") {
  World world;
  for (const char* key : {"a", "b"}) (void)world.change(key);
  const auto scope = GENERATE(ViewScope(one), ViewScope(KeyPrefix{"a"}), ViewScope(AllKeys{}));
  Viewer viewer = following(world, scope);
  (void)world.erase("a");
  (void)world.change("b");

  viewer.check();
  viewer.answer_all();

  CHECK(viewer.shows_what_is_stored());
}

TEST_CASE("what is missed while a read is on its way is read once more") {
  World world;
  (void)world.change("a");
  const auto scope = GENERATE(ViewScope(one), ViewScope(AllKeys{}));
  Viewer viewer(world, scope);
  viewer.begin();
  const Answer old = perform(world, viewer.asked().front());
  viewer.asked().clear();
  (void)world.change("a");

  viewer.check();
  viewer.answer(old);
  CHECK_FALSE(viewer.follower().settled());
  viewer.answer_all();

  CHECK(viewer.shows_what_is_stored());
}

TEST_CASE("more frames than may be held are dropped, and read") {
  World world;
  const auto scope = GENERATE(ViewScope(one), ViewScope(AllKeys{}));
  Viewer viewer(world, scope, {.frames = 2});
  viewer.begin();
  const Answer old = perform(world, viewer.asked().front());
  viewer.asked().clear();
  for (int i = 0; i < 5; ++i) viewer.take(world.change("a"));

  viewer.answer(old);
  CHECK(viewer.asked() == std::vector<ViewRead>{get("a")});
  viewer.answer_all();

  CHECK(viewer.shows_what_is_stored());
}

TEST_CASE("a loss is not forgotten by the first of two answers that are on their way") {
  World world;
  Viewer viewer = following(world, AllKeys{}, {.frames = 1});
  (void)world.change("a");
  viewer.take(world.change("a"));  // a gap: the key is read
  viewer.check();                  // and all of it
  std::vector<Answer> answers;
  for (const ViewRead& read : std::exchange(viewer.asked(), {})) answers.push_back(perform(world, read));
  REQUIRE(answers.size() == 2);
  (void)world.change("a");
  viewer.take(world.change("a"));  // more than may be held
  if (GENERATE(true, false)) std::swap(answers[0], answers[1]);

  for (const Answer& answer : answers) viewer.answer(answer);
  viewer.answer_all();

  CHECK(viewer.shows_what_is_stored());
}

TEST_CASE("a scan goes on page by page, and frames of keys that it has come by are shown at once") {
  World world;
  for (const char* key : {"a", "b", "c"}) (void)world.change(key);
  Viewer viewer(world, AllKeys{}, {.page = 1});
  viewer.begin();
  const ViewRead first = viewer.asked().front();
  viewer.asked().clear();
  viewer.answer(perform(world, first));

  viewer.take(world.change("a"));
  CHECK(viewer.shown() == std::map<std::string, std::string>{{"a", *world.state("a")}});
  viewer.take(world.change("c"));  // the page that it is on is yet to come
  viewer.answer_all();

  CHECK(viewer.shows_what_is_stored());
}

TEST_CASE("frames of keys that a scan is yet to come by need no read of their own") {
  World world;
  for (const char* key : {"a", "b", "c"}) (void)world.change(key);
  Viewer viewer(world, AllKeys{}, {.frames = 1, .page = 1});
  viewer.begin();
  const Answer first = perform(world, std::exchange(viewer.asked(), {}).front());
  for (int i = 0; i < 3; ++i) viewer.take(world.change("c"));

  viewer.answer(first);
  while (!viewer.asked().empty()) {
    const ViewRead read = std::exchange(viewer.asked(), {}).front();
    CHECK(std::holds_alternative<ScanViews>(read));
    viewer.answer(perform(world, read));
  }

  CHECK(viewer.shows_what_is_stored());
}

TEST_CASE("a scan goes on after pages without views that have looked further") {
  World world;
  for (const char* key : {"a", "b", "c"}) (void)world.change(key);
  world.pages_may_be_empty = true;
  Viewer viewer(world, AllKeys{}, {.frames = 1, .page = 1});
  viewer.begin();
  int pages = 0;
  while (!viewer.asked().empty()) {
    const ViewRead read = std::exchange(viewer.asked(), {}).front();
    viewer.answer(perform(world, read));
    ++pages;
  }
  CHECK(pages == 6);
  CHECK(viewer.shows_what_is_stored());
}

TEST_CASE("a view that was replaced before there was any event goes away when it is reset") {
  World world;
  const auto scope = GENERATE(ViewScope(one), ViewScope(AllKeys{}));
  Viewer viewer = following(world, scope);
  viewer.take(world.replace("a"));
  (void)world.reset("a");

  viewer.check();
  viewer.answer_all();

  CHECK(viewer.shows_what_is_stored());
}

TEST_CASE("a key that nobody heard of before is shown from its first frame") {
  World world;
  (void)world.change("a");
  Viewer viewer = following(world, AllKeys{});

  viewer.take(world.change("new"));

  CHECK(viewer.asked().empty());
  CHECK(viewer.shows_what_is_stored());
}

TEST_CASE("a late first frame of a view that is gone does not bring it back") {
  World world;
  (void)world.change("b");
  Viewer viewer = following(world, AllKeys{}, {.gone = 1});
  const Frame first = world.change("a");
  const Frame last = world.erase("a");

  SECTION("when the end was read of") {
    viewer.check();
    viewer.answer_all();
  }
  SECTION("when the end was heard of") { viewer.take(last); }
  SECTION("when the end was heard of, and forgotten since") {
    viewer.take(last);
    for (const char* key : {"x", "y"}) {
      viewer.take(world.change(key));
      viewer.take(world.erase(key));
    }
  }
  viewer.take(first);
  viewer.answer_all();

  CHECK(viewer.shows_what_is_stored());
}

TEST_CASE("an answer that was overtaken by a later one does not bring back what is gone") {
  World world;
  (void)world.change("a");
  Viewer viewer = following(world, AllKeys{});
  (void)world.change("a");
  viewer.take(world.change("a"));
  const Answer overtaken = perform(world, viewer.asked().front());
  viewer.asked().clear();
  (void)world.erase("a");

  viewer.check();
  viewer.answer_all();
  CHECK(viewer.shown().empty());
  viewer.answer(overtaken);
  viewer.answer_all();

  CHECK(viewer.shows_what_is_stored());
}

TEST_CASE("what is known of a range of keys stays known beyond the page, and does not become less") {
  const auto as_of = [](std::int64_t position) { return AsOf{Generation{1}, Position{position}, {}}; };
  detail::SeenRanges ranges;
  CHECK_FALSE(ranges.find("a"));
  ranges.set({}, "m", as_of(10));
  CHECK(*ranges.find("m") == as_of(10));
  CHECK_FALSE(ranges.find("n"));
  ranges.set("m", {}, as_of(11));
  ranges.set({}, "c", as_of(20));
  ranges.set("c", "t", as_of(15));

  CHECK(*ranges.find("c") == as_of(20));
  CHECK(*ranges.find("d") == as_of(15));
  CHECK(*ranges.find("t") == as_of(15));
  CHECK(*ranges.find("u") == as_of(11));
  ranges.set({}, "t", as_of(16));
  CHECK(*ranges.find("a") == as_of(20));
  CHECK(*ranges.find("d") == as_of(15));
  ranges.set({}, "b", as_of(16));
  ranges.set("b", {}, as_of(30));
  CHECK(*ranges.find("b") == as_of(20));
  CHECK(*ranges.find("c") == as_of(30));
}

TEST_CASE("what cannot be shown is read again, and shown even if nothing has changed") {
  World world;
  (void)world.change("a");
  (void)world.change("a");
  const auto scope = GENERATE(ViewScope(one), ViewScope(AllKeys{}));
  ViewFollower follower({"orders"}, scope);
  const auto answered = [&](const FollowerSteps& steps) {
    REQUIRE(steps.reads.size() == 1);
    return std::visit([&](const auto& read) { return follower.answer(read, world.perform(read)); }, steps.reads[0]);
  };
  (void)answered(follower.begin());

  const FollowerSteps asked = follower.check("a");
  CHECK(follower.take(world.change("a")).changes.empty());
  const FollowerSteps steps = answered(asked);

  REQUIRE(steps.changes.size() == 1);
  CHECK(std::get<ShowState>(steps.changes[0]).state == world.state("a"));
  CHECK(follower.settled());
  if (scope == ViewScope(one)) CHECK(follower.check("another") == FollowerSteps{});
}

TEST_CASE("an answer that nobody asked for changes nothing") {
  World world;
  (void)world.change("a");
  ViewFollower follower({"orders"}, AllKeys{});

  CHECK(follower.answer(get("a"), world.perform(get("a"))) == FollowerSteps{});
  const ScanViews scan{.projection = {"orders"}};
  CHECK(follower.answer(scan, world.perform(scan)) == FollowerSteps{});
  CHECK(follower.take(world.change("a")) == FollowerSteps{});
  CHECK_FALSE(follower.settled());
}

TEST_CASE("who follows one key is told that there is none") {
  World world;
  ViewFollower follower({"orders"}, one);
  (void)follower.begin();

  const FollowerSteps steps = follower.answer(get("a"), world.perform(get("a")));

  CHECK(steps == FollowerSteps{.changes = {ShowGone{"a"}}, .reads = {}});
}
