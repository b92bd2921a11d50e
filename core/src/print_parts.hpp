// What the lines of a trace are made of.
#pragma once

#include <optional>
#include <ostream>
#include <string_view>

#include "lantern/failure.hpp"

namespace lantern::detail {

/// A text on one line, whatever it contains.
struct Text {
  std::string_view text;
  friend std::ostream& operator<<(std::ostream& out, const Text& t) { return out << one_line(t.text); }
};

/// A place in the log or in a stream; `-` when there is none.
template <class Place>
struct At {
  const std::optional<Place>& place;
  friend std::ostream& operator<<(std::ostream& out, const At& at) {
    return at.place ? out << at.place->value : out << '-';
  }
};
// clang finds this by itself from its version 17 on.
template <class Place>
At(const std::optional<Place>&) -> At<Place>;

}  // namespace lantern::detail
