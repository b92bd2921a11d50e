// Instants of the calendar, as events carry them.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include <tl/expected.hpp>

#include "lantern/failure.hpp"

namespace lantern {

/// UTC, in microseconds.
using Timestamp = std::chrono::sys_time<std::chrono::microseconds>;

/// Reads RFC 3339 (`2024-05-01T10:00:00Z`, `2024-05-01 12:00:00.25+02:00`); digits beyond microseconds are cut off. The
/// year is 0000 to 9999, the second may be 60 (read as the next minute). FailureKind::invalid says what is wrong.
[[nodiscard]] tl::expected<Timestamp, Failure> parse_timestamp(std::string_view text);

/// RFC 3339 in UTC with six digits: `2024-05-01T10:00:00.000000Z`. For years 0000 to 9999.
[[nodiscard]] std::string to_string(Timestamp);

}  // namespace lantern
