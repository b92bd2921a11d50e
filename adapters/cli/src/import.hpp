// `lantern import`: a file of events into the log.
#pragma once

#include <optional>
#include <string>

#include "exit_code.hpp"

namespace lantern::cli {

struct ImportOptions {
  std::string store{};
  std::string input{"-"};
  std::optional<std::string> skip_bad{};  ///< where bad lines go; absent: one bad line, and nothing is imported
  bool as_new{};                          ///< events without an id are added without one, however often they come
  bool dry_run{};
  bool quiet{};
};

/// Reads the input twice, first to check every line, then to append: so a file with a bad line changes nothing. With
/// `skip_bad` once. Memory does not grow with the input. Events without an id get one that is theirs (`LineIdentity`),
/// so an import that is repeated, or was interrupted, adds what is missing and nothing else.
[[nodiscard]] Outcome import_events(const ImportOptions&);

}  // namespace lantern::cli
