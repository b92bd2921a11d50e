#include "lantern/testing/simulated_broker.hpp"

#include <algorithm>
#include <utility>

#include "recorded.hpp"

namespace lantern::testing {

bool SimulatedBroker::trouble(bool may, Choices& choices) const {
  return may && choices.choose(habits_.about, 2, habits_.trouble) == 1;
}

std::int64_t SimulatedBroker::publish(NewEvent event) {
  messages_.push_back(std::move(event));
  return static_cast<std::int64_t>(messages_.size());
}

void SimulatedBroker::sync() {
  synced_last_ = static_cast<std::int64_t>(messages_.size());
  synced_consumer_ = consumer_;
}

SimulatedBroker::Facts SimulatedBroker::facts() const noexcept {
  return {.last = static_cast<std::int64_t>(messages_.size()),
          .ack_floor = consumer_.pending.empty() ? consumer_.delivered : consumer_.pending.front().sequence - 1};
}

void SimulatedBroker::restart(Choices& choices) {
  const std::int64_t last = facts().last;
  if (habits_.lose_tail && last > synced_last_) {
    // Usually nothing; else the last one, the last two, ….
    const auto ways = static_cast<std::uint32_t>(last - synced_last_) + 1;
    messages_.resize(messages_.size() - choices.choose(habits_.about, ways, habits_.trouble));
  }
  if (trouble(habits_.forget_acks, choices)) consumer_ = synced_consumer_;
  if (trouble(habits_.skip_messages, choices)) {
    consumer_ = {.delivered = std::max(consumer_.delivered + 1, facts().last), .pending = {}};
  }
  for (Pending& one : consumer_.pending) one.due = Instant::min();
}

std::vector<std::int64_t> SimulatedBroker::fetch(std::uint32_t most, Instant now, Choices& choices) {
  std::vector<std::int64_t> sent;
  const auto due = now + habits_.ack_wait;
  for (Pending& one : consumer_.pending) {
    if (sent.size() == most || one.sequence > facts().last) break;
    if (one.due > now) continue;
    one.due = due;
    ++redeliveries_;
    sent.push_back(one.sequence);
  }
  while (sent.size() < most && consumer_.delivered < facts().last &&
         consumer_.pending.size() < habits_.max_ack_pending) {
    consumer_.pending.push_back({++consumer_.delivered, due});
    sent.push_back(consumer_.delivered);
  }

  std::vector<std::int64_t> came, late;
  came.reserve(sent.size());
  for (const std::int64_t sequence : sent) {
    if (trouble(habits_.lose_deliveries, choices)) continue;
    (trouble(habits_.shuffle_deliveries, choices) ? late : came).push_back(sequence);
    if (trouble(habits_.double_deliveries, choices)) late.push_back(sequence);
  }
  came.insert(came.end(), late.rbegin(), late.rend());
  return came;
}

void SimulatedBroker::ack(std::int64_t sequence, Choices& choices) {
  if (trouble(habits_.lose_acks, choices)) return;
  std::erase_if(consumer_.pending, [=](const Pending& one) { return one.sequence == sequence; });
}

RecordedEvent SimulatedBroker::event(std::int64_t sequence) const {
  return recorded(messages_[static_cast<std::size_t>(sequence - 1)], Position{sequence}, sequence);
}

}  // namespace lantern::testing
