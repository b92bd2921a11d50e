// The generation that readers see, for what makes or checks views beside a run.
#pragma once

#include <optional>
#include <stop_token>
#include <utility>

#include "lantern/blocking/patiently.hpp"

namespace lantern::detail {

/// The active checkpoint; a projection that has none is FailureKind::invalid.
template <class Store>
[[nodiscard]] tl::expected<Checkpoint, Failure> active_checkpoint(Store& store, const ProjectionId& projection,
                                                                  const std::stop_token& stop = {}) {
  auto found = perform_patiently(store, LoadCheckpoint{projection, LoadCheckpoint::Purpose::inspect}, stop);
  if (!found) return tl::unexpected(std::move(found).error());
  if (*found && (*found)->position) return **found;
  return tl::unexpected(
      Failure(FailureKind::invalid, "nothing of " + to_string(projection) + " is stored yet", "run it first"));
}

/// Why views of the active generation cannot be made or checked by this code, if they cannot.
[[nodiscard]] std::optional<Failure> refuse_other_code(const ProjectionId&, const Checkpoint& active,
                                                       const CodeVersion& code, bool upcasts);

}  // namespace lantern::detail
