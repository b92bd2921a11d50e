// `lantern verify`: are an SQL projection's tables what its events make?
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "exit_code.hpp"

namespace lantern::cli {

struct VerifyOptions {
  std::string store{};
  std::vector<std::string> files{};
  std::uint64_t keep{20};  ///< differing rows of a projection that are told in full
  bool json{};             ///< one object for each difference, and one for each projection
  bool quiet{};            ///< nothing but differences and errors
};

/// Replays the log for each file, one after the other, into a store of its own that is thrown away, and compares.
/// Nothing is written to the store, and no lease is taken.
[[nodiscard]] Outcome verify(const VerifyOptions&);

}  // namespace lantern::cli
