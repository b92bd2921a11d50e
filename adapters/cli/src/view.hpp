// `lantern view`: the views of keyed projections, as they are stored.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "exit_code.hpp"
#include "lantern/view_effects.hpp"

namespace lantern::cli {

struct ViewOptions {
  std::string store{};
  std::string projection{};
  std::string tenant{};
  std::string key{};                   ///< of `get`
  std::string prefix{};                ///< of `scan` and `watch`
  std::optional<std::string> after{};  ///< of `scan`
  std::uint32_t limit{100};            ///< of `scan`
  std::optional<std::string> where{};  ///< of `scan`: PATH=JSON
  bool json{};
  bool quiet{};

  [[nodiscard]] ProjectionId id() const { return ProjectionId(projection, tenant); }
};

/// Every generation of every projection, of SQL projections too.
[[nodiscard]] Outcome list_views(const ViewOptions&);
[[nodiscard]] Outcome get_view(const ViewOptions&);
[[nodiscard]] Outcome scan_views(const ViewOptions&);
/// Prints what changes, until it is stopped.
[[nodiscard]] Outcome watch_views(const ViewOptions&);

}  // namespace lantern::cli
