#include "json_text.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "utf8.hpp"

namespace lantern::cli {

void append_json_string(std::string& out, std::string_view text) {
  constexpr char digits[] = "0123456789abcdef";
  out += '"';
  std::size_t plain = 0;  // where the stretch that needs no escape begins
  for (std::size_t at = 0; at < text.size();) {
    const auto c = static_cast<unsigned char>(text[at]);
    if (c >= 0x20 && c < 0x80 && c != '"' && c != '\\') {
      ++at;
      continue;
    }
    const Decoded next = decode_utf8(text.substr(at));
    if (next.valid && next.character >= 0x80) {
      at += next.bytes;
      continue;
    }
    out += text.substr(plain, at - plain);
    if (!next.valid) out += "\xEF\xBF\xBD";
    else if (c == '"' || c == '\\') (out += '\\') += static_cast<char>(c);
    else if (c == '\n') out += "\\n";
    else if (c == '\t') out += "\\t";
    else if (c == '\r') out += "\\r";
    else ((out += "\\u00") += digits[c >> 4]) += digits[c & 15];
    plain = at += next.bytes;
  }
  out += text.substr(plain);
  out += '"';
}

void append_json_number(std::string& out, double number) {
  if (std::isnan(number)) {
    out += "null";
  } else if (std::isinf(number)) {
    out += number > 0 ? "1e999" : "-1e999";  // reads back as an infinity in every parser that has one
  } else {
    char buffer[32];
    const auto end = std::to_chars(buffer, buffer + sizeof buffer, number).ptr;
    const std::string_view text(buffer, static_cast<std::size_t>(end - buffer));
    out += text;
    // A real stays a real: `2.0`, not `2`.
    if (text.find_first_of(".e") == text.npos) out += ".0";
  }
}

void append_json_on_one_line(std::string& out, std::string_view json) {
  const std::size_t begin = out.size();
  out += json;
  std::replace_if(
      out.begin() + static_cast<std::ptrdiff_t>(begin), out.end(), [](char c) { return c == '\n' || c == '\r'; }, ' ');
}

}  // namespace lantern::cli
