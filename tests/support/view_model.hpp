// A store of views so small that one can see that it is right: a log, generations with their views and records, leases.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "lantern/generation_effects.hpp"
#include "lantern/pipeline.hpp"
#include "lantern/view_effects.hpp"

namespace lantern::testing {

/// Keeps what the effects say, in maps.
class ViewModel {
 public:
  struct Event {
    std::int64_t position{};
    std::string type{"T"};
    std::string data{};
    std::string stream{"s"};
  };
  using RecordId = std::pair<std::int64_t, std::optional<std::string>>;
  struct Stock {
    std::optional<Position> position{};
    Revision revision{};
    CodeVersion version{};
    std::optional<LogIdentity> log{};
    StreamCursors cursors{};
    std::map<std::string, StoredView> views{};
    std::map<RecordId, QuarantineRecord> records{};
  };
  struct Hold {
    std::string owner{};
    std::int64_t fence{};
  };

  std::vector<Event> log{};
  std::map<std::int64_t, Stock> generations{};
  std::int64_t active{};  ///< 0: the projection is not known yet
  std::int64_t building{};
  std::int64_t greatest{};
  std::map<Role, Hold> leases{};
  std::vector<Frame> published{};
  std::uint64_t commits{};
  std::uint64_t loads{};
  std::uint64_t keys_loaded{};

  [[nodiscard]] std::optional<Position> head() const {
    return log.empty() ? std::nullopt : std::optional(Position{log.back().position});
  }
  [[nodiscard]] Stock& live() { return generations.at(active); }

  [[nodiscard]] LoadCheckpoint::reply perform(const LoadCheckpoint& asked) const {
    const std::int64_t which = asked.generation ? asked.generation->value : active;
    const auto found = generations.find(which);
    if (found == generations.end()) return std::nullopt;
    const Stock& stock = found->second;
    return Checkpoint{stock.position, Generation{which}, stock.revision, stock.version, stock.cursors, stock.log};
  }

  [[nodiscard]] ReadEvents::reply perform(const ReadEvents& asked) const {
    EventPage page;
    page.scanned_to = asked.after;
    page.head = head();
    for (const Event& event : log) {
      if (asked.after && event.position <= asked.after->value) continue;
      if (page.size() == asked.limit) break;
      page.scanned_to = Position{event.position};
      page.add({.position = Position{event.position},
                .stream = "s",
                .version = event.position,
                .type = event.type,
                .data = event.data});
    }
    return page;
  }

  [[nodiscard]] ListStreams::reply perform(const ListStreams& asked) const {
    StreamPage page;
    page.as_of = head();
    std::map<std::string, std::int64_t> last;
    std::set<std::string> changed;
    for (const Event& event : log) {
      ++last[event.stream];
      if (!asked.changed_since || event.position > asked.changed_since->value) changed.insert(event.stream);
    }
    for (const std::string& stream : changed) {
      if (!stream.starts_with(asked.prefix) || (asked.after && stream <= *asked.after)) continue;
      if (page.streams.size() == asked.limit) break;
      page.streams.push_back({stream, StreamVersion{1}, StreamVersion{last[stream]}});
    }
    return page;
  }

  [[nodiscard]] ReadStream::reply perform(const ReadStream& asked) const {
    StreamSlice slice;
    slice.scanned_to = asked.after;
    std::int64_t version = 0;
    for (const Event& event : log) {
      if (event.stream != asked.stream) continue;
      slice.head = StreamVersion{++version};
      if ((asked.after && version <= asked.after->value) || slice.page.size() == asked.limit) continue;
      slice.scanned_to = slice.head;
      slice.page.add({.position = Position{event.position},
                      .stream = event.stream,
                      .version = version,
                      .type = event.type,
                      .data = event.data});
    }
    return slice;
  }

  [[nodiscard]] LoadViews::reply perform(const LoadViews& asked) {
    ++loads;
    keys_loaded += asked.keys.size();
    LoadedViews found;
    const auto stock = generations.find(asked.generation.value);
    if (stock == generations.end()) return found;
    for (const std::string& key : asked.keys) {
      if (const auto view = stock->second.views.find(key); view != stock->second.views.end()) {
        found.views.push_back(view->second);
      }
      if (std::ranges::any_of(stock->second.records, [&](const auto& r) { return r.first.second == key; })) {
        found.parked.push_back(key);
      }
    }
    return found;
  }

