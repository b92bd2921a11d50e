// Simulates a projector of one's own: crashes, lost replies, takeovers and the rest must change nothing of what it
// makes.
#pragma once

#include <concepts>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "lantern/keyed_binding.hpp"
#include "lantern/testing/simulation.hpp"

namespace lantern::testing {
namespace detail {

using MakePort = std::function<std::unique_ptr<ProjectorPort>(std::int64_t program)>;
using MakeEvents = std::function<std::vector<NewEvent>(const SimulationOptions&)>;

/// `programs`: it can be made as program 2, too.
[[nodiscard]] Scenario scenario_of_ports(std::string name, MakePort make, bool programs, MakeEvents events);
[[nodiscard]] MakeEvents events_by_seed(std::function<NewEvent(RandomBits&)> make);
[[nodiscard]] std::string unreadable_view(const std::string& key, const Failure&);

/// Hands everything on to a port that it owns.
class ForwardingPort : public ProjectorPort {
 public:
  explicit ForwardingPort(std::unique_ptr<ProjectorPort> port) : port_(std::move(port)) {}

  std::string name() const override { return port_->name(); }
  EventFilter filter() const override { return port_->filter(); }
  bool checkpoint_is_stored() const override { return port_->checkpoint_is_stored(); }
  bool applied_by_store() const override { return port_->applied_by_store(); }
  std::optional<Position> starts_after() const override { return port_->starts_after(); }
  Folded fold(std::span<const RecordedEvent> events) override { return port_->fold(events); }
  FailureStrategy on_error(const FailureContext& context) override { return port_->on_error(context); }
  KeyedPort* keyed() noexcept override { return port_->keyed(); }
  std::optional<CodeVersion> code_version() override { return port_->code_version(); }

 private:
  std::unique_ptr<ProjectorPort> port_;
};

/// Holds a projector; a base, so that it lasts longer than the port that borrows it.
template <class P>
struct HeldProjector {
  P projector;
};

/// What a process has of its own: a projector, and how the machine sees it.
template <class P>
class OwnedProjector final : private HeldProjector<P>, public ForwardingPort {
 public:
  template <class Make>
  explicit OwnedProjector(const Make& make)
      : HeldProjector<P>{make()}, ForwardingPort(bind_projector(HeldProjector<P>::projector)) {}
};

template <class Make>
inline constexpr bool makes_programs = std::invocable<const Make&, std::int64_t>;
template <class Make>
decltype(auto) make_projector(const Make& make, std::int64_t program) {
  if constexpr (makes_programs<Make>) return make(program);
  else return (void)program, make();
}

template <class Events>
MakeEvents events_of(Events events) {
  if constexpr (std::convertible_to<Events, std::vector<NewEvent>>) {
    return [all = std::vector<NewEvent>(std::move(events))](const SimulationOptions&) { return all; };
  } else if constexpr (std::is_invocable_r_v<NewEvent, Events&, RandomBits&>) {
    return events_by_seed(std::move(events));
  } else {
    static_assert(
        std::is_invocable_r_v<std::vector<NewEvent>, Events&, const SimulationOptions&>,
        "the events of a scenario are a std::vector<lantern::NewEvent>, or a function from RandomBits& to one "
        "NewEvent, or one from const SimulationOptions& to a vector of them");
    return events;
  }
}

}  // namespace detail

/// A scenario in which processes run a keyed projector (see keyed.hpp) that `make` gives: each process that starts has
/// one of its own. `make` takes nothing, or the program version, from 1; then there are upgrades too, and what it makes
/// must have that `version()`. It is called for each process that starts, so what it captures outlives the processes.
///
/// `events` are the log: a list; or a function from `RandomBits&` to an event, called for each event of a run with
/// chance from its seed; or one from `const SimulationOptions&` to a list.
///
/// What is stored is compared with what a projector that `make` gave folds from the same events, one after the other
/// and undisturbed. This proves that crashes, retries, takeovers, rebuilds change nothing of what it does: it has no
/// state beside its views, and asks neither clock nor chance. It does not prove that what it does is right: give
/// `Scenario::check` what must hold for its views (see `invariant`), or compare views with those that you expect.
///
/// An event that fails may be recorded as passed if it fails in the undisturbed run, too, or failed for a while
/// (`is_transient`). One that `on_error` calls Fatal ends every run, so nobody ever catches up: violation P1.
template <class Make, class Events>
[[nodiscard]] Scenario scenario_of(std::string name, Make make, Events events) {
  using P = std::remove_cvref_t<decltype(detail::make_projector(make, 1))>;
  static_assert(
      lantern::detail::looks_keyed<P>(),
      "scenario_of simulates keyed projectors (State, Delta, keys). A state in memory dies with its process and "
      "is folded from the beginning by the next one, so a crash cannot make it differ: test such a projector "
      "by folding events");
  return detail::scenario_of_ports(
      std::move(name),
      [make](std::int64_t program) -> std::unique_ptr<ProjectorPort> {
        return std::make_unique<detail::OwnedProjector<P>>(
            [&]() -> decltype(auto) { return detail::make_projector(make, program); });
      },
      detail::makes_programs<Make>, detail::events_of(std::move(events)));
}

/// The same, with projectors that are `P{}`.
template <class P, class Events>
[[nodiscard]] Scenario scenario_of(std::string name, Events events) {
  return scenario_of(
      std::move(name), [] { return P{}; }, std::move(events));
}

/// For `Scenario::check`: `holds` takes the views of a projector `P` as `const std::map<std::string, P::State>&`, and
/// returns a std::optional<std::string>: what is wrong with them.
template <class P, class Holds>
[[nodiscard]] std::function<std::optional<std::string>(const StoredViews&)> invariant(Holds holds) {
  return [holds = std::move(holds)](const StoredViews& stored) -> std::optional<std::string> {
    typename P::view_codec codec{};
    std::map<std::string, typename P::State> views;
    for (const auto& [key, view] : stored) {
      if (!view.state) continue;
      auto state = codec.decode_state(*view.state);
      if (!state) return detail::unreadable_view(key, state.error());
      views.emplace(key, *std::move(state));
    }
    return holds(std::as_const(views));
  };
}

}  // namespace lantern::testing
