// Every way in which a run can go, up to a number of departures from the usual way.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace lantern::testing {

/// What a run asks when something could go one way or another. 0 is the usual way.
class Choices {
 public:
  explicit Choices(std::vector<int> chosen) : chosen_(std::move(chosen)) {}

  /// One of `ways`.
  int choose(int ways) {
    offered_.push_back(ways);
    return offered_.size() <= chosen_.size() ? chosen_[offered_.size() - 1] : 0;
  }
  /// How many ways there were at each point that was come by.
  [[nodiscard]] const std::vector<int>& offered() const noexcept { return offered_; }
  [[nodiscard]] const std::vector<int>& chosen() const noexcept { return chosen_; }

 private:
  std::vector<int> chosen_;
  std::vector<int> offered_{};
};

/// Calls `run(Choices&)` once for each way with at most `departures` choices other than 0. Complete, without
/// repetition. Returns how many there were.
template <class Run>
std::uint64_t explore(int departures, const Run& run, const std::vector<int>& prefix = {}) {
  Choices choices(prefix);
  run(choices);
  std::uint64_t runs = 1;
  if (departures == 0) return runs;
  const auto offered = choices.offered();
  for (std::size_t at = prefix.size(); at < offered.size(); ++at) {
    auto longer = prefix;
    longer.resize(at + 1, 0);
    for (longer[at] = 1; longer[at] < offered[at]; ++longer[at]) runs += explore(departures - 1, run, longer);
  }
  return runs;
}

}  // namespace lantern::testing