  [[nodiscard]] SaveCheckpoint::reply perform(const SaveCheckpoint& asked) {
    const auto refuse = [](SaveError why) -> SaveCheckpoint::reply { return tl::unexpected(std::move(why)); };
    const std::int64_t to = asked.generation.value;
    const bool first = active == 0 && to == 1;
    if (!first && (to == 0 || (to != active && to != building))) return refuse(GenerationMoved{Generation{active}});
    const Hold& hold = leases[to == building ? Role::rebuild : Role::live];
    if (asked.fence && asked.fence->value != hold.fence) return refuse(LostLeadership{hold.owner});
    const Stock known = first ? Stock{} : generations.at(to);
    if (asked.from != known.position) return refuse(CheckpointMoved{known.position});
    for (const CursorMove& move : asked.cursors) {
      if (known.cursors.of(move.stream) != move.from)
        return refuse(CursorMoved{move.stream, known.cursors.of(move.stream)});
    }
    if (asked.revision != known.revision) return refuse(ViewsReplaced{known.revision});
    if (first) active = greatest = 1;
    Stock& stock = generations[to];
    for (const StoredView& view : asked.views) stock.views.insert_or_assign(view.key, view);
    for (const QuarantineRecord& record : asked.quarantined) {
      stock.records.insert_or_assign({record.position.value, record.key}, record);
    }
    for (const CursorMove& move : asked.cursors) stock.cursors.advance(move.stream, move.through);
    stock.position = asked.through;
    stock.version = asked.version;
    if (asked.log) stock.log = asked.log;
    ++commits;
    return Saved{};
  }

  [[nodiscard]] Publish::reply perform(const Publish& asked) {
    published.insert(published.end(), asked.frames.begin(), asked.frames.end());
    return Publish::Published{};
  }

  [[nodiscard]] Slept perform(const Sleep&) const { return Slept::through; }

  [[nodiscard]] AcquireLease::reply perform(const AcquireLease& asked) {
    using Refusal = std::variant<LeaseHeld, Failure>;
    Hold& hold = leases[asked.role];
    if (!hold.owner.empty() && hold.owner != asked.owner) {
      return tl::unexpected(Refusal(LeaseHeld{hold.owner, std::chrono::seconds(1)}));
    }
    hold.owner = asked.owner;
    return Lease{hold.owner, Fence{++hold.fence}};
  }
  [[nodiscard]] RenewLease::reply perform(const RenewLease& asked) {
    using Refusal = std::variant<LostLeadership, Failure>;
    const Hold& hold = leases[asked.role];
    if (asked.lease.fence.value != hold.fence) return tl::unexpected(Refusal(LostLeadership{hold.owner}));
    return asked.lease;
  }
  [[nodiscard]] ReleaseLease::reply perform(const ReleaseLease& asked) {
    Hold& hold = leases[asked.role];
    if (asked.lease.fence.value == hold.fence) hold.owner.clear();
    return ReleaseLease::Released{};
  }
  void expire_leases() {
    for (auto& [role, hold] : leases) hold.owner.clear();
  }

  [[nodiscard]] BeginRebuild::reply perform(const BeginRebuild& asked) {
    using Refusal = std::variant<LostLeadership, Failure>;
    if (stale(asked.fence)) return tl::unexpected(Refusal(LostLeadership{leases[Role::rebuild].owner}));
    if (active == 0) return tl::unexpected(Refusal(Failure(FailureKind::invalid, "not known")));
    if (building != 0 && generations[building].version != asked.version) {
      generations.erase(std::exchange(building, 0));
    }
    if (building == 0) {
      building = ++greatest;
      generations[building].version = asked.version;
    }
    const Stock& stock = generations[building];
    return Checkpoint{stock.position, Generation{building}, stock.revision, stock.version, stock.cursors, stock.log};
  }

  [[nodiscard]] ActivateGeneration::reply perform(const ActivateGeneration& asked) {
    using Refusal = std::variant<LostLeadership, BehindActive, Failure>;
    if (stale(asked.fence)) return tl::unexpected(Refusal(LostLeadership{leases[Role::rebuild].owner}));
    if (asked.generation.value == active) return ActivateGeneration::Activated{};
    if (asked.generation.value != building) return tl::unexpected(Refusal(Failure(FailureKind::invalid, "gone")));
    if (generations[building].position < live().position) {
      return tl::unexpected(Refusal(BehindActive{live().position}));
    }
    for (const auto& [stream, version] : live().cursors) {
      if (generations[building].cursors.of(stream) < version) return tl::unexpected(Refusal(BehindActive{{}, stream}));
    }
    for (auto at = generations.begin(); at != generations.end();) {
      at = at->first == active || at->first == building ? std::next(at) : generations.erase(at);
    }
    active = std::exchange(building, 0);
    return ActivateGeneration::Activated{};
  }

  // ---- what operators do ----

  void cancel_rebuild() { generations.erase(std::exchange(building, 0)); }

  /// The view of the active generation is this one now, and its key is not parked any more.
  void replace(const std::string& key, std::optional<std::string> state, std::int64_t version) {
    Stock& stock = live();
    ++stock.revision.value;
    stock.views.insert_or_assign(key, StoredView{.key = key,
                                                 .state = std::move(state),
                                                 .version = version,
                                                 .edition = stock.revision,
                                                 .position = stock.position});
    std::erase_if(stock.records, [&](const auto& record) { return record.first.second == key; });
  }

 private:
  [[nodiscard]] bool stale(const std::optional<Fence>& fence) {
    return fence && fence->value != leases[Role::rebuild].fence;
  }
};

}  // namespace lantern::testing
