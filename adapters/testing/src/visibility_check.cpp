#include "lantern/testing/visibility_check.hpp"

#include <algorithm>
#include <array>
#include <cassert>
#include <cstddef>
#include <vector>

namespace lantern::testing {
namespace {

constexpr std::size_t most_writers = 4;
using State = LogTransaction::State;

/// The log and its reader at one instant. Small, and copied millions of times.
struct World {
  // The log.
  std::array<LogTransaction, most_writers> transactions{};
  std::array<LogNumber, most_writers> numbers{};
  std::uint8_t begun{}, drawn{};
  std::int64_t next_id{1};
  // Of the event with each number: when the number was drawn, and when it was committed.
  std::array<std::uint8_t, most_writers> drawn_at{}, committed_at{};
  // Of each writer: how many steps it has done, and its transaction.
  std::array<std::uint8_t, most_writers> done{}, transaction_of{};
  std::uint8_t steps{}, polls{};
  // The reader.
  ReadMemory memory{};
  std::int64_t after{}, time{};
  std::array<std::int64_t, most_writers> seen{};  ///< numbers, in the order in which they were given
  std::uint8_t seen_count{};

  [[nodiscard]] LogInstant instant() const {
    return {{transactions.data(), begun}, {numbers.data(), drawn}, next_id, time};
  }
};

/// How a writer goes about it.
struct Manner {
  bool id_first{};
  bool commits{};
};

/// Returns how many events it was given.
std::size_t poll(World& world, const ReadRule& rule) {
  ++world.time;
  const LogInstant log = world.instant();
  const ReadWindow window = rule.window(rule, log, world.after, world.memory);
  std::array<LogNumber, most_writers> given{};
  std::size_t count = 0;
  const auto place_of = [&](const LogNumber& one) { return place(rule, one.number, log.of(one).id); };
  for (const LogNumber& one : log.numbers) {
    const bool visible = log.is_committed(one) && one.number <= window.last_number && log.of(one).id < window.below_id;
    if (!visible || place_of(one) <= world.after) continue;
    std::size_t at = count++;  // insertion: there are up to four
    for (; at > 0 && place_of(one) < place_of(given[at - 1]); --at) given[at] = given[at - 1];
    given[at] = one;
  }
  for (std::size_t i = 0; i < count; ++i) world.seen[world.seen_count++] = given[i].number;
  if (count > 0) world.after = place_of(given[count - 1]);
  return count;
}

void act(World& world, std::size_t writer, const Manner& manner) {
  const std::uint8_t step = world.done[writer]++;
  if (step == 0) {
    world.transaction_of[writer] = world.begun;
    world.transactions[world.begun++] = {};
  }
  LogTransaction& mine = world.transactions[world.transaction_of[writer]];
  if (step == 2) {
    mine.state = manner.commits ? State::committed : State::rolled_back;
    for (std::size_t i = 0; i < world.drawn; ++i) {
      if (world.numbers[i].transaction == world.transaction_of[writer]) world.committed_at[i] = world.steps;
    }
  } else if ((step == 0) == manner.id_first) {
    mine.id = world.next_id++;
  } else {
    world.drawn_at[world.drawn] = world.steps;
    world.numbers[world.drawn] = {world.drawn + 1, world.transaction_of[writer]};
    ++world.drawn;
  }
}

class Search {
 public:
  Search(const ReadRule& rule, VisibilityModel model) : rule_(rule), model_(model) {}

  VisibilityReport all() {
    std::size_t ways = 1;
    for (std::uint32_t i = 0; i < model_.writers; ++i) ways *= 4;
    for (std::size_t way = 0; way < ways; ++way) {
      for (std::size_t writer = 0; writer < model_.writers; ++writer) {
        const std::size_t mine = way >> (2 * writer);
        manners_[writer] = {.id_first = (mine & 1) != 0, .commits = (mine & 2) == 0};
      }
      go_on(World{});
    }
    return std::move(report_);
  }

 private:
  static constexpr std::uint8_t reader = most_writers;

  void go_on(const World& now) {
    bool ended = true;
    for (std::size_t writer = 0; writer <= model_.writers; ++writer) {
      const bool polls = writer == model_.writers;
      if (polls ? now.polls == model_.polls : now.done[writer] == 3) continue;
      ended = false;
      World next = now;
      path_.push_back(polls ? reader : static_cast<std::uint8_t>(writer));
      ++next.steps;
      if (polls) {
        ++next.polls;
        poll(next, rule_);
      } else {
        act(next, writer, manners_[writer]);
      }
      go_on(next);
      path_.pop_back();
    }
    if (ended) judge(now);
  }

  void judge(World end) {
    ++report_.interleavings;
    // Once nothing is open, a rule may still want to see a gap twice, or to wait: longer than that is for ever.
    for (std::int64_t idle = 0; idle <= rule_.patience + 2; ++idle) {
      if (poll(end, rule_) > 0) idle = 0;
    }
    bool lost = false, stalled = false, inverted = false;
    const LogInstant log = end.instant();
    const auto seen_end = end.seen.begin() + end.seen_count;
    for (const LogNumber& one : log.numbers) {
      if (!log.is_committed(one) || std::find(end.seen.begin(), seen_end, one.number) != seen_end) continue;
      (place(rule_, one.number, log.of(one).id) <= end.after ? lost : stalled) = true;
    }
    for (std::size_t later = 1; later < end.seen_count; ++later) {
      for (std::size_t earlier = 0; earlier < later; ++earlier) {
        const auto index = [&](std::size_t i) { return static_cast<std::size_t>(end.seen[i] - 1); };
        inverted = inverted || end.committed_at[index(later)] < end.drawn_at[index(earlier)];
      }
    }
    report_.losses += lost;
    report_.stalls += stalled;
    report_.inversions += inverted;
    if ((lost || stalled || inverted) && report_.example.empty()) {
      report_.example = story() + (lost      ? ": loses an event"
                                   : stalled ? ": stands still"
                                             : ": an event before its cause");
    }
  }

  /// `writer 1 draws a number, the reader polls, …`
  [[nodiscard]] std::string story() const {
    std::array<int, most_writers> done{};
    std::string told;
    for (const std::uint8_t who : path_) {
      if (!told.empty()) told += ", ";
      if (who == reader) {
        told += "the reader polls";
        continue;
      }
      const Manner& manner = manners_[who];
      const int step = done[who]++;
      told += "writer " + std::to_string(who + 1);
      if (step == 2) told += manner.commits ? " commits" : " rolls back";
      else told += (step == 0) == manner.id_first ? " draws an id" : " draws a number";
    }
    return told;
  }

  const ReadRule& rule_;
  VisibilityModel model_;
  std::array<Manner, most_writers> manners_{};
  std::vector<std::uint8_t> path_{};
  VisibilityReport report_{};
};

}  // namespace

VisibilityReport check_visibility(const ReadRule& rule, VisibilityModel model) {
  assert(model.writers >= 1 && model.writers <= most_writers);
  return Search(rule, model).all();
}

}  // namespace lantern::testing
