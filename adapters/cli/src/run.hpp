// `lantern run` and `lantern rebuild`: projections from `.sql` files, up to the head of the log or for ever.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "exit_code.hpp"
#include "lantern/bounds.hpp"

namespace lantern::cli {

struct RunOptions {
  std::string store{};
  std::vector<std::string> files{};
  bool follow{};                     ///< wait for more at the head, until a signal says stop
  bool standby{};                    ///< where somebody else leads, wait
  bool rebuild{};                    ///< build anew whatever is there, and switch
  bool hold{};                       ///< of a rebuild: do not switch
  std::optional<BatchSize> batch{};  ///< events of a commit
  bool json{};                       ///< happenings on standard output, one JSON object a line
  bool quiet{};                      ///< nothing but errors
};

/// Runs each file as a projection of its own, on a thread of its own. Files that cannot be loaded are all told, and
/// then nothing is run; after that, a projection that fails does not stop the others. Signals drain: see `StopSignals`.
[[nodiscard]] Outcome run(const RunOptions&);

}  // namespace lantern::cli
