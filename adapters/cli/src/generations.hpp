// `lantern activate`, `rollback`, `finalize`, `cancel`: which generation of a projection readers see.
#pragma once

#include <string>

#include "exit_code.hpp"
#include "lantern/identity.hpp"

namespace lantern::cli {

struct GenerationOptions {
  std::string store{};
  std::string projection{};
  std::string tenant{};
  bool json{};

  [[nodiscard]] ProjectionId id() const { return ProjectionId(projection, tenant); }
};

/// Shows readers the generation that was built.
[[nodiscard]] Outcome activate(const GenerationOptions&);
/// Brings the previous generation back.
[[nodiscard]] Outcome roll_back(const GenerationOptions&);
/// Drops the previous generation.
[[nodiscard]] Outcome finalize(const GenerationOptions&);
/// Drops the generation that is being built.
[[nodiscard]] Outcome cancel(const GenerationOptions&);

}  // namespace lantern::cli
