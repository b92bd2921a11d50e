// Schema version 4: which log it is, and which one each checkpoint is a place in.
#pragma once

namespace lantern::detail {

extern const char* const migration_to_logs;

}  // namespace lantern::detail
