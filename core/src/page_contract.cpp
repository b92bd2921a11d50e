#include "page_contract.hpp"

namespace lantern::detail {

std::optional<std::string> breach(const ReadEvents& asked, const EventPage& page) {
  const auto at = [](std::optional<Position> p) { return p ? std::to_string(p->value) : std::string("the beginning"); };
  if (page.size() > asked.limit) {
    return "it gave " + std::to_string(page.size()) + " events where at most " + std::to_string(asked.limit) +
           " were asked for";
  }
  const bool filters = asked.filter != EventFilter{};
  std::optional<Position> last = asked.after;
  for (const RecordedEvent& event : page.events()) {
    if (last && event.position <= *last) {
      return "after position " + at(last) + " it gave an event at " + at(event.position);
    }
    last = event.position;
    if (filters && !asked.filter.matches(event)) {
      return "it gave an event at " + at(event.position) + " that the filter does not let through: type '" +
             std::string(event.type) + "' of stream '" + std::string(event.stream) + "'";
    }
  }
  if (page.scanned_to < asked.after) {
    return "the log ends at " + at(page.scanned_to) + ", before the position " + at(asked.after) +
           " that was reached: was it truncated or replaced?";
  }
  if (page.scanned_to < last)
    return "scanned_to is " + at(page.scanned_to) + ", before its own last event at " + at(last);
  if (page.head && page.head < page.scanned_to) {
    return "the head is at " + at(page.head) + ", before scanned_to at " + at(page.scanned_to) +
           ": was the log truncated or replaced?";
  }
  if (page.scanned_to == asked.after && page.head && !page.at_head()) {
    return "after " + at(asked.after) + " it neither gave events, nor scanned further, nor said that this is the head";
  }
  return std::nullopt;
}

}  // namespace lantern::detail
