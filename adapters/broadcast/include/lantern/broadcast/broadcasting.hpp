// A store whose runs tell a broadcaster of what they commit.
#pragma once

#include <functional>
#include <utility>

#include "lantern/broadcast/broadcaster.hpp"
#include "lantern/generation_effects.hpp"
#include "lantern/store.hpp"

namespace lantern {

/// Performs `Publish` with the broadcaster, and is otherwise the store that it borrows: `Broadcasting told(store,
/// broadcaster); run_projection_blocking(projector, told, config);` A store that publishes by itself is asked too, and
/// its answer is the one that counts.
///
/// Where views change without a frame (another generation becomes active, or this run takes over from another process),
/// subscribers are told `Missed`. As thread-safe as the store is.
template <class Store>
class Broadcasting {
 public:
  Broadcasting(Store& store, Broadcaster& broadcaster) : store_(&store), broadcaster_(&broadcaster) {}

  template <Effect E>
  requires Performs<Store, E>
  typename E::reply perform(const E& effect) {
    typename E::reply reply = store_->perform(effect);
    if constexpr (changes_unheard<E>) {
      if (reply && is_live(effect)) broadcaster_->tell_missed(effect.projection);
    }
    return reply;
  }
  Publish::reply perform(const Publish& asked) {
    Publish::reply told = broadcaster_->publish(asked);
    if constexpr (Performs<Store, Publish>) return store_->perform(asked);
    else return told;
  }
  Subscription on_append(std::function<void()> callback) requires AppendNotifier<Store> {
    return store_->on_append(std::move(callback));
  }

 private:
  template <class E>
  static constexpr bool changes_unheard =
      std::same_as<E, AcquireLease> || std::same_as<E, ActivateGeneration> || std::same_as<E, RollBack>;
  template <class E>
  static bool is_live(const E& effect) {
    if constexpr (std::same_as<E, AcquireLease>) return effect.role == Role::live;
    else return true;
  }

  Store* store_;
  Broadcaster* broadcaster_;
};

}  // namespace lantern
