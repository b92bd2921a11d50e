// Drives a projection on the calling thread.
#pragma once

#include <memory>
#include <stop_token>
#include <utility>

#include "lantern/blocking/foreign_store.hpp"
#include "lantern/blocking/interruptible_sleep.hpp"
#include "lantern/blocking/runner.hpp"
#include "lantern/pipeline.hpp"
#include "lantern/store.hpp"

namespace lantern {
namespace detail {

/// The whole driver: perform what is asked, answer, go around.
template <class Store>
Finished drive(ProjectionPipeline pipeline, Store& store, const std::stop_token& stop) {
  InterruptibleSleep nap;
  Subscription hints;  // after `nap`, so that it ends first
  if constexpr (AppendNotifier<Store>) hints = subscribe_foreign(store, [&nap] { nap.hint(); });

  bool told_to_stop = false;
  const auto answer = [&]<Effect E>(Request<E> request, typename E::reply reply) -> Step {
    // Asked at every reply, also when the news is good.
    told_to_stop = stop.stop_requested();
    if (told_to_stop) request.ask_to_stop(Stop::at_checkpoint);
    return std::move(request).answer(std::move(reply), steady_now());
  };

  Step step = pipeline.start(steady_now());
  while (!step.finished()) {
    step = std::move(step).visit(
        [&](Request<Sleep> request) {
          const Slept slept = nap.sleep(request.effect(), told_to_stop ? std::stop_token{} : stop);
          return answer(std::move(request), slept);
        },
        [&](Request<ReadEvents> request) {
          nap.forget_hints();
          auto page = perform_foreign(store, request.effect());
          return answer(std::move(request), std::move(page));
        },
        [&](auto request) {
          auto reply = perform_foreign(store, request.effect());
          return answer(std::move(request), std::move(reply));
        });
  }
  return std::move(*step.finished());
}

}  // namespace detail

/// Runs a projection on the calling thread until it ends, and says how.
///
/// - *Stopping*: once `stop` is requested (from any thread), what is applied is committed, the lease is given back, and
/// the run ends with `Ending::stopped`. A sleep is cut short; a call of the store is not.
/// - *Leadership*: without `config.leadership`, the run leads under a `unique_owner()`.
/// - *Errors*: all of them are in the result. A store that throws is answered for by a Failure (internal). What
/// the projector's `name()` or `filter()` throws is an error of ErrorKind::projector, before anything has happened.
/// - *Lifetimes*: borrows the projector, the store and `config.observer` until it returns.
/// - *Threads*: projector, store and observer are used by the calling thread only; appends to a store that is an
/// `AppendNotifier` may come from any thread, and cut idle sleeps short.
template <class P, class Store>
requires(!std::derived_from<P, ProjectorPort>) [[nodiscard]] Finished
    run_projection_blocking(P& projector, Store& store, ProjectionConfig config = {}, std::stop_token stop = {}) {
  return run_projection_blocking(bind_projector(projector), store, std::move(config), std::move(stop));
}

/// The same, for a projector that is bound already (see `ProjectorPort`).
template <class Store>
[[nodiscard]] Finished run_projection_blocking(std::unique_ptr<ProjectorPort> projector, Store& store,
                                               ProjectionConfig config = {}, std::stop_token stop = {}) {
  static_assert(EventReader<Store>, "a store needs `perform(const lantern::ReadEvents&)` that returns its reply");
  static_assert(CheckpointStore<Store>,
                "a store needs `perform` for lantern::LoadCheckpoint and lantern::SaveCheckpoint that return their "
                "replies");
  static_assert(ProjectorCoordinator<Store>,
                "this store grants no leases. If there is only ever one runner, say so: wrap it in "
                "lantern::Unguarded. Otherwise add `perform` for AcquireLease, RenewLease and ReleaseLease");
  if constexpr (!Performs<Store, Publish>) config.publish = false;  // nobody listens
  return detail::drive(ProjectionPipeline(std::move(projector), led_by_somebody(std::move(config))), store, stop);
}

}  // namespace lantern
