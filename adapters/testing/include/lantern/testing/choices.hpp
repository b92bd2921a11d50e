// All that could go one way or another in a simulated run: decided by a seed, by a script, or one after the other.
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <iosfwd>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

namespace lantern::testing {

/// What a choice is about. Each subject has a stream of chance of its own, so that one more choice about one of them
/// does not shift those about the others.
enum class About : std::uint8_t {
  fault,       ///< what happens to an effect
  schedule,    ///< who is next
  delay,       ///< how long something takes
  log,         ///< what producers do: begin, commit, roll back
  clock,       ///< what clocks do
  subscriber,  ///< what becomes of frames
  workload,    ///< what is in the log
};
inline constexpr std::size_t subjects = 7;

/// One choice that was not the usual one: the `index`-th (from 0) about this subject was answered by `chosen`.
struct Departure {
  About about{};
  std::uint32_t index{};
  std::uint32_t chosen{};
  friend auto operator<=>(const Departure&, const Departure&) = default;
};

/// How likely it is that a choice is not the usual one, in 65536ths.
struct Chance {
  std::uint32_t of_65536{};
  [[nodiscard]] static constexpr Chance percent(std::uint32_t p) noexcept { return {p * 65536 / 100}; }
  [[nodiscard]] static constexpr Chance never() noexcept { return {0}; }
  friend bool operator==(const Chance&, const Chance&) = default;
};

/// A number that is as random as its seed: SplitMix64, the same on every machine.
class RandomBits {
 public:
  explicit constexpr RandomBits(std::uint64_t seed) noexcept : state_(seed) {}
  [[nodiscard]] constexpr std::uint64_t next() noexcept {
    std::uint64_t z = (state_ += step);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ULL;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBULL;
    return z ^ (z >> 31);
  }
  /// As if `next` had been called, for nothing.
  constexpr void skip() noexcept { state_ += step; }
  /// From 0 up to but without `n`, which is at least 1. The bias for small `n` is below 2^-32.
  [[nodiscard]] constexpr std::uint32_t below(std::uint32_t n) noexcept {
    return static_cast<std::uint32_t>(((next() >> 32) * n) >> 32);
  }

 private:
  static constexpr std::uint64_t step = 0x9E3779B97F4A7C15ULL;
  std::uint64_t state_;
};

/// Answers every "which way?" of a run. The same seed, or the same departures, give the same answers to the same
/// questions. A value; not thread-safe.
class Choices {
 public:
  /// A question that was asked: it could have been answered in this many ways.
  struct Offered {
    About about{};
    std::uint32_t index{};
    std::uint32_t ways{};
  };

  /// Draws from the seed, one stream for each subject.
  [[nodiscard]] static Choices by_seed(std::uint64_t seed);
  /// Departs from the usual way just here. An answer that is not offered there is the usual one.
  [[nodiscard]] static Choices by_script(std::vector<Departure> departures);
  /// The same, and remembers every question: for `explore`.
  [[nodiscard]] static Choices by_script_remembering(std::vector<Departure> departures);

  /// One of `ways` (at least 1), from 0; 0 is the usual way. Drawn from a seed, another way is taken with this chance,
  /// and all other ways are equally likely.
  [[nodiscard]] std::uint32_t choose(About about, std::uint32_t ways, Chance chance = Chance::percent(25));

  /// All answers so far that were not the usual one, in order. `by_script` with them gives the same run again.
  [[nodiscard]] const std::vector<Departure>& departures() const noexcept { return departures_; }
  /// The departures that it was made with, in order of subject and index; none if it draws from a seed.
  [[nodiscard]] const std::vector<Departure>& script() const noexcept { return script_; }
  /// All questions so far, in order, if they are remembered.
  [[nodiscard]] const std::vector<Offered>& offered() const noexcept { return offered_; }

 private:
  explicit Choices(std::uint64_t seed, std::optional<std::vector<Departure>> script, bool remembers);
  [[nodiscard]] std::uint32_t scripted(About about, std::uint32_t index, std::uint32_t ways) const;

  std::array<RandomBits, subjects> random_;
  std::array<std::uint32_t, subjects> asked_{};
  bool by_seed_;
  bool remembers_;
  std::vector<Departure> script_{};  ///< sorted
  std::vector<Departure> departures_{};
  std::vector<Offered> offered_{};
};

/// How many departures a run may have: at most `total`; those about a subject of `free` do not count.
struct DepartureBudget {
  std::uint32_t total{};
  std::vector<About> free{};
};

/// Calls `run(Choices&)` once for each way in which it can go within the budget. Complete, and without repetition: a
/// run that is told the same must ask the same. Returns how many there were.
template <class Run>
std::uint64_t explore(const DepartureBudget& budget, const Run& run);

[[nodiscard]] std::string_view to_string(About) noexcept;
/// `fault 12: 3`
std::ostream& operator<<(std::ostream&, const Departure&);

namespace detail {

[[nodiscard]] inline bool is_free(const DepartureBudget& budget, About about) noexcept {
  for (const About one : budget.free) {
    if (one == about) return true;
  }
  return false;
}

/// All runs that begin with these departures, the last of which was the answer to question number `from - 1`.
template <class Run>
std::uint64_t explore_from(const DepartureBudget& budget, const Run& run, const std::vector<Departure>& departures,
                           std::size_t from, std::uint32_t left) {
  Choices choices = Choices::by_script_remembering(departures);
  run(choices);
  std::uint64_t runs = 1;
  const auto offered = choices.offered();  // a copy: the runs below have their own
  for (std::size_t at = from; at < offered.size(); ++at) {
    const bool counts = !is_free(budget, offered[at].about);
    if (counts && left == 0) continue;
    auto more = departures;
    more.push_back({offered[at].about, offered[at].index, 1});
    for (; more.back().chosen < offered[at].ways; ++more.back().chosen) {
      runs += explore_from(budget, run, more, at + 1, left - (counts ? 1 : 0));
    }
  }
  return runs;
}

}  // namespace detail

template <class Run>
std::uint64_t explore(const DepartureBudget& budget, const Run& run) {
  return detail::explore_from(budget, run, {}, 0, budget.total);
}

}  // namespace lantern::testing
