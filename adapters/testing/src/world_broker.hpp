// The events of a world's log as a message broker delivers them: some twice, some late, some only when asked again.
#pragma once

#include "lantern/testing/broker_reader.hpp"
#include "lantern/testing/sometimes.hpp"
#include "world_log.hpp"

namespace lantern::testing {

/// Borrows the log, whose numbers must have no gaps: they are the sequences of the broker's stream.
class WorldBroker {
 public:
  static constexpr std::uint32_t most_pending = 4;  ///< messages that are delivered and not acknowledged

  explicit WorldBroker(const WorldLog& log);

  /// Publishes what has come to the log since the last time.
  void publish();
  /// The broker may restart, or write down what it knows. Asks `About::log`.
  void trouble(Choices&, Marks&);
  /// From now on nothing goes wrong any more.
  void heal() noexcept { healed_ = true; }

  /// For one run.
  [[nodiscard]] BrokerReader reader() { return BrokerReader(broker_); }
  [[nodiscard]] ReadEvents::reply read(BrokerReader&, const ReadEvents& asked, Instant now, Choices&, Marks&);
  /// This checkpoint is known to be stored.
  void committed(BrokerReader&, std::optional<Position> checkpoint, Choices&);

 private:
  Choices& usual(Choices& choices) noexcept { return healed_ ? calm_ : choices; }

  const WorldLog& log_;
  SimulatedBroker broker_;
  Choices calm_ = Choices::by_script({});
  std::size_t published_{};
  bool healed_{};
};

}  // namespace lantern::testing
