// A database in memory, as the conformance suite sees it.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <vector>

#include "lantern/memory/memory_store.hpp"
#include "lantern/testing/conformance.hpp"

namespace lantern {

struct MemoryWorld {
  /// The table that the installed statements fill: rows count once their commit does.
  struct Table {
    std::mutex mutex{};
    std::vector<AppliedEvent> rows{}, pending{};
  };

  std::shared_ptr<std::atomic<std::int64_t>> now =
      std::make_shared<std::atomic<std::int64_t>>(1'700'000'000'000'000'000);
  std::shared_ptr<MemoryDatabase> database = std::make_shared<MemoryDatabase>(
      MemoryOptions{.clock = [now = now] { return std::chrono::nanoseconds(*now); }, .log = LogIdentity{42}});
  std::shared_ptr<Table> table = std::make_shared<Table>();

  MemoryStore open() { return MemoryStore(database); }
  void advance(std::chrono::nanoseconds by) { *now += by.count(); }

  void install(MemoryStore& store, const ProjectionId& id) {
    store.install(
        id,
        [table = table](const RecordedEvent& event) -> tl::expected<void, Failure> {
          if (event.type == "refused") return tl::unexpected(Failure(FailureKind::rejected, "refused"));
          table->pending.push_back({event.position, std::string(event.data)});
          return {};
        },
        [table = table](bool stored) {
          const std::lock_guard lock(table->mutex);
          if (stored) table->rows.insert(table->rows.end(), table->pending.begin(), table->pending.end());
          table->pending.clear();
        });
  }
  std::vector<AppliedEvent> applied(MemoryStore&, const ProjectionId&) {
    const std::lock_guard lock(table->mutex);
    return table->rows;
  }
  std::vector<QuarantineRecord> quarantined(MemoryStore& store, const ProjectionId& id) {
    return store.quarantined(id);
  }
};

}  // namespace lantern
