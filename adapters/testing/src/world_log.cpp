#include "world_log.hpp"

#include <algorithm>
#include <utility>

namespace lantern::testing {

std::optional<NewEvent> WorldLog::last_of(std::vector<NewEvent>& workload) {
  if (workload.empty()) return std::nullopt;
  std::optional<NewEvent> last(std::move(workload.back()));
  workload.pop_back();
  return last;
}

void WorldLog::write_held() {
  log_.write(*std::exchange(held_, std::nullopt));
  learn();
}

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
