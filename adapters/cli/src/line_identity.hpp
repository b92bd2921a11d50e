// Identities for events that come without one, so that importing a file again adds nothing.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace lantern::cli {

/// FNV-1a, 64 bits (Fowler, Noll, Vo; draft-eastlake-fnv). Stored ids are made of it: it must never change.
[[nodiscard]] constexpr std::uint64_t fnv1a(std::string_view bytes) noexcept {
  std::uint64_t hash = 0xCBF29CE484222325ULL;
  for (const char c : bytes) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001B3ULL;
  return hash;
}

/// Names the lines of one input: hash of its first event's line, line number, hash of the line itself. The number comes
/// before the line's hash so that ids ascend, which keeps the index that they go into fast.
class LineIdentity {
 public:
  /// The first event's line tells inputs apart.
  explicit LineIdentity(std::string_view first_line) : first_(fnv1a(first_line)) {}

  /// Sets `id` to the identity of this line.
  void name(std::uint64_t number, std::string_view line, std::string& id) const {
    id.assign(16 + 1 + 10 + 1 + 16, '-');
    put(id, 0, 16, first_);
    put(id, 17, 10, number);
    put(id, 28, 16, fnv1a(line));
  }

 private:
  static void put(std::string& id, std::size_t at, std::size_t digits, std::uint64_t value) {
    for (std::size_t digit = digits; digit-- > 0; value >>= 4) id[at + digit] = "0123456789abcdef"[value & 15];
  }
  std::uint64_t first_;
};

}  // namespace lantern::cli
