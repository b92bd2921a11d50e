// What one commit covers.
#pragma once

#include "run.hpp"

namespace lantern::detail {

/// Lets go of events that nobody needs any more: applied, and not part of a commit that the store has yet to apply.
void let_go(Run& r);

/// To be called before something is applied or passed: the age of a batch counts from its first event.
void open_batch(Run& r);

/// What is not committed never happened.
void abandon_batch(Run& r);

/// What was not committed is.
void committed(Run& r);

/// The batch must be stored before anything else is done.
[[nodiscard]] bool must_commit(const Run& r);

/// After `next` has moved: `reached` follows.
void moved_on(Run& r);

}  // namespace lantern::detail
