// How the store runs a projection's own statements.
#pragma once

#include <optional>

#include "lantern/event.hpp"
#include "lantern/failure.hpp"

namespace lantern::detail {

/// Statements of one projection, prepared on the store's write connection. Called inside of the transaction that also
/// moves the projection's checkpoint, from one thread at a time.
class StatementRunner {
 public:
  explicit StatementRunner(Generation prepared_for) noexcept : generation_(prepared_for) {}
  StatementRunner(const StatementRunner&) = delete;
  StatementRunner& operator=(const StatementRunner&) = delete;
  virtual ~StatementRunner() = default;

  /// Applies one event. A failure rolls the whole commit back. It is about this event when it is FailureKind::rejected
  /// (or invalid, undecodable); every other kind is about the store (see is_transaction_wide).
  [[nodiscard]] virtual std::optional<Failure> run(const RecordedEvent& event) = 0;

  /// The generation whose tables the statements are for. When another program has installed a later version, the
  /// projection has another generation, and these statements must not be run for it.
  [[nodiscard]] Generation generation() const noexcept { return generation_; }

 private:
  Generation generation_;
};

}  // namespace lantern::detail
