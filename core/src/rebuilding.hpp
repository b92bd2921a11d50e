// Generations: whether the active one will do, and what becomes of a run when it does not.
#pragma once

#include "run.hpp"

namespace lantern::detail {

/// What the active generation means for the run: it goes on there as the live run, fills a new one, or ends.
void look_at_active(Run& r, const std::optional<Checkpoint>& active);

/// A live run is about to begin at this checkpoint. False: it is not to, and `proceed` knows what is.
[[nodiscard]] bool may_begin_at(Run& r, const std::optional<Checkpoint>& active);

/// The run knows where it stands, and begins there.
void begin_at(Run& r, const std::optional<Checkpoint>& checkpoint);

/// A commit went through, with the active generation at `active`: a rebuild rests if there is a live run beside it.
void leave_time_to_live(Run& r, std::optional<Position> active);

/// The generation that the run works on is neither active nor building any more.
void lose_generation(Run& r);

}  // namespace lantern::detail
