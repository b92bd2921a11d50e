// Names of projections, where they enter the store.
#pragma once

#include "lantern/identity.hpp"
#include "lantern/names.hpp"

namespace lantern::detail {

/// A tenant may be empty: there are none.
[[nodiscard]] inline std::optional<Failure> refuse_projection(const ProjectionId& projection) {
  if (auto refused = refuse_name("projection", projection.name)) return refused;
  return projection.tenant.empty() ? std::nullopt : refuse_name("tenant", projection.tenant);
}

}  // namespace lantern::detail
