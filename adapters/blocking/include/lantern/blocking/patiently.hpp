// One request outside of a run, tried again while its trouble may pass by itself.
#pragma once

#include <concepts>
#include <stop_token>
#include <variant>

#include "lantern/blocking/foreign_store.hpp"
#include "lantern/blocking/interruptible_sleep.hpp"
#include "lantern/config.hpp"

namespace lantern::detail {

/// The failure among the reasons of a refusal, or null.
[[nodiscard]] inline const Failure* failure_in(const Failure& failure) noexcept { return &failure; }
template <class... Reasons>
[[nodiscard]] const Failure* failure_in(const std::variant<Reasons...>& reasons) noexcept {
  return std::get_if<Failure>(&reasons);
}

/// What an operation says that was asked to stop.
[[nodiscard]] Failure asked_to_stop(const char* what);

/// `perform_foreign`, again and again with backoff while the failure is a transient one. For effects that may be asked
/// for twice, which a SaveCheckpoint may not.
template <class Store, Effect E>
requires(!std::same_as<E, SaveCheckpoint>) [[nodiscard]] typename E::reply
    perform_patiently(Store& store, const E& effect, const std::stop_token& stop = {},
                      const StoreRetryConfig& retry = {}) {
  InterruptibleSleep nap;
  SeededRandom random(0);
  for (std::uint32_t attempt = 1;; ++attempt) {
    typename E::reply reply = perform_foreign(store, effect);
    const Failure* const failure = reply ? nullptr : failure_in(reply.error());
    if (!failure || !is_transient(failure->kind)) return reply;
    if (attempt > retry.max_attempts.value() || stop.stop_requested()) return reply;
    (void)nap.sleep({delay_before(retry.backoff, attempt, random), Sleep::Reason::store_retry, attempt}, stop);
  }
}

}  // namespace lantern::detail
