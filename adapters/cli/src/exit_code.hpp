// How the program ends: one number for scripts, one line for people.
#pragma once

#include <string>

#include <tl/expected.hpp>

namespace lantern::cli {

/// The program's exit codes; documented in docs/cli.md.
enum class ExitCode : int {
  done = 0,
  projection_failed = 1,  ///< or, for `verify`: its tables are not what its events make
  usage = 2,              ///< the command line, or a file that it names, is not what it should be
  store = 3,              ///< the store, or another file, could not be read or written
  leadership = 4,         ///< another process runs the projection
  defect = 70,            ///< a defect in lantern itself
  interrupted = 130,      ///< a signal ended what has no result half-way
};

/// Why a command ends early. The message is one line: what happened / where / what now.
struct Trouble {
  ExitCode code{ExitCode::defect};
  std::string message{};
};

/// What a command answers.
using Outcome = tl::expected<ExitCode, Trouble>;

[[nodiscard]] inline tl::unexpected<Trouble> trouble(ExitCode code, std::string message) {
  return tl::unexpected(Trouble{code, std::move(message)});
}

}  // namespace lantern::cli
