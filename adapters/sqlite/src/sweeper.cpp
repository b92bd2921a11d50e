#include "sweeper.hpp"

#include <chrono>

#include "sqlite_parts.hpp"

namespace lantern::detail {

namespace {
constexpr std::int64_t handful = 1000;
constexpr std::chrono::milliseconds between_tries{10};  // while another connection writes
constexpr std::chrono::seconds patience{5};             // of who waits, while nothing can be deleted
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
  ++asked_;
  if (!thread_.joinable()) thread_ = std::thread([this] { work(); });
  changed_.notify_all();
}

void Sweeper::wait() {
  std::unique_lock lock(mutex_);
  const std::uint64_t target = asked_;
  for (;;) {
    const auto is_news = [&, seen = steps_] { return served_ >= target || steps_ != seen; };
    if (!changed_.wait_for(lock, patience, is_news) || served_ >= target) return;
  }
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
    changed_.wait(lock, [&] { return closing_ || served_ != asked_; });
    if (closing_) return;
    const std::uint64_t serving = asked_;  // what is dropped from here on may be seen, or not
    lock.unlock();
    const auto began = std::chrono::steady_clock::now();
    const Result result = sweep();
    const auto took = std::chrono::steady_clock::now() - began;
    lock.lock();
    if (result == Result::more) ++steps_;
    // What cannot be written at all is tried again with the next drop, or the next opening.
    if (result == Result::nothing || result == Result::failed) served_ = serving;
    changed_.notify_all();
    if (result == Result::more) changed_.wait_for(lock, took, [&] { return closing_; });
    if (result == Result::busy) changed_.wait_for(lock, between_tries, [&] { return closing_; });
  }
}

}  // namespace lantern::detail
