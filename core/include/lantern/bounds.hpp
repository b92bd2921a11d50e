// Validated values. Each rule below is one line of a table; a value of such a type cannot be wrong.
#pragma once

#include <chrono>
#include <cmath>
#include <compare>
#include <concepts>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <utility>

#include <tl/expected.hpp>

namespace lantern {

/// Why a value was refused: names the type, what is allowed, and what was given.
struct BadValue {
  std::string message;
  friend bool operator==(const BadValue&, const BadValue&) = default;
};

namespace detail {
[[nodiscard]] BadValue bad_value(std::string_view type, std::string_view allowed, std::string given);
[[nodiscard]] std::string shown(long double value);
template <std::integral I>
[[nodiscard]] std::string shown(I value) {
  return std::to_string(value);
}

template <class Rep, class Period>
constexpr bool fits_nanoseconds(std::chrono::duration<Rep, Period> given) {
  const auto count = std::chrono::duration<long double, std::nano>(given).count();
  // 2^63 itself is representable as long double; the largest nanosecond count is one less.
  return count == count && count > -9.2233720368547758e18L && count < 9223372036854775808.0L;
}
}  // namespace detail

/// A whole number that obeys `Rule`. Literals are checked when the program is compiled (`BatchSize size = 500;`), other
/// values when it runs (`BatchSize::of(n)`).
template <class Rule>
class BoundedInteger {
 public:
  using value_type = typename Rule::value_type;

  template <std::integral I>
  consteval BoundedInteger(I value) : value_(static_cast<value_type>(value)) {  // NOLINT: implicit on purpose
    if (!allows(value)) throw Rule::allowed;
  }

  /// The value, or what is allowed instead.
  template <std::integral I>
  [[nodiscard]] static tl::expected<BoundedInteger, BadValue> of(I value) {
    if (!allows(value)) return tl::unexpected(detail::bad_value(Rule::name, Rule::allowed, detail::shown(value)));
    return BoundedInteger(static_cast<value_type>(value), Checked{});
  }

  [[nodiscard]] constexpr value_type value() const noexcept { return value_; }
  friend constexpr auto operator<=>(const BoundedInteger&, const BoundedInteger&) = default;

 private:
  struct Checked {};
  constexpr BoundedInteger(value_type value, Checked) : value_(value) {}
  static constexpr bool allows(std::integral auto value) {
    return std::in_range<value_type>(value) && static_cast<value_type>(value) >= Rule::least &&
           static_cast<value_type>(value) <= Rule::most;
  }
  value_type value_;
};

/// A real number that obeys `Rule`; never NaN, never infinite.
template <class Rule>
class BoundedReal {
 public:
  consteval BoundedReal(double value) : value_(value) {  // NOLINT: implicit on purpose
    if (!allows(value)) throw Rule::allowed;
  }
  /// The value, or what is allowed instead.
  [[nodiscard]] static tl::expected<BoundedReal, BadValue> of(double value) {
    if (!allows(value)) return tl::unexpected(detail::bad_value(Rule::name, Rule::allowed, detail::shown(value)));
    return BoundedReal(value, Checked{});
  }
  [[nodiscard]] constexpr double value() const noexcept { return value_; }
  friend constexpr auto operator<=>(const BoundedReal&, const BoundedReal&) = default;

 private:
  struct Checked {};
  constexpr BoundedReal(double value, Checked) : value_(value) {}
  // Written so that NaN, for which every comparison is false, is refused.
  static constexpr bool allows(double value) { return value >= Rule::least && value <= Rule::most; }
  double value_;
};

/// A length of time that obeys `Rule`, in nanoseconds.
template <class Rule>
class BoundedDuration {
 public:
  template <class Rep, class Period>
  consteval BoundedDuration(std::chrono::duration<Rep, Period> length)  // NOLINT: implicit on purpose
      : length_(std::chrono::duration_cast<std::chrono::nanoseconds>(length)) {
    if (!allows(length)) throw Rule::allowed;
  }
  /// The value, or what is allowed instead.
  template <class Rep, class Period>
  [[nodiscard]] static tl::expected<BoundedDuration, BadValue> of(std::chrono::duration<Rep, Period> length) {
    if (!allows(length)) {
      const auto given = std::chrono::duration<long double, std::nano>(length).count();
      return tl::unexpected(detail::bad_value(Rule::name, Rule::allowed, detail::shown(given) + " ns"));
    }
    return BoundedDuration(std::chrono::duration_cast<std::chrono::nanoseconds>(length), Checked{});
  }
  [[nodiscard]] constexpr std::chrono::nanoseconds value() const noexcept { return length_; }
  friend constexpr auto operator<=>(const BoundedDuration&, const BoundedDuration&) = default;

