#include "mailbox.hpp"

#include <utility>

namespace lantern::detail {

bool Mailbox::put(const std::shared_ptr<const PublishedFrame>& frame) {
  const std::lock_guard lock(mutex_);
  if (closed_) return false;
  if (frames_ == capacity_) return add(Missed{});
  ++frames_;
  return add(frame);
}

bool Mailbox::put_missed() {
  const std::lock_guard lock(mutex_);
  return !closed_ && add(Missed{});
}

bool Mailbox::add(News news) {
  const bool first = news_.empty();
  // Missed once or many times in a row is the same.
  const bool again = !first && std::holds_alternative<Missed>(news) && std::holds_alternative<Missed>(news_.back());
  if (!again) news_.push_back(std::move(news));
  if (first) filled_.notify_all();
  return first;
}

std::optional<News> Mailbox::take() {
  if (news_.empty()) return std::nullopt;
  // By a visit: of the plain move, the optimiser of g++ 12 warns that it reads what is not there.
  std::optional<News> next = std::visit([](auto& what) { return std::optional<News>(std::move(what)); }, news_.front());
  news_.pop_front();
  if (!std::holds_alternative<Missed>(*next)) --frames_;
  return next;
}

std::optional<News> Mailbox::poll() {
  const std::lock_guard lock(mutex_);
  return take();
}

std::optional<News> Mailbox::wait(const std::stop_token& stop, std::chrono::nanoseconds timeout) {
  using Clock = std::chrono::steady_clock;
  std::unique_lock lock(mutex_);
  const auto ready = [&] { return closed_ || !news_.empty(); };
  const auto now = Clock::now();
  if (timeout > Clock::time_point::max() - now) {  // longer than a clock can tell
    filled_.wait(lock, stop, ready);
  } else {
    filled_.wait_until(lock, stop, now + timeout, ready);
  }
  return take();
}

void Mailbox::on_news(std::function<void()> callback) {
  const std::lock_guard calling(calling_);
  callback_ = callback ? std::make_shared<const Callback>(std::move(callback)) : nullptr;
  const bool some = [&] {
    const std::lock_guard lock(mutex_);
    return !news_.empty();
  }();
  if (some) wake();
}

void Mailbox::wake() {
  const std::lock_guard calling(calling_);
  const auto callback = callback_;  // which may replace itself, or close
  if (!callback) return;
  try {
    (*callback)();
  } catch (...) {  // harms nobody but the one who threw
  }
}

void Mailbox::close() {
  {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    filled_.notify_all();
  }
  const std::lock_guard calling(calling_);
  callback_.reset();
}

}  // namespace lantern::detail
