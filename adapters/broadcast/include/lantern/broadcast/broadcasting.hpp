// A store whose runs tell a broadcaster of what they commit.
#pragma once

#include <concepts>
#include <functional>
#include <utility>
#include <variant>

#include "lantern/broadcast/broadcaster.hpp"
#include "lantern/generation_effects.hpp"
#include "lantern/store.hpp"
#include "lantern/view_effects.hpp"

namespace lantern {

/// Performs `Publish` with the broadcaster, and is otherwise the store that it borrows: `Broadcasting told(store,
/// broadcaster); run_projection_blocking(projector, told, config);` A store that publishes by itself is asked too, and
/// its answer is the one that counts.
///
/// Where views change without a frame that is published here, subscribers are told `Missed`: another generation becomes
/// active, this run takes over from another process, or a view is replaced. What somebody else did, through another
/// handle or in another process, is noticed with what is asked here next: a commit that is refused because of it, or a
/// checkpoint that is of another generation or revision than the last one seen. Where nothing is asked, nothing is
/// noticed.
///
/// As thread-safe as the store is.
template <class Store>
class Broadcasting {
 public:
  Broadcasting(Store& store, Broadcaster& broadcaster) : store_(&store), broadcaster_(&broadcaster) {}

  template <Effect E>
  requires Performs<Store, E>
  typename E::reply perform(const E& effect) {
    typename E::reply reply = store_->perform(effect);
    tell_what_frames_do_not(effect, reply);
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
  FailedRun failed_run(const ProjectionId& projection) requires TellsFailedRuns<Store> {
    return store_->failed_run(projection);
  }

 private:
  template <class E>
  void tell_what_frames_do_not(const E& effect, const typename E::reply& reply) {
    if constexpr (std::same_as<E, ReplaceView>) {
      if (reply) broadcaster_->tell_missed(effect.projection, effect.key);
    } else if constexpr (std::same_as<E, AcquireLease>) {
      if (reply && effect.role == Role::live) broadcaster_->tell_missed(effect.projection);
    } else if constexpr (std::same_as<E, ActivateGeneration> || std::same_as<E, RollBack>) {
      if (reply) broadcaster_->tell_missed(effect.projection);
    } else if constexpr (std::same_as<E, SaveCheckpoint>) {
      const bool overtaken = !reply && (std::holds_alternative<GenerationMoved>(reply.error()) ||
                                        std::holds_alternative<ViewsReplaced>(reply.error()));
      if (overtaken) broadcaster_->tell_missed(effect.projection);
    } else if constexpr (std::same_as<E, LoadCheckpoint>) {
      if (reply && *reply && !effect.generation) broadcaster_->saw_active(effect.projection, **reply);
    }
  }

  Store* store_;
  Broadcaster* broadcaster_;
};

}  // namespace lantern
