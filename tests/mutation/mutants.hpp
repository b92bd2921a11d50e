// The small changes that tests should notice.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace lantern::mutation {

/// One change of one source.
struct Mutant {
  std::string file{};    ///< from the top of the repository
  std::uint64_t line{};  ///< where the change begins, from 1
  std::string
      operation{};      ///< `relation`, `logic`, `arithmetic`, `constant`, `statement`, `condition`, `value_or`, `name`
  std::size_t begin{};  ///< offset of what is replaced
  std::size_t length{};
  std::string replacement{};
};

/// All changes of this source that may make sense, in the order of their places.
[[nodiscard]] std::vector<Mutant> mutants_of(std::string_view file, std::string_view source);

/// The source with the change made.
[[nodiscard]] std::string mutated(std::string_view source, const Mutant& mutant);

/// The lines that the change touches, before or after it, as one line without indentation.
[[nodiscard]] std::string lines_before(std::string_view source, const Mutant& mutant);
[[nodiscard]] std::string lines_after(std::string_view source, const Mutant& mutant);

}  // namespace lantern::mutation
