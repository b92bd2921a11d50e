// Where commits put what they made, and readers find it.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <utility>

#include "kept.hpp"

namespace lantern::detail {

/// The last committed state of each projection. Thread-safe; its lock is held only while a pointer changes hands, so
/// readers wait for no commit, and no commit for them. Who holds a state holds one instant of it.
class Shelf {
 public:
  using State = std::shared_ptr<const KeptProjection>;

  /// Never null: empty for a projection that is not known.
  [[nodiscard]] State find(const ProjectionId& id) const {
    static const State none = std::make_shared<const KeptProjection>();
    const std::lock_guard lock(mutex_);
    const auto found = states_.find(id);
    return found == states_.end() || !found->second ? none : found->second;
  }

  /// A state and the place that it is to be put into.
  struct Prepared {
    State state{};
    State* place{};
  };
  /// Whatever needs memory. Nobody sees it yet.
  [[nodiscard]] Prepared prepare(const ProjectionId& id, KeptProjection kept) {
    auto state = std::make_shared<const KeptProjection>(std::move(kept));
    const std::lock_guard lock(mutex_);
    return {std::move(state), &states_[id]};
  }
  /// Cannot fail. Callers hold what was there before, which may be large, so that its end is theirs and not under this
  /// lock.
  void put(Prepared prepared) noexcept {
    const std::lock_guard lock(mutex_);
    prepared.place->swap(prepared.state);
  }

 private:
  mutable std::mutex mutex_;
  std::map<ProjectionId, State> states_;
};

}  // namespace lantern::detail
