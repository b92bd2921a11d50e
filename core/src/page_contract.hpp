// A reader that breaks its contract would lose or repeat events.
#pragma once

#include <optional>
#include <string>

#include "lantern/effects.hpp"
#include "lantern/stream_effects.hpp"

namespace lantern::detail {

/// What is wrong with the page that was given for `asked`, if anything is.
[[nodiscard]] std::optional<std::string> breach(const ReadEvents& asked, const EventPage& page);
/// The same of streams, and of the events of one.
[[nodiscard]] std::optional<std::string> breach(const ListStreams& asked, const StreamPage& page);
[[nodiscard]] std::optional<std::string> breach(const ReadStream& asked, const StreamSlice& slice);

}  // namespace lantern::detail
