#include "ndjson_line.hpp"

#include <algorithm>
#include <charconv>
#include <optional>

#include <boost/json/basic_parser_impl.hpp>

#include "json_text.hpp"
#include "lantern/json_codec.hpp"
#include "lantern/names.hpp"
#include "lantern/timestamp.hpp"
#include "text.hpp"

namespace lantern::cli {
namespace {

namespace json = boost::json;

// What Boost.JSON calls while it validates: everything is ignored, but for the text of a string that is wanted.
struct Handler {
  static constexpr std::size_t max_object_size = SIZE_MAX;
  static constexpr std::size_t max_array_size = SIZE_MAX;
  static constexpr std::size_t max_key_size = SIZE_MAX;
  static constexpr std::size_t max_string_size = SIZE_MAX;

  std::string* wanted{};

  bool take(json::string_view part) {
    if (wanted) wanted->append(part.data(), part.size());
    return true;
  }
  bool on_document_begin(json::error_code&) { return true; }
  bool on_document_end(json::error_code&) { return true; }
  bool on_object_begin(json::error_code&) { return true; }
  bool on_object_end(std::size_t, json::error_code&) { return true; }
  bool on_array_begin(json::error_code&) { return true; }
  bool on_array_end(std::size_t, json::error_code&) { return true; }
  bool on_key_part(json::string_view, std::size_t, json::error_code&) { return true; }
  bool on_key(json::string_view, std::size_t, json::error_code&) { return true; }
  bool on_string_part(json::string_view part, std::size_t, json::error_code&) { return take(part); }
  bool on_string(json::string_view part, std::size_t, json::error_code&) { return take(part); }
  bool on_number_part(json::string_view, json::error_code&) { return true; }
  bool on_int64(std::int64_t, json::string_view, json::error_code&) { return true; }
  bool on_uint64(std::uint64_t, json::string_view, json::error_code&) { return true; }
  bool on_double(double, json::string_view, json::error_code&) { return true; }
  bool on_bool(bool, json::error_code&) { return true; }
  bool on_null(json::error_code&) { return true; }
  bool on_comment_part(json::string_view, json::error_code&) { return true; }
  bool on_comment(json::string_view, json::error_code&) { return true; }
};

constexpr bool is_space(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

json::parse_options options() {
  json::parse_options result;
  result.max_depth = deepest_json;
  return result;
}

constexpr std::string_view shape = R"({"stream":…,"type":…,"data":…})";

}  // namespace

struct NdjsonParser::Scanner {
  json::basic_parser<Handler> parser{options()};
  std::string_view line{};
  std::size_t at{};
  std::optional<LineError> error{};
  std::string key{}, scratch{};

  [[nodiscard]] bool fail(std::size_t offset, std::string reason) {
    error = LineError{offset, std::move(reason)};
    return false;
  }
  void skip_space() {
    while (at < line.size() && is_space(line[at])) ++at;
  }
  [[nodiscard]] bool sees(char c) const { return at < line.size() && line[at] == c; }
  [[nodiscard]] std::string found() const {
    if (at >= line.size()) return "the line ends";
    const char c = line[at];
    return c > 0x20 && c < 0x7F ? std::string("there is '") + c + "'" : "there is something else";
  }

  // Validates the value that begins here, and goes past it.
  bool value(std::string_view& slice) {
    json::error_code why;
    parser.reset();
    const std::size_t begin = at;
    const std::size_t used = parser.write_some(false, line.data() + at, line.size() - at, why);
    if (why) return fail(begin + used, explain(why));
    slice = line.substr(begin, used);
    at += used;
    while (is_space(slice.back())) slice.remove_suffix(1);
    return true;
  }
  static std::string explain(const json::error_code& why) {
    if (why == json::error::too_deep) return "nested deeper than " + std::to_string(deepest_json) + " levels";
    if (why == json::error::incomplete) return "not JSON: the line ends too early";
    if (why == json::error::syntax) return "not JSON: syntax error";
    return "not JSON: " + why.message();
  }

  // Reads the string that begins here.
  bool text(std::string& into) {
    // Most strings are plain ASCII: their end is found without a parser.
    for (std::size_t end = at + 1; end < line.size(); ++end) {
      const auto c = static_cast<unsigned char>(line[end]);
      if (c == '"') {
        into.assign(line, at + 1, end - at - 1);
        at = end + 1;
        return true;
      }
      if (c < 0x20 || c >= 0x80 || c == '\\') break;
    }
    into.clear();
    parser.handler().wanted = &into;
    std::string_view slice;
    const bool read = value(slice);
    parser.handler().wanted = nullptr;
    return read;
  }

