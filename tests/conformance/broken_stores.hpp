// Stores that are wrong in one way each, over the memory store that is right.
#pragma once

#include <algorithm>
#include <cctype>
#include <map>
#include <set>

#include "memory_world.hpp"

namespace lantern::broken {

/// Does everything right. A broken store derives from it, and gets one thing wrong.
struct Sound {
  explicit Sound(MemoryStore sound) : store(std::move(sound)) {}
  LoadCheckpoint::reply perform(const LoadCheckpoint& e) { return store.perform(e); }
  ReadEvents::reply perform(const ReadEvents& e) { return store.perform(e); }
  SaveCheckpoint::reply perform(const SaveCheckpoint& e) { return store.perform(e); }
  AppendEvents::reply perform(const AppendEvents& e) { return store.perform(e); }
  AcquireLease::reply perform(const AcquireLease& e) { return store.perform(e); }
  RenewLease::reply perform(const RenewLease& e) { return store.perform(e); }
  ReleaseLease::reply perform(const ReleaseLease& e) { return store.perform(e); }
  LoadViews::reply perform(const LoadViews& e) { return store.perform(e); }
  GetView::reply perform(const GetView& e) { return store.perform(e); }
  ScanViews::reply perform(const ScanViews& e) { return store.perform(e); }
  ReplaceView::reply perform(const ReplaceView& e) { return store.perform(e); }
  BeginRebuild::reply perform(const BeginRebuild& e) { return store.perform(e); }
  ActivateGeneration::reply perform(const ActivateGeneration& e) { return store.perform(e); }
  ListGenerations::reply perform(const ListGenerations& e) { return store.perform(e); }
  RollBack::reply perform(const RollBack& e) { return store.perform(e); }
  FinalizeRebuild::reply perform(const FinalizeRebuild& e) { return store.perform(e); }
  CancelRebuild::reply perform(const CancelRebuild& e) { return store.perform(e); }
  Subscription on_append(std::function<void()> callback) { return store.on_append(std::move(callback)); }

  MemoryStore store;

