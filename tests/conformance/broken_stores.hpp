// Stores that are wrong in one way each, over the memory store that is right. Those whose log is wrong:
// broken_logs.hpp.
#pragma once

#include <algorithm>
#include <atomic>
#include <map>
#include <set>

#include "sound_store.hpp"

namespace lantern::broken {

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

struct LogIsForgotten : Sound {
  using Sound::perform, Sound::Sound;
  SaveCheckpoint::reply perform(const SaveCheckpoint& given) {
    SaveCheckpoint save = given;
    save.log.reset();
    return store.perform(save);
  }
};

/// Of each store object its own.
struct LogIsOfTheObject : Sound {
  using Sound::perform, Sound::Sound;
  ReadEvents::reply perform(const ReadEvents& asked) {
    auto page = store.perform(asked);
    if (page) page->log = LogIdentity{drawn};
    return page;
  }
  static inline std::atomic<std::uint64_t> objects{0};
  std::uint64_t drawn = ++objects;
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

/// Its clock never goes back: what is the past for everybody else lasts on for it.
struct ClockNeverGoesBack : World<Sound> {
  std::shared_ptr<MemoryDatabase> database = std::make_shared<MemoryDatabase>(
      MemoryOptions{.clock = [now = sound.now, latest = std::make_shared<std::atomic<std::int64_t>>()] {
        std::int64_t seen = *latest;
        while (seen < *now && !latest->compare_exchange_weak(seen, *now)) {
        }
        return std::chrono::nanoseconds(*latest);
      }});
  Sound open() { return Sound(MemoryStore(database)); }
};

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
