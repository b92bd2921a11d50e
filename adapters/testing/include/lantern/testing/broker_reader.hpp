// Reads a simulated broker as an ascending log, and acknowledges only what is committed.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "lantern/effects.hpp"
#include "lantern/testing/choices.hpp"
#include "lantern/testing/simulated_broker.hpp"

namespace lantern::testing {

/// What a reader of a broker could do wrong; for tests that are to find out.
struct BrokerMistakes {
  bool ack_before_commit{};  ///< acknowledges what it gives, whether or not it will ever be committed
  bool trust_the_source{};   ///< does not compare what the broker says of itself with the checkpoint
};

/// What a reading adapter on a broker must be: it holds what was delivered until that is committed, gives it in order
/// of sequence whatever the order in which it came, and acknowledges it then; what comes again after that, at once.
///
/// Tell it of every checkpoint that is known to be stored (`committed`): after the load that a run begins with, after
/// each commit that went through, and after a load that resolves one whose outcome was unknown. One reader for each
/// run: it is gone with the process. Borrows the broker.
class BrokerReader {
 public:
  explicit BrokerReader(SimulatedBroker& broker, BrokerMistakes mistakes = {})
      : broker_(&broker), mistakes_(mistakes) {}

  /// Answers as a store does (see `ReadEvents`). Where a message has not come yet, the page ends before it, without a
  /// head: a run that follows the log asks again; one in batch mode ends there.
  /// FailureKind::corrupt: the stream ends before `after`, or the consumer takes messages for acknowledged that were
  /// never committed. Going on would lose events without a word.
  [[nodiscard]] ReadEvents::reply read(const ReadEvents&, Instant now, Choices&);
  /// This checkpoint is stored: acknowledges what it covers.
  void committed(std::optional<Position>, Choices&);

 private:
  [[nodiscard]] std::optional<Failure> doubt(std::int64_t after) const;
  void fetch(std::uint32_t most, Instant now, Choices&);

  SimulatedBroker* broker_;
  BrokerMistakes mistakes_;
  std::int64_t committed_{};
  std::vector<std::int64_t> held_{};  ///< delivered, not committed; ascending
};

}  // namespace lantern::testing
