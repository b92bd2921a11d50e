// The store's door for generations.
#include "lantern/refuse_views.hpp"
#include "lantern/sqlite/sqlite_store.hpp"
#include "sqlite_parts.hpp"

namespace lantern {

using detail::Writer;

static_assert(GenerationStore<SqliteStore>);

// A run does not wait for the views that were dropped to be deleted: its lease could expire meanwhile.

BeginRebuild::reply SqliteStore::perform(const BeginRebuild& asked) {
  if (auto refused = refuse(asked)) return tl::unexpected(BeginRebuild::reply::error_type(*std::move(refused)));
  auto begun = parts_->write([&](Writer& writer) {
    const auto installed = writer.runners.find(asked.projection);
    return writer.rebuilder.begin(asked, writer.leases,
                                  installed == writer.runners.end() ? nullptr : installed->second.get());
  });
  if (begun) parts_->sweeper->wake();
  return begun;
}

ActivateGeneration::reply SqliteStore::perform(const ActivateGeneration& asked) {
  if (auto refused = refuse(asked)) return tl::unexpected(ActivateGeneration::reply::error_type(*std::move(refused)));
  auto activated = parts_->write([&](Writer& writer) { return writer.rebuilder.activate(asked, writer.leases); });
  if (activated) parts_->sweeper->wake();
  return activated;
}

ListGenerations::reply SqliteStore::perform(const ListGenerations& asked) const {
  if (auto refused = refuse(asked)) return tl::unexpected(*std::move(refused));
  return parts_->readers->with([&](detail::ReadConnection& connection) {
    return connection.views([&](detail::ViewReader& views) { return views.list(asked.projection); });
  });
}

RollBack::reply SqliteStore::perform(const RollBack& asked) {
  if (auto refused = refuse(asked)) return tl::unexpected(*std::move(refused));
  return parts_->write([&](Writer& writer) { return writer.rebuilder.roll_back(asked.projection); });
}

// An operator does wait: the program may end next, and the room in the file is what it is about.

namespace {

FinalizeRebuild::reply drop(detail::SqliteParts& parts, const ProjectionId& projection, GenerationState state) {
  auto dropped = parts.write([&](Writer& writer) { return writer.rebuilder.drop(projection, state); });
  if (!dropped) return dropped;
  parts.sweeper->wake();
  parts.sweeper->wait();
  return dropped;
}

}  // namespace

FinalizeRebuild::reply SqliteStore::perform(const FinalizeRebuild& asked) {
  if (auto refused = refuse(asked)) return tl::unexpected(*std::move(refused));
  return drop(*parts_, asked.projection, GenerationState::previous);
}

CancelRebuild::reply SqliteStore::perform(const CancelRebuild& asked) {
  if (auto refused = refuse(asked)) return tl::unexpected(*std::move(refused));
  return drop(*parts_, asked.projection, GenerationState::building);
}

}  // namespace lantern
