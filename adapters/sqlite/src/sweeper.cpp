#include "sweeper.hpp"

#include <chrono>

#include "sqlite_parts.hpp"

namespace lantern::detail {

namespace {
constexpr std::int64_t handful = 1000;
constexpr std::chrono::milliseconds between_tries{10};  // while another connection writes
}  // namespace

Sweeper::~Sweeper() {
  {
    const std::lock_guard lock(mutex_);
    closing_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void Sweeper::wake() {
  const std::lock_guard lock(mutex_);
  asked_ = true;
  if (!thread_.joinable()) thread_ = std::thread([this] { work(); });
  changed_.notify_all();
}

void Sweeper::wait() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return !asked_; });
}

Sweeper::Result Sweeper::sweep() {
  const std::lock_guard lock(writer_.mutex);
  const auto more = writer_.dropped.sweep(handful);
  if (more) return *more ? Result::more : Result::nothing;
  return is_transient(more.error().kind) ? Result::busy : Result::failed;
}

void Sweeper::work() {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [&] { return closing_ || asked_; });
    if (closing_) return;
    lock.unlock();
    const auto began = std::chrono::steady_clock::now();
    const Result result = sweep();
    const auto took = std::chrono::steady_clock::now() - began;
    lock.lock();
    if (result == Result::more || result == Result::busy) {
      const auto rest = result == Result::busy ? std::chrono::steady_clock::duration(between_tries) : took;
      changed_.wait_for(lock, rest, [&] { return closing_; });
      continue;
    }
    asked_ = false;  // what cannot be written now is tried again with the next drop, or the next opening
    changed_.notify_all();
  }
}

}  // namespace lantern::detail
