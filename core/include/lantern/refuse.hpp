// What is wrong with a request, before anybody looks at the store.
#pragma once

#include <chrono>
#include <optional>

#include "lantern/effects.hpp"
#include "lantern/stream_effects.hpp"

namespace lantern {

/// Why no store could ever do what is asked: names that are no names, limits of 0, checkpoints that would go back. Each
/// answer is FailureKind::invalid; absent: the store is to decide. A store calls it first in its `perform`, so that all
/// stores refuse the same, in the same words. Pure.
[[nodiscard]] std::optional<Failure> refuse(const ProjectionId&);
[[nodiscard]] std::optional<Failure> refuse(const LoadCheckpoint&);
[[nodiscard]] std::optional<Failure> refuse(const ReadEvents&);
[[nodiscard]] std::optional<Failure> refuse(const ListStreams&);
[[nodiscard]] std::optional<Failure> refuse(const ReadStream&);
[[nodiscard]] std::optional<Failure> refuse(const SaveCheckpoint&);
[[nodiscard]] std::optional<Failure> refuse(const AppendEvents&);
[[nodiscard]] std::optional<Failure> refuse(const AcquireLease&);
[[nodiscard]] std::optional<Failure> refuse(const RenewLease&);
[[nodiscard]] std::optional<Failure> refuse(const ReleaseLease&);

/// When a lease that begins `now` and lasts for `ttl` (more than 0) expires; one that lasts longer than a clock can
/// tell never does.
[[nodiscard]] std::chrono::nanoseconds expiry(std::chrono::nanoseconds now, std::chrono::nanoseconds ttl) noexcept;

/// Whether a lease is over that was given for `ttl` (0: not known) and expires at `expires`. It is, too, when it would
/// last for more than twice its time: then the clock was set back since it was given, and whoever stands by would wait
/// for as long as that. Fences keep what is stored right, whoever is taken for the leader.
[[nodiscard]] bool is_over(std::chrono::nanoseconds now, std::chrono::nanoseconds expires,
                           std::chrono::nanoseconds ttl) noexcept;

}  // namespace lantern
