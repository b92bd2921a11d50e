// The small words everything else is written in: positions, generations, fences, instants, names.
#pragma once

#include <chrono>
#include <compare>
#include <cstdint>
#include <iosfwd>
#include <string>

namespace lantern {

/// A place in the log. Positions ascend in the order in which events became visible; they need not be contiguous.
/// The first event of the stores shipped with lantern is at 1. "Nothing read yet" is an absent position, never 0.
struct Position {
  std::int64_t value{};
  friend auto operator<=>(const Position&, const Position&) = default;
};

/// The count of rebuilds of a projection. It grows by one with each rebuild, and never goes back.
struct Generation {
  std::int64_t value{1};
  friend auto operator<=>(const Generation&, const Generation&) = default;
};

/// A number that grows each time a lease changes hands. A commit with an older one is refused by the store.
struct Fence {
  std::int64_t value{};
  friend auto operator<=>(const Fence&, const Fence&) = default;
};

/// Which log it is: a number that a store draws when the log is made, and keeps. One that is made anew under the same
/// name is another one. Compared, nothing else.
struct LogIdentity {
  std::uint64_t value{};
  friend auto operator<=>(const LogIdentity&, const LogIdentity&) = default;
};

/// The origin of `Instant` is whatever the driver likes (a monotonic clock, a virtual one): only differences count.
/// There is deliberately no `now()`: the core is told the time and never asks for it.
struct RunClock {
  using rep = std::int64_t;
  using period = std::nano;
  using duration = std::chrono::nanoseconds;
  using time_point = std::chrono::time_point<RunClock>;
  static constexpr bool is_steady = true;
};
using Instant = RunClock::time_point;

/// Which projection, of which tenant. Both parts are data: any UTF-8 without NUL, never joined into one string.
struct ProjectionId {
  std::string name{};
  std::string tenant{};  ///< empty when there are no tenants

  ProjectionId() = default;
  ProjectionId(std::string projection_name, std::string tenant_name = {})
      : name(std::move(projection_name)), tenant(std::move(tenant_name)) {}
  friend auto operator<=>(const ProjectionId&, const ProjectionId&) = default;
};

std::ostream& operator<<(std::ostream&, const Position&);
std::ostream& operator<<(std::ostream&, const Generation&);
std::ostream& operator<<(std::ostream&, const Fence&);
std::ostream& operator<<(std::ostream&, const LogIdentity&);  ///< 16 hexadecimal digits
std::ostream& operator<<(std::ostream&, const ProjectionId&);

/// `orders`, or `orders of tenant acme`; for messages, never a key.
[[nodiscard]] std::string to_string(const ProjectionId&);

/// 16 hexadecimal digits.
[[nodiscard]] std::string to_string(const LogIdentity&);

}  // namespace lantern
