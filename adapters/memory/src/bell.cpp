#include "bell.hpp"

namespace lantern::detail {

Subscription Bell::subscribe(std::function<void()> callback) {
  const std::lock_guard lock(mutex_);
  const std::uint64_t number = next_++;
  callbacks_.emplace(number, std::move(callback));
  return Subscription([bell = shared_from_this(), number] {
    const std::lock_guard unsubscribing(bell->mutex_);
    bell->callbacks_.erase(number);
  });
}

void Bell::ring() {
  const std::lock_guard lock(mutex_);
  for (const auto& [number, callback] : callbacks_) callback();
}

}  // namespace lantern::detail
