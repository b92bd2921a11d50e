// Texts from outside that are no payload: times, names, UTF-8.

#include <chrono>

#include "input.hpp"
#include "lantern/failure.hpp"
#include "lantern/names.hpp"
#include "lantern/timestamp.hpp"

using namespace lantern;
using fuzz::promise;

namespace {

/// By the definition of UTF-8, not by its table: a character, written again in the shortest way, gives the same bytes.
bool is_utf8_by_definition(std::string_view text) {
  while (!text.empty()) {
    const auto lead = static_cast<unsigned char>(text[0]);
    std::size_t length = 1;
    char32_t character = lead;
    if (lead >= 0x80) {
      if ((lead & 0xE0) == 0xC0) length = 2, character = lead & 0x1F;
      else if ((lead & 0xF0) == 0xE0) length = 3, character = lead & 0x0F;
      else if ((lead & 0xF8) == 0xF0) length = 4, character = lead & 0x07;
      else return false;
      if (text.size() < length) return false;
      for (std::size_t i = 1; i < length; ++i) {
        const auto more = static_cast<unsigned char>(text[i]);
        if ((more & 0xC0) != 0x80) return false;
        character = character << 6 | (more & 0x3F);
      }
      const std::size_t shortest = character < 0x80 ? 1 : character < 0x800 ? 2 : character < 0x10000 ? 3 : 4;
      if (shortest != length || character > 0x10FFFF || (character >= 0xD800 && character <= 0xDFFF)) return false;
    }
    text.remove_prefix(length);
  }
  return true;
}

void check_names(std::string_view text) {
  promise(is_utf8(text) == is_utf8_by_definition(text), "is_utf8 knows UTF-8", text);
  const bool good = !text.empty() && text.size() <= longest_name && text.find('\0') == text.npos && is_utf8(text);
  const auto refused = refuse_name("stream", text);
  promise(refused.has_value() != good, "a name is refused for the documented reasons, and no others", text);
  if (refused) promise(refused->kind == FailureKind::invalid && !refused->what.empty(), "and it is said why");

  const std::string line = detail::one_line(text);
  for (const char c : line) {
    promise(static_cast<unsigned char>(c) >= 0x20 && c != 0x7F, "no name or message forges a line", line);
  }
  promise(detail::one_line(line) == line, "what is one line stays as it is", line);
}

void check_time(std::string_view text) {
  const auto time = parse_timestamp(text);
  if (!time) {
    promise(time.error().kind == FailureKind::invalid && !time.error().what.empty(), "a bad time is told", text);
    promise(time.error().what.size() < 128, "and not at length", time.error().what);
    return;
  }
  promise(text.size() >= 20, "no time is shorter than RFC 3339 allows", text);
  const std::string written = to_string(*time);
  // Of the years 0000 to 9999: an offset may lead out of them.
  const auto year = std::chrono::year_month_day(std::chrono::floor<std::chrono::days>(*time)).year();
  if (year < std::chrono::year(0) || year > std::chrono::year(9999)) return;
  const auto again = parse_timestamp(written);
  promise(again && *again == *time, "a time that is written is read as the same time", written);
  promise(to_string(*again) == written, "and is written as before", written);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  check_names(text);
  check_time(text);
  return 0;
}
