// A second projection on the store of a simulated world.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "oracle.hpp"
#include "pending_step.hpp"
#include "world_times.hpp"

namespace lantern::testing {

/// One process runs it, alone; nothing happens to it, and the oracle looks at what it stores. What it shares with the
/// first one are the log, and the store's time: the world says when a call is answered.
class Neighbour {
 public:
  using Note = std::function<void(const std::string&)>;

  /// The same projection as the world's, on rows of its own. Borrows the log.
  Neighbour(const Scenario&, const SimulationOptions&, WorldLog&);

  /// Does what is due. True: it called the store. `note` is told each effect; it may be null.
  bool act(Time now, const Note& note);
  Time due{};

  /// It has a call to make, or one under way: it neither rests nor begins anew.
  [[nodiscard]] bool is_at_work() const noexcept { return step_ && !resting_; }
  [[nodiscard]] bool caught_up() const { return oracle_.caught_up(1); }
  [[nodiscard]] const std::optional<Violation>& violation() const noexcept { return oracle_.violation(); }
  [[nodiscard]] std::optional<Position> position() const;

 private:
  void start(Time now);
  template <Effect E>
  void ask(Request<E>&, Time now, const Note& note);
  template <Effect E>
  [[nodiscard]] typename E::reply perform(const E&);

  const SimulationOptions options_;
  std::unique_ptr<SimulatedProjection> projection_;
  SimulatedStore store_;
  WorldLog& log_;
  Oracle oracle_;
  Watched watched_{};
  PendingStep step_{};
  bool resting_{};
};

/// How a process of this world runs the projection. `owner`: its name, if it leads.
[[nodiscard]] ProjectionConfig config_of(const SimulationOptions&, const std::string& owner);

}  // namespace lantern::testing
