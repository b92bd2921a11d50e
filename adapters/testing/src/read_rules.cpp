#include "lantern/testing/read_rules.hpp"

#include <algorithm>

namespace lantern::testing {
namespace {

ReadWindow up_to(std::int64_t number) { return {.last_number = number}; }

ReadWindow before_open_numbers(const ReadRule&, const LogInstant& log, std::int64_t after, ReadMemory&) {
  const auto first = std::ranges::upper_bound(log.numbers, after, {}, &LogNumber::number);
  const auto open = std::find_if(first, log.numbers.end(), [&](const LogNumber& drawn) { return log.is_open(drawn); });
  return open == log.numbers.end() ? ReadWindow{} : up_to(open->number - 1);
}

ReadWindow everything(const ReadRule&, const LogInstant&, std::int64_t, ReadMemory&) { return {}; }

ReadWindow below_open_ids(const ReadRule&, const LogInstant& log, std::int64_t, ReadMemory&) {
  return {.below_id = log.lowest_open_id()};
}

using MayCross = bool (*)(const ReadRule&, const LogInstant&, const ReadMemory&);

/// Goes from one event that can be seen to the next, and asks of each number that is missing between them. The numbers
/// themselves do not tell whether one that is missing is open or was rolled back.
template <MayCross may_cross>
ReadWindow over_gaps(const ReadRule& rule, const LogInstant& log, std::int64_t after, ReadMemory& memory) {
  std::int64_t next = after + 1;
  for (const LogNumber& drawn : log.numbers) {
    if (drawn.number <= after || !log.is_committed(drawn)) continue;
    for (; next < drawn.number; ++next) {
      if (next < memory.gap) continue;  // it was crossed before
      if (next > memory.gap) memory = {next, log.time, log.next_id, log.transactions.size()};
      if (!may_cross(rule, log, memory)) return up_to(next - 1);
    }
    next = drawn.number + 1;
  }
  return up_to(next - 1);
}

bool never(const ReadRule&, const LogInstant&, const ReadMemory&) { return false; }

bool in_time(const ReadRule& rule, const LogInstant& log, const ReadMemory& memory) {
  return log.time - memory.since >= rule.patience;
}

bool when_all_ended(const ReadRule&, const LogInstant& log, const ReadMemory& memory) {
  return std::ranges::none_of(log.transactions.first(memory.begun),
                              [](const LogTransaction& one) { return one.state == LogTransaction::State::open; });
}

bool when_ids_ended(const ReadRule&, const LogInstant& log, const ReadMemory& memory) {
  return log.lowest_open_id() >= memory.next_id;
}

}  // namespace

std::int64_t LogInstant::lowest_open_id() const {
  std::int64_t lowest = next_id;
  for (const LogTransaction& one : transactions) {
    if (one.state == LogTransaction::State::open && one.id != 0) lowest = std::min(lowest, one.id);
  }
  return lowest;
}

ReadRule never_cross_open_numbers() { return {.name = "never cross open numbers", .window = before_open_numbers}; }

ReadRule gap_with_evidence() { return {.name = "gap, with evidence", .window = over_gaps<when_all_ended>}; }

ReadRule newest_visible() { return {.name = "newest visible", .window = everything}; }

ReadRule gap_with_timeout(std::int64_t patience) {
  return {.name = "gap, with a timeout", .window = over_gaps<in_time>, .patience = patience};
}

ReadRule contiguous_only() { return {.name = "contiguous only", .window = over_gaps<never>}; }

ReadRule gap_with_evidence_of_ids() {
  return {.name = "gap, with evidence of ids", .window = over_gaps<when_ids_ended>};
}

ReadRule id_horizon_by_number() { return {.name = "id horizon, by number", .window = below_open_ids}; }

ReadRule id_horizon_by_id() { return {.name = "id horizon, by id", .ordered_by_id = true, .window = below_open_ids}; }

}  // namespace lantern::testing
