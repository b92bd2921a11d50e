// Names are data: any UTF-8, with few exceptions.
#pragma once

#include <optional>
#include <string_view>

#include "lantern/failure.hpp"

namespace lantern {

/// The longest name of a projection, tenant, stream, type, owner or event id, in bytes.
inline constexpr std::size_t longest_name = 1024;

/// True for well-formed UTF-8 (RFC 3629: no surrogates, no overlong forms, nothing above U+10FFFF).
[[nodiscard]] bool is_utf8(std::string_view) noexcept;

/// Why this cannot be the name of a `what` ("stream", "projection"): empty, longer than `longest_name`, not UTF-8, or
/// with a NUL. Absent for every other text.
[[nodiscard]] std::optional<Failure> refuse_name(std::string_view what, std::string_view name);

}  // namespace lantern
