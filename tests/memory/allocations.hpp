// Memory that runs out when a test says so.
#pragma once

#include <cstdint>

namespace lantern::testing {

/// While it lives, the `nth` allocation of this thread (from 1) fails with std::bad_alloc; and all after it, if it is
/// `for_ever`. Nested ones are not supported.
class Exhausted {
 public:
  explicit Exhausted(std::uint64_t nth, bool for_ever = false) noexcept;
  ~Exhausted();
  Exhausted(const Exhausted&) = delete;
  Exhausted& operator=(const Exhausted&) = delete;

  /// How many allocations there were, those that failed too.
  [[nodiscard]] static std::uint64_t counted() noexcept;
};

}  // namespace lantern::testing
