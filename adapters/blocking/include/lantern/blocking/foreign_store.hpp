// A store is somebody else's code. What it throws is turned into a reply here, once, for every driver.
#pragma once

#include <concepts>
#include <exception>
#include <functional>
#include <string>
#include <type_traits>

#include "lantern/projector.hpp"
#include "lantern/store.hpp"

namespace lantern::detail {

/// The reply to an effect whose store threw instead of answering; called from within a catch block. Whether a commit
/// that ended like this was stored, nobody knows: so it is said to be unknown, and the machine reads back.
template <Effect E>
[[nodiscard]] typename E::reply reply_of_a_store_that_threw() {
  Failure failure = failure_of(std::current_exception());
  failure.kind = FailureKind::internal;
  failure.what = "the store threw an exception: " + failure.what;
  failure.advice = "a store answers with a Failure, so this is a defect of the store";
  if constexpr (std::same_as<E, SaveCheckpoint>) return tl::make_unexpected(OutcomeUnknown{std::move(failure)});
  else return tl::make_unexpected(std::move(failure));
}

/// `perform(store, effect)`; throws nothing.
template <class Store, Effect E>
[[nodiscard]] typename E::reply perform_foreign(Store& store, const E& effect) {
  try {
    return perform(store, effect);
  } catch (...) {
    return reply_of_a_store_that_threw<E>();
  }
}

/// `store.failed_run(projection)`; throws nothing.
template <TellsFailedRuns Store>
[[nodiscard]] FailedRun failed_run_foreign(Store& store, const ProjectionId& projection) {
  try {
    return store.failed_run(projection);
  } catch (...) {
    return tl::make_unexpected(failure_of(std::current_exception()));
  }
}

/// Hints are a convenience: a store that throws instead of giving them is one without.
template <AppendNotifier Store>
[[nodiscard]] Subscription subscribe_foreign(Store& store, std::function<void()> callback) {
  try {
    return store.on_append(std::move(callback));
  } catch (...) {
    return {};
  }
}

}  // namespace lantern::detail