 protected:
  std::optional<Position> stored(const ProjectionId& id) {
    const auto found = store.perform(LoadCheckpoint{id});  // refused for a name that no store takes
    return found && *found ? (*found)->position : std::nullopt;
  }
};

/// The world of a broken store.
template <class Store>
struct World {
  MemoryWorld sound{};
  Store open() { return Store(sound.open()); }
  void advance(std::chrono::nanoseconds by) { sound.advance(by); }
  void install(Store& store, const ProjectionId& id) { sound.install(store.store, id); }
  std::vector<AppliedEvent> applied(Store& store, const ProjectionId& id) { return sound.applied(store.store, id); }
  std::vector<QuarantineRecord> quarantined(Store& store, const ProjectionId& id) {
    return store.store.quarantined(id);
  }
};

/// A page with only those events that `keep` keeps.
template <class Keep>
EventPage only(const EventPage& page, Keep keep) {
  EventPage kept;
  kept.scanned_to = page.scanned_to;
  kept.head = page.head;
  for (const auto& event : page.events()) {
    if (keep(event)) kept.add(event);
  }
  return kept;
}

// ---- appending ----

struct IdsForgotten : Sound {
  using Sound::perform, Sound::Sound;
  AppendEvents::reply perform(const AppendEvents& given) {
    AppendEvents batch = given;
    for (auto& event : batch.events) event.id.clear();
    return store.perform(batch);
  }
};

struct VersionsUnchecked : Sound {
  using Sound::perform, Sound::Sound;
  AppendEvents::reply perform(const AppendEvents& given) {
    AppendEvents batch = given;
    batch.expected.clear();
    return store.perform(batch);
  }
};

struct VersionsCheckedOneByOne : Sound {
  using Sound::perform, Sound::Sound;
  AppendEvents::reply perform(const AppendEvents& batch) {
    Appended done;
    for (const auto& event : batch.events) {
      AppendEvents one{{event}, {}};
      for (const auto& expected : batch.expected) {
        if (expected.stream == event.stream) one.expected.push_back(expected);
      }
      const auto reply = store.perform(one);
      if (!reply) return reply;
      done = {done.added + reply->added, done.duplicates + reply->duplicates, reply->last};
    }
    return done;
  }
};

struct NulBecomesUnderscore : Sound {
  using Sound::perform, Sound::Sound;
  AppendEvents::reply perform(const AppendEvents& given) {
    AppendEvents batch = given;
    for (auto& event : batch.events) std::ranges::replace(event.stream, '\0', '_');
    return store.perform(batch);
  }
};

struct TextEndsAtNul : Sound {
  using Sound::perform, Sound::Sound;
  AppendEvents::reply perform(const AppendEvents& given) {
    AppendEvents batch = given;
    for (auto& event : batch.events) event.data = event.data.c_str();
    return store.perform(batch);
  }
};

struct VersionIsPosition : Sound {
  using Sound::perform, Sound::Sound;
  ReadEvents::reply perform(const ReadEvents& asked) {
    auto page = store.perform(asked);
    if (!page) return page;
    EventPage wrong = only(*page, [](const auto&) { return false; });
    for (RecordedEvent event : page->events()) {
      event.version = event.position.value;
      wrong.add(event);
    }
    return wrong;
  }
};

struct HintsNeverEnd : Sound {
  using Sound::perform, Sound::Sound;
  Subscription on_append(std::function<void()> callback) {
    for_ever->push_back(store.on_append(std::move(callback)));
    return Subscription();
  }
  std::shared_ptr<std::vector<Subscription>> for_ever = std::make_shared<std::vector<Subscription>>();
};

// ---- reading ----

struct AfterIsInclusive : Sound {
  using Sound::perform, Sound::Sound;
  ReadEvents::reply perform(const ReadEvents& given) {
    ReadEvents asked = given;
    if (asked.after && asked.after->value > 0) --asked.after->value;
    return store.perform(asked);
  }
};

struct OneTooMany : Sound {
  using Sound::perform, Sound::Sound;
  ReadEvents::reply perform(const ReadEvents& given) {
    ReadEvents asked = given;
    if (asked.limit > 0 && asked.limit < 1'000'000) ++asked.limit;
    return store.perform(asked);
  }
};

struct ZeroMeansAll : Sound {
  using Sound::perform, Sound::Sound;
  ReadEvents::reply perform(const ReadEvents& given) {
    ReadEvents asked = given;
    if (asked.limit == 0) asked.limit = 1'000'000;
    return store.perform(asked);
  }
};

struct BytesWithoutLimit : Sound {
  using Sound::perform, Sound::Sound;
  ReadEvents::reply perform(const ReadEvents& given) {
    ReadEvents asked = given;
    asked.byte_limit = 1ULL << 40;
    return store.perform(asked);
  }
};

struct PrefixLikeSql : Sound {
  using Sound::perform, Sound::Sound;
  ReadEvents::reply perform(const ReadEvents& given) {
    ReadEvents asked = given;
    const auto prefix = std::exchange(asked.filter.stream_prefix, std::nullopt);
    auto page = store.perform(asked);
    if (!page || !prefix) return page;
    return only(*page, [&](const RecordedEvent& event) { return like(event.stream, *prefix); });
  }
  static bool like(std::string_view text, std::string_view pattern) {
    if (pattern.empty()) return true;  // PREFIX%
    if (pattern.front() == '%') {
      for (std::size_t i = 0; i <= text.size(); ++i) {
        if (like(text.substr(i), pattern.substr(1))) return true;
      }
      return false;
    }
    const auto folded = [](char c) { return std::tolower(static_cast<unsigned char>(c)); };
    return !text.empty() && (pattern.front() == '_' || folded(pattern.front()) == folded(text.front())) &&
           like(text.substr(1), pattern.substr(1));
  }
};

struct FirstTypeOnly : Sound {
  using Sound::perform, Sound::Sound;
  ReadEvents::reply perform(const ReadEvents& given) {
    ReadEvents asked = given;
    if (asked.filter.types.size() > 1) asked.filter.types.resize(1);
    return store.perform(asked);
  }
};

struct TailIsLost : Sound {
  using Sound::perform, Sound::Sound;
  ReadEvents::reply perform(const ReadEvents& asked) {
    auto page = store.perform(asked);
    if (page && !page->empty()) page->scanned_to = page->head;
    return page;
  }
};

struct RejectedTailIsReadAgain : Sound {
  using Sound::perform, Sound::Sound;
  ReadEvents::reply perform(const ReadEvents& asked) {
    auto page = store.perform(asked);
    if (page) page->scanned_to = page->empty() ? asked.after : page->events().back().position;
    return page;
  }
};

struct HeadIsNotTold : Sound {
  using Sound::perform, Sound::Sound;
  ReadEvents::reply perform(const ReadEvents& asked) {
    auto page = store.perform(asked);
    if (page) page->head.reset();
    return page;
  }
};

struct UndecodableIsDropped : Sound {
  using Sound::perform, Sound::Sound;
  ReadEvents::reply perform(const ReadEvents& asked) {
    auto page = store.perform(asked);
    if (!page) return page;
    return only(*page, [](const auto& event) { return event.data != "{\"a\":"; });
  }
};

/// As if positions were given out before their transactions commit: each event but the newest is seen late.
struct SeenLate : Sound {
  using Sound::perform, Sound::Sound;
  ReadEvents::reply perform(const ReadEvents& asked) {
    auto page = store.perform(asked);
    if (!page) return page;
    static std::mutex mutex;
    // Keeps the databases, so that none is taken for an earlier one that had the same address.
    static std::map<std::shared_ptr<MemoryDatabase>, std::set<Position>> settled_in;
    const std::lock_guard lock(mutex);
    auto& settled = settled_in[store.database()];
    return only(*page, [&](const auto& event) {
      return event.position.value % 3 != 1 || event.position == page->head || !settled.insert(event.position).second;
    });
  }
};

// ---- checkpoints ----

struct CheckpointIsOverwritten : Sound {
  using Sound::perform, Sound::Sound;
  SaveCheckpoint::reply perform(const SaveCheckpoint& given) {
    SaveCheckpoint save = given;
    save.from = stored(save.projection);
    return store.perform(save);
  }
};

struct BackIsFine : Sound {
  using Sound::perform, Sound::Sound;
  SaveCheckpoint::reply perform(const SaveCheckpoint& save) {
    if (save.through < save.from && save.from == stored(save.projection)) return Saved{};
    return store.perform(save);
  }
};

struct GenerationIsIgnored : Sound {
  using Sound::perform, Sound::Sound;
  SaveCheckpoint::reply perform(const SaveCheckpoint& given) {
    SaveCheckpoint save = given;
    save.generation = Generation{1};
    return store.perform(save);
  }
};

struct CheckpointIsCached : Sound {
  using Sound::perform, Sound::Sound;
  LoadCheckpoint::reply perform(const LoadCheckpoint& load) {
    if (const auto found = known.find(load.projection); found != known.end()) return found->second;
    return known[load.projection] = *store.perform(load);
  }
  SaveCheckpoint::reply perform(const SaveCheckpoint& save) {
    auto reply = store.perform(save);
    if (reply) known.erase(save.projection);
    return reply;
  }
  std::map<ProjectionId, std::optional<Checkpoint>> known{};
};

struct TenantIsJoined : Sound {
  using Sound::perform, Sound::Sound;
  static ProjectionId joined(const ProjectionId& id) {
    return id.tenant.empty() ? id : ProjectionId(id.name + "/" + id.tenant);
  }
  LoadCheckpoint::reply perform(const LoadCheckpoint& given) {
    LoadCheckpoint load = given;
    load.projection = joined(load.projection);
    return store.perform(load);
  }
  SaveCheckpoint::reply perform(const SaveCheckpoint& given) {
    SaveCheckpoint save = given;
    save.projection = joined(save.projection);
    return store.perform(save);
  }
};

struct QuarantineIsItsOwnCommit : Sound {
  using Sound::perform, Sound::Sound;
  SaveCheckpoint::reply perform(const SaveCheckpoint& given) {
    SaveCheckpoint save = given;
    SaveCheckpoint first;
    first.projection = save.projection;
    first.from = first.through = stored(save.projection);
    first.quarantined = std::exchange(save.quarantined, {});
    static_cast<void>(store.perform(first));
    return store.perform(save);
  }
};

struct QuarantineIsForgotten : Sound {
  using Sound::perform, Sound::Sound;
  SaveCheckpoint::reply perform(const SaveCheckpoint& given) {
    SaveCheckpoint save = given;
    save.quarantined.clear();
    return store.perform(save);
  }
};

struct WriteIsMiscounted : Sound {
  using Sound::perform, Sound::Sound;
  SaveCheckpoint::reply perform(const SaveCheckpoint& save) {
    auto reply = store.perform(save);
    if (!reply) {
      if (auto* failed = std::get_if<WriteFailed>(&reply.error())) ++failed->index;
    }
    return reply;
  }
};

struct CheckpointBeforeWrites : Sound {
  using Sound::perform, Sound::Sound;
  SaveCheckpoint::reply perform(const SaveCheckpoint& save) {
    SaveCheckpoint first = save;
    first.writes = {};
    if (auto reply = store.perform(first); !reply) return reply;
    SaveCheckpoint second = save;
    second.from = second.through;
    return store.perform(second);
  }
};

// ---- leases ----

struct FenceIsIgnored : Sound {
  using Sound::perform, Sound::Sound;
  SaveCheckpoint::reply perform(const SaveCheckpoint& given) {
    SaveCheckpoint save = given;
    save.fence.reset();
    return store.perform(save);
  }
};

struct FenceStandsStill : Sound {
  using Sound::perform, Sound::Sound;
  AcquireLease::reply perform(const AcquireLease& acquire) {
    auto lease = store.perform(acquire);
    if (lease) lease->fence = Fence{1};
    return lease;
  }
};

struct LeaseOfOneStore : Sound {
  using Sound::perform;
  explicit LeaseOfOneStore(MemoryStore sound) : Sound(std::move(sound)), leases() {}
  AcquireLease::reply perform(const AcquireLease& e) { return leases.perform(e); }
  RenewLease::reply perform(const RenewLease& e) { return leases.perform(e); }
  ReleaseLease::reply perform(const ReleaseLease& e) { return leases.perform(e); }
  MemoryStore leases;
};

struct AnythingIsRenewed : Sound {
  using Sound::perform, Sound::Sound;
  RenewLease::reply perform(const RenewLease& renew) {
    static_cast<void>(store.perform(renew));
    return renew.lease;
  }
};

/// Whoever asks to give a lease back does, also if it is not theirs.
struct AnyoneReleases : Sound {
  using Sound::perform, Sound::Sound;
  ReleaseLease::reply perform(const ReleaseLease& given) {
    ReleaseLease release = given;
    for (std::int64_t fence = 1; fence < 30; ++fence) {
      for (const char* owner : {"first", "second", "third", "me"}) {
        static_cast<void>(store.perform(ReleaseLease{release.projection, {owner, Fence{fence}}}));
      }
    }
    return store.perform(release);
  }
};

// ---- worlds that are wrong ----

/// Statements that take effect even if their commit does not.
struct WritesAreNotRolledBack : World<Sound> {
  void install(Sound& store, const ProjectionId& id) {
    store.store.install(id, [table = sound.table](const RecordedEvent& event) -> tl::expected<void, Failure> {
      if (event.type == "refused") return tl::unexpected(Failure(FailureKind::rejected, "refused"));
      const std::lock_guard lock(table->mutex);
      table->rows.push_back({event.position, std::string(event.data)});
      return {};
    });
  }
};

/// A database that is gone with its last store.
struct NothingSurvives : World<Sound> {
  std::weak_ptr<MemoryDatabase> last{};
  Sound open() {
    auto database = last.lock();
    if (!database) {
      last = database = std::make_shared<MemoryDatabase>(
          MemoryOptions{.clock = [now = sound.now] { return std::chrono::nanoseconds(*now); }});
    }
    return Sound(MemoryStore(std::move(database)));
  }
};

}  // namespace lantern::broken
