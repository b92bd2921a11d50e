// How runs ended, for people and for the exit code.
#pragma once

#include <list>

#include "job.hpp"
#include "lines.hpp"

namespace lantern::cli {

/// Says how each run ended; the code is that of the first kind of trouble in the order of their numbers.
[[nodiscard]] Outcome report(const RunOptions& options, const std::list<Job>& jobs, Lines& out);

}  // namespace lantern::cli