 private:
  struct Checked {};
  constexpr BoundedDuration(std::chrono::nanoseconds length, Checked) : length_(length) {}
  template <class Rep, class Period>
  static constexpr bool allows(std::chrono::duration<Rep, Period> length) {
    return detail::fits_nanoseconds(length) &&
           std::chrono::duration_cast<std::chrono::nanoseconds>(length) >= std::chrono::nanoseconds(Rule::least);
  }
  std::chrono::nanoseconds length_;
};

namespace rules {
#define LANTERN_COUNT_RULE(Name, Type, Least, Most, Allowed) \
  struct Name {                                              \
    using value_type = Type;                                 \
    static constexpr std::string_view name = #Name;          \
    static constexpr const char* allowed = Allowed;          \
    static constexpr value_type least = Least, most = Most;  \
  }
LANTERN_COUNT_RULE(BatchSize, std::uint32_t, 1, 1'000'000, "a whole number from 1 to 1000000");
LANTERN_COUNT_RULE(EventCount, std::uint64_t, 1, std::numeric_limits<std::int64_t>::max(), "a whole number from 1 up");
LANTERN_COUNT_RULE(ByteCount, std::uint64_t, 1, 1ULL << 40, "a whole number from 1 to 2^40");
LANTERN_COUNT_RULE(MaxRetryAttempts, std::uint32_t, 0, std::numeric_limits<std::uint32_t>::max(),
                   "a whole number from 0 to 4294967295");
LANTERN_COUNT_RULE(MaxConsecutiveFailures, std::uint32_t, 1, std::numeric_limits<std::uint32_t>::max(),
                   "a whole number from 1 to 4294967295");
LANTERN_COUNT_RULE(RebuildShare, std::uint32_t, 1, 100, "a percentage from 1 to 100");
LANTERN_COUNT_RULE(ViewCacheSize, std::uint32_t, 0, 1'000'000'000, "a whole number from 0 to 1000000000");
#undef LANTERN_COUNT_RULE
struct BackoffMultiplier {
  static constexpr std::string_view name = "BackoffMultiplier";
  static constexpr const char* allowed = "a finite number from 1 up";
  static constexpr double least = 1, most = std::numeric_limits<double>::max();
};
struct Jitter {
  static constexpr std::string_view name = "Jitter";
  static constexpr const char* allowed = "a number from 0 to 1";
  static constexpr double least = 0, most = 1;
};
struct Delay {
  static constexpr std::string_view name = "Delay";
  static constexpr const char* allowed = "a duration from 1 ns to 292 years";
  static constexpr std::int64_t least = 1;
};
}  // namespace rules

using BatchSize = BoundedInteger<rules::BatchSize>;                            ///< events of a page
using EventCount = BoundedInteger<rules::EventCount>;                          ///< events of a commit
using ByteCount = BoundedInteger<rules::ByteCount>;                            ///< bytes of a page or a commit
using MaxRetryAttempts = BoundedInteger<rules::MaxRetryAttempts>;              ///< retries; 0: none
using MaxConsecutiveFailures = BoundedInteger<rules::MaxConsecutiveFailures>;  ///< failures in a row that end a run
using RebuildShare = BoundedInteger<rules::RebuildShare>;         ///< percent of the time that a rebuild works
using ViewCacheSize = BoundedInteger<rules::ViewCacheSize>;       ///< views kept in memory between batches; 0: none
using BackoffMultiplier = BoundedReal<rules::BackoffMultiplier>;  ///< growth from one delay to the next
using Jitter = BoundedReal<rules::Jitter>;                        ///< the part of a delay left to chance
using Delay = BoundedDuration<rules::Delay>;                      ///< a positive length of time

}  // namespace lantern
