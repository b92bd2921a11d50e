#include "lantern/memory/memory_store.hpp"

#include <algorithm>
#include <cassert>

#include "bell.hpp"
#include "lantern/timestamp.hpp"
#include "log.hpp"
#include "projections.hpp"

namespace lantern {

struct MemoryDatabase::Parts {
  std::function<std::chrono::nanoseconds()> clock;
  detail::Log log{};
  detail::Projections projections{};
  std::shared_ptr<detail::Bell> bell{std::make_shared<detail::Bell>()};
};

namespace {

std::chrono::nanoseconds system_time() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::system_clock::now().time_since_epoch());
}

}  // namespace

MemoryDatabase::MemoryDatabase(MemoryOptions options)
    : parts_(new Parts{options.clock ? std::move(options.clock) : system_time}) {}

MemoryDatabase::~MemoryDatabase() = default;

MemoryStore::MemoryStore(MemoryOptions options) : MemoryStore(std::make_shared<MemoryDatabase>(std::move(options))) {}

MemoryStore::MemoryStore(std::shared_ptr<MemoryDatabase> database) : database_(std::move(database)) {
  assert(database_ && "a store needs a database");
}

LoadCheckpoint::reply MemoryStore::perform(const LoadCheckpoint& asked) const {
  return database_->parts_->projections.load(asked);
}

ReadEvents::reply MemoryStore::perform(const ReadEvents& asked) const { return database_->parts_->log.read(asked); }

SaveCheckpoint::reply MemoryStore::perform(const SaveCheckpoint& asked) {
  return database_->parts_->projections.save(asked);
}

AppendEvents::reply MemoryStore::perform(const AppendEvents& asked) {
  auto& parts = *database_->parts_;
  std::string time;
  if (std::ranges::any_of(asked.events, [](const NewEvent& event) { return event.ts.empty(); })) {
    time = to_string(Timestamp(std::chrono::floor<std::chrono::microseconds>(parts.clock())));
  }
  auto appended = parts.log.append(asked, time);
  if (appended && appended->added > 0) parts.bell->ring();
  return appended;
}

AcquireLease::reply MemoryStore::perform(const AcquireLease& asked) {
  auto& parts = *database_->parts_;
  return parts.projections.acquire(asked, parts.clock());
}

RenewLease::reply MemoryStore::perform(const RenewLease& asked) {
  auto& parts = *database_->parts_;
  return parts.projections.renew(asked, parts.clock());
}

ReleaseLease::reply MemoryStore::perform(const ReleaseLease& asked) {
  return database_->parts_->projections.release(asked);
}

void MemoryStore::install(ProjectionId projection, Apply apply, Settle settle) {
  database_->parts_->projections.install(std::move(projection), std::move(apply), std::move(settle));
}

Subscription MemoryStore::on_append(std::function<void()> callback) {
  return database_->parts_->bell->subscribe(std::move(callback));
}

std::vector<QuarantineRecord> MemoryStore::quarantined(const ProjectionId& projection) const {
  return database_->parts_->projections.quarantined(projection);
}

std::optional<Position> MemoryStore::head() const { return database_->parts_->log.head(); }

}  // namespace lantern
