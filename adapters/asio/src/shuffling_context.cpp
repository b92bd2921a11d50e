#include "lantern/asio/testing/shuffling_context.hpp"

#include <algorithm>

namespace lantern::testing {
namespace {

/// Whose handler this thread is in. Contexts may be run from within handlers of others.
thread_local const ShufflingContext* running = nullptr;

class Running {
 public:
  explicit Running(const ShufflingContext* now) : before_(std::exchange(running, now)) {}
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;
  ~Running() { running = before_; }

 private:
  const ShufflingContext* before_;
};

}  // namespace

ShufflingContext::ShufflingContext(Pick pick) : pick_(std::move(pick)), clock_(ManualClock::install(*this)) {}

ShufflingContext::~ShufflingContext() {
  shutdown();
  while (auto left = take()) left.reset();  // which may post more
  destroy();
}

ShufflingContext::executor_type ShufflingContext::get_executor() noexcept { return {this, false, false}; }

bool ShufflingContext::run_one() {
  auto task = take();
  while (!task) {
    if (!clock_.advance_to_next()) return false;
    task = take();
  }
  const Running here(this);
  Task& next = *task;
  next.run(std::move(task));
  return true;
}

std::size_t ShufflingContext::poll() {
  std::size_t count = 0;
  for (; ready() > 0; ++count) run_one();
  return count;
}

std::size_t ShufflingContext::run() {
  std::size_t count = 0;
  while (run_one()) ++count;
  return count;
}

std::size_t ShufflingContext::run_for(std::chrono::nanoseconds duration) {
  const Instant until = clock_.now() + duration;
  std::size_t count = poll();
  for (auto next = clock_.next_due(); next && *next <= until; next = clock_.next_due()) {
    clock_.advance_to_next();
    count += poll();
  }
  clock_.advance(until - clock_.now());
  return count;
}

std::size_t ShufflingContext::ready() const {
  const std::lock_guard lock(mutex_);
  return ready_.size();
}

bool ShufflingContext::has_work() const {
  const std::lock_guard lock(mutex_);
  return work_ > 0 || !ready_.empty();
}

void ShufflingContext::add(std::unique_ptr<Task> task) {
  const std::lock_guard lock(mutex_);
  ready_.push_back(std::move(task));
}

std::unique_ptr<ShufflingContext::Task> ShufflingContext::take() {
  const std::lock_guard lock(mutex_);
  if (ready_.empty()) return nullptr;
  const auto next = ready_.begin() + static_cast<std::ptrdiff_t>(pick(ready_.size()));
  auto taken = std::move(*next);
  ready_.erase(next);
  return taken;
}

std::uint32_t ShufflingContext::pick(std::size_t ways) {
  if (ways < 2 || !pick_) return 0;
  const auto offered = static_cast<std::uint32_t>(ways);
  return std::min(pick_(offered), offered - 1);
}

bool ShufflingContext::is_running_here() const noexcept { return running == this; }

bool ShufflingContext::runs_at_once() { return is_running_here() && pick(2) == 0; }

void ShufflingContext::work_begins() noexcept {
  const std::lock_guard lock(mutex_);
  ++work_;
}

void ShufflingContext::work_ends() noexcept {
  const std::lock_guard lock(mutex_);
  --work_;
}

}  // namespace lantern::testing
