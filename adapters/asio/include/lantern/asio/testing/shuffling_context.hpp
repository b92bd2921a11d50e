// An execution context that runs what is ready in any order, in a time of its own.
#pragma once

#include <boost/asio/execution.hpp>
#include <boost/asio/execution_context.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <type_traits>
#include <utility>
#include <vector>

#include "lantern/asio/testing/manual_clock.hpp"

namespace lantern::testing {

/// An event loop for tests: whenever several handlers are ready, `Pick` says which is next, and when none is, time
/// passes until a sleep ends. So one test runs in all the orders that a real loop may take, and in no time.
///
/// What Asio leaves open is picked: the order of ready handlers, whether `dispatch` runs its function at once or
/// queues it, and in which order handlers that are left are destroyed. What it promises is kept: `post` never runs a
/// handler from within itself, and a strand keeps its order.
///
/// Run by one thread at a time; handlers may be posted from any. `on_pool(store, context.get_executor())` makes it the
/// pool of a blocking store, too: then the calls of the store are shuffled with everything else.
class ShufflingContext : public boost::asio::execution_context {
 public:
  /// Which of `ways` (at least 2) comes next, from 0. 0 everywhere is the order of an `io_context`. Seeds and scripts
  /// come from `Choices` of lantern::testing: `[&](std::uint32_t ways) { return choices.choose(About::schedule, ways);
  /// }`. May not use the context.
  using Pick = std::function<std::uint32_t(std::uint32_t ways)>;
  class executor_type;

  explicit ShufflingContext(Pick pick = {});
  /// Destroys what is left, and calls nothing of it.
  ~ShufflingContext();

  [[nodiscard]] executor_type get_executor() noexcept;
  [[nodiscard]] ManualClock& clock() noexcept { return clock_; }

  /// Runs one handler, after letting time pass if none is ready. False: none is ready, and nothing sleeps.
  bool run_one();
  /// Runs all that is ready, and what becomes so, while no time passes. Returns how many handlers it ran.
  std::size_t poll();
  /// Runs until there is nothing to run and nothing sleeps. A run that polls for ever never gets there.
  std::size_t run();
  /// Runs until that much time has passed, and all that was due by then has run.
  std::size_t run_for(std::chrono::nanoseconds duration);

  /// How many handlers could run now.
  [[nodiscard]] std::size_t ready() const;
  /// Whether anything that may still complete is outstanding.
  [[nodiscard]] bool has_work() const;

 private:
  struct Task {
    Task() = default;
    Task(const Task&) = delete;
    Task& operator=(const Task&) = delete;
    virtual ~Task() = default;
    /// Frees itself, then calls.
    virtual void run(std::unique_ptr<Task> self) = 0;
  };
  template <class Function>
  struct TaskOf;

  void add(std::unique_ptr<Task> task);
  [[nodiscard]] std::unique_ptr<Task> take();
  [[nodiscard]] std::uint32_t pick(std::size_t ways);
  [[nodiscard]] bool is_running_here() const noexcept;
  /// Whether `dispatch` calls its function right now.
  [[nodiscard]] bool runs_at_once();
  void work_begins() noexcept;
  void work_ends() noexcept;

  Pick pick_;
  mutable std::mutex mutex_{};
  std::vector<std::unique_ptr<Task>> ready_{};
  std::size_t work_ = 0;
  ManualClock& clock_;
};

/// A function that waits for its turn.
template <class Function>
struct ShufflingContext::TaskOf final : Task {
  Function function;
  explicit TaskOf(Function&& f) : function(std::move(f)) {}
  void run(std::unique_ptr<Task> self) override {
    Function called(std::move(function));
    self.reset();
    std::move(called)();
  }
};

/// As that of an `io_context`. Thread-safe.
class ShufflingContext::executor_type {
 public:
  executor_type(const executor_type& other) noexcept : executor_type(other.context_, other.posts_, other.tracks_) {}
  executor_type(executor_type&& other) noexcept : executor_type(other) {}
  executor_type& operator=(const executor_type& other) noexcept {
    executor_type copy(other);
    std::swap(context_, copy.context_);
    std::swap(posts_, copy.posts_);
    std::swap(tracks_, copy.tracks_);
    return *this;
  }
  executor_type& operator=(executor_type&& other) noexcept { return *this = std::as_const(other); }
  ~executor_type() {
    if (tracks_) context_->work_ends();
  }

  template <class Function>
  void execute(Function&& function) const {
    using Plain = std::decay_t<Function>;
    Plain called(std::forward<Function>(function));
    if (!posts_ && context_->runs_at_once()) return std::move(called)();
    context_->add(std::make_unique<TaskOf<Plain>>(std::move(called)));
  }
  [[nodiscard]] bool running_in_this_thread() const noexcept { return context_->is_running_here(); }

  [[nodiscard]] ShufflingContext& query(boost::asio::execution::context_t) const noexcept { return *context_; }
  // A strand asks, and runs in place what is said to be allowed to.
  [[nodiscard]] boost::asio::execution::blocking_t query(boost::asio::execution::blocking_t) const noexcept {
    if (posts_) return boost::asio::execution::blocking.never;
    return boost::asio::execution::blocking.possibly;
  }
  [[nodiscard]] boost::asio::execution::outstanding_work_t query(
      boost::asio::execution::outstanding_work_t) const noexcept {
    if (tracks_) return boost::asio::execution::outstanding_work.tracked;
    return boost::asio::execution::outstanding_work.untracked;
  }
  [[nodiscard]] executor_type require(boost::asio::execution::blocking_t::never_t) const noexcept {
    return {context_, true, tracks_};
  }
  [[nodiscard]] executor_type require(boost::asio::execution::blocking_t::possibly_t) const noexcept {
    return {context_, false, tracks_};
  }
  [[nodiscard]] executor_type require(boost::asio::execution::outstanding_work_t::tracked_t) const noexcept {
    return {context_, posts_, true};
  }
  [[nodiscard]] executor_type require(boost::asio::execution::outstanding_work_t::untracked_t) const noexcept {
    return {context_, posts_, false};
  }
  friend bool operator==(const executor_type& a, const executor_type& b) noexcept {
    return a.context_ == b.context_ && a.posts_ == b.posts_ && a.tracks_ == b.tracks_;
  }
  friend bool operator!=(const executor_type& a, const executor_type& b) noexcept { return !(a == b); }

 private:
  friend class ShufflingContext;
  executor_type(ShufflingContext* context, bool posts, bool tracks) noexcept
      : context_(context), posts_(posts), tracks_(tracks) {
    if (tracks_) context_->work_begins();
  }
  ShufflingContext* context_;
  bool posts_;
  bool tracks_;
};

}  // namespace lantern::testing
