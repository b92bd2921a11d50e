// The views of a keyed projector as a map in memory, for pure folds (see fold.hpp).
#pragma once

#include <cstdint>
#include <limits>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "lantern/keyed_binding.hpp"

namespace lantern {

/// One key's view, decoded.
template <class State>
struct ViewInMemory {
  State state{};
  std::int64_t version{};  ///< changes applied so far, from 1
  Position position{};     ///< of the event that changed it last
  friend bool operator==(const ViewInMemory&, const ViewInMemory&) = default;
};

/// A keyed projector, and the views that folds make with it. Holds all of them, decoded, until it ends: memory grows
/// with the keys. Nothing is encoded, so a state that its codec could not write is not noticed here. Moved, not copied;
/// used by one thread at a time.
template <KeyedProjector P>
class ViewsInMemory {
 public:
  using State = typename P::State;
  using View = ViewInMemory<State>;
  using Views = std::map<std::string, View, std::less<>>;

  explicit ViewsInMemory(P projector = {}) : held_(std::make_unique<Held>(std::move(projector))) {
    held_->port.keep_at_most(std::numeric_limits<std::size_t>::max());
  }

  /// The state of this key, or null: there is no view, or it is erased. Valid until the next fold.
  [[nodiscard]] const State* find(std::string_view key) const {
    const auto* view = held_->port.in_memory().find(key);
    return view && view->exists ? &view->state : nullptr;
  }
  /// All views by their keys, but for erased ones. A copy.
  [[nodiscard]] Views views() const {
    Views all;
    for (const auto* view : held_->port.in_memory().all()) {
      if (view->exists) all.emplace(*view->key, View{view->state, view->version, view->position.value_or(Position{})});
    }
    return all;
  }

  [[nodiscard]] const P& projector() const noexcept { return held_->projector; }
  /// How folds see it.
  [[nodiscard]] ProjectorPort& port() noexcept { return held_->port; }

 private:
  struct Held {
    explicit Held(P made) : projector(std::move(made)), port(projector) {}
    P projector;
    detail::BoundKeyedProjector<P> port;
  };
  std::unique_ptr<Held> held_;
};

}  // namespace lantern
