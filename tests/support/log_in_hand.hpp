// A log in hand, and a projector in memory whose fold tells order, loss and repetition apart.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "keyed_probe.hpp"
#include "lantern/fold.hpp"

namespace lantern::testing {

/// Events of type T (or another), with their texts.
class LogInHand {
 public:
  LogInHand() = default;
  LogInHand(std::initializer_list<std::pair<std::int64_t, std::string>> events) {
    for (const auto& [position, data] : events) add(position, data);
  }
  void add(std::int64_t position, const std::string& data, const std::string& type = "T") {
    const auto keep = [this](const std::string& text) -> std::string_view { return texts_.emplace_back(text); };
    events_.push_back({.position = Position{position},
                       .stream = "s",
                       .version = static_cast<std::int64_t>(events_.size()) + 1,
                       .type = keep(type),
                       .data = keep(data)});
  }
  [[nodiscard]] std::span<const RecordedEvent> events() const noexcept { return events_; }

 private:
  std::vector<RecordedEvent> events_{};
  std::deque<std::string> texts_{};
};

/// A chain in memory. Reads events of type T only.
struct Hashes {
  std::uint64_t hash{};
  std::vector<std::int64_t> seen{};
  std::map<std::int64_t, int> fails{};  ///< by position: how many more times; -1: for ever
  FailureStrategy strategy = FailureStrategy::Fatal;
  std::optional<Position> snapshot{};
  std::vector<std::pair<std::string, std::int64_t>>* calls{};  ///< of several projectors, in order
  std::string called = "hashes";

  std::string name() const { return called; }
  EventFilter filter() const { return {.types = {"T"}}; }
  std::optional<Position> starts_after() const { return snapshot; }
  tl::expected<void, std::string> apply(const RecordedEvent& event, Position at) {
    if (const auto planned = fails.find(at.value); planned != fails.end() && Chain::fails_now(planned->second)) {
      return tl::unexpected(std::string("cannot take it"));
    }
    hash = link(hash + event.data.size(), at.value);
    seen.push_back(at.value);
    if (calls) calls->emplace_back(called, at.value);
    return {};
  }
  FailureStrategy on_error(const FailureContext&) const { return strategy; }
};

/// What the views are, as the naive fold of the keyed probe has them.
inline std::string difference(const ViewsInMemory<Chain>::Views& views,
                              const std::map<std::string, Expected>& expected) {
  std::size_t there = 0;
  for (const auto& [key, view] : expected) {
    const auto found = views.find(key);
    if (!view.state) {
      if (found != views.end()) return "the view of " + key + " should be erased";
      continue;
    }
    ++there;
    if (found == views.end()) return "the view of " + key + " is missing";
    if (found->second.state != *view.state) return "the state of " + key + " is wrong";
    if (found->second.version != view.version) return "the version of " + key + " is wrong";
    if (found->second.position != Position{view.position}) return "the position of " + key + " is wrong";
  }
  return there == views.size() ? "" : "there are " + std::to_string(views.size()) + " views";
}

}  // namespace lantern::testing
