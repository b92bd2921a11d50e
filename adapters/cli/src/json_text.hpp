// Writing JSON: strings escaped, objects field by field.
#pragma once

#include <concepts>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace lantern::cli {

/// Appends the text as a JSON string. Broken UTF-8 is replaced by U+FFFD, because JSON has no other bytes.
void append_json_string(std::string& out, std::string_view text);

/// Appends a number so that it reads back as the same; NaN, which JSON lacks, as null.
void append_json_number(std::string& out, double number);

/// Appends what is JSON already, over however many lines, on one. Between its tokens a line break means no more than a
/// space, and inside of a string JSON has none.
void append_json_on_one_line(std::string& out, std::string_view json);

/// One JSON object on one line, its fields in the order in which they are added.
class JsonObject {
 public:
  JsonObject& field(std::string_view name, std::string_view text) {
    key(name);
    append_json_string(text_, text);
    return *this;
  }
  JsonObject& field(std::string_view name, const char* text) { return field(name, std::string_view(text)); }
  template <std::integral I>
  JsonObject& field(std::string_view name, I number) {
    key(name);
    if constexpr (std::same_as<I, bool>) text_ += number ? "true" : "false";
    else text_ += std::to_string(number);
    return *this;
  }
  JsonObject& field(std::string_view name, double number) {
    key(name);
    append_json_number(text_, number);
    return *this;
  }
  /// Absent is null.
  template <class T>
  JsonObject& field(std::string_view name, const std::optional<T>& value) {
    return value ? field(name, *value) : raw(name, "null");
  }
  /// A value that is JSON already.
  JsonObject& raw(std::string_view name, std::string_view json) {
    key(name);
    text_ += json;
    return *this;
  }
  /// The object so far, closed.
  [[nodiscard]] std::string text() const { return text_ + "}"; }

 private:
  void key(std::string_view name) {
    if (text_.size() > 1) text_ += ',';
    append_json_string(text_, name);
    text_ += ':';
  }
  std::string text_{"{"};
};

}  // namespace lantern::cli
