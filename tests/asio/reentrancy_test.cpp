// What is called by a run may use the library: cancel, append, begin other runs, and take everything away at the end.
#include <catch2/catch.hpp>
#include <list>

#include "lantern/asio/on_pool.hpp"
#include "lantern/asio/wait_until.hpp"
#include "stage.hpp"

using namespace world;
namespace asio = boost::asio;
using asio::cancellation_type;
using namespace std::chrono_literals;

namespace {

constexpr cancellation_type all_types[] = {cancellation_type::terminal, cancellation_type::partial,
                                           cancellation_type::total};

/// Folds in memory; the handler that starts it owns it.
struct Fold {
  std::string label;
  std::uint64_t chain = 0;
  [[nodiscard]] std::string name() const { return label; }
  void apply(const RecordedEvent& event, Position) { chain = link(chain, event.data); }
};

}  // namespace

TEST_CASE("a run that is cancelled by its own observer, at any happening, ends as if by another") {
  for (const cancellation_type type : all_types) {
    for (std::uint64_t seed = 0; seed < few(20); ++seed) {
      for (std::size_t at = 1, reached = 1; reached > 0; ++at) {
        INFO("type " << static_cast<int>(type) << ", seed " << seed << ", happening " << at);
        reached = 0;
        Choices choices = Choices::by_seed(seed);
        Stage stage(choices, {.faults = seed % 3, .on_strand = seed % 2 == 0});
        stage.on_happening = [&] {
          if (stage.told != at) return;
          ++reached;
          stage.signal.emit(type);
          stage.signal.emit(type);
        };
        const Finished& end = stage.finish();
        REQUIRE(end);
        // The last happening may be that it has caught up: then it is too late.
        CHECK((end->ending == Ending::stopped || end->position == Position{8}));
      }
    }
  }
}

TEST_CASE("a run that is cancelled from within its store, when an effect begins, ends at that effect's reply") {
  for (const cancellation_type type : all_types) {
    for (std::size_t at = 1; at <= 7; ++at) {
      Choices choices = Choices::by_seed(at);
      Stage stage(choices, {});
      stage.store->on_begin = [&] {
        if (stage.store->asked + 1 == at) stage.signal.emit(type);
      };
      const Stop how = type == cancellation_type::terminal ? Stop::now : Stop::at_checkpoint;
      World twin;
      const ByHand expected(twin, settings(), at, how);
      CHECK(stage.finish() == *expected.end);
      CHECK(stage.trace == expected.trace);
    }
  }
}

TEST_CASE("what a run calls may append: it is folded, by this run or the next") {
  for (std::uint64_t seed = 0; seed < few(50); ++seed) {
    CAPTURE(seed);
    Choices choices = Choices::by_seed(seed);
    auto config = settings();
    config.continuous().poll_every(1h);
    Stage stage(choices, {.config = config});
    stage.on_happening = [&] {
      if (stage.world.appended < 20) stage.world.append(1);
    };
    while (stage.world.checkpoint() != 20) REQUIRE(stage.loop->run_one());
    CHECK(stage.now() < Instant(1h));  // nobody slept through a hint
    stage.signal.emit(cancellation_type::total);
    REQUIRE(stage.finish());
    CHECK(stage.world.chain == chain_of(20));
  }
}

TEST_CASE("the handler of one run begins the next, on the same store and projector, a hundred times") {
  Choices choices = Choices::by_seed(1);
  ShufflingContext loop(by(choices));
  World world(0);
  Slow store(world.store, loop.get_executor(), choices);
  Chain chain;
  std::size_t runs = 0;
  bool inside = false;
  std::function<void()> again = [&] {
    world.append(1);
    inside = true;
    run_projection(chain, store, settings(), asio::bind_executor(loop.get_executor(), [&](const Finished& end) {
                     CHECK_FALSE(inside);
                     REQUIRE(end);
                     CHECK(end->applied == 1);
                     CHECK_FALSE(world.is_led());  // it was given back before anybody is told
                     if (++runs < 100) again();
                   }));
    inside = false;
  };
  again();
  loop.run();
  CHECK(runs == 100);
  CHECK(world.chain == chain_of(100));
}

