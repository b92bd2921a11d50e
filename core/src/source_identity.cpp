#include "source_identity.hpp"

namespace lantern::detail {
namespace {

/// `7 to 9`, or `none`.
template <class Place>
std::string range(const std::optional<Place>& first, const std::optional<Place>& last) {
  if (!last) return "none";
  return (first ? std::to_string(first->value) + " to " : std::string("up to ")) + std::to_string(last->value);
}

std::optional<std::string> another_log(const std::optional<LogIdentity>& expected,
                                       const std::optional<LogIdentity>& found) {
  if (!expected || !found || *expected == *found) return std::nullopt;
  return "this is another log: expected log " + to_string(*expected) + ", found log " + to_string(*found) +
         "; it was made anew, or replaced";
}

template <class Place>
std::optional<std::string> another_range(const std::optional<Place>& first, const std::optional<Place>& last,
                                         const Place& reached, const std::string& source, const std::string& event) {
  if (last < reached) {
    return source + " ends before the checkpoint: expected events up to " + std::to_string(reached.value) + ", found " +
           range(first, last) + "; it was truncated, made anew, or brought back from an older copy";
  }
  if (first && first->value > reached.value + 1) {
    return source + " begins after the checkpoint: expected " + event + std::to_string(reached.value + 1) + ", found " +
           range(first, last) + "; what lies between was removed before it was processed";
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::string> source_changed(const ReadEvents& asked, const EventPage& found,
                                          const std::optional<LogIdentity>& log) {
  if (auto another = another_log(log, found.log)) return another;
  const bool tells_its_end = found.head || found.log;
  // Whoever begins with a snapshot that is older than any event may say so with 0.
  if (!asked.after || asked.after->value < 1 || !tells_its_end) return std::nullopt;
  return another_range(found.first, found.head, *asked.after, "the log", "those from ");
}

std::optional<std::string> source_changed(const ListStreams&, const StreamPage& found,
                                          const std::optional<LogIdentity>& log) {
  return another_log(log, found.log);
}

std::optional<std::string> stream_changed(const StreamExtent& found, const std::optional<StreamVersion>& reached) {
  if (!reached) return std::nullopt;
  return another_range<StreamVersion>(found.first, found.last, *reached, "the stream", "event ");
}

}  // namespace lantern::detail
