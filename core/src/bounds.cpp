#include "lantern/bounds.hpp"

#include <cstdio>

namespace lantern::detail {

BadValue bad_value(std::string_view type, std::string_view allowed, std::string given) {
  return {std::string(type) + " must be " + std::string(allowed) + ", but is " + given};
}

std::string shown(long double value) {
  char text[64];
  std::snprintf(text, sizeof text, "%.15Lg", value);
  return text;
}

}  // namespace lantern::detail
