// Marks on rare branches: a soak that never came by one of them has proven less than it claims.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace lantern::testing {

/// What a simulated run sometimes comes by. `Marks` remembers which.
enum class Mark : std::uint8_t {
  crashed_in_commit,       ///< a process died after its commit was stored, and before it knew
  unknown_was_done,        ///< a commit whose outcome was unknown turned out to be stored
  unknown_was_not_done,    ///< and one to be not
  late_commit_refused,     ///< a commit that came late was refused by the store
  power_lost_undone,       ///< power was lost in the middle of a commit, and recovery took it back
  power_lost_done,         ///< power was lost at the end of a commit, and it was there afterwards
  stale_commit_refused,    ///< a leader that was replaced had its commit refused
  took_over,               ///< a standby took over from a leader that had not given its lease back
  stood_by,                ///< a process stood by
  moved_checkpoint,        ///< without leases, a commit met a checkpoint that somebody else had moved
  quarantined_key,         ///< a key was parked
  waited_behind_parked,    ///< a later event of a parked key was recorded
  quarantined_event,       ///< an event was passed as a whole
  retried_event,           ///< an event failed, and went through when it was tried again
  run_failed,              ///< a run ended with an error
  run_stopped,             ///< a run ended because it was asked to
  rebuilt,                 ///< a new generation was switched to
  refused_behind_active,   ///< a switch was refused, since readers would have been sent back
  rebuild_taken_over,      ///< a rebuild was gone on with by another process
  gap_in_the_log,          ///< a number was taken and never used
  waited_for_writer,       ///< a page ended before a number that a writer still held
  empty_page_moved_on,     ///< a page without events scanned further
  channel_troubled,        ///< a frame or a read of a subscriber was lost, doubled or late
  followers_settled,       ///< and afterwards subscribers showed what is stored
  wrong_reply_refused,     ///< a reply that did not fit was refused, and changed nothing
  lease_expired_by_clock,  ///< the store's clock jumped
  malformed_page_refused,  ///< a run was given a page that breaks the contract, and ended with an error that says so
  redelivered,             ///< a broker delivered a message again
  broker_restarted,        ///< a broker began anew, and forgot some acknowledgements
  told_of_a_gap,           ///< a run waited for a writer, and said so
  worked_side_by_side,     ///< two projections had work on one store
  found_unheard,           ///< an event of which nobody was told was stored by the next poll
  healed_and_caught_up,    ///< after all faults, everything was caught up
};
inline constexpr std::size_t mark_count = 33;

[[nodiscard]] std::string_view to_string(Mark) noexcept;

/// Which marks were come by. A value.
class Marks {
 public:
  void hit(Mark mark) noexcept { bits_ |= 1ULL << static_cast<unsigned>(mark); }
  [[nodiscard]] bool has(Mark mark) const noexcept { return (bits_ >> static_cast<unsigned>(mark) & 1) != 0; }
  Marks& operator|=(Marks other) noexcept { return bits_ |= other.bits_, *this; }
  /// Those that were never come by.
  [[nodiscard]] std::vector<Mark> missing() const;
  friend bool operator==(Marks, Marks) = default;

 private:
  std::uint64_t bits_{};
};

/// The same for whoever tests a projector of his own: names what must happen sometimes, and counts how often it did.
/// Not thread-safe.
class Sometimes {
 public:
  explicit Sometimes(std::vector<std::string> names) : names_(std::move(names)), counts_(names_.size()) {}
  /// It happened. Returns false, and counts nothing, for a name that was not given.
  bool operator()(std::string_view name) noexcept;
  [[nodiscard]] std::uint64_t count(std::string_view name) const noexcept;
  /// Names of what never happened.
  [[nodiscard]] std::vector<std::string> missing() const;

 private:
  std::vector<std::string> names_;
  std::vector<std::uint64_t> counts_;
};

}  // namespace lantern::testing
