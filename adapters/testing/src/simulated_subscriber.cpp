#include "lantern/testing/simulated_subscriber.hpp"

#include <algorithm>
#include <array>
#include <iterator>

namespace lantern::testing {
namespace {

/// Takes out what is due, in the order in which it was sent.
template <class T>
std::vector<T> take_due(std::vector<T>& on_its_way, std::uint64_t now) {
  std::vector<T> due;
  if (std::ranges::none_of(on_its_way, [now](const T& one) { return one.due <= now; })) return due;
  const auto later =
      std::stable_partition(on_its_way.begin(), on_its_way.end(), [now](const T& one) { return one.due > now; });
  due.assign(std::make_move_iterator(later), std::make_move_iterator(on_its_way.end()));
  on_its_way.erase(later, on_its_way.end());
  return due;
}

}  // namespace

void SimulatedSubscriber::send(const Frame& frame, Choices& choices) {
  // Steps until it comes; none: never.
  struct Way {
    std::array<std::uint8_t, 2> delays;
    std::size_t copies;
  };
  constexpr Way prompt{{1}, 1}, lost{{}, 0}, doubled{{1, 2}, 2}, late{{2}, 1}, later{{3}, 1};
  std::array<Way, 5> ways{prompt};
  std::uint32_t count = 1;
  if (habits_.lose) ways[count++] = lost;
  if (habits_.double_up) ways[count++] = doubled;
  if (habits_.delay) {
    ways[count++] = late;
    ways[count++] = later;
  }
  const Way& way = ways[count == 1 ? 0 : choices.choose(About::subscriber, count, habits_.trouble)];
  for (std::size_t copy = 0; copy < way.copies; ++copy) frames_.push_back({now_ + way.delays[copy], frame});
}

void SimulatedSubscriber::deliver() {
  ++now_;
  if (frames_.empty() && answers_.empty()) return;
  for (const auto& frame : take_due(frames_, now_)) act(follower_.take(frame.what));
  for (const auto& answer : take_due(answers_, now_)) {
    std::visit([this](const auto& one) { act(follower_.answer(one.first, one.second)); }, answer.what);
  }
}

std::uint32_t SimulatedSubscriber::fate_of_read(Choices& choices) {
  return habits_.slow_reads ? choices.choose(About::subscriber, 3, habits_.trouble) : at_once;
}

void SimulatedSubscriber::act(const FollowerSteps& steps) {
  auto wrong = shown_.show(steps);
  if (wrong && !broken_) broken_ = std::move(wrong);
  asked_.insert(asked_.end(), steps.reads.begin(), steps.reads.end());
}

std::optional<std::string> SimulatedSubscriber::compare(const std::map<std::string, std::string>& stored) const {
  for (const auto& [key, state] : stored) {
    const auto found = shown().find(key);
    if (found == shown().end()) return "key '" + key + "': nothing is shown, and " + state + " is stored";
    if (found->second != state) return "key '" + key + "': " + found->second + " is shown, and " + state + " is stored";
  }
  for (const auto& [key, state] : shown()) {
    if (!stored.contains(key)) return "key '" + key + "': " + state + " is shown, and nothing is stored";
  }
  return std::nullopt;
}

}  // namespace lantern::testing
