// What can go wrong outside of the machine, as a value.
#pragma once

#include <cstdint>
#include <iosfwd>
#include <string>
#include <string_view>

namespace lantern {

/// What kind of trouble it was. The kind alone decides whether the core tries again: see `is_transient`.
enum class FailureKind : std::uint8_t {
  busy,          ///< somebody else holds the store right now; the same request may succeed later
  unavailable,   ///< the store or its network is away; the same request may succeed later
  denied,        ///< permissions forbid it, or the store is read-only
  full,          ///< no space left
  corrupt,       ///< what is stored cannot be trusted
  not_a_store,   ///< what was opened is something else
  incompatible,  ///< written by another version of the schema or of the projection; ends a run as `superseded`
  invalid,       ///< the request itself makes no sense (a limit of 0, a name with NUL)
  undecodable,   ///< an event's bytes are not what its type promises
  rejected,      ///< the projector refused the event, or one of its statements failed
  unsupported,   ///< this store cannot do what was asked
  internal,      ///< anything else
};

/// True for failures that may pass by themselves; the core retries these, with backoff, and no others.
[[nodiscard]] constexpr bool is_transient(FailureKind kind) noexcept {
  return kind == FailureKind::busy || kind == FailureKind::unavailable;
}

/// A failure says what happened, and where it can what to do now. A value: copied, compared, printed.
struct Failure {
  FailureKind kind{FailureKind::internal};
  std::string what;    ///< what happened, and where: "database disk image is malformed (orders.db)"
  std::string advice;  ///< what to do now; empty when there is nothing to add

  Failure() = default;
  Failure(FailureKind failure_kind, std::string what_happened, std::string what_now = {})
      : kind(failure_kind), what(std::move(what_happened)), advice(std::move(what_now)) {}
  friend bool operator==(const Failure&, const Failure&) = default;
};

namespace detail {
/// The text with its control characters escaped (`\n`, `\t`, `\x1b`), so that no name and no message can forge a line
/// of a log or command a terminal.
[[nodiscard]] std::string one_line(std::string_view text);
}  // namespace detail

[[nodiscard]] std::string_view to_string(FailureKind) noexcept;
/// `what: advice`, on one line.
[[nodiscard]] std::string to_string(const Failure&);
std::ostream& operator<<(std::ostream&, const Failure&);

}  // namespace lantern
