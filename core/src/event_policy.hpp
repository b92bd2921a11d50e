// What becomes of an event that failed: the same for a run and for a pure fold.
#pragma once

#include <cstdint>

#include "lantern/config.hpp"
#include "lantern/projector.hpp"

namespace lantern::detail {

enum class AfterFailure : std::uint8_t {
  stop,      ///< the policy is to stop
  give_up,   ///< it failed on its last retry, and then the policy is to stop
  skip,      ///< pass it, as the projector said
  pass,      ///< it failed on its last retry, and is passed
  park_key,  ///< the same, for the key that it failed for; where that is not known, it is passed
  try_it_again,
};

/// `retries` are those that were made already.
[[nodiscard]] AfterFailure after_failure(FailureStrategy, std::uint32_t retries, const EventRetryConfig&) noexcept;

/// The record of an event that is passed after this many tries, without a key.
[[nodiscard]] QuarantineRecord record_of(const RecordedEvent&, QuarantineReason, std::uint32_t attempts,
                                         const Failure& cause);

}  // namespace lantern::detail
