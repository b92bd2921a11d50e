// One run on a shuffled loop, watched from all sides.
#pragma once

#include <boost/asio/bind_allocator.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/strand.hpp>
#include <memory>
#include <optional>
#include <vector>

#include "lantern/asio/run_projection.hpp"
#include "lantern/asio/testing/shuffling_context.hpp"
#include "slow_store.hpp"

namespace world {

using lantern::testing::ShufflingContext;

/// Asks the choices who is next.
inline ShufflingContext::Pick by(Choices& choices) {
  return [&choices](std::uint32_t ways) { return choices.choose(About::schedule, ways, Chance::percent(50)); };
}

/// What an allocator gave, and what it has not got back.
struct Tally {
  std::size_t given = 0, out = 0;
};
template <class T>
struct CountingAllocator {
  using value_type = T;
  Tally* tally;
  explicit CountingAllocator(Tally& t) : tally(&t) {}
  template <class U>
  CountingAllocator(const CountingAllocator<U>& other) : tally(other.tally) {}
  T* allocate(std::size_t n) {
    ++tally->given;
    ++tally->out;
    return std::allocator<T>().allocate(n);
  }
  void deallocate(T* p, std::size_t n) {
    --tally->out;
    std::allocator<T>().deallocate(p, n);
  }
  template <class U>
  bool operator==(const CountingAllocator<U>& other) const {
    return tally == other.tally;
  }
};

struct StageSettings {
  std::size_t events = 8;
  std::size_t faults = 0;
  bool on_strand = false;
  bool starts = true;
  ProjectionConfig config = settings();
};

/// A run of the chain over a slow store. Its handler checks what it is promised, and then takes the store and the
/// projector away: whoever touches them afterwards is found by AddressSanitizer.
struct Stage {
  using Settings = StageSettings;
  explicit Stage(Choices& c, Settings with = {}) : choices(c), given(std::move(with)) {
    if (given.starts) start();
  }
  Stage(const Stage&) = delete;
  Stage& operator=(const Stage&) = delete;

  void start() {
    ProjectionConfig config = given.config;
    config.tell(observer);
    const auto handler = [this, alive = alive](Finished f) { finished(std::move(f)); };
    boost::asio::any_io_executor where = loop->get_executor();
    if (given.on_strand) where = *strand;
    initiating = true;
    run_projection(*projector, *store, std::move(config),
                   boost::asio::bind_allocator(
                       CountingAllocator<int>(tally),
                       boost::asio::bind_cancellation_slot(signal.slot(), boost::asio::bind_executor(where, handler))));
    initiating = false;
  }

  /// Whatever of the run is called is called on its executor, not by the initiating function, and not after the end.
  void is_in_place() {
    must(!initiating, "nothing runs within the initiating function");
    must(!end, "nothing runs after the completion");
    must(given.on_strand ? strand->running_in_this_thread() : loop->get_executor().running_in_this_thread(),
         "all runs on the associated executor");
  }
  void finished(Finished f) {
    is_in_place();
    must(tally.out == 0, "memory comes back before the handler is called");
    must(!store->outstanding, "no effect is outstanding at the end");
    end = std::move(f);
    ended_at = loop->clock().now();
    trace = store->trace;
    asked = store->asked;
    store.reset();
    projector.reset();
    on_end();
  }
  /// How many effects the run has asked for so far.
  [[nodiscard]] std::size_t effects() const { return store ? store->asked : asked; }
  /// What is committed is a prefix of the log, each event once.
  void is_whole() {
    static const auto chains = [] {
      std::vector<std::uint64_t> of_each;
      for (std::size_t n = 0; n < 32; ++n) of_each.push_back(chain_of(n));
      return of_each;
    }();
    must(world.chain == chains.at(world.checkpoint()), "a prefix of the log, each event once");
  }
  /// Runs what is left, and looks after each handler. The run must end.
  const Finished& finish() {
    for (std::size_t handlers = 0; !end; ++handlers) {
      if (!loop->run_one() || handlers == 100'000) FAIL("the run does not end");
      is_whole();
    }
    loop->poll();
    must(tally.given > 0 && tally.out == 0, "the handler's allocator is used, and gets all back");
    must(alive.use_count() == 1, "the handler is destroyed");
    return *end;
  }
  /// Ends the loop under the run: nothing of it is left, and nobody is told.
  void drop() {
    end_loop();
    must(!end, "nobody is told");
    must(alive.use_count() == 1 && tally.out == 0, "the handler is destroyed");
    is_whole();
  }
  void end_loop() {
    stopped_at = loop->clock().now();
    strand.reset();
    loop.reset();
  }
  [[nodiscard]] Instant now() const { return loop ? loop->clock().now() : stopped_at; }

  Choices& choices;
  Settings given;
  std::unique_ptr<ShufflingContext> loop = std::make_unique<ShufflingContext>(by(choices));
  Instant stopped_at{};
  World world{given.events, "chain", MemoryOptions{[this] { return now() - Instant{}; }}};
  std::unique_ptr<Slow<MemoryStore>> store =
      std::make_unique<Slow<MemoryStore>>(world.store, loop->get_executor(), choices, given.faults);
  std::unique_ptr<Chain> projector = std::make_unique<Chain>();
  std::optional<boost::asio::strand<ShufflingContext::executor_type>> strand{loop->get_executor()};
  boost::asio::cancellation_signal signal{};
  std::shared_ptr<int> alive = std::make_shared<int>();
  Tally tally{};
  std::size_t told = 0;  ///< happenings
  std::function<void()> on_happening = [] {};
  std::function<void()> on_end = [] {};
  Observer observer{[this](const ProjectionId&, const Happening&) {
    is_in_place();
    ++told;
    on_happening();
  }};
  bool initiating = false;
  std::optional<Finished> end{};
  Instant ended_at{};
  std::vector<std::string> trace{};
  std::size_t asked = 0;
};

}  // namespace world
