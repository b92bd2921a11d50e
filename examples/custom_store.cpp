// Embedding: a store of your own and a loop of your own. Needs lantern::core, and nothing else.
//
// A warehouse already keeps its movements in a vector. Its stock is derived from them, in a commit that is all or
// nothing, so every movement counts once, even when the program dies between any two lines.
#include <iostream>
#include <map>

#include "lantern/pipeline.hpp"
#include "lantern/store.hpp"

using namespace lantern;

// ---- the projection: its events are applied by the store, inside of the commit ----

struct Stock {
  static constexpr bool applied_by_store = true;
  std::string name() const { return "stock"; }
};

// ---- the store: one `perform` per effect ----

struct Movement {
  std::string article;
  int pieces;
};

class Warehouse {
 public:
  std::vector<Movement> movements;   // the log: the position of an event is its index + 1
  std::map<std::string, int> stock;  // the read model

  LoadCheckpoint::reply perform(const LoadCheckpoint&) { return checkpoint_; }

  ReadEvents::reply perform(const ReadEvents& asked) {
    if (asked.limit == 0) return tl::unexpected(Failure(FailureKind::invalid, "a page of no events makes no sense"));
    EventPage page;
    auto next = static_cast<std::size_t>(asked.after.value_or(Position{0}).value);
    for (; next < movements.size() && page.size() < asked.limit; ++next) {
      const Movement& moved = movements[next];
      const std::string pieces = std::to_string(moved.pieces);
      page.add({.position = position_of(next), .stream = moved.article, .type = "Moved", .data = pieces});
    }
    if (next > 0) page.scanned_to = position_of(next - 1);
    if (!movements.empty()) page.head = position_of(movements.size() - 1);
    return page;
  }

  // All or nothing: everything is prepared on the side, and three assignments that cannot fail make it true.
  SaveCheckpoint::reply perform(const SaveCheckpoint& asked) {
    const auto stored = checkpoint_ ? checkpoint_->position : std::nullopt;
    if (stored != asked.from) return tl::unexpected(CheckpointMoved{stored});
    auto changed = stock;
    for (const auto& events : asked.writes.runs) {
      for (const RecordedEvent& event : events)
        changed[std::string(event.stream)] += std::stoi(std::string(event.data));
    }
    auto records = quarantine_;
    records.insert(records.end(), asked.quarantined.begin(), asked.quarantined.end());

    stock.swap(changed);
    quarantine_.swap(records);
    if (asked.through) checkpoint_ = Checkpoint{asked.through, asked.generation};
    return Saved{};
  }

  // A batch run over a vector has nothing to wait for.
  Sleep::reply perform(const Sleep&) { return Slept::through; }

 private:
  static Position position_of(std::size_t index) { return {static_cast<std::int64_t>(index) + 1}; }

  std::optional<Checkpoint> checkpoint_;
  std::vector<QuarantineRecord> quarantine_;
};

// ---- the loop ----

Instant now() { return Instant(std::chrono::steady_clock::now().time_since_epoch()); }

Finished run(ProjectionPipeline& pipeline, Unguarded<Warehouse> store) {
  Step step = pipeline.start(now());
  while (!step.finished()) {
    step = std::move(step).visit([&](auto request) {
      auto reply = perform(store, request.effect());
      return std::move(request).answer(std::move(reply), now());
    });
  }
  return *step.finished();
}

// ---- a day at the warehouse ----

void catch_up(Warehouse& warehouse) {
  Stock stock;
  ProjectionPipeline pipeline(stock, ProjectionConfig().page_limit(2));
  const Finished finished = run(pipeline, Unguarded(warehouse));
  if (finished) std::cout << *finished << '\n';
  else std::cout << finished.error().message() << '\n';
}

// Runs until the commit is about to be asked for, and is gone. A dropped step is an abandoned run.
void crash_before_the_first_commit(Warehouse& warehouse) {
  Stock stock;
  ProjectionPipeline pipeline(stock, {});
  Step step = pipeline.start(now());
  while (!step.asks<SaveCheckpoint>()) {
    step = std::move(step).visit([&](auto request) {
      Unguarded store(warehouse);
      auto reply = perform(store, request.effect());
      return std::move(request).answer(std::move(reply), now());
    });
  }
  std::cout << "crash before " << step << '\n';
}

int main() {
  Warehouse warehouse;
  warehouse.movements = {{"apple", 10}, {"pear", 4}, {"apple", -3}};
  crash_before_the_first_commit(warehouse);
  catch_up(warehouse);
  warehouse.movements.push_back({"pear", 6});
  catch_up(warehouse);
  for (const auto& [article, pieces] : warehouse.stock) std::cout << article << ": " << pieces << '\n';
}
