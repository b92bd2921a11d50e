// JSON text as a value. Boost.JSON reads it; only real numbers are taken more seriously than Boost 1.81 takes them.
#include <charconv>

#include <boost/json/basic_parser_impl.hpp>
#include <boost/json/value_stack.hpp>

#include "lantern/json_codec.hpp"

namespace lantern::detail {
namespace {

namespace json = boost::json;

/// Builds the value while Boost reads. Boost 1.81 may miss a real number by its last bit, one in ten of those between 0
/// and 1: a state that is read back would not be the one that was written, and a rebuild not what the live run made.
struct ExactBuilder {
  static constexpr std::size_t max_object_size = json::object::max_size();
  static constexpr std::size_t max_array_size = json::array::max_size();
  static constexpr std::size_t max_key_size = json::string::max_size();
  static constexpr std::size_t max_string_size = json::string::max_size();

  json::value_stack values;
  ExactBuilder(unsigned char* scratch, std::size_t size) : values({}, scratch, size) {}

  bool on_document_begin(json::error_code&) { return true; }
  bool on_document_end(json::error_code&) { return true; }
  bool on_object_begin(json::error_code&) { return true; }
  bool on_object_end(std::size_t members, json::error_code&) { return values.push_object(members), true; }
  bool on_array_begin(json::error_code&) { return true; }
  bool on_array_end(std::size_t elements, json::error_code&) { return values.push_array(elements), true; }
  bool on_key_part(json::string_view part, std::size_t, json::error_code&) { return values.push_chars(part), true; }
  bool on_key(json::string_view part, std::size_t, json::error_code&) { return values.push_key(part), true; }
  bool on_string_part(json::string_view part, std::size_t, json::error_code&) { return values.push_chars(part), true; }
  bool on_string(json::string_view part, std::size_t, json::error_code&) { return values.push_string(part), true; }
  bool on_number_part(json::string_view, json::error_code&) { return true; }
  bool on_int64(std::int64_t number, json::string_view, json::error_code&) { return values.push_int64(number), true; }
  bool on_uint64(std::uint64_t number, json::string_view, json::error_code&) {
    return values.push_uint64(number), true;
  }
  // The text is there at once, so `digits` is all of the number. One out of range stays what Boost makes of it.
  bool on_double(double number, json::string_view digits, json::error_code&) {
    double exact = number;
    std::from_chars(digits.data(), digits.data() + digits.size(), exact);  // leaves one out of range as it is
    return values.push_double(exact), true;
  }
  bool on_bool(bool truth, json::error_code&) { return values.push_bool(truth), true; }
  bool on_null(json::error_code&) { return values.push_null(), true; }
  bool on_comment_part(json::string_view, json::error_code&) { return true; }
  bool on_comment(json::string_view, json::error_code&) { return true; }
};

}  // namespace

tl::expected<json::value, std::string> parse_json(std::string_view text, const json::storage_ptr& memory) {
  json::parse_options options;
  options.max_depth = deepest_json;
  std::array<unsigned char, 2048> scratch;
  json::basic_parser<ExactBuilder> parser(options, scratch.data(), scratch.size());
  parser.handler().values.reset(memory);
  json::error_code wrong;
  const std::size_t used = parser.write_some(false, text.data(), text.size(), wrong);
  if (!wrong && used < text.size()) wrong = json::error::extra_data;
  if (wrong) return tl::unexpected(wrong.message());
  return parser.handler().values.release();
}

}  // namespace lantern::detail
