// Lines of an import: each gives an event, or an error that says what is wrong and where; an event that was read is
// written by an export as a line that reads as the same event.
#include "ndjson_line.hpp"

#include <algorithm>

#include "input.hpp"
#include "lantern/names.hpp"
#include "lantern/timestamp.hpp"

using namespace lantern;
using fuzz::promise;

namespace {

RecordedEvent recorded(const NewEvent& event) {
  return {.position = Position{1},
          .stream = event.stream,
          .version = 1,
          .type = event.type,
          .schema_version = event.schema_version,
          .data = event.data,
          .id = event.id,
          .meta = event.meta,
          .ts = event.ts};
}

std::string on_one_line(std::string text) {
  std::ranges::replace_if(
      text, [](char c) { return c == '\n' || c == '\r'; }, ' ');
  return text;
}

void check_error(const cli::LineError& error, std::string_view line) {
  promise(!error.reason.empty(), "a line that is refused is told why", line);
  promise(error.offset <= line.size(), "and where", error.reason);
  const std::size_t column = error.column_in(line);
  promise(column >= 1 && column <= line.size() + 1, "in characters, too", error.reason);
  promise(is_utf8(error.reason), "in words that a terminal can show", error.reason);
  for (const char c : error.reason) {
    promise(static_cast<unsigned char>(c) >= 0x20 && c != 0x7F, "on one line", error.reason);
  }
}

void check_event(cli::NdjsonParser& parser, const NewEvent& event) {
  promise(!refuse_name("stream", event.stream) && !refuse_name("type", event.type), "an event has names", event.stream);
  promise(event.id.empty() || !refuse_name("id", event.id), "an id is a name", event.id);
  promise(event.ts.empty() || parse_timestamp(event.ts), "a time is one", event.ts);
  promise(event.schema_version >= 1, "a schema version is from 1 up");
  promise(parser.is_json(event.data), "a payload is JSON", event.data);
  promise(event.meta.empty() || parser.is_json(event.meta), "metadata is JSON", event.meta);

  std::string line;
  cli::append_event_line(line, recorded(event));
  promise(line.ends_with('\n') && line.find('\n') == line.size() - 1, "an export writes one line for each event", line);
  line.pop_back();
  NewEvent again;
  const auto read = parser.parse(line, again);
  promise(read.has_value(), "what an export writes, an import reads", line);
  NewEvent expected = event;
  expected.data = on_one_line(event.data);
  expected.meta = on_one_line(event.meta);
  promise(again == expected, "and it is the same event", line);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view line(reinterpret_cast<const char*>(data), size);
  static cli::NdjsonParser parser;  // kept for many lines, as an import does
  NewEvent event;
  if (const auto read = parser.parse(line, event); !read) check_error(read.error(), line);
  else check_event(parser, event);
  (void)parser.is_json(line);
  return 0;
}
