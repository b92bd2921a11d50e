// Identities for events that come without one, so that importing a file again adds nothing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace lantern::cli {

/// Names the lines of one input by their bytes: the n-th line of these bytes is the same event as the n-th line of
/// these bytes in any other input. So other lines may be mended, added, removed or moved, before it and after it.
///
/// Counting every line exactly would take memory that grows with the input. A line that was certainly not there before
/// (a Bloom filter says so; Bloom, CACM 13/7, 1970) is its first; only those that may have been are counted. Where the
/// filter errs, a first line is counted as a second: its name is still its own, and the same in the same input. The
/// defaults take 4 MiB for the filter, which errs about five times in a million lines, and a few for the counts.
/// Once there are too many lines to count, a line that may have been there is named by its number as well: the same
/// input still gives the same names, but lines added or removed before it change its own.
class LineIdentity {
 public:
  /// A filter of 2^`filter_bits` bits, at least 6; up to `most_counted` different lines are counted.
  explicit LineIdentity(unsigned filter_bits = 25, std::size_t most_counted = 65'536);

  /// Sets `id` to the identity of the next line, whose number is `number`. `ts` is its event's time, or empty: its
  /// first 19 characters, to the second, come first in the id, so that the ids of a log that is in order ascend, which
  /// keeps the index that they go into fast.
  void name(std::uint64_t number, std::string_view line, std::string_view ts, std::string& id);

 private:
  [[nodiscard]] bool maybe_seen(std::uint64_t hash, std::uint64_t other);

  unsigned shift_;
  std::size_t most_counted_;
  std::vector<std::uint64_t> filter_;
  std::unordered_map<std::uint64_t, std::uint64_t> times_{};  // of lines that may have come more than once
};

}  // namespace lantern::cli
