// `lantern query`: a question to the tables.
#pragma once

#include <string>

#include "exit_code.hpp"
#include "rows.hpp"

namespace lantern::cli {

struct QueryOptions {
  std::string store{};
  std::string sql{};
  RowFormat format{RowFormat::table};
};

/// Runs one statement that only reads, and writes its rows to standard output as they come.
[[nodiscard]] Outcome query(const QueryOptions&);

}  // namespace lantern::cli
