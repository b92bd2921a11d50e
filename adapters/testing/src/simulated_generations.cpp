// The simulated store's generations: what runs ask for, and what operators do.
#include <algorithm>

#include "lantern/testing/simulated_store.hpp"

namespace lantern::testing {

std::int64_t SimulatedStore::previous() const noexcept {
  for (const auto& [number, stock] : generations_) {
    if (number != active_ && number != building_) return number;
  }
  return 0;
}

// ---- runs ----

BeginRebuild::reply SimulatedStore::perform(const BeginRebuild& asked) {
  using Refusal = std::variant<LostLeadership, Failure>;
  if (stale(asked.fence, Role::rebuild)) return tl::unexpected(Refusal(LostLeadership{held(Role::rebuild).owner}));
  if (active_ == 0) {
    return tl::unexpected(Refusal(Failure(FailureKind::invalid, "this projection has nothing to rebuild yet")));
  }
  if (building_ != 0 && generations_.at(building_).version != asked.version) {
    generations_.erase(std::exchange(building_, 0));
  }
  if (building_ == 0) {
    building_ = ++greatest_;
    generations_[building_].version = asked.version;
  }
  const Stock& stock = generations_.at(building_);
  return Checkpoint{stock.position, Generation{building_}, stock.revision, stock.version, {}, stock.log};
}

ActivateGeneration::reply SimulatedStore::perform(const ActivateGeneration& asked) {
  using Refusal = std::variant<LostLeadership, BehindActive, Failure>;
  if (stale(asked.fence, Role::rebuild)) return tl::unexpected(Refusal(LostLeadership{held(Role::rebuild).owner}));
  if (active_ != 0 && asked.generation.value == active_) return ActivateGeneration::Activated{};
  if (building_ == 0 || asked.generation.value != building_) {
    return tl::unexpected(Refusal(Failure(FailureKind::invalid, "this generation is not being built")));
  }
  const auto& live = generations_.at(active_);
  if (generations_.at(building_).position < live.position) {
    return tl::unexpected(Refusal(BehindActive{live.position}));
  }
  std::erase_if(generations_, [&](const auto& one) { return one.first != active_ && one.first != building_; });
  active_ = std::exchange(building_, 0);
  return ActivateGeneration::Activated{};
}

// ---- operators ----

ListGenerations::reply SimulatedStore::perform(const ListGenerations&) const {
  std::vector<GenerationStatus> all;
  for (const auto& [number, stock] : generations_) {
    const GenerationState state = number == active_     ? GenerationState::active
                                  : number == building_ ? GenerationState::building
                                                        : GenerationState::previous;
    const auto shown = std::ranges::count_if(stock.views, [](const auto& one) { return one.second.state.has_value(); });
    all.push_back({Generation{number}, state, stock.position, stock.version, static_cast<std::uint64_t>(shown)});
  }
  return all;
}

/// Its number is the greatest now.
void SimulatedStore::rename(std::int64_t& generation) {
  auto kept = generations_.extract(generation);
  kept.key() = generation = ++greatest_;
  generations_.insert(std::move(kept));
}

RollBack::reply SimulatedStore::perform(const RollBack&) {
  std::int64_t back = previous();
  if (back == 0) return tl::unexpected(Failure(FailureKind::invalid, "there is no previous generation to go back to"));
  rename(back);
  active_ = back;
  if (building_ != 0) rename(building_);  // it will be active later
  return Generation{active_};
}

FinalizeRebuild::reply SimulatedStore::perform(const FinalizeRebuild&) {
  const std::int64_t dropped = previous();
  if (dropped == 0) return std::nullopt;
  generations_.erase(dropped);
  return Generation{dropped};
}

CancelRebuild::reply SimulatedStore::perform(const CancelRebuild&) {
  if (building_ == 0) return std::nullopt;
  generations_.erase(building_);
  return Generation{std::exchange(building_, 0)};
}

}  // namespace lantern::testing