  bool string_field(std::string_view name, std::string& into) {
    if (!sees('"')) return fail(at, "\"" + std::string(name) + "\" must be a string");
    return text(into);
  }
  // The rules for names are the core's; its sentence is told in the words of the file.
  bool name_field(std::string_view name, std::string& into) {
    const std::size_t begin = at;
    if (!string_field(name, into)) return false;
    const auto refused = refuse_name(name, into);
    if (!refused) return true;
    constexpr std::string_view possessive = "'s name ";
    const std::size_t rule = refused->what.find(possessive);
    return fail(begin,
                "\"" + std::string(name) + "\" " +
                    (rule == std::string::npos ? refused->what : refused->what.substr(rule + possessive.size())));
  }
  bool timestamp_field(std::string& into) {
    const std::size_t begin = at;
    if (!string_field("ts", into)) return false;
    const auto instant = parse_timestamp(into);
    return instant || fail(begin, "\"ts\" is no RFC 3339 time: " + one_line(to_string(instant.error())));
  }
  bool schema_version_field(std::int32_t& into) {
    const std::size_t begin = at;
    std::string_view slice;
    if (!value(slice)) return false;
    const auto [end, why] = std::from_chars(slice.data(), slice.data() + slice.size(), into);
    if (why == std::errc{} && end == slice.data() + slice.size() && into >= 1) return true;
    return fail(begin, "\"schema_version\" must be a whole number from 1 to 2147483647");
  }

  enum Field : unsigned { stream = 1, type = 2, data = 4, id = 8, ts = 16, meta = 32, schema_version = 64 };
  static unsigned field_named(std::string_view name) {
    if (name == "stream") return stream;
    if (name == "type") return type;
    if (name == "data") return data;
    if (name == "id") return id;
    if (name == "ts") return ts;
    if (name == "meta") return meta;
    if (name == "schema_version") return schema_version;
    return 0;
  }

  bool read_field(unsigned field, NewEvent& into) {
    std::string_view slice;
    switch (field) {
      case stream: return name_field("stream", into.stream);
      case type: return name_field("type", into.type);
      case id: return name_field("id", into.id);
      case ts: return timestamp_field(into.ts);
      case schema_version: return schema_version_field(into.schema_version);
      case data: return value(slice) && (into.data.assign(slice), true);
      default: return value(slice) && (into.meta.assign(slice), true);
    }
  }

  bool event(NewEvent& into) {
    into.id.clear();
    into.ts.clear();
    into.meta.clear();
    into.schema_version = 1;
    skip_space();
    if (!sees('{')) return fail(at, "an event is a JSON object, " + std::string(shape) + "; here " + found());
    const std::size_t begin = at++;
    unsigned seen = 0;
    for (skip_space(); !sees('}'); skip_space()) {
      if (seen != 0) {
        if (!sees(',')) return fail(at, "expected ',' or '}' after a field; here " + found());
        ++at;
        skip_space();
      }
      const std::size_t name_at = at;
      if (!sees('"')) return fail(at, "expected the name of a field in quotes; here " + found());
      if (!text(key)) return false;
      const unsigned field = field_named(key);
      if (field == 0) {
        return fail(name_at, "unknown field \"" + cut_to(one_line(key), 40) +
                                 "\": an event has stream, type, data, id, ts, meta and schema_version; put the rest "
                                 "into data or meta");
      }
      if (seen & field) return fail(name_at, "\"" + key + "\" is given twice");
      seen |= field;
      skip_space();
      if (!sees(':')) return fail(at, "expected ':' after \"" + key + "\"; here " + found());
      ++at;
      skip_space();
      if (!read_field(field, into)) return false;
    }
    ++at;
    for (const auto& [field, name] : {std::pair(stream, "stream"), {type, "type"}, {data, "data"}}) {
      if (!(seen & field)) return fail(begin, "\"" + std::string(name) + "\" is missing");
    }
    skip_space();
    return at == line.size() || fail(at, "more text after the event: one event a line");
  }
};

NdjsonParser::NdjsonParser() : scanner_(std::make_unique<Scanner>()) {}
NdjsonParser::~NdjsonParser() = default;

tl::expected<void, LineError> NdjsonParser::parse(std::string_view line, NewEvent& into) {
  scanner_->line = line;
  scanner_->at = 0;
  if (scanner_->event(into)) return {};
  return tl::unexpected(*std::move(scanner_->error));
}

bool NdjsonParser::is_json(std::string_view text) {
  scanner_->line = text;
  scanner_->at = 0;
  std::string_view slice;
  return scanner_->value(slice) && scanner_->at == text.size();
}

void append_event_line(std::string& out, const RecordedEvent& event) {
  out += R"({"stream":)";
  append_json_string(out, event.stream);
  out += R"(,"type":)";
  append_json_string(out, event.type);
  out += R"(,"data":)";
  append_json_on_one_line(out, event.data);
  if (!event.id.empty()) append_json_string(out += R"(,"id":)", event.id);
  if (!event.ts.empty()) append_json_string(out += R"(,"ts":)", event.ts);
  if (!event.meta.empty()) append_json_on_one_line(out += R"(,"meta":)", event.meta);
  if (event.schema_version != 1) (out += R"(,"schema_version":)") += std::to_string(event.schema_version);
  out += "}\n";
}

std::size_t LineError::column_in(std::string_view line) const noexcept {
  const std::string_view before = line.substr(0, offset);
  return 1 + static_cast<std::size_t>(std::count_if(before.begin(), before.end(), [](char c) {
           return (static_cast<unsigned char>(c) & 0xC0) != 0x80;  // continuation bytes begin no character
         }));
}

}  // namespace lantern::cli
