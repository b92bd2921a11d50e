// Events meet the projector.
#pragma once

#include "run.hpp"

namespace lantern::detail {

/// Of a projection with keys: the keys of events in hand whose views are yet to be loaded.
[[nodiscard]] std::vector<std::string> missing_views(Run& r);

/// Applies the events in hand, as many as the commit policy has room for, up to the first that fails.
void apply_events(Run& r);

/// Asks the projector what is to become of the event that failed, and does it. All before that event is stored by now,
/// so it alone is at stake.
void apply_failure_policy(Run& r);

}  // namespace lantern::detail
