#include "lantern/bounds.hpp"

#include <charconv>
#include <cmath>
#include <cstdint>

namespace lantern::detail {

BadValue bad_value(std::string_view type, std::string_view allowed, std::string given) {
  return {std::string(type) + " must be " + std::string(allowed) + ", but is " + given};
}

std::string shown(long double value) {
  // As few digits as tell it from every other number: a value that is just out of range must not look like one within.
  char text[64];
  const auto narrow = static_cast<double>(value);
  const bool exact = static_cast<long double>(narrow) == value || std::isnan(narrow);
  const bool whole = std::abs(value) < 1e18L && std::trunc(value) == value;
  const auto end = whole   ? std::to_chars(text, text + sizeof text, static_cast<std::int64_t>(value))
                   : exact ? std::to_chars(text, text + sizeof text, narrow)
                           : std::to_chars(text, text + sizeof text, value);
  return std::string(text, end.ptr);
}

}  // namespace lantern::detail
