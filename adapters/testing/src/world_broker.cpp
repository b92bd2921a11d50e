#include "world_broker.hpp"

#include <string>

#include "world_times.hpp"

namespace lantern::testing {

WorldBroker::WorldBroker(const WorldLog& log)
    : log_(log),
      broker_({.ack_wait = ack_wait,
               .max_ack_pending = most_pending,
               .lose_deliveries = true,
               .double_deliveries = true,
               .shuffle_deliveries = true,
               .lose_acks = true,
               .forget_acks = true,
               .trouble = Chance::percent(10),
               .about = About::log}) {}

void WorldBroker::publish() {
  for (const auto& events = log_.events(); published_ < events.size(); ++published_) {
    const RecordedEvent& event = events[published_];
    // The rest of it is looked up when it is read.
    broker_.publish(
        {.stream = std::string(event.stream), .type = std::string(event.type), .data = std::string(event.data)});
  }
}

void WorldBroker::trouble(Choices& choices, Marks& marks) {
  enum What : std::uint32_t { nothing, restarts, syncs };
  const auto what = choices.choose(About::log, 3, Chance::percent(15));
  if (what == syncs) broker_.sync();
  if (what != restarts) return;
  broker_.restart(choices);
  marks.hit(Mark::broker_restarted);
}

ReadEvents::reply WorldBroker::read(BrokerReader& reader, const ReadEvents& asked, Instant now, Choices& choices,
                                    Marks& marks) {
  const std::uint64_t before = broker_.redeliveries();
  ReadEvents::reply found = reader.read(asked, now, usual(choices));
  if (broker_.redeliveries() != before) marks.hit(Mark::redelivered);
  if (!found) return found;
  EventPage page;
  page.scanned_to = found->scanned_to;
  page.head = found->head;
  for (const RecordedEvent& event : found->events()) page.add(*log_.find(event.position));
  return page;
}

void WorldBroker::committed(BrokerReader& reader, std::optional<Position> checkpoint, Choices& choices) {
  reader.committed(checkpoint, usual(choices));
}

}  // namespace lantern::testing
