#include "lantern/effects.hpp"

#include <algorithm>

namespace lantern {

std::size_t Writes::size() const noexcept {
  std::size_t count = 0;
  for (const auto& run : runs) count += run.size();
  return count;
}

bool operator==(const Writes& a, const Writes& b) {
  // Where one run ends and the next begins says nothing.
  if (a.size() != b.size()) return false;
  std::size_t run = 0, index = 0;
  for (const auto& events : a.runs) {
    for (const auto& event : events) {
      while (index == b.runs[run].size()) ++run, index = 0;
      if (!(event == b.runs[run][index++])) return false;
    }
  }
  return true;
}

}  // namespace lantern
