#include "lantern/testing/choices.hpp"

#include <algorithm>
#include <ostream>

namespace lantern::testing {
namespace {

std::array<RandomBits, subjects> streams_of(std::uint64_t seed) {
  const auto stream = [seed](std::uint64_t subject) {
    // One step from a place that no other subject of this or a neighbouring seed starts at.
    return RandomBits(RandomBits(seed ^ (subject + 1) * 0xD1342543DE82EF95ULL).next());
  };
  return {stream(0), stream(1), stream(2), stream(3), stream(4), stream(5), stream(6)};
}

}  // namespace

Choices::Choices(std::uint64_t seed, std::optional<std::vector<Departure>> script, bool remembers)
    : random_(streams_of(seed)), by_seed_(!script), remembers_(remembers) {
  if (!script) return;
  script_ = std::move(*script);
  std::ranges::sort(script_);
}

Choices Choices::by_seed(std::uint64_t seed) { return Choices(seed, std::nullopt, false); }

Choices Choices::by_script(std::vector<Departure> departures) { return Choices(0, std::move(departures), false); }

Choices Choices::by_script_remembering(std::vector<Departure> departures) {
  return Choices(0, std::move(departures), true);
}

std::uint32_t Choices::scripted(About about, std::uint32_t index, std::uint32_t ways) const {
  const auto found = std::ranges::lower_bound(script_, Departure{about, index, 0});
  if (found == script_.end() || found->about != about || found->index != index) return 0;
  return found->chosen < ways ? found->chosen : 0;
}

std::uint32_t Choices::choose(About about, std::uint32_t ways, Chance chance) {
  const auto subject = static_cast<std::size_t>(about);
  const std::uint32_t index = asked_[subject]++;
  if (remembers_) offered_.push_back({about, index, ways});
  std::uint32_t chosen = 0;
  if (!by_seed_) {
    chosen = scripted(about, index, ways);
  } else if (ways > 1) {
    // Two draws, always: whether it departs, and where to. So the chance of one question shifts no other.
    RandomBits& random = random_[subject];
    if (random.below(65536) < chance.of_65536) chosen = 1 + random.below(ways - 1);
    else random.skip();
  }
  if (chosen != 0) {
    if (departures_.empty()) departures_.reserve(32);
    departures_.push_back({about, index, chosen});
  }
  return chosen;
}

std::string_view to_string(About about) noexcept {
  switch (about) {
    case About::fault: return "fault";
    case About::schedule: return "schedule";
    case About::delay: return "delay";
    case About::log: return "log";
    case About::clock: return "clock";
    case About::subscriber: return "subscriber";
    case About::workload: return "workload";
  }
  return "?";
}

std::ostream& operator<<(std::ostream& out, const Departure& one) {
  return out << to_string(one.about) << ' ' << one.index << ": " << one.chosen;
}

}  // namespace lantern::testing
