#include "lantern/testing/shrink.hpp"

#include <algorithm>
#include <utility>

namespace lantern::testing {
namespace {

class Shrinker {
 public:
  Shrinker(const Scenario& scenario, std::string invariant, std::uint32_t most_runs)
      : scenario_(scenario), invariant_(std::move(invariant)), most_runs_(most_runs) {}

  /// Whether this one violates the same. If so it is the smallest so far.
  bool take(SimulatedCase candidate) {
    if (exhausted()) return false;
    ++runs_;
    SimulationReport report = replay(scenario_, candidate);
    if (!report.violation || report.violation->invariant != invariant_) return false;
    smallest_ = std::move(candidate);
    smallest_.departures = std::move(report.departures);  // what was never come by is of no use
    return true;
  }

  /// Takes away whatever can be spared, until nothing can.
  void reduce() {
    bool smaller = true;
    while (smaller && !exhausted()) {
      smaller = drop_from(&SimulatedCase::departures);
      smaller |= simplify_options();
      smaller |= drop_from(&SimulatedCase::events);
      smaller |= simplify_departures();
    }
  }

  /// Where there is one process, what happens is easier to see; and where events come one by one, fewer of them are
  /// needed to be between two. That a knob is odd for it is worth it.
  void reduce_by_detours() {
    using O = SimulationOptions;
    const std::pair<std::uint32_t O::*, std::uint32_t> detours[] = {
        {&O::processes, 1}, {&O::early_events, 0}, {&O::page_events, 1}};
    for (const auto& [member, value] : detours) {
      const SimulatedCase before = smallest_;
      pinned_ = member;
      if (set(member, value) || set_and_crash(member, value)) reduce();
      if (weight(smallest_) >= weight(before)) smallest_ = before;
    }
    pinned_ = nullptr;
  }

  [[nodiscard]] bool exhausted() const noexcept { return runs_ >= most_runs_; }
  [[nodiscard]] std::uint32_t runs() const noexcept { return runs_; }
  [[nodiscard]] SimulatedCase& smallest() noexcept { return smallest_; }

 private:
  static std::size_t weight(const SimulatedCase& one) {
    SimulationOptions usual;
    usual.processes = 1;
    const auto odd = std::ranges::count_if(
        option_fields(), [&](const OptionField& field) { return one.options.*field.member != usual.*field.member; });
    return 2 * (one.events.size() + one.departures.size()) + static_cast<std::size_t>(odd);
  }

  /// In pieces, halved until they are single; again until none of those can be spared.
  template <class Member>
  bool drop_from(Member SimulatedCase::*member) {
    bool any = false;
    for (std::size_t piece = std::max<std::size_t>((smallest_.*member).size() / 2, 1); !exhausted();) {
      bool dropped = false;
      for (std::size_t at = (smallest_.*member).size(); at > 0;) {  // the end goes first: it is of least use
        const std::size_t from = at > piece ? at - piece : 0;
        SimulatedCase candidate = smallest_;
        auto& all = candidate.*member;
        all.erase(all.begin() + static_cast<std::ptrdiff_t>(from), all.begin() + static_cast<std::ptrdiff_t>(at));
        if (take(std::move(candidate))) dropped = any = true;
        at = std::min(from, (smallest_.*member).size());
      }
      if (piece == 1 && !dropped) break;
      if (!dropped) piece /= 2;
    }
    return any;
  }

  /// Departures that come as early as they can, and of faults the plainest: then less of the log is needed before them.
  bool simplify_departures() {
    bool any = false;
    for (std::size_t n = 0; n < smallest_.departures.size(); ++n) {
      bool taken = false;
      for (std::uint32_t index = 0; !taken && index <= smallest_.departures[n].index; ++index) {
        const Departure now = smallest_.departures[n];
        const std::uint32_t plainest = now.about == About::fault ? 1 : now.chosen;
        for (const std::uint32_t chosen : {plainest, now.chosen}) {
          const Departure earlier{now.about, index, chosen};
          if (taken || !(earlier < now)) continue;
          SimulatedCase candidate = smallest_;
          candidate.departures[n] = earlier;
          taken = take(std::move(candidate));
        }
        if (taken && n >= smallest_.departures.size()) return true;
      }
      any |= taken;
    }
    return any;
  }

