// Chance that is the same each time, with any standard library.
#pragma once

#include <cstddef>
#include <cstdint>
#include <random>
#include <vector>

namespace lantern::detail {

class Chance {
 public:
  explicit Chance(std::uint64_t seed) : engine_(seed) {}

  /// From 0 to `bound - 1`.
  std::size_t below(std::size_t bound) { return static_cast<std::size_t>(engine_() % bound); }
  /// True once in `n` times.
  bool one_in(std::size_t n) { return below(n) == 0; }
  template <class T>
  const T& of(const std::vector<T>& choices) {
    return choices[below(choices.size())];
  }

 private:
  std::mt19937_64 engine_;
};

}  // namespace lantern::detail
