// A hash that is the same everywhere and always.
#pragma once

#include <cstdint>
#include <string_view>

namespace lantern::cli {

/// FNV-1a, 64 bits (Fowler, Noll, Vo; draft-eastlake-fnv). Stored ids are made of it: it must never change.
[[nodiscard]] constexpr std::uint64_t fnv1a(std::string_view bytes) noexcept {
  std::uint64_t hash = 0xCBF29CE484222325ULL;
  for (const char c : bytes) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001B3ULL;
  return hash;
}

}  // namespace lantern::cli
