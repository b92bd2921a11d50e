// A decision as a recording has it, and how two of them differ.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "lantern/testing/recording.hpp"

namespace lantern::testing {

/// `ask ReadEvents {…}`, or `end ok {…}`.
[[nodiscard]] std::string decision_text(const Step&);

/// Appends what a recording says of this reply: `ReadEvents ok {…}`.
void append_reply(std::string& out, const ReplySeen&);

/// All fields that are not the same in two texts `{name=value …}`.
[[nodiscard]] std::vector<FieldDifference> decision_differences(std::string_view recorded, std::string_view now);

}  // namespace lantern::testing
