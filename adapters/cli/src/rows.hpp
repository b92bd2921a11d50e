// Rows of a result, written as a table, as CSV or as JSON.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "lantern/sqlite/query.hpp"
#include "output.hpp"

namespace lantern::cli {

enum class RowFormat : std::uint8_t { table, csv, json };

/// Receives the names of the columns once, then the rows, then the end.
class RowWriter {
 public:
  RowWriter() = default;
  RowWriter(const RowWriter&) = delete;
  RowWriter& operator=(const RowWriter&) = delete;
  virtual ~RowWriter() = default;
  virtual void columns(std::span<const std::string> names) = 0;
  virtual void row(std::span<const SqlValue> cells) = 0;
  virtual void end() {}
};

/// - `table`: aligned columns, numbers to the right; control characters escaped, NULL as NULL, blobs as x'hex'. Widths
///   are those of the first 1000 rows; memory does not grow beyond these.
/// - `csv`: RFC 4180 with a header. NULL is an empty field, an empty text is "", blobs are hex.
/// - `json`: one object a line. NULL is null, blobs are hex texts. Columns of the same name get `_2`, `_3`, ….
[[nodiscard]] std::unique_ptr<RowWriter> row_writer(RowFormat format, Output& out);

}  // namespace lantern::cli
