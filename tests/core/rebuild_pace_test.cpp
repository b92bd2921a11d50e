// A rebuild leaves time to the live run beside it: it rests after each commit while that one moves.
#include <catch2/catch.hpp>

#include "keyed_probe.hpp"
#include "story.hpp"

using namespace lantern;
using namespace lantern::testing;
using namespace lantern::story;
using namespace std::chrono_literals;

namespace {

/// A rebuild of a long log, in pages of one event, beside a live run that the test moves by hand.
class Rebuild {
 public:
  explicit Rebuild(ProjectionConfig config = steady()) {
    Chain old;
    if (!run(old, store_, steady())) throw std::runtime_error("the older code failed");
    // What the live run does not know yet, and the rebuild will see.
    for (std::int64_t position = 2; position <= 40; ++position) store_.log.push_back({position, "T", "a"});
    step_ = ProjectionPipeline(newer_, config.page_limit(1)).start(Instant{});
  }

  /// Works for so long up to the next commit, and makes it: the live run is found at `active`.
  void commit(std::chrono::nanoseconds work, std::optional<std::int64_t> active) {
    up_to_commit();
    now_ += work;
    auto save = expect<SaveCheckpoint>(step_);
    auto reply = store_.perform(save.effect());
    REQUIRE(reply);
    reply->active = at(active);
    step_ = std::move(save).answer(reply, now_);
  }
  void refuse_commit(std::chrono::nanoseconds work) {
    up_to_commit();
    now_ += work;
    step_ = expect<SaveCheckpoint>(step_).answer(tl::unexpected(SaveError(busy)), now_);
  }

  /// How long it rests now, to leave time.
  [[nodiscard]] std::optional<std::chrono::nanoseconds> rest() {
    const auto* nap = step_.asks<Sleep>();
    if (!nap || nap->effect().reason != Sleep::Reason::yielding) return std::nullopt;
    return nap->effect().duration;
  }

  void sleep_through() {
    auto nap = expect<Sleep>(step_);
    now_ += nap.effect().duration;
    step_ = std::move(nap).answer(Slept::through, now_);
  }

  [[nodiscard]] Step& step() { return step_; }
  [[nodiscard]] ViewModel& store() { return store_; }
  [[nodiscard]] Instant now() const { return now_; }

 private:
  void up_to_commit() {
    while (!step_.finished() && !step_.asks<SaveCheckpoint>()) {
      step_ = std::move(step_).visit([&]<Effect E>(Request<E> request) -> Step {
        auto reply = lantern::perform(store_, request.effect());
        if constexpr (std::same_as<E, Sleep>) now_ += request.effect().duration;
        return std::move(request).answer(std::move(reply), now_);
      });
    }
  }

  ViewModel store_ = store_of({"a"});
  Chain newer_{.code = 2};
  Instant now_{};
  Step step_{Finished{}};
};

}  // namespace

TEST_CASE("a rebuild rests as long as it worked while the live run moves") {
  Rebuild rebuild;
  rebuild.commit(30ms, 2);
  CHECK(rebuild.rest() == 30ms);
  rebuild.sleep_through();
  check_pending(rebuild.step(), lantern::story::read(1, 1));
  rebuild.commit(7ms, 3);  // the rest before was no work
  CHECK(rebuild.rest() == 7ms);
}

TEST_CASE("the share of a rebuild is what the config says") {
  const auto rest_at = [](RebuildShare percent) {
    Rebuild rebuild(steady().limit_rebuild(percent));
    rebuild.commit(30ms, 2);
    return rebuild.rest();
  };
  CHECK(rest_at(25) == 90ms);
  CHECK(rest_at(75) == 10ms);
  CHECK(rest_at(100) == std::nullopt);
}

TEST_CASE("a rebuild without a live run beside it does not rest") {
  Rebuild rebuild;
  SECTION("where the active generation stands still") {
    for (int i = 0; i < 5; ++i) {
      rebuild.commit(30ms, 1);
      REQUIRE_FALSE(rebuild.rest());
    }
  }
  SECTION("where the store does not tell") {
    for (int i = 0; i < 5; ++i) {
      rebuild.commit(30ms, std::nullopt);
      REQUIRE_FALSE(rebuild.rest());
    }
  }
}

TEST_CASE("a live run that is held up is waited for, and one that has ended is not, for ever") {
  Rebuild rebuild;
  for (std::int64_t live = 2; live < 4; ++live) {
    rebuild.commit(10ms, live);
    for (int standing = 1; standing < 8; ++standing) {
      REQUIRE(rebuild.rest() == 10ms);
      rebuild.sleep_through();
      rebuild.commit(10ms, live);
    }
    REQUIRE(rebuild.rest() == 10ms);
    rebuild.sleep_through();
    rebuild.commit(10ms, live);
    REQUIRE_FALSE(rebuild.rest());
    rebuild.commit(10ms, live);
    REQUIRE_FALSE(rebuild.rest());
  }
}

TEST_CASE("to wait for a busy store is no work") {
  Rebuild rebuild;
  rebuild.refuse_commit(20ms);
  check_pending(rebuild.step(), lantern::story::sleep(5ms, Sleep::Reason::store_retry, 1));
  rebuild.commit(3ms, 2);
  CHECK(rebuild.rest() == 23ms);
}

TEST_CASE("no rest is longer than a second") {
  Rebuild rebuild(steady().limit_rebuild(1));
  rebuild.commit(std::chrono::hours(100'000), 2);
  CHECK(rebuild.rest() == 1s);
}

TEST_CASE("a rebuild that has caught up switches without a rest") {
  Rebuild rebuild;
  rebuild.store().log.resize(2);
  rebuild.commit(10ms, 1);
  rebuild.commit(10ms, 2);
  CHECK(rebuild.step().asks<ActivateGeneration>());
}

TEST_CASE("the live run never rests for another") {
  ViewModel store = store_of({"a", "b", "c"});
  Chain chain;
  Step step = ProjectionPipeline(chain, steady().page_limit(1)).start({});
  for (std::int64_t now = 1; !step.finished(); ++now) {
    REQUIRE_FALSE(step.asks<Sleep>());
    step = std::move(step).visit([&]<Effect E>(Request<E> request) -> Step {
      auto reply = lantern::perform(store, request.effect());
      if constexpr (std::same_as<E, SaveCheckpoint>) reply->active = Position{now};
      return std::move(request).answer(std::move(reply), after(now * 1s));
    });
  }
  CHECK(success(step).commits == 3);
}

TEST_CASE("a stop ends the rest of a rebuild, and its lease is renewed in it") {
  Leadership leadership("me");
  leadership.ttl = 3s;
  Rebuild rebuild(steady().limit_rebuild(40).with(leadership));
  rebuild.commit(600ms, 2);
  REQUIRE(rebuild.rest() == 400ms);  // of 900 ms: after a third of its time, the lease is renewed
  rebuild.sleep_through();
  Step step = expect<RenewLease>(rebuild.step()).answer(Lease{"me", Fence{1}}, rebuild.now());
  check_pending(step, lantern::story::sleep(500ms, Sleep::Reason::yielding));
  step.ask_to_stop(Stop::at_checkpoint);
  step = expect<Sleep>(step).answer(Slept::woken, rebuild.now());
  step = expect<ReleaseLease>(step).answer(ReleaseLease::Released{}, rebuild.now());
  CHECK(success(step).ending == Ending::stopped);
  CHECK(success(step).position == Position{1});
}
