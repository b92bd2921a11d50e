#include "lantern/testing/broker_reader.hpp"

#include <algorithm>
#include <string>

#include "lantern/refuse.hpp"

namespace lantern::testing {

std::optional<Failure> BrokerReader::doubt(std::int64_t after) const {
  const auto [last, ack_floor] = broker_->facts();
  if (after > last) {
    return Failure(FailureKind::corrupt,
                   "the stream ends at " + std::to_string(last) + ", before the position " + std::to_string(after) +
                       " that was reached: it was recreated, or has lost its end",
                   "restore the stream, or rebuild the projection from what is left");
  }
  if (ack_floor > committed_) {
    return Failure(FailureKind::corrupt,
                   "the consumer takes all messages up to " + std::to_string(ack_floor) +
                       " for acknowledged, but they are committed up to " + std::to_string(committed_) + " only",
                   "have the consumer begin anew at " + std::to_string(committed_ + 1));
  }
  return std::nullopt;
}

void BrokerReader::fetch(std::uint32_t most, Instant now, Choices& choices) {
  for (const std::int64_t sequence : broker_->fetch(most, now, choices)) {
    if (sequence <= committed_) {
      broker_->ack(sequence, choices);  // the acknowledgement that came before was lost, or forgotten
      continue;
    }
    const auto place = std::ranges::lower_bound(held_, sequence);
    if (place == held_.end() || *place != sequence) held_.insert(place, sequence);
  }
}

ReadEvents::reply BrokerReader::read(const ReadEvents& asked, Instant now, Choices& choices) {
  if (auto refused = refuse(asked)) return tl::unexpected(*std::move(refused));
  const std::int64_t after = asked.after ? std::max<std::int64_t>(asked.after->value, 0) : 0;
  if (!mistakes_.trust_the_source) {
    if (auto found = doubt(after)) return tl::unexpected(*std::move(found));
  }
  fetch(asked.limit, now, choices);
  const std::int64_t last = broker_->facts().last;
  held_.erase(std::ranges::upper_bound(held_, last), held_.end());  // the stream has lost them

  EventPage page;
  page.scanned_to = asked.after;
  std::int64_t next = after + 1;
  for (auto held = std::ranges::lower_bound(held_, next); held != held_.end() && *held == next; ++held, ++next) {
    const RecordedEvent event = broker_->event(next);
    if (asked.filter.matches(event)) page.add(event);
    page.scanned_to = event.position;
    if (mistakes_.ack_before_commit) broker_->ack(next, choices);
    if (page.size() >= asked.limit || page.bytes() >= asked.byte_limit) {
      ++next;
      break;
    }
  }
  if (last == next - 1 && last > 0) page.head = Position{last};
  return page;
}

void BrokerReader::committed(std::optional<Position> checkpoint, Choices& choices) {
  if (!checkpoint || checkpoint->value <= committed_) return;
  committed_ = checkpoint->value;
  const auto rest = std::ranges::upper_bound(held_, committed_);
  for (auto one = held_.begin(); one != rest; ++one) broker_->ack(*one, choices);
  held_.erase(held_.begin(), rest);
}

}  // namespace lantern::testing
