// What readers are told of stored views, and how one is replaced.
#pragma once

#include "kept.hpp"

namespace lantern::detail {

[[nodiscard]] LoadedViews load(const KeptGeneration&, const std::vector<std::string>& keys);
/// What a reader asked of: this generation, or the active one. One that is not known is empty.
[[nodiscard]] KeptGeneration of(const KeptProjection&, std::optional<Generation> asked);
[[nodiscard]] GetView::Answer get(const KeptGeneration&, const std::string& key);
[[nodiscard]] ScanViews::Page scan(const KeptGeneration&, const ScanViews&);
/// Refused, it has changed nothing. `now` is RFC 3339.
[[nodiscard]] ReplaceView::reply replace(KeptProjection&, const ReplaceView&, const std::string& now);

}  // namespace lantern::detail
