// Files that people take for NDJSON, and what to do with them.
#pragma once

#include <string_view>

namespace lantern::cli {

/// What a file is that begins with these bytes, and what to type instead; null when it may be NDJSON.
[[nodiscard]] const char* other_format(std::string_view beginning) noexcept;

/// What turns JSON into one object a line, by a first line that is no event; null when it is not known to be JSON of
/// another shape.
[[nodiscard]] const char* other_shape(std::string_view first_line) noexcept;

}  // namespace lantern::cli
