// What one subscriber was told and has not looked at yet.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>

#include "lantern/broadcast/subscriber.hpp"

namespace lantern::detail {

class Mailbox {
 public:
  explicit Mailbox(std::size_t capacity) : capacity_(capacity) {}

  /// True when there was nothing before: `wake` is to be called, without any lock.
  [[nodiscard]] bool put(const std::shared_ptr<const PublishedFrame>&);
  [[nodiscard]] bool put_missed();
  void wake();

  [[nodiscard]] std::optional<News> poll();
  [[nodiscard]] std::optional<News> wait(const std::stop_token&, std::chrono::nanoseconds timeout);
  void on_news(std::function<void()> callback);
  /// Nothing is put any more, nobody waits, and no callback is called once this returns, unless it is the one that
  /// calls.
  void close();

 private:
  using Callback = std::function<void()>;
  bool add(News);
  std::optional<News> take();

  const std::size_t capacity_;
  std::mutex mutex_;
  std::condition_variable_any filled_;
  std::deque<News> news_;  // at most `capacity_` frames, and a Missed before, after and between them
  std::size_t frames_{};
  bool closed_{};
  // Held while the callback runs, so that whoever closes waits for it; recursive, for it may close by itself.
  std::recursive_mutex calling_;
  std::shared_ptr<const Callback> callback_;
};

}  // namespace lantern::detail
