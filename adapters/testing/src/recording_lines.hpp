// What the lines of a recording look like, for those who write them and those who read them.
//
//     lantern recording 1 ~70f1a1d3
//     run {projection={name="orders" tenant=""} … } ~…
//     config {mode=batch … } ~…
//     start 1204881 ~…
//     ask ReadEvents {… after=- limit=1000 … } ~…
//     answer 1310042 ReadEvents ok {scanned_to=2 head=2 events=[{position=1 … }]} ~…
//     stop at_checkpoint ~…
//     end ok {ending=stopped … } ~…
//
// Each line ends with a checksum of all that is before it, so a line that was changed, lost or moved shows.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace lantern::testing::lines {

inline constexpr std::string_view title = "lantern recording 1";
inline constexpr std::size_t mark_size = 10;  ///< ` ~` and eight digits

/// FNV-1a (Fowler, Noll, Vo), from the checksum of the line before.
[[nodiscard]] constexpr std::uint64_t checksum(std::uint64_t before, std::string_view line) noexcept {
  std::uint64_t sum = before ^ 0xcbf29ce484222325;
  for (const char c : line) sum = (sum ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  return sum;
}

/// How the checksum stands at the end of its line.
[[nodiscard]] constexpr std::array<char, mark_size> mark(std::uint64_t sum) noexcept {
  std::array<char, mark_size> text{' ', '~'};
  for (std::size_t i = 0; i < 8; ++i) text[2 + i] = "0123456789abcdef"[(sum >> (60 - 4 * i)) & 15];
  return text;
}

}  // namespace lantern::testing::lines
