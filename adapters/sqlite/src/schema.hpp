// What the file looks like, how it is recognised, and how older ones are brought up to date.
#pragma once

#include <chrono>
#include <optional>

#include "connection.hpp"

namespace lantern::detail {

inline constexpr std::int64_t lantern_application_id = 0x4C4E5452;  // "LNTR"

/// The schema that this build writes. A file with a greater one is from the future.
[[nodiscard]] std::int64_t latest_schema_version() noexcept;

/// Refuses what is not a lantern store of this very schema; reads only.
[[nodiscard]] std::optional<Failure> check_schema(const Connection&);

/// Makes an empty file a store, in WAL mode, and an older store a current one, in one transaction. Refuses every other
/// file, before it changes anything. Tries until `deadline` while others hold the file.
[[nodiscard]] std::optional<Failure> bring_up_to_date(const Connection&,
                                                      std::chrono::steady_clock::time_point deadline);

}  // namespace lantern::detail
