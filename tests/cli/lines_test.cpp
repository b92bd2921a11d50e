// One line of NDJSON: what is an event, what is none, and where exactly it goes wrong.
#include <random>
#include <string>
#include <vector>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <catch2/catch.hpp>

#include "lantern/json_codec.hpp"
#include "lantern/names.hpp"
#include "lantern/timestamp.hpp"
#include "ndjson_line.hpp"

using namespace lantern;
using namespace lantern::cli;
namespace json = boost::json;

namespace {

std::string deep(std::size_t levels) { return std::string(levels, '[') + std::string(levels, ']'); }

struct Bad {
  std::string line;
  std::size_t column;
  std::string reason;
};

// The oracle: parse the whole line as a document, then look at its fields.
bool is_event(const std::string& line) {
  json::parse_options options;
  options.max_depth = deepest_json + 1;  // the event itself is one level
  json::error_code error;
  const json::value value = json::parse(line, error, {}, options);
  if (error || !value.is_object()) return false;
  const json::object& object = value.as_object();
  const auto text = [&](const char* key) -> const json::string* {
    const auto* const found = object.if_contains(key);
    return found ? found->if_string() : nullptr;
  };
  for (const char* key : {"stream", "type", "id"}) {
    if (!object.contains(key)) {
      if (std::string_view(key) != "id") return false;
    } else if (const auto* name = text(key); !name || refuse_name(key, {name->data(), name->size()})) {
      return false;
    }
  }
  if (object.contains("ts") && (!text("ts") || !parse_timestamp({text("ts")->data(), text("ts")->size()})))
    return false;
  if (!object.contains("data")) return false;
  std::size_t known = 0;
  for (const char* key : {"stream", "type", "data", "id", "ts", "meta"}) known += object.contains(key);
  return known == object.size();
}

}  // namespace

TEST_CASE("each mistake in a line is answered with its column and a reason") {
  const std::string expected = "an event is a JSON object, {\"stream\":…,\"type\":…,\"data\":…}; here ";
  const Bad table[] = {
      {"[]", 1, expected + "there is '['"},
      {"  7", 3, expected + "there is '7'"},
      {"é{}", 1, expected + "there is something else"},
      {"{", 2, "expected the name of a field in quotes; here the line ends"},
      {"{}", 1, "\"stream\" is missing"},
      {R"({"stream":"s"})", 1, "\"type\" is missing"},
      {R"({"stream":"s","type":"t"})", 1, "\"data\" is missing"},
      {R"({"type":"t","data":1})", 1, "\"stream\" is missing"},
      {R"({"stream":"s","type":"t","data":1)", 34, "expected ',' or '}' after a field; here the line ends"},
      {R"({"stream":"s","type":"t","data":})", 33, "not JSON: syntax error"},
      {R"({"stream":"s","type":"t","data":{"a":tru}})", 38, "not JSON: syntax error"},
      {R"({"stream":"s","type":"t","data":{"a":1})", 40, "expected ',' or '}' after a field; here the line ends"},
      {R"({"stream":"s","type":"t","data":{"a":1)", 39, "not JSON: the line ends too early"},
      {R"({"stream":"s","type":"t","data":01})", 34, "expected ',' or '}' after a field; here there is '1'"},
      {R"({"stream":"s","type":"t","data":'x'})", 33, "not JSON: syntax error"},
      {R"({"stream":"s","type":"t","data":NaN})", 33, "not JSON: syntax error"},
      {R"({"stream":"s","type":"t","data":1,})", 35, "expected the name of a field in quotes; here there is '}'"},
      {R"({"stream":"s","type":"t","data":1} {})", 36, "more text after the event: one event a line"},
      {R"({"stream":"s" "type":"t","data":1})", 15, "expected ',' or '}' after a field; here there is '\"'"},
      {R"({"stream","type":"t","data":1})", 10, "expected ':' after \"stream\"; here there is ','"},
      {R"({stream:"s","type":"t","data":1})", 2, "expected the name of a field in quotes; here there is 's'"},
      {R"({"stream":7,"type":"t","data":1})", 11, "\"stream\" must be a string"},
      {R"({"stream":null,"type":"t","data":1})", 11, "\"stream\" must be a string"},
      {R"({"stream":"","type":"t","data":1})", 11, "\"stream\" must not be empty"},
      {R"({"stream":"a\u0000b","type":"t","data":1})", 11, "\"stream\" must not contain a NUL"},
      {R"({"stream":")" + std::string(1025, 'x') + R"(","type":"t","data":1})", 11,
       "\"stream\" has 1025 bytes; at most 1024 are allowed"},
      {R"({"stream":"s","type":"","data":1})", 22, "\"type\" must not be empty"},
      {R"({"stream":"s","type":"t","data":1,"id":""})", 40, "\"id\" must not be empty"},
      {R"({"stream":"s","type":"t","data":1,"id":5})", 40, "\"id\" must be a string"},
      {R"({"stream":"s","type":"t","data":1,"ts":5})", 40, "\"ts\" must be a string"},
      {R"({"stream":"s","stream":"s","type":"t","data":1})", 15, "\"stream\" is given twice"},
      {R"({"stream":"s","type":"t","data":1,"extra":2})", 35,
       "unknown field \"extra\": an event has stream, type, data, id, ts, meta and schema_version; put the rest into "
       "data "
       "or meta"},
      {R"({"stream":"s","type":"t","data":1,"schema_version":0})", 52,
       "\"schema_version\" must be a whole number from 1 to 2147483647"},
      {R"({"stream":"s","type":"t","data":1,"schema_version":1.5})", 52,
       "\"schema_version\" must be a whole number from 1 to 2147483647"},
      {R"({"stream":"s","type":"t","data":)" + deep(65) + "}", 97, "nested deeper than 64 levels"},
      // Columns count characters: the name before has five of them in six bytes.
      {R"({"stream":"größe","type":7,"data":1})", 26, "\"type\" must be a string"},
      {"{\"stream\":\"a\xFF\",\"type\":\"t\",\"data\":1}", 13, "not JSON: syntax error"},
      {"{\"stream\":\"s\",\"type\":\"t\",\"data\":\"a\tb\"}", 35, "not JSON: syntax error"},
  };
  NdjsonParser parser;
  for (const auto& [line, column, reason] : table) {
    NewEvent event;
    const auto parsed = parser.parse(line, event);
    INFO(line);
    REQUIRE_FALSE(parsed);
    CHECK(parsed.error().reason == reason);
    CHECK(parsed.error().column_in(line) == column);
    // The oracle takes the last of two fields with one name.
    if (!reason.ends_with("is given twice")) CHECK_FALSE(is_event(line));
  }
}

