#include "lantern/testing/simulated_store.hpp"

#include <algorithm>

#include "lantern/refuse_views.hpp"

namespace lantern::testing {

const SimulatedStore::Stock* SimulatedStore::find(Generation generation) const noexcept {
  const auto found = generations_.find(generation.value);
  return found == generations_.end() ? nullptr : &found->second;
}

SimulatedStore::Stock* SimulatedStore::find_to_spoil(Generation generation) noexcept {
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
  return Checkpoint{stock->position, which, stock->revision, stock->version};
}

std::optional<SaveError> SimulatedStore::refuses(const SaveCheckpoint& asked) {
  if (auto wrong = refuse(asked)) return *std::move(wrong);
  const std::int64_t to = asked.generation.value;
  const bool first = active_ == 0 && to == 1;
  if (!first && to != active_ && to != building_) return GenerationMoved{Generation{active_}};
  const Role role = to == building_ ? Role::rebuild : Role::live;
  if (stale(asked.fence, role)) return LostLeadership{held(role).owner};
  if (!asked.from && !asked.through) return std::nullopt;  // records alone
  const Stock* stock = find(asked.generation);
  const auto position = stock ? stock->position : std::nullopt;
  if (asked.from != position) return CheckpointMoved{position};
  const Revision revision = stock ? stock->revision : Revision{};
  if (asked.revision != revision) return ViewsReplaced{revision};
  if (!write_) return std::nullopt;
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
  if (undo) *undo = Undo{stock.position, stock.version, {}, {}, stock.ledger.size()};
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
}

void SimulatedStore::recover(Stock& stock, Undo&& undo) {
  stock.position = undo.position;
  stock.version = undo.version;
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
  ++commits_;
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
    ++commits_;
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
  const Generation which = asked.generation.value_or(Generation{active_});
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
  const Generation which = asked.generation.value_or(Generation{active_});
  ScanViews::Page page;
  page.as_of.generation = which;
  const Stock* stock = find(which);
  if (!stock) return page;
  page.as_of = {which, stock->position, stock->revision};
  for (const auto& [key, view] : stock->views) {
    if (!view.state || !key.starts_with(asked.prefix) || (asked.after && key <= *asked.after)) continue;
    if (page.views.size() == asked.limit) {
      page.more = true;
      break;
    }
    page.views.push_back(view);
  }
  return page;
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

// ---- generations ----

BeginRebuild::reply SimulatedStore::perform(const BeginRebuild& asked) {
  using Refusal = std::variant<LostLeadership, Failure>;
  if (stale(asked.fence, Role::rebuild)) return tl::unexpected(Refusal(LostLeadership{held(Role::rebuild).owner}));
  if (active_ == 0) {
    return tl::unexpected(Refusal(Failure(FailureKind::invalid, "this projection has nothing to rebuild yet")));
  }
  if (building_ != 0 && generations_.at(building_).version != asked.version) {
    generations_.erase(std::exchange(building_, 0));
  }
  if (building_ == 0) {
    building_ = ++greatest_;
    generations_[building_].version = asked.version;
  }
  const Stock& stock = generations_.at(building_);
  return Checkpoint{stock.position, Generation{building_}, stock.revision, stock.version};
}

ActivateGeneration::reply SimulatedStore::perform(const ActivateGeneration& asked) {
  using Refusal = std::variant<LostLeadership, BehindActive, Failure>;
  if (stale(asked.fence, Role::rebuild)) return tl::unexpected(Refusal(LostLeadership{held(Role::rebuild).owner}));
  if (asked.generation.value == active_) return ActivateGeneration::Activated{};
  if (building_ == 0 || asked.generation.value != building_) {
    return tl::unexpected(Refusal(Failure(FailureKind::invalid, "this generation is not being built")));
  }
  const auto& live = generations_.at(active_);
  if (generations_.at(building_).position < live.position) {
    return tl::unexpected(Refusal(BehindActive{live.position}));
  }
  std::erase_if(generations_, [&](const auto& one) { return one.first != active_ && one.first != building_; });
  active_ = std::exchange(building_, 0);
  return ActivateGeneration::Activated{};
}

}  // namespace lantern::testing
