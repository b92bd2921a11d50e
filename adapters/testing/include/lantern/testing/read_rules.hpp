// How a reader of a log with concurrent writers decides how far it may look: rules that are safe, and well-known ones
// that are not.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string_view>

namespace lantern::testing {

/// What one producer does in one go: it draws numbers for its events before anybody can see them, and ends later.
struct LogTransaction {
  enum class State : std::uint8_t { open, committed, rolled_back };
  State state{State::open};
  std::int64_t id{};  ///< as databases number transactions, ascending from 1; 0: it has drawn none yet
};

/// A number that was drawn for an event: its place in the log if the transaction commits.
struct LogNumber {
  std::int64_t number{};
  std::uint32_t transaction{};  ///< index into `LogInstant::transactions`
};

/// What can be known of the log at one instant. A rule may look at all of it; real stores have to find the same out by
/// their own means (a write lock, a list of locks, a list of transactions).
struct LogInstant {
  std::span<const LogTransaction> transactions{};  ///< those that have begun, in the order in which they did
  std::span<const LogNumber> numbers{};            ///< that were drawn and not given back, ascending
  std::int64_t next_id{1};                         ///< the number that the next transaction would get
  std::int64_t time{};                             ///< by the reader's clock, in any unit

  [[nodiscard]] const LogTransaction& of(const LogNumber& drawn) const { return transactions[drawn.transaction]; }
  [[nodiscard]] bool is_open(const LogNumber& drawn) const { return of(drawn).state == LogTransaction::State::open; }
  [[nodiscard]] bool is_committed(const LogNumber& drawn) const {
    return of(drawn).state == LogTransaction::State::committed;
  }
  /// The lowest id of an open transaction that has one; `next_id` when there is none.
  [[nodiscard]] std::int64_t lowest_open_id() const;
};

/// What a reader remembers from one look to the next.
struct ReadMemory {
  std::int64_t gap{};      ///< the number that is missing; 0: none is
  std::int64_t since{};    ///< when it was seen to be missing first
  std::int64_t next_id{};  ///< the id that came next at that time
  std::size_t begun{};     ///< the transactions that had begun at that time
};

/// Up to where a reader may look now.
struct ReadWindow {
  static constexpr std::int64_t no_end = std::numeric_limits<std::int64_t>::max();
  std::int64_t last_number{no_end};  ///< of the events with a number up to this one
  std::int64_t below_id{no_end};     ///< of the transactions with an id below this one
};

/// A way of reading. Committed events within the window, after the reader's position, are given in order of `place`.
struct ReadRule {
  /// Up to where a reader that has read up to `after` (0: nothing yet) may look.
  using Window = ReadWindow (*)(const ReadRule&, const LogInstant&, std::int64_t after, ReadMemory&);

  std::string_view name{};
  bool ordered_by_id{};  ///< by (transaction id, number) instead of by number
  Window window{};
  std::int64_t patience{};  ///< of a rule that waits for some time, in units of `LogInstant::time`
};

// ---- safe: nothing is lost, nothing comes before its cause, nothing waits for ever ----

/// Never crosses a number that is still open. What a store with one writer at a time has for free, and what locks on
/// the numbers give to others.
[[nodiscard]] ReadRule never_cross_open_numbers();
/// Crosses a missing number once all transactions have ended that were open when it was first seen to be missing, also
/// those that have no id yet.
[[nodiscard]] ReadRule gap_with_evidence();

// ---- not safe ----

/// All that is visible after the highest position so far. Loses what becomes visible late.
[[nodiscard]] ReadRule newest_visible();
/// Waits at a missing number for some time, and then crosses it. Loses what a slower transaction commits.
[[nodiscard]] ReadRule gap_with_timeout(std::int64_t patience);
/// Never crosses a missing number. Stands still for ever at the first one that was rolled back.
[[nodiscard]] ReadRule contiguous_only();
/// Only transactions below the lowest open id, by number. Loses where ids and numbers are drawn in different orders.
[[nodiscard]] ReadRule id_horizon_by_number();
/// Only transactions below the lowest open id, by (id, number). Loses nothing, but gives an event before its cause.
[[nodiscard]] ReadRule id_horizon_by_id();
/// Crosses a missing number once no open transaction has an id from the time when it was first seen to be missing.
/// Loses the events of those that drew the number first, and the id later.
[[nodiscard]] ReadRule gap_with_evidence_of_ids();

/// Where this rule has an event: a reader's position is one of these. Ids and numbers are below 2^31 where the order is
/// by both.
[[nodiscard]] constexpr std::int64_t place(const ReadRule& rule, std::int64_t number, std::int64_t id) noexcept {
  return rule.ordered_by_id ? id << 32 | number : number;
}

}  // namespace lantern::testing