TEST_CASE("a run begins others whenever it tells something, and they end each other") {
  for (std::uint64_t seed = 0; seed < few(50); ++seed) {
    CAPTURE(seed);
    Choices choices = Choices::by_seed(seed);
    struct Other {
      explicit Other(std::string name) : fold{std::move(name)} {}
      Fold fold;
      asio::cancellation_signal stop{};
      std::optional<Slow<MemoryStore>> store{};
      std::optional<Finished> end{};
    };
    std::list<Other> others;
    Stage stage(choices, {.faults = 3, .on_strand = true});
    stage.on_happening = [&] {
      auto& other = others.emplace_back("other " + std::to_string(others.size()));
      other.store.emplace(stage.world.store, stage.loop->get_executor(), choices);
      auto config = settings();
      config.continuous().poll_every(1h);
      run_projection(other.fold, *other.store, config,
                     asio::bind_cancellation_slot(other.stop.slot(),
                                                  asio::bind_executor(stage.loop->get_executor(), [&](Finished end) {
                                                    must(!other.end, "completes once");
                                                    other.end = std::move(end);
                                                    other.store.reset();
                                                    for (auto& next : others) next.stop.emit(cancellation_type::total);
                                                  })));
    };
    REQUIRE(stage.finish());
    CHECK(others.size() > 5);
    stage.loop->run_for(1min);
    for (const auto& other : others) CHECK_FALSE(other.end);
    others.front().stop.emit(cancellation_type::total);
    stage.loop->run();
    for (const auto& other : others) {
      REQUIRE(other.end);
      REQUIRE(*other.end);
      CHECK((*other.end)->ending == Ending::stopped);
      CHECK(other.fold.chain == chain_of(8));
    }
  }
}

TEST_CASE("leader, standby, other projections and waits share one loop, in any order, until the leader is stopped") {
  for (std::uint64_t seed = 0; seed < few(100); ++seed) {
    CAPTURE(seed);
    Choices choices = Choices::by_seed(seed);
    auto leading = settings();
    leading.continuous().poll_every(1s);
    Stage leader(choices, {.faults = 2, .on_strand = seed % 2 == 0, .config = leading});
    auto& world = leader.world;
    const auto here = leader.loop->get_executor();
    while (!world.is_led()) REQUIRE(leader.loop->run_one());

    Leadership patient("standby");
    patient.when_not_leader = WhenNotLeader::stand_by;
    patient.standby_interval = 100ms;
    Chain chain;
    Slow second(world.store, here, choices, 2);
    std::optional<Finished> taken_over;
    run_projection(chain, second, settings().with(patient),
                   asio::bind_executor(here, [&](Finished end) { taken_over = std::move(end); }));
    Fold fold{"fold"};
    Slow third(world.store, here, choices);
    std::optional<Finished> folded;
    run_projection(fold, on_pool(world.store, here), settings(),
                   asio::bind_executor(asio::make_strand(here), [&](Finished end) { folded = std::move(end); }));
    std::optional<Waited> seen;
    async_wait_until(third, {"chain"}, Position{9}, 1h, asio::bind_executor(here, [&](Waited how) {
                       seen = std::move(how);
                       leader.signal.emit(cancellation_type::total);
                     }));
    CHECK_FALSE(taken_over);
    leader.loop->run_for(std::chrono::milliseconds(seed));
    world.append(1);
    leader.loop->run();
    REQUIRE(leader.end);
    REQUIRE(*leader.end);
    CHECK((*leader.end)->ending == Ending::stopped);
    REQUIRE(seen);
    CHECK(seen->index() == 0);
    REQUIRE(taken_over);
    REQUIRE(*taken_over);
    REQUIRE(folded);
    REQUIRE(*folded);
    CHECK(world.chain == chain_of(9));
    CHECK_FALSE(world.is_led());
    CHECK(leader.now() < Instant(1h));
  }
}
