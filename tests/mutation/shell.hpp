// Running other programs, bounded.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace lantern::mutation {

/// What a program may use before it counts as one that does not end.
struct Limits {
  unsigned cpu_seconds{};   ///< processor time; 0: any
  unsigned wall_seconds{};  ///< for one that does not even work; generous, since the machine may be busy
};

/// Runs a line of shell in that folder, silently. True: it ended with 0 within its limits.
[[nodiscard]] bool succeeds(const std::string& folder, const std::string& line, Limits limits = {});

/// What the line prints. Throws std::runtime_error when it fails.
[[nodiscard]] std::string output_of(const std::string& folder, const std::string& line);

/// As one word of the shell.
[[nodiscard]] std::string shell_word(std::string_view text);

[[nodiscard]] std::string read_file(const std::string& path);     ///< throws std::runtime_error if it cannot
void write_file(const std::string& path, std::string_view text);  ///< makes its folders; throws std::runtime_error

}  // namespace lantern::mutation
