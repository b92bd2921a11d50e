// What is known of a run while it goes on: for the progress display, for `--json`, and for `lantern status`.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <string>

#include "lantern/error.hpp"
#include "lantern/observer.hpp"
#include "lantern/sqlite/projection_status.hpp"
#include "terminal.hpp"

namespace lantern::cli {

/// Where the words of a run go. Called from the run's thread.
struct WatchSink {
  std::function<void(const std::string& json)> line{};     ///< one JSON object; empty: not wanted
  std::function<void(Generation, const RunNote&)> note{};  ///< to be stored for `lantern status`
};

/// Watches one run. The observer and `finished` are for the run's thread; `progress` may be called from another.
class Watch {
 public:
  /// `follows` says that the run goes on at the head.
  Watch(std::string name, bool follows, WatchSink sink);
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;

  /// Attach this to the run.
  [[nodiscard]] Observer& observer() noexcept { return observer_; }
  /// The run is over.
  void finished(const Finished& how);

  /// For the display, at most a few times a second.
  [[nodiscard]] Progress progress(RateMeter::Clock::time_point now);
  [[nodiscard]] std::chrono::nanoseconds elapsed() const { return RateMeter::Clock::now() - began_; }

  // ---- once the run is over ----
  /// It filled a generation that is not switched to.
  [[nodiscard]] bool rebuilding() const noexcept { return rebuilding_; }
  /// It filled a generation, and switched to it.
  [[nodiscard]] bool switched() const noexcept { return switched_; }

 private:
  using Clock = RateMeter::Clock;

  void see(const Happening&);
  void see(const happening::Started&);
  void see(const happening::PageRead&);
  void see(const happening::EventFailed&);
  void see(const happening::RetryScheduled&);
  void see(const happening::Quarantined&);
  void see(const happening::Committed&);
  void see(const happening::CaughtUp&);
  void see(const happening::StoreFailed&);
  void see(const happening::LeaseGained&);
  void see(const happening::LeaseLost&);
  void see(const happening::StandingBy&);
  void see(const happening::PublishFailed&);
  void see(const happening::ViewsReloaded&);
  void see(const happening::RebuildBegun&);
  void see(const happening::Activated&);
  void see(const happening::StreamsListed&);
  void see(const happening::StreamRead&);
  void see(const happening::StreamSetAside&);

  void state(std::string word);
  void write_note();

  const std::string name_;
  const bool follows_;
  const WatchSink sink_;
  Observer observer_;
  const Clock::time_point began_ = Clock::now();

  // Used by the run's thread only.
  RunNote note_{};
  Generation generation_{};  // which the note is about
  bool note_is_old_{}, rebuilding_{}, switched_{};
  Clock::time_point told_{}, noted_{};
  std::optional<Position> caught_up_{};

  mutable std::mutex mutex_{};  // guards what follows
  std::int64_t start_{}, position_{}, head_{};
  std::uint64_t applied_{}, quarantined_{};
  std::string doing_{"starting"};
  RateMeter rate_{};
};

}  // namespace lantern::cli