  bool simplify_options() {
    bool any = set(&SimulationOptions::processes, 1);
    const SimulationOptions usual;
    for (const OptionField& field : option_fields()) {
      if (field.member == &SimulationOptions::processes && smallest_.options.processes == 1) continue;
      if (field.member != pinned_) any |= set(field.member, usual.*field.member);
    }
    if (smallest_.options.seed != 0) {
      SimulatedCase candidate = smallest_;
      candidate.options.seed = 0;
      any |= take(std::move(candidate));
    }
    return any;
  }

  bool set(std::uint32_t SimulationOptions::*member, std::uint32_t value) {
    if (smallest_.options.*member == value) return false;
    SimulatedCase candidate = smallest_;
    candidate.options.*member = value;
    return take(std::move(candidate));
  }

  /// The same, with a crash somewhere instead of one departure: where that was, is something else now.
  bool set_and_crash(std::uint32_t SimulationOptions::*member, std::uint32_t value) {
    if (smallest_.options.*member == value) return false;
    for (std::size_t n = 0; n < smallest_.departures.size(); ++n) {
      for (std::uint32_t index = 0; index < 2 * smallest_.departures[n].index + 20; ++index) {
        SimulatedCase candidate = smallest_;
        candidate.options.*member = value;
        candidate.departures[n] = {About::fault, index, 1};
        if (take(std::move(candidate))) return true;
      }
    }
    return false;
  }

  const Scenario& scenario_;
  const std::string invariant_;
  const std::uint32_t most_runs_;
  std::uint32_t runs_{};
  std::uint32_t SimulationOptions::*pinned_{};  ///< stays as it is
  SimulatedCase smallest_{};
};

/// The same run, told as if there were faults of all classes: then the record need not say which there are.
SimulatedCase with_all_faults(const SimulatedCase& one, const SimulationReport& traced) {
  SimulatedCase all = one;
  all.options.faults = SimulationOptions{}.faults;
  for (std::size_t n = 0; n < traced.departures.size() && n < traced.explained.size(); ++n) {
    all.departures[n].chosen = traced.explained[n].among_all;
  }
  return all;
}

}  // namespace

SimulationReport replay(const Scenario& scenario, const SimulatedCase& one, bool trace) {
  Choices choices = Choices::by_script(one.departures);
  return simulate(scenario, one.options, choices, {.trace = trace, .events = one.events});
}

Shrunk shrink(const Scenario& scenario, const SimulationReport& failing, const ShrinkLimits& limits) {
  Shrunk shrunk{.scenario = scenario.name};
  Choices script = Choices::by_script(failing.departures);
  shrunk.as_found = simulate(scenario, failing.options, script, {.trace = true});
  shrunk.smallest = {failing.options, failing.departures, shrunk.as_found.events};
  shrunk.report = shrunk.as_found;
  if (!failing.violation || !shrunk.as_found.violation) return shrunk;

  Shrinker shrinker(scenario, shrunk.as_found.violation->invariant, limits.runs);
  if (shrinker.take(shrunk.smallest)) {
    shrinker.take(with_all_faults(shrinker.smallest(), shrunk.as_found));
    shrinker.reduce();
    shrinker.reduce_by_detours();
    shrunk.complete = !shrinker.exhausted();
    shrunk.smallest = std::move(shrinker.smallest());
  }
  shrunk.runs = shrinker.runs();
  shrunk.report = replay(scenario, shrunk.smallest, true);
  const SimulationReport again = replay(scenario, shrunk.smallest);
  shrunk.steady = again.hash == shrunk.report.hash && again.violation == shrunk.report.violation &&
                  failing.violation == shrunk.as_found.violation;
  return shrunk;
}

}  // namespace lantern::testing
