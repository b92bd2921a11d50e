#include "sql_order.hpp"

#include <algorithm>
#include <bit>
#include <cstring>

#include "sql_lexer.hpp"

namespace lantern::detail {
namespace {

using Order = std::weak_ordering;
using Blob = std::span<const std::byte>;

// https://sqlite.org/datatype3.html#sort_order
int rank(const SqlValue& value) noexcept {
  switch (value.index()) {
    case 0: return 0;
    case 1:
    case 2: return 1;
    case 3: return 2;
    default: return 3;
  }
}

std::string_view type_name(const SqlValue& value) noexcept {
  constexpr std::string_view names[] = {"null", "integer", "real", "text", "blob"};
  return names[value.index()];
}

Order by_bytes(const void* a, std::size_t a_size, const void* b, std::size_t b_size) noexcept {
  const std::size_t common = std::min(a_size, b_size);
  const int differs = common == 0 ? 0 : std::memcmp(a, b, common);
  return differs != 0 ? differs <=> 0 : a_size <=> b_size;
}

Order texts(std::string_view a, std::string_view b) noexcept {
  return by_bytes(a.data(), a.size(), b.data(), b.size());
}

// There is no NaN in a table.
Order numbers(double a, double b) noexcept { return a < b ? Order::less : a > b ? Order::greater : Order::equivalent; }

// Without a rounding of either.
Order numbers(std::int64_t whole, double real) noexcept {
  constexpr double beyond = 9223372036854775808.0;  // 2^63
  if (real < -beyond) return Order::greater;
  if (real >= beyond) return Order::less;
  const auto cut = static_cast<std::int64_t>(real);
  if (whole != cut) return whole <=> cut;
  return numbers(static_cast<double>(cut), real);
}

Order numbers(const SqlValue& a, const SqlValue& b) noexcept {
  const auto* const a_whole = std::get_if<std::int64_t>(&a);
  const auto* const b_whole = std::get_if<std::int64_t>(&b);
  if (a_whole && b_whole) return *a_whole <=> *b_whole;
  if (a_whole) return numbers(*a_whole, std::get<double>(b));
  if (b_whole) return 0 <=> numbers(*b_whole, std::get<double>(a));
  return numbers(std::get<double>(a), std::get<double>(b));
}

std::string_view without_spaces_behind(std::string_view text) noexcept {
  return text.substr(0, text.find_last_not_of(' ') + 1);
}

Order collated(std::string_view a, std::string_view b, Collation collation) {
  switch (collation) {
    case Collation::nocase: return texts(lower(a), lower(b));
    case Collation::rtrim: return texts(without_spaces_behind(a), without_spaces_behind(b));
    case Collation::binary: break;
  }
  return texts(a, b);
}

}  // namespace

Collation collation_named(std::string_view name) noexcept {
  if (equal_but_for_case(name, "NOCASE")) return Collation::nocase;
  return equal_but_for_case(name, "RTRIM") ? Collation::rtrim : Collation::binary;
}

std::string_view to_string(Collation collation) noexcept {
  switch (collation) {
    case Collation::nocase: return "NOCASE";
    case Collation::rtrim: return "RTRIM";
    case Collation::binary: break;
  }
  return "BINARY";
}

Order compare_values(const SqlValue& a, const SqlValue& b, Collation collation) {
  if (rank(a) != rank(b)) return rank(a) <=> rank(b);
  switch (rank(a)) {
    case 0: return Order::equivalent;
    case 1: return numbers(a, b);
    case 2: return collated(std::get<std::string_view>(a), std::get<std::string_view>(b), collation);
    default: {
      const Blob left = std::get<Blob>(a), right = std::get<Blob>(b);
      return by_bytes(left.data(), left.size(), right.data(), right.size());
    }
  }
}

Order compare_exactly(const SqlValue& a, const SqlValue& b) {
  if (a.index() != b.index()) return texts(type_name(a), type_name(b));
  return compare_values(a, b, Collation::binary);
}

bool identical(const SqlValue& a, const SqlValue& b) {
  if (a.index() != b.index()) return false;
  if (const auto* const real = std::get_if<double>(&a)) {  // 0.0 and -0.0 are two
    return std::bit_cast<std::uint64_t>(*real) == std::bit_cast<std::uint64_t>(std::get<double>(b));
  }
  return compare_exactly(a, b) == Order::equivalent;
}

}  // namespace lantern::detail
