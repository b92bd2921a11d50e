// The third version of the schema: runs over streams.
#pragma once

namespace lantern::detail {

/// Leads from version 2 to 3.
extern const char* const migration_to_streams;

}  // namespace lantern::detail
