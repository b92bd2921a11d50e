// How the store runs a projection's own statements.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "lantern/event.hpp"
#include "lantern/failure.hpp"

namespace lantern::detail {

/// Statements of one projection, prepared on the store's write connection. Called inside of the transaction that also
/// moves the projection's checkpoint, from one thread at a time.
class StatementRunner {
 public:
  explicit StatementRunner(std::string fingerprint) noexcept : fingerprint_(std::move(fingerprint)) {}
  StatementRunner(const StatementRunner&) = delete;
  StatementRunner& operator=(const StatementRunner&) = delete;
  virtual ~StatementRunner() = default;

  /// Applies one event. A failure rolls the whole commit back. It is about this event when it is FailureKind::rejected
  /// (or invalid, undecodable); every other kind is about the store (see is_transaction_wide).
  [[nodiscard]] virtual std::optional<Failure> run(const RecordedEvent& event) = 0;

  /// Makes the tables of a new build beside those of build `beside`, which keep their names; inside of a transaction of
  /// the caller's.
  [[nodiscard]] virtual std::optional<Failure> make(std::int64_t build, std::optional<std::int64_t> beside) = 0;

  /// What the statements mean: they must not be run for tables that other statements made.
  [[nodiscard]] const std::string& fingerprint() const noexcept { return fingerprint_; }

 private:
  std::string fingerprint_;
};

}  // namespace lantern::detail
