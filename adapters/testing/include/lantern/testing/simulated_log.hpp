// A log that several producers write at the same time: what it looks like while some have not ended yet.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string_view>
#include <vector>

#include "lantern/event.hpp"
#include "lantern/testing/choices.hpp"
#include "lantern/testing/read_rules.hpp"

namespace lantern::testing {

/// What producers may do.
struct ProducerHabits {
  std::uint32_t open_at_once{3};  ///< transactions, at most; 0: each event is committed at once
  std::uint32_t most_in_one{3};   ///< events of one transaction, at most
  bool roll_back{true};           ///< some transactions never commit; their events are lost, their numbers missing
  bool late_ids{};                ///< some transactions draw their id long after their first number
  bool reuse_numbers{};           ///< numbers at the end of the log are drawn again when they were rolled back
  Chance unusual{Chance::percent(50)};  ///< that anything is done but writing one event and committing it
};

/// A log with transactions. Each draws numbers for its events before anybody can see them; they are there when it has
/// committed, possibly long after events with higher numbers. Versions within a stream ascend in the order of the
/// numbers: of two transactions that write to one stream at the same time, only the first to commit does.
///
/// Numbers are 1, 2, 3, …. Not thread-safe.
class SimulatedLog {
 public:
  /// One of this log, by its place among all that have begun.
  struct Transaction {
    std::uint32_t index{};
  };

  SimulatedLog(const SimulatedLog&) = delete;  // events are views into it
  SimulatedLog& operator=(const SimulatedLog&) = delete;
  SimulatedLog(SimulatedLog&&) = default;
  SimulatedLog& operator=(SimulatedLog&&) = default;
  ~SimulatedLog() = default;

  /// `workload`: what the producers write with each `step`, in this order.
  explicit SimulatedLog(std::vector<NewEvent> workload = {}, ProducerHabits habits = {});

  // What producers do: by hand.
  Transaction begin(bool draws_id = true);  ///< else it draws one after its second number, or when it ends
  Position append(Transaction, NewEvent);   ///< draws a number; the transaction must be open
  bool commit(Transaction);                 ///< false: rolled back, as another has committed to one of its streams
  void roll_back(Transaction);
  Position write(NewEvent);  ///< one event, committed at once

  /// Lets the producers do one thing: usually, write the next event of the workload and commit it. Asks `About::log`.
  void step(Choices&);
  /// Commits all that is open, in the order in which it was begun.
  void settle();
  /// Writes the rest of the workload, each event committed at once, and settles.
  void write_rest();
  /// The workload is written, and nothing is open.
  [[nodiscard]] bool done() const noexcept { return next_ == workload_.size() && open_.empty(); }

  /// What can be known of it now. Valid until the next change.
  [[nodiscard]] LogInstant instant(std::int64_t time = 0) const noexcept;
  /// The event of a number that was drawn, whether or not it is committed. Its texts are valid as long as the log.
  [[nodiscard]] RecordedEvent event(const LogNumber&) const;
  /// The committed events, in ascending order, up to the first number that is still open: what is here stays as it is,
  /// whatever producers do later. Their texts are valid as long as the log.
  [[nodiscard]] std::vector<RecordedEvent> events() const;

 private:
  struct Stream {
    std::string_view name{};
    std::int64_t version{};
  };
  struct Drawn {
    std::uint32_t written{};  ///< index into what was written
    std::uint32_t stream{};   ///< index into `streams_`
    std::int64_t version{};
  };

  [[nodiscard]] const NewEvent& written(std::uint32_t index) const noexcept;
  std::uint32_t stream_of(std::uint32_t written);
  Position append(Transaction, std::uint32_t written);
  void end(Transaction, LogTransaction::State);
  void give_back_numbers();

  // What was written, or is to be: first the workload, then what was appended by hand. Neither is ever moved.
  std::vector<NewEvent> workload_;
  std::deque<NewEvent> by_hand_{};
  std::uint32_t next_{};  ///< of the workload
  ProducerHabits habits_;
  std::vector<Stream> streams_{};
  std::vector<LogTransaction> transactions_{};
  std::vector<std::uint32_t> first_drawn_{};  ///< of each transaction: index into `drawn_`
  std::vector<std::uint32_t> open_{};         ///< transactions
  std::vector<LogNumber> numbers_{};          ///< the number n is at n - 1
  std::vector<Drawn> drawn_{};                ///< one for each of `numbers_`
  std::int64_t next_id_{1};
};

/// Events for producers to write: their streams, types and data are drawn from `About::workload`. The data of each is
/// unlike that of all others.
[[nodiscard]] std::vector<NewEvent> make_workload(Choices&, std::uint32_t events, std::uint32_t streams = 3,
                                                  std::uint32_t types = 2);

}  // namespace lantern::testing
