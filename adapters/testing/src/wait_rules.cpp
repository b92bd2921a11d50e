#include "wait_rules.hpp"

#include <string>
#include <variant>

#include "world_times.hpp"

namespace lantern::testing {

using Reason = Sleep::Reason;

void WaitRules::heard(const SimulationOptions& options, const Happening& what) {
  if (const auto* retry = std::get_if<happening::RetryScheduled>(&what)) {
    retry_ = {retry->reason, retry->attempt, retry->delay};
  } else if (std::holds_alternative<happening::StandingBy>(what)) {
    standing_by_ = {Reason::standby, 0, standby_interval};
  } else if (std::holds_alternative<happening::PageRead>(what)) {
    at_head_ = {Reason::idle, 0, std::chrono::milliseconds(options.poll_interval) + longest_empty_poll};
  } else if (std::holds_alternative<happening::RebuildBegun>(what)) {
    rebuilds_ = {Reason::yielding, 0, Time::max()};
  }
}

std::optional<WaitRules::Announced>& WaitRules::announced(Reason reason) noexcept {
  switch (reason) {
    case Reason::idle: return at_head_;
    case Reason::standby: return standing_by_;
    case Reason::yielding: return rebuilds_;
    default: return retry_;
  }
}

WaitRules::Verdict WaitRules::check(const Sleep& asked) {
  auto& said = announced(asked.reason);
  const auto name = [&] { return std::string(to_string(asked.reason)); };
  if (!said || said->reason != asked.reason || said->attempt != asked.attempt) {
    return Violation{"P6", "a run rests (" + name() + ", " + std::to_string(asked.attempt) + "), and told nobody why"};
  }
  if (asked.duration > said->left) {
    return Violation{"P6", "a run rests (" + name() + ") for another " + std::to_string(asked.duration.count()) +
                               " ns, and " + std::to_string(said->left.count()) + " are left of what it said"};
  }
  said->left -= asked.duration;
  return std::nullopt;
}

}  // namespace lantern::testing
