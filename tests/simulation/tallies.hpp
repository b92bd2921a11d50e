// Small projectors for the simulation's own tests: right ones, and ones with one mistake each.
#pragma once

#include <charconv>
#include <map>
#include <string>

#include "lantern/testing/projector_scenario.hpp"

namespace lantern::testing {

struct NumberCodec {
  [[nodiscard]] std::string encode_state(int number) const { return std::to_string(number); }
  [[nodiscard]] std::string encode_delta(int number) const { return std::to_string(number); }
  [[nodiscard]] tl::expected<int, Failure> decode_state(std::string_view bytes) const {
    int number = 0;
    const auto [end, error] = std::from_chars(bytes.data(), bytes.data() + bytes.size(), number);
    if (error == std::errc{} && end == bytes.data() + bytes.size()) return number;
    return tl::unexpected(Failure(FailureKind::undecodable, "no number: " + std::string(bytes)));
  }
};

/// Counts the events of each stream, in an order that matters.
struct Tally {
  using State = int;
  using Delta = int;
  using view_codec = NumberCodec;

  [[nodiscard]] std::string name() const { return "tally"; }
  [[nodiscard]] std::string keys(const RecordedEvent& event) const { return std::string(event.stream); }
  Change<int> apply(int& state, const RecordedEvent& event) {
    state = (state * 31 + static_cast<int>(event.data.size())) % 100'003;
    return changed(state);
  }
};

/// Keeps what belongs into the view in a member, which dies with the process.
struct Forgetful : Tally {
  std::map<std::string, int, std::less<>> counts{};
  Change<int> apply(int& state, const RecordedEvent& event) {
    return changed(state = ++counts[std::string(event.stream)]);
  }
};

inline NewEvent any_tick(RandomBits& chance) {
  return {.stream = chance.below(2) == 0 ? "a" : "b", .type = "Ticked", .data = std::string(chance.below(5), 'x')};
}

}  // namespace lantern::testing
