// What the machine asks: one function for each request, and the end.
#pragma once

#include "run.hpp"

namespace lantern::detail {

[[nodiscard]] Step load(RunPtr run, LoadCheckpoint::Purpose purpose);
[[nodiscard]] Step read(RunPtr run);
[[nodiscard]] Step save(RunPtr run);
/// Asks for this. Makes the step where the caller wants it: effects have many texts, and each move of a text costs.
template <Effect E>
[[nodiscard]] Step ask(RunPtr&& run, E&& effect) {
  ++run->requests;
  return Step(std::in_place_type<Request<E>>, std::move(effect), std::move(run));
}

/// A slice of the rest that was decided on, short enough to renew the lease in time.
[[nodiscard]] Step sleep(RunPtr run);
[[nodiscard]] Step acquire(RunPtr run);
[[nodiscard]] Step renew(RunPtr run);
/// The views of these keys.
[[nodiscard]] Step load_views(RunPtr run, std::vector<std::string> keys);
[[nodiscard]] Step publish(RunPtr run);
[[nodiscard]] Step begin_rebuild(RunPtr run);
[[nodiscard]] Step activate(RunPtr run);
/// Gives the lease back, to take another.
[[nodiscard]] Step hand_over(RunPtr run);
/// Gives the lease back, or finishes where there is none.
[[nodiscard]] Step wind_up(RunPtr run);
[[nodiscard]] Step finish(RunPtr run);

}  // namespace lantern::detail
