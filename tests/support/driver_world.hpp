// A small world in which drivers are tested: a log, and a view that tells order and repetition apart.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "lantern/memory/memory_store.hpp"
#include "lantern/observer.hpp"
#include "lantern/pipeline.hpp"
#include "lantern/traced.hpp"

namespace world {

using namespace lantern;

inline constexpr std::chrono::hours long_time{24 * 365};
/// How long a test waits for what must happen, before it says that it did not.
inline constexpr std::chrono::seconds patience{60};

/// Neither commutative nor idempotent: an event too few, too many or out of place shows.
inline std::uint64_t link(std::uint64_t chain, std::string_view data) {
  for (const char c : data) chain = (chain ^ static_cast<unsigned char>(c)) * 1099511628211ULL;
  return chain * 31 + 7;
}

inline NewEvent event(std::size_t n) { return {.stream = "s", .type = "Linked", .data = "event " + std::to_string(n)}; }

/// What the chain must be after `count` events; knows nothing of lantern.
inline std::uint64_t chain_of(std::size_t count) {
  std::uint64_t chain = 0;
  for (std::size_t n = 1; n <= count; ++n) chain = link(chain, "event " + std::to_string(n));
  return chain;
}

/// A projection that the store applies inside of its commits.
struct Chain {
  static constexpr bool applied_by_store = true;
  std::string label = "chain";
  [[nodiscard]] std::string name() const { return label; }
};

/// A store with `count` events, and the chain that is committed.
struct World {
  explicit World(std::size_t count = 8, const std::string& projection = "chain", MemoryOptions options = {})
      : store(std::move(options)) {
    append(count);
    store.install(
        projection,
        [this](const RecordedEvent& e) -> tl::expected<void, Failure> {
          if (!pending) pending = chain;
          pending = link(*pending, e.data);
          return {};
        },
        [this](bool stored) {
          if (stored && pending) chain = *pending;
          pending.reset();
        });
  }
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  void append(std::size_t count) {
    std::vector<NewEvent> more;
    for (std::size_t n = 0; n < count; ++n) more.push_back(event(++appended));
    if (!store.append(std::move(more))) throw std::runtime_error("append failed");
  }
  [[nodiscard]] std::size_t checkpoint(const std::string& projection = "chain") const {
    const auto found = store.perform(LoadCheckpoint{projection});
    return found && *found && (*found)->position ? static_cast<std::size_t>((*found)->position->value) : 0;
  }
  /// Whether somebody holds the lease.
  [[nodiscard]] bool is_led(const std::string& projection = "chain") {
    auto lease = store.perform(AcquireLease{projection, "is_led", std::chrono::hours(1)});
    if (!lease) return true;
    (void)store.perform(ReleaseLease{projection, *lease});
    return false;
  }

  MemoryStore store;
  std::size_t appended = 0;
  std::uint64_t chain = 0;
  std::optional<std::uint64_t> pending{};
};

/// Three pages of the eight events, quick retries, a runner with a known name.
inline ProjectionConfig settings() {
  const Backoff quick{.base = std::chrono::microseconds(1), .cap = std::chrono::microseconds(1)};
  ProjectionConfig config;
  config.page_limit(3).with(Leadership("me")).with(StoreRetryConfig{.max_attempts = 20, .backoff = quick});
  config.poll.failure_backoff = quick;
  return config;
}

/// Calls `around` before and after each effect, which are numbered from 1, and lets it answer in the store's place.
template <class Store>
class Watched {
 public:
  enum class When { before, after };
  explicit Watched(Store& store, std::function<void(std::size_t, When)> around = {})
      : store_(&store), around_(std::move(around)) {}

  template <Effect E>
  requires Performs<Store, E>
  typename E::reply perform(const E& effect) {
    const std::size_t number = ++count;
    if (around_) around_(number, When::before);
    typename E::reply reply = store_->perform(effect);
    if (around_) around_(number, When::after);
    return reply;
  }
  Subscription on_append(std::function<void()> callback) requires AppendNotifier<Store> {
    return store_->on_append(std::move(callback));
  }

  std::size_t count = 0;

 private:
  Store* store_;
  std::function<void(std::size_t, When)> around_;
};

enum class Fault { busy, lost_before, lost_after, thrown_before, thrown_after };

/// Fails one effect in one way, then is the store that it borrows.
template <class Store>
struct FailsOnce {
  Store& store;
  std::size_t at;
  Fault fault;
  std::size_t count = 0;
  bool struck = false;

  template <Effect E>
  requires Performs<Store, E>
  typename E::reply perform(const E& effect) {
    if (++count != at) return store.perform(effect);
    struck = true;
    const Failure failure(FailureKind::busy, "busy for once");
    switch (fault) {
      case Fault::busy: break;
      case Fault::thrown_after: (void)store.perform(effect); [[fallthrough]];
      case Fault::thrown_before: throw std::runtime_error("thrown for once");
      case Fault::lost_after: (void)store.perform(effect); [[fallthrough]];
      case Fault::lost_before:
        if constexpr (std::same_as<E, SaveCheckpoint>) return tl::make_unexpected(OutcomeUnknown{failure});
    }
    return tl::make_unexpected(failure);
  }
  Subscription on_append(std::function<void()> callback) requires AppendNotifier<Store> {
    return store.on_append(std::move(callback));
  }
};

/// The machine driven by hand, asked to stop before the answer to the effect of this number: what a driver must do too.
struct ByHand {
  std::size_t effects = 0;
  std::vector<std::string> trace{};
  std::optional<Finished> end{};

  ByHand(World& world, const ProjectionConfig& config, std::size_t stop_at = 0, Stop how = Stop::none) {
    Chain chain;
    Traced store(world.store, [this](std::string line) { trace.push_back(std::move(line)); });
    Step step = ProjectionPipeline(chain, config).start(Instant{});
    const auto answer = [&]<Effect E>(Request<E> request, typename E::reply reply) {
      if (++effects == stop_at) request.ask_to_stop(how);
      return std::move(request).answer(std::move(reply), Instant{});
    };
    while (!step.finished()) {
      step = std::move(step).visit([](Request<Sleep> nap) { return std::move(nap).answer(Slept::through, Instant{}); },
                                   [&](auto request) {
                                     auto reply = perform(store, request.effect());
                                     return answer(std::move(request), std::move(reply));
                                   });
    }
    end = *step.finished();
  }
};

/// Something that one thread waits for and another makes true.
class Signal {
 public:
  void raise() {
    const std::lock_guard lock(mutex_);
    ++raised_;
    changed_.notify_all();
  }
  /// False when it did not happen `times` times in all, however patient one is.
  [[nodiscard]] bool wait(int times = 1) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, patience, [&] { return raised_ >= times; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  int raised_ = 0;
};

/// An observer that raises a signal when a happening of this kind is told.
template <class Kind>
[[nodiscard]] Observer raise_on(Signal& signal) {
  return Observer([&signal](const ProjectionId&, const Happening& what) {
    if (std::holds_alternative<Kind>(what)) signal.raise();
  });
}

}  // namespace world
