#include "lantern/testing/log_reader.hpp"

#include <algorithm>

#include "lantern/refuse.hpp"

namespace lantern::testing {

ReadEvents::reply LogReader::read(const SimulatedLog& log, const ReadEvents& asked, Choices& choices,
                                  std::int64_t time) {
  if (auto refused = refuse(asked)) return tl::unexpected(*std::move(refused));
  const bool may_cut = shapes_.cut != Chance::never();
  return page(log, asked, may_cut ? static_cast<Cut>(choices.choose(About::log, 3, shapes_.cut)) : Cut::none, time);
}

ReadEvents::reply LogReader::read(const SimulatedLog& log, const ReadEvents& asked, std::int64_t time) {
  if (auto refused = refuse(asked)) return tl::unexpected(*std::move(refused));
  return page(log, asked, Cut::none, time);
}

EventPage LogReader::page(const SimulatedLog& log, const ReadEvents& asked, Cut cut, std::int64_t time) {
  const LogInstant now = log.instant(time);
  const std::int64_t after = asked.after ? std::clamp<std::int64_t>(asked.after->value, 0, ReadWindow::no_end - 1) : 0;
  const ReadWindow window = rule_.window(rule_, now, after, memory_);
  const auto placed = [&](const LogNumber& drawn) { return place(rule_, drawn.number, now.of(drawn).id); };
  const auto readable = [&](const LogNumber& drawn) {
    return now.is_committed(drawn) && drawn.number <= window.last_number && now.of(drawn).id < window.below_id;
  };

  std::span<const LogNumber> numbers = now.numbers;
  if (rule_.ordered_by_id) {
    in_order_.assign(numbers.begin(), numbers.end());
    std::ranges::sort(in_order_, {}, placed);
    numbers = in_order_;
  }
  EventPage page;
  page.scanned_to = asked.after;
  std::optional<Position> head;
  for (auto last = numbers.rbegin(); last != numbers.rend() && !head; ++last) {
    if (readable(*last)) head = Position{placed(*last)};
  }
  if (!head) page.scanned_to = std::nullopt;  // nothing was ever there: a checkpoint in it is a mistake to be heard of
  if (shapes_.tells_head) page.head = head;

  const auto first = std::ranges::upper_bound(numbers, after, {}, placed);
  const std::span left(first, numbers.end());
  page.reserve(std::min<std::size_t>(asked.limit, left.size()));
  for (const LogNumber& drawn : left) {
    const Position position{placed(drawn)};
    if (position > head) break;
    if (readable(drawn)) {
      RecordedEvent event = log.event(drawn);
      event.position = position;
      const bool matches = asked.filter.matches(event);
      if (matches && cut == Cut::before_any && page.scanned_to != asked.after) break;
      if (matches) page.add(event);
    }
    page.scanned_to = position;
    if (page.size() >= asked.limit || page.bytes() >= asked.byte_limit) break;
    if (cut == Cut::after_one_event && !page.empty()) break;
  }
  return page;
}

}  // namespace lantern::testing
