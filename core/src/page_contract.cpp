#include "page_contract.hpp"

#include <algorithm>

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
    return "it scanned to " + at(page.scanned_to) + ", before the position " + at(asked.after) +
           " that was reached: was the log truncated or replaced?";
  }
  if (page.scanned_to < last)
    return "scanned_to is " + at(page.scanned_to) + ", before its own last event at " + at(last);
  if (page.head && page.head < page.scanned_to) {
    return "the head is at " + at(page.head) + ", before scanned_to at " + at(page.scanned_to);
  }
  if (page.scanned_to == asked.after && page.head && !page.at_head()) {
    return "after " + at(asked.after) + " it neither gave events, nor scanned further, nor said that this is the head";
  }
  return std::nullopt;
}

std::optional<std::string> breach(const ListStreams& asked, const StreamPage& page) {
  if (page.streams.size() > asked.limit) {
    return "it listed " + std::to_string(page.streams.size()) + " streams where at most " +
           std::to_string(asked.limit) + " were asked for";
  }
  const std::string* last = asked.after ? &*asked.after : nullptr;
  for (const StreamExtent& found : page.streams) {
    if (last && found.stream <= *last) return "after stream '" + *last + "' it listed '" + found.stream + "'";
    last = &found.stream;
    if (!found.stream.starts_with(asked.prefix)) {
      return "it listed stream '" + found.stream + "', which does not begin with '" + asked.prefix + "'";
    }
    if (found.first.value < 1 || found.last < found.first) {
      return "it says that stream '" + found.stream + "' has events " + std::to_string(found.first.value) + " to " +
             std::to_string(found.last.value);
    }
  }
  return std::nullopt;
}

std::optional<std::string> breach(const ReadStream& asked, const StreamSlice& slice) {
  const auto at = [](std::optional<StreamVersion> v) {
    return v ? std::to_string(v->value) : std::string("the beginning");
  };
  if (slice.page.size() > asked.limit) {
    return "it gave " + std::to_string(slice.page.size()) + " events where at most " + std::to_string(asked.limit) +
           " were asked for";
  }
  std::optional<StreamVersion> last = asked.after;
  for (const RecordedEvent& event : slice.page.events()) {
    if (event.stream != asked.stream) return "it gave an event of stream '" + std::string(event.stream) + "'";
    const StreamVersion version{event.version};
    if (last && version <= *last) return "after event " + at(last) + " it gave event " + at(version);
    last = version;
    if (!asked.types.empty() && std::ranges::find(asked.types, event.type) == asked.types.end()) {
      return "it gave event " + at(version) + " of type '" + std::string(event.type) + "', which was not asked for";
    }
  }
  if (slice.scanned_to < asked.after) {
    return "the stream ends at " + at(slice.scanned_to) + ", before event " + at(asked.after) +
           " that was reached: was it truncated or made anew?";
  }
  if (slice.scanned_to < last) {
    return "scanned_to is " + at(slice.scanned_to) + ", before its own last event at " + at(last);
  }
  if (slice.head && slice.head < slice.scanned_to) return "the head is at " + at(slice.head) + ", before scanned_to";
  if (slice.scanned_to == asked.after && !slice.at_head()) {
    return "after " + at(asked.after) + " it neither gave events, nor looked further, nor said that this is the head";
  }
  return std::nullopt;
}

}  // namespace lantern::detail
