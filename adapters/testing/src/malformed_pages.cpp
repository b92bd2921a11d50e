#include "lantern/testing/malformed_pages.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace lantern::testing {
namespace {

/// A page of these events, that says of itself what the other one says.
EventPage like(const EventPage& good, std::span<const RecordedEvent> events) {
  EventPage page;
  page.scanned_to = good.scanned_to;
  page.head = good.head;
  for (const RecordedEvent& event : events) page.add(event);
  return page;
}

Position before(Position position) { return {position.value - 1}; }

std::optional<EventPage> with_stranger(const EventPage& good, const ReadEvents& asked, Malformation how) {
  if (good.empty()) return std::nullopt;
  std::vector<RecordedEvent> events(good.events().begin(), good.events().end());
  const std::string stream = "not " + std::string(events.back().stream);
  const std::string type = "not " + std::string(events.back().type);
  (how == Malformation::wrong_stream ? events.back().stream : events.back().type) =
      how == Malformation::wrong_stream ? stream : type;
  if (asked.filter.matches(events.back())) return std::nullopt;
  return like(good, events);
}

/// The page, with its first event (or one of its own) at this position.
std::optional<EventPage> beginning_at(const EventPage& good, Position position) {
  std::vector<RecordedEvent> events(good.events().begin(), good.events().end());
  if (events.empty() || events.front().position == position) return std::nullopt;
  events.front().position = position;
  return like(good, events);
}

}  // namespace

std::optional<EventPage> spoil(const EventPage& good, const ReadEvents& asked, Malformation how) {
  using enum Malformation;
  std::vector<RecordedEvent> events(good.events().begin(), good.events().end());
  EventPage page = good;
  switch (how) {
    case none: return page;
    case unsorted:
      if (events.size() < 2) return std::nullopt;
      std::swap(events.front(), events.back());
      return like(good, events);
    case doubled:
      if (events.empty() || events.size() == asked.limit) return std::nullopt;
      events.push_back(events.back());
      return like(good, events);
    case overlapping:
      if (!asked.after) return std::nullopt;
      return beginning_at(good, *asked.after);
    case too_many: {
      if (events.empty() || asked.limit > 1000) return std::nullopt;
      while (events.size() <= asked.limit) {
        events.push_back(events.back());
        ++events.back().position.value;
      }
      page = like(good, events);
      page.scanned_to = events.back().position;
      if (page.head) page.head = std::max(*page.head, events.back().position);
      return page;
    }
    case wrong_stream:
    case wrong_type: return with_stranger(good, asked, how);
    case scanned_back:
      if (!asked.after || asked.after->value == std::numeric_limits<std::int64_t>::min()) return std::nullopt;
      page = like(good, {});
      page.scanned_to = before(*asked.after);
      return page;
    case scanned_nowhere:
      if (!asked.after && events.empty()) return std::nullopt;
      page.scanned_to = std::nullopt;
      return page;
    case scanned_too_little:
      if (events.empty()) return std::nullopt;
      page.scanned_to = before(events.back().position);
      return page;
    case scanned_beyond_head:
      if (!page.head || page.head->value == std::numeric_limits<std::int64_t>::max()) return std::nullopt;
      page.scanned_to = Position{page.head->value + 1};
      return page;
    case head_regressed:
      if (!page.head || !page.scanned_to) return std::nullopt;
      page.head = before(*page.scanned_to);
      return page;
    case position_zero: return beginning_at(good, Position{0});
    case position_minus_one: return beginning_at(good, Position{-1});
    case position_max:
      if (events.empty()) return std::nullopt;
      events.back().position = Position{std::numeric_limits<std::int64_t>::max()};
      return like(good, events);
    case no_way_forward:
      page = like(good, {});
      page.scanned_to = asked.after;
      page.head = Position{asked.after ? asked.after->value : 0};
      if (page.head->value == std::numeric_limits<std::int64_t>::max()) return std::nullopt;
      ++page.head->value;
      return page;
  }
  return std::nullopt;
}

SpoiltPage maybe_spoil(EventPage good, const ReadEvents& asked, Choices& choices, Chance chance) {
  const auto how =
      static_cast<Malformation>(choices.choose(About::fault, static_cast<std::uint32_t>(malformations), chance));
  if (how != Malformation::none) {
    if (auto page = spoil(good, asked, how)) return {how, *std::move(page)};
  }
  return {Malformation::none, std::move(good)};
}

std::string_view to_string(Malformation how) noexcept {
  constexpr std::array<std::string_view, malformations> names{"none",
                                                              "unsorted",
                                                              "doubled",
                                                              "overlapping",
                                                              "too many",
                                                              "wrong stream",
                                                              "wrong type",
                                                              "scanned back",
                                                              "scanned nowhere",
                                                              "scanned too little",
                                                              "scanned beyond head",
                                                              "head regressed",
                                                              "position zero",
                                                              "position minus one",
                                                              "position max",
                                                              "no way forward"};
  const auto index = static_cast<std::size_t>(how);
  return index < names.size() ? names[index] : "?";
}

}  // namespace lantern::testing
