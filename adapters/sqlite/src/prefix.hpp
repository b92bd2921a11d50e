// Prefixes as ranges: SQL compares texts as bytes (the BINARY collation), and nothing in a prefix is a wildcard.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace lantern::detail {

/// The smallest text that is greater than all texts that begin with `prefix`, in the order of bytes; none when there is
/// no such text (0xFF 0xFF…, or an empty prefix).
[[nodiscard]] inline std::optional<std::string> end_of_prefix(std::string_view prefix) {
  std::string end(prefix);
  while (!end.empty() && static_cast<unsigned char>(end.back()) == 0xFF) end.pop_back();
  if (end.empty()) return std::nullopt;
  end.back() = static_cast<char>(static_cast<unsigned char>(end.back()) + 1);
  return end;
}

}  // namespace lantern::detail
