// What readers and operators ask of a store, through a pool.
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_future.hpp>
#include <catch2/catch.hpp>
#include <future>

#include "driver_world.hpp"
#include "keyed_probe.hpp"
#include "lantern/asio/run_projection.hpp"
#include "lantern/generation_effects.hpp"
#include "lantern/view_effects.hpp"

namespace asio = boost::asio;
using namespace lantern;

namespace {

/// Views of a projection with three generations in sight, asked on a pool.
struct House {
  MemoryStore store{};
  const ProjectionId id{"p"};

  House() {
    REQUIRE(store.append({{.stream = "s", .type = "T", .data = "a b"}, {.stream = "s", .type = "T", .data = "a"}}));
    run({});
    run(ProjectionConfig().rebuild_when(RebuildPolicy::always));
  }
  void run(const ProjectionConfig& config) {
    testing::Chain chain;
    REQUIRE(answer([&](auto shop) { return run_projection(chain, shop, config, asio::use_future); }));
  }
  template <Effect E>
  typename E::reply ask(const E& effect) {
    return answer([&](auto shop) { return shop.async_perform(effect, asio::use_future); });
  }

 private:
  /// What is answered to a question that is asked on a pool. A future is ready before the thread that made it so has
  /// left the operation: so the pool is joined before the answer is used, and before what it was asked with goes.
  template <class Question>
  auto answer(const Question& question) {
    asio::thread_pool pool(1);
    auto later = question(on_pool(store, pool.get_executor()));
    const bool ready = later.wait_for(world::patience) == std::future_status::ready;
    if (!ready) pool.stop();
    pool.join();
    REQUIRE(ready);
    return later.get();
  }
};

}  // namespace

TEST_CASE("views are read and replaced on a pool, as by hand") {
  House house;
  const GetView get{house.id, "a"};
  const auto found = house.ask(get);
  REQUIRE(found);
  REQUIRE(found->view);
  CHECK(found == house.store.perform(get));
  CHECK(found->view->version == 2);
  const ScanViews scan{.projection = house.id};
  CHECK(house.ask(scan) == house.store.perform(scan));
  CHECK(house.ask(scan)->views.size() == 2);

  const auto replaced = house.ask(ReplaceView{.projection = house.id,
                                              .key = "a",
                                              .state = "7",
                                              .version = 1,
                                              .position = found->as_of.position,
                                              .through = found->as_of.position,
                                              .generation = found->as_of.generation});
  REQUIRE(replaced);
  CHECK(house.ask(get)->view->state == "7");
}

TEST_CASE("generations are listed, rolled back, cancelled and dropped on a pool, as by hand") {
  House house;
  const ListGenerations list{house.id};
  CHECK(house.ask(list) == house.store.perform(list));
  CHECK(house.ask(list)->size() == 2);
  CHECK(house.ask(RollBack{house.id}) == Generation{3});

  house.run(ProjectionConfig().rebuild_when(RebuildPolicy::always).hold_the_switch());
  CHECK(house.ask(CancelRebuild{house.id}).value() == Generation{4});
  CHECK(house.ask(FinalizeRebuild{house.id}).value() == Generation{2});
  CHECK(house.ask(list)->size() == 1);
}
