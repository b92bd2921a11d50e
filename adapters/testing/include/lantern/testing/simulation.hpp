// The deterministic simulation: one seed, one run, one trace. Processes that run a projection, a store that dies in the
// middle of commits, producers that commit late, clocks that jump; and an oracle that looks after each step.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <iosfwd>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "lantern/pipeline.hpp"
#include "lantern/testing/choices.hpp"
#include "lantern/testing/reference_fold.hpp"
#include "lantern/testing/simulation_options.hpp"
#include "lantern/testing/sometimes.hpp"
#include "lantern/testing/view_history.hpp"
#include "lantern/view.hpp"

namespace lantern::testing {

/// The projection of one run: what its processes are started with, and what must come of it.
class SimulatedProjection {
 public:
  SimulatedProjection() = default;
  SimulatedProjection(const SimulatedProjection&) = delete;
  SimulatedProjection& operator=(const SimulatedProjection&) = delete;
  virtual ~SimulatedProjection();

  /// The projector of a process that starts, of this program version (from 1). May borrow from this projection.
  [[nodiscard]] virtual std::unique_ptr<ProjectorPort> start(std::int64_t program) = 0;
  /// A fold to compare a generation with that this code made.
  [[nodiscard]] virtual std::unique_ptr<ReferenceFold> reference(const CodeVersion& code) = 0;
  /// Whether the event may be recorded as passed, for this key (null: as a whole), when no earlier event of the key is.
  [[nodiscard]] virtual bool may_fail(const RecordedEvent& event, const std::string* key) = 0;
  /// Whether the projection reads such events; they count as read if it does not.
  [[nodiscard]] virtual bool reads(const RecordedEvent&) { return true; }
  /// What the store runs for an event, for a projection that is applied by the store.
  [[nodiscard]] virtual tl::expected<void, Failure> write(const RecordedEvent&) { return {}; }
};

/// The views that readers see, by key; erased ones are there without a state.
using StoredViews = std::map<std::string, StoredView, std::less<>>;

/// What is simulated. A value; its functions are called anew for each run, and must give the same for the same options.
struct Scenario {
  std::string name{};
  /// The log's events, in the order in which producers begin to write them.
  std::function<std::vector<NewEvent>(const SimulationOptions&)> events{};
  std::function<std::unique_ptr<SimulatedProjection>(const SimulationOptions&)> projection{};
  /// How a subscriber applies a delta's payload to a state; null: nobody follows this projection.
  PatchState patch{};
  /// Puts right what makes no sense for this scenario, before each run; absent: all options do.
  std::function<SimulationOptions(SimulationOptions)> narrow{};
  /// Called after each change of the views that readers see. Says what is wrong with them, if anything is: a violation
  /// of `user`. Absent: nothing more is asked of them than of any projection.
  std::function<std::optional<std::string>(const StoredViews&)> check{};
};

/// lantern's own scenario: a chain of hashes for each key, which neither commutes nor forgives repetition. Some of its
/// events fail, as the options say.
[[nodiscard]] const Scenario& chain_scenario();

/// What must never be, and was.
struct Violation {
  std::string invariant{};  ///< `S1`, `P10`; see docs/reliability.md
  std::string what{};       ///< in which step, expected and actual
  friend bool operator==(const Violation&, const Violation&) = default;
};

/// What came of a departure.
struct Explained {
  std::string what{};         ///< the line of the trace that it led to
  std::uint32_t among_all{};  ///< as it was chosen; of a fault, as if there were faults of all classes
};

/// How often each class of fault happened to each kind of effect. A value.
class FaultCounts {
 public:
  /// Kinds of effects, in the order of `Step`'s alternatives.
  static constexpr std::size_t effects = std::variant_size_v<Step::Base> - 1;

  void count(Fault fault, std::size_t effect) noexcept { ++counts_[static_cast<std::size_t>(fault)][effect]; }
  [[nodiscard]] std::uint32_t of(Fault fault, std::size_t effect) const noexcept {
    return counts_[static_cast<std::size_t>(fault)][effect];
  }
  template <Effect E>
  [[nodiscard]] std::uint32_t of(Fault fault) const noexcept {
    return of(fault, index_of<E>());
  }
  template <Effect E>
  [[nodiscard]] static constexpr std::size_t index_of() noexcept {
    return index_in<Request<E>>(static_cast<Step::Base*>(nullptr));
  }
  FaultCounts& operator+=(const FaultCounts& other) noexcept {
    for (std::size_t fault = 0; fault < fault_classes; ++fault) {
      for (std::size_t effect = 0; effect < effects; ++effect) counts_[fault][effect] += other.counts_[fault][effect];
    }
    return *this;
  }

 private:
  template <class Wanted, class... Pending>
  static constexpr std::size_t index_in(std::variant<Pending...>*) noexcept {
    std::size_t index = 0;
    static_cast<void>(((std::same_as<Wanted, Pending> ? true : (++index, false)) || ...));
    return index;
  }

  std::array<std::array<std::uint32_t, effects>, fault_classes> counts_{};
};

/// What one run came to.
struct SimulationReport {
  SimulationOptions options{};
  std::vector<NewEvent> events{};        ///< what was in the log; only if the run was told to explain itself
  std::uint64_t hash{};                  ///< of all effects, replies and instants: the same run has the same
  std::uint32_t steps{};                 ///< effects that were performed or failed
  FaultCounts happened{};                ///< what happened to which effects
  std::uint32_t faults{};                ///< of them, those to which something happened
  Marks marks{};                         ///< which rare branches it came by
  std::vector<Departure> departures{};   ///< the choices that made it
  std::vector<Explained> explained{};    ///< each of them; only if the run was told to
  std::optional<Violation> violation{};  ///< absent: all went well
  std::vector<std::string> trace{};      ///< a line for each effect and reply; only if the run was told to
  [[nodiscard]] bool ok() const noexcept { return !violation; }
};

/// How a run is looked at.
struct SimulationView {
  bool trace{};                                   ///< keep the trace and the events: a hundred times slower
  std::optional<std::vector<NewEvent>> events{};  ///< instead of the scenario's
};

/// One run whose choices are drawn from `options.seed`. Throws what the scenario's functions throw, and nothing else.
[[nodiscard]] SimulationReport simulate(const Scenario&, const SimulationOptions&, const SimulationView& = {});
/// One run whose choices are these; `choices` tells afterwards what it was asked.
[[nodiscard]] SimulationReport simulate(const Scenario&, const SimulationOptions&, Choices& choices,
                                        const SimulationView& = {});

/// The options, the trace, and how it ended.
std::ostream& operator<<(std::ostream&, const SimulationReport&);

}  // namespace lantern::testing
