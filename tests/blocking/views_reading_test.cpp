#include <thread>

#include "lantern/blocking/compare_views.hpp"
#include "lantern/blocking/read_views.hpp"
#include "views_world.hpp"

using namespace views_world;

TEMPLATE_TEST_CASE("a view is got, or none, with the moment it is of", "", OnMemory, OnSqlite) {
  World<TestType> world({"a b", "a", "b!"});
  const auto before = get(world.store, id, "a");
  REQUIRE(before);
  CHECK_FALSE(before->view);
  CHECK_FALSE(before->as_of.position);

  world.run();
  const auto found = get(world.store, id, "a");
  REQUIRE(found);
  REQUIRE(found->view);
  const auto expected = world.expected().at("a");
  CHECK(found->view->state == std::to_string(*expected.state));
  CHECK(found->view->version == 2);
  CHECK(found->as_of.position == Position{3});
  CHECK_FALSE(get(world.store, id, "b")->view);  // erased
  CHECK(get(world.store, id, std::string("\0", 1)).error().kind == FailureKind::invalid);
}

TEMPLATE_TEST_CASE("a view that must be there is, or it is said which one is not", "", OnMemory, OnSqlite) {
  World<TestType> world({"a", "x\x01y"});
  world.run();
  const auto found = require(world.store, id, "a");
  REQUIRE(found);
  CHECK(found->moment() == Moment{Generation{1}, Revision{}, 1});
  CHECK(found->as_of.position == Position{2});

  const auto missing = require(world.store, id, "x\ny");
  REQUIRE(!missing);
  const auto& why = std::get<StateNotFound>(missing.error());
  CHECK(why == StateNotFound{id, "x\ny", AsOf{Generation{1}, Position{2}, Revision{}}});
  CHECK(why.message() == "projection p has no view for key 'x\\ny'");
  const auto of_tenant = require(world.store, ProjectionId{"p", "t"}, "a");
  CHECK(std::get<StateNotFound>(of_tenant.error()).message() == "projection p of tenant t has no view for key 'a'");
  const auto refused = require(world.store, ProjectionId{""}, "a");
  CHECK(std::get<Failure>(refused.error()).kind == FailureKind::invalid);
}

TEMPLATE_TEST_CASE("states are decoded as the projector's run decodes them", "", OnMemory, OnSqlite) {
  World<TestType> world({"a b", "a", "b!"});
  world.run();
  Chain chain;
  const auto state = get_state(chain, world.store, "a");
  REQUIRE(state);
  REQUIRE(*state);
  CHECK((*state)->state == world.expected().at("a").state);
  CHECK((*state)->moment == Moment{Generation{1}, Revision{}, 2});
  CHECK((*state)->position == Position{2});
  CHECK((*state)->as_of.position == Position{3});
  CHECK(get_state(chain, world.store, "b").value() == std::nullopt);
  CHECK(get_state(chain, world.store, "a", "other tenant").value() == std::nullopt);
  CHECK(std::holds_alternative<StateNotFound>(require_state(chain, world.store, "b").error()));

  world.tamper("a", "no number");
  CHECK(get_state(chain, world.store, "a").error().kind == FailureKind::undecodable);
  CHECK(std::get<Failure>(require_state(chain, world.store, "a").error()).kind == FailureKind::undecodable);
}

namespace {
/// A later shape of the same state.
struct NewerChain : Chain {
  static constexpr std::int32_t state_version = 2;
  tl::expected<State, Failure> upcast_view(std::int32_t from, std::string_view bytes) const {
    auto old = ChainCodec().decode_state(bytes);
    if (!old) return tl::unexpected(old.error());
    return *old + static_cast<State>(from) * 1000;
  }
  using ChainCodec = testing::ChainCodec;
};
}  // namespace

TEMPLATE_TEST_CASE("a state of an older schema is read by way of upcast_view, one of a newer schema is not read", "",
                   OnMemory, OnSqlite) {
  World<TestType> world({"a"});
  world.run();
  NewerChain newer;
  CHECK(get_state(newer, world.store, "a").value()->state == *world.expected().at("a").state + 1000);

  REQUIRE(run_projection_blocking(newer, world.store, ProjectionConfig().rebuild_when(RebuildPolicy::always)));
  Chain older;
  CHECK(get_state(older, world.store, "a").error().kind == FailureKind::incompatible);
}

TEMPLATE_TEST_CASE("all views of a prefix are read page by page, in the order of their keys", "", OnMemory, OnSqlite) {
  World<TestType> world(many_events(120, 17));
  world.run();
  std::vector<std::string> expected;
  for (const auto& [key, view] : world.expected()) {
    if (key.starts_with("k1")) expected.push_back(key + "=" + std::to_string(*view.state));
  }
  REQUIRE(expected.size() > 5);
  for (const std::uint32_t page : {1u, 2u, 5u, 1000u}) {
    const auto all = scan_all(world.store, id, "k1", page);
    REQUIRE(all);
    std::vector<std::string> found;
    for (const StoredView& view : *all) found.push_back(view.key + "=" + *view.state);
    CHECK(found == expected);
  }
  CHECK(scan_all(world.store, id, "none")->empty());
  CHECK(scan_all(world.store, id, "k", 0).error().kind == FailureKind::invalid);
}

namespace {

/// Every other page is empty, and says that it has looked a little further.
template <class Inner>
struct HalfEmpty {
  Inner* inner;
  ScanViews::reply perform(const ScanViews& asked) {
    if (asked.after && asked.after->ends_with('\x01')) return inner->perform(asked);
    auto page = inner->perform(asked);
    if (!page) return page;
    page->views.clear();
    page->more = true;
    page->scanned_to = asked.after.value_or("") + '\x01';
    return page;
  }
};

}  // namespace

TEMPLATE_TEST_CASE("empty pages that have looked further end neither a scan nor a comparison", "", OnMemory, OnSqlite) {
  World<TestType> world({"a", "b", "c", "d"});
  world.run();
  HalfEmpty<std::decay_t<decltype(world.store)>> store{&world.store};
  const auto all = scan_all(store, id, "", 1);
  REQUIRE(all);
  CHECK(*all == *scan_all(world.store, id));
  CHECK(all->size() == 4);
  const auto compared = compare_generations(store, id, {}, {}, {.page_views = 1});
  REQUIRE(compared);
  CHECK(compared->compared == 4);
  CHECK(compared->identical());
}

TEMPLATE_TEST_CASE("R7: a scan stays in the generation it began in, and says so when that is dropped", "", OnMemory,
                   OnSqlite) {
  World<TestType> world({"a", "b", "c"});
  world.run();
  ViewScan scan(world.store, ScanViews{.projection = id, .limit = 1});
  ViewScan cut_off(world.store, ScanViews{.projection = id, .limit = 1});
  REQUIRE(scan.next()->views.at(0).key == "a");
  REQUIRE(cut_off.next()->views.at(0).key == "a");

  Chain second;
  second.code = 2;
  world.run(second);
  REQUIRE(world.checkpoint().generation == Generation{2});
  const auto page = scan.next();
  REQUIRE(page);
  CHECK(page->as_of.generation == Generation{1});
  CHECK(page->views.at(0).state == std::to_string(*world.expected(Position{3}, 1).at("b").state));
  CHECK_FALSE(scan.done());

  REQUIRE(world.store.perform(FinalizeRebuild{id}));
  CHECK(cut_off.next().error().kind == FailureKind::unavailable);
}
