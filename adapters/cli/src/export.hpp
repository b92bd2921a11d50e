// `lantern export`: the log as a file of events.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "exit_code.hpp"

namespace lantern::cli {

struct ExportOptions {
  std::string store{};
  std::optional<std::int64_t> from{};  ///< the first position
  std::optional<std::int64_t> to{};    ///< the last position
  std::optional<std::string> stream_prefix{};
};

/// Writes events to standard output, one a line, as `import_events` reads them: importing what was exported gives the
/// same log, but for positions (which are counted anew) and ids where there were none.
[[nodiscard]] Outcome export_events(const ExportOptions&);

}  // namespace lantern::cli
