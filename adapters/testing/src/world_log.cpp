#include "world_log.hpp"

#include <algorithm>

namespace lantern::testing {

void WorldLog::learn() {
  const LogInstant now = log_.instant();
  lowest_open_.reset();
  for (; known_ < now.numbers.size(); ++known_) {
    const LogNumber& drawn = now.numbers[known_];
    if (now.is_open(drawn)) {
      lowest_open_ = Position{drawn.number};
      return;
    }
    if (now.is_committed(drawn)) events_.push_back(log_.event(drawn));
    else gaps_ = true;
  }
}

const RecordedEvent* WorldLog::find(Position position) const noexcept {
  const auto found = std::ranges::lower_bound(events_, position, {}, &RecordedEvent::position);
  return found == events_.end() || found->position != position ? nullptr : &*found;
}

}  // namespace lantern::testing
