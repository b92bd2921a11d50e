// One line of NDJSON as one event.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include <tl/expected.hpp>

#include "lantern/event.hpp"

namespace lantern::cli {

/// Why a line is no event, and where in it.
struct LineError {
  std::size_t offset{};  ///< in bytes, from 0
  std::string reason{};

  /// In characters, from 1, as editors count.
  [[nodiscard]] std::size_t column_in(std::string_view line) const noexcept;
  friend bool operator==(const LineError&, const LineError&) = default;
};

/// Reads lines such as `{"stream":"cart-1","type":"Added","data":{},"id":"7","ts":"2024-05-01T10:00:00Z","meta":{}}`.
/// `data` and `meta` are any JSON, validated and kept byte for byte. `id`, `ts`, `meta` and `schema_version` may be
/// absent; other fields, and fields given twice, are refused. Keep one for many lines. Not thread-safe.
class NdjsonParser {
 public:
  NdjsonParser();
  ~NdjsonParser();

  /// Fills `into`, reusing its memory; what it holds after an error is of no use.
  [[nodiscard]] tl::expected<void, LineError> parse(std::string_view line, NewEvent& into);

  /// Whether this is one JSON value and nothing else, by the same rules.
  [[nodiscard]] bool is_json(std::string_view text);

 private:
  struct Scanner;
  std::unique_ptr<Scanner> scanner_;
};

/// Appends the event as such a line, with its end. Its payload and metadata must be JSON.
void append_event_line(std::string& out, const RecordedEvent& event);

}  // namespace lantern::cli
