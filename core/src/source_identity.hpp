// Whether the log, or a stream of it, is still the one that the checkpoint is a place in.
#pragma once

#include <optional>
#include <string>

#include "lantern/cursors.hpp"
#include "lantern/effects.hpp"
#include "lantern/stream_effects.hpp"

namespace lantern::detail {

/// What tells that it is not: what was expected, and what was found. Absent: nothing does. `log`: the one that was
/// known so far; absent: none was.
[[nodiscard]] std::optional<std::string> source_changed(const ReadEvents& asked, const EventPage& found,
                                                        const std::optional<LogIdentity>& log);
[[nodiscard]] std::optional<std::string> source_changed(const ListStreams& asked, const StreamPage& found,
                                                        const std::optional<LogIdentity>& log);

/// The same of one stream, which was read up to `reached`.
[[nodiscard]] std::optional<std::string> stream_changed(const StreamExtent& found,
                                                        const std::optional<StreamVersion>& reached);

}  // namespace lantern::detail
