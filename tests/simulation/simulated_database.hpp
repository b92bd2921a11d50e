// The simulated store and log as a database with several projections, as the conformance suite sees one.
#pragma once

#include <algorithm>
#include <map>
#include <memory>
#include <mutex>
#include <vector>

#include "lantern/refuse_views.hpp"
#include "lantern/testing/conformance.hpp"
#include "lantern/testing/log_reader.hpp"
#include "lantern/testing/simulated_store.hpp"

namespace lantern::testing {

struct SimulatedDatabase {
  std::mutex mutex{};
  SimulatedLog log{};
  std::map<ProjectionId, SimulatedStore> stores{};
  std::chrono::nanoseconds now{std::chrono::hours(1)};
};

/// One connection. What spans projections, or comes from outside of a run, is done here; all else by the simulated
/// store.
class DatabaseStore {
 public:
  explicit DatabaseStore(std::shared_ptr<SimulatedDatabase> database) : database_(std::move(database)) {}

  ReadEvents::reply perform(const ReadEvents& asked) {
    const std::lock_guard lock(database_->mutex);
    return reader_.read(database_->log, asked);
  }
  template <Effect E>
  requires Performs<SimulatedStore, E>
  typename E::reply perform(const E& asked) {
    if constexpr (requires { refuse(asked); }) {
      if (auto wrong = refuse(asked)) return tl::unexpected(*std::move(wrong));
    }
    const std::lock_guard lock(database_->mutex);
    SimulatedStore& store = database_->stores[asked.projection];
    store.now = database_->now;
    auto reply = store.perform(asked);
    // No run looks at when a view was updated, so the simulated store does not keep it.
    if constexpr (std::same_as<E, LoadViews> || std::same_as<E, ScanViews>) {
      if (reply) std::ranges::for_each(reply->views, stamp);
    } else if constexpr (std::same_as<E, GetView>) {
      if (reply && reply->view) stamp(*reply->view);
    }
    return reply;
  }
  static void stamp(StoredView& view) { view.updated_at = "1970-01-01T00:00:00Z"; }

  SimulatedDatabase& database() { return *database_; }

 private:
  std::shared_ptr<SimulatedDatabase> database_;
  LogReader reader_{};
};

struct SimulatedDatabaseWorld {
  std::shared_ptr<SimulatedDatabase> shared = std::make_shared<SimulatedDatabase>();

  DatabaseStore open() { return DatabaseStore(shared); }
  void advance(std::chrono::nanoseconds by) {
    const std::lock_guard lock(shared->mutex);
    shared->now += by;
  }
  void add(DatabaseStore& store, std::vector<NewEvent> events) {
    const std::lock_guard lock(store.database().mutex);
    for (NewEvent& event : events) store.database().log.write(std::move(event));
  }
  void install(DatabaseStore& store, const ProjectionId& id) {
    const std::lock_guard lock(store.database().mutex);
    const auto refuse = [](const RecordedEvent& event) -> tl::expected<void, Failure> {
      if (event.type == "refused") return tl::unexpected(Failure(FailureKind::rejected, "refused"));
      return {};
    };
    store.database().stores.try_emplace(id, refuse);
  }
  std::vector<AppliedEvent> applied(DatabaseStore& store, const ProjectionId& id) {
    const std::lock_guard lock(store.database().mutex);
    const SimulatedStore& simulated = store.database().stores[id];
    std::vector<AppliedEvent> events;
    const auto* active = simulated.find(Generation{simulated.active()});
    for (const std::int64_t position : active ? active->ledger : std::vector<std::int64_t>{}) {
      for (const RecordedEvent& event : store.database().log.events()) {
        if (event.position.value == position) events.push_back({event.position, std::string(event.data)});
      }
    }
    return events;
  }
  std::vector<QuarantineRecord> quarantined(DatabaseStore& store, const ProjectionId& id) {
    const std::lock_guard lock(store.database().mutex);
    SimulatedStore& simulated = store.database().stores[id];
    std::vector<QuarantineRecord> records;
    if (const auto* active = simulated.find(Generation{simulated.active()})) {
      for (const auto& [place, record] : active->records) records.push_back(record);
    }
    return records;
  }
};

}  // namespace lantern::testing
