// What a store is: a class with one `perform` per effect. Implement these and every driver can run on it.
#pragma once

#include <concepts>
#include <functional>
#include <memory>

#include "lantern/effects.hpp"
#include "lantern/stream_effects.hpp"

namespace lantern {

/// `store.perform(effect)` answers with the effect's own reply, and may block. Thread-safety is the store's to say; the
/// drivers call it from one thread at a time for each run.
template <class S, class E>
concept Performs = Effect<E> && requires(S& store, const E& effect) {
  { store.perform(effect) } -> std::same_as<typename E::reply>;
};

/// What only projections with keys or generations ask for, and runs over streams. A store without those cannot perform
/// these, and need not.
template <class E>
concept OptionalEffect = std::same_as<E, LoadViews> || std::same_as<E, Publish> || std::same_as<E, BeginRebuild> ||
    std::same_as<E, ActivateGeneration> || std::same_as<E, ListStreams> || std::same_as<E, ReadStream>;

/// `store.perform(effect)`, also for an effect that only some stores can perform: others answer that it is not
/// supported, and where nobody listens, publishing is done at once.
template <class S, Effect E>
requires Performs<S, E> || OptionalEffect<E>
[[nodiscard]] typename E::reply perform(S& store, const E& effect) {
  if constexpr (Performs<S, E>) return store.perform(effect);
  else if constexpr (std::same_as<E, Publish>) return Publish::Published{};
  else if constexpr (std::same_as<E, ListStreams> || std::same_as<E, ReadStream>)
    return tl::make_unexpected(Failure(FailureKind::unsupported, "this store does not read stream by stream",
                                       "run this projection over the whole log, or on a store that does"));
  else
    return tl::make_unexpected(Failure(FailureKind::unsupported, "this store keeps no views or generations",
                                       "run this projection on a store that does"));
}

/// Finds streams, and yields the events of each in order. Nothing is promised about events of different streams but by
/// an `EventReader`, whose positions order them all.
template <class S>
concept StreamReader = Performs<S, ListStreams> && Performs<S, ReadStream>;

/// Yields events in order.
template <class S>
concept EventReader = Performs<S, ReadEvents>;

/// Keeps checkpoints, and everything derived up to them, as one transactional unit.
template <class S>
concept CheckpointStore = Performs<S, LoadCheckpoint> && Performs<S, SaveCheckpoint>;

/// Grants leases with a growing fence. The one that a `CheckpointStore` compares inside its commits must be this one.
template <class S>
concept ProjectorCoordinator = Performs<S, AcquireLease> && Performs<S, RenewLease> && Performs<S, ReleaseLease>;

/// Takes new events.
template <class S>
concept EventLog = EventReader<S> && Performs<S, AppendEvents>;

/// All that a pipeline needs.
template <class S>
concept ProjectionStore = EventReader<S> && CheckpointStore<S>;

/// Ends when destroyed; the store must outlive it.
class Subscription {
 public:
  Subscription() = default;
  explicit Subscription(std::function<void()> unsubscribe) : unsubscribe_(std::move(unsubscribe)) {}
  Subscription(Subscription&& other) noexcept : unsubscribe_(std::exchange(other.unsubscribe_, nullptr)) {}
  Subscription& operator=(Subscription&& other) noexcept {
    std::swap(unsubscribe_, other.unsubscribe_);
    return *this;
  }
  ~Subscription() {
    if (unsubscribe_) unsubscribe_();
  }

 private:
  std::function<void()> unsubscribe_;
};

/// A store that can say that there may be new events. The callback is called from any thread, must not block, throw,
/// call the store or end a subscription (ending one waits for a call that is under way), and is never called again once
/// the subscription is gone. Only ever a hint: none, or too many, change
/// latency and nothing else.
template <class S>
concept AppendNotifier = requires(S& store, std::function<void()> callback) {
  { store.on_append(std::move(callback)) } -> std::same_as<Subscription>;
};

/// What is known of a projection's latest run, if it failed and nobody leads since. Absent: nothing.
using FailedRun = tl::expected<std::optional<Failure>, Failure>;

/// A store that can tell why nothing is to be expected of a projection for now.
template <class S>
concept TellsFailedRuns = requires(S& store, const ProjectionId& projection) {
  { store.failed_run(projection) } -> std::same_as<FailedRun>;
};

/// Declares that `Store` has only ever one runner per projection, and so needs no leases: each request for one is
/// granted from thin air. Borrows the store.
template <ProjectionStore Store>
class Unguarded {
 public:
  explicit Unguarded(Store& store) : store_(&store) {}

  template <Effect E>
  requires Performs<Store, E>
  typename E::reply perform(const E& effect) { return store_->perform(effect); }
  /// Without the fence, which comes from thin air: a store that can check fences knows nothing of it.
  template <Effect E>
  requires Performs<Store, E> && requires(E& effect) { effect.fence.reset(); }
  typename E::reply perform(const E& effect) {
    E unfenced = effect;
    unfenced.fence.reset();
    return store_->perform(unfenced);
  }
  AcquireLease::reply perform(const AcquireLease& asked) { return Lease{asked.owner, Fence{1}}; }
  RenewLease::reply perform(const RenewLease& asked) { return asked.lease; }
  ReleaseLease::reply perform(const ReleaseLease&) { return ReleaseLease::Released{}; }
  Subscription on_append(std::function<void()> callback) requires AppendNotifier<Store> {
    return store_->on_append(std::move(callback));
  }
  FailedRun failed_run(const ProjectionId& projection) requires TellsFailedRuns<Store> {
    return store_->failed_run(projection);
  }

 private:
  Store* store_;
};

}  // namespace lantern
