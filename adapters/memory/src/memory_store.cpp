#include "lantern/memory/memory_store.hpp"

#include <algorithm>
#include <cassert>

#include "bell.hpp"
#include "lantern/timestamp.hpp"
#include "log.hpp"
#include "projections.hpp"

namespace lantern {

struct MemoryDatabase::Parts {
  explicit Parts(MemoryOptions with) : clock(std::move(with.clock)), log(with.log) {}
  std::function<std::chrono::nanoseconds()> clock;
  detail::Log log;
  detail::Projections projections{clock};
  std::shared_ptr<detail::Bell> bell{std::make_shared<detail::Bell>()};
};

namespace {

std::chrono::nanoseconds system_time() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::system_clock::now().time_since_epoch());
}

}  // namespace

MemoryDatabase::MemoryDatabase(MemoryOptions options) {
  if (!options.clock) options.clock = system_time;
  parts_.reset(new Parts(std::move(options)));
}

MemoryDatabase::~MemoryDatabase() = default;

MemoryStore::MemoryStore(MemoryOptions options) : MemoryStore(std::make_shared<MemoryDatabase>(std::move(options))) {}

MemoryStore::MemoryStore(std::shared_ptr<MemoryDatabase> database) : database_(std::move(database)) {
  assert(database_ && "a store needs a database");
}

ReadEvents::reply MemoryStore::perform(const ReadEvents& asked) const { return database_->parts_->log.read(asked); }

ListStreams::reply MemoryStore::perform(const ListStreams& asked) const { return database_->parts_->log.list(asked); }
ReadStream::reply MemoryStore::perform(const ReadStream& asked) const { return database_->parts_->log.read(asked); }

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

// ---- what the projections do ----

LoadCheckpoint::reply MemoryStore::perform(const LoadCheckpoint& asked) const {
  return database_->parts_->projections.perform(asked);
}
LoadViews::reply MemoryStore::perform(const LoadViews& asked) const {
  return database_->parts_->projections.perform(asked);
}
GetView::reply MemoryStore::perform(const GetView& asked) const {
  return database_->parts_->projections.perform(asked);
}
ScanViews::reply MemoryStore::perform(const ScanViews& asked) const {
  return database_->parts_->projections.perform(asked);
}
ListGenerations::reply MemoryStore::perform(const ListGenerations& asked) const {
  return database_->parts_->projections.perform(asked);
}
SaveCheckpoint::reply MemoryStore::perform(const SaveCheckpoint& asked) {
  return database_->parts_->projections.perform(asked);
}
ReplaceView::reply MemoryStore::perform(const ReplaceView& asked) {
  return database_->parts_->projections.perform(asked);
}
BeginRebuild::reply MemoryStore::perform(const BeginRebuild& asked) {
  return database_->parts_->projections.perform(asked);
}
ActivateGeneration::reply MemoryStore::perform(const ActivateGeneration& asked) {
  return database_->parts_->projections.perform(asked);
}
RollBack::reply MemoryStore::perform(const RollBack& asked) { return database_->parts_->projections.perform(asked); }
FinalizeRebuild::reply MemoryStore::perform(const FinalizeRebuild& asked) {
  return database_->parts_->projections.perform(asked);
}
CancelRebuild::reply MemoryStore::perform(const CancelRebuild& asked) {
  return database_->parts_->projections.perform(asked);
}
AcquireLease::reply MemoryStore::perform(const AcquireLease& asked) {
  return database_->parts_->projections.perform(asked);
}
RenewLease::reply MemoryStore::perform(const RenewLease& asked) {
  return database_->parts_->projections.perform(asked);
}
ReleaseLease::reply MemoryStore::perform(const ReleaseLease& asked) {
  return database_->parts_->projections.perform(asked);
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
