// The code that docs/guide-custom-store.md shows and no example holds: a store that keeps the whole contract, and the
// suite that says so.
#include <algorithm>
#include <iostream>
#include <map>
#include <mutex>

#include "lantern/blocking/run_projection_blocking.hpp"
#include "lantern/names.hpp"
#include "lantern/testing/conformance.hpp"
#include "lantern/traced.hpp"

using namespace lantern;

// What all stores on one journal share.
struct Journal {
  std::mutex mutex;
  std::vector<NewEvent> events;          // the position of an event is its index + 1
  std::vector<std::int64_t> version_of;  // of each event, in its stream
  std::map<std::string, std::int64_t> last_version;
  std::map<ProjectionId, Checkpoint> checkpoints;
  std::map<std::pair<ProjectionId, Position>, QuarantineRecord> quarantine;
};

class JournalStore {
 public:
  explicit JournalStore(std::shared_ptr<Journal> journal) : journal_(std::move(journal)) {}

  LoadCheckpoint::reply perform(const LoadCheckpoint& asked) {
    if (auto bad = bad_name(asked.projection)) return tl::unexpected(*std::move(bad));
    std::scoped_lock lock(journal_->mutex);
    const auto found = journal_->checkpoints.find(asked.projection);
    return found != journal_->checkpoints.end() ? std::optional(found->second) : std::nullopt;
  }

  ReadEvents::reply perform(const ReadEvents& asked) {
    if (asked.limit == 0) return tl::unexpected(Failure(FailureKind::invalid, "a page of no events makes no sense"));
    std::scoped_lock lock(journal_->mutex);
    const std::int64_t head = size();
    EventPage page;
    page.scanned_to = asked.after;
    if (head > 0) page.head = Position{head};
    for (auto at = std::max<std::int64_t>(asked.after.value_or(Position{0}).value, 0); at < head; ++at) {
      const RecordedEvent event = recorded(at + 1);
      if (asked.filter.matches(event)) {
        const bool full = page.size() == asked.limit || page.bytes() + size_in_bytes(event) > asked.byte_limit;
        if (full && !page.empty()) break;
        page.add(event);
      }
      page.scanned_to = event.position;
    }
    return page;
  }

  SaveCheckpoint::reply perform(const SaveCheckpoint& asked) {
    if (auto wrong = nonsense(asked)) return tl::unexpected(*std::move(wrong));
    std::scoped_lock lock(journal_->mutex);
    const auto found = journal_->checkpoints.find(asked.projection);
    const Checkpoint stored = found != journal_->checkpoints.end() ? found->second : Checkpoint{{}, asked.generation};
    const bool moves = asked.through.has_value();
    if (moves && (stored.position != asked.from || stored.generation != asked.generation)) {
      return tl::unexpected(CheckpointMoved{stored.position});
    }
    for (const auto& record : asked.quarantined) journal_->quarantine[{asked.projection, record.position}] = record;
    if (moves) journal_->checkpoints[asked.projection] = {asked.through, asked.generation};
    return Saved{};
  }

  void add(std::vector<NewEvent> events) {
    std::scoped_lock lock(journal_->mutex);
    for (auto& event : events) {
      journal_->version_of.push_back(++journal_->last_version[event.stream]);
      journal_->events.push_back(std::move(event));
    }
  }

 private:
  static std::optional<Failure> bad_name(const ProjectionId& id) {
    if (auto refused = refuse_name("projection", id.name)) return refused;
    return id.tenant.empty() ? std::nullopt : refuse_name("tenant", id.tenant);
  }

  static std::optional<Failure> nonsense(const SaveCheckpoint& asked) {
    if (auto bad = bad_name(asked.projection)) return bad;
    if (asked.through < asked.from) return Failure(FailureKind::invalid, "a checkpoint never goes back");
    if (asked.writes.size() > 0) return Failure(FailureKind::unsupported, "a journal runs nobody's statements");
    return std::nullopt;
  }

  std::int64_t size() const { return static_cast<std::int64_t>(journal_->events.size()); }

  RecordedEvent recorded(std::int64_t at) const {
    const auto index = static_cast<std::size_t>(at - 1);
    const NewEvent& event = journal_->events[index];
    return {.position = Position{at},
            .stream = event.stream,
            .version = journal_->version_of[index],
            .type = event.type,
            .schema_version = event.schema_version,
            .data = event.data,
            .id = event.id,
            .meta = event.meta,
            .ts = event.ts};
  }

  std::shared_ptr<Journal> journal_;
};

// ---- the suite ----

struct JournalWorld {
  std::shared_ptr<Journal> journal = std::make_shared<Journal>();

  JournalStore open() { return JournalStore(journal); }
  void add(JournalStore& store, std::vector<NewEvent> events) { store.add(std::move(events)); }
};

int check_contracts() {
  int broken = 0;
  for (const auto& contract : conformance_suite<JournalWorld>()) {
    if (const auto kept = contract.check(); !kept) {
      std::cerr << kept.error() << '\n';
      ++broken;
    }
  }
  return broken;
}

// ---- driving it ----

struct Visits {
  std::map<std::string, int> of_page;

  std::string name() const { return "visits"; }
  void apply(const lantern::RecordedEvent& event, lantern::Position) { ++of_page[std::string(event.stream)]; }
};

bool one_runner() {
  JournalStore store(std::make_shared<Journal>());
  store.add({{.stream = "/home", .type = "Visited"}});
  Visits visits;
  Unguarded alone(store);
  const Finished finished = run_projection_blocking(visits, alone);
  return finished && visits.of_page.at("/home") == 1;
}

bool traced() {
  JournalStore store(std::make_shared<Journal>());
  Visits visits;
  Unguarded alone(store);
  Traced told(alone, [](const std::string& line) { std::clog << line << '\n'; });
  return run_projection_blocking(visits, told).has_value();
}

int main() { return check_contracts() == 0 && one_runner() && traced() ? 0 : 1; }
