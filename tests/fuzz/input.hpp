// The bytes of a fuzzer, as decisions.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <span>
#include <string>
#include <string_view>

namespace lantern::fuzz {

/// What was promised holds, or the program ends: a fuzzer takes that for a find.
inline void promise(bool kept, std::string_view what, std::string_view shown = {}) {
  if (kept) return;
  std::fprintf(stderr, "a promise is broken: %.*s\n%.*s\n", static_cast<int>(what.size()), what.data(),
               static_cast<int>(shown.size()), shown.data());
  std::abort();
}

/// Reads decisions from bytes. When there are no more, each decision is the usual one: 0.
class Input {
 public:
  explicit Input(std::span<const std::uint8_t> bytes) : rest_(bytes) {}

  [[nodiscard]] bool empty() const noexcept { return rest_.empty(); }
  std::uint8_t byte() {
    if (rest_.empty()) return 0;
    const std::uint8_t first = rest_.front();
    rest_ = rest_.subspan(1);
    return first;
  }
  /// One of `ways`, which are at most 256.
  std::size_t choose(std::size_t ways) { return byte() % ways; }
  bool flip() { return (byte() & 1) != 0; }

  /// A small number, or one at which arithmetic goes wrong.
  std::int64_t number() {
    using Limits = std::numeric_limits<std::int64_t>;
    constexpr std::array<std::int64_t, 12> edges = {0,
                                                    -1,
                                                    Limits::max(),
                                                    Limits::max() - 1,
                                                    Limits::min(),
                                                    Limits::min() + 1,
                                                    std::int64_t{1} << 62,
                                                    std::int64_t{1} << 32,
                                                    1'000'000,
                                                    -1'000'000,
                                                    std::numeric_limits<std::int32_t>::max(),
                                                    std::numeric_limits<std::int32_t>::min()};
    const std::uint8_t which = byte();
    return which < 240 ? which % 16 : edges[which % edges.size()];
  }
  /// As many bytes as the first one says, at most `most`.
  std::string text(std::size_t most = 16) {
    const std::size_t wanted = byte() % (most + 1);  // first: what is left depends on it
    const std::size_t size = std::min(wanted, rest_.size());
    const auto taken = rest_.first(size);
    rest_ = rest_.subspan(size);
    return {taken.begin(), taken.end()};
  }
  template <class T, std::size_t N>
  T one_of(const T (&choices)[N]) {
    return choices[choose(N)];
  }
  std::string_view all() const noexcept { return {reinterpret_cast<const char*>(rest_.data()), rest_.size()}; }

 private:
  std::span<const std::uint8_t> rest_;
};

}  // namespace lantern::fuzz

/// What each fuzzer defines. Returns 0.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);
