// What every store gets for nothing: effects that it need not perform, subscriptions, and running without fences.
#include <catch2/catch.hpp>

#include "keyed_probe.hpp"
#include "lantern/store.hpp"
#include "lantern/traced.hpp"
#include "story.hpp"

using namespace lantern;
using namespace lantern::story;
using namespace lantern::testing;
using namespace std::chrono_literals;

namespace {

/// Reads and checkpoints, and nothing else.
struct Bare {
  std::vector<std::optional<Fence>> fences{};
  int callbacks{};
  ReadEvents::reply perform(const ReadEvents&) { return EventPage{}; }
  LoadCheckpoint::reply perform(const LoadCheckpoint&) { return std::nullopt; }
  SaveCheckpoint::reply perform(const SaveCheckpoint& asked) {
    fences.push_back(asked.fence);
    return Saved{};
  }
  Subscription on_append(std::function<void()> callback) {
    callback();
    return Subscription([this] { ++callbacks; });
  }
  FailedRun failed_run(const ProjectionId& projection) {
    return projection.name == "bad" ? std::optional(broken) : std::nullopt;
  }
};

}  // namespace

TEST_CASE("a store that keeps no views loses frames to nobody, and says that it cannot do the rest") {
  Bare store;
  CHECK(lantern::perform(store, Publish{}));
  const auto refused = lantern::perform(store, LoadViews{});
  REQUIRE_FALSE(refused);
  CHECK(refused.error().kind == FailureKind::unsupported);
  CHECK(std::get<Failure>(lantern::perform(store, BeginRebuild{}).error()).kind == FailureKind::unsupported);
  CHECK(std::get<Failure>(lantern::perform(store, ActivateGeneration{}).error()).kind == FailureKind::unsupported);
}

TEST_CASE("a subscription ends once, with its last owner") {
  int ended = 0;
  const auto subscribe = [&ended] { return Subscription([&ended] { ++ended; }); };
  { Subscription none; }
  CHECK(ended == 0);
  { const Subscription kept = subscribe(); }
  CHECK(ended == 1);
  {
    Subscription first = subscribe();
    Subscription second = std::move(first);
    CHECK(ended == 1);
  }
  CHECK(ended == 2);
  {
    Subscription first = subscribe();
    {
      Subscription second = subscribe();
      first = std::move(second);
    }
    CHECK(ended == 3);  // the one that was replaced
  }
  CHECK(ended == 4);
}

TEST_CASE("a store with one runner takes no fence, and leads whoever asks") {
  Bare store;
  Unguarded<Bare> alone(store);
  const Lease lease = *alone.perform(AcquireLease{ProjectionId("p"), "me", 1s});
  CHECK(lease == Lease{"me", Fence{1}});
  CHECK(*alone.perform(RenewLease{ProjectionId("p"), lease, 1s}) == lease);
  CHECK(alone.perform(ReleaseLease{ProjectionId("p"), lease}));
  SaveCheckpoint fenced = save({}, 1);
  fenced.fence = lease.fence;
  REQUIRE(alone.perform(fenced));
  CHECK(store.fences == std::vector<std::optional<Fence>>{std::nullopt});
  CHECK(alone.perform(read({})));
  int told = 0;
  {
    const Subscription s = alone.on_append([&told] { ++told; });
  }
  CHECK(told == 1);
  CHECK(store.callbacks == 1);
  CHECK(*alone.failed_run(ProjectionId("bad")) == broken);
  CHECK_FALSE(*alone.failed_run(ProjectionId("good")));
}

TEST_CASE("a traced store tells what it was asked and what it said, and is the store otherwise") {
  Bare store;
  std::vector<std::string> told;
  Traced traced(store, [&told](std::string line) { told.push_back(std::move(line)); });
  REQUIRE(traced.perform(save({}, 1)));
  REQUIRE(traced.perform(read(1)));
  CHECK(told == std::vector<std::string>{"SaveCheckpoint{p, from=-, through=1, writes=0, quarantined=0}", "  -> saved",
                                         "ReadEvents{after=1, limit=1000}", "  -> 0 events, scanned_to=-, head=-"});
  int appended = 0;
  {
    const Subscription s = traced.on_append([&appended] { ++appended; });
  }
  CHECK(appended == 1);
  CHECK(store.callbacks == 1);
  CHECK(*traced.failed_run(ProjectionId("bad")) == broken);
  CHECK_FALSE(*traced.failed_run(ProjectionId("good")));
}

TEST_CASE("a keyed projector is folded through its keyed port only") {
  Chain chain;
  const std::unique_ptr<ProjectorPort> port = bind_projector(chain);
  REQUIRE(port->keyed());
  CHECK_FALSE(port->starts_after());
  const EventPage page = last({1});
  const Folded folded = port->fold(page.events());
  CHECK(folded.applied == 0);
  REQUIRE(folded.failure);
  CHECK(folded.failure->kind == FailureKind::internal);
}
