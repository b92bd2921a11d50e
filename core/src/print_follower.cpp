// How a follower's steps look: one line each, whatever their texts contain.
#include <ostream>

#include "lantern/view_follower.hpp"

namespace lantern {

std::ostream& operator<<(std::ostream& out, const ShowDelta& show) {
  return out << "ShowDelta{" << show.frame << (show.from_nothing ? ", from nothing}" : "}");
}
std::ostream& operator<<(std::ostream& out, const ShowState& show) {
  return out << "ShowState{" << detail::one_line(show.key) << ", " << show.moment << ", "
             << detail::one_line(show.state) << '}';
}
std::ostream& operator<<(std::ostream& out, const ShowGone& show) {
  return out << "ShowGone{" << detail::one_line(show.key) << '}';
}
std::ostream& operator<<(std::ostream& out, const FollowerSteps& steps) {
  for (const auto& change : steps.changes) std::visit([&](const auto& c) { out << c << '\n'; }, change);
  for (const auto& read : steps.reads) std::visit([&](const auto& r) { out << r << '\n'; }, read);
  return out;
}

}  // namespace lantern
