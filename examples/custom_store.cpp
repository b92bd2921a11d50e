// Embedding: a store of your own and a loop of your own. Needs lantern::core, and nothing else.
//
// A warehouse already keeps its movements in a vector. Its stock is derived from them, in a commit that is all or
// nothing, so every movement counts once, even when the program dies between any two lines.
#include <algorithm>
#include <charconv>
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
    page.scanned_to = asked.after;
    if (!movements.empty()) page.head = position_of(movements.size() - 1);
    const auto first = std::max<std::int64_t>(asked.after.value_or(Position{0}).value, 0);
    for (auto next = static_cast<std::size_t>(first); next < movements.size(); ++next) {
      const std::string pieces = std::to_string(movements[next].pieces);
      const RecordedEvent event{
          .position = position_of(next), .stream = movements[next].article, .type = "Moved", .data = pieces};
      if (asked.filter.matches(event)) {
        const bool full = page.size() == asked.limit || page.bytes() + size_in_bytes(event) > asked.byte_limit;
        if (full && !page.empty()) break;
        page.add(event);
      }
      page.scanned_to = event.position;
    }
    return page;
  }

  // All or nothing: everything is prepared on the side, and three assignments that cannot fail make it true.
  SaveCheckpoint::reply perform(const SaveCheckpoint& asked) {
    if (asked.through < asked.from) {
      return tl::unexpected(Failure(FailureKind::invalid, "a checkpoint never goes back"));
    }
    const bool moves = asked.through.has_value();  // else it stores records alone, and is about no checkpoint
    const Checkpoint stored = checkpoint_.value_or(Checkpoint{{}, asked.generation});
    if (moves && stored != Checkpoint{asked.from, asked.generation}) {
      return tl::unexpected(CheckpointMoved{stored.position});
    }
    auto changed = stock;
    std::size_t index = 0;
    for (const auto& events : asked.writes.runs) {
      for (const RecordedEvent& event : events) {
        int pieces{};
        const char* const end = event.data.data() + event.data.size();
        const auto [stop, error] = std::from_chars(event.data.data(), end, pieces);
        if (error != std::errc() || stop != end) {
          return tl::unexpected(WriteFailed{index, Failure(FailureKind::rejected, "not a number of pieces")});
        }
        changed[std::string(event.stream)] += pieces;
        ++index;
      }
    }
    auto records = quarantine_;
    for (const auto& record : asked.quarantined) records.insert_or_assign(record.position, record);

    stock.swap(changed);
    quarantine_.swap(records);
    if (moves) checkpoint_ = Checkpoint{asked.through, asked.generation};
    return Saved{};
  }

  // A batch run over a vector has nothing to wait for.
  Sleep::reply perform(const Sleep&) { return Slept::through; }

 private:
  static Position position_of(std::size_t index) { return {static_cast<std::int64_t>(index) + 1}; }

  std::optional<Checkpoint> checkpoint_;  // of the one projection there is
  std::map<Position, QuarantineRecord> quarantine_;
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
