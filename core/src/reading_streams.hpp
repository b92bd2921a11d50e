// A run over streams: which of them is read next, and what becomes of one that fails.
#pragma once

#include "run.hpp"

namespace lantern::detail {

/// Asks which streams have changed, or for events of the next one of those.
[[nodiscard]] Step read_streams(RunPtr run);

/// Events up to `next` are applied or passed: the cursor of their stream follows.
void stream_moved_on(Run& r);

/// Of the open batch, only the first `writes` are to be stored for now.
void take_streams_back_to(Run& r, std::size_t writes);

/// What is not committed is to be read again.
void take_streams_back(Run& r);

/// An error that is of one stream. The others go on, unless the configuration says stop.
void set_aside(Run& r, ProjectionError error);

}  // namespace lantern::detail
