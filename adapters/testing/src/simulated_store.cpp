#include "lantern/testing/simulated_store.hpp"

#include <algorithm>

#include "lantern/refuse_views.hpp"

namespace lantern::testing {

const SimulatedStore::Stock* SimulatedStore::find(Generation generation) const noexcept {
  const auto found = generations_.find(generation.value);
  return found == generations_.end() ? nullptr : &found->second;
}

bool SimulatedStore::stale(const std::optional<Fence>& fence, Role role) const noexcept {
  return fence && *fence != held(role).fence;
}

// ---- checkpoints and commits ----

LoadCheckpoint::reply SimulatedStore::perform(const LoadCheckpoint& asked) const {
  const Generation which = asked.generation.value_or(Generation{active_});
  const Stock* stock = find(which);
  if (!stock) return std::nullopt;
  return Checkpoint{stock->position, which, stock->revision, stock->version, {}, stock->log};
}

std::optional<SaveError> SimulatedStore::refuses(const SaveCheckpoint& asked) {
  if (auto wrong = refuse(asked)) return *std::move(wrong);
  const std::int64_t to = asked.generation.value;
  const bool first = active_ == 0 && to == 1;
  if (to <= 0 || (!first && to != active_ && to != building_)) return GenerationMoved{Generation{active_}};
  const Role role = to == building_ ? Role::rebuild : Role::live;
  if (stale(asked.fence, role)) return LostLeadership{held(role).owner};
  if (!asked.from && !asked.through) return std::nullopt;  // records alone
  const Stock* stock = find(asked.generation);
  const auto position = stock ? stock->position : std::nullopt;
  if (asked.from != position) return CheckpointMoved{position};
  const Revision revision = stock ? stock->revision : Revision{};
  if (asked.revision != revision) return ViewsReplaced{revision};
  if (asked.writes.size() == 0) return std::nullopt;
  if (!write_) return Failure(FailureKind::invalid, "this store has no statements for the projection");
  std::size_t index = 0;
  for (const auto& run : asked.writes.runs) {
    for (const RecordedEvent& event : run) {
      if (auto written = write_(event); !written) return WriteFailed{index, std::move(written.error())};
      ++index;
    }
  }
  return std::nullopt;
}

std::size_t SimulatedStore::rows_of(const SaveCheckpoint& asked) noexcept {
  return asked.writes.size() + asked.views.size() + asked.quarantined.size() + 1;
}

void SimulatedStore::write_rows(Stock& stock, const SaveCheckpoint& asked, std::size_t rows, Undo* undo) {
  std::size_t written = 0;
  const auto goes_on = [&] { return written++ < rows; };
  if (undo) *undo = Undo{stock.position, stock.version, stock.log, {}, {}, stock.ledger.size()};
  for (const auto& run : asked.writes.runs) {
    for (const RecordedEvent& event : run) {
      if (!goes_on()) return;
      stock.ledger.push_back(event.position.value);
    }
  }
  for (const StoredView& view : asked.views) {
    if (!goes_on()) return;
    const auto found = stock.views.find(view.key);
    if (undo) {
      undo->views.emplace_back(view.key, found == stock.views.end() ? std::nullopt : std::optional(found->second));
    }
    if (found == stock.views.end()) stock.views.emplace(view.key, view);
    else found->second = view;
  }
  for (const QuarantineRecord& record : asked.quarantined) {
    if (!goes_on()) return;
    const auto [at, added] = stock.records.try_emplace({record.position.value, record.key}, record);
    if (undo && added) undo->records.push_back(at->first);
  }
  if (!goes_on() || (!asked.from && !asked.through)) return;
  stock.position = asked.through;
  stock.version = asked.version;
  if (asked.log) stock.log = asked.log;
}

void SimulatedStore::recover(Stock& stock, Undo&& undo) {
  stock.position = undo.position;
  stock.version = undo.version;
  stock.log = undo.log;
  stock.ledger.resize(undo.ledger);
  for (auto& [key, before] : undo.views) {
    if (before) stock.views.insert_or_assign(key, *std::move(before));
    else stock.views.erase(key);
  }
  for (const RecordId& id : undo.records) stock.records.erase(id);
}

SaveCheckpoint::reply SimulatedStore::perform(const SaveCheckpoint& asked) {
  if (auto why = refuses(asked)) return tl::unexpected(*std::move(why));
  if (active_ == 0) active_ = greatest_ = 1;
  write_rows(generations_[asked.generation.value], asked, rows_of(asked), nullptr);
  if (asked.generation.value != building_) return Saved{};
  return Saved{generations_.at(active_).position};
}

bool SimulatedStore::lose_power_during(const SaveCheckpoint& asked, std::size_t rows) {
  if (refuses(asked)) return false;
  const bool known = find(asked.generation) != nullptr;
  Stock& stock = generations_[asked.generation.value];
  Undo undo;
  write_rows(stock, asked, rows, &undo);
  if (rows >= rows_of(asked)) {
    if (active_ == 0) active_ = greatest_ = 1;
    return true;
  }
  recover(stock, std::move(undo));
  if (!known) generations_.erase(asked.generation.value);
  return false;
}

// ---- views ----

LoadViews::reply SimulatedStore::perform(const LoadViews& asked) const {
  LoadedViews found;
  const Stock* stock = find(asked.generation);
  if (!stock) return found;
  for (const std::string& key : asked.keys) {
    if (const auto view = stock->views.find(key); view != stock->views.end()) found.views.push_back(view->second);
    for (const auto& [id, record] : stock->records) {
      if (id.second != key) continue;
      found.parked.push_back(key);
      break;
    }
  }
  return found;
}

GetView::reply SimulatedStore::perform(const GetView& asked) const {
  const Generation which = asked.generation.value_or(readers_see());
  GetView::Answer answer{{}, {which, {}, {}}};
  const Stock* stock = find(which);
  if (!stock) return answer;
  answer.as_of.position = stock->position;
  answer.as_of.revision = stock->revision;
  const auto view = stock->views.find(asked.key);
  if (view != stock->views.end() && view->second.state) answer.view = view->second;
  return answer;
}

ScanViews::reply SimulatedStore::perform(const ScanViews& asked) const {
  if (asked.where) return tl::unexpected(Failure(FailureKind::unsupported, "the simulated store reads no states"));
  const Generation which = asked.generation.value_or(readers_see());
  ScanViews::Page page;
  page.as_of.generation = which;
  const Stock* stock = find(which);
  if (!stock) return page;
  page.as_of = {which, stock->position, stock->revision};
  std::uint64_t bytes = 0;
  for (const auto& [key, view] : stock->views) {
    if (!view.state || !key.starts_with(asked.prefix) || (asked.after && key <= *asked.after)) continue;
    page.more = page.views.size() == asked.limit || (bytes >= asked.byte_limit && !page.views.empty());
    if (page.more) break;
    page.views.push_back(view);
    bytes += view.state->size();
  }
  return page;
}

ReplaceView::reply SimulatedStore::perform(const ReplaceView& asked) {
  if (asked.generation != readers_see()) {
    return tl::unexpected(Failure(FailureKind::invalid, "this generation is not active"));
  }
  const Stock* known = find(asked.generation);
  const auto position = known ? known->position : std::nullopt;
  if (position != asked.through) return tl::unexpected(CheckpointMoved{position});
  if (active_ == 0) active_ = greatest_ = 1;
  Stock& stock = generations_[active_];
  ++stock.revision.value;
  stock.views.insert_or_assign(
      asked.key,
      StoredView{asked.key, asked.state, asked.version, stock.revision, asked.position, asked.schema_version, {}});
  std::erase_if(stock.records, [&](const auto& one) { return one.first.second == asked.key; });
  return ReplaceView::Replaced{{asked.generation, stock.revision, asked.version}};
}

// ---- leases ----

AcquireLease::reply SimulatedStore::perform(const AcquireLease& asked) {
  using Refusal = std::variant<LeaseHeld, Failure>;
  if (auto wrong = refuse(asked)) return tl::unexpected(Refusal(*std::move(wrong)));
  Held& lease = held(asked.role);
  if (!lease.owner.empty() && lease.owner != asked.owner && !is_over(now, lease.expires, lease.ttl)) {
    return tl::unexpected(Refusal(LeaseHeld{lease.owner, lease.expires - now}));
  }
  lease = {asked.owner, Fence{++fence_.value}, expiry(now, asked.ttl), asked.ttl};
  return Lease{lease.owner, lease.fence};
}

RenewLease::reply SimulatedStore::perform(const RenewLease& asked) {
  using Refusal = std::variant<LostLeadership, Failure>;
  if (auto wrong = refuse(asked)) return tl::unexpected(Refusal(*std::move(wrong)));
  Held& lease = held(asked.role);
  if (lease.fence != asked.lease.fence || lease.owner != asked.lease.owner) {
    return tl::unexpected(Refusal(LostLeadership{lease.owner}));
  }
  lease.expires = expiry(now, asked.ttl);
  lease.ttl = asked.ttl;
  return asked.lease;
}

ReleaseLease::reply SimulatedStore::perform(const ReleaseLease& asked) {
  Held& lease = held(asked.role);
  if (lease.fence == asked.lease.fence) lease = {};
  return ReleaseLease::Released{};
}

}  // namespace lantern::testing