TEST_CASE("a time that is none is told with what is wrong about it") {
  NdjsonParser parser;
  NewEvent event;
  const auto parsed = parser.parse(R"({"stream":"s","type":"t","ts":"yesterday","data":1})", event);
  REQUIRE_FALSE(parsed);
  CHECK(parsed.error().offset == 30);
  CHECK(parsed.error().reason.starts_with("\"ts\" is no RFC 3339 time: "));
}

TEST_CASE("payload and metadata are kept byte for byte, texts are unescaped, fields come in any order") {
  NdjsonParser parser;
  NewEvent event;
  const std::string line =
      "\t{ \"meta\" : [ 1.50, \"\\u00e9\" ] , \"id\":\"\\\"7\\\"\",\"data\": {\"b\" :1e2,  \"a\":\"\\/\",\"a\":2} ,"
      "\"type\":\"Gr\\u00f6\\u00dfe ge\xC3\xA4ndert, "
      "neu\",\"ts\":\"2024-05-01T10:00:00.5+02:00\",\"stream\":\"a%_'\\n\","
      "\"schema_version\":3}  ";
  REQUIRE(parser.parse(line, event));
  CHECK(event == NewEvent{.stream = "a%_'\n",
                          .type = "Größe geändert, neu",
                          .data = R"({"b" :1e2,  "a":"\/","a":2})",
                          .id = "\"7\"",
                          .meta = R"([ 1.50, "\u00e9" ])",
                          .ts = "2024-05-01T10:00:00.5+02:00",
                          .schema_version = 3});
  // What the line before held does not shine through.
  REQUIRE(parser.parse(R"({"stream":"s","type":"t","data":null})", event));
  CHECK(event == NewEvent{.stream = "s", .type = "t", .data = "null"});
  for (const std::string& data : std::vector<std::string>{"0", "-0.0", "\"\"", "true", "[]", "{}", "1E400", deep(64)}) {
    INFO(data);
    REQUIRE(parser.parse(R"({"stream":"s","type":"t","data":)" + data + "}", event));
    CHECK(event.data == data);
  }
}

TEST_CASE("a line that was damaged at random is refused just when a JSON parser and the rules refuse it") {
  const auto seed = std::random_device{}();
  CAPTURE(seed);
  std::mt19937 random(seed);
  const auto below = [&](std::size_t bound) {
    return std::uniform_int_distribution<std::size_t>(0, bound - 1)(random);
  };
  const std::string originals[] = {
      R"({"stream":"s","type":"t","data":{"a":[1,2.5e3,-0],"b":"x\u00e9\n","c":null},"id":"i","ts":"2024-05-01T10:00:00Z"})",
      R"({"data":"text","meta":{"k":true},"type":"Größe","stream":"größe-1"})",
      R"({"stream":"a","type":"b","data":[[[{"x":{}}]]]})",
  };
  const std::string alphabet = R"({}[]",:\ 0129.eE+-tfnulrsaZT)"
                               "\t\x7F\xC3\xA9\xFF";
  NdjsonParser parser;
  NewEvent event;
  int good = 0;
  for (int round = 0; round < 20000; ++round) {
    std::string line = originals[below(std::size(originals))];
    for (std::size_t changes = 1 + below(3); changes > 0 && !line.empty(); --changes) {
      const std::size_t at = below(line.size());
      switch (below(4)) {
        case 0: line.erase(at, 1 + below(3)); break;
        case 1: line.insert(at, 1, alphabet[below(alphabet.size())]); break;
        case 2: line[at] = alphabet[below(alphabet.size())]; break;
        default: std::swap(line[at], line[below(line.size())]); break;
      }
    }
    const auto parsed = parser.parse(line, event);
    CAPTURE(line);
    if (!parsed) CHECK(parsed.error().offset <= line.size());
    // The one thing that the oracle cannot see: Boost.JSON takes the last of two fields with one name.
    if (!parsed && parsed.error().reason.ends_with("is given twice")) continue;
    REQUIRE(parsed.has_value() == is_event(line));
    if (!parsed) continue;
    ++good;
    const json::object object = json::parse(line).as_object();
    CHECK(event.stream == std::string_view(object.at("stream").as_string()));
    CHECK(event.type == std::string_view(object.at("type").as_string()));
    CHECK(json::parse(event.data) == object.at("data"));
    CHECK(line.find(event.data) != line.npos);
  }
  CHECK(good > 100);
}
