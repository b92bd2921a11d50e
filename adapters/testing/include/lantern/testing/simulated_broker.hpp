// A message broker as a source of events: it delivers again what is not acknowledged, loses and doubles messages, and
// forgets what it had not yet written to disk.
#pragma once

#include <chrono>
#include <cstdint>
#include <vector>

#include "lantern/event.hpp"
#include "lantern/identity.hpp"
#include "lantern/testing/choices.hpp"

namespace lantern::testing {

/// What a broker may do.
struct BrokerHabits {
  std::chrono::nanoseconds ack_wait{std::chrono::seconds(30)};  ///< then a message that is not acknowledged comes again
  std::uint32_t max_ack_pending{8};  ///< messages that are delivered and not acknowledged, at most
  bool lose_deliveries{};
  bool double_deliveries{};
  bool shuffle_deliveries{};  ///< a message may come after those that follow it
  bool lose_acks{};
  bool lose_tail{};      ///< a restart may lose messages that were not synced
  bool forget_acks{};    ///< a restart may forget acknowledgements that were not synced: those messages come again
  bool skip_messages{};  ///< a restart may take messages for acknowledged that never were
  Chance trouble{Chance::percent(25)};  ///< that a delivery, an acknowledgement or a restart goes otherwise
  About about{About::fault};            ///< whom all chance is asked of
};

/// One stream with one durable consumer that acknowledges each message. Sequences are 1, 2, 3, … without holes.
/// A value; not thread-safe.
class SimulatedBroker {
 public:
  /// What the stream and the consumer say of themselves.
  struct Facts {
    std::int64_t last{};       ///< of the stream; 0: it is empty
    std::int64_t ack_floor{};  ///< all messages up to this one count as acknowledged
  };

  explicit SimulatedBroker(BrokerHabits habits = {}) : habits_(habits) {}

  /// Appends to the stream; returns its sequence.
  std::int64_t publish(NewEvent);
  /// What is published and acknowledged so far outlives a restart.
  void sync();
  /// The process ends and begins anew: what was not synced may be lost. All that is pending is due at once.
  void restart(Choices&);

  [[nodiscard]] Facts facts() const noexcept;
  /// How often a message was delivered that had been delivered before.
  [[nodiscard]] std::uint64_t redeliveries() const noexcept { return redeliveries_; }
  /// Delivers to the consumer: first what is due again, then what is new; up to `most`. Each may be lost, come twice,
  /// or come after the others.
  [[nodiscard]] std::vector<std::int64_t> fetch(std::uint32_t most, Instant now, Choices&);
  /// May be lost. A message that is not pending is no error.
  void ack(std::int64_t sequence, Choices&);
  /// The message of this sequence, which must be in the stream. Its texts are valid until the next change.
  [[nodiscard]] RecordedEvent event(std::int64_t sequence) const;

 private:
  struct Pending {
    std::int64_t sequence{};
    Instant due{};
  };
  struct Consumer {
    std::int64_t delivered{};        ///< all up to this one were delivered once, at least
    std::vector<Pending> pending{};  ///< ascending
  };

  bool trouble(bool may, Choices&) const;

  BrokerHabits habits_;
  std::vector<NewEvent> messages_{};
  Consumer consumer_{};
  std::int64_t synced_last_{};
  Consumer synced_consumer_{};
  std::uint64_t redeliveries_{};
};

}  // namespace lantern::testing
