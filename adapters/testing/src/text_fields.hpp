// Texts with a structure, taken apart into fields, and what differs between two of them.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lantern::testing {

/// One value of a text, and where it is: `lines[0].cents`, and `30`.
struct TextField {
  std::string path{};
  std::string_view value{};  ///< as it stands in the text
};

/// A field that is not the same in both texts. Absent: it is not there.
struct TextDifference {
  std::string path{};
  std::optional<std::string> first{};
  std::optional<std::string> second{};
};

/// The fields of a JSON text, in order; absent for what is none, or nested more than a hundred deep.
[[nodiscard]] std::optional<std::vector<TextField>> json_fields(std::string_view text);

/// In the order of the first; what only the second has comes last.
[[nodiscard]] std::vector<TextDifference> differences(const std::vector<TextField>& first,
                                                      const std::vector<TextField>& second);

}  // namespace lantern::testing
