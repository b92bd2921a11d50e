// Rows that differ, as they are told.
#pragma once

#include <string>

#include "lantern/sqlite/sql_tables.hpp"

namespace lantern::cli {

/// A value as SQL would write it, so that 1, 1.0, '1' and x'31' can be told apart; on one line.
[[nodiscard]] std::string sql_text(const SqlValue& value);

/// Three lines: which row, what is stored (`first`), what it should be (`second`).
[[nodiscard]] std::string difference_for_people(const std::string& projection, const SqlDifference& difference);

/// The same as a JSON object on one line. A blob is `{"blob":"00ff"}`, a text that is no UTF-8 `{"text_hex":"ff"}`.
[[nodiscard]] std::string difference_as_json(const std::string& projection, const SqlDifference& difference);

}  // namespace lantern::cli
