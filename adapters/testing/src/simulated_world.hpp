// One run of the simulation: who acts when, and what happens to what they ask.
#pragma once

#include <array>
#include <chrono>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

#include "digest.hpp"
#include "lantern/pipeline.hpp"
#include "lantern/testing/simulated_store.hpp"
#include "lantern/testing/simulated_subscriber.hpp"
#include "lantern/testing/simulation.hpp"
#include "neighbour.hpp"
#include "oracle.hpp"
#include "pending_step.hpp"
#include "world_broker.hpp"
#include "world_log.hpp"
#include "world_times.hpp"

namespace lantern::testing {

/// For a trace.
inline std::string to_string(Time at) { return std::to_string(at.count() / 1'000'000) + " ms"; }
template <class T>
std::string line_of(const T& value) {
  std::ostringstream out;
  out << value;
  return std::move(out).str();
}

/// A process that runs the projection, again and again.
struct Process {
  std::string name{};
  std::int64_t program{1};
  Time due{};  ///< when it acts next
  std::optional<Observer> observer{};
  std::optional<BrokerReader> reader{};
  PendingStep step{};               ///< absent: it is dead, and starts when it is due
  std::optional<AnyReply> reply{};  ///< what was performed, and is not told yet
  std::optional<Slept> slept{};     ///< the same of a sleep
  bool asleep{};                    ///< in a sleep that a hint may cut short
  bool gone{};                      ///< for good
  Time told{};                      ///< the latest instant that it was told
  Watched watched{};
  std::uint32_t turns{};   ///< calls that it made while the neighbour was at work, too
  std::uint32_t others{};  ///< calls that the neighbour made while it was at work itself
};

class World {
 public:
  World(const Scenario&, const SimulationOptions&, Choices&, const SimulationView&);
  SimulationReport run();

 private:
  /// A commit that is still on its way, though its process was told that nobody knows.
  struct Late {
    Time due{};
    SaveCheckpoint commit{};
  };
  /// Who can act: a process, the producers, or a commit on its way.
  struct Actor {
    Time due{};
    std::size_t number{};
  };

  // phases
  void safety();
  void liveness();
  void heal();
  void write_unheard();
  [[nodiscard]] Time patience() const;
  [[nodiscard]] Time for_each_event() const;

  // who is next
  void tick();
  template <class Each>
  void for_each_actor(const Each& each) const;
  [[nodiscard]] Actor next_actor();
  [[nodiscard]] Actor in_turn(std::uint32_t place) const;
  void act(const Actor&);
  void explain(std::size_t line, const Actor&);
  void produce();
  void arrive(Late);
  void act_beside();
  [[nodiscard]] Time answered();
  [[nodiscard]] bool is_at_work(Process&) const;
  [[nodiscard]] bool is_followed() const;
  void count_turn(Process*);

  // processes
  void act(Process&);
  void start(Process&);
  void crash(Process&);
  void deliver(Process&);
  void wake(Process&);
  void finish(Process&, const Finished&);
  template <Effect E>
  void ask(Process&, Request<E>&);
  template <Effect E>
  [[nodiscard]] std::optional<typename E::reply> happen(Process&, const E&, Fault);
  template <Effect E>
  [[nodiscard]] typename E::reply perform(Process&, const E&);
  [[nodiscard]] bool is_in_doubt(const SaveCheckpoint&, Fault);
  [[nodiscard]] ReadEvents::reply read(Process&, const ReadEvents&);
  template <Effect E>
  void tell_broker(Process&, const E&, const typename E::reply&);
  void spoil_page(Process&, EventPage&, const ReadEvents& asked);
  template <Effect E>
  [[nodiscard]] Fault fault_for();
  void send_wrong_replies(Process&);
  [[nodiscard]] Time told_to(Process&, Fault);

  void jump_clock();

  // followers
  void note_changes(Generation);
  void follow();
  void settle_followers();

  void note(const Process&, const std::string&);

  const SimulationOptions options_;
  Choices& choices_;
  const bool traced_;
  std::vector<NewEvent> events_;  ///< of a run that is traced; else the log's alone
  std::size_t event_count_;
  std::unique_ptr<SimulatedProjection> projection_;
  const ProjectionConfig config_;  ///< of each process, but for its name
  SimulatedStore store_;
  WorldLog log_;
  Oracle oracle_;
  std::optional<WorldBroker> broker_{};
  std::unique_ptr<Neighbour> neighbour_{};
  Time store_free_{};  ///< where two projections call the store, it answers one call at a time
  std::vector<Process> processes_{};
  std::vector<Late> late_{};
  ViewHistory history_{};
  std::map<std::int64_t, std::size_t> noted_{};  ///< changes of each generation that are in the history
  std::vector<SimulatedSubscriber> subscribers_{};
  Time producers_due_{};
  Time now_{};
  Time clock_skew_{};
  bool healed_{};
  Time healed_at_{};
  bool catching_up_{};
  bool ending_{};
  std::uint64_t reads_{};
  std::array<std::uint32_t, FaultCounts::effects> fault_ways_{};  ///< of each effect; 0: not counted yet
  std::uint32_t fault_among_all_{};
  std::string last_failure_{};  ///< of a run, after all was healed
  Digest digest_{};
  SimulationReport report_{};
};

}  // namespace lantern::testing
