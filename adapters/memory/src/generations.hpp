// How generations come and go. Each of these is done whole, or not at all: refused, it has changed nothing.
#pragma once

#include "kept.hpp"

namespace lantern::detail {

[[nodiscard]] BeginRebuild::reply begin_rebuild(KeptProjection&, const BeginRebuild&);
[[nodiscard]] ActivateGeneration::reply activate(KeptProjection&, const ActivateGeneration&);
[[nodiscard]] RollBack::reply roll_back(KeptProjection&, const RollBack&);
[[nodiscard]] FinalizeRebuild::reply finalize(KeptProjection&);
[[nodiscard]] CancelRebuild::reply cancel(KeptProjection&);
[[nodiscard]] std::vector<GenerationStatus> list(const KeptProjection&);

}  // namespace lantern::detail
