// A reader that breaks its contract would lose or repeat events.
#pragma once

#include <optional>
#include <string>

#include "lantern/effects.hpp"

namespace lantern::detail {

/// What is wrong with the page that was given for `asked`, if anything is.
[[nodiscard]] std::optional<std::string> breach(const ReadEvents& asked, const EventPage& page);

}  // namespace lantern::detail
