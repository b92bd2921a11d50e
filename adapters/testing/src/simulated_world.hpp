// One run of the simulation: who acts when, and what happens to what they ask.
#pragma once

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
#include "oracle.hpp"
#include "world_log.hpp"

namespace lantern::testing {

using Time = std::chrono::nanoseconds;  ///< virtual; since the world began

/// How long things take.
inline constexpr Time call{std::chrono::milliseconds(1)};             // how long an effect usually takes
inline constexpr Time restart{std::chrono::milliseconds(10)};         // after a crash
inline constexpr Time between_events{std::chrono::milliseconds(20)};  // of the producers
inline constexpr Time upgrade_at{std::chrono::milliseconds(120)};
inline constexpr Time standby_interval{std::chrono::seconds(1)};

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
  Time due{};                       ///< when it acts next
  std::optional<Step> step{};       ///< absent: it is dead, and starts when it is due
  std::optional<AnyReply> reply{};  ///< what was performed, and is not told yet
  std::optional<Slept> slept{};     ///< the same of a sleep
  bool asleep{};                    ///< in a sleep that a hint may cut short
  bool gone{};                      ///< for good
  Time told{};                      ///< the latest instant that it was told
  Watched watched{};
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
  [[nodiscard]] Time patience() const;

  // who is next
  void tick();
  template <class Each>
  void for_each_actor(const Each& each) const;
  [[nodiscard]] Actor next_actor();
  void act(const Actor&);
  void explain(std::size_t line, const Actor&);
  void produce();
  void arrive(Late);

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
  [[nodiscard]] std::optional<typename E::reply> happen(const E&, Fault);
  template <Effect E>
  [[nodiscard]] typename E::reply perform(const E&);
  template <Effect E>
  [[nodiscard]] Fault fault_for();
  void send_wrong_replies(Process&);
  [[nodiscard]] Time told_to(Process&, Fault);

  [[nodiscard]] ProjectionConfig config_of(const Process&) const;
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
  SimulatedStore store_;
  WorldLog log_;
  Oracle oracle_;
  std::vector<Process> processes_{};
  std::vector<Late> late_{};
  ViewHistory history_{};
  std::map<std::int64_t, std::size_t> noted_{};  ///< changes of each generation that are in the history
  std::vector<SimulatedSubscriber> subscribers_{};
  Time producers_due_{};
  Time now_{};
  Time clock_skew_{};
  bool healed_{};
  bool ending_{};
  std::uint64_t reads_{};
  std::uint32_t fault_among_all_{};
  std::string last_failure_{};  ///< of a run, after all was healed
  Digest digest_{};
  SimulationReport report_{};
};

}  // namespace lantern::testing
